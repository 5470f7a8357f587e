"""Count what a DICOM file asks of its readers before they read it.

Used by `dicom_header` and `dicom_pixels`. pydicom has no bound of its own: it builds an object for
each item of a sequence, splits a character set at each of its millions of backslashes and inflates
whatever it is given. Every element, item and fragment costs it a read, so reads are counted. The
decoders (libjpeg, OpenJPEG) believe a frame rather than the DICOM header: four thousand channels, a
million tiles or a thousand scans under a small header take gigabytes or minutes. Real frames have
few of each.

Reference: ITU-T T.81 annex B (JPEG), T.87 annex C (JPEG-LS), T.800 annex A (JPEG 2000).
"""

import signal
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import BinaryIO

from mammo.errors import ImageError
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS

# Reads of a header, about two per element or item. Films have 100 to 500 elements, breast
# tomosynthesis objects of 100 frames about 10,000; 40,000 reads take pydicom about half a second.
MOST_READS = 40_000

# Bytes of a header that are read rather than stepped over. Films have under 0.2 MB: at most some
# look-up tables of 131 kB and an icon.
MOST_BYTES = 16_000_000

# Fragments of the pixel data. Films have one to some hundreds: 20,000 would be 2 kB each in a film
# of 40 MB.
MOST_FRAGMENTS = 20_000

MOST_SEGMENTS = 500  # marker segments of a JPEG, fill bytes counted; films have under 20

# Pixels times scans of a JPEG: each scan may visit every pixel, and a grey film has one.
MOST_SCANNED_PIXELS = 2 * MAX_PIXELS

# Tiles of a JPEG 2000 frame, and parts of tiles. Films have one, or tiles of at least 256 x 256,
# which makes 690 of the largest film.
MOST_TILES = 4_000

# Code blocks, and packets, of a JPEG 2000 frame. The largest film in blocks of 32 x 32 (64 x 64 is
# usual) has 60,000, in 12 quality layers of ordinary precincts few packets more.
MOST_BLOCKS = 250_000

# Pixels of a lossless JPEG or JPEG 2000 frame plus bytes (of JPEG 2000 one and a half times), by
# which decoding takes time: a film of 38 million pixels that was compressed to half its size or
# less, as films are, passes; noise of that size, which takes ten seconds, does not.
MOST_WORK = 75_000_000

_LONGEST_PADDING = 64
_LONGEST_BOXES = 4096

# Frame headers: sequential, progressive and lossless JPEG, JPEG-LS.
_SIZES = {0xC0, 0xC1, 0xC2, 0xC3, 0xF7}

# Without hierarchical and arithmetic JPEG, lines counted afterwards, and JPEG XT (a second picture
# inside). Without markers that have no length too: decoders disagree on what follows them.
_JPEG_MARKERS = {*_SIZES, 0xC4, *range(0xDA, 0xDC), 0xDD, *range(0xE0, 0xF0), 0xF8, 0xFE, 0xFF}
_JPEG_MARKERS -= {0xEB}

# Without COC and POC, another style or order for a channel. OpenJPEG looks for known markers inside
# unknown ones.
_JPEG_2000_MARKERS = bytes.fromhex("50 52 55 57 58 59 5C 5D 5E 60 61 63 64 90 93 D9")

ITEM = b"\xfe\xff\x00\xe0"
_CHARACTER_SET = (b"\x08\0\x05\0", b"\0\x08\0\x05")
_TOO_MUCH = (
    "The DICOM file has an unusually large structure: expected the header of one film, received "
    "{}. Export the film again, without private data."
)


@dataclass
class _Budget:
    reads: int = MOST_READS
    bytes: int = MOST_BYTES
    refusal: ImageError | None = None


class CountedReader:
    """Pass a binary file on to pydicom, up to a number of reads and bytes."""

    def __init__(self, stream: BinaryIO, budget: _Budget | None = None) -> None:
        self._stream = stream
        self._budget = budget or _Budget()
        self.tell = stream.tell
        self.seek = stream.seek

    def part(self, content: bytes) -> "CountedReader":
        """Return a reader of an element's content that counts on."""
        return CountedReader(BytesIO(content), self._budget)

    def read(self, size: int = -1) -> bytes:
        """Read as a file does; refuse to read all, which pydicom asks for in order to inflate."""
        if size < 0:
            self._refuse(
                "Expected DICOM with plain or compressed pixels, received a deflated data set. "
                "Save it again uncompressed (Explicit VR Little Endian)."
            )
        budget = self._budget
        content = self._stream.read(min(size, budget.bytes + 1))
        budget.reads -= 1
        budget.bytes -= len(content)
        if budget.reads < 0:
            self._refuse(_TOO_MUCH.format(f"more than {MOST_READS // 2:,} elements"))
        if budget.bytes < 0:
            self._refuse(_TOO_MUCH.format(f"values of more than {MOST_BYTES // 10**6} MB"))
        if size == 8 and content[:4] in _CHARACTER_SET:
            return content[:4].replace(b"\x05", b"\x04") + content[4:]
        return content

    def check(self) -> None:
        """Raise the refusal again; pydicom turns some errors of `read` into its own."""
        if self._budget.refusal is not None:
            raise self._budget.refusal

    def _refuse(self, sentence: str) -> None:
        self._budget.refusal = self._budget.refusal or ImageError(sentence)
        raise self._budget.refusal


def count_fragments(stream: BinaryIO) -> int:
    """Count the fragments of compressed pixel data (PS3.5 section A.4); 0 if one is cut short."""
    start = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(start)
    items = 0
    while (head := stream.read(8))[:4] == ITEM and len(head) == 8:
        (length,) = struct.unpack("<L", head[4:])
        items += 1
        if items > MOST_FRAGMENTS or (items == 1 and length > 4 * MOST_FRAGMENTS):
            raise ImageError(_TOO_MUCH.format(f"more than {MOST_FRAGMENTS:,} pixel data fragments"))
        if stream.tell() + length > end:
            items = 0
            break
        stream.seek(length, 1)
    stream.seek(start)
    return max(0, items - 1)


@dataclass(frozen=True)
class Codestream:
    """What a frame states of itself, and which part is more than a film needs."""

    rows: int
    columns: int
    channels: int
    precision: int
    cost_refusal: str = ""


def read_codestream(frame: bytes) -> Codestream | None:
    """Read the headers of a JPEG, JPEG-LS or JPEG 2000 frame; None if they cannot be followed."""
    start = _jpeg_2000_start(frame)
    if start is not None:
        return _jpeg_2000(frame, start)
    return _jpeg(frame) if frame[:2] == b"\xff\xd8" else None


def is_complete(frame: bytes) -> bool:
    """Check whether a frame ends with its end marker, FFD9; it may be padded after it."""
    return b"\xff\xd9" in frame[-_LONGEST_PADDING:]


def mended(frame: bytes) -> bytes:
    """Return a frame as it should be."""
    start = _jpeg_2000_start(frame)
    if start is not None:
        return frame[start:] if start else frame
    is_sequential = False
    for marker, _start, end in _jpeg_segments(frame):
        is_sequential = is_sequential or marker in (0xC0, 0xC1)
        if marker == 0xDA and is_sequential and frame[end - 3 : end - 1] == b"\0\0":
            return frame[: end - 2] + b"\x3f" + frame[end - 1 :]
    return frame


def _jpeg(frame: bytes) -> Codestream | None:
    stated, refusal, kind = None, "", 0
    for count, (marker, start, end) in enumerate(_jpeg_segments(frame)):
        if count > MOST_SEGMENTS:
            refusal = f"more than {MOST_SEGMENTS} segments"
        if marker not in _JPEG_MARKERS or (marker in _SIZES and stated is not None):
            refusal = "a hierarchical, arithmetic or extended JPEG"
        if marker in _SIZES and end - start >= 6:
            kind = marker
            precision, rows, columns, channels = struct.unpack_from(">BHHB", frame, start)
            stated = Codestream(rows, columns, channels, precision)
        if refusal:
            break
    if stated is None:
        return Codestream(0, 0, 0, 0, refusal) if refusal else None
    # In the coded data FF is always followed by 00 or, in JPEG-LS, by less than 80.
    scans = frame.count(b"\xff\xda")
    values = stated.rows * stated.columns * stated.channels
    if kind == 0xF7 and values > MAX_COSTLY_PIXELS:
        refusal = f"a JPEG-LS picture of {values // 10**6} million values"
    elif kind == 0xC3 and values + len(frame) > MOST_WORK:
        refusal = f"a lossless JPEG of {len(frame) // 10**6} MB"
    elif scans > 4 and scans * values > MOST_SCANNED_PIXELS:
        refusal = f"{scans:,} scans"
    return replace(stated, cost_refusal=refusal)


def _jpeg_segments(frame: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of a JPEG's segments up to its first scan, fill bytes as 0xFF."""
    position = 2
    while position + 4 <= len(frame) and frame[position] == 0xFF:
        marker, length = struct.unpack_from(">BH", frame, position + 1)
        if marker == 0xFF:
            position, length = position + 1, -2
        elif length < 2:
            return
        yield marker, position + 4, position + 2 + length
        if marker == 0xDA:
            return
        position += 2 + length


def _jpeg_2000_start(frame: bytes) -> int | None:
    """Return where a JPEG 2000 codestream starts; some writers leave it in its file format."""
    start = frame.find(b"\xff\x4f\xff\x51", 0, _LONGEST_BOXES)
    is_file = frame[4:8] == b"jP  "
    return start if start == 0 or (start > 0 and is_file) else None


def _jpeg_2000(frame: bytes, start: int) -> Codestream | None:
    if len(frame) < start + 45:
        return None
    length, _, right, bottom, left, top, width, height, tile_x, tile_y, channels, bits, *steps = (
        struct.unpack_from(">HH8LH3B", frame, start + 4)
    )
    if not width or not height:
        return None
    stated = Codestream(bottom - top, right - left, channels, (bits & 0x7F) + 1)
    tiles = -((tile_x - right) // width) * -((tile_y - bottom) // height)
    tile = (min(width, stated.columns), min(height, stated.rows))
    refusal = ""
    if channels == 1 and steps != [1, 1]:
        refusal = "a picture with pixels left out"
    elif tiles > MOST_TILES:
        refusal = f"{tiles:,} tiles"
    else:
        refusal = _jpeg_2000_cost(frame, start + 4 + length, tiles * channels, tile)
    if stated.rows * stated.columns * channels + len(frame) * 3 // 2 > MOST_WORK:
        refusal = refusal or f"a JPEG 2000 of {len(frame) // 10**6} MB"
    return replace(stated, cost_refusal=refusal)


def _jpeg_2000_cost(frame: bytes, position: int, tiles: int, tile: tuple[int, int]) -> str:
    """Follow the main header and those of the tile parts, any of which may set the coding style."""
    part, part_length = position, 0
    for _ in range(4 * MOST_TILES):
        if position + 4 > len(frame):
            return ""
        marker, length = struct.unpack_from(">HH", frame, position)
        body = frame[position + 4 : position + min(length, 64) + 2]
        if marker == 0xFF90 and len(body) >= 8:  # SOT: a tile part, of so many bytes
            part, part_length = position, int.from_bytes(body[2:6])
        elif marker == 0xFF93:  # SOD: the coded data
            if part_length < 14:  # it lasts to the end
                return ""
            position = part + part_length
            continue
        elif marker == 0xFF52 and len(body) >= 10:  # COD
            layers = int.from_bytes(body[2:4])
            if _packets_or_blocks(body[5:], body[0] & 1, tile, layers) * tiles > MOST_BLOCKS:
                return f"more than {MOST_BLOCKS:,} blocks of pixels"
        elif marker >> 8 != 0xFF or marker & 0xFF not in _JPEG_2000_MARKERS:
            return "several coding styles or unknown parts"
        elif marker == 0xFFD9 or length < 2:
            return ""
        position += 2 + length
    return f"more than {MOST_TILES:,} parts of tiles"


def _packets_or_blocks(style: bytes, has_precincts: int, tile: tuple[int, int], layers: int) -> int:
    """Return how many packets, or code blocks if they are more, one tile has."""
    levels = min(style[0], 32)
    packets = blocks = 0
    for level in range(levels + 1):  # the smallest resolution first
        size = style[5 + level] if has_precincts and len(style) > 5 + level else 0xFF
        width, height = ((length >> levels - level) + 2 for length in tile)
        across, down = size & 15, size >> 4
        packets += ((width >> across) + 1) * ((height >> down) + 1)
        across, down = min(across, style[1] + 2), min(down, style[2] + 2)
        blocks += ((width >> across) + 1) * ((height >> down) + 1)
    return max(packets * max(1, layers), blocks)


def allow_more_time(seconds: float) -> None:
    """Give this process so many more seconds of the processor, where a clock limits them."""
    if hasattr(signal, "setitimer"):
        left, _ = signal.getitimer(signal.ITIMER_PROF)
        if left:
            signal.setitimer(signal.ITIMER_PROF, left + seconds)
