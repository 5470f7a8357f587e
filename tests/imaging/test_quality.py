"""Test the plain-words warnings, and that real crops rarely get one."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mammo.imaging import Image, quality_warnings
from mammo.imaging.quality import picture_warnings

SMOOTH = np.clip(
    cv2.GaussianBlur(np.random.default_rng(1).normal(120, 400, (128, 128)), (0, 0), 6), 20, 220
).astype(np.uint8)


def test_a_good_crop_gets_no_warning() -> None:
    assert quality_warnings(SMOOTH) == ()
    assert quality_warnings(Image(SMOOTH), source_side=430) == ()


def _mostly(value: int) -> NDArray[np.uint8]:
    crop = SMOOTH.copy()
    crop[:90] = value
    return crop


@pytest.mark.parametrize(
    ("crop", "sentence"),
    [
        (np.full((128, 128), 77, dtype=np.uint8), "empty"),
        ((SMOOTH // 16 + 100).astype(np.uint8), "nearly flat"),
        (np.where(SMOOTH > 120, 255, 0).astype(np.uint8), "2 grey levels"),
        (_mostly(255), "inverted"),
        (_mostly(0), "outside the breast"),
        (SMOOTH[:40, :40], "40 pixels per side"),
    ],
)
def test_a_bad_crop_gets_a_sentence(crop: NDArray[np.uint8], sentence: str) -> None:
    assert any(sentence in warning for warning in quality_warnings(crop))


def test_the_side_before_resizing_counts() -> None:
    (warning,) = quality_warnings(SMOOTH, source_side=30)
    assert "only 30 pixels per side" in warning


def test_a_whole_film_is_checked_for_emptiness_masks_and_inversion() -> None:
    film = np.zeros((300, 200), dtype=np.uint8)
    assert "empty" in picture_warnings(film)[0]
    film[100:150, :60] = 255
    assert "mask" in picture_warnings(film)[0]
    film[:256, 120] = np.arange(256)
    assert picture_warnings(film) == ()
    assert "inverted" in picture_warnings(255 - film)[0]


def test_real_crops_are_rarely_flagged(real_crops: Path) -> None:
    paths = sorted((real_crops / "crops").glob("*.png"))
    found = [quality_warnings(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)) for path in paths]
    flagged = [warnings for warnings in found if warnings]
    assert len(paths) == 1696
    assert len(flagged) == 4
    assert all(len(warnings) == 1 and "nearly flat" in warnings[0] for warnings in flagged)


def test_no_real_crop_looks_inverted_until_it_is(real_crops: Path) -> None:
    paths = sorted((real_crops / "crops").glob("*.png"))[::8]
    crops = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in paths]
    with_air = [crop for crop in crops if (crop < 15).mean() > 0.3]
    assert with_air
    assert all("inverted" in " ".join(quality_warnings(255 - crop)) for crop in with_air)
