"""Read the DICOM elements that mammo needs, and no others; check what they say of the pixels.

Used by `dicom`. Nothing that identifies a patient is on the whitelist, so no name, id or date ever
becomes a value of this program, let alone a message or a log line. pydicom follows the elements,
behind a count: it has no bound of its own, builds an object for each item of a sequence, splits a
character set at each of its millions of backslashes and inflates whatever it is given. Their bytes
are turned into numbers and codes here, because pydicom's conversion quotes odd values in warnings
and fails on a decimal comma.

Reference: DICOM PS3.5 sections 7 (elements) and 8.1.1 (pixel cells), PS3.6 (dictionary), PS3.10
section 7 (file format), PS3.3 section C.7.6.3 (image pixel module).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial, read_sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from mammo.errors import ImageError
from mammo.imaging.grey import damage_refused
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS, check_size, refusal

# Reads of a header, about two per element or item. Films have 100 to 500 elements, breast
# tomosynthesis objects of 100 frames about 10,000; 40,000 reads take pydicom about half a second.
MOST_READS = 40_000

# Bytes of a header that are read rather than stepped over. Films have under 0.2 MB: at most some
# look-up tables of 131 kB and an icon.
MOST_BYTES = 16_000_000

# The functional group macros that are read, with what they replace (PS3.3 section C.7.6.16.2).
_MACROS = {
    "FrameAnatomySequence": {"FrameLaterality"},
    "PixelMeasuresSequence": {"PixelSpacing"},
    "FramePixelDataPropertiesSequence": {"ImagerPixelSpacing"},
    "FrameVOILUTSequence": {"WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"},
    "PixelValueTransformationSequence": {
        "RescaleIntercept", "RescaleSlope", "ModalityLUTSequence",
    },
}  # fmt: skip

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
# The only tags whose values are read, beside the transfer syntax, with their names in PS3.6.
WHITELIST = {
    **{int(tag_for_keyword(keyword) or 0): keyword for keyword in _KEYWORDS},
    **_OVERLAYS,  # sixteen possible overlays (PS3.5 section 7.6)
    0x0013_0010: "CTPCreator",
    0x0013_1010: "CTPProject",
}

PIXEL_DATA = 0x7FE0_0010
UNDEFINED_LENGTH = 0xFFFFFFFF
_PIXEL_TAGS = {0x7FE0_0008, 0x7FE0_0009, PIXEL_DATA}
_FIRST_ITEMS = 4  # of a sequence; films have one, and of frames only the first is read
_LONGEST_TEXT, _MOST_TEXTS = 1024, 8  # bytes and values of a text; nobody needs more than two
_CHARACTER_SET = (b"\x08\0\x05\0", b"\0\x08\0\x05")  # the tag, which pydicom would split
_GREY = ("MONOCHROME1", "MONOCHROME2")
TOO_MUCH = (
    "The DICOM file has an unusually large structure: expected the header of one mammogram, "
    "received {}. Export the mammogram again, without private data."
)
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


class PixelElement(NamedTuple):
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
        value = self.raw.get(name, b"")[:2]
        order: Literal["little", "big"] = "little" if self.little_endian else "big"
        return int.from_bytes(value, order, signed=signed) if len(value) == 2 else None

    @property
    def has_decimal_comma(self) -> bool:
        """Whether a decimal string has a comma, which PS3.5 section 6.2 does not allow."""
        return any(b"," in self.raw.get(name, b"") for name in _DECIMALS)


def read_header(stream: BinaryIO) -> Header:
    """Read a DICOM file's whitelisted elements up to its pixels."""
    counted = _CountedReader(stream)
    pixels: PixelElement | None = None

    def at_pixels(tag: int, vr: str | None, length: int) -> bool:
        nonlocal pixels
        if tag in _PIXEL_TAGS:
            pixels = PixelElement(tag, vr or "", length, counted.tell())
        return tag in _PIXEL_TAGS

    with damage_refused("a DICOM header"):
        try:
            # Not `dcmread`, which does not tell where it stopped.
            film = read_partial(
                cast("BinaryIO", counted), at_pixels, force=True, specific_tags=list(WHITELIST)
            )
            header = _of_first_frame(_header(film, counted))
            implicit, little_endian = film.original_encoding
            explicit = ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian
            default = ImplicitVRLittleEndian if implicit else explicit
            syntax = film.file_meta.get("TransferSyntaxUID") or default
            return replace(header, transfer_syntax=str(syntax), pixels=pixels)
        finally:
            if counted.refusal:  # pydicom turns some errors of `read` into its own
                raise counted.refusal


class _CountedReader:
    """Pass a binary file on to pydicom, up to a number of reads and bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self.reads, self.bytes = MOST_READS, MOST_BYTES
        self.refusal: ImageError | None = None
        self.go_on_with(stream)

    def go_on_with(self, stream: BinaryIO) -> None:
        """Read from another file, or from an element's content, and count on."""
        self._stream = stream
        self.tell, self.seek = stream.tell, stream.seek

    def read(self, size: int = -1) -> bytes:
        """Read as a file does, but not all, which pydicom asks for in order to inflate."""
        if size < 0:
            raise self._refused(
                "Expected DICOM with plain or compressed pixels, received a deflated data set. "
                "Save it again uncompressed (Explicit VR Little Endian)."
            )
        content = self._stream.read(min(size, self.bytes + 1))
        self.reads -= 1
        self.bytes -= len(content)
        if self.reads < 0:
            raise self._refused(TOO_MUCH.format(f"more than {MOST_READS // 2:,} elements"))
        if self.bytes < 0:
            raise self._refused(TOO_MUCH.format(f"values of more than {MOST_BYTES // 10**6} MB"))
        if size == 8 and content[:4] in _CHARACTER_SET:
            return content[:4].replace(b"\x05", b"\x04") + content[4:]
        return content

    def _refused(self, sentence: str) -> ImageError:
        self.refusal = self.refusal or ImageError(sentence)
        return self.refusal


def _header(elements: Dataset, counted: _CountedReader) -> Header:
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


def _items(element: RawDataElement | DataElement, counted: _CountedReader) -> tuple[Header, ...]:
    """Return a sequence's first items; one of defined length comes as its bytes."""
    sequence = element.value
    if isinstance(element, RawDataElement) and sequence:
        counted.go_on_with(BytesIO(sequence))
        implicit = element.is_implicit_VR or element.VR == "UN"
        order, length = element.is_little_endian, len(sequence)
        sequence = read_sequence(cast("BinaryIO", counted), implicit, order, length, "iso8859")
    return tuple(_header(item, counted) for item in islice(sequence or (), _FIRST_ITEMS))


def _of_first_frame(header: Header) -> Header:
    """Replace what an Enhanced object states of its first frame (PS3.3 section C.7.6.16.1)."""
    for macro, names in _MACROS.items():
        for groups in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
            group = next(iter(header.items.get(groups, ())), header)
            frame = next(iter(group.items.get(macro, ())), None)
            if frame and any(frame.raw.get(name) or frame.items.get(name) for name in names):
                # What the macro leaves out does not come from elsewhere: b"" and () are absent.
                raw = {name: frame.raw.get(name, b"") for name in names}
                items = {name: frame.items.get(name, ()) for name in names}
                header = replace(header, raw={**header.raw, **raw}, items={**header.items, **items})
                break
    return header


class PixelFormat:
    """How the pixels of a film are stored (PS3.3 section C.7.6.3.1), checked."""

    def __init__(self, header: Header) -> None:
        self.element, self.transfer_syntax = _pixel_element(header), header.transfer_syntax
        self.samples, self.photometric = _colours(header)
        self.rows, self.columns = header.whole("Rows") or 0, header.whole("Columns") or 0
        check_size(self.rows, self.columns, MAX_PIXELS if self.samples == 1 else MAX_COSTLY_PIXELS)
        self.planar = int(header.whole("PlanarConfiguration") == 1)
        self.signed = header.whole("PixelRepresentation") == 1
        frames = header.decimals("NumberOfFrames") or (1,)
        self.frames = min(MAX_PIXELS, max(1, int(frames[0])))
        overlays = {header.whole(name) or 0 for name in _OVERLAYS.values()}
        self.overlay_bits = sum(1 << bit for bit in overlays if 0 < bit < 16)
        self.bits_allocated = header.whole("BitsAllocated") or 0
        stored, high = header.whole("BitsStored"), header.whole("HighBit")
        self.bits_stored = self.bits_allocated if stored is None else stored
        self.high_bit = self.bits_stored - 1 if high is None else high
        fits = max(self.bits_stored, self.high_bit + 1) <= self.bits_allocated
        if self.bits_allocated not in (8, 16) or self.bits_stored < 1 or not fits:
            raise self._bits_refused()

    @property
    def dtype(self) -> np.dtype[np.integer[Any]]:
        """The type that holds the stored values."""
        return np.dtype(f"{'i' if self.signed else 'u'}{self.bits_allocated // 8}")

    @property
    def limits(self) -> tuple[int, int]:
        """The lowest and the highest value that can be stored."""
        span = 1 << self.bits_stored
        return (-span // 2, span // 2 - 1) if self.signed else (0, span - 1)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed frame; YBR_FULL_422 shares its colours (C.7.6.3.1.2)."""
        samples = 2 if self.photometric == "YBR_FULL_422" else self.samples
        return self.rows * self.columns * samples * self.bits_allocated // 8

    def values(self, cells: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the values that stand in pixel cells (PS3.5 section 8.1.1)."""
        stored, shift = self.bits_stored, max(0, self.high_bit + 1 - self.bits_stored)
        mask = (1 << stored) - 1
        used = cells & ~(self.overlay_bits & ~(mask << shift))
        if shift and (used & ((1 << shift) - 1)).any():
            if (used >> stored).any():
                raise self._bits_refused()
            shift = 0  # no high bit is used: it is stated wrongly
        values = (used >> shift) & mask
        top = shift + stored
        if not self.signed:
            if (used >> top).any():
                raise self._more_bits_refused(cells)
            return values
        top = min(top, self.high_bit + 1)
        above, negative = used >> top, (used >> (top - 1) & 1).astype(bool)
        extended = above == (((1 << self.bits_allocated) - 1) & ~self.overlay_bits) >> top
        certain = np.where(negative, extended | ((above == 0) & (top >= stored)), above == 0)
        if not certain.all():
            raise self._more_bits_refused(cells)
        return np.where(values > mask // 2, values - mask - 1, values).astype(np.int32)

    def _bits_refused(self) -> ImageError:
        return ImageError(
            "Expected 8 or 16 bits allocated, at most that many stored, and the high bit one below "
            f"the bits stored; received {self.bits_allocated} allocated, {self.bits_stored} "
            f"stored, high bit {self.high_bit}. "
            "This is not a mammogram, or its header is damaged; export the mammogram again."
        )

    def _more_bits_refused(self, cells: NDArray[np.int32]) -> ImageError:
        low, high = self.limits
        return ImageError(
            f"The header says {self.bits_stored} bits per pixel, but the pixels use more: expected "
            f"{low} to {high}, received {int(cells.min())} to {int(cells.max())} without sign. "
            "The header is wrong; export the mammogram again."
        )


def _pixel_element(header: Header) -> PixelElement:
    if header.pixels is None:
        raise ImageError(
            "The DICOM file has no pixel data: expected a mammogram, received a file without a "
            "image (a report, an index, or a file cut short). Choose the image file itself."
        )
    tag = header.pixels.tag
    if tag != PIXEL_DATA:
        received = f"floating point pixel data ({tag >> 16:04X},{tag & 0xFFFF:04X})"
        remedy = "Export the mammogram as 8 or 16 bit."
        raise refusal("whole-number pixels (7FE0,0010)", received, remedy)
    return header.pixels


def _colours(header: Header) -> tuple[int, str]:
    """Return samples per pixel and photometric interpretation."""
    photometric = header.text("PhotometricInterpretation")
    samples = header.whole("SamplesPerPixel")
    if samples in (None, 1) and photometric in _GREY:
        return 1, photometric
    if samples == 3 and photometric in _COLOURS:
        return 3, photometric
    raise colours_refused("colours" if photometric else "an image that does not state its colours")


def colours_refused(received: str = "colours") -> ImageError:
    """Return the refusal of a film in colours."""
    return refusal(
        "a grey mammogram (MONOCHROME1 or MONOCHROME2, one sample a pixel)",
        received,
        "Choose the original mammogram, not a screen capture or a coloured overlay.",
    )
