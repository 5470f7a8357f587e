"""Read the directories of a TIFF or of an EXIF block with a bound on each count.

Used by `picture_tiff` and `picture`. Only the tags that are asked for are read, so that a tag
nobody needs costs nothing, whatever it holds.

References: TIFF 6.0, section 2; BigTIFF design (AWare Systems); TIFF Technical Note 1 (SubIFDs).
"""

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from mammo.errors import ImageError

MAX_ENTRIES = 1_000
"""Tags per directory. Scanners and microscopes write fewer than 100."""

MAX_PAGES = 100
"""Directories that are looked at. A multi-page TIFF of a study has one page per view."""

MAX_BLOCKS = 30_000
"""Strips or tiles. A colour film of 10,000 rows with one row per strip and plane has as many."""

MAX_JPEG_BLOCKS = 2_000
"""Strips or tiles that are JPEG pictures of their own, whose segments are counted, too."""

MAX_SAMPLES = 16
"""Channels per pixel. Grey, colour and transparency need five."""

_TYPES = {1: "B", 3: "H", 4: "L", 7: "B", 13: "L", 16: "Q", 18: "Q"}
"""Types of unsigned whole numbers; each tag that is read here has one."""

_ORIENTATION, _SUB_DIRECTORIES, _BIG = 274, 330, 43


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
        raise ImageError(
            f"Expected at most {MAX_ENTRIES:,} tags per page of a TIFF, received {count:,}. "
            "Save the picture again as PNG."
        )
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
