"""Read a DICOM mammogram: from a file's bytes to an `Image`.

Used by `read`. Steps: whitelisted header, checks on what it claims, first frame, grey chain.
Nothing here warns, logs or stores; what is doubtful comes back as sentences in `Image.warnings`.
Only codes from closed lists and numbers in a plausible range come out of the header, so that a free
text that somebody wrote into a tag goes no further.

The grey chain is modality LUT, VOI LUT, MONOCHROME1 inversion, min-max to 8 bit:

1. Modality LUT (PS3.3 section C.11.1): a table, or rescale slope and intercept.
2. VOI LUT (PS3.3 section C.11.2): a table or a window; where a file offers both they are
   alternatives, and the table, which the maker drew for this film, is taken if it is whole. Of
   several windows the first is the default.
3. MONOCHROME1 (PS3.3 section C.7.6.3.1.2): its minimum is white "after any VOI grey scale
   transformations"; inverting earlier would apply the window to the wrong end.
4. Min-max over the film, as the training films were scaled. Without steps 1 to 3, as for all films
   of CBIS-DDSM, this is the training data's own rule, to the grey value.

Pixel padding (PS3.3 section C.7.5.1.1.2) takes part in none of it and becomes black. Presentation
LUT Shape adds nothing: INVERSE belongs to MONOCHROME1, and would invert twice.

Each step maps one cell to one grey, so the chain runs over the cells that occur, at most 65,536.

Reference: DICOM PS3.3 sections C.8.11.7 (mammography image), 10.7 (pixel spacing), PS3.16 CID 4014
(views), PS3.6 annex A (SOP classes).
"""

from typing import Any, BinaryIO, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_windowing

from mammo.imaging.dicom_header import Header, PixelFormat, read_header
from mammo.imaging.dicom_pixels import read_stored_values
from mammo.imaging.grey import min_max
from mammo.imaging.image import Image
from mammo.imaging.quality import BURNED_IN_TEXT, picture_warnings


def read_dicom(stream: BinaryIO) -> Image:
    """Read the first frame of a DICOM film from a seekable file."""
    header = read_header(stream)
    layout = PixelFormat(header)
    doubts = _film_doubts(header, layout)
    spacing = _pixel_spacing_mm(header, doubts)
    stored = read_stored_values(stream, layout, doubts)
    pixels = _to_grey(stored, header, layout, doubts)
    warnings = (*doubts, *picture_warnings(pixels))
    return Image(pixels, _laterality(header), _view(header), spacing, warnings, "dicom")


def _to_grey(
    stored: NDArray[np.integer[Any]], header: Header, layout: PixelFormat, doubts: list[str]
) -> NDArray[np.uint8]:
    """Apply the chain to one film's cells; 0 is black."""
    size = stored.dtype.itemsize
    unsigned = stored.view(np.dtype(f"u{size}").newbyteorder(stored.dtype.byteorder))
    film = np.ascontiguousarray(unsigned, dtype=f"=u{size}")
    bins = 1 << 8 * size
    cells = np.flatnonzero(cv2.calcHist([film], [0], None, [bins], [0, bins])).astype(np.int32)
    values = layout.values(cells)
    shown = ~_padding(values, header, layout)
    if not shown.any():  # a film that is all padding is shown as it is
        shown = ~shown
    table = np.zeros((1, bins), dtype=np.uint8)  # padding becomes black
    with np.errstate(over="ignore", invalid="ignore"):
        # The limits go along: what a table maps depends on the values that could occur.
        possible = np.append(values, layout.limits).astype(np.int32)
        greys = _voi(_modality(possible, header, doubts), header, doubts)[:-2][shown]
        if layout.photometric == "MONOCHROME1":
            greys = greys.max() - greys
        if greys.dtype.kind == "i":  # at most 16 bits apart: scaled as the stored values would be
            greys = (greys - greys.min()).astype(np.uint16)
        table[0, cells[shown]] = min_max(greys).ravel()
    return np.asarray(cv2.LUT(film, table), dtype=np.uint8)


def _modality(values: NDArray[np.int32], header: Header, doubts: list[str]) -> NDArray[Any]:
    """Apply PS3.3 section C.11.1; return the very same array where there is nothing to do."""
    looked_up = _looked_up(values, header, "ModalityLUTSequence", "modality", doubts)
    if looked_up is not None:
        return looked_up
    slope = header.decimals("RescaleSlope")
    intercept = header.decimals("RescaleIntercept") or (0.0,)
    if not header.raw.get("RescaleSlope") or (slope, intercept) == ((1.0,), (0.0,)):
        return values
    rescaled = values * slope[0] + intercept[0] if slope and slope[0] else np.array(np.inf)
    if np.isfinite(rescaled).all():
        return rescaled
    doubts.append(_LEFT_OUT.format("rescale slope"))
    return values


def _voi(values: NDArray[Any], header: Header, doubts: list[str]) -> NDArray[Any]:
    """Apply PS3.3 section C.11.2; return the very same array where there is nothing to do."""
    looked_up = _looked_up(values, header, "VOILUTSequence", "VOI", doubts)
    if looked_up is not None:
        return looked_up
    if not header.raw.get("WindowCenter") and not header.raw.get("WindowWidth"):
        return values
    centres, widths = header.decimals("WindowCenter"), header.decimals("WindowWidth")
    shape = header.text("VOILUTFunction")
    shape = shape if shape in ("LINEAR_EXACT", "SIGMOID") else "LINEAR"
    if not centres or not widths or widths[0] < (1 if shape == "LINEAR" else 1e-9):
        doubts.append(_LEFT_OUT.format("grey window"))
        return values
    window = Dataset()
    window.PhotometricInterpretation, window.VOILUTFunction = "MONOCHROME2", shape
    window.PixelRepresentation, window.BitsStored = 0, 16
    # FD instead of DS, which is text of at most 16 letters: pydicom warns about others.
    window.add_new("WindowCenter", "FD", centres[0])
    window.add_new("WindowWidth", "FD", widths[0])
    return apply_windowing(values, window)


def _looked_up(
    values: NDArray[Any], header: Header, sequence: str, name: str, doubts: list[str]
) -> NDArray[np.float64] | None:
    """Look values up in a sequence's first table (PS3.3 C.11.1.1, C.11.2.1.1); None without one."""
    if not header.items.get(sequence):
        return None
    item = header.items[sequence][0]
    word = "<u2" if item.little_endian else ">u2"
    descriptor, data = (item.raw.get(part, b"") for part in ("LUTDescriptor", "LUTData"))
    numbers = np.frombuffer(descriptor, word).tolist() if len(descriptor) == 6 else ()
    if numbers and (entries := numbers[0] or 65_536) <= len(data):
        lut = np.frombuffer(data, word if 2 * entries <= len(data) else "u1", entries)
        # A negative number stands in 16 bits (the VR may be SS or unknown).
        first = numbers[1] - (65_536 if numbers[1] > values.max() else 0)
        index = np.clip(np.rint(values) - first, 0, entries - 1).astype(np.intp)
        greys = np.asarray(lut[index], dtype=np.float64)
        # A table that makes all greys but the limits one was not made for this film.
        if np.ptp(greys[:-2]) > 0 or np.ptp(values[:-2]) == 0:
            return greys
    doubts.append(_LEFT_OUT.format(f"{name} look-up table"))
    return None


def _padding(values: NDArray[np.int32], header: Header, layout: PixelFormat) -> NDArray[np.bool_]:
    names = ("PixelPaddingValue", "PixelPaddingRangeLimit")
    value, limit = (header.whole(name, signed=layout.signed) for name in names)
    if value is None:
        return np.zeros(len(values), dtype=np.bool_)
    low, high = sorted((value, value if limit is None else limit))
    return (values >= low) & (values <= high)


_LEFT_OUT = "The file's {} is not usable and was ignored; the grey values may be wrong."
_IMAGE = "1.2.840.10008.5.1.4.1.1."
_FOR_PROCESSING = f"{_IMAGE}1.2.1"
# Computed radiography, digital mammography, breast tomosynthesis and projection (the last two).
_DIGITAL = {_FOR_PROCESSING, *(_IMAGE + end for end in ("1", "1.2", "13.1.3", "13.1.4", "13.1.5"))}

_CODES_OF_VIEW = {  # PS3.16 CID 4014: SNOMED CT, and the older SNOMED-RT codes of archived films
    "CC": ("399162004", "R-10242"), "MLO": ("399368009", "R-10226"),
    "ML": ("399260004", "R-10224"), "LM": ("399352003", "R-10228"),
    "LMO": ("399099002", "R-10230"), "FB": ("399196006", "R-10244"),
    "SIO": ("399188001", "R-102D0"), "ISO": ("441555000", "R-40AAA"),
    "XCCL": ("399192008", "R-1024A"), "XCCM": ("399101009", "R-1024B"),
}  # fmt: skip
_VIEW_OF_CODE = {code: view for view, codes in _CODES_OF_VIEW.items() for code in codes}
_VIEWS = {*_CODES_OF_VIEW, "XCC"}
# Mammograms have 0.025 to 0.2 mm; 1 mm is what converters write that know nothing.
_PLAUSIBLE_SPACING_MM = (0.01, 0.5)
_MAGNIFIED = {"399163009", "R-102D6"}  # view modifiers of PS3.16 CID 4015 for a magnification view
_MAGNIFICATION = (1.2, 5.0)  # factors of such a view; in a contact view, 1.0 to 1.1
_ANISOTROPY = 0.01  # relative difference of the spacings from which a pixel counts as not square

_IMPLAUSIBLE_SPACING = (
    "The stated pixel spacing is not that of a mammogram and was ignored; the margin around a "
    "lesion is taken as for a mammogram at full resolution."
)


def _laterality(header: Header) -> Literal["LEFT", "RIGHT"] | None:
    """Return the breast: Frame, Image, else Laterality (PS3.3 C.7.6.16.2.8, C.8.11.7, C.7.3.1)."""
    sides: dict[str, Literal["LEFT", "RIGHT"]] = {"L": "LEFT", "R": "RIGHT"}
    names = ("FrameLaterality", "ImageLaterality", "Laterality")
    return next((sides[side] for name in names if (side := header.text(name)) in sides), None)


def _view(header: Header) -> str | None:
    """Return the view: View Code Sequence, else View Position, else Patient Orientation."""
    for item in header.items.get("ViewCodeSequence", ()):
        if item.text("CodeValue") in _VIEW_OF_CODE:
            return _VIEW_OF_CODE[item.text("CodeValue")]
    stated = (header.text("ViewPosition"), header.text("PatientOrientation"))
    return next((name for name in stated if name in _VIEWS), None)


def _pixel_spacing_mm(header: Header, doubts: list[str]) -> float | None:
    """Return the mean pixel spacing in mm."""
    factor = _magnification(header, doubts)
    low, high = _PLAUSIBLE_SPACING_MM
    names = ("ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelSpacing")
    for name in names:
        spacing = header.decimals(name)
        if len(spacing) == 2 and low <= min(spacing) <= max(spacing) <= high:
            break
    else:
        doubts += [_IMPLAUSIBLE_SPACING] if any(map(header.raw.get, names)) else []
        return None
    if max(spacing) - min(spacing) > _ANISOTROPY * max(spacing):
        doubts.append(
            f"The pixels are not square ({spacing[0]:g} x {spacing[1]:g} mm), so the "
            "lesion is distorted for the models."
        )
    return sum(spacing) / 2 / (factor if name == names[0] else 1)


def _magnification(header: Header, doubts: list[str]) -> float:
    """Return the factor of a magnification view, else 1."""
    low, high = _MAGNIFICATION
    factors = header.decimals("EstimatedRadiographicMagnificationFactor")
    factor = factors[0] if factors and low <= factors[0] <= high else 1.0
    views = (header, *header.items.get("ViewCodeSequence", ()))
    modifiers = (item for view in views for item in view.items.get("ViewModifierCodeSequence", ()))
    if factor > 1 or any(item.text("CodeValue") in _MAGNIFIED for item in modifiers):
        size = f" ({factor:g} times)" if factor > 1 else ""
        doubts.append(
            f"This is a magnification view{size}; the models were trained on views of the whole "
            "breast."
        )
    return factor


def _film_doubts(header: Header, layout: PixelFormat) -> list[str]:
    """Return sentences about what kind of film this is, as far as it bears on the models."""
    # PS3.3 section C.8.11.1: FOR PROCESSING images are the detector's, not for reading.
    for_processing = (
        header.text("PresentationIntentType") == "FOR PROCESSING"
        or header.text("SOPClassUID") == _FOR_PROCESSING
    )
    # PS3.3 section C.8.11.3: IDENTITY belongs to MONOCHROME2, INVERSE to MONOCHROME1.
    shapes = {"MONOCHROME1": "IDENTITY", "MONOCHROME2": "INVERSE"}
    contradicts = header.text("PresentationLUTShape") == shapes.get(layout.photometric)
    doubts = {
        _origin_doubt(header): True,
        'This image is marked "for processing": its greys are raw detector values, unlike '
        'those of the training images. Use the "for presentation" image.': for_processing,
        BURNED_IN_TEXT: header.text("BurnedInAnnotation") == "YES",
        f"The file has {layout.frames} frames; only the first was read.": layout.frames > 1,
        "The header contradicts itself on whether the greys are inverted; the image was read by "
        "its photometric interpretation. If air is white, they are inverted.": contradicts,
        "This is a screen capture or a copy: a grey image stored as colours, whose greys may "
        "have been changed for the screen. Use the original mammogram.": layout.samples == 3,
        "Numbers in the header have a decimal comma, which DICOM does not allow; it was read as a "
        "decimal point.": header.has_decimal_comma,
    }
    return [sentence for sentence, applies in doubts.items() if sentence and applies]


def _origin_doubt(header: Header) -> str:
    """Distinguish digitised films, which the models learned on, from other pictures."""
    if header.text("Modality") != "MG":
        return (
            "The file is not marked as a mammogram (modality MG). The models were trained on "
            "mammograms only."
        )
    if header.text("SOPClassUID") in _DIGITAL:
        return (
            "This is a digital mammogram. The models were trained on digitised film; expect lower "
            "performance."
        )
    is_cbis_ddsm = (header.text("CTPCreator"), header.text("CTPProject")) == ("CTP", "CBIS-DDSM")
    if is_cbis_ddsm or header.text("ConversionType") == "DF":
        return ""
    return (
        "The file does not state whether it is digitised film or a digital mammogram. The models "
        "were trained on digitised film."
    )
