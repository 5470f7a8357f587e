"""Read a TIFF: which page is the picture, its values, and what they mean.

Used by `picture`. Every depth, sample format, byte order, plane and block layout is read exactly or
refused by name. Pillow reads only a part, and some of it wrongly: unsigned as signed, 16-bit
colours cut to 8 bits. Its libtiff decompresses: a batch of blocks is given to it as a TIFF of plain
bytes (of pixels for JPEG), so that it knows nothing of what they mean. Only the tags that are asked
for are read, each up to a count, so that a tag nobody needs costs nothing, whatever it holds.

References: TIFF 6.0, sections 2 (directories, types), 4 (strips), 5 (palette), 8 (fields), 12
(multi-page), 14 (predictor), 15 (tiles), 18 (alpha), 19 (sample format), 22 (JPEG); BigTIFF design
(AWare Systems); TIFF Technical Notes 1 (SubIFDs) and 3 (floating-point predictor).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from mammo.errors import ImageError
from mammo.imaging.essence import jpeg_essence
from mammo.imaging.grey import to_grey
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS, check_size, refusal

MAX_ENTRIES = 1_000  # tags per directory; scanners and microscopes write fewer than 100
MAX_PAGES = 100  # directories that are looked at; a TIFF of a study has one page per view
MAX_BLOCKS = 30_000  # strips or tiles; 10,000 rows of three planes with a strip each have as many
MAX_JPEG_BLOCKS = 2_000  # those that are JPEG pictures of their own, whose segments are counted too
MAX_SAMPLES = 16  # channels per pixel; grey, colour and transparency need five
MAX_RAW_BYTES = 250_000_000  # decompressed; RGBA of the largest size has 180 million
# Decompressed bytes of one row of strips or tiles, which is in memory twice. A film that is one
# single strip of RGB has 135 million.
MAX_ROW_BYTES = 150_000_000
MAX_JPEG_TABLES = 65_536  # bytes of the JPEG tables that all blocks share
_BATCH_BYTES = 4_000_000  # decompressed at once, unless one row of blocks has more
_STRIP_VALUES = 4_000_000  # unpacked at once

# Types of unsigned whole numbers; each tag that is read here has one.
_TYPES = {1: "B", 3: "H", 4: "L", 7: "B", 13: "L", 16: "Q", 18: "Q"}
_BIG = 43

NO_COMPRESSION, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE = 1, 5, 7, 8, 32773, 32946
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6
_UNDEFINED = 4  # SampleFormat of a writer that did not know it; unsigned, as TIFF 6.0 recommends
_TRANSPARENCY = 2  # of ExtraSamples: alpha by which the colours are not multiplied
_REDUCED_OR_MASK = 5  # bits of NewSubfileType

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
_DEPTHS = {
    UNSIGNED: {*range(1, 17), 24, 32, 64}, SIGNED: {8, 16, 24, 32, 64}, FLOAT: {16, 32, 64}
}  # fmt: skip


def decode_tiff(stream: BinaryIO) -> tuple[NDArray[Any], int, tuple[str, ...]]:
    """Decode a TIFF."""
    page, warnings = _picture_page(_directories(stream))
    picture = _Picture(page)
    if 262 not in page.entries and picture.colours == 1:
        warnings += ("The file does not state whether 0 is black or white; it was read as black.",)
    grey, coloured = to_grey(picture.shown(), (picture.height, picture.width))
    return grey, page.value(274, 1), (*warnings, *coloured)


def exif_orientation(block: bytes) -> int:
    """Return the orientation (1 to 8) that an EXIF block states; 1 if it states none."""
    try:
        stream = BytesIO(block.removeprefix(b"Exif\0\0"))
        return _directory(stream, *_header(stream)).value(274, 1)
    except (EOFError, ImageError):  # a damaged block says nothing about the pixels
        return 1


@dataclass(frozen=True)
class _Directory:
    """One directory (page) of a TIFF: type, count and place of its tags, and the next one."""

    stream: BinaryIO
    order: str
    entries: dict[int, tuple[int, int, int]]
    after: int

    def values(self, tag: int, most: int) -> tuple[int, ...]:
        """Return a tag's first `most` whole numbers; () if absent or of another type."""
        kind, count, place = self.entries.get(tag, (0, 0, 0))
        if kind not in _TYPES:
            return ()
        return _numbers(self.stream, place, f"{self.order}{min(count, most)}{_TYPES[kind]}")

    def value(self, tag: int, default: int = 0) -> int:
        return next(iter(self.values(tag, 1)), default)

    @property
    def is_preview(self) -> bool:
        """NewSubfileType, or SubfileType, which it replaced."""
        return bool(self.value(254) & _REDUCED_OR_MASK) or self.value(255) == 2


def _directories(stream: BinaryIO) -> list[_Directory]:
    """Return the directories of a TIFF in their order, those below one (SubIFDs) behind it."""
    order, is_big, place = _header(stream)
    found: dict[int, _Directory] = {}
    ahead = [place]
    while ahead and len(found) < MAX_PAGES:
        place = ahead.pop(0)
        if place == 0 or place in found:
            continue
        try:
            page = _directory(stream, order, is_big, place)
            below = page.values(330, MAX_PAGES)
        except EOFError:
            if not found:
                raise
            continue
        found[place] = page
        ahead = [*below, *ahead, page.after]
    if not found:
        raise EOFError
    return list(found.values())


def _header(stream: BinaryIO) -> tuple[str, bool, int]:
    """Return the byte order, whether it is a BigTIFF, and where the first directory is."""
    order = "<" if _numbers(stream, 0, "2s") == (b"II",) else ">"
    version, first = _numbers(stream, 2, order + "HL")
    if version != _BIG:
        return order, False, first
    return order, True, _numbers(stream, 8, order + "Q")[0]


def _directory(stream: BinaryIO, order: str, is_big: bool, place: int) -> _Directory:
    number, entry, link = ("Q", "HHQ8s", "Q") if is_big else ("H", "HHL4s", "L")
    (count,) = _numbers(stream, place, order + number)
    if count > MAX_ENTRIES:
        expected = f"at most {MAX_ENTRIES:,} tags per page of a TIFF"
        raise refusal(expected, f"{count:,}", "Save the image again as PNG.")
    place += struct.calcsize(order + number)
    size = struct.calcsize(order + entry)
    (content,) = _numbers(stream, place, f"{count * size}s")
    entries: dict[int, tuple[int, int, int]] = {}
    for tag, kind, length, inline in struct.iter_unpack(order + entry, content):
        place += size
        at = place - len(inline)
        if struct.calcsize(order + _TYPES.get(kind, "B")) * length > len(inline):
            (at,) = struct.unpack(order + link, inline)
        entries.setdefault(tag, (kind, length, at))
    try:
        (after,) = _numbers(stream, place, order + link)
    except EOFError:
        after = 0
    return _Directory(stream, order, entries, after)


def _numbers(stream: BinaryIO, place: int, form: str) -> tuple[Any, ...]:
    """Return what stands at a place of a file."""
    if place >= 2**63:
        raise EOFError
    stream.seek(place)
    content = stream.read(struct.calcsize(form))
    if len(content) < struct.calcsize(form):
        raise EOFError
    return struct.unpack(form, content)


def _picture_page(found: list[_Directory]) -> tuple[_Directory, tuple[str, ...]]:
    """Return the first page that is no preview, by its tag or by its size, and a warning."""
    shown = [page for page in found if not page.is_preview]
    pages = shown or found
    sizes = [page.value(256) * page.value(257) for page in pages]
    number = next(n for n, size in enumerate(sizes, 1) if 4 * size >= max(sizes))
    if len(shown) < 2:
        return pages[number - 1], ()
    which = "the first" if number == 1 else f"number {number}, the first of full size,"
    more = " (or more)" if len(found) == MAX_PAGES else ""
    warning = f"The file has {len(shown)} pages or frames{more}; only {which} was read."
    return pages[number - 1], (warning,)


class _Picture:
    """A page whose values can be read, stored in blocks (strips or tiles) of rows x columns."""

    def __init__(self, page: _Directory) -> None:
        self.page = page
        self.height, self.width = page.value(257), page.value(256)
        check_size(self.height, self.width)
        self.samples, self.bits, self.form = _depth(page)
        is_costly = not 8 <= self.bits <= 16 or self.form == FLOAT
        is_costly = is_costly or (self.samples > 1 and self.bits != 8)
        check_size(self.height, self.width, MAX_COSTLY_PIXELS if is_costly else MAX_PIXELS)
        self.compression = page.value(259, NO_COMPRESSION)
        self.photometric = page.value(262, RGB if self.samples > 2 else BLACK_IS_ZERO)
        self.colours = 3 if self.photometric in (RGB, YCBCR) else 1  # other samples are extra
        is_predicted = self.compression in (LZW, DEFLATE, OLD_DEFLATE)
        self.predictor = page.value(317, 1) if is_predicted else 1
        self.planes = self.samples if page.value(284, 1) == 2 else 1
        self.packed = self.samples // self.planes  # samples of one pixel in a block
        self.is_tiled = 322 in page.entries
        self.rows, self.columns = page.value(323), page.value(322)
        if not self.is_tiled:
            self.rows = min(page.value(278) or self.height, self.height)
            self.columns = self.width
        self._check_kinds()
        if not (self.rows and self.columns):
            raise _refused("strips or tiles", "ones without pixels")
        self.across = -(-self.width // self.columns)
        self.down = -(-self.height // self.rows)
        self.row_bytes = -(-self.columns * self.packed * self.bits // 8)
        self._check_blocks()

    def _check_kinds(self) -> None:
        """Refuse what is not read."""
        bits, form, predictor = self.bits, self.form, self.predictor
        is_jpeg = self.compression == JPEG
        if self.compression not in (NO_COMPRESSION, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE):
            name = _COMPRESSIONS.get(self.compression, f"number {self.compression}")
            raise _refused("no compression, LZW, deflate, PackBits or JPEG", f"{name} compression")
        if not (self.photometric <= PALETTE or (self.photometric == YCBCR and is_jpeg)):
            unknown = f"colours of kind {self.photometric}"
            raise _refused("grey or RGB", _COLOURS.get(self.photometric, unknown))
        if self.samples < self.colours:
            raise _refused("three channels of colour", f"{self.samples}")
        if self.photometric == PALETTE and (bits > 16, form, self.samples) != (False, UNSIGNED, 1):
            raise _refused("a palette of one channel of 1 to 16 bits", "another")
        if self.page.value(266, 1) != 1:
            raise _refused("the highest bit first", "the lowest (FillOrder 2)")
        if is_jpeg and ((bits, form) != (8, UNSIGNED) or self.packed not in (1, 3)):
            raise _refused("JPEG compression of 8 bits and 1 or 3 channels", "another")
        suits = {1: True, 2: bits in (8, 16, 32, 64), 3: form == FLOAT}
        if not suits.get(predictor):
            raise _refused("a predictor that suits the values", f"{predictor} for {bits} bits")

    def _check_blocks(self) -> None:
        """Refuse strips and tiles that cost far more than their picture."""
        blocks, size = self.across * self.down, f"{self.columns:,} x {self.rows:,}"
        most = MAX_JPEG_BLOCKS if self.compression == JPEG else MAX_BLOCKS
        if blocks * self.planes > most:
            raise _refused(f"at most {most:,} strips or tiles", f"{blocks * self.planes:,}")
        room = 2 * max(self.height * self.width, 10**6)
        if self.is_tiled and blocks * self.rows * self.columns > room:
            expected = f"tiles that fit {self.width:,} x {self.height:,} pixels"
            raise _refused(expected, f"ones of {size}")
        row = self.across * self.planes * self.rows * self.row_bytes
        if row > MAX_ROW_BYTES or row * self.down > MAX_RAW_BYTES:
            expected = "less data per strip or tile and in all"
            raise _refused(expected, f"strips or tiles of {size} pixels")

    def shown(self) -> Iterator[NDArray[Any]]:
        """Yield rows as `to_grey` takes them: grey, RGB or RGBA, 0 or the lowest is black."""
        palette = self._palette() if self.photometric == PALETTE else None
        extras = self.page.values(338, self.samples)[: self.samples - self.colours]
        for values in self._strips():
            if palette is None:
                colours = self._full_range(values[..., : self.colours])
            else:
                colours = np.take(palette, values[..., 0], axis=0)
            if self.photometric == WHITE_IS_ZERO:
                # A complement keeps distances and cannot overflow.
                colours = -colours if self.form == FLOAT else ~colours
            if _TRANSPARENCY in extras:
                opacity = values[..., self.colours + extras.index(_TRANSPARENCY)]
                colours = np.broadcast_to(colours, (*colours.shape[:2], 3))
                yield np.dstack([colours, self._full_range(opacity)])
            else:
                yield colours[..., 0] if colours.shape[2] == 1 else colours

    def _palette(self) -> NDArray[Any]:
        """Return the colours of a palette, (entries, 3), in the depth that its writer meant."""
        many = 1 << self.bits
        colours = np.array(self.page.values(320, 3 * many), dtype=np.uint16).reshape(3, many).T
        if colours.max() < 256:
            return colours.astype(np.uint8)
        high, low = colours >> 8, colours & 255
        is_eight_bit = bool(((low == 0) | (low == high)).all())  # times 256 or times 257
        return high.astype(np.uint8) if is_eight_bit else colours

    def _full_range(self, values: NDArray[Any]) -> NDArray[Any]:
        """Widen unsigned values of an odd depth to the range of their type."""
        is_alone = self.samples == 1 and self.bits > 8
        if self.form != UNSIGNED or self.bits in (8, 16, 32, 64) or is_alone:
            return values
        factor = np.iinfo(values.dtype).max / ((1 << self.bits) - 1)
        return np.rint(values * factor).astype(values.dtype)

    def _strips(self) -> Iterator[NDArray[Any]]:
        """Yield the values of rows from the top on, (rows, width, samples)."""
        places = self._places()
        bands = max(1, _BATCH_BYTES // (self.across * self.rows * self.row_bytes * self.planes))
        step = max(1, _STRIP_VALUES // (self.across * self.columns * self.samples))
        for first in range(0, self.down, bands):
            left = self.height - first * self.rows
            planes = [self._rows(plane[first : first + bands], left) for plane in places]
            height = min(len(planes[0]), left)
            for top in range(0, height, step):
                values = [self._values(plane[top : min(top + step, height)]) for plane in planes]
                yield values[0] if len(values) == 1 else np.concatenate(values, axis=2)

    def _places(self) -> NDArray[np.int64]:
        """Return offset and size of each block, (planes, down, across, 2)."""
        shape = (self.planes, self.down, self.across, 2)
        many, page = self.planes * self.down * self.across, self.page
        offsets = page.values(324, many) or page.values(273, many)
        size = page.stream.seek(0, 2)
        is_compressed = self.compression != NO_COMPRESSION
        counts: tuple[int, ...] = (self.rows * self.row_bytes,) * many
        if is_compressed:
            counts = page.values(325, many) or page.values(279, many)
        if many == 1 and offsets and not counts:
            counts = (size - offsets[0],)
        if len(offsets) < many or len(counts) < many or max(offsets) >= size:
            raise EOFError
        if is_compressed and sum(counts) > size:
            raise refusal("strips or tiles that are smaller than their TIFF", "overlapping ones")
        return np.array([offsets, counts], dtype=np.int64).T.reshape(shape)

    def _rows(self, places: NDArray[np.int64], left: int) -> NDArray[np.uint8]:
        """Return the bytes of rows of blocks, (rows, across, row_bytes); a last strip is short."""
        rows, stream = len(places) * self.rows, self.page.stream
        rows = rows if self.is_tiled else min(rows, left)
        blocks = []
        for offset, size in places.reshape(-1, 2).tolist():
            stream.seek(offset)
            blocks.append(stream.read(size))
        if self.compression == NO_COMPRESSION:
            needed = rows * self.across * self.row_bytes
            values = np.frombuffer(b"".join(blocks), np.uint8)[:needed]
        else:
            values = self._decompressed(blocks, rows * self.across)
        high = self.rows if self.is_tiled else 1
        whole = values.reshape(rows // high, self.across, high, self.row_bytes).swapaxes(1, 2)
        return whole.reshape(rows, self.across, self.row_bytes)

    def _decompressed(self, blocks: list[bytes], height: int) -> NDArray[np.uint8]:
        """Return the bytes of blocks one below the other, (height, row_bytes)."""
        tags = ImageFileDirectory_v2()
        samples = 3 if self.compression == JPEG and self.packed == 3 else 1
        if self.compression == JPEG:
            essences = [jpeg_essence(block) for block in blocks]
            if any(essence.is_buffered for essence in essences):
                raise refusal("a TIFF with baseline JPEG compression", "a progressive one")
            blocks = [essence.content for essence in essences]
            if tables := self.page.values(347, MAX_JPEG_TABLES):
                tags[347] = bytes(tables)
            if subsampling := self.page.values(530, 2):
                tags[530] = subsampling
        sizes = [len(block) for block in blocks]
        tags[256], tags[257] = self.row_bytes // samples, height
        tags[258], tags[259], tags[277] = (8,) * samples, self.compression, samples
        tags[262] = self.photometric if samples == 3 else 1
        tags[273] = tuple(accumulate(sizes[:-1], initial=0))  # counted from the directory's end
        tags[278], tags[279] = min(self.rows, height), tuple(sizes)
        plain = b"".join((b"II*\0\x08\0\0\0", tags.tobytes(8), *blocks))
        picture = TiffImageFile(BytesIO(plain))
        picture.load()
        values = np.empty((height, self.row_bytes), np.uint8)
        step = max(1, _BATCH_BYTES // self.row_bytes)
        for top in range(0, height, step):
            strip = picture.crop((0, top, picture.width, min(top + step, height)))
            values[top : top + step] = np.asarray(strip).reshape(-1, self.row_bytes)
        return values

    def _values(self, raw: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the samples of rows of blocks, (rows, width, packed)."""
        pixels = (*raw.shape[:2], self.columns, self.packed)
        if self.predictor == 3:
            values = self._floats_summed(raw).reshape(pixels)
        else:
            values = self._whole_numbers(raw).reshape(pixels)
            if self.predictor == 2:
                values = np.cumsum(values, axis=2, dtype=values.dtype)
        if self.form != UNSIGNED and self.bits != 24:
            values = values.view(f"{'f' if self.form == FLOAT else 'i'}{self.bits // 8}")
        return values.reshape(len(raw), -1, self.packed)[:, : self.width]

    def _floats_summed(self, raw: NDArray[np.uint8]) -> NDArray[Any]:
        """Undo predictor 3: differences of bytes, of which all the highest come first."""
        width = self.bits // 8
        differences = raw.reshape(*raw.shape[:2], -1, self.packed)
        summed = np.cumsum(differences, axis=2, dtype=np.uint8)
        planes = summed.reshape(*raw.shape[:2], width, -1)
        whole = np.ascontiguousarray(np.moveaxis(planes, 2, 3)).view(f">u{width}")
        return whole.astype(f"u{width}")

    def _whole_numbers(self, raw: NDArray[np.uint8]) -> NDArray[Any]:
        """Return a row's bits as unsigned numbers, signed ones of 24 bits apart."""
        bits, order, many = self.bits, self.page.order, self.columns * self.packed
        if bits in (8, 16, 32, 64):
            values = np.ascontiguousarray(raw).view(f"{order}u{bits // 8}")
            return values.astype(values.dtype.newbyteorder("="), copy=False)
        if bits == 24:  # becomes the upper bytes of 32 bits, from where a shift keeps the sign
            four = np.zeros((*raw.shape[:2], many, 4), np.uint8)
            four[..., 1:] = raw.reshape(*four.shape[:3], 3)[..., :: 1 if order == "<" else -1]
            return four.view("<i4" if self.form == SIGNED else "<u4")[..., 0] >> 8
        return _unpacked(raw, bits, many)


def _depth(page: _Directory) -> tuple[int, int, int]:
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


def _unpacked(raw: NDArray[np.uint8], bits: int, many: int) -> NDArray[Any]:
    """Return numbers of fewer than 16 bits, each of which lies in three bytes at most."""
    starts = np.arange(many) * bits
    padded = np.pad(raw, ((0, 0), (0, 0), (0, 2))).astype(np.uint32)
    three = (padded[..., :-2] << 16 | padded[..., 1:-1] << 8 | padded[..., 2:])[..., starts // 8]
    shift = (24 - bits - starts % 8).astype(np.uint32)
    return (three >> shift & ((1 << bits) - 1)).astype(np.uint8 if bits <= 8 else np.uint16)


def _refused(expected: str, received: str) -> ImageError:
    return refusal(f"a TIFF with {expected}", received)
