"""Decode the stored values of a DICOM file's first frame.

Used by `dicom`, after `dicom_format` checked what the header claims. pydicom decodes uncompressed
frames itself and the JPEG family (JPEG, JPEG-LS, JPEG 2000, high-throughput JPEG 2000) through
pylibjpeg's plugins; RLE has its own module. Only the first frame is read from the file.

Reference: DICOM PS3.5 sections 8 (pixels) and A.4 (encapsulation).
"""

import re
import struct
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID, RLELossless

from mammo.errors import ImageError
from mammo.imaging.codestream import codestream_size, is_complete
from mammo.imaging.damage import damage_refused
from mammo.imaging.dicom_format import PixelFormat
from mammo.imaging.dicom_header import UNDEFINED_LENGTH, Header, PixelElement
from mammo.imaging.rle import decode_rle

_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){0,63}")
_PLUGIN = "pylibjpeg"
"""The one decoder used, so that a film has the same pixels whatever else is installed."""

_ITEM = b"\xfe\xff\x00\xe0"
_INCOMPLETE = (
    "The compressed picture has no end mark: its lower part may be missing or made up. Export or "
    "download the file again."
)


def read_stored_values(
    stream: BinaryIO, header: Header, layout: PixelFormat
) -> tuple[NDArray[np.integer[Any]], tuple[str, ...]]:
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
    tuple of str
        Warnings.

    Raises
    ------
    ImageError
        If the pixel data are truncated, damaged, or in an unsupported transfer syntax.
    """
    if header.pixels is None:  # pixel_format refuses it first
        raise ImageError("The DICOM file has no pixel data.")
    decoder = _decoder(header.transfer_syntax)
    options = _options(header.pixels, layout)
    frame = b""
    source: BinaryIO | memoryview = stream
    if decoder.is_encapsulated:
        frame = _first_frame(stream, header, header.pixels, layout)
    else:
        _check_native(stream, header.pixels, layout)
        source = _in_place(stream, layout)
    with damage_refused(f"a frame of {layout.columns} x {layout.rows} pixels"):
        if RLELossless == decoder.UID:
            values = decode_rle(frame, layout.rows, layout.columns, layout.dtype)
        else:
            plugin = _PLUGIN if decoder.is_encapsulated else ""
            values, _ = decoder.as_array(source, index=0, decoding_plugin=plugin, **options)
    return _without_unused_bits(values, layout), () if is_complete(frame) else (_INCOMPLETE,)


def _decoder(syntax: str) -> Decoder:
    if not _UID.fullmatch(syntax):  # UID() would warn, and quote it
        raise _unsupported("an unknown syntax")
    uid = UID(syntax)
    name = "an unknown syntax" if uid.name == syntax else uid.name
    try:
        decoder: Decoder = get_decoder(uid)
    except NotImplementedError:
        raise _unsupported(name) from None
    needs_plugin = decoder.is_encapsulated and uid != RLELossless
    if needs_plugin and _PLUGIN not in decoder.available_plugins:
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


def _in_place(stream: BinaryIO, layout: PixelFormat) -> BinaryIO | memoryview:
    """Return uncompressed pixel data where they lie: an upload is in memory, up to 100 MB of it."""
    if not isinstance(stream, BytesIO):
        return stream
    start = stream.tell()
    frame = layout.rows * layout.columns * layout.bits_allocated // 8
    return stream.getbuffer()[start : start + frame * layout.frames]


def _first_frame(
    stream: BinaryIO, header: Header, pixels: PixelElement, layout: PixelFormat
) -> bytes:
    """Return the first compressed frame; the stream stays at the start of the pixel data.

    Refused are pixel data that end too early, which some decoders would fill with grey, and a
    frame whose own header names another size: a small DICOM header over a huge compressed picture
    would be decoded at its full size.
    """
    start = stream.tell()
    if pixels.length != UNDEFINED_LENGTH or not _fragments_are_whole(stream):
        raise ImageError(
            "The pixel data are truncated: expected whole compressed fragments, received a file "
            "that ends or breaks inside one. Export or download the file again."
        )
    stream.seek(start)
    with damage_refused("whole compressed fragments"):
        frame = get_frame(stream, 0, number_of_frames=layout.frames)
        size = codestream_size(frame)
        if size is None and header.transfer_syntax != RLELossless:
            raise ValueError("no size in a JPEG-family frame")
    stream.seek(start)
    if size not in (None, (layout.rows, layout.columns)):
        raise ImageError(
            f"The header states {layout.columns} x {layout.rows} pixels, but the compressed "
            "picture inside has another size. The file is damaged; export it again."
        )
    return frame


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
