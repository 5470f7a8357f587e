"""Small picture files that cost a decoder much: each is aimed at one unbounded count or size.

`AIMED_PICTURES` names a maker of each; tests and benchmarks read them all. A reader must give a
picture or a sentence within 2 s of processor time and 400 MB of memory.
"""

import io
import struct
import zlib
from collections.abc import Callable
from math import ceil
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from tests.imaging.makers import picture_bytes, png_chunk
from tests.imaging.tiff_maker import Tags, joined, tiff_file, tiff_page

LIMIT = 45_000_000
SIDE = 6_700
NOISE = np.random.default_rng(5).integers(0, 256, (64, 64), dtype=np.uint8)
PNG = picture_bytes(NOISE, "PNG")
JPEG = picture_bytes(NOISE, "JPEG")
WEBP = picture_bytes(NOISE, "WEBP", lossless=True)


def zeros(size: int, level: int = 9) -> bytes:
    """Return many zeros, deflated without ever holding them all."""
    packer = zlib.compressobj(level)
    piece = bytes(1_000_000)
    parts = [packer.compress(piece) for _ in range(size // len(piece))]
    return b"".join(parts) + packer.compress(bytes(size % len(piece))) + packer.flush()


# --- BMP


def bmp_header(width: int, height: int, bits: int, compression: int, size: int) -> bytes:
    info = struct.pack("<LllHHLLllLL", 40, width, height, 1, bits, compression, 0, 1, 1, 256, 0)
    colours = b"".join(bytes([k, k, k, 0]) for k in range(256))
    start = 14 + len(info) + len(colours)
    return struct.pack("<2sLHHL", b"BM", start + size, 0, 0, start) + info + colours


def bmp_deltas(compression: int, bits: int, delta: bytes, side: int = SIDE) -> bytes:
    data = delta * 3_000 + b"\0\1"
    return bmp_header(side, side, bits, compression, len(data)) + data


def bmp_runs() -> bytes:
    data = b"\xff\x07" * (LIMIT // 255) + b"\0\1"
    return bmp_header(SIDE, SIDE, 8, 1, len(data)) + data


def bmp_core_runs() -> bytes:
    """Return a BMP whose header is of an odd length, so that its fields may be looked for."""
    info = struct.pack("<LllHHLLllLL", 64, SIDE, SIDE, 1, 8, 1, 0, 1, 1, 0, 0) + bytes(24)
    data = b"\0\2\xff\xff" * 3_000 + b"\0\1"
    start = 14 + len(info) + 1024
    head = struct.pack("<2sLHHL", b"BM", start + len(data), 0, 0, start)
    return head + info + bytes(1024) + data


def bmp_whole(bits: int) -> bytes:
    side = {8: SIDE, 24: 5_700, 32: 4_900}[bits]
    row = -(-side * bits // 32) * 4
    return bmp_header(side, side, bits, 0, row * side) + bytes(row * side)


# --- PNG


def png_with(chunk: bytes, many: int) -> bytes:
    return PNG[:33] + chunk * many + PNG[33:]


def png_text_bomb(name: bytes, many: int) -> bytes:
    start = {b"iTXt": b"a\0\1\0\0\0", b"zTXt": b"a\0\0", b"iCCP": b"a\0\0"}[name]
    return png_with(png_chunk(name, start + zeros(50_000_000)), many)


def png_split(piece: int) -> bytes:
    """Return a film whose pixels are in chunks of a few bytes."""
    place = PNG.index(b"IDAT") - 4
    data = PNG[place + 8 : -16]
    pieces = [png_chunk(b"IDAT", data[k : k + piece]) for k in range(0, len(data), piece)]
    return PNG[:place] + b"".join(pieces) + png_chunk(b"IDAT", b"") * 1_000_000 + PNG[-12:]


def png_blank(
    colour: int, depth: int, interlace: int, side: int = SIDE, width: int | None = None
) -> bytes:
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    if interlace:
        passes = (
            (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
            (0, 1, 1, 2),
        )  # fmt: skip
        size = sum(
            ceil((side - y) / dy) * (1 + ceil(ceil((side - x) / dx) * channels * depth / 8))
            for x, y, dx, dy in passes
        )
    else:
        size = side * (1 + -(-(width or side) * channels * depth // 8))
    header = struct.pack(">LLBBBBB", width or side, side, depth, colour, 0, 0, interlace)
    chunks = [(b"IHDR", header), *([(b"PLTE", bytes(range(96)) * 8)] if colour == 3 else [])]
    chunks += [*([(b"tRNS", bytes(255))] if colour == 3 else []), (b"IDAT", zeros(size, 1))]
    body = b"".join(png_chunk(name, data) for name, data in (*chunks, (b"IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + body


def png_empty_blocks() -> bytes:
    """Return a small picture before whose pixels come millions of blocks with a code table each."""
    block = bytes.fromhex("04c081000000000090ff6b000000ffff")
    data = b"\x78\x9c" + block * (80_000_000 // len(block)) + zlib.compress(bytes(64 * 65))[2:]
    header = struct.pack(">LLBBBBB", 64, 64, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, data) for name, data in chunks)


def png_filtered(colour: int, depth: int, side: int) -> bytes:
    """Return noise under the costliest filter (Paeth), which also inflates slowly."""
    width = side * {0: 1, 2: 3, 4: 2, 6: 4}[colour] * depth // 8
    rows = np.random.default_rng(1).integers(0, 4, (side, width + 1), dtype=np.uint8)
    rows[:, 0] = 4
    header = struct.pack(">LLBBBBB", side, side, depth, colour, 0, 0, 0)
    data = zlib.compress(rows, 1)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, data) for name, data in chunks)


def png_frames(many: int) -> bytes:
    control = png_chunk(b"acTL", struct.pack(">LL", many, 0))
    frame = png_chunk(b"fcTL", struct.pack(">LLLLLHHBB", 0, 64, 64, 0, 0, 1, 1, 0, 0))
    data = png_chunk(b"fdAT", struct.pack(">L", 1) + PNG[PNG.index(b"IDAT") + 4 : -16])
    return PNG[:33] + control + frame + PNG[33:-12] + (frame + data) * many + PNG[-12:]


# --- JPEG


def jpeg_segment(code: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(data) + 2) + data


def jpeg_with(piece: bytes, many: int) -> bytes:
    return JPEG[:2] + piece * many + JPEG[2:]


def exif_bomb(entries: int, size: int) -> bytes:
    """Return an EXIF block whose every tag names the same bytes as its value."""
    tags = b"".join(struct.pack("<HHLL", k + 1_000, 7, size, 0) for k in range(entries))
    block = struct.pack("<2sHLH", b"II", 42, 8, entries) + tags + bytes(4)
    return b"Exif\0\0" + block.ljust(65_000, b"\0")


def jpeg_progressive(scans: int, side: int, channels: int) -> bytes:
    """Return a progressive picture whose further scans pass over all blocks in a few bytes."""
    header = struct.pack(">BHHB", 8, side, side, channels)
    header += b"".join(bytes([k + 1, 0x11, 0]) for k in range(channels))
    out = b"\xff\xd8" + jpeg_segment(0xDB, b"\0" + b"\1" * 64) + jpeg_segment(0xC2, header)
    # One code of one bit: DC difference 0, or for AC a run of 2^14 blocks without values.
    out += jpeg_segment(0xC4, b"\0" + bytes([1, *[0] * 15, 0]))
    out += jpeg_segment(0xC4, b"\x10" + bytes([1, *[0] * 15, 0xE0]))
    blocks = (-(-side // 8)) ** 2
    dc = bytes([channels]) + b"".join(bytes([k + 1, 0]) for k in range(channels))
    out += jpeg_segment(0xDA, dc + bytes([0, 0, 1])) + bytes(blocks * channels // 8 + 1)
    ac = bytes(15 * (blocks // 2**14 + 1) // 8 + 1)
    for number in range(scans):
        successive = 1 if not number else 0x10
        scan = bytes([1, number % channels + 1, 0, 1, 63, successive])
        out += jpeg_segment(0xDA, scan) + ac
    return out + b"\xff\xd9"


def jpeg_one_scan_of_three() -> bytes:
    """Return a baseline picture whose one scan has one of its three colours."""
    whole = jpeg_blank(SIDE, "RGB", subsampling=0)
    place = whole.index(b"\xff\xda")
    return whole[:place] + jpeg_segment(0xDA, bytes([1, 1, 0, 0, 63, 0])) + whole[place + 14 :]


def jpeg_blank(side: int, mode: str, **options: Any) -> bytes:
    return picture_bytes(PillowImage.new(mode, (side, side)), "JPEG", **options)


def jpeg_restarts() -> bytes:
    """Return restart markers without end after a small picture's data."""
    return JPEG[:-2] + b"\xff\xd0" * 20_000_000 + JPEG[-2:]


# --- WebP


def webp(chunks: list[tuple[bytes, bytes]], many: int = 1) -> bytes:
    body = b"WEBP" + b"".join(
        name + struct.pack("<L", len(data)) + data + bytes(len(data) % 2)
        for name, data in chunks
        for _ in range(many if name not in (b"VP8X", b"VP8L", b"ANIM") else 1)
    )
    return b"RIFF" + struct.pack("<L", len(body)) + body


def webp_extended(flags: int, side: int = 64) -> tuple[bytes, bytes]:
    edge = (side - 1).to_bytes(3, "little")
    return b"VP8X", bytes([flags, 0, 0, 0]) + edge + edge


def webp_frames(many: int) -> bytes:
    frame = bytes(6) + (63).to_bytes(3, "little") * 2 + bytes(4) + WEBP[12:]
    return webp([webp_extended(2), (b"ANIM", bytes(6)), (b"ANMF", frame)], many)


def webp_huge(side: int) -> bytes:
    frame = bytes(6) + (63).to_bytes(3, "little") * 2 + bytes(4) + WEBP[12:]
    return webp([webp_extended(2, side), (b"ANIM", bytes(6)), (b"ANMF", frame)])


# --- TIFF


def tiff_with(tags: Tags, data: bytes = b"", big: bool = False, **options: Any) -> bytes:
    blocks, own = tiff_page(NOISE, **options)
    return joined([([*blocks, data] if data else blocks, own | tags)], big=big)


def tiff_square(side: int, tags: Tags, data: bytes, blocks: int) -> bytes:
    """Return a TIFF whose strips or tiles all are the same few bytes."""
    own: Tags = {
        256: ("L", [side]), 257: ("L", [side]), 258: ("H", [8]), 259: ("H", [8]), 262: ("H", [1]),
        273: ("L", [8] * blocks), 277: ("H", [1]), 279: ("L", [len(data)] * blocks),
    }  # fmt: skip
    names = {273: 324, 279: 325} if 322 in tags else {}
    return joined([([data], {names.get(k, k): v for k, v in own.items()} | tags)])


def tiff_pages(many: int, circle: bool = False) -> bytes:
    """Return a chain of directories, the film first."""
    content = bytearray(tiff_file(NOISE))
    link = len(content) - 4
    for _ in range(many):
        struct.pack_into("<L", content, link, len(content))
        content += struct.pack("<HHHLL", 1, 254, 4, 1, 0) + bytes(4)
        link = len(content) - 4
    if circle:
        content[link : link + 4] = content[4:8]
    return bytes(content)


def tiff_below(depth: int) -> bytes:
    """Return directories below directories (SubIFDs), each naming a hundred others."""
    content = bytearray(tiff_with({330: ("L", [0] * 100)}))
    place = content.index(struct.pack("<HHL", 330, 4, 100)) + 8
    for _ in range(depth):
        below = struct.unpack_from("<L", content, place)[0]
        struct.pack_into("<100L", content, below, *[len(content)] * 100)
        place = len(content) + 2 + 8
        values = len(content) + 2 + 12 + 4
        content += struct.pack("<HHHLL", 1, 330, 4, 100, values) + bytes(404)
    return bytes(content)


def tiff_one_strip(bits: int, samples: int, compression: int, side: int) -> bytes:
    size = side * side * samples * bits // 8
    data = {8: zeros, 5: lzw_zeros, 32773: lambda n: b"\x81\0" * (n // 128 + 1)}[compression](size)
    tags: Tags = {
        258: ("H", [bits] * samples), 259: ("H", [compression]), 277: ("H", [samples]),
        262: ("H", [2 if samples > 2 else 1]), 278: ("L", [side]),
    }  # fmt: skip
    return tiff_square(side, tags, data, 1)


def tiff_jpeg_blocks() -> bytes:
    """Return strips of one row, each a JPEG of hundreds of comments."""
    strip = picture_bytes(PillowImage.new("L", (64, 1)), "JPEG")
    strip = strip[:2] + jpeg_segment(0xFE, b"") * 380 + strip[2:]
    tags: Tags = {
        256: ("L", [64]), 257: ("L", [20_000]), 258: ("H", [8]), 259: ("H", [7]),
        262: ("H", [1]), 277: ("H", [1]), 278: ("L", [1]),
    }  # fmt: skip
    return joined([([strip] * 20_000, tags)])


def lzw_zeros(size: int) -> bytes:
    """Compress zeros by LZW: codes of growing runs, the table cleared before it is full."""
    bits, width = io.StringIO(), 9
    while size > 0:
        bits.write(f"{256:0{width}b}{0:09b}")
        size -= 1
        for code in range(258, 4_094):
            width = 9 + (code > 510) + (code > 1_022) + (code > 2_046)
            bits.write(f"{code:0{width}b}")
            size -= code - 256
            if size <= 0:
                break
        else:
            continue
    text = bits.getvalue() + f"{257:012b}"
    return int(text.ljust(len(text) + -len(text) % 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


# --- PGM, PPM and NumPy


def npy(shape: str, kind: str = "<u2", body: bytes = b"", letters: int = 0) -> bytes:
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * letters
    return b"\x93NUMPY\2\0" + struct.pack("<L", len(header)) + header.encode() + body


AIMED_PICTURES: dict[str, Callable[[], bytes]] = {
    "bmp rle8 deltas": lambda: bmp_deltas(1, 8, b"\0\2\xff\xff"),
    "bmp rle8 sideways": lambda: bmp_deltas(1, 8, b"\0\2\xff\0"),
    "bmp rle4 deltas": lambda: bmp_deltas(2, 4, b"\0\2\xff\xff"),
    "bmp rle8 runs": bmp_runs,
    "bmp rle long header": bmp_core_runs,
    "bmp 8 bits": lambda: bmp_whole(8),
    "bmp 24 bits": lambda: bmp_whole(24),
    "bmp 32 bits": lambda: bmp_whole(32),
    "png text": lambda: png_with(png_chunk(b"tEXt", b"a\0b"), 1_000_000),
    "png private": lambda: png_with(png_chunk(b"prVt", b""), 2_000_000),
    "png private large": lambda: png_with(png_chunk(b"prVt", bytes(9_000_000)), 10),
    "png profiles": lambda: png_with(png_chunk(b"iCCP", b"a\0\0" + zeros(1_000_000)), 20_000),
    "png zTXt bombs": lambda: png_text_bomb(b"zTXt", 500),
    "png iTXt bombs": lambda: png_text_bomb(b"iTXt", 500),
    "png iCCP bombs": lambda: png_text_bomb(b"iCCP", 500),
    "png exif": lambda: png_with(png_chunk(b"eXIf", exif_bomb(5_000, 60_000)[6:]), 1),
    "png empty IDAT": lambda: png_split(1),
    "png frames": lambda: png_frames(10_000),
    "png empty blocks": png_empty_blocks,
    "png wide": lambda: png_blank(6, 8, 0, 16, 2_800_000),
    "png rgb interlaced": lambda: png_blank(2, 8, 1),
    "png rgba interlaced": lambda: png_blank(6, 8, 1),
    "png grey 16 interlaced": lambda: png_blank(0, 16, 1),
    "png palette transparent": lambda: png_blank(3, 8, 0),
    "png 1 bit": lambda: png_blank(0, 1, 0),
    "png rgba": lambda: png_blank(6, 8, 0),
    "png grey alpha": lambda: png_blank(4, 8, 0),
    "png deep rgba": lambda: png_blank(6, 16, 1, 3_870),
    "png grey 16 noise": lambda: png_filtered(0, 16, SIDE),
    "png rgb noise": lambda: png_filtered(2, 8, SIDE),
    "png rgba noise": lambda: png_filtered(6, 8, 5_000),
    "png deep rgb noise": lambda: png_filtered(2, 16, 3_870),
    "jpeg comments": lambda: jpeg_with(jpeg_segment(0xFE, b""), 1_000_000),
    "jpeg profiles": lambda: jpeg_with(jpeg_segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(9)), 9**6),
    "jpeg photoshop": lambda: jpeg_with(
        jpeg_segment(0xED, b"Photoshop 3.0\0" + (b"8BIM\4\4" + bytes(6)) * 5_000), 300
    ),
    "jpeg tables": lambda: jpeg_with(jpeg_segment(0xDB, b"\0" + b"\1" * 64), 500_000),
    "jpeg fill": lambda: jpeg_with(b"\xff", 50_000_000),
    "jpeg fill in data": lambda: JPEG[:-2] + b"\xff" * 50_000_000 + JPEG[-2:],
    "jpeg fill often": lambda: JPEG[:-2] + b"\xff\xff\0" * 20_000_000 + JPEG[-2:],
    "jpeg junk": lambda: jpeg_with(b"\0", 50_000_000),
    "jpeg restarts": jpeg_restarts,
    "jpeg stuffing": lambda: JPEG[:-2] + b"\xff\0" * 30_000_000 + JPEG[-2:],
    "jpeg data without end": lambda: JPEG[:-2] + b"\x12" * 90_000_000,
    "jpeg tail": lambda: JPEG + b"\xff\xd8\xff\xe1" * 20_000_000,
    "jpeg exif": lambda: jpeg_with(jpeg_segment(0xE1, exif_bomb(5_000, 60_000)), 1),
    "jpeg exif often": lambda: jpeg_with(jpeg_segment(0xE1, exif_bomb(2_000, 60_000)), 300),
    "jpeg scans": lambda: jpeg_progressive(5_000, 1_000, 1),
    "jpeg scans grey": lambda: jpeg_progressive(28, 3_870, 1),
    "jpeg scans colour": lambda: jpeg_progressive(28, 3_870, 3),
    "jpeg one scan of three": jpeg_one_scan_of_three,
    "tiff jpeg comments": tiff_jpeg_blocks,
    "jpeg two scans": lambda: jpeg_progressive(1, SIDE, 3),
    "jpeg grey": lambda: jpeg_blank(SIDE, "L"),
    "jpeg rgb": lambda: jpeg_blank(SIDE, "RGB", subsampling=0),
    "jpeg rgb progressive": lambda: jpeg_blank(3_870, "RGB", progressive=True, subsampling=0),
    "webp metadata": lambda: webp(
        [webp_extended(0x2C), (b"ICCP", bytes(9_000_000)), (b"VP8L", WEBP[20:])], 10
    ),
    "webp unknown": lambda: webp([webp_extended(0), (b"VP8L", WEBP[20:]), (b"abcd", b"")], 10**6),
    "webp frames": lambda: webp_frames(20_000),
    "webp huge": lambda: webp_huge(16_383),
    "webp large": lambda: picture_bytes(PillowImage.new("RGB", (3_870, 3_870)), "WEBP", method=0),
    "tiff strips": lambda: tiff_square(
        SIDE, {278: ("L", [1])}, zeros(SIDE), 2_000_000
    ),
    "tiff rows of one": lambda: tiff_square(SIDE, {278: ("L", [1])}, zeros(SIDE), SIDE),
    "tiff huge strip": lambda: tiff_square(64, {278: ("L", [2**31])}, zeros(90_000_000), 1),
    "tiff huge tile": lambda: tiff_square(
        64, {322: ("L", [30_000]), 323: ("L", [30_000])}, zeros(900_000_000), 1
    ),
    "tiff tiny tiles": lambda: tiff_square(
        SIDE, {322: ("L", [16]), 323: ("L", [16])}, zeros(256), (SIDE // 16 + 1) ** 2
    ),
    "tiff wide tiles": lambda: tiff_square(
        20, {322: ("L", [2**31 - 16]), 323: ("L", [16])}, zeros(999), 2
    ),
    "tiff overlapping strips": lambda: tiff_square(
        SIDE, {278: ("L", [1])}, zeros(SIDE) + bytes(5_000_000), SIDE
    ),
    "tiff unneeded tag": lambda: tiff_with({700: ("L", [7] * 10_000_000)}),
    "tiff unneeded tags": lambda: tiff_with(
        {65_000 + k: ("B", [7] * 100_000) for k in range(100)}
    ),
    "tiff bits": lambda: tiff_with({258: ("H", [8] * 10_000_000)}),
    "tiff formats": lambda: tiff_with({339: ("H", [1] * 10_000_000)}),
    "tiff samples": lambda: tiff_with({277: ("H", [65_535])}),
    "tiff extra samples": lambda: tiff_with({338: ("H", [2] * 10_000_000)}),
    "tiff sides": lambda: tiff_with({256: ("L", [64] * 5_000_000)}),
    "tiff palette": lambda: tiff_with({320: ("H", [7] * 10_000_000), 262: ("H", [3])}),
    "tiff tables": lambda: tiff_with({347: ("B", [7] * 10_000_000), 259: ("H", [7])}),
    "tiff entries": lambda: tiff_with({k: ("H", [1]) for k in range(1_000, 60_000)}),
    "tiff big entries": lambda: tiff_with({k: ("Q", [1]) for k in range(1_000, 60_000)}, big=True),
    "tiff pages": lambda: tiff_pages(32_000),
    "tiff million pages": lambda: tiff_pages(1_000_000),
    "tiff circle": lambda: tiff_pages(3, circle=True),
    "tiff directories below": lambda: tiff_below(200),
    "tiff rgba strip": lambda: tiff_one_strip(8, 4, 8, 6_000),
    "tiff rgb strip": lambda: tiff_one_strip(8, 3, 8, SIDE + 1),
    "tiff 5 bit rgb strip": lambda: tiff_one_strip(5, 3, 8, 6_704),
    "tiff predicted floats": lambda: tiff_square(
        SIDE,
        {258: ("H", [16]), 278: ("L", [SIDE]), 317: ("H", [3]), 339: ("H", [3])},
        zeros(2 * SIDE * SIDE),
        1,
    ),
    "tiff 15 bit strip": lambda: tiff_one_strip(15, 1, 8, 6_704),
    "tiff 16 bit strip": lambda: tiff_one_strip(16, 1, 8, SIDE),
    "tiff 12 bit strip": lambda: tiff_one_strip(12, 1, 8, SIDE),
    "tiff 1 bit strip": lambda: tiff_one_strip(1, 1, 8, 6_704),
    "tiff 64 bit strip": lambda: tiff_one_strip(64, 1, 8, 3_870),
    "tiff deep rgba strip": lambda: tiff_one_strip(16, 4, 8, 3_870),
    "tiff lzw strip": lambda: tiff_one_strip(16, 1, 5, SIDE),
    "tiff packbits strip": lambda: tiff_one_strip(16, 1, 32773, SIDE),
    "tiff sixteen channels": lambda: tiff_one_strip(8, 16, 8, SIDE),
    "tiff planes": lambda: tiff_file(
        np.zeros((3_000, 3_000, 3), np.uint8), planes=True, rows=1, compression=8
    ),
    "tiff jpeg scans": lambda: tiff_square(
        3_870, {259: ("H", [7]), 278: ("L", [3_870])}, jpeg_progressive(90, 3_870, 1), 1
    ),
    "pgm comments": lambda: b"P2\n" + b"#\n" * 20_000_000 + b"20 20 255\n" + b"7 " * 400,
    "pgm comments inside": lambda: b"P2 20 20 255\n" + b"#\n7 " * 20_000_000,
    "pgm blanks": lambda: b"P2 20 20 255\n" + b" " * 90_000_000,
    "pgm blanks before": lambda: b"P5" + b" " * 90_000_000 + b"20 20 255\n" + bytes(400),
    "pgm digits": lambda: b"P2 20 20 255\n" + b"7" * 90_000_000,
    "pgm numbers": lambda: b"P2 3870 3870 255\n" + b"77 " * 3_870**2,
    "pgm sixteen bits": lambda: b"P5 6700 6700 65535\n" + bytes(2 * SIDE * SIDE),
    "pgm few values": lambda: b"P5 6700 6700 15\n" + bytes(SIDE * SIDE),
    "ppm numbers": lambda: b"P3 3870 3870 255\n" + b"7 " * (3 * 3_870**2),
    "ppm": lambda: b"P6 5700 5700 255\n" + bytes(3 * 5_700**2),
    "npy python 2": lambda: npy("(20L, 20L)", body=bytes(800)),
    "npy claims": lambda: npy("(6000, 6000)"),
    "npy overflow": lambda: npy("(4294967296, 4294967296)"),
    "npy negative": lambda: npy("(-1, 20)"),
    "npy dimensions": lambda: npy("(" + "1, " * 1_000 + ")"),
    "npy header": lambda: npy("(20, 20)", letters=50_000_000),
    "npy nested": lambda: npy("(" * 3_000 + "1" + ",)" * 3_000),
    "npy objects": lambda: npy("(20, 20)", "|O", bytes(3_200)),
    "npy 16 bits": lambda: npy(f"({SIDE}, {SIDE})", "<u2", bytes(2 * SIDE * SIDE)),
    "npy floats": lambda: npy("(3500, 3500)", "<f8", bytes(8 * 3_500**2)),
    "npy half floats": lambda: npy(f"({SIDE}, {SIDE})", "<f2", bytes(2 * SIDE * SIDE)),
    "npy colours": lambda: npy("(5700, 5700, 3)", "|u1", bytes(3 * 5_700**2)),
}  # fmt: skip
"""A maker of each aimed file, by name."""
