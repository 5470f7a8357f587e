"""Whole, valid pictures that are small as files and huge in memory, for `benchmarks/fuzz.py`."""

import struct
import zlib
from contextlib import suppress
from random import Random

import numpy as np
from pydicom.uid import RLELossless

from benchmarks.fuzz_mutations import mutations_for
from mammo.imaging.image import MAX_PIXELS
from tests.imaging.aimed_dicom import AIMED_DICOM
from tests.imaging.aimed_pictures import AIMED_PICTURES
from tests.imaging.makers import dicom_bytes, png_chunk

PNG_KINDS = {"grey": (0, 1), "rgb": (2, 3), "palette": (3, 1), "grey alpha": (4, 2), "rgba": (6, 4)}
"""PNG colour types with their channels."""

TIFF_DEPTHS = ((8, 1), (16, 1), (32, 1), (32, 2), (32, 3), (64, 3))
"""Bits a sample, sample format (1 unsigned, 2 signed, 3 float)."""


AIMED = {f"DICOM {name}": make for name, make in AIMED_DICOM.items()} | AIMED_PICTURES


def bomb(random: Random) -> tuple[str, bytes]:
    """Return the name and bytes of one: a square near or under the reader's limit of pixels."""
    side = int((MAX_PIXELS * random.choice((0.2, 0.5, 0.9, 0.999, 1.01))) ** 0.5)
    kind = random.choice(("png", "png", "tiff", "tiff", "rle"))
    if kind == "png":
        name = random.choice(tuple(PNG_KINDS))
        depth = 8 if name == "palette" else random.choice((8, 16))
        return f"bomb png {name} {depth} bit", png(side, name, depth)
    if kind == "tiff":
        bits, form = random.choice(TIFF_DEPTHS)
        channels = random.choice((1, 1, 3)) if form == 1 and bits < 32 else 1
        return f"bomb tiff {bits} bit {form} x{channels}", tiff(side, bits, form, channels)
    return "bomb rle", rle(side)


def aimed(random: Random) -> tuple[str, bytes]:
    """Return the name and bytes of a file that is aimed at one count, every second one damaged."""
    name = random.choice(tuple(AIMED))
    content = AIMED[name]()
    if random.random() < 0.5:
        return f"aimed {name}", content
    mutation = random.choice(mutations_for(name.split()[0].upper(), content))
    with suppress(ValueError, IndexError, struct.error):  # a mutation may not suit the file
        content = mutation(content, random)
    return f"aimed {name}: {mutation.__name__}", content


def png(side: int, name: str, depth: int) -> bytes:
    """Return a black square PNG; the palette has one colour."""
    colour, channels = PNG_KINDS[name]
    line = b"\0" + bytes(side * channels * depth // 8)
    header = struct.pack(">LLBBBBB", side, side, depth, colour, 0, 0, 0)
    palette = png_chunk(b"PLTE", b"\x40\x40\x40") if colour == 3 else b""
    data = png_chunk(b"IDAT", deflated(line, side))
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + palette + data + png_chunk(b"IEND", b"")
    )


def tiff(side: int, bits: int, form: int, channels: int) -> bytes:
    """Return a deflated square TIFF of one strip."""
    data = deflated(bytes(side * channels * bits // 8), side)
    depths = struct.pack("<H", bits) * channels
    entries = [
        (256, 4, 1, side), (257, 4, 1, side),
        (258, 3, channels, bits if channels < 3 else 8 + len(data)), (259, 3, 1, 8),
        (262, 3, 1, 2 if channels == 3 else 1), (273, 4, 1, 8), (277, 3, 1, channels),
        (278, 4, 1, side), (279, 4, 1, len(data)), (339, 3, 1, form),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHLL", *entry) for entry in entries) + bytes(4)
    return struct.pack("<2sHL", b"II", 42, 8 + len(data) + len(depths)) + data + depths + directory


def rle(side: int) -> bytes:
    """Return a square RLE film, as far as 16 bits name its side."""
    side = min(side, 65_535)
    runs = b"\x81\0" * (side * side // 128 + 1)  # each 128 zeros
    runs += b"\0" * (len(runs) % 2)
    frame = struct.pack("<16L", 2, 64, 64 + len(runs), *[0] * 13) + runs + runs
    small = np.zeros((1, 1), np.uint16)
    return dicom_bytes(small, syntax=RLELossless, frames=[frame], Rows=side, Columns=side)


def deflated(line: bytes, lines: int) -> bytes:
    """Compress many equal lines without ever holding them all."""
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(line) for _ in range(lines)) + packer.flush()
