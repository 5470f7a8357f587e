"""Check what a compressed DICOM frame asks of its decoder, by its own headers.

Used by `dicom_pixels`. The decoders (libjpeg, OpenJPEG) believe a frame rather than the DICOM
header: four thousand channels, a million tiles or a thousand scans under a small header take
gigabytes or minutes. Real frames have few of each.

Reference: ITU-T T.81 annex B (JPEG), T.87 annex C (JPEG-LS), T.800 annex A (JPEG 2000).
"""

import struct
from collections.abc import Iterator

from mammo.errors import ImageError
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS

Stated = tuple[int, int, int, int]  # rows, columns, channels, bits of a value

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


def read_codestream(frame: bytes) -> Stated:
    """Return what a JPEG, JPEG-LS or JPEG 2000 frame states of itself; refuse a costly one."""
    start = _jpeg_2000_start(frame)
    if start is not None and len(frame) >= start + 45:
        return _jpeg_2000(frame, start)
    if start is None and frame[:2] == b"\xff\xd8":
        return _jpeg(frame)
    raise _damaged()


def mended(frame: bytes) -> bytes:
    """Return a frame as it should be; the very same one where nothing is amiss."""
    start = _jpeg_2000_start(frame)
    if start is not None:
        return frame[start:] if start else frame
    is_sequential = False
    for marker, _start, end in _jpeg_segments(frame):
        is_sequential = is_sequential or marker in (0xC0, 0xC1)
        if marker == 0xDA and is_sequential and frame[end - 3 : end - 1] == b"\0\0":
            return frame[: end - 2] + b"\x3f" + frame[end - 1 :]
    return frame


def _jpeg(frame: bytes) -> Stated:
    stated, kind = None, 0
    for count, (marker, start, end) in enumerate(_jpeg_segments(frame)):
        if marker not in _JPEG_MARKERS or (marker in _SIZES and stated is not None):
            raise _costly("a hierarchical, arithmetic or extended JPEG")
        if count > MOST_SEGMENTS:
            raise _costly(f"more than {MOST_SEGMENTS} segments")
        if marker in _SIZES and end - start >= 6:
            kind = marker
            precision, rows, columns, channels = struct.unpack_from(">BHHB", frame, start)
            stated = rows, columns, channels, precision
    if stated is None:
        raise _damaged()
    # In the coded data FF is always followed by 00 or, in JPEG-LS, by less than 80.
    scans = frame.count(b"\xff\xda")
    values = stated[0] * stated[1] * stated[2]
    if kind == 0xF7 and values > MAX_COSTLY_PIXELS:
        raise _costly(f"a JPEG-LS image of {values // 10**6} million values")
    if kind == 0xC3 and values + len(frame) > MOST_WORK:
        raise _costly(f"a lossless JPEG of {len(frame) // 10**6} MB")
    if scans > 4 and scans * values > MOST_SCANNED_PIXELS:
        raise _costly(f"{scans:,} scans")
    return stated


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


def _jpeg_2000(frame: bytes, start: int) -> Stated:
    length, _, right, bottom, left, top, width, height, tile_x, tile_y, channels, bits, *steps = (
        struct.unpack_from(">HH8LH3B", frame, start + 4)
    )
    if not width or not height:
        raise _damaged()
    rows, columns = bottom - top, right - left
    tiles = -((tile_x - right) // width) * -((tile_y - bottom) // height)
    if channels == 1 and steps != [1, 1]:
        raise _costly("an image with pixels left out")
    if tiles > MOST_TILES:
        raise _costly(f"{tiles:,} tiles")
    tile = (min(width, columns), min(height, rows))
    _check_tiles(frame, start + 4 + length, tiles * channels, tile)
    if rows * columns * channels + len(frame) * 3 // 2 > MOST_WORK:
        raise _costly(f"a JPEG 2000 of {len(frame) // 10**6} MB")
    return rows, columns, channels, (bits & 0x7F) + 1


def _check_tiles(frame: bytes, position: int, tiles: int, tile: tuple[int, int]) -> None:
    """Follow the main header and those of the tile parts, any of which may set the coding style."""
    part, part_length = position, 0
    for _ in range(4 * MOST_TILES):
        if position + 4 > len(frame):
            return
        marker, length = struct.unpack_from(">HH", frame, position)
        body = frame[position + 4 : position + min(length, 64) + 2]
        if marker == 0xFF90 and len(body) >= 8:  # SOT: a tile part, of so many bytes
            part, part_length = position, int.from_bytes(body[2:6])
        elif marker == 0xFF93:  # SOD: the coded data
            if part_length < 14:  # it lasts to the end
                return
            position = part + part_length
            continue
        elif marker == 0xFF52 and len(body) >= 10:  # COD
            layers = int.from_bytes(body[2:4])
            if _packets_or_blocks(body[5:], body[0] & 1, tile, layers) * tiles > MOST_BLOCKS:
                raise _costly(f"more than {MOST_BLOCKS:,} blocks of pixels")
        elif marker >> 8 != 0xFF or marker & 0xFF not in _JPEG_2000_MARKERS:
            raise _costly("several coding styles or unknown parts")
        elif marker == 0xFFD9 or length < 2:
            return
        position += 2 + length
    raise _costly(f"more than {MOST_TILES:,} parts of tiles")


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


def _costly(received: str) -> ImageError:
    return ImageError(
        "The compressed image takes too long to decode: expected that of an ordinary mammogram, "
        f"received {received}. Save the mammogram again uncompressed."
    )


def _damaged() -> ImageError:
    return ImageError(
        "The pixel data cannot be decoded: expected a compressed image, received damaged "
        "data without its size. Export or download the file again."
    )
