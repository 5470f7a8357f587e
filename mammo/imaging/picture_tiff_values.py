"""Decode the values of a TIFF: decompress strips or tiles, undo the predictor, unpack the bits.

Used by `picture_tiff`. Pillow's libtiff decompresses: a batch of blocks is given to it as a TIFF of
plain bytes (of pixels for JPEG), so that it knows nothing of what they mean.

References: TIFF 6.0, sections 2 (types), 14 (predictor), 15 (tiles), 22 (JPEG); Adobe's TIFF
Technical Note 3 (floating-point predictor).
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import TiffImageFile

from mammo.errors import ImageError
from mammo.imaging.limits.extras import jpeg_essence
from mammo.imaging.limits.tiff import Directory
from mammo.imaging.picture_tiff_layout import FLOAT, JPEG, NO_COMPRESSION, SIGNED, Layout

_BATCH_BYTES = 4_000_000
"""Bytes that are decompressed at once, unless one row of blocks has more."""

_STRIP_VALUES = 4_000_000
"""Values that are unpacked at once."""

_MAX_TABLES = 65_536
"""Bytes of the JPEG tables that all blocks share."""

_TABLES, _SUBSAMPLING = 347, 530


def strips(page: Directory, layout: Layout) -> Iterator[NDArray[Any]]:
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
        raise ImageError(
            "Expected strips or tiles that are smaller than their TIFF, received overlapping ones. "
            "Save the picture as a grey PNG."
        )
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
    more = {}
    if layout.compression == JPEG:
        essences = [jpeg_essence(block) for block in blocks]
        if any(essence.is_buffered for essence in essences):
            raise ImageError(
                "Expected a TIFF with baseline JPEG compression, received a progressive one. "
                "Save the picture as a grey PNG."
            )
        blocks = [essence.content for essence in essences]
        for tag, kind in ((_TABLES, "B"), (_SUBSAMPLING, "H")):
            numbers = page.values(tag, _MAX_TABLES)
            more[tag] = (kind, numbers)
    picture = TiffImageFile(BytesIO(_plain_tiff(blocks, height, layout, more)))
    picture.load()
    values = np.empty((height, layout.row_bytes), np.uint8)
    step = max(1, _BATCH_BYTES // layout.row_bytes)
    for top in range(0, height, step):
        strip = picture.crop((0, top, picture.width, min(top + step, height)))
        values[top : top + step] = np.asarray(strip).reshape(-1, layout.row_bytes)
    return values


def _plain_tiff(
    blocks: list[bytes], height: int, layout: Layout, more: dict[int, tuple[str, tuple[int, ...]]]
) -> bytes:
    """Return a TIFF of plain bytes whose strips are the blocks."""
    is_colour = layout.compression == JPEG and layout.packed == 3
    samples = 3 if is_colour else 1
    sizes = [len(block) for block in blocks]
    offsets = (8 + np.cumsum([0, *sizes[:-1]])).tolist()
    tags: dict[int, tuple[str, tuple[int, ...]]] = {
        256: ("L", (layout.row_bytes // samples,)), 257: ("L", (height,)),
        258: ("H", (8,) * samples), 259: ("H", (layout.compression,)),
        262: ("H", (layout.photometric if is_colour else 1,)), 273: ("L", tuple(offsets)),
        277: ("H", (samples,)), 278: ("L", (min(layout.rows, height),)), 279: ("L", tuple(sizes)),
        **{tag: numbers for tag, numbers in more.items() if numbers[1]},
    }  # fmt: skip
    place = 8 + sum(sizes)
    ahead = place + 2 + 12 * len(tags) + 4
    directory, values = struct.pack("<H", len(tags)), b""
    for tag, (kind, numbers) in tags.items():
        packed = struct.pack(f"<{len(numbers)}{kind}", *numbers)
        inline = (
            packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<L", ahead + len(values))
        )
        values += packed if len(packed) > 4 else b""
        directory += struct.pack("<HHL", tag, {"B": 7, "H": 3, "L": 4}[kind], len(numbers)) + inline
    return b"".join((struct.pack("<2sHL", b"II", 42, place), *blocks, directory, bytes(4), values))


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
    bits = layout.bits
    if bits in (8, 16, 32, 64):
        values = np.ascontiguousarray(raw).view(f"{order}u{bits // 8}")
        return values.astype(values.dtype.newbyteorder("="), copy=False)
    if bits != 24:
        return _unpacked(raw, bits, layout.columns * layout.packed)
    low, middle, high = (raw[..., start::3].astype(np.uint32) for start in range(3))
    if order == ">":
        low, high = high, low
    high_first = high << np.uint32(24) | middle << np.uint32(16) | low << np.uint32(8)
    whole: NDArray[Any] = high_first.view(np.int32) if layout.form == SIGNED else high_first
    shifted: NDArray[Any] = whole >> 8  # which keeps the sign
    return shifted


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
