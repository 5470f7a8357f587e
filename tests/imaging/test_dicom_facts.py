"""Test what is read of a DICOM film besides its pixels: breast, view, spacing, warnings."""

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sr._concepts_dict import concepts

from mammo.imaging import read_image
from mammo.imaging.dicom import _VIEW_OF_CODE
from tests.imaging.aimed_dicom import element, with_elements
from tests.imaging.makers import dicom_bytes, dicom_dataset, plain_meta, ramp, written

pytestmark = pytest.mark.usefixtures("quiet")

FILM = ramp()


def _code(value: str, meaning: str = "") -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return [item]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, "RIGHT"),
        ({"ImageLaterality": "L"}, "LEFT"),
        ({"ImageLaterality": None, "Laterality": "L"}, "LEFT"),
        ({"ImageLaterality": "R", "Laterality": "L"}, "RIGHT"),
        ({"ImageLaterality": "B"}, None),
        ({"ImageLaterality": None}, None),
        ({"ImageLaterality": ""}, None),
    ],
)
def test_laterality(tags: dict[str, Any], expected: str | None) -> None:
    assert read_image(dicom_bytes(FILM, **tags)).laterality == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, "MLO"),
        ({"ViewPosition": "CC"}, "CC"),
        ({"ViewPosition": "XCCL"}, "XCCL"),
        ({"ViewPosition": None}, None),
        ({"ViewPosition": "PA"}, None),
        ({"ViewPosition": None, "PatientOrientation": "CC"}, "CC"),
        ({"ViewPosition": None, "PatientOrientation": ["A", "R"]}, None),
        ({"ViewCodeSequence": _code("399162004", "cranio-caudal")}, "CC"),
        ({"ViewCodeSequence": _code("R-10226")}, "MLO"),
        ({"ViewCodeSequence": _code("12345"), "ViewPosition": "CC"}, "CC"),
        ({"ViewCodeSequence": []}, "MLO"),
    ],
)
def test_view(tags: dict[str, Any], expected: str | None) -> None:
    assert read_image(dicom_bytes(FILM, **tags)).view == expected


def test_the_view_codes_are_those_of_the_standards_dictionary() -> None:
    names = {
        "CC": "cranio-caudal",
        "MLO": "medio-lateral oblique",
        "ML": "medial-lateral",
        "LM": "latero-medial",
        "LMO": "latero-medial oblique",
        "FB": "caudo-cranial",
        "SIO": "superolateral to inferomedial oblique",
        "ISO": "inferomedial to superolateral oblique",
        "XCCL": "cranio-caudal exaggerated laterally",
        "XCCM": "cranio-caudal exaggerated medially",
    }
    meanings = {
        code: meaning
        for codes in concepts["SCT"].values()
        for code, (meaning, contexts) in codes.items()
        if 4014 in contexts
    }
    snomed = {code: view for code, view in _VIEW_OF_CODE.items() if code.isdigit()}
    assert {code: names[view] for code, view in snomed.items()} == {
        code: meanings[code] for code in snomed
    }


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, None),
        ({"PixelSpacing": [0.05, 0.05]}, 0.05),
        ({"ImagerPixelSpacing": [0.07, 0.07]}, 0.07),
        ({"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.06, 0.06]}, 0.1),
        ({"NominalScannedPixelSpacing": [0.05, 0.05], "PixelSpacing": [0.03, 0.03]}, 0.05),
        ({"PixelSpacing": [0.05, 0.0502]}, 0.0501),
        ({"ImagerPixelSpacing": [0, 0], "PixelSpacing": [0.06, 0.06]}, 0.06),
    ],
)
def test_pixel_spacing(tags: dict[str, Any], expected: float | None) -> None:
    image = read_image(dicom_bytes(FILM, **tags))
    assert image.pixel_spacing_mm == (None if expected is None else pytest.approx(expected))
    assert image.warnings == ()


def test_pixels_that_are_not_square_get_a_warning_and_the_mean() -> None:
    image = read_image(dicom_bytes(FILM, ImagerPixelSpacing=[0.05, 0.1]))
    assert image.pixel_spacing_mm == pytest.approx(0.075)
    assert "not square (0.05 x 0.1 mm)" in image.warnings[0]


@pytest.mark.parametrize("spacing", [[1, 1], [0, 0.05], [-0.1, -0.1], [0.05], [5e-4, 5e-4]])
def test_an_implausible_spacing_is_left_out_with_a_warning(spacing: list[float]) -> None:
    image = read_image(dicom_bytes(FILM, PixelSpacing=spacing))
    assert image.pixel_spacing_mm is None
    assert "pixel spacing is not that of a mammogram" in image.warnings[0]


def test_a_spacing_that_is_no_number_is_left_out() -> None:
    content = dicom_bytes(FILM, PixelSpacing=[0.05, 0.05]).replace(b"0.05\\0.05", b"abc!\\NaN!")
    image = read_image(content)
    assert image.pixel_spacing_mm is None
    assert len(image.warnings) == 1


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({"PresentationIntentType": "FOR PROCESSING"}, "for processing"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.2.1"}, "for processing"),
        ({"BurnedInAnnotation": "YES"}, "burned-in text"),
        ({"ConversionType": None}, "does not state whether"),
        ({"ConversionType": "WSD"}, "does not state whether"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.2"}, "digital mammogram"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.13.1.3"}, "digital mammogram"),
        ({"Modality": "CT"}, "is not marked as a mammogram"),
        ({"Modality": None}, "is not marked as a mammogram"),
    ],
)
def test_warnings(tags: dict[str, Any], sentence: str) -> None:
    warnings = read_image(dicom_bytes(FILM, **tags)).warnings
    assert sum(sentence in warning for warning in warnings) == 1
    assert all(warning.endswith(".") for warning in warnings)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"PresentationIntentType": "FOR PRESENTATION"},
        {"BurnedInAnnotation": "NO"},
        {"NumberOfFrames": 1},
    ],
)
def test_a_good_film_gets_no_warning(tags: dict[str, Any]) -> None:
    assert read_image(dicom_bytes(FILM, **tags)).warnings == ()


def test_a_film_of_cbis_ddsm_is_known_to_be_digitised() -> None:
    known = dicom_dataset(FILM, ConversionType=None)
    known.private_block(0x0013, "CTP", create=True).add_new(0x10, "LO", "CBIS-DDSM")
    known.file_meta = plain_meta()
    known.PixelData = FILM.tobytes()
    known["PixelData"].VR = "OW"
    assert read_image(written(known)).warnings == ()


def _group(name: str, **tags: Any) -> list[Dataset]:
    inner, item = Dataset(), Dataset()
    for tag, value in tags.items():
        setattr(inner, tag, value)
    setattr(item, name, [inner])
    return [item]


def test_functional_groups_state_laterality_and_spacing() -> None:
    shared = _group("PixelMeasuresSequence", PixelSpacing=[0.1, 0.1])
    frame = _group("FrameAnatomySequence", FrameLaterality="L")
    image = read_image(
        dicom_bytes(
            FILM,
            ImageLaterality="R",
            PixelSpacing=[0.2, 0.2],
            SharedFunctionalGroupsSequence=shared,
            PerFrameFunctionalGroupsSequence=frame,
        )
    )
    assert (image.laterality, image.pixel_spacing_mm) == ("LEFT", 0.1)
    image = read_image(
        dicom_bytes(
            FILM,
            SharedFunctionalGroupsSequence=_group("FrameAnatomySequence", FrameLaterality="R")
            + _group("FrameAnatomySequence", FrameLaterality="L"),
            PixelSpacing=[0.2, 0.2],
        )
    )
    assert (image.laterality, image.pixel_spacing_mm) == ("RIGHT", 0.2)


@pytest.mark.parametrize(
    ("tags", "spacing"),
    [
        ({"EstimatedRadiographicMagnificationFactor": 1.4}, 0.05),
        ({"EstimatedRadiographicMagnificationFactor": 1.05}, 0.07),
        ({"EstimatedRadiographicMagnificationFactor": 0}, 0.07),
        ({}, 0.07),
    ],
)
def test_the_spacing_of_a_magnification_view_is_that_in_the_breast(
    tags: dict[str, Any], spacing: float
) -> None:
    image = read_image(dicom_bytes(FILM, ImagerPixelSpacing=[0.07, 0.07], **tags))
    assert image.pixel_spacing_mm == pytest.approx(spacing)
    assert any("magnification view" in warning for warning in image.warnings) == (spacing < 0.07)


@pytest.mark.parametrize("code", ["399163009", "R-102D6"])
def test_a_magnification_view_is_known_by_its_modifier(code: str) -> None:
    view = _code("399162004")
    view[0].ViewModifierCodeSequence = _code(code)
    image = read_image(dicom_bytes(FILM, ViewCodeSequence=view))
    assert image.view == "CC"
    assert any("magnification view" in warning for warning in image.warnings)


def test_a_spacing_with_a_decimal_comma_is_read() -> None:
    spacing = element(0x0018_1164, b"DS", b"0,143\\0,143 ")
    image = read_image(with_elements(spacing))
    assert image.pixel_spacing_mm == 0.143
    assert "decimal comma" in image.warnings[0]
    factor = element(0x0018_1114, b"DS", b"1,43")
    image = read_image(with_elements(factor + spacing))
    assert image.pixel_spacing_mm == pytest.approx(0.1)
