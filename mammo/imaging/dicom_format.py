"""Check how a DICOM header says that its pixels are stored, before anything is decoded.

Used by `dicom_pixels`, `dicom_grey` and `dicom`.

Reference: DICOM PS3.3 section C.7.6.3 (image pixel module), PS3.5 section 8.1.1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.errors import ImageError
from mammo.imaging.dicom_header import PIXEL_DATA, Header
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS, check_size

_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


@dataclass(frozen=True)
class PixelFormat:
    """How the pixels are stored (PS3.3 section C.7.6.3.1), checked."""

    rows: int
    columns: int
    samples: int
    planar: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    overlay_bits: int
    signed: bool
    frames: int
    photometric: str

    @property
    def dtype(self) -> np.dtype[np.integer[Any]]:
        """The type that holds the stored values."""
        return np.dtype(f"{'i' if self.signed else 'u'}{self.bits_allocated // 8}")

    @property
    def limits(self) -> tuple[int, int]:
        """The lowest and the highest value that can be stored."""
        span = 1 << self.bits_stored
        return (-span // 2, span // 2 - 1) if self.signed else (0, span - 1)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed frame; YBR_FULL_422 shares its colours (C.7.6.3.1.2)."""
        samples = 2 if self.photometric == "YBR_FULL_422" else self.samples
        return self.rows * self.columns * samples * self.bits_allocated // 8

    def values(self, cells: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the values that stand in pixel cells (PS3.5 section 8.1.1)."""
        stored, shift = self.bits_stored, max(0, self.high_bit + 1 - self.bits_stored)
        mask = (1 << stored) - 1
        used = cells & ~(self.overlay_bits & ~(mask << shift))
        if shift and (used & ((1 << shift) - 1)).any():
            if (used >> stored).any():
                raise self._bits_refused()
            shift = 0  # no high bit is used: it is stated wrongly
        values = (used >> shift) & mask
        top = shift + stored
        if not self.signed:
            if (used >> top).any():
                raise self._more_bits_refused(cells)
            return values
        top = min(top, self.high_bit + 1)
        above, negative = used >> top, (used >> (top - 1) & 1).astype(bool)
        extended = above == (((1 << self.bits_allocated) - 1) & ~self.overlay_bits) >> top
        certain = np.where(negative, extended | ((above == 0) & (top >= stored)), above == 0)
        if not certain.all():
            raise self._more_bits_refused(cells)
        return np.where(values > mask // 2, values - mask - 1, values).astype(np.int32)

    def _bits_refused(self) -> ImageError:
        return ImageError(
            "Expected 8 or 16 bits allocated, at most that many stored, and the high bit one below "
            f"the bits stored; received {self.bits_allocated} allocated, {self.bits_stored} "
            f"stored, high bit {self.high_bit}. "
            "This is no film, or its header is damaged; export the film again."
        )

    def _more_bits_refused(self, cells: NDArray[np.int32]) -> ImageError:
        low, high = self.limits
        return ImageError(
            f"The header says {self.bits_stored} bits a pixel, but the pixels use more: expected "
            f"{low} to {high}, received {int(cells.min())} to {int(cells.max())} without sign. "
            "The header is wrong; export the film again."
        )


def pixel_format(header: Header) -> PixelFormat:
    """Check the image pixel module."""
    _check_has_pixels(header)
    samples, photometric = _colours(header)
    rows, columns = header.whole("Rows") or 0, header.whole("Columns") or 0
    check_size(rows, columns, MAX_PIXELS if samples == 1 else MAX_COSTLY_PIXELS)
    allocated = header.whole("BitsAllocated") or 0
    stored = header.whole("BitsStored")
    stored = allocated if stored is None else stored
    high = header.whole("HighBit")
    frames = header.decimals("NumberOfFrames")
    layout = PixelFormat(
        rows, columns, samples,
        planar=int(header.whole("PlanarConfiguration") == 1),
        bits_allocated=allocated, bits_stored=stored, overlay_bits=header.overlay_bits,
        high_bit=stored - 1 if high is None else high,
        signed=header.whole("PixelRepresentation") == 1,
        frames=min(MAX_PIXELS, max(1, int(frames[0]))) if frames else 1, photometric=photometric,
    )  # fmt: skip
    if allocated not in (8, 16) or not 1 <= stored <= allocated or layout.high_bit >= allocated:
        raise layout._bits_refused()
    return layout


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


def _colours(header: Header) -> tuple[int, str]:
    """Return samples per pixel and photometric interpretation."""
    photometric = header.text("PhotometricInterpretation")
    samples = header.whole("SamplesPerPixel")
    if samples in (None, 1) and photometric in _GREY:
        return 1, photometric
    if samples == 3 and photometric in _COLOURS:
        return 3, photometric
    raise colours_refused("colours" if photometric else "a picture that does not state its colours")


def colours_refused(received: str = "colours") -> ImageError:
    """Return the refusal of a film in colours."""
    return ImageError(
        "Expected a grey film (MONOCHROME1 or MONOCHROME2, one sample a pixel), received "
        f"{received}. Choose the original film, not a screen capture or a coloured overlay."
    )
