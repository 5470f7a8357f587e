"""What a DICOM header says about a film besides its pixels: breast, view, spacing, doubts.

Used by `dicom`. Only codes from closed lists and numbers in a plausible range come out of here, so
that a free text that somebody wrote into a tag goes no further.

Reference: DICOM PS3.3 sections C.8.11.7 (mammography image), 10.7 (pixel spacing), PS3.16 CID 4014
(views), PS3.6 annex A (SOP classes).
"""

from typing import Literal

from mammo.imaging.dicom_format import PixelFormat
from mammo.imaging.dicom_header import Header
from mammo.imaging.quality import BURNED_IN_TEXT

_IMAGE = "1.2.840.10008.5.1.4.1.1."
_FOR_PROCESSING = f"{_IMAGE}1.2.1"
_DIGITAL = {_FOR_PROCESSING, *(_IMAGE + end for end in ("1", "1.2", "13.1.3", "13.1.4", "13.1.5"))}
"""Computed radiography, digital mammography, breast tomosynthesis and projection (the last two)."""

_CODES_OF_VIEW = {  # PS3.16 CID 4014: SNOMED CT, and the older SNOMED-RT codes of archived films
    "CC": ("399162004", "R-10242"), "MLO": ("399368009", "R-10226"),
    "ML": ("399260004", "R-10224"), "LM": ("399352003", "R-10228"),
    "LMO": ("399099002", "R-10230"), "FB": ("399196006", "R-10244"),
    "SIO": ("399188001", "R-102D0"), "ISO": ("441555000", "R-40AAA"),
    "XCCL": ("399192008", "R-1024A"), "XCCM": ("399101009", "R-1024B"),
}  # fmt: skip
_VIEW_OF_CODE = {code: view for view, codes in _CODES_OF_VIEW.items() for code in codes}
_VIEWS = {*_CODES_OF_VIEW, "XCC"}
_PLAUSIBLE_SPACING_MM = (0.01, 0.5)
"""Mammograms have 0.025 to 0.2 mm; 1 mm is what converters write that know nothing."""

_MAGNIFIED = {"399163009", "R-102D6"}
"""View modifiers of PS3.16 CID 4015 for a magnification view."""

_MAGNIFICATION = (1.2, 5.0)
"""Radiographic magnification factors of such a view; in a contact view, 1.0 to 1.1."""

_ANISOTROPY = 0.01
"""Relative difference of the two spacings from which a pixel counts as not square."""

_IMPLAUSIBLE_SPACING = (
    "The stated pixel spacing is not that of a mammogram and was left out; the margin around a "
    "lesion is taken as for a film at full resolution."
)


def laterality(header: Header) -> Literal["LEFT", "RIGHT"] | None:
    """Return the breast: Frame, Image, else Laterality (PS3.3 C.7.6.16.2.8, C.8.11.7, C.7.3.1)."""
    for name in ("FrameLaterality", "ImageLaterality", "Laterality"):
        match header.text(name):
            case "L":
                return "LEFT"
            case "R":
                return "RIGHT"
    return None


def view(header: Header) -> str | None:
    """Return the view: View Code Sequence, else View Position, else Patient Orientation."""
    for item in header.items.get("ViewCodeSequence", ()):
        if item.text("CodeValue") in _VIEW_OF_CODE:
            return _VIEW_OF_CODE[item.text("CodeValue")]
    stated = (header.text("ViewPosition"), header.text("PatientOrientation"))
    return next((name for name in stated if name in _VIEWS), None)


def pixel_spacing_mm(header: Header) -> tuple[float | None, tuple[str, ...]]:
    """Return the mean pixel spacing in mm, and warnings about it."""
    factor, warnings = _magnification(header)
    names = ("ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelSpacing")
    name = next((name for name in names if _is_plausible(header.decimals(name))), None)
    if name is None:
        is_stated = any(header.raw.get(name) for name in names)
        return None, (*warnings, *([_IMPLAUSIBLE_SPACING] if is_stated else []))
    spacing = header.decimals(name)
    if abs(spacing[0] - spacing[1]) > _ANISOTROPY * max(spacing):
        sizes = f"{spacing[0]:g} x {spacing[1]:g} mm"
        warnings += (
            f"The pixels are not square ({sizes}), so the models see the lesion stretched.",
        )
    return sum(spacing) / 2 / (factor if name == names[0] else 1), warnings


def _is_plausible(spacing: tuple[float, ...]) -> bool:
    low, high = _PLAUSIBLE_SPACING_MM
    return len(spacing) == 2 and all(low <= value <= high for value in spacing)


def _magnification(header: Header) -> tuple[float, tuple[str, ...]]:
    """Return the factor of a magnification view, else 1, and a warning about such a view."""
    low, high = _MAGNIFICATION
    factors = header.decimals("EstimatedRadiographicMagnificationFactor")
    factor = factors[0] if factors and low <= factors[0] <= high else 1.0
    views = (header, *header.items.get("ViewCodeSequence", ()))
    modifiers = (item for view in views for item in view.items.get("ViewModifierCodeSequence", ()))
    if factor == 1 and not any(item.text("CodeValue") in _MAGNIFIED for item in modifiers):
        return 1.0, ()
    size = f" ({factor:g} times)" if factor > 1 else ""
    return factor, (
        f"This is a magnification view{size}; the models learned on views of the whole breast.",
    )


def film_warnings(header: Header, layout: PixelFormat) -> tuple[str, ...]:
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
        _origin_warning(header): True,
        'This image is marked "for processing": its greys are the raw detector\'s, unlike those '
        'the models learned on. Use the "for presentation" image.': for_processing,
        BURNED_IN_TEXT: header.text("BurnedInAnnotation") == "YES",
        f"The file holds {layout.frames} frames; only the first was read.": layout.frames > 1,
        "The header contradicts itself on whether the greys are inverted; the film was read by its "
        "photometric interpretation. If air is white, they are inverted.": contradicts,
        "This is a screen capture or a copy: a grey picture stored as colours, whose greys may "
        "have been changed for the screen. Use the original film.": layout.samples == 3,
        "Numbers in the header have a decimal comma, which DICOM does not allow; it was read as a "
        "decimal point.": header.has_decimal_comma,
    }
    return tuple(sentence for sentence, applies in doubts.items() if sentence and applies)


def _origin_warning(header: Header) -> str:
    """Distinguish digitised films, which the models learned on, from other pictures."""
    if header.text("Modality") != "MG":
        return (
            "The file does not call itself a mammogram (modality MG); the models know only those."
        )
    if header.text("SOPClassUID") in _DIGITAL:
        return (
            "This is a digital mammogram; the models learned on digitised films, so their answer "
            "is less certain here."
        )
    is_cbis_ddsm = (header.text("CTPCreator"), header.text("CTPProject")) == ("CTP", "CBIS-DDSM")
    if is_cbis_ddsm or header.text("ConversionType") == "DF":
        return ""
    return (
        "The file does not say whether it is a digitised film or a digital mammogram; the models "
        "learned on digitised films."
    )
