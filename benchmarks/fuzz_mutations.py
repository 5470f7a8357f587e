"""Damage to a file, seeded: bits, lengths, sizes, nesting. Used by `benchmarks/fuzz.py`.

    >>> from random import Random
    >>> truncated(b"abcdefgh", Random(1))
    b'ab'

Besides damage anywhere there is damage with knowledge of the format: chunks whose checksum is
right again, sizes changed where they stand, elements and sequences put into a DICOM file.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from random import Random

from tests.imaging.makers import png_chunk

Mutation = Callable[[bytes, Random], bytes]

HEADER = 1500
EXTREMES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\x01", b"\xfe\xff", b"\xff\xff\xff\xff", b"\0" * 4)
SIDES = (0, 1, 15, 16, 17, 255, 4096, 9_999, 10_000, 16_384, 30_000, 32_768, 65_500, 65_535)
LONG_SIDES = (*SIDES, 65_536, 100_000, 10**6, 2**31 - 1, 2**31, 2**32 - 1)
LENGTHS = (0, 1, 2, 3, 7, 127, 128, 255, 65_535, 2**24, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)


def flipped_bits(content: bytes, random: Random) -> bytes:
    """Flip 1 to 32 bits anywhere."""
    return _flipped(content, random, 0, len(content))


def flipped_header(content: bytes, random: Random) -> bytes:
    """Flip 1 to 32 bits of the first 1,500 bytes, a DICOM preamble left out."""
    start = 132 if content[128:132] == b"DICM" else 0
    return _flipped(content, random, start, min(len(content), start + HEADER))


def _flipped(content: bytes, random: Random, start: int, end: int) -> bytes:
    damaged = bytearray(content)
    for _ in range(2 ** random.randrange(6)):
        damaged[random.randrange(start, max(start + 1, end)) % len(damaged)] ^= (
            1 << random.randrange(8)
        )
    return bytes(damaged)


def extreme_values(content: bytes, random: Random) -> bytes:
    """Overwrite 1 to 4 places, half of them in the header, with extreme numbers."""
    damaged = bytearray(content)
    for _ in range(random.randint(1, 4)):
        end = len(damaged) if random.random() < 0.5 else min(HEADER, len(damaged))
        place, value = random.randrange(end), random.choice(EXTREMES)
        damaged[place : place + len(value)] = value
    return bytes(damaged)


def truncated(content: bytes, random: Random) -> bytes:
    """Cut the end off, most often much of it or very little."""
    share = random.random() ** random.choice((1, 3, 0.2))
    return content[: int(len(content) * share)]


def cut_out(content: bytes, random: Random) -> bytes:
    """Take a piece out of the middle."""
    start, end = _span(content, random)
    return content[:start] + content[end:]


def repeated(content: bytes, random: Random) -> bytes:
    """Write a piece again, up to 50 times."""
    start, end = _span(content, random, longest=20_000)
    return content[:end] + content[start:end] * random.randint(1, 50) + content[end:]


def stuffed(content: bytes, random: Random) -> bytes:
    """Put random bytes or zeros in."""
    place, length = random.randrange(len(content) + 1), random.choice((1, 2, 3, 64, 5_000))
    stuffing = random.randbytes(length) if random.random() < 0.5 else bytes(length)
    return content[:place] + stuffing + content[place:]


def shuffled(content: bytes, random: Random) -> bytes:
    """Exchange two pieces."""
    a, b = _span(content, random)
    middle = (a + b) // 2
    return content[:a] + content[middle:b] + content[a:middle] + content[b:]


def _span(content: bytes, random: Random, longest: int = 10**9) -> tuple[int, int]:
    start = random.randrange(len(content))
    length = int((len(content) - start) * random.random() ** 3)
    return start, start + max(1, min(length, longest))


# --- DICOM


def resized_dicom(content: bytes, random: Random) -> bytes:
    """State other rows and columns, in the compressed frame too where it has one."""
    rows, columns = random.choice(SIDES), random.choice(SIDES)
    damaged = content
    for number, value in ((0x10, rows), (0x11, columns)):
        for order in "<>":
            tag = struct.pack(order + "HH", 0x28, number)
            damaged = re.sub(
                re.escape(tag) + rb"(US..|....)..",
                lambda found, tag=tag, value=value, order=order: (
                    tag + found[1] + struct.pack(order + "H", value)
                ),
                damaged,
                count=1,
                flags=re.DOTALL,
            )
    return resized_frame(damaged, rows, columns) if random.random() < 0.7 else damaged


def resized_frame(content: bytes, rows: int, columns: int) -> bytes:
    """State another size in the first JPEG, JPEG-LS or JPEG 2000 frame."""
    start = content.find(b"\xff\x4f\xff\x51")
    if start >= 0:
        size = struct.pack(">LL", columns, rows)
        return content[: start + 8] + size + content[start + 16 :]
    found = re.search(rb"\xff[\xc0-\xc3\xf7]..[\x08\x0c\x10\x02-\x10]", content, re.DOTALL)
    if not found:
        return content
    place = found.end()
    return content[:place] + struct.pack(">HH", rows, columns) + content[place + 4 :]


def wrong_length(content: bytes, random: Random) -> bytes:
    """Change the stated length of a DICOM element or of a fragment."""
    places = [found.start() + 2 for found in re.finditer(rb"(SQ|OB|OW|UN|UT)\0\0", content)]
    places += [found.start() for found in re.finditer(rb"\xfe\xff[\x00\x0d\xdd]\xe0", content)]
    short = [found.start() for found in re.finditer(rb"[A-Z]{2}[\0-\x40]\0", content[:HEADER])]
    if short and (not places or random.random() < 0.5):
        place = random.choice(short) + 2
        return (
            content[:place]
            + struct.pack("<H", random.choice(LENGTHS) & 0xFFFF)
            + (content[place + 2 :])
        )
    if not places:
        return extreme_values(content, random)
    place = random.choice(places)
    place += 4 if content[place : place + 2] == b"\xfe\xff" else 2
    return content[:place] + struct.pack("<L", random.choice(LENGTHS)) + content[place + 4 :]


def nested(content: bytes, random: Random) -> bytes:
    """Put sequences within sequences, up to 30,000 deep, before the pixels."""
    depth = random.choice((1, 2, 10, 200, 1_200, 5_000, 30_000))
    tag = random.choice((b"\x54\0\x20\x02", b"\x28\0\x10\x30", b"\x11\0\x01\x10"))
    undefined = random.random() < 0.7
    inner = _explicit(0x0008_0100, b"SH", b"399162004 ")
    if undefined:
        start = tag + b"SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
        end = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
        kept = random.choice((depth, 0, depth // 2))
        sequence = start * depth + inner + end * kept
    else:
        sequence = inner
        for _ in range(min(depth, 2_000)):
            item = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(sequence)) + sequence
            sequence = tag + b"SQ\0\0" + struct.pack("<L", len(item)) + item
    return _inserted(content, random, sequence)


ODD_NUMBERS = (
    b"0", b"-1", b"1e308", b"-1e308", b"1e-320", b"nan", b"inf", b"1e999", b"99999999999999999999",
    b"0.0000001", b"1\\2\\3", b"", b"1,5", b"NOT A NUMBER", b"\xff\xfe", b"\\", b"1_0", b"0x1F",
    b"9" * 4_000, b"1\\" * 20_000,
)  # fmt: skip
NUMBER_TAGS = (
    0x0028_0008, 0x0028_0030, 0x0018_1164, 0x0018_2010, 0x0028_1050, 0x0028_1051, 0x0028_1052,
    0x0028_1053,
)  # fmt: skip
SHORT_TAGS = (
    0x0028_0002, 0x0028_0100, 0x0028_0101, 0x0028_0102, 0x0028_0103, 0x0028_0120, 0x0028_0121,
)  # fmt: skip
SHORT_VALUES = (0, 1, 2, 3, 4, 7, 8, 9, 12, 15, 16, 17, 24, 32, 64, 255, 32_768, 65_535)


def odd_elements(content: bytes, random: Random) -> bytes:
    """Put elements with odd values before the pixels; the last of its tag counts."""
    elements = b""
    for _ in range(random.randint(1, 3)):
        if random.random() < 0.6:
            elements += _explicit(
                random.choice(NUMBER_TAGS), b"DS", random.choice(ODD_NUMBERS)[:65_534]
            )
        else:
            value = struct.pack("<H", random.choice(SHORT_VALUES))
            elements += _explicit(random.choice(SHORT_TAGS), b"US", value)
    return _inserted(content, random, elements)


def odd_table(content: bytes, random: Random) -> bytes:
    """Put a look-up table before the pixels whose descriptor and data disagree."""
    entries = random.choice((0, 1, 2, 255, 4_096, 65_535))
    descriptor = struct.pack("<HHH", entries, random.choice(SHORT_VALUES), random.choice((8, 16)))
    size = random.choice((0, 1, 2, entries, 2 * entries, 2 * entries + 1))
    item = _explicit(0x0028_3002, b"US", descriptor[: random.choice((6, 6, 6, 4, 0))])
    item += b"\x28\0\x06\x30OW\0\0" + struct.pack("<L", size) + random.randbytes(size)
    tag = random.choice((b"\x28\0\x00\x30", b"\x28\0\x10\x30"))
    items = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(item)) + item
    sequence = tag + b"SQ\0\0" + struct.pack("<L", len(items)) + items
    return _inserted(content, random, sequence)


def _explicit(tag: int, vr: bytes, value: bytes) -> bytes:
    value += b" " * (len(value) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def _inserted(content: bytes, random: Random, elements: bytes) -> bytes:
    """Put elements before the pixel data, or for one in four at the start of the data set."""
    place = content.rfind(b"\xe0\x7f\x10\0")
    if random.random() < 0.25:
        place = content.find(b"\x08\0")
    return content[:place] + elements + content[place:] if place >= 0 else content + elements


# --- pictures


def resized_picture(content: bytes, random: Random) -> bytes:
    """State another size where the format keeps it, with a right checksum."""
    width, height = random.choice(LONG_SIDES), random.choice(LONG_SIDES)
    if content.startswith(b"\x89PNG"):
        header = struct.pack(">LL", width, height) + content[24:29]
        return content[:8] + png_chunk(b"IHDR", header) + content[33:]
    if content.startswith(b"\xff\xd8"):
        return resized_frame(content, height & 0xFFFF, width & 0xFFFF)
    if content.startswith(b"BM"):
        return content[:18] + struct.pack("<LL", width, height) + content[26:]
    if content[:2] in (b"II", b"MM"):
        return _tiff_values(content, {256: width, 257: height})
    if content[12:16] == b"VP8L":
        size = (width & 0x3FFF) | (height & 0x3FFF) << 14
        return content[:21] + struct.pack("<L", size) + content[25:]
    return extreme_values(content, random)


def mended_chunks(content: bytes, random: Random) -> bytes:
    """Damage the data of PNG chunks and make their checksums right again."""
    if not content.startswith(b"\x89PNG"):
        return flipped_bits(content, random)
    chunks = list(_chunks(content))
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(chunks))
        name, data = chunks[place]
        chunks[place] = (name, flipped_bits(data, random) if data else data)
    if random.random() < 0.3:
        chunks.insert(random.randrange(len(chunks) + 1), random.choice(chunks))
    return content[:8] + b"".join(png_chunk(name, data) for name, data in chunks)


def inflating_chunk(content: bytes, random: Random) -> bytes:
    """Give a PNG text, a colour profile or pixels that inflate a thousandfold."""
    if not content.startswith(b"\x89PNG"):
        return repeated(content, random)
    packed = zlib.compress(bytes(random.choice((10**5, 10**7, 10**8))), 9)
    name = random.choice((b"zTXt", b"iCCP", b"iTXt", b"IDAT", b"tRNS", b"eXIf"))
    start = {b"iTXt": b"a\0\1\0\0\0", b"IDAT": b"", b"tRNS": b"", b"eXIf": b""}.get(name, b"a\0\0")
    return content[:33] + png_chunk(name, start + packed) + content[33:]


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place + 12 <= len(content):
        length, name = struct.unpack(">L4s", content[place : place + 8])
        yield name, content[place + 8 : place + 8 + length]
        place += 12 + length


TIFF_TAGS = (256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 338, 339)


def odd_tiff_tags(content: bytes, random: Random) -> bytes:
    """Change types, counts and values in the directory of a TIFF, or lead it in a circle."""
    if content[:2] != b"II" or content[2:4] != b"*\0":
        return flipped_header(content, random)
    start, entries = _directory(content)
    damaged = bytearray(content)
    for _ in range(random.randint(1, 3)):
        place = start + 2 + 12 * random.randrange(max(1, entries))
        field, form = random.choice(((0, "<H"), (2, "<H"), (4, "<L"), (8, "<L"), (8, "<L")))
        value = random.choice(TIFF_TAGS if field == 0 else LENGTHS if field > 2 else range(14))
        damaged[place + field : place + field + struct.calcsize(form)] = struct.pack(form, value)
    if random.random() < 0.2:
        after = start + 2 + 12 * entries
        damaged[after : after + 4] = struct.pack("<L", random.choice((start, 8, len(content) - 1)))
    return bytes(damaged)


def _directory(content: bytes) -> tuple[int, int]:
    (start,) = struct.unpack("<L", content[4:8])
    return start, struct.unpack("<H", content[start : start + 2].ljust(2, b"\0"))[0]


def _tiff_values(content: bytes, values: dict[int, int]) -> bytes:
    """Set values in the first directory of a little-endian TIFF."""
    if content[:4] != b"II*\0":
        return content
    start, entries = _directory(content)
    damaged = bytearray(content)
    for place in range(start + 2, start + 2 + 12 * entries, 12):
        (tag,) = struct.unpack("<H", damaged[place : place + 2])
        if tag in values:
            damaged[place + 2 : place + 12] = struct.pack("<HLL", 4, 1, values[tag])
    return bytes(damaged)


ANYWHERE: tuple[Mutation, ...] = (
    flipped_bits, flipped_header, extreme_values, truncated, cut_out, repeated, stuffed, shuffled,
)  # fmt: skip
DICOM: tuple[Mutation, ...] = (
    resized_dicom, wrong_length, wrong_length, nested, odd_elements, odd_elements, odd_table,
)  # fmt: skip
PICTURE: dict[str, tuple[Mutation, ...]] = {
    "PNG": (resized_picture, mended_chunks, mended_chunks, inflating_chunk),
    "TIFF": (resized_picture, odd_tiff_tags, odd_tiff_tags, odd_tiff_tags),
}


def mutations_for(kind: str, content: bytes) -> tuple[Mutation, ...]:
    """Return the kinds of damage that suit a file."""
    if content[128:132] == b"DICM" or kind in {"DICOM", "RLE", "JPEG 2000", "JPEG-LS"}:
        return (*ANYWHERE, *DICOM)
    return (*ANYWHERE, *PICTURE.get(kind, (resized_picture,)))
