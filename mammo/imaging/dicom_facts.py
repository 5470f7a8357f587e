"""What a DICOM header says about a film besides its pixels: breast, view, spacing, doubts.

Used by `dicom`. Only codes from closed lists and numbers in a plausible range come out of here, so
that a free text that somebody wrote into a tag goes no further.

Reference: DICOM PS3.3 sections C.8.11.7 (mammography image), 10.7 (pixel spacing), PS3.16 CID 4014
(views), PS3.6 annex A (SOP classes).
"""

from typing import Literal

from mammo.imaging.dicom_format import PixelFormat
from mammo.imaging.dicom_header import Header, Tag
from mammo.imaging.quality import BURNED_IN_TEXT

_DIGITAL_MAMMOGRAPHY = "1.2.840.10008.5.1.4.1.1.1.2"
_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
_DIGITAL = {
    _DIGITAL_MAMMOGRAPHY,
    _FOR_PROCESSING,
    "1.2.840.10008.5.1.4.1.1.1",  # computed radiography
    "1.2.840.10008.5.1.4.1.1.13.1.3",  # breast tomosynthesis
    "1.2.840.10008.5.1.4.1.1.13.1.4",  # breast projection, for presentation
    "1.2.840.10008.5.1.4.1.1.13.1.5",  # breast projection, for processing
}
_VIEW_OF_CODE = {  # PS3.16 CID 4014: SNOMED CT, and the older SNOMED-RT codes of archived films
    "399162004": "CC",
    "R-10242": "CC",
    "399368009": "MLO",
    "R-10226": "MLO",
    "399260004": "ML",
    "R-10224": "ML",
    "399352003": "LM",
    "R-10228": "LM",
    "399099002": "LMO",
    "R-10230": "LMO",
    "399196006": "FB",
    "R-10244": "FB",
    "399188001": "SIO",
    "R-102D0": "SIO",
    "441555000": "ISO",
    "R-40AAA": "ISO",
    "399192008": "XCCL",
    "R-1024A": "XCCL",
    "399101009": "XCCM",
    "R-1024B": "XCCM",
}
_VIEWS = {*_VIEW_OF_CODE.values(), "XCC"}
_PLAUSIBLE_SPACING_MM = (0.01, 0.5)
"""Mammograms have 0.025 to 0.2 mm; 1 mm is what converters write that know nothing."""

_COLOURS = (
    "This is a screen capture or a copy: a grey picture stored as colours, whose greys may have "
    "been changed for the screen. Use the original film."
)
_DECIMAL_COMMA = (
    "Numbers in the header have a decimal comma, which DICOM does not allow; it was read as a "
    "decimal point."
)
_IMPLAUSIBLE_SPACING = (
    "The stated pixel spacing is not that of a mammogram and was left out; the margin around a "
    "lesion is taken as for a film at full resolution."
)
_MAGNIFIED = {"399163009", "R-102D6"}
"""View modifiers of PS3.16 CID 4015 for a magnification view."""

_MAGNIFICATION = (1.2, 5.0)
"""Radiographic magnification factors of such a view; in a contact view, 1.0 to 1.1."""

_ANISOTROPY = 0.01
"""Relative difference of the two spacings from which a pixel counts as not square."""


def laterality(header: Header) -> Literal["LEFT", "RIGHT"] | None:
    """Return the breast: Frame, Image, else Laterality (PS3.3 C.7.6.16.2.8, C.8.11.7, C.7.3.1)."""
    for tag in (Tag.FRAME_LATERALITY, Tag.IMAGE_LATERALITY, Tag.LATERALITY):
        match header.text(tag):
            case "L":
                return "LEFT"
            case "R":
                return "RIGHT"
    return None


def view(header: Header) -> str | None:
    """Return the view: View Code Sequence, else View Position, else Patient Orientation.

    The last is where CBIS-DDSM writes "CC" and "MLO"; its proper values, such as "A" and "R", are
    no views.
    """
    for item in header.items.get(Tag.VIEW_CODE, ()):
        if item.text(Tag.CODE_VALUE) in _VIEW_OF_CODE:
            return _VIEW_OF_CODE[item.text(Tag.CODE_VALUE)]
    for tag in (Tag.VIEW_POSITION, Tag.PATIENT_ORIENTATION):
        if header.text(tag) in _VIEWS:
            return header.text(tag)
    return None


def pixel_spacing_mm(header: Header) -> tuple[float | None, tuple[str, ...]]:
    """Return the pixel spacing, and warnings about it.

    Imager Pixel Spacing is the distance at the detector, Nominal Scanned Pixel Spacing that on a
    scanned film; Pixel Spacing may be corrected for magnification to a plane inside the breast
    (PS3.3 section 10.7.1.1). The margin of 60 film pixels that the models learned on is a distance
    on film, so the first two go before the third. In a magnification view the detector is far from
    the breast: there the spacing is that in the breast.

    Returns
    -------
    float or None
        mm; the mean where rows and columns differ.
    tuple of str
        Warnings.
    """
    factor, warnings = _magnification(header)
    for tag in (Tag.IMAGER_PIXEL_SPACING, Tag.NOMINAL_SCANNED_PIXEL_SPACING, Tag.PIXEL_SPACING):
        if not header.raw.get(tag):
            continue
        spacing = header.decimals(tag)
        low, high = _PLAUSIBLE_SPACING_MM
        if len(spacing) != 2 or not all(low <= value <= high for value in spacing):
            return None, (*warnings, _IMPLAUSIBLE_SPACING)
        mean = sum(spacing) / 2
        if tag == Tag.IMAGER_PIXEL_SPACING:
            mean /= factor
        return mean, (*warnings, *_anisotropy_warning(*spacing))
    return None, warnings


def _magnification(header: Header) -> tuple[float, tuple[str, ...]]:
    """Return the factor of a magnification view, else 1, and a warning about such a view."""
    low, high = _MAGNIFICATION
    factors = header.decimals(Tag.MAGNIFICATION_FACTOR)
    factor = factors[0] if factors and low <= factors[0] <= high else 1.0
    views = (header, *header.items.get(Tag.VIEW_CODE, ()))
    modifiers = (item for view in views for item in view.items.get(Tag.VIEW_MODIFIER_CODE, ()))
    if factor == 1 and not any(item.text(Tag.CODE_VALUE) in _MAGNIFIED for item in modifiers):
        return 1.0, ()
    size = f" ({factor:g} times)" if factor > 1 else ""
    return factor, (
        f"This is a magnification view{size}; the models learned on views of the whole breast.",
    )


def _anisotropy_warning(row_spacing: float, column_spacing: float) -> tuple[str, ...]:
    if abs(row_spacing - column_spacing) <= _ANISOTROPY * max(row_spacing, column_spacing):
        return ()
    sizes = f"{row_spacing:g} x {column_spacing:g} mm"
    return (f"The pixels are not square ({sizes}), so the models see the lesion stretched.",)


def film_warnings(header: Header, layout: PixelFormat) -> tuple[str, ...]:
    """Return sentences about what kind of film this is, as far as it bears on the models."""
    found = (
        _modality_warning(header),
        _origin_warning(header),
        _processing_warning(header),
        _annotation_warning(header),
        _frames_warning(layout),
        _polarity_warning(header, layout),
        _COLOURS if layout.samples == 3 else "",
        _DECIMAL_COMMA if header.has_decimal_comma else "",
    )
    return tuple(sentence for sentence in found if sentence)


def _modality_warning(header: Header) -> str:
    if header.text(Tag.MODALITY) == "MG":
        return ""
    return "The file does not call itself a mammogram (modality MG); the models know only those."


def _origin_warning(header: Header) -> str:
    """Tell digitised film from digital mammogram: the models learned on digitised films."""
    if header.text(Tag.MODALITY) != "MG":
        return ""  # the modality's own warning says enough
    if header.text(Tag.SOP_CLASS) in _DIGITAL:
        return (
            "This is a digital mammogram; the models learned on digitised films, so their answer "
            "is less certain here."
        )
    # PS3.3 section C.8.6.1: DF is digitised film. CBIS-DDSM, all digitised films, is known by the
    # project name that the archive's anonymiser (CTP) writes.
    is_cbis_ddsm = header.text(Tag.CTP_CREATOR) == "CTP" and (
        header.text(Tag.CTP_PROJECT) == "CBIS-DDSM"
    )
    if is_cbis_ddsm or header.text(Tag.CONVERSION_TYPE) == "DF":
        return ""
    return (
        "The file does not say whether it is a digitised film or a digital mammogram; the models "
        "learned on digitised films."
    )


def _processing_warning(header: Header) -> str:
    """PS3.3 section C.8.11.1: FOR PROCESSING images are the detector's, not for reading."""
    intent = header.text(Tag.PRESENTATION_INTENT)
    if intent != "FOR PROCESSING" and header.text(Tag.SOP_CLASS) != _FOR_PROCESSING:
        return ""
    return (
        'This image is marked "for processing": its greys are the raw detector\'s, unlike those '
        'the models learned on. Use the "for presentation" image.'
    )


def _annotation_warning(header: Header) -> str:
    if header.text(Tag.BURNED_IN_ANNOTATION) != "YES":
        return ""
    return BURNED_IN_TEXT


def _frames_warning(layout: PixelFormat) -> str:
    if layout.frames == 1:
        return ""
    return f"The file holds {layout.frames} frames; only the first was read."


def _polarity_warning(header: Header, layout: PixelFormat) -> str:
    """PS3.3 section C.8.11.3: IDENTITY belongs to MONOCHROME2, INVERSE to MONOCHROME1."""
    expected = "INVERSE" if layout.photometric == "MONOCHROME1" else "IDENTITY"
    if header.text(Tag.PRESENTATION_LUT_SHAPE) not in {"IDENTITY", "INVERSE"} - {expected}:
        return ""
    return (
        "The header contradicts itself on whether the greys are inverted; the film was read by its "
        "photometric interpretation. If air is white, they are inverted."
    )
