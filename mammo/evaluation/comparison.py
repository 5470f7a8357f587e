"""What the comparison page is set to, as texts of its link: read with a fallback, written short.

A lecturer sends the link, and the class sees the very view. Nonsense in a link is no error: what
cannot be read falls back to the default. Free of Streamlit (`controls` holds the widgets); run the
tests with `pytest tests/ui/test_comparison_state.py`.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mammo import text
from mammo.errors import DataError
from mammo.evaluation import (
    CONFIDENCE,
    RESAMPLES,
    SEED,
    EvaluatedModel,
    OperatingPoint,
    PatientBootstrap,
    RocBand,
    RocCurve,
    SplitEvaluation,
    Unit,
    biopsy,
    evaluate,
    operating_point,
    point_of_flags,
    roc_band,
    roc_curve,
    suspicion,
)
from mammo.evaluation.arithmetic import is_missing
from mammo.evaluation.units import CropTable, Plan, Sample, draw_sample, read_cases

if TYPE_CHECKING:
    import pandas as pd


OWN = "own"
DIGITS = 3
"""Decimals of a threshold or prevalence of one's own: the step of its slider."""


@dataclass(frozen=True)
class Share:
    """Hold a share of 0..1 that was chosen by its name, or is one's own (`OWN`)."""

    name: str
    value: float


def share_from_link(text: str | None, named: Mapping[str, float], default: str) -> Share:
    """Read a threshold or prevalence: the name of one, or a number from 0 to 1.

    Parameters
    ----------
    text : str or None, as it stands in the link
    named : shares by name, 0..1, `default` among them
    default : str, what holds where the link says nothing usable

    Examples
    --------
    >>> named = {"youden": 0.45}
    >>> share_from_link("0.3", named, "youden")
    Share(name='own', value=0.3)
    >>> [share_from_link(text, named, "youden").name for text in (None, "youden", "nan", "7", "x")]
    ['youden', 'youden', 'youden', 'youden', 'youden']
    """
    if text is not None and text not in named:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if 0.0 <= number <= 1.0:
            return Share(OWN, round(number, DIGITS))
    name = text if text in named else default
    return Share(str(name), named[str(name)])


def share_in_link(share: Share, default: str) -> str | None:
    """Write a threshold or prevalence for the link; None where it is the default.

    Examples
    --------
    >>> share_in_link(Share("own", 0.3), "youden"), share_in_link(Share("youden", 0.4), "youden")
    ('0.3', None)
    """
    if share.name == OWN:
        return f"{share.value:g}"
    return None if share.name == default else share.name


def option_from_link(text: str | None, options: Collection[str], default: str) -> str:
    """Read one of a few options.

    Examples
    --------
    >>> option_from_link("lesion", ("crop", "lesion"), "crop")
    'lesion'
    >>> option_from_link("<script>", ("crop", "lesion"), "crop")
    'crop'
    """
    return text if text is not None and text in options else default


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
    """Lay out every case of a sample, one row each, in the sample's order."""
    import pandas as pd

    members = sample.units.members
    rows = [crops.iloc[np.flatnonzero(members == row)] for row in range(sample.units.ids.size)]
    table = pd.DataFrame({"Case": sample.units.ids})
    table["Films"] = [_films(row) for row in rows]
    table["Recorded"] = [_each_once(map(text.pathology_words, row["pathology"])) for row in rows]
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
        text.film_name(*(None if is_missing(part) else str(part) for part in pair))
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
        return text.density_letter(int(str(value)))
    return text.descriptor(str(value)) if column.startswith("mass_") else str(value)


def _each_once(values: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(values))


SPLIT = "test"


@dataclass(frozen=True, eq=False)
class Readers:
    """Hold the radiologists' recorded assessments of those cases that have one, v of them.

    Attributes
    ----------
    labels : bool (v,), True for malignant
    ranks : float64 (v,), suspicion 0..5
    bootstrap : PatientBootstrap over the v cases
    curve : RocCurve of the ranks
    """

    labels: NDArray[np.bool_]
    ranks: NDArray[np.float64]
    bootstrap: PatientBootstrap
    curve: RocCurve

    @lru_cache(maxsize=64)  # noqa: B019 - readers live as long as the server
    def point(self, prevalence: float) -> OperatingPoint:
        """Return what "biopsy" (4 or 5) brings where `prevalence` (0..1) are malignant."""
        return point_of_flags(
            self.labels, biopsy(self.ranks), self.bootstrap, prevalences=(prevalence,)
        )


@dataclass(frozen=True, eq=False)
class Study:
    """Hold the models on the official test split, u cases of one unit.

    Attributes
    ----------
    models : tuple of EvaluatedModel, with thresholds, in the manifest's order
    split : SplitEvaluation, every figure with its interval
    sample : Sample, labels, pooled p and the bootstrap's draws
    bands : model name -> RocBand
    readers : Readers, or None where no assessment is recorded
    cases : DataFrame of `records.case_records`, a row a case
    notes : tuple of str, what was left out
    """

    models: tuple[EvaluatedModel, ...]
    split: SplitEvaluation
    sample: Sample
    bands: dict[str, RocBand]
    readers: Readers | None
    cases: "pd.DataFrame"
    notes: tuple[str, ...]

    @property
    def unit(self) -> Unit:
        """Return what counts as one case."""
        return self.sample.units.unit

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Return bool (u,), True for malignant."""
        return self.sample.units.labels

    @property
    def has_both_classes(self) -> bool:
        """Tell whether malignant and benign cases are there, so that they can be told apart."""
        return bool(self.labels.any() and not self.labels.all())

    def with_notes(self, notes: Sequence[str]) -> "Study":
        """Return the same study with further notes of what was left out."""
        return replace(self, notes=(*notes, *self.notes))

    def flagged(self, model: str, threshold: float) -> NDArray[np.bool_]:
        """Return which cases a model flags, bool (u,): p at or above the threshold, 0..1."""
        return self.sample.p[model] >= threshold

    # One slider moves one reader: the others' intervals need not be counted again.
    @lru_cache(maxsize=64)  # noqa: B019 - a study lives as long as the server
    def point(self, model: str, threshold: float, prevalence: float) -> OperatingPoint:
        """Return all that a threshold brings where `prevalence` are malignant; milliseconds."""
        return operating_point(
            self.labels,
            self.sample.p[model],
            threshold,
            self.sample.bootstrap,
            prevalences=(prevalence,),
        )


def build_study(
    cases: "pd.DataFrame",
    models: Sequence[EvaluatedModel],
    unit: Unit,
    resamples: int = RESAMPLES,
) -> Study:
    """Evaluate models on the test rows of a table of cases; seconds, for `loading` to keep.

    Parameters
    ----------
    cases : DataFrame of `mammo.artifacts.load_cases`
    models : sequence of EvaluatedModel, with thresholds; one whose every score is missing is left
        out, with a note
    unit : "crop", "lesion" or "patient"
    resamples : int, of patients

    Raises
    ------
    DataError
        No test row, or no crop that every remaining model scored.
    """
    rows = cases[cases["split"] == SPLIT]
    if rows.empty:
        raise DataError(
            "expected cases of the official test split in cases.csv, received none: train with "
            "data that hold the test split"
        )
    scored = [model for model in models if rows[f"{model.name}_p"].notna().any()]
    lost = [f"{model.title} has no score here and is left out." for model in models if
            model not in scored]  # fmt: skip
    split = evaluate(rows, scored, unit, resamples=resamples).splits[SPLIT]
    table, notes = read_cases(rows, scored)
    sample = draw_sample(table, Plan(unit, tuple(scored), resamples, SEED, CONFIDENCE))
    bands = {
        name: roc_band(sample.units.labels, p, sample.bootstrap) for name, p in sample.p.items()
    }
    crops = rows.set_index("case_id", drop=False).loc[table.ids.tolist()].reset_index(drop=True)
    readers = _readers(table, unit, resamples)
    records = case_records(crops, sample, scored)
    return Study(tuple(scored), split, sample, bands, readers, records, (*lost, *notes))


def _readers(table: CropTable, unit: Unit, resamples: int) -> Readers | None:
    """Pool the recorded assessments as `mammo.evaluation` does, on the cases that have one."""
    ranks = suspicion(table.descriptors["assessment"])
    assessed = ~np.isnan(ranks)
    if not assessed.any():
        return None
    units = table.take(assessed).units(unit)
    pooled = units.pool_highest(ranks[assessed])
    bootstrap = PatientBootstrap(units.patients, resamples=resamples)
    return Readers(units.labels, pooled, bootstrap, roc_curve(units.labels, pooled))
