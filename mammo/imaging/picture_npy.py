"""Read a NumPy array file (.npy) of grey or coloured pixels, never a pickled object.

Used by `picture`.

Reference: NumPy enhancement proposal 1 (numpy.lib.format).
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from mammo.errors import ImageError
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS, check_size
from mammo.imaging.picture_colour import to_grey

_STRIP_ROWS = 256
_MAX_HEADER = 4_096
"""Letters that describe type and shape. NumPy writes 64 to 128."""

_MAX_WIDTH = 8
"""Bytes per number. Longer floats differ between machines."""


def decode_npy(stream: BinaryIO) -> tuple[NDArray[Any], int, tuple[str, ...]]:
    """Decode a .npy file."""
    shape, is_fortran, kind = _header(stream)
    if kind.kind not in "uif" or kind.itemsize > _MAX_WIDTH:
        raise _refused("whole or floating-point numbers of at most 64 bits", kind.name[:40])
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        raise _refused("shape (height, width), or with 1, 3 or 4 channels", f"shape {shape[:6]}")
    is_colour = len(shape) == 3 and shape[2] > 1
    is_costly = kind.itemsize > 2 or (is_colour and (kind.itemsize > 1 or is_fortran))
    check_size(shape[0], shape[1], MAX_COSTLY_PIXELS if is_costly else MAX_PIXELS)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    content = stream.read(size)
    if len(content) < size:
        raise EOFError
    values = np.frombuffer(content, kind).reshape(shape, order="F" if is_fortran else "C")
    grey, warnings = to_grey(_strips(values), (shape[0], shape[1]))
    return grey, 1, warnings


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    return read(stream, max_header_size=_MAX_HEADER)


def _strips(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield rows in the order and byte order of this machine."""
    kind = np.dtype(np.float32) if values.dtype.itemsize == 2 and values.dtype.kind == "f" else (
        values.dtype.newbyteorder("=")
    )  # fmt: skip
    for top in range(0, len(values), _STRIP_ROWS):
        strip = np.ascontiguousarray(values[top : top + _STRIP_ROWS], dtype=kind)
        yield strip[..., 0] if strip.ndim == 3 and strip.shape[2] == 1 else strip


def _refused(expected: str, received: str) -> ImageError:
    return ImageError(
        f"Expected a NumPy array of {expected}, received {received}. "
        "Save the picture as uint8 or uint16 of shape (height, width)."
    )
