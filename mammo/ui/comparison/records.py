"""The cases themselves, one row each: films, descriptors, what was recorded, and each model's p.

A case of several crops (a lesion, a patient) lists what its crops say, each thing once. Free of
Streamlit; run the tests with `pytest tests/ui/test_comparison_cases.py`.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mammo.evaluation import EvaluatedModel
from mammo.evaluation.checks import is_missing
from mammo.evaluation.sample import Sample
from mammo.ui import words

if TYPE_CHECKING:
    import pandas as pd

DESCRIPTORS = {
    "mass_shape": "Shape",
    "mass_margins": "Margin",
    "breast_density": "Density",
    "assessment": "BI-RADS",
    "subtlety": "Subtlety",
}
CROPS = "Crops"


def case_records(
    crops: "pd.DataFrame", sample: Sample, models: Sequence[EvaluatedModel]
) -> "pd.DataFrame":
    """Lay out every case of a sample, one row each, in the sample's order.

    Parameters
    ----------
    crops : DataFrame of `mammo.artifacts.load_cases`, the n crops in the order of `sample`
    sample : Sample of u cases
    models : sequence of EvaluatedModel

    Returns
    -------
    DataFrame (u rows): "Case", "Films", "Recorded", each model's p (0..1) under its title, the
    titles of `DESCRIPTORS`, and "Crops", a tuple of the crops' case ids
    """
    import pandas as pd

    members = sample.units.members
    rows = [crops.iloc[np.flatnonzero(members == row)] for row in range(sample.units.ids.size)]
    table = pd.DataFrame({"Case": sample.units.ids})
    table["Films"] = [_films(row) for row in rows]
    table["Recorded"] = [_each_once(map(words.pathology_words, row["pathology"])) for row in rows]
    for model in models:
        table[model.title] = sample.p[model.name]
    for column, title in DESCRIPTORS.items():
        table[title] = [
            _each_once(descriptor_words(column, value) for value in row[column]) for row in rows
        ]
    table[CROPS] = [tuple(row["case_id"]) for row in rows]
    return table


def _films(crops: "pd.DataFrame") -> str:
    pairs = zip(crops["laterality"], crops["view"], strict=True)
    return _each_once(
        words.film_name(*(None if is_missing(part) else str(part) for part in pair))
        for pair in pairs
    )


def descriptor_words(column: str, value: object) -> str:
    """Write one recorded descriptor in words; what is missing says so.

    Examples
    --------
    >>> descriptor_words("mass_shape", "OVAL"), descriptor_words("breast_density", 2)
    ('oval', 'b')
    >>> descriptor_words("assessment", 4), descriptor_words("subtlety", None)
    ('4', 'not recorded')
    """
    if is_missing(value):
        return "not recorded"
    if column == "breast_density":
        return words.density_letter(int(str(value)))
    return words.descriptor(str(value)) if column.startswith("mass_") else str(value)


def _each_once(values: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(values))
