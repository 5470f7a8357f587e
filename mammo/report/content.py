"""The contents of a case report: plain values and images, ready for layout.

Filled in by `mammo.report.case_report`, whose sentences are those of the pages; laid out by
`mammo.report.pdf` and `templates/case_report.html.j2`, which add no figure of their own.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mammo.errors import SettingsError
from mammo.inference.overlay import colour

FILM_LONGEST = 320
CROP_SIDE = 360
WINDOW_COLOUR = (240, 228, 66)
"""Yellow of Okabe and Ito 2008, as on the page."""


def film_preview(
    film: NDArray[np.uint8],
    window: tuple[int, int, int, int],
    longest: int = FILM_LONGEST,
    line: int = 2,
) -> NDArray[np.uint8]:
    """Shrink a film to `longest` pixels, and draw the window on it in a line of `line` pixels.

    >>> film_preview(np.zeros((640, 320), np.uint8), (0, 0, 64, 64))[0, 0].tolist()
    [240, 228, 66]
    """
    height, width = film.shape
    scale = min(1.0, longest / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(film, size, interpolation=cv2.INTER_AREA)
    drawn = np.repeat(small[..., np.newaxis], 3, axis=2)
    x, y, across, down = (round(number * scale) for number in window)
    corner = min(x + across, size[0]) - 1, min(y + down, size[1]) - 1
    cv2.rectangle(drawn, (x, y), corner, WINDOW_COLOUR, line)
    return np.asarray(drawn, np.uint8)


def side_by_side(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Put pictures, uint8 (H, W, 3), in a row on white, their upper edges in line.

    >>> one = np.zeros((2, 1, 3), np.uint8)
    >>> side_by_side([one, one[:1]])[..., 0].tolist()
    [[0, 0], [0, 255]]
    """
    height = max(len(picture) for picture in pictures)
    filled = [
        np.pad(one, ((0, height - len(one)), (0, 0), (0, 0)), constant_values=255)
        for one in pictures
    ]
    return np.concatenate(filled, axis=1)


def enlarged(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Enlarge a crop smoothly to `CROP_SIDE` pixels across, so that print shows no blocks."""
    size = (CROP_SIDE, round(CROP_SIDE * picture.shape[0] / picture.shape[1]))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def colour_scale() -> NDArray[np.uint8]:
    """Draw the colours of a heat map from 0 to 1, uint8 (8, 256, 3)."""
    return colour(np.tile(np.linspace(0, 1, 256), (8, 1)))


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """Encode a picture, uint8 (H, W) or (H, W, 3) in RGB order, without any metadata."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


HEADING = "mammo: case report"
PROBABILITY = "Estimated probability of malignancy"
CARE = "Warnings"
SIMILAR = "Similar known cases"
RECORDED = "What was recorded"
HEAT_MAP_WORDS = "Heat maps show what each model used, not the extent of the lesion."
SIMILAR_COLUMNS = (
    "Case", "Pathology", "Shape", "Margin", "Density", "BI-RADS", "Similarity"
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ModelAnswer:
    """One model's result; a row of `thresholds` has three cells, and the first heads them."""

    title: str
    p_malignant: float
    p_low: float
    p_high: float
    threshold: float
    probability: str
    standing: str
    spread: str
    thresholds: Sequence[tuple[str, str, str]]
    basis: str
    heat: NDArray[np.uint8]

    @property
    def above(self) -> bool:
        """Whether the probability reaches the balanced threshold."""
        return self.p_malignant >= self.threshold


@dataclass(frozen=True, eq=False)
class CaseReport:
    """One lesion's report; of two views, crops and heat maps are one below the other."""

    subject: str
    facts: str
    date: str
    film: NDArray[np.uint8] | None
    film_words: str
    crop: NDArray[np.uint8]
    crop_words: str
    answers: Sequence[ModelAnswer]
    alarm: str
    warnings: Sequence[str]
    similar_words: str
    similar: Sequence[Sequence[str]]
    recorded: str
    fingerprint: str
    notice: str


Form = Literal["pdf", "html"]
FORMS: tuple[Form, ...] = get_args(Form)
MEDIA_TYPES: Mapping[Form, str] = {"pdf": "application/pdf", "html": "text/html"}


def render(report: CaseReport, form: Form) -> bytes:
    """Lay a report out on one page; the same report gives the same bytes.

    Parameters
    ----------
    report : CaseReport
    form : "pdf" (A4) or "html" (one file, UTF-8, that loads nothing)

    Raises
    ------
    SettingsError
        There is no such form.
    """
    if form == "pdf":
        from mammo.report.pdf import pdf_bytes  # 50 ms and 10 MB that only a report needs

        return pdf_bytes(report)
    if form == "html":
        from mammo.report.templates import html_text

        return html_text(report).encode("utf-8")
    raise SettingsError(f"A report's form must be one of {', '.join(FORMS)}. Received: {form!r}.")
