"""From a picture's colours and transparency to one grey channel, in the depth of the file.

Used by `picture`. Equal channels give their common value exactly. Real colours give the luminance
(ITU-R BT.601) and a warning: a mammogram has none. Transparency is laid over black, the colour of
air on a mammogram.
"""

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


def to_grey(values: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Reduce a decoded picture to one channel.

    Parameters
    ----------
    values : any grey type (H, W), or uint8 or uint16 (H, W, 3) RGB, (H, W, 4) RGBA
        Alpha is not premultiplied.

    Returns
    -------
    same type, (H, W)
    tuple of str
        Warnings about colours.

    Raises
    ------
    ImageError
        If the picture is wholly transparent.
    """
    if values.ndim == 2:
        return values, ()
    grey, warnings = _luminance(values[..., :3])
    return (_over_black(grey, values[..., 3]) if values.shape[2] == 4 else grey), warnings


def _luminance(colours: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    red, green, blue = (colours[..., channel] for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return red, ()
    grey = cv2.cvtColor(np.ascontiguousarray(colours), cv2.COLOR_RGB2GRAY)
    return np.asarray(grey), _colour_warnings(colours)


def _colour_warnings(colours: NDArray[Any]) -> tuple[str, ...]:
    full = np.iinfo(colours.dtype).max
    red, green, blue = (colours[..., channel] for channel in range(3))
    highest = np.maximum(np.maximum(red, green), blue)
    difference = highest - np.minimum(np.minimum(red, green), blue)
    share = float(np.mean(difference > COLOUR_DIFFERENCE * (full // 255)))
    if share == 0:
        return ()
    return (_PHOTOGRAPH.format(share=share) if share > PHOTOGRAPH_SHARE else _MARKS,)


def _over_black(grey: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """Lay a picture over black."""
    full = np.iinfo(alpha.dtype).max
    if not alpha.any():
        raise ImageError(
            "The picture is wholly transparent: expected visible pixels, received none. "
            "Export it without transparency."
        )
    if alpha.min() == full:
        return grey
    return np.rint(grey * (alpha / np.float32(full))).astype(grey.dtype)
