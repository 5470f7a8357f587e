"""Leave out of a PNG, JPEG or WebP file what no pixel needs, and count the rest.

Used by `picture`. Metadata (text, colour profiles, EXIF, further frames) costs a decoder time and
memory without any bound, and the result does not depend on it. What is left is counted, because a
decoder's time grows with each piece, too.

References: PNG (third edition) 5.3 and 11; ITU-T T.81 annex B; RFC 9649 (WebP).
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from mammo.errors import ImageError
from mammo.imaging.image import refusal

MAX_CHUNKS = 30_000  # of a PNG or WebP; a 16-bit film in the smallest usual pieces (8 kB) has 9,000

# Bytes by which a PNG's compressed pixels may exceed their size and an eighth of it. Deflate adds
# next to nothing even to noise, but millions of empty blocks take seconds.
MAX_WASTE = 1_000_000

# Segments of a JPEG. A colour profile has at most 255; a progressive picture adds about 60.
MAX_SEGMENTS = 400

# Scans of a JPEG. The usual progressive one has 10; each passes over the whole picture.
MAX_SCANS = 30
MAX_FILL = 10_000  # bytes of a JPEG that mean nothing; encoders write none, or a few for alignment

_PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_WEBP_KEPT = (b"VP8X", b"ALPH", b"VP8 ", b"VP8L", b"ANIM")
_WEBP_METADATA = 0x2C  # flags of VP8X: colour profile, EXIF, XMP

_SOI, _EOI, _SOS, _APP1, _APP14, _COMMENT = 0xD8, 0xD9, 0xDA, 0xE1, 0xEE, 0xFE
_ALONE = {0x00, 0x01, _SOI, *range(0xD0, 0xD8)}  # markers without a length
_METADATA = {*range(_APP1, 0xF0), _COMMENT} - {_APP14}
_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
_ARITHMETIC = {0xC9, 0xCA, 0xCD, 0xCE}  # ten times slower, and viewers do not read them either
_PROGRESSIVE = {0xC2, 0xC6}
_SEQUENTIAL = {0xC0, 0xC1}

# A marker in compressed data: neither a stuffed byte nor a restart.
_MARKER = re.compile(rb"\xff(?=[^\x00\xd0-\xd7])")
_DATA = {bytes([code]) for code in (0x00, *range(0xD0, 0xD8))}


@dataclass(frozen=True)
class Essence:
    """A picture file without its extras, and what they stated."""

    content: bytes
    exif: bytes = b""
    frames: int = 1
    is_buffered: bool = False


def png_essence(content: bytes) -> Essence:
    """Reduce a PNG to header, palette, transparency and pixels."""
    kept, exif, frames, data = [(0, 8)], b"", 1, 0
    for name, start, end in _chunks(content, 8, ">L4s", 4):
        if name in _PNG_KEPT:
            kept.append((start, end))
            data += end - start if name == b"IDAT" else 0
        elif name == b"eXIf":
            exif = content[start + 8 : end - 4]
        elif name == b"acTL":
            frames = max(1, int.from_bytes(content[start + 8 : start + 12], "big"))
        if name == b"IEND":
            if data > _png_bytes(content) * 9 // 8 + MAX_WASTE:
                expected = "a PNG whose compressed data are smaller than its pixels"
                raise refusal(expected, "far more", "Save it again.")
            return Essence(_joined(content, kept), exif, frames)
    raise EOFError


def _png_bytes(content: bytes) -> int:
    """Return the size of a PNG's pixels, a filter byte per row (two, as interlaced rows have)."""
    width, height, depth, colour = struct.unpack_from(">LLBB", content, 16)
    return int(height * (2 + width * depth * {2: 3, 4: 2, 6: 4}.get(colour, 1) // 8))


def webp_essence(content: bytes) -> Essence:
    """Reduce a WebP to its picture, or to the first frame of an animation."""
    kept, exif, frames = [], b"", 0
    for name, start, end in _chunks(content, 12, "<4sL", 0):
        if name in _WEBP_KEPT or (name == b"ANMF" and not frames):
            kept.append((start, end))
        elif name == b"EXIF":
            exif = content[start + 8 : end]
        frames += name == b"ANMF"
    body = bytearray(b"WEBP" + _joined(content, kept))
    if body[4:8] == b"VP8X" and len(body) > 12:
        body[12] &= ~_WEBP_METADATA
    return Essence(b"RIFF" + struct.pack("<L", len(body)) + body, exif, max(1, frames))


def _chunks(
    content: bytes, place: int, form: str, checksum: int
) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of each chunk. One without a checksum has an even length."""
    for _ in range(MAX_CHUNKS):
        if place + 8 > len(content):
            return
        first, second = struct.unpack_from(form, content, place)
        name, length = (second, first) if checksum else (first, second + second % 2)
        end = place + 8 + length + checksum
        if end > len(content) + (not checksum):  # the last padding may be missing
            raise EOFError
        yield name, place, end
        place = end
    raise _too_many("chunks", MAX_CHUNKS)


def jpeg_essence(content: bytes) -> Essence:
    """Reduce a JPEG to tables, frame and scans; what follows its end is left out."""
    kept, exif, scans, components, is_buffered = [(0, 2)], b"", 0, 0, False
    for code, start, end in _segments(content):
        if code in _LOSSLESS:
            received = "a lossless one (LJPEG, as the original DDSM has)"
            remedy = "Use the DICOM file of the same mammogram from CBIS-DDSM, or save it as PNG."
            raise refusal("a JPEG for viewers", received, remedy)
        if code in _ARITHMETIC:
            expected, received = "a JPEG with Huffman coding", "one with arithmetic coding"
            raise refusal(expected, received, "Save it again as PNG.")
        if code == _APP1 and content[start + 4 : start + 10] == b"Exif\0\0":
            exif = content[start + 4 : end]
        if code not in _METADATA:
            kept.append((start, end))
        if code in _PROGRESSIVE | _SEQUENTIAL:
            components = content[start + 9]
            is_buffered = is_buffered or code in _PROGRESSIVE
        if code == _SOS:
            scans += 1
            is_buffered = is_buffered or content[start + 4] < components
        if scans > MAX_SCANS:
            raise _too_many("scans", MAX_SCANS)
    return Essence(_joined(content, kept), exif, is_buffered=is_buffered)


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment up to the end, a scan with its data."""
    place, fill = 2, 0
    for _ in range(MAX_SEGMENTS):
        start = content.find(b"\xff", place)
        if start < 0:
            return
        body = start + _fill(content, start) + 1
        fill += body - 2 - place
        if fill > MAX_FILL:
            raise _too_many("bytes of fill", MAX_FILL)
        if body > len(content):
            return
        code, place = content[body - 1], body
        if code in _ALONE:
            continue
        if code != _EOI:
            place += max(2, int.from_bytes(content[body : body + 2], "big"))
        if place > len(content):
            raise EOFError
        if code == _SOS:
            place = _end_of_scan(content, place)
        yield code, body - 2, place
        if code == _EOI:
            return
    raise _too_many("segments", MAX_SEGMENTS)


def _end_of_scan(content: bytes, place: int) -> int:
    fill = 0
    while found := _MARKER.search(content, place):
        length = _fill(content, found.start())
        place = found.start() + length + 1
        if content[place - 1 : place] not in _DATA:
            return found.start()
        fill += length
        if fill > MAX_FILL:
            raise _too_many("bytes of fill", MAX_FILL)
    return len(content)


def _fill(content: bytes, place: int) -> int:
    """Count the bytes 0xFF from a place on, as far as they matter."""
    ahead = content[place : place + MAX_FILL + 2]
    return len(ahead) - len(ahead.lstrip(b"\xff"))


def _joined(content: bytes, kept: list[tuple[int, int]]) -> bytes:
    """Return pieces of a file as one; the file itself, not a copy, if that is all of it."""
    if sum(end - start for start, end in kept) == len(content):
        return content
    whole = memoryview(content)
    return b"".join(whole[start:end] for start, end in kept)


def _too_many(what: str, most: int) -> ImageError:
    return refusal(f"an image with at most {most:,} {what}", "more", "Save it again as PNG.")
