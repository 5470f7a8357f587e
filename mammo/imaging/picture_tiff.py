"""Read a TIFF: which page is the picture, its values, and what they mean.

Used by `picture`. Every depth, sample format, byte order, plane and block layout is read exactly or
refused by name (`limits.tiff`). Pillow reads only a part, and some of it wrongly: unsigned as
signed, 16-bit colours cut to 8 bits. Its libtiff decompresses: a batch of blocks is given to it as
a TIFF of plain bytes (of pixels for JPEG), so that it knows nothing of what they mean.

References: TIFF 6.0, sections 2 (types), 5 (palette), 8 (fields), 12 (multi-page), 14 (predictor),
15 (tiles), 18 (alpha), 22 (JPEG); Adobe's TIFF Technical Note 3 (floating-point predictor).
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import accumulate
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from mammo.imaging.grey import to_grey
from mammo.imaging.image import refusal
from mammo.imaging.limits.pictures import jpeg_essence
from mammo.imaging.limits.tiff import (
    FLOAT,
    JPEG,
    MAX_PAGES,
    NO_COMPRESSION,
    PALETTE,
    SIGNED,
    UNSIGNED,
    WHITE_IS_ZERO,
    Directory,
    Layout,
    pages,
    read_layout,
)

# ExtraSamples: alpha by which the colours are not multiplied. Other extra samples leave the colours
# as they are over black.
_TRANSPARENCY = 2
_REDUCED_OR_MASK = 5  # bits of NewSubfileType
_BATCH_BYTES = 4_000_000  # decompressed at once, unless one row of blocks has more
_STRIP_VALUES = 4_000_000  # unpacked at once
_MAX_TABLES = 65_536  # bytes of the JPEG tables that all blocks share
_TABLES, _SUBSAMPLING = 347, 530


def decode_tiff(stream: BinaryIO) -> tuple[NDArray[Any], int, tuple[str, ...]]:
    """Decode a TIFF."""
    page, warnings = _picture_page(pages(stream))
    layout = read_layout(page)
    if 262 not in page.entries and layout.colours == 1:
        warnings += ("The file does not state whether 0 is black or white; it was read as black.",)
    palette = _palette(page, layout) if layout.photometric == PALETTE else None
    extras = page.values(338, layout.samples)
    extras = extras[: layout.samples - layout.colours]
    alpha = layout.colours + extras.index(_TRANSPARENCY) if _TRANSPARENCY in extras else None
    shown = (_shown(values, layout, palette, alpha) for values in _strips(page, layout))
    grey, coloured = to_grey(shown, (layout.height, layout.width))
    return grey, page.value(274, 1), (*warnings, *coloured)


def _picture_page(found: list[Directory]) -> tuple[Directory, tuple[str, ...]]:
    """Return the first page that is no preview, by its tag or by its size, and a warning."""
    shown = [page for page in found if not _is_preview(page)] or found
    largest = max(_pixels(page) for page in shown)
    page = next(page for page in shown if 4 * _pixels(page) >= largest)
    if len(shown) == 1 or all(map(_is_preview, shown)):
        return page, ()
    number = shown.index(page) + 1
    which = "the first" if number == 1 else f"number {number}, the first of full size,"
    more = " (or more)" if len(found) == MAX_PAGES else ""
    return page, (f"The file holds {len(shown)} pages or frames{more}; only {which} was read.",)


def _is_preview(page: Directory) -> bool:
    """Check NewSubfileType, or SubfileType, which it replaced."""
    return bool(page.value(254) & _REDUCED_OR_MASK) or page.value(255) == 2


def _pixels(page: Directory) -> int:
    return page.value(256) * page.value(257)


def _palette(page: Directory, layout: Layout) -> NDArray[Any]:
    """Return the colours of a palette, (entries, 3), in the depth that its writer meant."""
    many = 1 << layout.bits
    colours = np.array(page.values(320, 3 * many), dtype=np.uint16).reshape(3, many).T
    if colours.max() < 256:
        return colours.astype(np.uint8)
    high, low = colours >> 8, colours & 255
    is_eight_bit = bool(((low == 0) | (low == high)).all())  # times 256 or times 257
    return high.astype(np.uint8) if is_eight_bit else colours


def _shown(
    values: NDArray[Any], layout: Layout, palette: NDArray[Any] | None, alpha: int | None
) -> NDArray[Any]:
    """Return rows as `to_grey` takes them: grey, RGB or RGBA, 0 or the lowest is black."""
    if palette is None:
        colours = _full_range(values[..., : layout.colours], layout)
    else:
        colours = np.take(palette, values[..., 0], axis=0)
    if layout.photometric == WHITE_IS_ZERO:
        # A complement keeps distances and cannot overflow.
        colours = -colours if layout.form == FLOAT else ~colours
    if alpha is None:
        return colours[..., 0] if layout.colours == 1 and palette is None else colours
    opacity = _full_range(values[..., alpha], layout)
    return np.dstack([np.broadcast_to(colours, (*colours.shape[:2], 3)), opacity])


def _full_range(values: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Widen unsigned values of an odd depth to the range of their type."""
    is_alone = layout.samples == 1 and layout.bits > 8
    if layout.form != UNSIGNED or layout.bits in (8, 16, 32, 64) or is_alone:
        return values
    factor = np.iinfo(values.dtype).max / ((1 << layout.bits) - 1)
    return np.rint(values * factor).astype(values.dtype)


def _strips(page: Directory, layout: Layout) -> Iterator[NDArray[Any]]:
    """Yield the values of a page's rows from the top on."""
    places = _places(page, layout)
    band_bytes = layout.across * layout.rows * layout.row_bytes * layout.planes
    bands = max(1, _BATCH_BYTES // band_bytes)
    step = max(1, _STRIP_VALUES // (layout.across * layout.columns * layout.samples))
    for first in range(0, layout.down, bands):
        top, last = first * layout.rows, min(first + bands, layout.down)
        planes = [_rows(page, layout, places[plane], first, last) for plane in range(layout.planes)]
        height = min(last * layout.rows, layout.height) - top
        for start in range(0, height, step):
            end = min(start + step, height)
            values = [_values(plane[start:end], page.order, layout) for plane in planes]
            yield values[0] if len(values) == 1 else np.concatenate(values, axis=2)


def _places(page: Directory, layout: Layout) -> NDArray[np.int64]:
    """Return offset and size of each block, (planes, down, across, 2)."""
    shape = (layout.planes, layout.down, layout.across)
    many = layout.planes * layout.down * layout.across
    offsets = page.values(324, many) or page.values(273, many)
    size = page.stream.seek(0, 2)
    if layout.compression == NO_COMPRESSION:
        counts: tuple[int, ...] = (layout.rows * layout.row_bytes,) * many
    else:
        counts = page.values(325, many) or page.values(279, many)
    if many == 1 and offsets and not counts:
        counts = (size - offsets[0],)
    if len(offsets) < many or len(counts) < many or max(offsets) >= size:
        raise EOFError
    if layout.compression != NO_COMPRESSION and sum(counts) > size:
        raise refusal("strips or tiles that are smaller than their TIFF", "overlapping ones")
    return np.array([offsets, counts], dtype=np.int64).T.reshape(*shape, 2)


def _rows(
    page: Directory, layout: Layout, places: NDArray[np.int64], first: int, last: int
) -> NDArray[np.uint8]:
    """Return the bytes of a plane's rows of blocks, (rows, across, row_bytes)."""
    height = (last - first) * layout.rows
    if not layout.is_tiled:
        height = min(height, layout.height - first * layout.rows)
    blocks = []
    for offset, size in places[first:last].reshape(-1, 2).tolist():
        page.stream.seek(offset)
        blocks.append(page.stream.read(size))
    if layout.compression == NO_COMPRESSION:
        needed = height * layout.across * layout.row_bytes
        values = np.frombuffer(b"".join(blocks), np.uint8)[:needed]
    else:
        values = _decompressed(blocks, height * layout.across, page, layout)
    shape = (-1, layout.across, layout.rows, layout.row_bytes)
    if not layout.is_tiled:
        return values.reshape(height, 1, layout.row_bytes)
    return values.reshape(shape).swapaxes(1, 2).reshape(height, layout.across, layout.row_bytes)


def _decompressed(
    blocks: list[bytes], height: int, page: Directory, layout: Layout
) -> NDArray[np.uint8]:
    """Return the bytes of blocks one below the other, (height, row_bytes)."""
    is_jpeg = layout.compression == JPEG
    samples = 3 if is_jpeg and layout.packed == 3 else 1
    tags = ImageFileDirectory_v2()
    if is_jpeg:
        essences = [jpeg_essence(block) for block in blocks]
        if any(essence.is_buffered for essence in essences):
            raise refusal("a TIFF with baseline JPEG compression", "a progressive one")
        blocks = [essence.content for essence in essences]
        if tables := page.values(_TABLES, _MAX_TABLES):
            tags[_TABLES] = bytes(tables)
        if subsampling := page.values(_SUBSAMPLING, 2):
            tags[_SUBSAMPLING] = subsampling
    sizes = [len(block) for block in blocks]
    tags[256], tags[257] = layout.row_bytes // samples, height
    tags[258], tags[259], tags[277] = (8,) * samples, layout.compression, samples
    tags[262] = layout.photometric if samples == 3 else 1
    tags[273] = tuple(accumulate(sizes[:-1], initial=0))  # counted from the directory's end
    tags[278], tags[279] = min(layout.rows, height), tuple(sizes)
    plain = b"".join((b"II*\0\x08\0\0\0", tags.tobytes(8), *blocks))
    picture = TiffImageFile(BytesIO(plain))
    picture.load()
    values = np.empty((height, layout.row_bytes), np.uint8)
    step = max(1, _BATCH_BYTES // layout.row_bytes)
    for top in range(0, height, step):
        strip = picture.crop((0, top, picture.width, min(top + step, height)))
        values[top : top + step] = np.asarray(strip).reshape(-1, layout.row_bytes)
    return values


def _values(raw: NDArray[np.uint8], order: str, layout: Layout) -> NDArray[Any]:
    """Return the samples of rows of blocks, (rows, width, packed)."""
    rows, across = raw.shape[:2]
    pixels = (rows, across, layout.columns, layout.packed)
    if layout.predictor == 3:
        values = _floats_summed(raw, layout).reshape(pixels)
    else:
        values = _whole_numbers(raw, order, layout).reshape(pixels)
        if layout.predictor == 2:
            values = np.cumsum(values, axis=2, dtype=values.dtype)
    if layout.form != 1 and layout.bits != 24:
        kind = "f" if layout.form == FLOAT else "i"
        values = values.view(f"{kind}{layout.bits // 8}")
    return values.reshape(rows, -1, layout.packed)[:, : layout.width]


def _floats_summed(raw: NDArray[np.uint8], layout: Layout) -> NDArray[Any]:
    """Undo predictor 3: differences of bytes, of which all the highest come first."""
    width = layout.bits // 8
    differences = raw.reshape(*raw.shape[:2], -1, layout.packed)
    summed = np.cumsum(differences, axis=2, dtype=np.uint8)
    planes = summed.reshape(*raw.shape[:2], width, -1)
    whole = np.ascontiguousarray(np.moveaxis(planes, 2, 3)).view(f">u{width}")
    return whole.astype(f"u{width}")


def _whole_numbers(raw: NDArray[np.uint8], order: str, layout: Layout) -> NDArray[Any]:
    """Return a row's bits as unsigned numbers, signed ones of 24 bits apart."""
    bits, many = layout.bits, layout.columns * layout.packed
    if bits in (8, 16, 32, 64):
        values = np.ascontiguousarray(raw).view(f"{order}u{bits // 8}")
        return values.astype(values.dtype.newbyteorder("="), copy=False)
    if bits == 24:  # becomes the upper bytes of 32 bits, from where a shift keeps the sign
        four = np.zeros((*raw.shape[:2], many, 4), np.uint8)
        four[..., 1:] = raw.reshape(*four.shape[:3], 3)[..., :: 1 if order == "<" else -1]
        return four.view("<i4" if layout.form == SIGNED else "<u4")[..., 0] >> 8
    return _unpacked(raw, bits, many)


def _unpacked(raw: NDArray[np.uint8], bits: int, many: int) -> NDArray[Any]:
    """Return numbers of fewer than 16 bits, each of which lies in three bytes at most."""
    groups = -(-many // 8)  # of eight numbers, which fill `bits` bytes
    padded = np.pad(raw, ((0, 0), (0, 0), (0, groups * bits + 2 - raw.shape[2])))
    values = np.empty((*raw.shape[:2], groups, 8), np.uint8 if bits <= 8 else np.uint16)
    for number in range(8):
        first, used = divmod(number * bits, 8)
        high, middle, low = (
            padded[..., first + byte :: bits][..., :groups].astype(np.uint32) for byte in range(3)
        )
        three = high << np.uint32(16) | middle << np.uint32(8) | low
        values[..., number] = three >> np.uint32(24 - bits - used) & np.uint32((1 << bits) - 1)
    return values.reshape(*raw.shape[:2], -1)[..., :many]
