"""Decode the stored values of a DICOM file's first frame, after checking what the header claims.

Used by `dicom`. pydicom decodes uncompressed and RLE frames itself and the JPEG family (JPEG,
JPEG-LS, JPEG 2000, high-throughput JPEG 2000) through pylibjpeg's plugins. Only the first frame is
read from the file. Every size is checked before anything is decoded.

Reference: DICOM PS3.3 section C.7.6.3 (image pixel module), PS3.5 sections 8 and A.4.
"""

import re
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID

from mammo.errors import ImageError
from mammo.imaging.codestream import codestream_size
from mammo.imaging.damage import damage_refused
from mammo.imaging.dicom_header import PIXEL_DATA, UNDEFINED_LENGTH, Header, PixelElement, Tag
from mammo.imaging.image import check_size

GREY = ("MONOCHROME1", "MONOCHROME2")
_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){0,63}")
_ITEM = b"\xfe\xff\x00\xe0"


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
        raise ImageError(
            "Expected a grey film (MONOCHROME1 or MONOCHROME2, one sample a pixel), received a "
            f"colour or unknown picture with {samples} samples a pixel. Choose the original film, "
            "not a screen capture or a coloured overlay."
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
            "The header is damaged; export the film again."
        )
    return allocated, stored


def read_stored_values(
    stream: BinaryIO, header: Header, layout: PixelFormat
) -> NDArray[np.integer[Any]]:
    """Decode the first frame.

    Parameters
    ----------
    stream : binary file
        As `read_header` left it: at the first byte of the pixel data.
    header : Header
    layout : PixelFormat

    Returns
    -------
    int8, uint8, int16 or uint16 (rows, columns)
        Stored values, before any look-up table.

    Raises
    ------
    ImageError
        If the pixel data are truncated, damaged, or in an unsupported transfer syntax.
    """
    if header.pixels is None:  # pixel_format refuses it first
        raise ImageError("The DICOM file has no pixel data.")
    decoder = _decoder(header.transfer_syntax)
    if decoder.is_encapsulated:
        _check_encapsulated(stream, header.pixels, layout)
    else:
        _check_native(stream, header.pixels, layout)
    with damage_refused(f"a frame of {layout.columns} x {layout.rows} pixels"):
        values, _ = decoder.as_array(stream, index=0, **_options(header.pixels, layout))
    return _without_unused_bits(values, layout)


def _decoder(syntax: str) -> Decoder:
    if not _UID.fullmatch(syntax):  # UID() would warn, and quote it
        raise _unsupported("an unknown syntax")
    uid = UID(syntax)
    name = "an unknown syntax" if uid.name == syntax else uid.name
    try:
        decoder: Decoder = get_decoder(uid)
    except NotImplementedError:
        raise _unsupported(name) from None
    if not decoder.is_available:
        raise ImageError(
            f"The pixels are compressed as {name} and its decoder is not installed. "
            "Run: pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"
        )
    return decoder


def _unsupported(name: str) -> ImageError:
    return ImageError(
        "Expected uncompressed, RLE or JPEG-family pixels, received the transfer syntax "
        f"{name}, which is not supported. Save the film again uncompressed."
    )


def _options(pixels: PixelElement, layout: PixelFormat) -> dict[str, Any]:
    """Return pydicom's decoding options; values stay as stored, see `_without_unused_bits`."""
    return {
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": 1,
        "photometric_interpretation": layout.photometric,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "pixel_representation": int(layout.signed),
        "number_of_frames": layout.frames,
        "pixel_keyword": "PixelData",
        "pixel_vr": pixels.vr or "OW",
        "correct_unused_bits": False,
        "view_only": True,
        "raw": True,
    }


def _check_native(stream: BinaryIO, pixels: PixelElement, layout: PixelFormat) -> None:
    """Refuse uncompressed pixel data that are too short for one frame."""
    expected = layout.rows * layout.columns * layout.bits_allocated // 8
    received = min(pixels.length, _remaining(stream))
    if pixels.length == UNDEFINED_LENGTH or received < expected:
        raise ImageError(
            f"The pixel data are truncated: expected {expected:,} bytes for {layout.columns} x "
            f"{layout.rows} pixels, received {received:,}. Export or download the file again."
        )


def _check_encapsulated(stream: BinaryIO, pixels: PixelElement, layout: PixelFormat) -> None:
    """Refuse compressed pixel data that end too early, or whose own header names another size.

    Some decoders fill a truncated frame with grey without a word, and a small DICOM header over a
    huge compressed picture would be decoded at its full size.
    """
    start = stream.tell()
    if pixels.length != UNDEFINED_LENGTH or not _fragments_are_whole(stream):
        raise ImageError(
            "The pixel data are truncated: expected whole compressed fragments, received a file "
            "that ends or breaks inside one. Export or download the file again."
        )
    stream.seek(start)
    with damage_refused("whole compressed fragments"):
        size = codestream_size(get_frame(stream, 0, number_of_frames=layout.frames))
    stream.seek(start)
    if size not in (None, (layout.rows, layout.columns)):
        raise ImageError(
            f"The header states {layout.columns} x {layout.rows} pixels, but the compressed "
            "picture inside has another size. The file is damaged; export it again."
        )


def _remaining(stream: BinaryIO) -> int:
    position = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(position)
    return end - position


def _fragments_are_whole(stream: BinaryIO) -> bool:
    """Follow the fragments (PS3.5 section A.4) to their end; False if one is cut short.

    A missing sequence delimiter alone is forgiven: the fragments before it are complete.
    """
    end = stream.tell() + _remaining(stream)
    fragments = 0
    while (start := stream.read(8))[:4] == _ITEM and len(start) == 8:
        (length,) = struct.unpack("<L", start[4:])
        if stream.tell() + length > end:
            return False
        stream.seek(length, 1)
        fragments += 1
    return fragments >= 2  # the first item is the offset table


def _without_unused_bits(
    values: NDArray[np.integer[Any]], layout: PixelFormat
) -> NDArray[np.integer[Any]]:
    """Check that no value needs more than the bits stored, and extend a short sign.

    PS3.5 section 8.1.1 leaves the unused high bits undefined. Cutting them would turn a wrong
    "bits stored" into wrapped-around greys without a word, so values that use them are refused.
    """
    if layout.bits_stored == layout.bits_allocated:
        return values
    low, high, span = int(values.min()), int(values.max()), 1 << layout.bits_stored
    if layout.lowest <= low and high < layout.lowest + span:
        return values
    if layout.signed and low >= 0 and high < span:
        return np.where(values >= span // 2, values - span, values).astype(values.dtype)
    raise ImageError(
        f"The header says {layout.bits_stored} bits a pixel, but the pixels use more: expected "
        f"{layout.lowest} to {layout.lowest + span - 1}, received {low} to {high}. "
        "The header is wrong; export the film again."
    )
