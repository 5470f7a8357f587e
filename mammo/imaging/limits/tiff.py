"""Read what a TIFF or an EXIF block states, with a bound on each count; refuse the rest by name.

Used by `picture_tiff` and `picture`. Only the tags that are asked for are read, so that a tag
nobody needs costs nothing, whatever it holds.

References: TIFF 6.0, sections 2 (directories), 4 (strips), 8 (fields), 14 (predictor), 15 (tiles),
19 (sample format); BigTIFF design (AWare Systems); TIFF Technical Notes 1 (SubIFDs) and 3.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from mammo.errors import ImageError
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS, check_size, refusal

MAX_ENTRIES = 1_000  # tags per directory; scanners and microscopes write fewer than 100
MAX_PAGES = 100  # directories that are looked at; a TIFF of a study has one page per view
MAX_BLOCKS = 30_000  # strips or tiles; 10,000 rows of three planes with a strip each have as many
MAX_JPEG_BLOCKS = (
    2_000  # those that are JPEG pictures of their own, whose segments are counted, too
)
MAX_SAMPLES = 16  # channels per pixel; grey, colour and transparency need five
MAX_RAW_BYTES = (
    250_000_000  # decompressed, of all channels; RGBA of the largest size has 180 million
)
# Decompressed bytes of one row of strips or tiles, which is in memory twice. A film that is one
# single strip of RGB has 135 million.
MAX_ROW_BYTES = 150_000_000

# Types of unsigned whole numbers; each tag that is read here has one.
_TYPES = {1: "B", 3: "H", 4: "L", 7: "B", 13: "L", 16: "Q", 18: "Q"}
_ORIENTATION, _SUB_DIRECTORIES, _BIG = 274, 330, 43

NO_COMPRESSION, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE = 1, 5, 7, 8, 32773, 32946
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6

_COMPRESSIONS = {
    2: "fax (CCITT)", 3: "fax (CCITT group 3)", 4: "fax (CCITT group 4)", 6: "old-style JPEG",
    34661: "JBIG", 34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA", 50000: "Zstandard",
    50001: "WebP", 50002: "JPEG XL",
}  # fmt: skip
_COLOURS = {
    4: "a transparency mask", 5: "CMYK (printing inks)", 6: "YCbCr without JPEG compression",
    8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*", 32803: "a camera's raw mosaic",
    32844: "LogL", 32845: "LogLuv", 34892: "a camera's raw colours",
}  # fmt: skip
_FORMATS = {1: "unsigned", 2: "signed", 3: "floating-point", 5: "complex integer", 6: "complex"}
_UNDEFINED = 4  # SampleFormat of a writer that did not know it; unsigned, as TIFF 6.0 recommends
_DEPTHS = {
    UNSIGNED: {*range(1, 17), 24, 32, 64}, SIGNED: {8, 16, 24, 32, 64}, FLOAT: {16, 32, 64}
}  # fmt: skip


@dataclass(frozen=True)
class Directory:
    """One directory (page) of a TIFF: its tags, and where their values are."""

    stream: BinaryIO
    order: str
    entries: dict[int, tuple[int, int, int]]
    after: int

    def values(self, tag: int, most: int) -> tuple[int, ...]:
        """Return a tag's first `most` whole numbers; () if absent or of another type."""
        kind, count, place = self.entries.get(tag, (0, 0, 0))
        if kind not in _TYPES:
            return ()
        form = f"{self.order}{min(count, most)}{_TYPES[kind]}"
        return struct.unpack(form, _bytes_at(self.stream, place, struct.calcsize(form)))

    def value(self, tag: int, default: int = 0) -> int:
        """Return a tag's first number."""
        return next(iter(self.values(tag, 1)), default)


def pages(stream: BinaryIO) -> list[Directory]:
    """Return the directories of a TIFF in their order, at most `MAX_PAGES`."""
    order, is_big, place = _header(stream)
    found: dict[int, Directory] = {}
    ahead = [place]
    while ahead and len(found) < MAX_PAGES:
        place = ahead.pop(0)
        if place == 0 or place in found:
            continue
        try:
            page = _directory(stream, order, is_big, place)
            below = page.values(_SUB_DIRECTORIES, MAX_PAGES)
        except EOFError:
            if not found:
                raise
            continue
        found[place] = page
        ahead = [*below, *ahead, page.after]
    if not found:
        raise EOFError
    return list(found.values())


def exif_orientation(block: bytes) -> int:
    """Return the orientation (1 to 8) that an EXIF block states; 1 if it states none."""
    try:
        stream = BytesIO(block.removeprefix(b"Exif\0\0"))
        order, is_big, place = _header(stream)
        return _directory(stream, order, is_big, place).value(_ORIENTATION, 1)
    except (EOFError, ImageError):  # a damaged block says nothing about the pixels
        return 1


def _header(stream: BinaryIO) -> tuple[str, bool, int]:
    """Return the byte order, whether it is a BigTIFF, and where the first directory is."""
    head = _bytes_at(stream, 0, 8)
    order = "<" if head[:2] == b"II" else ">"
    version, first = struct.unpack(order + "HL", head[2:])
    if version != _BIG:
        return order, False, first
    return order, True, struct.unpack(order + "Q", _bytes_at(stream, 8, 8))[0]


def _directory(stream: BinaryIO, order: str, is_big: bool, place: int) -> Directory:
    number, entry, link = ("Q", "HHQ8s", "Q") if is_big else ("H", "HHL4s", "L")
    head = struct.calcsize(order + number)
    (count,) = struct.unpack(order + number, _bytes_at(stream, place, head))
    if count > MAX_ENTRIES:
        expected = f"at most {MAX_ENTRIES:,} tags per page of a TIFF"
        raise refusal(expected, f"{count:,}", "Save the picture again as PNG.")
    size, start = struct.calcsize(order + entry), place + head
    content = _bytes_at(stream, start, count * size)
    entries: dict[int, tuple[int, int, int]] = {}
    for index, (tag, kind, length, inline) in enumerate(struct.iter_unpack(order + entry, content)):
        width = struct.calcsize(order + _TYPES.get(kind, "B"))
        at = start + (index + 1) * size - len(inline)
        if width * length > len(inline):
            (at,) = struct.unpack(order + link, inline)
        entries.setdefault(tag, (kind, length, at))
    end = _bytes_at(stream, start + len(content), struct.calcsize(order + link), may_be_short=True)
    after = struct.unpack(order + link, end)[0] if len(end) == struct.calcsize(order + link) else 0
    return Directory(stream, order, entries, after)


def _bytes_at(stream: BinaryIO, place: int, size: int, may_be_short: bool = False) -> bytes:
    if place >= 2**63:
        raise EOFError
    stream.seek(place)
    content = stream.read(size)
    if len(content) < size and not may_be_short:
        raise EOFError
    return content


@dataclass(frozen=True)
class Layout:
    """How a page's values are stored: in blocks (strips or tiles) of rows x columns pixels."""

    height: int
    width: int
    samples: int
    bits: int
    form: int
    photometric: int
    compression: int
    predictor: int
    planes: int
    rows: int
    columns: int
    is_tiled: bool

    @property
    def across(self) -> int:
        """Blocks side by side."""
        return -(-self.width // self.columns)

    @property
    def down(self) -> int:
        """Blocks one below the other."""
        return -(-self.height // self.rows)

    @property
    def packed(self) -> int:
        """Samples of one pixel in a block."""
        return self.samples // self.planes

    @property
    def row_bytes(self) -> int:
        """Bytes of a block's row, decompressed."""
        return -(-self.columns * self.packed * self.bits // 8)

    @property
    def colours(self) -> int:
        """Samples of one pixel that are colours; the others are extra."""
        return 3 if self.photometric in (RGB, YCBCR) else 1


def read_layout(page: Directory) -> Layout:
    """Return the layout of a page."""
    height, width = page.value(257), page.value(256)
    check_size(height, width)
    samples, bits, form = _depth(page)
    is_costly = not 8 <= bits <= 16 or form == FLOAT or (samples > 1 and bits != 8)
    check_size(height, width, MAX_COSTLY_PIXELS if is_costly else MAX_PIXELS)
    is_tiled = 322 in page.entries
    compression = page.value(259, NO_COMPRESSION)
    layout = Layout(
        height, width, samples, bits, form,
        photometric=page.value(262, RGB if samples > 2 else BLACK_IS_ZERO),
        compression=compression,
        predictor=page.value(317, 1) if compression in (LZW, DEFLATE, OLD_DEFLATE) else 1,
        planes=samples if page.value(284, 1) == 2 else 1,
        rows=page.value(323) if is_tiled else min(page.value(278) or height, height),
        columns=page.value(322) if is_tiled else width,
        is_tiled=is_tiled,
    )  # fmt: skip
    for expected, received in (*_unknown_kinds(page, layout), *_costly_blocks(layout)):
        raise _refused(expected, received)
    return layout


def _depth(page: Directory) -> tuple[int, int, int]:
    """Return samples per pixel, bits per sample and sample format, all samples alike."""
    samples = page.value(277, 1)
    if not 1 <= samples <= MAX_SAMPLES:
        raise _refused(f"1 to {MAX_SAMPLES} channels", f"{samples:,}")
    depths = set(page.values(258, samples)) or {1}
    formats = set(page.values(339, samples)) or {UNSIGNED}
    if len(depths) > 1 or len(formats) > 1:
        raise _refused("channels of one depth and sample format", "different ones")
    bits, form = depths.pop(), formats.pop()
    form = UNSIGNED if form == _UNDEFINED else form
    if bits not in _DEPTHS.get(form, ()):
        expected = "whole or floating-point numbers of 8, 16, 32 or 64 bits"
        name = _FORMATS.get(form, f"unknown (SampleFormat {form})")
        raise _refused(expected, f"{bits}-bit {name} ones")
    return samples, bits, form


def _unknown_kinds(page: Directory, layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield what is expected and received for each tag whose value is not read."""
    compression, photometric, predictor = layout.compression, layout.photometric, layout.predictor
    if compression not in (NO_COMPRESSION, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE):
        name = _COMPRESSIONS.get(compression, f"number {compression}")
        yield "no compression, LZW, deflate, PackBits or JPEG", f"{name} compression"
    is_jpeg = compression == JPEG
    if not (photometric <= PALETTE or (photometric == YCBCR and is_jpeg)):
        yield "grey or RGB", _COLOURS.get(photometric, f"colours of kind {photometric}")
    if layout.samples < layout.colours:
        yield "three channels of colour", f"{layout.samples}"
    if photometric == PALETTE and (layout.bits > 16, layout.form, layout.samples) != (False, 1, 1):
        yield "a palette of one channel of 1 to 16 bits", "another"
    if page.value(266, 1) != 1:
        yield "the highest bit first", "the lowest (FillOrder 2)"
    if is_jpeg and ((layout.bits, layout.form) != (8, UNSIGNED) or layout.packed not in (1, 3)):
        yield "JPEG compression of 8 bits and 1 or 3 channels", "another"
    if not (
        predictor == 1
        or (predictor == 2 and layout.bits in (8, 16, 32, 64))
        or (predictor == 3 and layout.form == FLOAT)
    ):
        yield "a predictor that suits the values", f"{predictor} for {layout.bits} bits"


def _costly_blocks(layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with strips and tiles that cost far more than their picture."""
    if not (layout.rows and layout.columns):
        yield "strips or tiles", "ones without pixels"
        return
    blocks = layout.across * layout.down
    stored, size = blocks * layout.rows * layout.columns, f"{layout.columns:,} x {layout.rows:,}"
    most = MAX_JPEG_BLOCKS if layout.compression == JPEG else MAX_BLOCKS
    if blocks * layout.planes > most:
        yield f"at most {most:,} strips or tiles", f"{blocks * layout.planes:,}"
    if layout.is_tiled and stored > 2 * max(layout.height * layout.width, 10**6):
        yield f"tiles that fit {layout.width:,} x {layout.height:,} pixels", f"ones of {size}"
    row = layout.across * layout.planes * layout.rows * layout.row_bytes
    if row > MAX_ROW_BYTES or row * layout.down > MAX_RAW_BYTES:
        yield "less data per strip or tile and in all", f"strips or tiles of {size} pixels"


def _refused(expected: str, received: str) -> ImageError:
    return refusal(f"a TIFF with {expected}", received)
