"""Read the DICOM elements that mammo needs, and no others.

Used by `dicom`. Nothing that identifies a patient is on the whitelist, so no name, id or date ever
becomes a value of this program, let alone a message or a log line. pydicom follows the elements,
behind the counts of `limits`; their bytes are turned into numbers and codes here, because pydicom's
conversion quotes odd values in warnings and fails on a decimal comma.

Reference: DICOM PS3.5 section 7 (elements), PS3.6 (dictionary), PS3.10 section 7 (file format).
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import BinaryIO, cast

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial, read_sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from mammo.imaging.damage import damage_refused
from mammo.imaging.limits.dicom import CountedReader

_MACROS = {
    "FrameAnatomySequence": {"FrameLaterality"},
    "PixelMeasuresSequence": {"PixelSpacing"},
    "FramePixelDataPropertiesSequence": {"ImagerPixelSpacing"},
    "FrameVOILUTSequence": {"WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"},
    "PixelValueTransformationSequence": {
        "RescaleIntercept", "RescaleSlope", "ModalityLUTSequence",
    },
}  # fmt: skip
"""The functional group macros that are read, with what they replace (PS3.3 section C.7.6.16.2)."""

_DECIMALS = (
    "EstimatedRadiographicMagnificationFactor", "ImagerPixelSpacing", "NominalScannedPixelSpacing",
    "PixelSpacing", "WindowCenter", "WindowWidth", "RescaleIntercept", "RescaleSlope",
)  # fmt: skip
_KEYWORDS = (
    *_MACROS, *_DECIMALS, "SOPClassUID", "Modality", "ConversionType", "PresentationIntentType",
    "CodeValue", "ViewPosition", "PatientOrientation", "Laterality", "ImageLaterality",
    "FrameLaterality", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration",
    "NumberOfFrames", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit", "BurnedInAnnotation",
    "VOILUTFunction", "ModalityLUTSequence", "LUTDescriptor", "LUTData", "VOILUTSequence",
    "ViewCodeSequence", "ViewModifierCodeSequence", "PresentationLUTShape",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
_OVERLAYS = {0x6000_0102 + (group << 17): f"OverlayBitPosition{group}" for group in range(16)}
WHITELIST = {
    **{int(tag_for_keyword(keyword) or 0): keyword for keyword in _KEYWORDS},
    **_OVERLAYS,  # sixteen possible overlays (PS3.5 section 7.6)
    0x0013_0010: "CTPCreator",
    0x0013_1010: "CTPProject",
}
"""The only tags whose values are read, beside the transfer syntax, with their names in PS3.6."""

PIXEL_DATA = 0x7FE0_0010
UNDEFINED_LENGTH = 0xFFFFFFFF
_PIXEL_TAGS = {0x7FE0_0008, 0x7FE0_0009, PIXEL_DATA}
_FIRST_ITEMS = 4
"""Items of a sequence that are looked at; films have one, and of frames only the first is read."""

_LONGEST_TEXT = 1024
_MOST_TEXTS = 8
"""Bytes and values of a text that are looked at; nobody needs more than two values."""


@dataclass(frozen=True)
class PixelElement:
    """The pixel data element behind the header; its VR is empty under implicit VR."""

    tag: int
    vr: str
    length: int
    start: int


@dataclass(frozen=True)
class Header:
    """The whitelisted elements of a file, or of an item of a sequence, by their names in PS3.6."""

    little_endian: bool
    raw: Mapping[str, bytes] = field(repr=False)
    items: Mapping[str, tuple["Header", ...]] = field(repr=False)
    transfer_syntax: str = ""
    pixels: PixelElement | None = None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a text element's values without padding; () if it is absent or empty."""
        text = self.raw.get(name, b"")[:_LONGEST_TEXT].decode("ascii", "replace").strip(" \0")
        return tuple(part.strip(" \0") for part in text.split("\\")[:_MOST_TEXTS]) if text else ()

    def text(self, name: str) -> str:
        """Return a text element's first value in capitals; "" if it is absent."""
        return next(iter(self.texts(name)), "").upper()

    def decimals(self, name: str) -> tuple[float, ...]:
        """Return the numbers of a decimal or integer string; () unless all are finite."""
        try:
            numbers = tuple(float(text.replace(",", ".")) for text in self.texts(name))
        except ValueError:
            return ()
        return numbers if all(math.isfinite(number) for number in numbers) else ()

    def whole(self, name: str, *, signed: bool = False) -> int | None:
        """Return the first 16-bit whole number of an element; None if it is absent."""
        value = self.raw.get(name, b"")
        if len(value) < 2:
            return None
        form = ("<" if self.little_endian else ">") + ("h" if signed else "H")
        return int(struct.unpack(form, value[:2])[0])

    @property
    def overlay_bits(self) -> int:
        """The mask of the bits of a pixel that hold overlays."""
        positions = {self.whole(name) or 0 for name in _OVERLAYS.values()}
        return sum(1 << position for position in positions if 0 < position < 16)

    @property
    def has_decimal_comma(self) -> bool:
        """Whether a decimal string has a comma, which PS3.5 section 6.2 does not allow."""
        return any(b"," in self.raw.get(name, b"") for name in _DECIMALS)


def read_header(stream: BinaryIO) -> Header:
    """Read a DICOM file's whitelisted elements up to its pixels."""
    counted = CountedReader(stream)
    with damage_refused("a DICOM header"):
        try:
            return _of_first_frame(_read(counted))
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
        cast("BinaryIO", counted), at_pixels, force=True, specific_tags=list(WHITELIST)
    )
    implicit, little_endian = film.original_encoding
    explicit = ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian
    syntax = film.file_meta.get("TransferSyntaxUID") or (
        ImplicitVRLittleEndian if implicit else explicit
    )
    pixel_element = pixels[-1] if pixels else None
    return replace(_header(film, counted), transfer_syntax=str(syntax), pixels=pixel_element)


def _header(elements: Dataset, counted: CountedReader) -> Header:
    """Return the whitelisted elements, unconverted."""
    raw: dict[str, bytes] = {}
    items: dict[str, tuple[Header, ...]] = {}
    for element in elements.elements():
        name = WHITELIST.get(element.tag, "")
        if name.endswith("Sequence"):
            items[name] = _items(element, counted)
        elif name and isinstance(element.value, bytes):
            raw[name] = element.value
    return Header(elements.original_encoding[1] is not False, raw, items)


def _items(element: RawDataElement | DataElement, counted: CountedReader) -> tuple[Header, ...]:
    """Return a sequence's first items; one of defined length comes as its bytes."""
    sequence = element.value
    if isinstance(element, RawDataElement) and sequence:
        part, implicit = counted.part(sequence), element.is_implicit_VR or element.VR == "UN"
        order, length = element.is_little_endian, len(sequence)
        sequence = read_sequence(cast("BinaryIO", part), implicit, order, length, "iso8859")
    return tuple(_header(item, counted) for item in islice(sequence or (), _FIRST_ITEMS))


def _of_first_frame(header: Header) -> Header:
    """Replace what an Enhanced object states of its first frame (PS3.3 section C.7.6.16.1)."""
    for macro, names in _MACROS.items():
        for groups in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
            group = next(iter(header.items.get(groups, ())), header)
            frame = next(iter(group.items.get(macro, ())), None)
            if frame and any(frame.raw.get(name) or frame.items.get(name) for name in names):
                raw = {name: value for name, value in header.raw.items() if name not in names}
                items = {name: value for name, value in header.items.items() if name not in names}
                raw |= {name: frame.raw[name] for name in names & frame.raw.keys()}
                items |= {name: frame.items[name] for name in names & frame.items.keys()}
                header = replace(header, raw=raw, items=items)
                break
    return header
