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
    """Hold what one model says.

    Attributes
    ----------
    title : str, the model's name
    p_malignant, p_low, p_high : float, 0-1, with the spread over the flips
    threshold : float, 0-1, the balanced threshold, drawn in the bar
    probability, standing : str, the same in words
    spread : str, a sentence on the flips; empty where the model looks at none
    thresholds : all thresholds of the model's card
    basis : str, on what the probability is calibrated, and how good the model is
    heat : uint8 (S, S, 3), the heat map over the crop, in RGB order
    """

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
    """Hold one lesion's report.

    Attributes
    ----------
    subject : str, a case id of the public data set, or words for a visitor's own picture
    facts : str, what is known of the film and of the window
    date : str, when the report was made, ISO 8601
    film : uint8 (H, W, 3) or None, a small film with the window drawn; None for a ready crop
    film_words : str, what stands below it
    crop : uint8 (S, S), 0-255
    answers : one a model
    alarm : str, the sentence where the picture looks like no mammogram crop, else empty
    warnings : what is doubtful about the picture
    similar_words, similar : the similar known cases, a row of cells in the order of
        `SIMILAR_COLUMNS` each; empty where none are known
    recorded : str, the truth where it is known and was asked for, else empty
    fingerprint : str, which models and data made this
    notice : str
    """

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
