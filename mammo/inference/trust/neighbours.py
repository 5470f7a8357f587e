"""Similar known cases: which training lesions lie nearest, and what was proven of them.

Made by `mammo.trust.Trust.similar`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MISSING = ("", "NaN", "nan")


@dataclass(frozen=True)
class Neighbour:
    """Hold a training lesion that resembles a crop.

    Attributes
    ----------
    case_id : str, the crop of the lesion that lies nearest
    lesion_id, patient_id : str
    pathology : "MALIGNANT", "BENIGN" or "BENIGN_WITHOUT_CALLBACK"
    malignant : bool
    mass_shape, mass_margins : str or None, where the data set records them
    breast_density, assessment : int or None, 1-4 and BI-RADS 0-5
    similarity : float, 0-1, cosine in the embedding space
    """

    case_id: str
    lesion_id: str
    patient_id: str
    pathology: str
    malignant: bool
    mass_shape: str | None
    mass_margins: str | None
    breast_density: int | None
    assessment: int | None
    similarity: float


def nearest(
    similarities: NDArray[np.float32],
    cases: Sequence[Mapping[str, str]],
    count: int,
    exclude_patient: str | None = None,
) -> tuple[Neighbour, ...]:
    """Return the nearest lesions, each once, by its nearest crop."""
    found: dict[str, Neighbour] = {}
    for row in np.argsort(-similarities, kind="stable"):
        if len(found) >= count:
            break
        case = cases[int(row)]
        if case["patient_id"] == exclude_patient or case["lesion_id"] in found:
            continue
        found[case["lesion_id"]] = _neighbour(case, float(similarities[row]))
    return tuple(found.values())


def vote(neighbours: Sequence[Neighbour]) -> float:
    """Return the share of malignant lesions among neighbours, 0-1; NaN where there are none."""
    if not neighbours:
        return float("nan")
    return sum(neighbour.malignant for neighbour in neighbours) / len(neighbours)


def _neighbour(case: Mapping[str, str], similarity: float) -> Neighbour:
    return Neighbour(
        case_id=case["case_id"],
        lesion_id=case["lesion_id"],
        patient_id=case["patient_id"],
        pathology=case["pathology"],
        malignant=case["label"] == "1",
        mass_shape=_text(case["mass_shape"]),
        mass_margins=_text(case["mass_margins"]),
        breast_density=_number(case["breast_density"]),
        assessment=_number(case["assessment"]),
        similarity=similarity,
    )


def _text(value: str) -> str | None:
    return None if value in MISSING else value


def _number(value: str) -> int | None:
    return None if value in MISSING else int(value)
