"""Test the grey chain: modality LUT, VOI LUT, MONOCHROME1, padding, min-max, in this order.

pydicom's own functions are the second implementation.
"""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from mammo.imaging import read_image
from tests.imaging.aimed_dicom import element, with_elements
from tests.imaging.makers import dicom_bytes, dicom_dataset, plain_meta, ramp

FILM = ramp(48, 40, top=4000)
SIGNED = (FILM.astype(np.int32) - 2000).astype(np.int16)


def _scaled(values: NDArray[Any]) -> NDArray[np.uint8]:
    return cv2.normalize(values, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)


def _lut(entries: NDArray[Any], first: int, bits: int) -> list[Dataset]:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    return [item]


CURVE = (np.linspace(0, 1, 3000) ** 2 * 1000).astype(np.uint16)
BUMP = np.abs(np.arange(2000) - 1000).astype(np.uint16)


@pytest.mark.parametrize("stored", [FILM, SIGNED])
@pytest.mark.parametrize(
    "tags",
    [
        {"RescaleSlope": 2.5, "RescaleIntercept": -300},
        {"RescaleSlope": -1, "RescaleIntercept": 4000},
        {"WindowCenter": 1500, "WindowWidth": 1000},
        {"WindowCenter": [1500, 9], "WindowWidth": [1000, 9]},
        {"WindowCenter": 1500, "WindowWidth": 1000, "VOILUTFunction": "LINEAR_EXACT"},
        {"WindowCenter": 1500, "WindowWidth": 700, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": 500, "WindowWidth": 1},
        {
            "RescaleSlope": 2,
            "RescaleIntercept": -1024,
            "WindowCenter": 3000,
            "WindowWidth": 2000,
        },
        {"ModalityLUTSequence": _lut(CURVE, 300, 16)},
        {"VOILUTSequence": _lut(CURVE, 500, 12)},
        {"VOILUTSequence": _lut(CURVE, 500, 12), "WindowCenter": 10, "WindowWidth": 10},
        {"VOILUTSequence": _lut(BUMP, 100, 10)},
        {"ModalityLUTSequence": _lut(CURVE, 0, 16), "WindowCenter": 300, "WindowWidth": 500},
    ],
)
def test_the_chain_is_pydicoms(stored: NDArray[Any], tags: dict[str, Any]) -> None:
    film = dicom_dataset(stored, **tags)
    film.set_original_encoding(False, True)
    film.file_meta = plain_meta()
    grey = apply_voi_lut(apply_modality_lut(stored, film), film).astype(np.float64)
    image = read_image(dicom_bytes(stored, **tags))
    assert np.abs(image.pixels.astype(int) - _scaled(grey)).max() <= 1
    assert not any("left out" in warning for warning in image.warnings)


@pytest.mark.parametrize("first", [-1500, 0, 700])
def test_a_table_may_start_below_zero(first: int) -> None:
    image = read_image(dicom_bytes(SIGNED, VOILUTSequence=_lut(CURVE, first, 12)))
    place = np.clip(SIGNED.astype(int) - first, 0, len(CURVE) - 1)
    assert np.abs(image.pixels.astype(int) - _scaled(CURVE[place])).max() <= 1


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
)
@pytest.mark.parametrize("undefined_length", [False, True])
def test_tables_are_found_in_every_encoding(syntax: str, undefined_length: bool) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(CURVE), 500, 12])
    item.add_new("LUTData", "US", CURVE.tolist())
    item.LUTExplanation = "Quixote^Dulcinea"
    film = dicom_dataset(FILM, VOILUTSequence=[item])
    film["VOILUTSequence"].value.is_undefined_length = undefined_length
    film["VOILUTSequence"].is_undefined_length = undefined_length
    image = read_image(dicom_bytes(FILM, syntax=syntax, VOILUTSequence=film.VOILUTSequence))
    place = np.clip(FILM.astype(int) - 500, 0, len(CURVE) - 1)
    assert np.array_equal(image.pixels, _scaled(CURVE[place]))


def test_a_table_of_bytes_is_read() -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [256, 0, 8])
    item.add_new("LUTData", "OW", bytes(range(255, -1, -1)))
    eight = (FILM // 16).astype(np.uint8)
    image = read_image(dicom_bytes(eight, VOILUTSequence=[item]))
    assert np.array_equal(image.pixels, _scaled(255 - eight))


def test_monochrome1_is_inverted() -> None:
    image = read_image(dicom_bytes(FILM, PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(image.pixels, _scaled(FILM.max() - FILM))
    signed = read_image(dicom_bytes(SIGNED, PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(signed.pixels, image.pixels)


def test_monochrome1_is_inverted_after_the_window() -> None:
    """A window on the dark end: inverting first would put it on the bright end."""
    window = {"WindowCenter": 500, "WindowWidth": 1001, "VOILUTFunction": "LINEAR_EXACT"}
    image = read_image(dicom_bytes(FILM, PhotometricInterpretation="MONOCHROME1", **window))
    expected = _scaled(1.0 - np.clip((FILM - 500.0) / 1001 + 0.5, 0, 1))
    assert np.abs(image.pixels.astype(int) - expected).max() <= 1
    assert image.pixels[0, 0] == 255  # the lowest stored value is white
    assert not image.pixels[FILM > 1001].any()


def test_presentation_lut_shape_inverts_nothing_twice() -> None:
    tags = {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}
    image = read_image(dicom_bytes(FILM, **tags))
    assert np.array_equal(image.pixels, _scaled(FILM.max() - FILM))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_takes_no_part_and_becomes_black(photometric: str) -> None:
    padded = FILM.copy()
    padded[:5] = 65_535
    padded[5:8] = 65_000
    image = read_image(
        dicom_bytes(
            padded,
            PhotometricInterpretation=photometric,
            PixelPaddingValue=65_535,
            PixelPaddingRangeLimit=65_000,
        )
    )
    inner = FILM[8:] if photometric == "MONOCHROME2" else FILM[8:].max() - FILM[8:]
    assert np.array_equal(image.pixels[8:], _scaled(inner))
    assert not image.pixels[:8].any()


def test_a_film_that_is_all_padding_is_shown_as_it_is() -> None:
    image = read_image(dicom_bytes(FILM, PixelPaddingValue=0, PixelPaddingRangeLimit=65_535))
    assert np.array_equal(image.pixels, _scaled(FILM))


def test_padding_of_a_signed_film_is_signed() -> None:
    padded = SIGNED.copy()
    padded[:4] = -32_768
    image = read_image(dicom_bytes(padded, PixelPaddingValue=-32_768))
    assert np.array_equal(image.pixels[4:], _scaled(SIGNED[4:]))


@pytest.mark.parametrize(
    ("tags", "step"),
    [
        ({"WindowCenter": 5, "WindowWidth": 0}, "grey window"),
        ({"WindowCenter": 5}, "grey window"),
        ({"RescaleSlope": 0, "RescaleIntercept": 0}, "rescale slope"),
        ({"VOILUTSequence": [Dataset()]}, "VOI look-up table"),
        ({"ModalityLUTSequence": [Dataset()]}, "modality look-up table"),
        ({"VOILUTSequence": _lut(CURVE[:0], 9, 16)}, "VOI look-up table"),
    ],
)
def test_a_senseless_step_is_left_out_with_a_warning(tags: dict[str, Any], step: str) -> None:
    image = read_image(dicom_bytes(FILM, **tags))
    assert np.array_equal(image.pixels, _scaled(FILM))
    assert any(step in warning for warning in image.warnings)


def test_a_rescale_of_one_and_zero_changes_nothing() -> None:
    image = read_image(dicom_bytes(FILM, RescaleSlope=1, RescaleIntercept=0))
    assert np.array_equal(image.pixels, _scaled(FILM))
    assert image.warnings == ()


def test_a_film_of_one_value_is_black_with_a_warning() -> None:
    image = read_image(dicom_bytes(np.full_like(FILM, 700)))
    assert not image.pixels.any()
    assert any("empty" in warning for warning in image.warnings)


def _groups(**macros: Dataset) -> list[Dataset]:
    """Return the item of a functional groups sequence."""
    item = Dataset()
    for name, macro in macros.items():
        setattr(item, name, [macro])
    return [item]


def _tags(**values: Any) -> Dataset:
    item = Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    return item


WINDOW = _groups(FrameVOILUTSequence=_tags(WindowCenter=1500, WindowWidth=1000))
OTHER_WINDOW = _groups(FrameVOILUTSequence=_tags(WindowCenter=9, WindowWidth=9))
INVERTED = _groups(PixelValueTransformationSequence=_tags(RescaleSlope=-1, RescaleIntercept=0))


@pytest.mark.parametrize(
    ("tags", "same_as"),
    [
        ({"PerFrameFunctionalGroupsSequence": WINDOW + OTHER_WINDOW}, {}),
        ({"SharedFunctionalGroupsSequence": WINDOW}, {}),
        (
            {
                "SharedFunctionalGroupsSequence": OTHER_WINDOW,
                "PerFrameFunctionalGroupsSequence": WINDOW,
            },
            {},
        ),
        ({"SharedFunctionalGroupsSequence": WINDOW, "WindowCenter": 9, "WindowWidth": 9}, {}),
        ({"SharedFunctionalGroupsSequence": WINDOW, "VOILUTSequence": _lut(CURVE, 0, 12)}, {}),
        (
            {
                "SharedFunctionalGroupsSequence": _groups(FrameVOILUTSequence=Dataset()),
                "WindowCenter": 1500,
                "WindowWidth": 1000,
            },
            {},
        ),
        (
            {
                "SharedFunctionalGroupsSequence": WINDOW,
                "PerFrameFunctionalGroupsSequence": INVERTED,
            },
            {"RescaleSlope": -1, "RescaleIntercept": 0},
        ),
        (
            {
                "SharedFunctionalGroupsSequence": _groups(
                    FrameVOILUTSequence=_tags(VOILUTSequence=_lut(CURVE, 500, 12))
                )
            },
            {"VOILUTSequence": _lut(CURVE, 500, 12)},
        ),
    ],
)
@pytest.mark.parametrize("undefined_length", [False, True])
def test_functional_groups_count_before_the_whole_file(
    tags: dict[str, Any], same_as: dict[str, Any], undefined_length: bool
) -> None:
    film = dicom_dataset(FILM, **tags)
    for name in tags:
        film[name].is_undefined_length = undefined_length
        if name.endswith("GroupsSequence"):
            film[name].value.is_undefined_length = undefined_length
            tags = tags | {name: film[name].value}
    same_as = {"WindowCenter": 1500, "WindowWidth": 1000} | same_as
    image, expected = (
        read_image(dicom_bytes(FILM, **tags)),
        read_image(dicom_bytes(FILM, **same_as)),
    )
    assert np.array_equal(image.pixels, expected.pixels)


def test_a_slope_of_minus_one_in_the_groups_inverts() -> None:
    image = read_image(dicom_bytes(FILM, PerFrameFunctionalGroupsSequence=INVERTED))
    assert np.array_equal(image.pixels, _scaled(FILM.max() - FILM))


@pytest.mark.parametrize(
    "item",
    [
        _tags(LUTExplanation="no data"),
        _lut(CURVE, 0, 12)[0],
        _lut(CURVE[:200], 60_000, 12)[0],
        _lut(np.zeros_like(CURVE), 0, 12)[0],
    ],
)
def test_a_broken_table_beside_a_window_leaves_the_window(item: Dataset) -> None:
    window = {"WindowCenter": 1500, "WindowWidth": 1000}
    if len(item.get("LUTData", b"")) > 400 and any(item.LUTData):
        item.LUTData = item.LUTData[:200]
    image = read_image(dicom_bytes(FILM, VOILUTSequence=[item], **window))
    assert np.array_equal(image.pixels, read_image(dicom_bytes(FILM, **window)).pixels)
    assert sum("VOI look-up table is not usable" in warning for warning in image.warnings) == 1
    rescaled = read_image(dicom_bytes(FILM, ModalityLUTSequence=[item], RescaleSlope=-1))
    assert np.array_equal(rescaled.pixels, _scaled(FILM.max() - FILM))


@pytest.mark.parametrize(
    ("centre", "width", "plain"),
    [(b"1500,5", b"1000,5", [1500.5, 1000.5]), (b"1500", b"1000,5\\9 ", [1500, 1000.5])],
)
def test_a_decimal_comma_is_read_as_a_point(
    centre: bytes, width: bytes, plain: list[float]
) -> None:
    window = element(0x0028_1050, b"DS", centre) + element(0x0028_1051, b"DS", width)
    image = read_image(with_elements(window))
    expected = read_image(with_elements(b"", WindowCenter=plain[0], WindowWidth=plain[1]))
    assert np.array_equal(image.pixels, expected.pixels)
    assert sum("decimal comma" in warning for warning in image.warnings) == 1


@pytest.mark.parametrize(
    ("photometric", "shape", "contradicts"),
    [
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME1", "IDENTITY", True),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME1", "INVERSE", False),
        ("MONOCHROME2", "SOMETHING", False),
    ],
)
def test_a_contradicting_polarity_is_named(photometric: str, shape: str, contradicts: bool) -> None:
    tags = {"PhotometricInterpretation": photometric}
    image = read_image(dicom_bytes(FILM, PresentationLUTShape=shape, **tags))
    assert np.array_equal(image.pixels, read_image(dicom_bytes(FILM, **tags)).pixels)
    assert any("contradicts itself" in warning for warning in image.warnings) == contradicts
