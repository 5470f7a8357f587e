"""Check how a DICOM header says that its pixels are stored, before anything is decoded.

Used by `dicom_pixels`, `dicom_grey` and `dicom`.

Reference: DICOM PS3.3 section C.7.6.3 (image pixel module), PS3.5 section 8.1.1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mammo.errors import ImageError
from mammo.imaging.dicom_header import PIXEL_DATA, Header, Tag
from mammo.imaging.image import check_size

GREY = ("MONOCHROME1", "MONOCHROME2")


@dataclass(frozen=True)
class PixelFormat:
    """Say how the pixels are stored (PS3.3 section C.7.6.3.1), checked.

    Attributes
    ----------
    rows, columns : int
    bits_allocated : 8 or 16
    bits_stored : int, 1 to bits_allocated
    signed : bool
    frames : int
    photometric : "MONOCHROME1" or "MONOCHROME2"
    """

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    frames: int
    photometric: str

    @property
    def dtype(self) -> np.dtype[np.integer[Any]]:
        """The type that holds the stored values."""
        return np.dtype(f"{'i' if self.signed else 'u'}{self.bits_allocated // 8}")

    @property
    def lowest(self) -> int:
        """The lowest value that can be stored."""
        return -(1 << (self.bits_stored - 1)) if self.signed else 0


def pixel_format(header: Header) -> PixelFormat:
    """Check the image pixel module.

    Raises
    ------
    ImageError
        If there are no pixels, colours, a size beyond the limits, or bits that do not fit.
    """
    _check_has_pixels(header)
    _check_grey(header)
    rows, columns = header.whole(Tag.ROWS) or 0, header.whole(Tag.COLUMNS) or 0
    check_size(rows, columns)
    allocated, stored = _bits(header)
    frames = header.decimals(Tag.NUMBER_OF_FRAMES)
    return PixelFormat(
        rows=rows,
        columns=columns,
        bits_allocated=allocated,
        bits_stored=stored,
        signed=header.whole(Tag.PIXEL_REPRESENTATION) == 1,
        frames=max(1, int(frames[0])) if frames else 1,
        photometric=header.text(Tag.PHOTOMETRIC_INTERPRETATION),
    )


def _check_has_pixels(header: Header) -> None:
    if header.pixels is None:
        raise ImageError(
            "The DICOM file has no pixel data: expected a mammogram, received a file without a "
            "picture (a report, an index, or a file cut short). Choose the image file itself."
        )
    if header.pixels.tag != PIXEL_DATA:
        raise ImageError(
            "Expected whole-number pixels (7FE0,0010), received floating point pixel data "
            f"({header.pixels.tag >> 16:04X},{header.pixels.tag & 0xFFFF:04X}). "
            "Export the film as 8 or 16 bit."
        )


def _check_grey(header: Header) -> None:
    photometric = header.text(Tag.PHOTOMETRIC_INTERPRETATION)
    samples = header.whole(Tag.SAMPLES_PER_PIXEL)
    if samples not in (None, 1) or photometric not in GREY:
        received = "colours" if photometric else "a picture that does not state its colours"
        raise ImageError(
            "Expected a grey film (MONOCHROME1 or MONOCHROME2, one sample a pixel), received "
            f"{received}. Choose the original film, not a screen capture or a coloured overlay."
        )


def _bits(header: Header) -> tuple[int, int]:
    """Return bits allocated and bits stored (PS3.5 section 8.1.1: high bit = bits stored - 1)."""
    allocated = header.whole(Tag.BITS_ALLOCATED) or 0
    stored = header.whole(Tag.BITS_STORED)
    stored = allocated if stored is None else stored
    high = header.whole(Tag.HIGH_BIT)
    if allocated not in (8, 16) or not 1 <= stored <= allocated or high not in (None, stored - 1):
        raise ImageError(
            "Expected 8 or 16 bits allocated, at most that many stored, and the high bit one below "
            f"the bits stored; received {allocated} allocated, {stored} stored, high bit {high}. "
            "This is no film, or its header is damaged; export the film again."
        )
    return allocated, stored
