"""What all readers share: from decoded values to 8-bit grey, errors as sentences, silence.

Equal channels give their common value exactly. Real colours give the luminance (ITU-R BT.601) and a
warning: a mammogram has none. Transparency is laid over black, the colour of air on a mammogram.
Grey values of any depth are scaled by their own minimum and maximum, the rule by which the films of
the training data were scaled, so a film read here has, value for value, the pixels that the
training crops were cut from.
"""

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.errors import ImageError
from mammo.imaging.image import refusal

# Grey levels of 255 between a pixel's highest and lowest channel from which it is coloured; JPEG
# noise on a grey picture stays under 8.
_COLOUR_DIFFERENCE = 24
_PHOTOGRAPH_SHARE = 0.05  # of coloured pixels, from which it is no film with marks on it
STRIP_ROWS = 256

_PHOTOGRAPH = (
    "This looks like a colour photograph ({share:.0%} of the pixels are coloured), not a "
    "mammogram; do not interpret the models' results."
)
_MARKS = (
    "The image contains coloured marks (arrows, text or circles), which may mislead the models. "
    "Use the mammogram without marks."
)


def in_strips(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield a picture's rows, some at a time: what is made of them takes little memory."""
    for top in range(0, len(values), STRIP_ROWS):
        yield values[top : top + STRIP_ROWS]


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
            "The image is wholly transparent: expected visible pixels, received none. "
            "Export it without transparency."
        )
    share = coloured / grey.size
    doubt = _PHOTOGRAPH.format(share=share) if share > _PHOTOGRAPH_SHARE else _MARKS
    return grey, (doubt,) if coloured else ()


def _without_odd_colours(strip: NDArray[Any]) -> NDArray[Any]:
    """Return the common value of equal channels whose type has no agreed range of colours."""
    if strip.ndim == 2 or strip.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(strip)  # OpenCV would copy it at each step
    first, opaque = strip[..., 0], 1 if strip.dtype.kind == "f" else np.iinfo(strip.dtype).max
    same = all(np.array_equal(first, strip[..., k], equal_nan=True) for k in (1, 2))
    if not same or (strip.shape[2] == 4 and (strip[..., 3] != opaque).any()):
        raise refusal("colours and transparency of 8 or 16 bits", str(strip.dtype))
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
    least = _COLOUR_DIFFERENCE * (np.iinfo(strip.dtype).max // 255)
    return int(np.count_nonzero(cv2.subtract(highest, lowest) > least))


def min_max(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale grey values to 0..255, the lowest becoming 0, the highest 255.

    >>> min_max(np.array([[1000, 3000], [5000, 5000]], dtype=np.uint16)).tolist()
    [[0, 128], [255, 255]]
    """
    if values.dtype not in (np.uint8, np.uint16, np.int16):
        return _wide_min_max(values)
    scaled = cv2.normalize(values, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)  # type: ignore[call-overload]
    return np.asarray(scaled, dtype=np.uint8)


def _wide_min_max(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale to 0..1 first: OpenCV works in single precision, which a large offset eats up."""
    bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if bad:  # min-max would spread them over the whole picture
        raise ImageError(
            f"The image has pixels that are not numbers: expected finite grey values, received "
            f"{bad:,} NaN or infinite of {values.size:,}. Export the image again as 8 or 16 bit."
        )
    half = np.float64(0.5)  # the distance of two extreme floats would overflow
    low, high = values.min() * half, values.max() * half
    span = high - low if high > low else 1.0
    scaled = np.empty(values.shape, dtype=np.uint8)
    for strip, target in zip(in_strips(values), in_strips(scaled), strict=True):
        zero_to_one = ((strip * half - low) / span).astype(np.float32)
        target[:] = cv2.convertScaleAbs(zero_to_one, alpha=255).reshape(zero_to_one.shape)
    return scaled


@contextmanager
def damage_refused(expected: str, remedy: str = "Export or download it again.") -> Iterator[None]:
    """Raise `ImageError` for any error of a decoder, without its text: it may quote the file.

    `expected` follows the word "expected"; `remedy` is a sentence.
    """
    try:
        yield
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(
            "The image does not fit into the free memory. Cut out the breast or export it smaller."
        ) from None
    except Exception as error:  # noqa: BLE001 - this boundary exists to catch every kind
        raise ImageError(
            f"The file cannot be decoded: expected {expected}, received damaged, truncated or "
            f"unusual data ({type(error).__name__}). {remedy}"
        ) from None


_lock = Lock()
_readers = 0
_silence = ExitStack()


@contextmanager
def decoders_silenced() -> Iterator[None]:
    """Keep decoders from warning and logging: their texts quote values of the file."""
    global _readers  # noqa: PLW0603 - the filters are global too
    with _lock:
        if not _readers:
            _silence.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            logger = logging.getLogger("pydicom")
            _silence.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL + 1)
        _readers += 1
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if not _readers:
                _silence.close()
