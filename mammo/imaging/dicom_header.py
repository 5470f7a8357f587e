"""Read the DICOM tags that mammo needs, and no others.

Used by `dicom`. `Tag` is the whitelist: nothing that identifies a patient is on it, so no name, id
or date ever becomes a value of this program, let alone a message or a log line. pydicom follows the
elements, behind the counts of `limits`; their bytes are turned into numbers and codes here, because
pydicom's conversion quotes odd values in warnings and fails on a decimal comma.

Reference: DICOM PS3.5 section 7 (elements), PS3.10 section 7 (file format), PS3.6 (dictionary).
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import islice
from typing import BinaryIO, cast

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial, read_sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from mammo.imaging.damage import damage_refused
from mammo.imaging.limits.dicom import CountedReader

UNDEFINED_LENGTH = 0xFFFFFFFF


class Tag(IntEnum):
    """The whitelist: the only tags whose values are read (names as in PS3.6)."""

    TRANSFER_SYNTAX = 0x0002_0010
    SOP_CLASS = 0x0008_0016
    MODALITY = 0x0008_0060
    CONVERSION_TYPE = 0x0008_0064
    PRESENTATION_INTENT = 0x0008_0068
    CODE_VALUE = 0x0008_0100
    CTP_CREATOR = 0x0013_0010
    CTP_PROJECT = 0x0013_1010
    MAGNIFICATION_FACTOR = 0x0018_1114
    IMAGER_PIXEL_SPACING = 0x0018_1164
    NOMINAL_SCANNED_PIXEL_SPACING = 0x0018_2010
    VIEW_POSITION = 0x0018_5101
    PATIENT_ORIENTATION = 0x0020_0020
    LATERALITY = 0x0020_0060
    IMAGE_LATERALITY = 0x0020_0062
    FRAME_ANATOMY = 0x0020_9071
    FRAME_LATERALITY = 0x0020_9072
    SAMPLES_PER_PIXEL = 0x0028_0002
    PHOTOMETRIC_INTERPRETATION = 0x0028_0004
    PLANAR_CONFIGURATION = 0x0028_0006
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
    PIXEL_MEASURES = 0x0028_9110
    FRAME_VOI_LUT = 0x0028_9132
    PIXEL_VALUE_TRANSFORMATION = 0x0028_9145
    FRAME_PIXEL_DATA_PROPERTIES = 0x0028_9443
    VIEW_CODE = 0x0054_0220
    VIEW_MODIFIER_CODE = 0x0054_0222
    PRESENTATION_LUT_SHAPE = 0x2050_0020
    SHARED_GROUPS = 0x5200_9229
    PER_FRAME_GROUPS = 0x5200_9230


OVERLAY_BIT_POSITIONS = tuple(0x6000_0102 + (group << 17) for group in range(16))
"""(60xx,0102), of sixteen possible overlays (PS3.5 section 7.6)."""

PIXEL_DATA = 0x7FE0_0010
_PIXEL_TAGS = {0x7FE0_0008, 0x7FE0_0009, PIXEL_DATA}
_WHITELIST = {*map(int, Tag), *OVERLAY_BIT_POSITIONS}
_MACROS = {
    Tag.FRAME_ANATOMY: {Tag.FRAME_LATERALITY},
    Tag.PIXEL_MEASURES: {Tag.PIXEL_SPACING},
    Tag.FRAME_PIXEL_DATA_PROPERTIES: {Tag.IMAGER_PIXEL_SPACING},
    Tag.FRAME_VOI_LUT: {Tag.WINDOW_CENTER, Tag.WINDOW_WIDTH, Tag.VOI_LUT_FUNCTION, Tag.VOI_LUT},
    Tag.PIXEL_VALUE_TRANSFORMATION: {
        Tag.RESCALE_INTERCEPT, Tag.RESCALE_SLOPE, Tag.MODALITY_LUT,
    },
}  # fmt: skip
"""The functional group macros that are read, with what they replace (PS3.3 section C.7.6.16.2)."""

_SEQUENCES = {
    *_MACROS, Tag.MODALITY_LUT, Tag.VOI_LUT, Tag.VIEW_CODE, Tag.VIEW_MODIFIER_CODE,
    Tag.SHARED_GROUPS, Tag.PER_FRAME_GROUPS,
}  # fmt: skip
_DECIMALS = (
    Tag.MAGNIFICATION_FACTOR, Tag.IMAGER_PIXEL_SPACING, Tag.NOMINAL_SCANNED_PIXEL_SPACING,
    Tag.PIXEL_SPACING, Tag.WINDOW_CENTER, Tag.WINDOW_WIDTH, Tag.RESCALE_INTERCEPT,
    Tag.RESCALE_SLOPE,
)  # fmt: skip
_FIRST_ITEMS = 4
"""Items of a sequence that are looked at; films have one, and of frames only the first is read."""
_LONGEST_TEXT = 1024
_MOST_TEXTS = 8
"""Bytes and values of a text that are looked at; nobody needs more than two values."""


@dataclass(frozen=True)
class PixelElement:
    """The pixel data element that follows the header.

    Attributes
    ----------
    tag : int
    vr : str
        Value representation, "OB" or "OW"; empty under implicit VR.
    length : int
        Bytes, or `UNDEFINED_LENGTH` for encapsulated (compressed) frames.
    start : int
        Position of its first byte in the file.
    """

    tag: int
    vr: str
    length: int
    start: int


@dataclass(frozen=True)
class Header:
    """The whitelisted elements of one file, or of one item of a sequence.

    Attributes
    ----------
    little_endian : bool
    raw : mapping of tag to bytes
        Values as they stand in the file.
    items : mapping of tag to tuple of Header
        The whitelisted sequences.
    transfer_syntax : str
        UID, guessed where the file has no meta information.
    pixels : PixelElement or None
    """

    little_endian: bool
    raw: Mapping[int, bytes] = field(repr=False)
    items: Mapping[int, tuple["Header", ...]] = field(repr=False)
    transfer_syntax: str = ""
    pixels: PixelElement | None = None

    def texts(self, tag: Tag) -> tuple[str, ...]:
        """Return a text element's values without padding; () if it is absent or empty."""
        text = self.raw.get(tag, b"")[:_LONGEST_TEXT].decode("ascii", "replace").strip(" \0")
        return tuple(part.strip(" \0") for part in text.split("\\")[:_MOST_TEXTS]) if text else ()

    def text(self, tag: Tag) -> str:
        """Return a text element's first value in capitals; "" if it is absent."""
        return next(iter(self.texts(tag)), "").upper()

    def decimals(self, tag: Tag) -> tuple[float, ...]:
        """Return the numbers of a decimal or integer string; () unless all are finite."""
        try:
            numbers = tuple(float(text.replace(",", ".")) for text in self.texts(tag))
        except ValueError:
            return ()
        return numbers if all(math.isfinite(number) for number in numbers) else ()

    def whole(self, tag: int, *, signed: bool = False) -> int | None:
        """Return the first 16-bit whole number of an element; None if it is absent."""
        value = self.raw.get(tag, b"")
        if len(value) < 2:
            return None
        form = ("<" if self.little_endian else ">") + ("h" if signed else "H")
        return int(struct.unpack(form, value[:2])[0])

    @property
    def has_decimal_comma(self) -> bool:
        """Whether a decimal string has a comma, which PS3.5 section 6.2 does not allow."""
        return any(b"," in self.raw.get(tag, b"") for tag in _DECIMALS)


def read_header(stream: BinaryIO) -> Header:
    """Read a DICOM file's whitelisted elements and stop before its pixels.

    Parameters
    ----------
    stream : binary file
        Seekable, at its start.

    Returns
    -------
    Header

    Raises
    ------
    ImageError
        If the elements cannot be followed, are too many, or the data set is deflated.
    """
    counted = CountedReader(stream)
    with damage_refused("a DICOM header"):
        try:
            return _with_frame(_read(counted))
        finally:
            counted.check()


def _read(counted: CountedReader) -> Header:
    pixels: list[PixelElement] = []

    def at_pixels(tag: int, vr: str | None, length: int) -> bool:
        if tag in _PIXEL_TAGS:
            pixels.append(PixelElement(tag, vr or "", length, counted.tell()))
        return tag in _PIXEL_TAGS

    # Not `dcmread`, which does not tell where it stopped.
    film = read_partial(
        cast("BinaryIO", counted), at_pixels, force=True, specific_tags=list(_WHITELIST)
    )
    syntax = str(film.file_meta.get("TransferSyntaxUID") or "")
    header = _header(film, counted)
    return replace(
        header,
        transfer_syntax=syntax or _guessed_syntax(film),
        pixels=pixels[-1] if pixels else None,
    )


def _guessed_syntax(film: Dataset) -> str:
    """Return the uncompressed syntax of a file without meta information."""
    implicit, little_endian = film.original_encoding
    if implicit:
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian)


def _header(elements: Dataset, counted: CountedReader) -> Header:
    """Return the whitelisted elements, unconverted."""
    raw: dict[int, bytes] = {}
    items: dict[int, tuple[Header, ...]] = {}
    for element in elements.elements():
        if element.tag in _SEQUENCES:
            items[element.tag] = _items(element, counted)
        elif element.tag in _WHITELIST and isinstance(element.value, bytes):
            raw[element.tag] = element.value
    return Header(elements.original_encoding[1] is not False, raw, items)


def _items(element: RawDataElement | DataElement, counted: CountedReader) -> tuple[Header, ...]:
    """Return a sequence's first items; one of defined length comes as its bytes."""
    sequence = element.value
    if isinstance(element, RawDataElement) and sequence:
        sequence = read_sequence(
            cast("BinaryIO", counted.part(sequence)),
            element.is_implicit_VR or element.VR == "UN",
            element.is_little_endian,
            len(sequence),
            "iso8859",
        )
    return tuple(_header(item, counted) for item in islice(sequence or (), _FIRST_ITEMS))


def _with_frame(header: Header) -> Header:
    """Add what an Enhanced object states of its first frame (PS3.3 section C.7.6.16.1).

    Each macro stands in the frame's own item or, for all frames, in the shared one; what it has
    replaces the elements of the whole file.
    """
    raw, items = dict(header.raw), dict(header.items)
    for macro, tags in _MACROS.items():
        for groups in (Tag.PER_FRAME_GROUPS, Tag.SHARED_GROUPS):
            first = header.items.get(groups, ())[:1]
            frame = next((found for group in first for found in group.items.get(macro, ())), None)
            if frame is not None and (
                any(frame.raw.get(tag) or frame.items.get(tag) for tag in tags)
            ):
                for tag in tags:
                    raw.pop(tag, None)
                    items.pop(tag, None)
                raw |= {tag: frame.raw[tag] for tag in tags if tag in frame.raw}
                items |= {tag: frame.items[tag] for tag in tags if tag in frame.items}
                break
    return replace(header, raw=raw, items=items)
