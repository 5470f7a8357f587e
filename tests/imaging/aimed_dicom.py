"""DICOM files that ask for far more than a film does: each gets a picture or a sentence, cheaply.

`AIMED_DICOM` has a function for each name; it returns the bytes of a file of up to 100 MB.
"""

import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from PIL import Image as PillowImage
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.imaging.makers import dicom_bytes, encoded, lossless_jpeg, picture_bytes, ramp

FILM = ramp(64, 64)
LARGE = 24_000_000
UNDEFINED = 0xFFFFFFFF
SIDE = 6_708  # squared, just under the largest picture
_LONG = (b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC")

J2K, JPEG = {"syntax": JPEG2000Lossless}, {"syntax": JPEGBaseline8Bit}


def element(tag: int, vr: bytes, value: bytes = b"", length: int | None = None) -> bytes:
    """Return an element in explicit VR little endian."""
    length = len(value) if length is None else length
    form = "<HH2sxxL" if vr in _LONG else "<HH2sH"
    return struct.pack(form, tag >> 16, tag & 0xFFFF, vr, length) + value


def item(value: bytes = b"", length: int | None = None, number: int = 0xE000) -> bytes:
    """Return an item of a sequence, or one of its delimiters."""
    return struct.pack("<HHL", 0xFFFE, number, len(value) if length is None else length) + value


ITEM_END, SEQUENCE_END = item(number=0xE00D), item(number=0xE0DD)


def many(part: bytes, size: int = LARGE) -> bytes:
    """Repeat bytes up to a size."""
    return part * (size // len(part))


def with_elements(extra: bytes, **tags: Any) -> bytes:
    """Return a film with elements before all of its own."""
    whole = dicom_bytes(FILM, **tags)
    start = 144 + int.from_bytes(whole[140:144], "little")
    return whole[:start] + extra + whole[start:]


def with_meta(extra: bytes) -> bytes:
    """Return a film with elements in its meta information."""
    whole = dicom_bytes(FILM)
    return whole[:144] + extra + whole[144:]


def sequence(tag: int, items: bytes, *, undefined: bool, vr: bytes = b"SQ") -> bytes:
    """Return a sequence of defined or undefined length."""
    end = SEQUENCE_END if undefined else b""
    return element(tag, vr, items + end, UNDEFINED if undefined else None)


def nested(levels: int, tag: int = 0x0009_1010, vr: bytes = b"SQ") -> bytes:
    """Return sequences of undefined length within one another."""
    start = element(tag, vr, length=UNDEFINED) + item(length=UNDEFINED)
    return start * levels + (ITEM_END + SEQUENCE_END) * levels


def nested_defined(levels: int) -> bytes:
    """Return VOI LUT sequences of defined length within one another."""
    content = b""
    for _ in range(levels):
        content = element(0x0028_3010, b"SQ", item(content))
    return content


def compressed(frame: bytes, rows: int = 64, columns: int = 64, **options: Any) -> bytes:
    """Return a film with one compressed frame."""
    pixels = np.zeros((1, 1), options.pop("dtype", np.uint8))
    return dicom_bytes(pixels, frames=[frame], Rows=rows, Columns=columns, **options)


def fragments(content: bytes) -> bytes:
    """Return a film whose compressed pixel data are these bytes."""
    whole = dicom_bytes(FILM, frames=[b"no frame"], **J2K)
    return whole[: whole.index(element(0x7FE0_0010, b"OB", length=UNDEFINED)) + 12] + content


def jpeg_2000(
    side: int = 64,
    tile: int | None = None,
    channels: int = 1,
    bits: int = 8,
    layers: int = 1,
    levels: int = 5,
    block: int = 4,
    precincts: bytes = b"",
    parts: int = 1,
    steps: bytes = b"\1\1",
    data: int = 500_000,
) -> bytes:
    """Return a JPEG 2000 frame of empty packets."""
    tile = tile or side
    size = struct.pack(">H8LH", 0, side, side, 0, 0, tile, tile, 0, 0, channels)
    size += (bytes([bits - 1]) + steps) * channels
    style = struct.pack(">BBHBBBBBB", bool(precincts), 0, layers, 0, levels, block, block, 0, 1)
    quantised = bytes([0x40, *[8 << 3] * (3 * levels + 1)])
    head = b"".join(
        struct.pack(">HH", marker, len(body) + 2) + body
        for marker, body in ((0xFF51, size), (0xFF52, style + precincts), (0xFF5C, quantised))
    )
    part = struct.pack(">HHHLBBH", 0xFF90, 10, 0, 14 + data, 0, 0, 0xFF93) + bytes(data)
    return b"\xff\x4f" + head + part * parts + b"\xff\xd9"


def jpeg_with(extra: bytes) -> bytes:
    """Return a film with a JPEG frame that has bytes after its first marker."""
    frame = picture_bytes((FILM >> 4).astype(np.uint8), "JPEG")
    return compressed(frame[:2] + extra + frame[2:], **JPEG)


def channels_of_jpeg(mode: str) -> bytes:
    """Return a grey film over a coloured JPEG."""
    return compressed(
        picture_bytes(PillowImage.new(mode, (2000, 2000)), "JPEG"), 2000, 2000, **JPEG
    )


def progressive(scans: int) -> bytes:
    """Return a progressive JPEG of the largest size that repeats a scan."""
    small = PillowImage.fromarray((FILM >> 4).astype(np.uint8))
    frame = picture_bytes(small, "JPEG", progressive=True)
    start = frame.index(b"\xff\xc2") + 5
    frame = frame[:start] + struct.pack(">HH", SIDE, SIDE) + frame[start + 4 :]
    scan = frame[frame.index(b"\xff\xda") : -2]
    return compressed(frame[:-2] + scan * scans + b"\xff\xd9", SIDE, SIDE, **JPEG)


def noise_in_tiles(tiles: int = 13) -> bytes:
    """Return the largest JPEG 2000 of noise, one tile of which is repeated."""
    side = SIDE // tiles
    noise = np.random.default_rng(0).integers(0, 65_536, (side, side), dtype=np.uint16)
    frame = encoded(noise, JPEG2000Lossless)
    start = frame.index(b"\xff\x90")
    head = bytearray(frame[:start])
    struct.pack_into(">LL", head, 8, side * tiles, side * tiles)
    part = frame[start:-2]
    parts = b"".join(
        part[:4] + struct.pack(">HL", number, len(part)) + part[10:] for number in range(tiles**2)
    )
    whole = bytes(head) + parts + b"\xff\xd9"
    return compressed(whole, side * tiles, side * tiles, dtype=np.uint16, **J2K)


def stated_size(frame: bytes, marker: bytes) -> bytes:
    """Return a small JPEG frame that states the largest size."""
    start = frame.index(marker) + 5
    return frame[:start] + struct.pack(">HH", SIDE, SIDE) + frame[start + 4 :]


def rle(segments: int, runs: bytes, side: int = SIDE) -> bytes:
    """Return an RLE film whose segments are all the same bytes."""
    frame = struct.pack("<16L", segments, *[64] * 15) + runs
    tags = {"syntax": RLELossless, "dtype": np.uint16}
    return compressed(frame + b"\0" * (len(frame) % 2), side, side, **tags)


def deflated() -> bytes:
    """Return a deflated data set of 300 MB."""
    whole = dicom_bytes(FILM)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(10**7)) for _ in range(30)) + packer.flush()
    meta = element(0x0002_0010, b"UI", DeflatedExplicitVRLittleEndian.encode())
    return whole[:132] + meta + packed


def table(entries: int, data: bytes) -> bytes:
    """Return a film with a VOI LUT of so many bytes."""
    descriptor = element(0x0028_3002, b"US", struct.pack("<HHH", entries, 0, 16))
    content = descriptor + element(0x0028_3006, b"OW", data)
    return with_elements(sequence(0x0028_3010, item(content), undefined=False))


def text_of(tag: int, vr: bytes, value: bytes) -> bytes:
    """Return a film with a long value in one tag."""
    start = struct.pack("<HH2sxxL", tag >> 16, tag & 0xFFFF, vr, len(value))
    return with_elements(start + value)


FEW = item(element(0x0028_1050, b"DS", b"9 "))
NOISE = np.random.default_rng(0).integers(0, 4096, (64, 64), dtype=np.uint16)

AIMED_DICOM: dict[str, Callable[[], bytes]] = {
    # elements
    "empty elements": lambda: with_elements(many(element(0x0009_0010, b"LO"))),
    "empty whitelisted elements": lambda: with_elements(many(element(0x0028_1050, b"DS"))),
    "empty long elements": lambda: with_elements(many(element(0x0009_0010, b"OB"))),
    "unknown value representations": lambda: with_elements(many(element(0x0009_0010, b"ZZ"))),
    "zero bytes": lambda: with_elements(bytes(LARGE)),
    "capital letters": lambda: with_elements(many(b"A")),
    "character sets": lambda: with_elements(many(element(0x0008_0005, b"CS", b"NO SUCH1"))),
    "character set of many": lambda: text_of(0x0008_0005, b"UT", many(b"A\\", 40_000_000)),
    "character sets in items": lambda: with_elements(
        sequence(0x0009_1010, many(item(element(0x0008_0005, b"CS", b"AB"))), undefined=True)
    ),
    "text of 50 MB": lambda: text_of(0x0008_0060, b"UT", many(b"M", 50_000_000)),
    "ten texts of 9 MB": lambda: with_elements(
        b"".join(element(0x0028_1050 + i, b"UT", many(b"M", 9_000_000)) for i in range(10))
    ),
    "windows": lambda: text_of(0x0028_1050, b"UT", many(b"1\\", 15_000_000)),
    "decimal of 15 MB": lambda: text_of(0x0028_1050, b"UT", many(b"1", 15_000_000)),
    "frames of 10^9": lambda: dicom_bytes(FILM, NumberOfFrames=10**9),
    "frames of 1e308": lambda: with_elements(element(0x0028_0008, b"IS", b"1e308 ")),
    "frames of 10^9, compressed": lambda: dicom_bytes(
        FILM, frames=[encoded(FILM, JPEG2000Lossless)], NumberOfFrames=10**9, **J2K
    ),
    "meta elements": lambda: with_meta(many(element(0x0002_0102, b"OB"))),
    "meta of 24 MB": lambda: with_meta(element(0x0002_0102, b"OB", bytes(LARGE))),
    "command elements": lambda: many(struct.pack("<HHLL", 0, 0, 4, 0)),
    "after the pixels": lambda: dicom_bytes(FILM) + many(element(0x7FE1_0010, b"LO")),
    # sequences
    **{
        f"{name}, {'un' if undefined else ''}defined length": partial(
            lambda tag, vr, part, undefined: with_elements(
                sequence(tag, many(part, 30_000_000), undefined=undefined, vr=vr)
            ),
            tag,
            vr,
            part,
            undefined,
        )
        for undefined in (True, False)
        for name, tag, vr, part in (
            ("empty items", 0x0028_3010, b"SQ", item()),
            ("items", 0x0028_3010, b"SQ", FEW),
            ("open items", 0x0028_3010, b"SQ", item(length=UNDEFINED) + ITEM_END),
            ("private items", 0x0009_1010, b"SQ", FEW),
            ("unknown items", 0x0009_1010, b"UN", FEW),
            ("unknown view codes", 0x0054_0220, b"UN", item()),
            ("frames' groups", 0x5200_9230, b"SQ", item(element(0x0028_9132, b"SQ", FEW))),
            ("elements in one item", 0x5200_9230, b"SQ", item(many(FEW[8:], 15_000_000))),
        )
    },
    "sequences": lambda: with_elements(many(element(0x0028_3010, b"SQ", item(item())))),
    "nested sequences": lambda: with_elements(nested(100_000)),
    "nested tables": lambda: with_elements(nested(100_000, 0x0028_3010)),
    "nested unknown": lambda: with_elements(nested(100_000, vr=b"UN")),
    "nested defined": lambda: with_elements(nested_defined(2_000)),
    "bytes without an end": lambda: with_elements(
        element(0x0009_1010, b"OB", bytes(LARGE), UNDEFINED)
    ),
    "fragments in the header": lambda: with_elements(
        sequence(0x0009_1010, many(item()), undefined=True, vr=b"OB")
    ),
    "a large value in an item": lambda: with_elements(
        sequence(0x0009_1010, item(element(0x0009_1011, b"OB", bytes(LARGE))), undefined=True)
    ),
    "deflated": deflated,
    # tables
    "table of 15 MB": lambda: table(0, bytes(15_000_000)),
    "table of 50 MB": lambda: table(0, bytes(50_000_000)),
    "table too short": lambda: table(0, bytes(2)),
    # fragments
    "fragments": lambda: fragments(item() + many(item())),
    "offset table of 24 MB": lambda: fragments(item(bytes(LARGE)) + item(bytes(64))),
    "one frame in 19,000 fragments": lambda: fragments(
        item() + item(encoded(FILM, JPEG2000Lossless)) + item(bytes(2)) * 19_000 + SEQUENCE_END
    ),
    "frames in fragments": lambda: dicom_bytes(
        FILM, frames=[b"\xff\xd8" + bytes(1000)] * 15_000, NumberOfFrames=7, **JPEG
    ),
    "rle of zeros": lambda: rle(2, many(b"\x81\0", 2 * SIDE * SIDE // 128 + 2)),
    "rle of single letters": lambda: rle(2, many(b"\0\1", 2 * SIDE * SIDE)),
    "rle of nothing": lambda: rle(2, many(b"\x80")),
    "rle of many segments": lambda: rle(15, bytes(1000)),
    "rle, small": lambda: rle(2, bytes(LARGE), side=64),
    # JPEG 2000
    **{
        f"j2k, {channels} channels": partial(
            lambda channels: compressed(jpeg_2000(2000, channels=channels), 2000, 2000, **J2K),
            channels,
        )
        for channels in (3, 4, 20, 4_000, 16_384)
    },
    **{
        f"j2k, {name}": partial(
            lambda options: compressed(
                jpeg_2000(SIDE, **options), SIDE, SIDE, dtype=np.uint16, **J2K
            ),
            options,
        )
        for name, options in {
            "empty": {},
            "tiles of 1": {"tile": 1, "levels": 0},
            "tiles of 64": {"tile": 64},
            "tiles of 128": {"tile": 128},
            "layers": {"layers": 65_535},
            "layers, few": {"layers": 4_000},
            "levels": {"levels": 32},
            "levels in tiles": {"levels": 32, "tile": 256},
            "precincts of 1": {"precincts": b"\0" * 6},
            "precincts of 64": {"precincts": b"\x66" * 6},
            "precincts of 256": {"precincts": b"\x88" * 6},
            "blocks of 4": {"block": 0},
            "blocks of 16": {"block": 2},
            "blocks of 32": {"block": 3},
            "38 bits": {"bits": 38},
            "left out": {"steps": b"\xff\xff"},
            "parts": {"parts": 1_000_000, "data": 1},
        }.items()
    },
    "j2k, padded": lambda: compressed(jpeg_2000() + bytes(LARGE), **J2K),
    "j2k, other size": lambda: compressed(jpeg_2000(60_000), **J2K),
    # JPEG
    "jpeg, CMYK": lambda: channels_of_jpeg("CMYK"),
    "jpeg, RGB": lambda: channels_of_jpeg("RGB"),
    "jpeg, segments": lambda: jpeg_with(many(b"\xff\xe0\0\2")),
    "jpeg, long segments": lambda: jpeg_with(many(b"\xff\xfe\xff\xff" + bytes(65_533))),
    "jpeg, tables": lambda: jpeg_with(many(b"\xff\xdb\0\x43\0" + bytes(range(1, 65)))),
    "jpeg, fill bytes": lambda: jpeg_with(many(b"\xff")),
    "jpeg, JPEG XT boxes": lambda: jpeg_with(b"\xff\xeb\0\x0eJP\0\1\0\0\0\1\0\0RESI"),
    "jpeg, hierarchical": lambda: jpeg_with(b"\xff\xde\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0"),
    "jpeg, scans": lambda: progressive(2_000),
    "jpeg, two scans": lambda: progressive(2),
    "jpeg, padded": lambda: jpeg_with(b"") + bytes(LARGE),
    "jpeg, no data": lambda: compressed(
        stated_size(picture_bytes((FILM >> 4).astype(np.uint8), "JPEG"), b"\xff\xc0"),
        SIDE,
        SIDE,
        **JPEG,
    ),
    "jpeg, restarts": lambda: compressed(
        stated_size(picture_bytes((FILM >> 4).astype(np.uint8), "JPEG"), b"\xff\xc0").replace(
            b"\xff\xc0", b"\xff\xdd\0\4\0\1\xff\xc0"
        )[:-2]
        + many(b"\xff\xd0\xff\xd1", 40_000_000),
        SIDE,
        SIDE,
        **JPEG,
    ),
    "jpeg, 12 bit, no data": lambda: compressed(
        stated_size(picture_bytes((FILM >> 4).astype(np.uint8), "JPEG"), b"\xff\xc0").replace(
            b"\xff\xc0\0\x0b\x08", b"\xff\xc1\0\x0b\x0c"
        ),
        SIDE,
        SIDE,
        syntax=JPEGExtended12Bit,
        dtype=np.uint16,
    ),
    "lossless jpeg, no data": lambda: compressed(
        stated_size(lossless_jpeg(NOISE), b"\xff\xc3"),
        SIDE,
        SIDE,
        syntax=JPEGLosslessSV1,
        dtype=np.uint16,
    ),
    "lossless jpeg of 90 MB": lambda: compressed(
        stated_size(lossless_jpeg(NOISE), b"\xff\xc3")[:-2].partition(b"\xff\xda")[0]
        + b"\xff\xda\0\x08\1\1\0\1\0\0"
        + many(b"\x58\0", 90_000_000)
        + b"\xff\xd9",
        SIDE,
        SIDE,
        syntax=JPEGLosslessSV1,
        dtype=np.uint16,
    ),
    "j2k of noise": noise_in_tiles,
    "jpeg-ls, no data": lambda: compressed(
        b"\xff\xd8\xff\xf7\0\x0b\x10"
        + struct.pack(">HH", SIDE, SIDE)
        + b"\1\1\x11\0"
        + b"\xff\xda\0\x08\1\1\0\0\0\0"
        + bytes(1000)
        + b"\xff\xd9",
        SIDE,
        SIDE,
        syntax=JPEGLSLossless,
        dtype=np.uint16,
    ),
    "jpeg-ls, colours": lambda: compressed(
        b"\xff\xd8\xff\xf7\0\x11\x08"
        + struct.pack(">HHB", 3870, 3870, 3)
        + b"\1\x11\0\2\x11\0\3\x11\0\xff\xda\0\x0c\3\1\0\2\0\3\0\0\2\0"
        + bytes(1000)
        + b"\xff\xd9",
        3870,
        3870,
        syntax=JPEGLSLossless,
        SamplesPerPixel=3,
        PhotometricInterpretation="RGB",
        PlanarConfiguration=0,
    ),
    "jpeg-ls, 255 channels": lambda: compressed(
        b"\xff\xd8\xff\xf7"
        + struct.pack(">HBHHB", 8 + 3 * 255, 8, 64, 64, 255)
        + b"\1\x11\0" * 255
        + b"\xff\xda\0\x08\1\1\0\0\0\0\xff\xd9",
        syntax=JPEGLSLossless,
    ),
}
