"""Hold the whole path from a DICOM film to a crop against the data set's own crops, to the pixel.

The windows and the checksums of the published crops stand here, so that this runs everywhere.
"""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammo.data.examples import ExampleLesion, example_lesions
from mammo.imaging import cut_lesion, lesion_window, quality_warnings, read_image

EXPECTED = {
    "Mass-Test_P_00173_LEFT_CC_1": (
        (848, 2142, 431, 431),
        "5ed45e6238cf9d9fc7f3a53082f4942a0b7fad6445ff8d994d54d21ad12bd334",
    ),
    "Mass-Test_P_00173_LEFT_MLO_1": (
        (694, 3077, 349, 349),
        "286322fc4b92bd833f0c65c5fdead49b16d368d189548694b43fc61005ec2c54",
    ),
    "Mass-Test_P_00173_RIGHT_CC_1": (
        (2311, 2317, 553, 553),
        "531c20655cf18e6df6766fc02906c4bef2c3f0e73c4bdcd335fef0eaaee1b10b",
    ),
    "Mass-Test_P_00173_RIGHT_CC_2": (
        (1704, 1957, 458, 458),
        "8fedeeea1be5a6624dac2a3ca331f5dad1c84a1ffc06b692d925f644ab27ea97",
    ),
    "Mass-Test_P_00173_RIGHT_MLO_1": (
        (2596, 1527, 324, 324),
        "1f74256cb2d71c4d861756cbda2d54b7779d091f4faf2bece9ba1a9fb4531bd8",
    ),
    "Mass-Test_P_00173_RIGHT_MLO_2": (
        (1592, 2451, 385, 385),
        "ec074d164fe676fb76cac1853844dab6689e79dc892f8a7e803d8485da9e1267",
    ),
    "Mass-Test_P_00820_LEFT_CC_1": (
        (0, 2802, 262, 262),
        "17de075e4e7dd2a0ffe516b8ff36fd5081679f1e81b13e9c9d1bfedec479cd5c",
    ),
    "Mass-Test_P_00820_LEFT_MLO_1": (
        (4, 3030, 358, 358),
        "a7f639b83e2ecc6daf7405381de0b8ca76f63d3c41edaa4b99fdeecaa93a9785",
    ),
    "Mass-Test_P_00820_RIGHT_CC_1": (
        (2007, 1076, 386, 386),
        "f22945c0c8bdcf03836cd10192c9e570020f0b084ba5cf770c2ee8b1ba5df90e",
    ),
    "Mass-Test_P_00820_RIGHT_MLO_1": (
        (1547, 1827, 388, 388),
        "406c65fa832d4dcd3f4e8ba235f9609914c6d43d95b8c78ac8c7ce6921fa63e7",
    ),
}

LESIONS = {lesion.case_id: lesion for lesion in example_lesions()}


@pytest.mark.parametrize("case_id", EXPECTED)
def test_an_example_lesion_equals_the_data_sets_crop(case_id: str) -> None:
    lesion: ExampleLesion = LESIONS[case_id]
    window, checksum = EXPECTED[case_id]
    film = read_image(lesion.film)
    crop = cut_lesion(film, window=window)
    assert lesion.window == window
    assert hashlib.sha256(crop.tobytes()).hexdigest() == checksum
    assert (film.laterality, film.view) == (lesion.laterality, lesion.view)
    assert (film.kind, film.pixel_spacing_mm, film.warnings) == ("dicom", None, ())
    assert quality_warnings(crop, source_side=window[2]) == ()


@pytest.mark.parametrize("case_id", EXPECTED)
def test_the_checksums_are_those_of_the_published_crops(case_id: str, real_crops: Path) -> None:
    crop = cv2.imread(str(real_crops / "crops" / f"{case_id}.png"), cv2.IMREAD_UNCHANGED)
    assert hashlib.sha256(crop.tobytes()).hexdigest() == EXPECTED[case_id][1]


def test_the_window_around_a_published_window_without_its_margin_is_of_the_same_side() -> None:
    x, y, side, _ = EXPECTED["Mass-Test_P_00173_LEFT_CC_1"][0]
    box = (x + 60, y + 60, side - 120, side - 120)
    assert lesion_window((4432, 2864), box) == (x, y, side, side)


def test_the_film_is_scaled_by_its_own_minimum_and_maximum() -> None:
    film = read_image(LESIONS["Mass-Test_P_00820_LEFT_CC_1"].film)
    assert (film.pixels.min(), film.pixels.max()) == (0, 255)
    assert film.pixels.dtype == np.uint8
