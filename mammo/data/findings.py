"""What the radiologists wrote of each training lesion, as answers that a network can learn.

For training only: a network that has to say shape, margin, assessment and subtlety too, from the
picture alone, may learn better features. None of it is an input, and the part of the network that
answers is dropped before export. Used by `mammo.train` and `tools.experiments`.

Caruana 1997, "Multitask Learning".
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mammo.text import parts

if TYPE_CHECKING:
    import pandas as pd

WORDS = {
    "mass_shape": ("IRREGULAR", "LOBULATED", "OVAL", "ROUND", "ARCHITECTURAL_DISTORTION"),
    "mass_margins": (
        "CIRCUMSCRIBED", "ILL_DEFINED", "MICROLOBULATED", "OBSCURED", "SPICULATED",
    ),
}  # fmt: skip
"""Each word of more than a hundred training crops is a question of its own: yes or no."""

HIGHEST = {"assessment": 5, "subtlety": 5}
"""Ordered columns, and their highest value, which counts as 1; 0 means no answer in both."""


def finding_answers(table: "pd.DataFrame") -> NDArray[np.float32]:
    """Turn the radiologists' words into answers from 0 to 1.

    Parameters
    ----------
    table : DataFrame of `mammo.data.table.load_crops`.

    Returns
    -------
    float32 (n, 12), the five shapes, the five margins, assessment and subtlety; NaN where the
    table says nothing (a BI-RADS 0 asks for more pictures and is no opinion yet).

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"mass_shape": "OVAL-LOBULATED", "mass_margins": None, "assessment": 4}
    >>> finding_answers(pd.DataFrame([row | {"subtlety": 5}]))[0].round(1).tolist()
    [0.0, 1.0, 1.0, 0.0, 0.0, nan, nan, nan, nan, nan, 0.800000011920929, 1.0]
    """
    columns = [_says(table[name], word) for name, words in WORDS.items() for word in words]
    for name, highest in HIGHEST.items():
        values = table[name].to_numpy(dtype=np.float32)
        columns.append(np.where(values > 0, values / highest, np.nan))
    return np.column_stack(columns).astype(np.float32)


def _says(descriptions: "pd.Series", word: str) -> NDArray[np.float64]:
    words = [parts(text) for text in descriptions]
    return np.array([float(word in said) if said else np.nan for said in words])
