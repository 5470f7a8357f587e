"""Read PGM (grey, as mini-MIAS has) and PPM (colour), binary or ASCII, of 8 or 16 bits.

Used by `picture`.

Reference: Netpbm's manual pages pgm(5) and ppm(5).
"""

import math
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mammo.errors import ImageError
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS, check_size
from mammo.imaging.picture_colour import to_grey

_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(rb"P([2356])" + (_GAP + rb"(\d{1,9})") * 3 + rb"(?:#[^\r\n]*[\r\n]|\s)")
_MAX_HEADER = 65_536
"""Bytes up to the first pixel, comments included."""

_MAX_COMMENTS = 1_000
"""Comments among the numbers of an ASCII file. Programs write one or two, and before them."""

_COMMENT, _BLANK, _NUMERIC = re.compile(rb"#[^\r\n]*"), re.compile(rb"\s"), b"0123456789 \t\n\r\v\f"
_ASCII_STEP = 1_000_000
"""Letters that are turned into numbers at once."""

_STRIP_ROWS = 256


def decode_pnm(stream: BinaryIO) -> tuple[NDArray[Any], int, tuple[str, ...]]:
    """Decode a PGM or PPM file."""
    header = _HEADER.match(stream.read(_MAX_HEADER))
    if not header:
        raise ValueError
    kind, width, height, most = (int(number) for number in header.groups())
    if not 1 <= most <= 65_535:
        raise ValueError
    is_ascii, channels = kind < 5, 3 if kind in (3, 6) else 1
    is_costly = is_ascii or (channels > 1 and most > 255)
    costly = MAX_COSTLY_PIXELS // (channels if is_ascii else 1)
    check_size(height, width, costly if is_costly else MAX_PIXELS)
    stream.seek(header.end())
    shape = (height, width) if channels == 1 else (height, width, channels)
    values = _ascii(stream, shape) if is_ascii else _binary(stream, shape, most)
    grey, warnings = to_grey(_strips(values, most), (height, width))
    return grey, 1, warnings


def _binary(stream: BinaryIO, shape: tuple[int, ...], most: int) -> NDArray[Any]:
    kind = np.dtype(np.uint8 if most < 256 else ">u2")
    content = stream.read(math.prod(shape) * kind.itemsize)
    return np.frombuffer(content, kind).reshape(shape)


def _ascii(stream: BinaryIO, shape: tuple[int, ...]) -> NDArray[Any]:
    content = stream.read()
    if content.count(b"#") > _MAX_COMMENTS:
        raise ImageError(
            f"Expected at most {_MAX_COMMENTS:,} comments in a PGM or PPM file, received more. "
            "Save the picture as PNG."
        )
    content = _COMMENT.sub(b" ", content) if b"#" in content else content
    values, many, start = np.empty(math.prod(shape), np.uint16), 0, 0
    while many < len(values) and start < len(content):
        blank = _BLANK.search(content, start + _ASCII_STEP)
        end = blank.end() if blank else len(content)
        numbers = _numbers(content[start:end])[: len(values) - many]
        values[many : many + len(numbers)] = numbers
        many, start = many + len(numbers), end
    return values[:many].reshape(shape)


def _numbers(text: bytes) -> NDArray[np.int64]:
    if text.translate(None, _NUMERIC):
        raise ValueError
    numbers = np.fromstring(text, np.int64, sep=" ") if text.strip() else np.empty(0, np.int64)
    if numbers.size and numbers.max() > 65_535:
        raise ValueError
    return numbers


def _strips(values: NDArray[Any], most: int) -> Iterator[NDArray[Any]]:
    for top in range(0, len(values), _STRIP_ROWS):
        strip = values[top : top + _STRIP_ROWS]
        if strip.max() > most:
            raise ImageError(
                f"Expected values up to {most:,}, as the header states, received {strip.max():,}. "
                "Save the picture as PNG."
            )
        if most < 255:
            yield np.rint(strip * (255 / most)).astype(np.uint8)
        elif strip.ndim == 3 and most > 255:  # colours are compared with the full range
            yield np.rint(strip * (65_535 / most)).astype(np.uint16)
        else:
            yield strip.astype(np.uint8 if most == 255 else np.uint16)
