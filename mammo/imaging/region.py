"""Boxes and views on a film, in film pixels: from the mouse, from number fields, for zooming.

A region is `(x, y, width, height)` in whole film pixels, x to the right and y down from the top
left corner. Used by `mammo.ui.upload.film`; run its tests with `pytest tests/ui/test_region.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

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
    return f"Not a ready crop ({shape[1]} x {shape[0]} pixels)"


def selected_box(
    event: Mapping[str, Any] | None, film_shape: tuple[int, ...], smallest: int = SMALLEST_DRAG
) -> Region | None:
    """Read the box that a visitor drew on the film figure, cut to the film.

    `event` is Plotly's selection as Streamlit hands it over, its axes in film pixels. A box with a
    side of fewer than `smallest` pixels counts as a click, and gives None.

    >>> event = {"selection": {"box": [{"x": [10.2, 99.7], "y": [205.0, 20.4]}]}}
    >>> selected_box(event, (200, 300))
    (10, 20, 90, 180)
    """
    boxes = (event or {}).get("selection", {}).get("box", [])
    if not boxes:
        return None
    left, right = _span(boxes[-1]["x"], film_shape[1])
    top, bottom = _span(boxes[-1]["y"], film_shape[0])
    if min(right - left, bottom - top) < smallest:
        return None
    return left, top, right - left, bottom - top


def _span(ends: Sequence[float], length: int) -> tuple[int, int]:
    """Order two drawn ends and cut them to 0..length."""
    low, high = sorted(min(max(round(end), 0), length) for end in ends)
    return low, high


def covers_most(box: Region, film_shape: tuple[int, ...]) -> bool:
    """Return whether a side of a box is longer than half of the film's side."""
    return 2 * box[2] > film_shape[1] or 2 * box[3] > film_shape[0]


def zoomed_view(
    film_shape: tuple[int, ...], zoom: float, centre: tuple[float, float] | None = None
) -> Region:
    """Choose the part of a film that a zoom (at least 1) shows, slid inward at the film's edge.

    >>> zoomed_view((4000, 3000), 4, centre=(2900, 500))
    (2250, 0, 750, 1000)
    """
    height, width = film_shape[:2]
    shown_width, shown_height = max(1, round(width / zoom)), max(1, round(height / zoom))
    centre_x, centre_y = centre or (width / 2, height / 2)
    x = min(max(round(centre_x - shown_width / 2), 0), width - shown_width)
    y = min(max(round(centre_y - shown_height / 2), 0), height - shown_height)
    return x, y, shown_width, shown_height


def middle(region: Region) -> tuple[float, float]:
    """Find the centre of a region."""
    x, y, width, height = region
    return x + width / 2, y + height / 2


def whole_box(numbers: Sequence[int | None]) -> Region | None:
    """Take four number fields as a box, or None while one of them is still empty."""
    x, y, width, height = numbers
    if x is None or y is None or width is None or height is None:
        return None
    return x, y, width, height


def box_in_window(window: Region) -> Region:
    """Find the lesion box whose context window is the given square, wider than two margins."""
    x, y, width, height = window
    margin = MARGIN_PIXELS
    return x + margin, y + margin, width - 2 * margin, height - 2 * margin
