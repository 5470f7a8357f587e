"""Boxes on a film, in film pixels: drawn in the browser, or typed into number fields.

A region is `(x, y, width, height)` in whole film pixels, x to the right and y down from the top
left corner. Used by `mammo.ui.upload.film`; run its tests with `pytest tests/ui/test_region.py`.
"""

import math
from collections.abc import Sequence

from mammo.errors import WindowError
from mammo.imaging.window import MARGIN_PIXELS, SQUARE_TOLERANCE

Region = tuple[int, int, int, int]

CROP_LONGEST = 1024
SMALLEST_DRAG = 8


def looks_like_crop(shape: tuple[int, ...]) -> bool:
    """Guess by a picture's (H, W) whether it is a crop, small and nearly square, or a whole film.

    >>> looks_like_crop((128, 128)), looks_like_crop((5000, 3000)), looks_like_crop((900, 500))
    (True, False, False)
    """
    shorter, longer = sorted(shape[:2])
    return longer <= CROP_LONGEST and longer <= SQUARE_TOLERANCE * shorter


def not_a_crop(shape: tuple[int, ...]) -> str:
    """Return the beginning of the sentence on a film whose lesion is not marked."""
    return f"Not a cropped lesion ({shape[1]} x {shape[0]} pixels)"


def drawn_box(
    drawn: object, shape: tuple[int, ...], smallest: int = SMALLEST_DRAG
) -> Region | None:
    """Read the box that a visitor drew, four numbers of the browser, cut to a picture of (H, W).

    What is no box, or has a side of fewer than `smallest` pixels, gives None.

    >>> drawn_box([10.2, -4, 90, 180], (200, 300))
    (10, 0, 90, 176)
    >>> [drawn_box(drawn, (200, 300)) for drawn in (None, [1, 2, 3], ["x"] * 4, [0, 0, 7, 50])]
    [None, None, None, None]
    """
    if not isinstance(drawn, Sequence) or len(drawn) != 4:
        return None
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in drawn):
        return None
    left, right = _span((drawn[0], drawn[0] + drawn[2]), shape[1])
    top, bottom = _span((drawn[1], drawn[1] + drawn[3]), shape[0])
    if min(right - left, bottom - top) < smallest:
        return None
    return left, top, right - left, bottom - top


def _span(ends: Sequence[float], length: int) -> tuple[int, int]:
    """Order two drawn ends and cut them to 0..length."""
    low, high = sorted(round(min(max(end, 0), length)) for end in ends)
    return low, high


def covers_most(box: Region, film_shape: tuple[int, ...]) -> bool:
    """Return whether a side of a box is longer than half of the film's side."""
    return 2 * box[2] > film_shape[1] or 2 * box[3] > film_shape[0]


BOX_CHANGES = ((0.7, 0.0, 0.0), (1.4, 0.0, 0.0), (1.0, 0.0, -0.15), (1.0, 0.13, 0.075),
               (1.0, -0.13, 0.075))  # fmt: skip
"""Small changes of a box, as another hand may draw it: scale, and moves as shares of its sides."""


def changed_boxes(box: Sequence[float], film_shape: tuple[int, ...]) -> list[Region]:
    """Return a box under each of `BOX_CHANGES`, cut to a film of (H, W).

    >>> changed_boxes((100, 100, 200, 100), (1000, 1000))[:3]
    [(130, 115, 140, 70), (60, 80, 280, 140), (100, 85, 200, 100)]
    """
    x, y, width, height = box
    changed = []
    for scale, across, down in BOX_CHANGES:
        middle_x, middle_y = x + width * (0.5 + across), y + height * (0.5 + down)
        half_x, half_y = scale * width / 2, scale * height / 2
        left, right = _span((middle_x - half_x, middle_x + half_x), film_shape[1])
        top, bottom = _span((middle_y - half_y, middle_y + half_y), film_shape[0])
        changed.append((left, top, max(1, right - left), max(1, bottom - top)))
    return changed


def box_from_text(text: str) -> tuple[float, float, float, float]:
    """Read a box from "x,y,w,h", as commands and forms give it; WindowError where it is none.

    >>> box_from_text("1200,800,300.5,280")
    (1200.0, 800.0, 300.5, 280.0)
    """
    try:
        x, y, width, height = (float(number) for number in text.split(","))
    except ValueError:
        raise WindowError(
            f"Expected four numbers x,y,w,h in pixels of the mammogram, received {text!r}."
        ) from None
    return x, y, width, height


def whole_box(numbers: Sequence[int | None]) -> Region | None:
    """Take four number fields as a box, or None while one of them is still empty."""
    x, y, width, height = numbers
    if x is None or y is None or width is None or height is None:
        return None
    return x, y, width, height


def box_in_window(window: Sequence[int]) -> Region:
    """Find the lesion box whose crop area is the given square, wider than two margins."""
    x, y, width, height = window
    margin = MARGIN_PIXELS
    return x + margin, y + margin, width - 2 * margin, height - 2 * margin
