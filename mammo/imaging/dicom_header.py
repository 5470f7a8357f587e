"""Read the DICOM tags that mammo needs, and no others.

Used by `dicom`. `Tag` is the whitelist: nothing that identifies a patient is on it, so no name, id
or date ever becomes a value of this program, let alone a message or a log line. Elements stay the
raw bytes that pydicom's element generator yields and are turned into numbers and codes here:
pydicom's own conversion quotes odd values in its warnings.

Reference: DICOM PS3.5 section 7 (elements), PS3.10 section 7 (file format), PS3.6 (dictionary).
"""

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from io import BytesIO
from typing import BinaryIO

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import data_element_generator, read_sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from mammo.errors import ImageError
from mammo.imaging.damage import damage_refused

UNDEFINED_LENGTH = 0xFFFFFFFF


class Tag(IntEnum):
    """The whitelist: the only tags whose values are read (names as in PS3.6)."""

    TRANSFER_SYNTAX = 0x0002_0010
    SOP_CLASS = 0x0008_0016
    MODALITY = 0x0008_0060
    CONVERSION_TYPE = 0x0008_0064
    PRESENTATION_INTENT = 0x0008_0068
    CTP_CREATOR = 0x0013_0010
    CTP_PROJECT = 0x0013_1010
    IMAGER_PIXEL_SPACING = 0x0018_1164
    NOMINAL_SCANNED_PIXEL_SPACING = 0x0018_2010
    VIEW_POSITION = 0x0018_5101
    PATIENT_ORIENTATION = 0x0020_0020
    LATERALITY = 0x0020_0060
    IMAGE_LATERALITY = 0x0020_0062
    SAMPLES_PER_PIXEL = 0x0028_0002
    PHOTOMETRIC_INTERPRETATION = 0x0028_0004
    NUMBER_OF_FRAMES = 0x0028_0008
    ROWS = 0x0028_0010
    COLUMNS = 0x0028_0011
    PIXEL_SPACING = 0x0028_0030
    BITS_ALLOCATED = 0x0028_0100
    BITS_STORED = 0x0028_0101
    HIGH_BIT = 0x0028_0102
    PIXEL_REPRESENTATION = 0x0028_0103
    PIXEL_PADDING_VALUE = 0x0028_0120
    PIXEL_PADDING_RANGE_LIMIT = 0x0028_0121
    BURNED_IN_ANNOTATION = 0x0028_0301
    WINDOW_CENTER = 0x0028_1050
    WINDOW_WIDTH = 0x0028_1051
    RESCALE_INTERCEPT = 0x0028_1052
    RESCALE_SLOPE = 0x0028_1053
    VOI_LUT_FUNCTION = 0x0028_1056
    MODALITY_LUT = 0x0028_3000
    LUT_DESCRIPTOR = 0x0028_3002
    LUT_DATA = 0x0028_3006
    VOI_LUT = 0x0028_3010
    VIEW_CODE = 0x0054_0220
    CODE_VALUE = 0x0008_0100


PIXEL_DATA = 0x7FE0_0010
_PIXEL_TAGS = {0x7FE0_0008, 0x7FE0_0009, PIXEL_DATA}
_SPECIFIC_CHARACTER_SET = 0x0008_0005
_SEQUENCES = {Tag.MODALITY_LUT, Tag.VOI_LUT, Tag.VIEW_CODE}
_LONG_VRS = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}


@dataclass(frozen=True)
class PixelElement:
    """Say which pixel data element follows the header and how long it claims to be.

    Attributes
    ----------
    tag : int
    vr : str
        Value representation, "OB" or "OW"; empty under implicit VR.
    length : int
        Bytes, or `UNDEFINED_LENGTH` for encapsulated (compressed) frames.
    """

    tag: int
    vr: str
    length: int


@dataclass(frozen=True)
class Header:
    """Hold the whitelisted elements of one file, or of one item of a sequence.

    Attributes
    ----------
    transfer_syntax : str
        UID, guessed where the file has no meta information.
    little_endian : bool
    raw : mapping of Tag to bytes
        Values as they stand in the file.
    items : mapping of Tag to tuple of Header
        The whitelisted sequences.
    pixels : PixelElement or None
    """

    transfer_syntax: str
    little_endian: bool
    raw: Mapping[Tag, bytes] = field(repr=False)
    items: Mapping[Tag, tuple["Header", ...]] = field(repr=False, default_factory=dict)
    pixels: PixelElement | None = None

    def texts(self, tag: Tag) -> tuple[str, ...]:
        """Return a text element's values without padding; () if it is absent or empty."""
        text = self.raw.get(tag, b"").decode("ascii", "replace").strip(" \0")
        return tuple(part.strip(" \0") for part in text.split("\\")) if text else ()

    def text(self, tag: Tag) -> str:
        """Return a text element's first value in capitals; "" if it is absent."""
        return next(iter(self.texts(tag)), "").upper()

    def decimals(self, tag: Tag) -> tuple[float, ...]:
        """Return the numbers of a decimal or integer string; () unless all are finite."""
        try:
            numbers = tuple(float(text) for text in self.texts(tag))
        except ValueError:
            return ()
        return numbers if all(math.isfinite(number) for number in numbers) else ()

    def whole(self, tag: Tag, *, signed: bool = False) -> int | None:
        """Return the first 16-bit whole number of an element; None if it is absent."""
        value = self.raw.get(tag, b"")
        if len(value) < 2:
            return None
        form = ("<" if self.little_endian else ">") + ("h" if signed else "H")
        return int(struct.unpack(form, value[:2])[0])


def read_header(stream: BinaryIO) -> Header:
    """Read a DICOM file's whitelisted elements and stop before its pixels.

    Parameters
    ----------
    stream : binary file
        Seekable. Afterwards it stands at the first byte of the pixel data, if there is any.

    Returns
    -------
    Header

    Raises
    ------
    ImageError
        If the elements cannot be followed, or the data set is deflated.
    """
    with damage_refused("a DICOM header"):
        return _read(stream)


def _read(stream: BinaryIO) -> Header:
    syntax = _read_transfer_syntax(stream)
    if syntax == DeflatedExplicitVRLittleEndian:
        raise ImageError(
            "Expected DICOM with plain or compressed pixels, received a deflated data set "
            f"({syntax}). Save it again uncompressed (Explicit VR Little Endian)."
        )
    implicit, little_endian = _encoding(stream, syntax)
    raw: dict[Tag, bytes] = {}
    items: dict[Tag, tuple[Header, ...]] = {}
    for element in _elements(stream, implicit, little_endian):
        tag = Tag(int(element.tag))
        if tag in _SEQUENCES:
            items[tag] = _items(element, syntax, implicit, little_endian)
        elif isinstance(element.value, bytes):
            raw[tag] = element.value
    pixels = _read_start(stream, implicit, little_endian)
    return Header(
        transfer_syntax=syntax or _guessed_syntax(implicit, little_endian),
        little_endian=little_endian,
        raw=raw,
        items=items,
        pixels=pixels if pixels is not None and pixels.tag in _PIXEL_TAGS else None,
    )


def _read_transfer_syntax(stream: BinaryIO) -> str:
    """Read (0002,0010) from the file meta information; "" where a file has none.

    PS3.10 section 7.1: a preamble of 128 bytes, "DICM", then group 0002 in explicit VR little
    endian, whatever the data set's own encoding.
    """
    preamble = stream.read(132)
    stream.seek(132 if preamble[128:] == b"DICM" else 0)
    meta = data_element_generator(
        stream,
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, _vr, _length: tag >> 16 != 0x0002,
        specific_tags=[Tag.TRANSFER_SYNTAX],
    )
    values = [element.value for element in meta if element.tag == Tag.TRANSFER_SYNTAX]
    return values[0].decode("ascii", "replace").strip(" \0") if values and values[0] else ""


def _encoding(stream: BinaryIO, syntax: str) -> tuple[bool, bool]:
    """Return (implicit VR, little endian) of the data set, looking at its first element.

    Some writers state one encoding and use the other. Two capital letters after the first tag are
    a VR; as the length of an implicit element they would mean 16 kB, which no first element has.
    """
    start = stream.read(6)
    stream.seek(-len(start), 1)
    implicit = not (start[4:6].isalpha() and start[4:6].isupper())
    if syntax:
        return implicit, syntax != ExplicitVRBigEndian
    return implicit, start[:1] != b"\0"


def _guessed_syntax(implicit: bool, little_endian: bool) -> str:
    """Name the uncompressed syntax of a file without meta information."""
    if implicit:
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian)


def _elements(
    stream: BinaryIO, implicit: bool, little_endian: bool
) -> Iterator[RawDataElement | DataElement]:
    """Yield the whitelisted elements, unconverted, and stand before the pixel data at the end.

    The character set is stepped over by hand: pydicom would interpret it, and warn about an
    unknown one, although every text read here is a plain ASCII code.
    """
    while True:
        yield from data_element_generator(
            stream, implicit, little_endian, stop_when=_stops, specific_tags=list(Tag)
        )
        position = stream.tell()
        start = _read_start(stream, implicit, little_endian)
        if start is None or start.tag != _SPECIFIC_CHARACTER_SET:
            stream.seek(position)
            return
        stream.seek(start.length, 1)


def _stops(tag: int, _vr: str | None, _length: int) -> bool:
    return tag in _PIXEL_TAGS or tag == _SPECIFIC_CHARACTER_SET


def _read_start(stream: BinaryIO, implicit: bool, little_endian: bool) -> PixelElement | None:
    """Read the tag, VR and length of the next element (PS3.5 section 7.1); None at the end."""
    order = "<" if little_endian else ">"
    start = stream.read(8)
    if len(start) < 8:
        return None
    if implicit:
        group, number, length = struct.unpack(order + "HHL", start)
        return PixelElement((group << 16) | number, "", length)
    group, number, vr_bytes, length = struct.unpack(order + "HH2sH", start)
    vr = vr_bytes.decode("ascii", "replace")
    if vr in _LONG_VRS:
        long_length = stream.read(4)
        if len(long_length) < 4:
            return None
        (length,) = struct.unpack(order + "L", long_length)
    return PixelElement((group << 16) | number, vr, length)


def _items(
    element: RawDataElement | DataElement, syntax: str, implicit: bool, little_endian: bool
) -> tuple[Header, ...]:
    """Return a sequence's items, of which again only whitelisted elements are kept."""
    sequence = element.value
    if isinstance(sequence, bytes):  # a sequence of defined length comes as its bytes
        sequence = read_sequence(
            BytesIO(sequence), implicit, little_endian, len(sequence), "iso8859"
        )
    return tuple(_item(item, syntax, little_endian) for item in sequence or ())


def _item(item: Dataset, syntax: str, little_endian: bool) -> Header:
    raw: dict[Tag, bytes] = {}
    for tag in (Tag.CODE_VALUE, Tag.LUT_DESCRIPTOR, Tag.LUT_DATA):
        value = item.get_item(tag).value if tag in item else None
        if isinstance(value, bytes):
            raw[tag] = value
    return Header(transfer_syntax=syntax, little_endian=little_endian, raw=raw)
