"""Bring grey values of any depth to 8 bit by their own minimum and maximum.

Used by both readers. It is the rule by which the films of the training data were scaled, so a
film read here has, value for value, the pixels that the training crops were cut from.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.errors import ImageError

_STRIP_ROWS = 256


def to_eight_bit(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale grey values to 0..255: the lowest becomes 0, the highest 255.

    Examples
    --------
    >>> to_eight_bit(np.array([[1000, 3000], [5000, 5000]], dtype=np.uint16)).tolist()
    [[0, 128], [255, 255]]
    """
    if values.dtype == np.uint8:
        return values.astype(np.uint8, copy=False)
    return min_max(values)


def min_max(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale as `to_eight_bit` does, 8-bit values too."""
    if values.dtype not in (np.uint8, np.uint16, np.int16):
        return _wide_min_max(values)
    scaled = cv2.normalize(values, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)  # type: ignore[call-overload]
    return np.asarray(scaled, dtype=np.uint8)


def _wide_min_max(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale to 0..1 first: OpenCV works in single precision, which a large offset eats up."""
    if values.dtype.kind == "f":
        _check_finite(values)
    half = np.float64(0.5)  # the distance of two extreme floats would overflow
    low, high = values.min() * half, values.max() * half
    span = high - low if high > low else 1.0
    scaled = np.empty(values.shape, dtype=np.uint8)
    for top in range(0, len(values), _STRIP_ROWS):
        strip = slice(top, top + _STRIP_ROWS)
        zero_to_one = ((values[strip] * half - low) / span).astype(np.float32)
        scaled[strip] = cv2.convertScaleAbs(zero_to_one, alpha=255).reshape(zero_to_one.shape)
    return scaled


def _check_finite(values: NDArray[np.generic]) -> None:
    """Refuse NaN and infinity: min-max would spread them over the whole picture."""
    bad = int(values.size - np.count_nonzero(np.isfinite(values)))
    if bad:
        raise ImageError(
            f"The picture has pixels that are not numbers: expected finite grey values, received "
            f"{bad:,} NaN or infinite of {values.size:,}. Export the picture again as 8 or 16 bit."
        )
