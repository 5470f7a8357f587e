"""Which crops belong to which subgroup: density, view, BI-RADS, subtlety, shape, margin, label.

Descriptors are the recorded ones of CBIS-DDSM. A compound such as `IRREGULAR-SPICULATED` counts in
each of its parts; a missing one is a subgroup of its own, never filled in. Crops are chosen first
and pooled to lesions or patients after, so that "CC" for a lesion means its CC views alone.

    for group in find_subgroups(cases): group.title, group.crops
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import DataError
from mammo.evaluation.arithmetic import Booleans, Floats, is_missing

if TYPE_CHECKING:
    import pandas as pd

# With 20 of each class the interval of an AUC of 0.80 already spans about 0.66 to 0.93.
SMALL_GROUP = 20
# With fewer patients of a class resampling hardly ever draws another mix of them: its intervals are
# far too narrow (of a single one, of no width), so no figure is given that needs that class.
FEWEST = 5
NOUNS = ("malignant", "benign")
NOT_RECORDED = "not recorded"
_DENSITIES = {"1": "a (almost fatty)", "2": "b (scattered)", "3": "c (heterogeneous)"}
_DENSITIES["4"] = "d (extremely dense)"
_VARIABLES = {
    "breast_density": "Density",
    "view": "View",
    "assessment": "BI-RADS",
    "subtlety": "Subtlety",
    "mass_shape": "Shape",
    "mass_margins": "Margin",
}
_COMPOUND = ("mass_shape", "mass_margins")


@dataclass(frozen=True, eq=False)
class SubgroupCrops:
    """A subgroup: its variable and level, a title to print, and its crops, bool (n,)."""

    variable: str
    level: str
    title: str
    crops: Booleans


def find_subgroups(cases: "pd.DataFrame") -> list[SubgroupCrops]:
    """Return every subgroup that the recorded descriptors define.

    >>> cases = {"mass_shape": ["OVAL", "OVAL-LOBULATED"]}
    >>> [(group.title, group.crops.tolist()) for group in find_subgroups(cases)]
    [('Shape: lobulated', [False, True]), ('Shape: oval', [True, True])]
    """
    groups: list[SubgroupCrops] = []
    for variable, title in _VARIABLES.items():
        if variable not in cases:
            continue
        cells = [descriptor_levels(variable, value) for value in cases[variable]]
        levels = sorted(
            {level for cell in cells for level in cell}, key=lambda level: (not level, level)
        )
        groups += [
            SubgroupCrops(
                variable,
                level or NOT_RECORDED,
                f"{title}: {_level_title(variable, level)}",
                np.array([level in cell for cell in cells]),
            )
            for level in levels
            if levels != [""]
        ]
    if "pathology" in cases:
        values = list(cases["pathology"])
        if any(is_missing(value) for value in values):
            raise DataError("expected a pathology in every row, or no such column, received a gap")
        called_back = np.array([value != "BENIGN_WITHOUT_CALLBACK" for value in values])
        if not called_back.all():
            title = "Without BENIGN_WITHOUT_CALLBACK"
            groups.append(
                SubgroupCrops("pathology", "without_callback_left_out", title, called_back)
            )
    return groups


def descriptor_levels(variable: str, value: object) -> tuple[str, ...]:
    """Return the levels that one recorded descriptor stands for; missing is ("",).

    >>> descriptor_levels("mass_margins", "OBSCURED-SPICULATED")
    ('OBSCURED', 'SPICULATED')
    >>> descriptor_levels("breast_density", 0.0), descriptor_levels("subtlety", 3.0)
    (('',), ('3',))
    """
    if is_missing(value):
        return ("",)
    # A column with one missing cell holds its whole numbers as floats.
    whole = isinstance(value, (float, np.floating)) and float(value).is_integer()
    text = str(int(float(value))) if whole else str(value).strip()  # type: ignore[arg-type]
    if variable in _COMPOUND:
        return tuple(part for part in text.split("-") if part)
    # Density and subtlety have no 0: CBIS-DDSM writes it where nothing was recorded.
    return ("",) if text == "0" and variable in ("breast_density", "subtlety") else (text,)


def _level_title(variable: str, level: str) -> str:
    if not level:
        return NOT_RECORDED
    if variable == "breast_density":
        return _DENSITIES.get(level, level)
    if variable == "assessment" and level == "0":
        return "0 (incomplete)"
    return level.replace("_", " ").lower() if variable in _COMPOUND else level


def size_note(cases: tuple[int, int], patients: tuple[int, int]) -> str:
    """Return what to say of a small subgroup, or nothing.

    >>> size_note((7, 60), (7, 50))
    'small: 7 malignant'
    >>> size_note((6, 60), (1, 50))
    'no AUC: 6 malignant of 1 patient (fewer than 5)'
    >>> size_note((50, 60), (40, 50))
    ''
    """
    for count, among, noun in zip(cases, patients, NOUNS, strict=True):
        if among < FEWEST:
            whose = f" of {among} patient{'s' * (among != 1)}" if among < count else ""
            return f"no AUC: {count} {noun}{whose} (fewer than {FEWEST})"
    few = [
        f"{count} {noun}" for count, noun in zip(cases, NOUNS, strict=True) if count < SMALL_GROUP
    ]
    return f"small: {', '.join(few)}" if few else ""


ASSESSMENTS_BY_SUSPICION = (1, 2, 3, 0, 4, 5)
BIOPSY_SUSPICION = ASSESSMENTS_BY_SUSPICION.index(4)


def suspicion(assessments: ArrayLike) -> Floats:
    """Return BI-RADS assessments as ranks of suspicion, 0 (lowest) to 5.

    Parameters
    ----------
    assessments : int (n,), 0..5, or missing, which gives NaN

    Raises
    ------
    DataError
        An assessment outside 0..5.

    References
    ----------
    American College of Radiology (2013), BI-RADS Atlas, 5th edition.

    Examples
    --------
    >>> suspicion([1, 3, 0, 4, 5, None]).tolist()
    [0.0, 2.0, 3.0, 4.0, 5.0, nan]
    """
    return np.array([_rank(value) for value in np.asarray(assessments, dtype=object)])


def _rank(value: object) -> float:
    if is_missing(value):
        return float("nan")
    try:
        category = float(str(value))
        return float(ASSESSMENTS_BY_SUSPICION.index(int(category) if category % 1 == 0 else -1))
    except ValueError:
        raise DataError(f"expected a BI-RADS assessment from 0 to 5, received {value!r}") from None


def biopsy(ranks: ArrayLike) -> Booleans:
    """Return which ranks of `suspicion`, none missing, lead to biopsy: assessment 4 or 5."""
    return np.asarray(np.asarray(ranks, dtype=np.float64) >= BIOPSY_SUSPICION)
