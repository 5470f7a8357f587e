"""Count what a DICOM file asks of its reader while its header and fragments are followed.

Used by `dicom_header` and `dicom_pixels`. pydicom has no bound of its own: it builds an object for
each item of a sequence, splits a character set at each of its millions of backslashes and inflates
whatever it is given. Every element, item and fragment costs it a read, so reads are counted.
"""

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from mammo.errors import ImageError

MOST_READS = 40_000
"""Reads of a header, about two per element or item. Films have 100 to 500 elements, breast
tomosynthesis objects of 100 frames about 10,000; 40,000 reads take pydicom about half a second."""

MOST_BYTES = 16_000_000
"""Bytes of a header that are read rather than stepped over. Films have under 0.2 MB: at most some
look-up tables of 131 kB and an icon."""

MOST_FRAGMENTS = 20_000
"""Fragments of the pixel data. Films have one to some hundreds: 20,000 would be 2 kB each in a film
of 40 MB."""

ITEM = b"\xfe\xff\x00\xe0"
_CHARACTER_SET = (b"\x08\0\x05\0", b"\0\x08\0\x05")
_TOO_MUCH = (
    "The DICOM file has an unusually large structure: expected the header of one film, received "
    "{}. Export the film again, without private data."
)


@dataclass
class _Budget:
    reads: int = MOST_READS
    bytes: int = MOST_BYTES
    refusal: ImageError | None = None


class CountedReader:
    """Pass a binary file on to pydicom, up to a number of reads and bytes."""

    def __init__(self, stream: BinaryIO, budget: _Budget | None = None) -> None:
        self._stream = stream
        self._budget = budget or _Budget()
        self.tell = stream.tell
        self.seek = stream.seek

    def part(self, content: bytes) -> "CountedReader":
        """Return a reader of an element's content that counts on."""
        return CountedReader(BytesIO(content), self._budget)

    def read(self, size: int = -1) -> bytes:
        """Read as a file does; refuse to read all, which pydicom asks for in order to inflate."""
        if size < 0:
            self._refuse(
                "Expected DICOM with plain or compressed pixels, received a deflated data set. "
                "Save it again uncompressed (Explicit VR Little Endian)."
            )
        budget = self._budget
        content = self._stream.read(min(size, budget.bytes + 1))
        budget.reads -= 1
        budget.bytes -= len(content)
        if budget.reads < 0:
            self._refuse(_TOO_MUCH.format(f"more than {MOST_READS // 2:,} elements"))
        if budget.bytes < 0:
            self._refuse(_TOO_MUCH.format(f"values of more than {MOST_BYTES // 10**6} MB"))
        if size == 8 and content[:4] in _CHARACTER_SET:
            return content[:4].replace(b"\x05", b"\x04") + content[4:]
        return content

    def check(self) -> None:
        """Raise the refusal again; pydicom turns some errors of `read` into its own."""
        if self._budget.refusal is not None:
            raise self._budget.refusal

    def _refuse(self, sentence: str) -> None:
        self._budget.refusal = self._budget.refusal or ImageError(sentence)
        raise self._budget.refusal


def count_fragments(stream: BinaryIO) -> int:
    """Count the fragments of compressed pixel data (PS3.5 section A.4); 0 if one is cut short."""
    start = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(start)
    items = 0
    while (head := stream.read(8))[:4] == ITEM and len(head) == 8:
        (length,) = struct.unpack("<L", head[4:])
        items += 1
        if items > MOST_FRAGMENTS or (items == 1 and length > 4 * MOST_FRAGMENTS):
            raise ImageError(_TOO_MUCH.format(f"more than {MOST_FRAGMENTS:,} pixel data fragments"))
        if stream.tell() + length > end:
            items = 0
            break
        stream.seek(length, 1)
    stream.seek(start)
    return max(0, items - 1)
