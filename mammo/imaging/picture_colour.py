"""From a picture's colours and transparency to one grey channel, in the depth of the file.

Used by `picture`. Equal channels give their common value exactly. Real colours give the luminance
(ITU-R BT.601) and a warning: a mammogram has none. Transparency is laid over black, the colour of
air on a mammogram.
"""

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.errors import ImageError

COLOUR_DIFFERENCE = 24
"""Grey levels of 255 between a pixel's highest and lowest channel from which it is coloured; JPEG
noise on a grey picture stays under 8."""

PHOTOGRAPH_SHARE = 0.05
"""Share of coloured pixels from which the picture is a photograph, not a film with marks on it."""

_PHOTOGRAPH = (
    "This looks like a colour photograph ({share:.0%} of the pixels are coloured), not a "
    "mammogram; the models' answer means nothing for it."
)
_MARKS = (
    "The picture holds coloured marks (arrows, text or circles), which may mislead the models. "
    "Use the film without marks."
)


def to_grey(
    strips: Iterable[NDArray[Any]], shape: tuple[int, int]
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Reduce a decoded picture to one channel."""
    grey: NDArray[Any] | None = None
    top, coloured, visible = 0, 0, False
    for strip in map(_without_odd_colours, strips):
        if grey is None:
            grey = np.empty(shape, dtype=strip.dtype)
        rows = slice(top, top + len(strip))
        grey[rows] = strip if strip.ndim == 2 else _luminance(strip)
        coloured += 0 if strip.ndim == 2 else _count_coloured(strip)
        visible = visible or strip.ndim == 2 or strip.shape[2] < 4 or bool(strip[..., 3].any())
        top += len(strip)
    if grey is None or not visible:
        raise ImageError(
            "The picture is wholly transparent: expected visible pixels, received none. "
            "Export it without transparency."
        )
    return grey, _colour_warnings(coloured / grey.size)


def _without_odd_colours(strip: NDArray[Any]) -> NDArray[Any]:
    """Return the common value of equal channels whose type has no agreed range of colours."""
    if strip.ndim == 2 or strip.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(strip)  # OpenCV would copy it at each step
    first, opaque = strip[..., 0], 1 if strip.dtype.kind == "f" else np.iinfo(strip.dtype).max
    same = all(np.array_equal(first, strip[..., k], equal_nan=True) for k in (1, 2))
    if not same or (strip.shape[2] == 4 and (strip[..., 3] != opaque).any()):
        raise ImageError(
            f"Expected colours and transparency of 8 or 16 bits, received {strip.dtype}. "
            "Save the picture as a grey PNG."
        )
    return first


def _luminance(strip: NDArray[Any]) -> NDArray[Any]:
    """Return the luminance (of equal channels it is their value), over black where transparent."""
    if strip.shape[2] == 3:
        return np.asarray(cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY))
    grey = np.asarray(cv2.cvtColor(strip, cv2.COLOR_RGBA2GRAY))
    alpha, full = cv2.extractChannel(strip, 3), np.iinfo(strip.dtype).max
    return grey if alpha.min() == full else np.asarray(cv2.multiply(grey, alpha, scale=1 / full))


def _count_coloured(strip: NDArray[Any]) -> int:
    red, green, blue = cv2.split(strip)[:3]
    highest, lowest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    difference = cv2.subtract(highest, lowest)
    step = np.iinfo(strip.dtype).max // 255
    return int(np.count_nonzero(difference > COLOUR_DIFFERENCE * step))


def _colour_warnings(share: float) -> tuple[str, ...]:
    if share == 0:
        return ()
    return (_PHOTOGRAPH.format(share=share) if share > PHOTOGRAPH_SHARE else _MARKS,)
