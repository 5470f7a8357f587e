"""What stands on a case report: plain values and pictures, ready to be laid out.

Filled in by `mammo.report.case_report`, whose sentences are those of the pages; laid out by
`mammo.report.pdf` and `mammo.report.html`, which add no figure of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TITLE = "Case report"
PROBABILITY = "Estimated probability of malignancy"
CARE = "Take these figures with care"
SIMILAR = "Similar known cases"
RECORDED = "What was recorded"
HEAT_MAP_WORDS = "Heat maps show what each model used, not the extent of the lesion."
SIMILAR_COLUMNS = (
    "Case", "Pathology", "Shape", "Margin", "Density", "BI-RADS", "Similarity"
)  # fmt: skip


@dataclass(frozen=True)
class ThresholdLine:
    """Hold one threshold: its name, its place as text, the answer's side, what it means."""

    name: str
    place: str
    side: str
    meaning: str


@dataclass(frozen=True, eq=False)
class ModelAnswer:
    """Hold what one model says."""

    title: str
    p_malignant: float
    p_low: float
    p_high: float
    threshold: float
    probability: str
    standing: str
    spread: str
    thresholds: Sequence[ThresholdLine]
    basis: str
    heat: NDArray[np.uint8]

    @property
    def above(self) -> bool:
        """Tell whether the probability reaches the balanced threshold."""
        return self.p_malignant >= self.threshold


@dataclass(frozen=True, eq=False)
class CaseReport:
    """Hold one lesion's report."""

    subject: str
    facts: str
    date: str
    film: NDArray[np.uint8] | None
    film_words: str
    crop: NDArray[np.uint8]
    answers: Sequence[ModelAnswer]
    alarm: str
    warnings: Sequence[str]
    similar_words: str
    similar: Sequence[Sequence[str]]
    recorded: str
    fingerprint: str
    notice: str
