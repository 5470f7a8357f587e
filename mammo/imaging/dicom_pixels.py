"""Decode the stored values of a DICOM file's first frame.

Used by `dicom`, after `dicom_header` checked what the header claims. pydicom decodes uncompressed
frames itself and the JPEG family (JPEG, JPEG-LS, JPEG 2000, high-throughput JPEG 2000) through
pylibjpeg's plugins. A segment of RLE is PackBits, which Pillow decodes in C: a film takes a third
of the time of pydicom's own decoder, which is written in Python, and the size of the result is
fixed beforehand, whatever the frame claims. Only the first frame is read from the file.

Reference: DICOM PS3.5 sections 8 (pixels) and A.4 (encapsulation), annex G (RLE).
"""

import signal
import struct
from io import BytesIO
from itertools import pairwise
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from pydicom.config import IGNORE
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID, ExplicitVRBigEndian, RLELossless

from mammo.errors import ImageError
from mammo.imaging.codestream import mended, read_codestream
from mammo.imaging.dicom_header import TOO_MUCH, UNDEFINED_LENGTH, PixelFormat, colours_refused
from mammo.imaging.grey import damage_refused
from mammo.imaging.image import refusal

_PLUGIN = "pylibjpeg"  # the only one, so that a film has the same pixels whatever else is installed
_RLE_HEADER = 64

# Fragments of the pixel data. Films have one to some hundreds: 20,000 would be 2 kB each in a film
# of 40 MB.
MOST_FRAGMENTS = 20_000
_ITEM = b"\xfe\xff\x00\xe0"
_LONGEST_PADDING = 64  # bytes behind the end mark of a compressed frame

# Implicit VR little endian with big-endian pixels, of old GE workstations.
_GE_PRIVATE = "1.2.840.113619.5.2"

# Processor time per million pixels and bytes of a compressed frame: a lossless JPEG 2000 film of 19
# million pixels takes 3 s, whatever decodes it.
_SECONDS_PER_MILLION = 0.06
_LARGEST_HEADERS = 1_000_000  # bytes of a compressed frame that may be something else than pixels

_NO_SPECTRUM = (
    "The compressed image states that it has no detail (Se = 0); it was read as an ordinary JPEG."
)
_INCOMPLETE = (
    "The compressed image has no end mark: its lower part may be missing or made up. Export or "
    "download the file again."
)


def read_stored_values(
    stream: BinaryIO, layout: PixelFormat, doubts: list[str]
) -> NDArray[np.integer[Any]]:
    """Decode the first frame's pixel cells, before any look-up table."""
    decoder = _decoder(layout.transfer_syntax)
    frames = 1
    source: BinaryIO | bytes | memoryview
    stream.seek(layout.element.start)
    if decoder.is_encapsulated:
        has_fragments = layout.element.length == UNDEFINED_LENGTH
        frames = min(layout.frames, _count_fragments(stream) if has_fragments else 0)
        source = _first_frame(stream, decoder.UID, layout, frames, doubts)
    else:
        source = _uncompressed(stream, layout)
    with damage_refused(f"a frame of {layout.columns} x {layout.rows} pixels"):
        if RLELossless == decoder.UID:
            frame = get_frame(stream, 0, number_of_frames=frames)
            size = (layout.rows, layout.columns)
            values = decode_rle(frame, *size, layout.dtype, layout.samples)
        else:
            plugin = _PLUGIN if decoder.is_encapsulated else ""
            options = _options(layout, frames)
            values, _ = decoder.as_array(source, index=0, decoding_plugin=plugin, **options)
    return values if layout.samples == 1 else _grey_channel(values, layout)


def _decoder(syntax: str) -> Decoder:
    uid = UID(syntax, validation_mode=IGNORE)  # it would warn, and quote an odd one
    name = "an unknown syntax" if uid.name == syntax else uid.name
    try:
        decoder: Decoder = get_decoder(ExplicitVRBigEndian if uid == _GE_PRIVATE else uid)
    except NotImplementedError:
        raise refusal(
            "uncompressed, RLE or JPEG-family pixels",
            f"the transfer syntax {name}, which is not supported",
            "Save the mammogram again uncompressed.",
        ) from None
    needs_plugin = decoder.is_encapsulated and uid != RLELossless
    if needs_plugin and _PLUGIN not in decoder.available_plugins:
        raise ImageError(
            f"The pixels are compressed as {name} and its decoder is not installed. "
            "Run: pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"
        )
    return decoder


def _options(layout: PixelFormat, frames: int) -> dict[str, Any]:
    """Return pydicom's decoding options; cells stay as stored, see `PixelFormat.values`."""
    return {
        "rows": layout.rows, "columns": layout.columns, "samples_per_pixel": layout.samples,
        "planar_configuration": layout.planar, "photometric_interpretation": layout.photometric,
        "bits_allocated": layout.bits_allocated, "bits_stored": layout.bits_stored,
        "pixel_representation": int(layout.signed), "number_of_frames": frames,
        "pixel_keyword": "PixelData", "pixel_vr": layout.element.vr or "OW",
        "correct_unused_bits": False, "view_only": True, "raw": True,
    }  # fmt: skip


def _uncompressed(stream: BinaryIO, layout: PixelFormat) -> bytes | memoryview:
    """Return the first uncompressed frame, of an upload where it lies: up to 100 MB of memory."""
    pixels = layout.element
    most = min(pixels.length, layout.frame_bytes + layout.frame_bytes % 2)
    frame = (
        memoryview(stream.getvalue())[pixels.start :][:most]
        if isinstance(stream, BytesIO)
        else stream.read(most)
    )
    if pixels.length != UNDEFINED_LENGTH and len(frame) >= layout.frame_bytes:
        return frame
    if layout.samples == 3:
        raise colours_refused()
    raise ImageError(
        f"The pixel data are truncated: expected {layout.frame_bytes:,} bytes for {layout.columns} "
        f"x {layout.rows} pixels, received {len(frame):,}. Export or download the file again."
    )


def _count_fragments(stream: BinaryIO) -> int:
    """Count the fragments of compressed pixel data (PS3.5 section A.4); 0 if one is cut short."""
    start = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(start)
    items = 0
    while (head := stream.read(8))[:4] == _ITEM and len(head) == 8:
        length = int.from_bytes(head[4:], "little")
        items += 1
        if items > MOST_FRAGMENTS or (items == 1 and length > 4 * MOST_FRAGMENTS):
            raise ImageError(TOO_MUCH.format(f"more than {MOST_FRAGMENTS:,} pixel data fragments"))
        if stream.seek(length, 1) > end:
            items = 0
            break
    stream.seek(start)
    return max(0, items - 1)


def _first_frame(
    stream: BinaryIO, syntax: UID, layout: PixelFormat, frames: int, doubts: list[str]
) -> BinaryIO | bytes:
    """Check the first compressed frame; return where pydicom decodes it from."""
    if not frames:
        raise ImageError(
            "The pixel data are truncated: expected whole compressed fragments, received a file "
            "that ends or breaks inside one. Export or download the file again."
        )
    if syntax == RLELossless:
        return stream
    with damage_refused("whole compressed fragments"):
        frame = get_frame(stream, 0, number_of_frames=frames)
    *size, bits = read_codestream(frame)
    most = 2 * layout.rows * layout.columns * layout.samples * layout.bits_allocated // 8
    if (
        size != [layout.rows, layout.columns, layout.samples]
        or bits > layout.bits_allocated
        or len(frame) > most + _LARGEST_HEADERS
    ):
        raise ImageError(
            f"The header states {layout.columns} x {layout.rows} pixels of {layout.samples} "
            f"channels and {layout.bits_allocated} bits, but the compressed image inside has "
            "another size. The file is damaged; export it again."
        )
    work = layout.rows * layout.columns + len(frame)
    allow_more_time(work / 1e6 * _SECONDS_PER_MILLION)
    codestream = mended(frame)
    if codestream is not frame and len(codestream) == len(frame):
        doubts.append(_NO_SPECTRUM)
    if b"\xff\xd9" not in frame[-_LONGEST_PADDING:]:
        doubts.append(_INCOMPLETE)
    # The file is read again rather than a frame kept: it may be 90 MB.
    return stream if codestream is frame else encapsulate([codestream], has_bot=False)


def allow_more_time(seconds: float) -> None:
    """Grant this process so many more seconds of the processor, where a clock limits them."""
    if hasattr(signal, "setitimer"):
        left, _ = signal.getitimer(signal.ITIMER_PROF)
        if left:
            signal.setitimer(signal.ITIMER_PROF, left + seconds)


def _grey_channel(values: NDArray[Any], layout: PixelFormat) -> NDArray[Any]:
    """Return the one channel of a picture in colours that has none."""
    first, second, third = (values[..., channel] for channel in range(3))
    if np.array_equal(second, third) and (
        np.array_equal(first, second)
        or (layout.photometric.startswith("YBR_FULL") and bool((second == 128).all()))
    ):
        return first
    raise colours_refused()


def decode_rle(
    frame: bytes, rows: int, columns: int, dtype: np.dtype[np.integer[Any]], samples: int = 1
) -> NDArray[np.integer[Any]]:
    """Decode one frame to (rows, columns), or (rows, columns, samples) if there are several."""
    segments, *starts = struct.unpack("<16L", frame[:_RLE_HEADER].ljust(_RLE_HEADER, b"\0"))
    if segments != dtype.itemsize * samples:
        raise ValueError("the number of RLE segments does not fit the bits allocated")
    bounds = [*starts[:segments], len(frame)]
    # One long line: runs may then cross the rows, which PS3.5 forbids but some writers do.
    size = (rows * columns, 1)
    planes = [
        np.asarray(PillowImage.frombytes("L", size, frame[start:end], "packbits", "L"))
        for start, end in pairwise(bounds)
    ]
    bytes_first = [i ^ (dtype.itemsize - 1) for i in range(segments)]  # the lowest byte first
    merged = np.asarray(cv2.merge([planes[i] for i in bytes_first]), dtype=np.uint8)
    shape = (rows, columns) if samples == 1 else (rows, columns, samples)
    return merged.reshape(-1).view(dtype.newbyteorder("<")).reshape(shape).astype(dtype, copy=False)
