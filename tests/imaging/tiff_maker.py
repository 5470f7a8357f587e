"""Write a TIFF of any depth, sample format, byte order, plane and block layout, by TIFF 6.0 alone.

The package reads these files; nothing here shares code with it, so that a misreading shows.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNSIGNED, SIGNED, FLOAT = 1, 2, 3
_CODES = {"H": 3, "L": 4, "Q": 16, "B": 7}
_SIZES = {"H": 2, "L": 4, "Q": 8, "B": 1}
Tags = dict[int, tuple[str, list[int]]]


def tiff_file(
    values: NDArray[Any],
    bits: int | None = None,
    *,
    order: str = "<",
    big: bool = False,
    planes: bool = False,
    tile: int = 0,
    rows: int = 0,
    compression: int = 1,
    predictor: int = 1,
    photometric: int | None = None,
    tags: Tags | None = None,
) -> bytes:
    """Return a TIFF of values (H, W) or (H, W, samples); other tags overrule its own."""
    page = tiff_page(
        values, bits, order=order, planes=planes, tile=tile, rows=rows, compression=compression,
        predictor=predictor, photometric=photometric,
    )  # fmt: skip
    return joined([(page[0], page[1] | (tags or {}))], order, big)


def tiff_page(
    values: NDArray[Any],
    bits: int | None = None,
    *,
    order: str = "<",
    planes: bool = False,
    tile: int = 0,
    rows: int = 0,
    compression: int = 1,
    predictor: int = 1,
    photometric: int | None = None,
) -> tuple[list[bytes], Tags]:
    """Return the compressed blocks and the tags of one page."""
    values = values[..., None] if values.ndim == 2 else values
    height, width, samples = values.shape
    bits = bits or values.dtype.itemsize * 8
    parts = [values[..., k : k + 1] for k in range(samples)] if planes else [values]
    blocks = [
        COMPRESS[compression](packed(differences(block, predictor), bits, order, predictor))
        for part in parts
        for block in cut(part, tile, rows or height)
    ]
    sample_format = {"u": UNSIGNED, "i": SIGNED, "f": FLOAT}[values.dtype.kind]
    tags: Tags = {
        256: ("L", [width]), 257: ("L", [height]), 258: ("H", [bits] * samples),
        259: ("H", [compression]), 277: ("H", [samples]), 284: ("H", [2 if planes else 1]),
        262: ("H", [(2 if samples > 2 else 1) if photometric is None else photometric]),
        317: ("H", [predictor]), 339: ("H", [sample_format] * samples),
    }  # fmt: skip
    sides = {322: ("L", [tile]), 323: ("L", [tile])} if tile else {278: ("L", [rows or height])}
    return blocks, tags | sides


def joined(pages: list[tuple[list[bytes], Tags]], order: str = "<", big: bool = False) -> bytes:
    """Return a file of several pages."""
    link, number, entry = ("Q", "Q", "HHQ") if big else ("L", "H", "HHL")
    content = bytearray(order.encode().replace(b"<", b"II").replace(b">", b"MM"))
    content += struct.pack(order + ("HHHQ" if big else "H"), *((43, 8, 0, 0) if big else (42,)))
    link_at = len(content) - _SIZES[link] if big else len(content)
    content += b"" if big else bytes(4)
    for blocks, tags in pages:
        offsets = []
        for block in blocks:
            offsets.append(len(content))
            content += block
        names = (324, 325) if 322 in tags else (273, 279)
        own: Tags = {names[0]: ("L", offsets), names[1]: ("L", [len(block) for block in blocks])}
        all_tags = sorted((own | tags).items())
        directory = struct.pack(order + number, len(all_tags))
        for tag, (form, numbers) in all_tags:
            data = struct.pack(f"{order}{len(numbers)}{form}", *numbers)
            if len(data) > _SIZES[link]:
                place = len(content)
                content += data
                data = struct.pack(order + link, place)
            directory += struct.pack(order + entry, tag, _CODES[form], len(numbers))
            directory += data.ljust(_SIZES[link], b"\0")
        struct.pack_into(order + link, content, link_at, len(content))
        link_at = len(content) + len(directory)
        content += directory + bytes(_SIZES[link])
    return bytes(content)


def cut(values: NDArray[Any], tile: int, rows: int) -> Iterator[NDArray[Any]]:
    """Yield strips, or tiles that are padded at the right and lower edge."""
    height, width, _ = values.shape
    if not tile:
        yield from (values[top : top + rows] for top in range(0, height, rows))
        return
    padded = np.pad(values, ((0, -height % tile), (0, -width % tile), (0, 0)), mode="edge")
    for top in range(0, height, tile):
        yield from (padded[top : top + tile, x : x + tile] for x in range(0, width, tile))


def differences(block: NDArray[Any], predictor: int) -> NDArray[Any]:
    """Apply horizontal differencing (section 14); the floating-point kind is applied to bytes."""
    if predictor != 2:
        return block
    whole = np.ascontiguousarray(block).view(f"u{block.dtype.itemsize}")
    return np.concatenate([whole[:, :1], whole[:, 1:] - whole[:, :-1]], axis=1)


def packed(block: NDArray[Any], bits: int, order: str, predictor: int) -> bytes:
    """Return a block's bytes: whole bytes in the byte order, other depths from the highest bit."""
    rows = len(block)
    if predictor == 3:
        return floats_apart(block)
    if bits in (8, 16, 32, 64):
        return block.astype(block.dtype.newbyteorder(order)).tobytes()
    numbers = block.reshape(rows, -1).astype(np.int64) & ((1 << bits) - 1)
    if bits == 24:
        four = numbers.astype(order + "u4").view(np.uint8).reshape(rows, -1, 4)
        return (four[..., :3] if order == "<" else four[..., 1:]).tobytes()
    each = numbers[..., None] >> np.arange(bits - 1, -1, -1) & 1
    return np.packbits(each.reshape(rows, -1).astype(np.uint8), axis=1).tobytes()


def floats_apart(block: NDArray[Any]) -> bytes:
    """Return the bytes of predictor 3: the highest of a row first, each less its left neighbour."""
    rows, _, samples = block.shape
    width = block.dtype.itemsize
    apart = block.reshape(rows, -1).astype(block.dtype.newbyteorder(">"))
    row = apart.view(np.uint8).reshape(rows, -1, width).swapaxes(1, 2).reshape(rows, -1)
    row[:, samples:] = row[:, samples:] - row[:, :-samples]
    return row.tobytes()


def lzw(data: bytes) -> bytes:
    """Compress by literals alone: 256 clears the table before codes of ten bits would begin."""
    codes = []
    for start in range(0, len(data), 200):
        codes += [256, *data[start : start + 200]]
    bits = "".join(f"{code:09b}" for code in (*codes, 257))
    return int(bits.ljust(len(bits) + -len(bits) % 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


def packbits(data: bytes) -> bytes:
    """Compress by runs of literals alone."""
    pieces = [data[start : start + 128] for start in range(0, len(data), 128)]
    return b"".join(bytes([len(piece) - 1]) + piece for piece in pieces)


COMPRESS: dict[int, Callable[[bytes], bytes]] = {
    1: bytes, 5: lzw, 8: zlib.compress, 32946: zlib.compress, 32773: packbits
}  # fmt: skip
