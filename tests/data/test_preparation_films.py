"""One film's lesions: which picture is taken for what, and the reason where no window is cut."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mammo.data.preparation.case_files import CaseRow
from mammo.data.preparation.films import FilmTask, PreparedLesion, prepare_film

RANDOM = np.random.default_rng(5)
FILM = RANDOM.integers(10, 240, (600, 400), dtype=np.uint8)
CROP = RANDOM.integers(300, 60_000, (90, 90), dtype=np.uint16)
ROW = CaseRow(
    "Mass-Training_P_00001_LEFT_CC_1", "Mass-Training_P_00001_LEFT_CC", "mass", "train", "P_00001",
    "LEFT", "CC", 1, "2", "OVAL", "OBSCURED", "", "", "4", "BENIGN", "3", "1.2", ("1.3",),
)  # fmt: skip


def mask(height: int = 600, width: int = 400) -> NDArray[np.uint8]:
    drawn = np.zeros((height, width), dtype=np.uint8)
    drawn[200:260, 100:150] = 255
    return drawn


def prepare(folder: Path, *pictures: NDArray[np.generic]) -> PreparedLesion:
    """Prepare a film on which one lesion has these pictures, in the order of their names."""
    paths = [folder / f"1-{number}.png" for number in range(len(pictures) + 1)]
    for path, picture in zip(paths, (FILM, *pictures), strict=True):
        cv2.imwrite(str(path), picture)
    (lesion,) = prepare_film(FilmTask((paths[0],), ((ROW, tuple(paths[1:])),)), 64)
    return lesion


def pixels(lesion: PreparedLesion) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(lesion.png, np.uint8), cv2.IMREAD_UNCHANGED))


BLANK = np.zeros((600, 400), np.uint8)
WHITE = np.full((600, 400), 255, np.uint8)


@pytest.mark.parametrize("blank", [BLANK, WHITE, BLANK.astype(np.uint16), BLANK[:90, :90]])
@pytest.mark.parametrize("first", [True, False])
def test_a_blank_mask_never_takes_the_crops_place(tmp_path, blank, first) -> None:
    lesion = prepare(tmp_path, *((blank, CROP) if first else (CROP, blank)))
    assert (lesion.origin, lesion.reason) == ("provided", "mask empty")
    assert f"1-{1 if first else 2}.png has one grey value all over" in lesion.detail
    assert np.array_equal(pixels(lesion), pixels(prepare(tmp_path, CROP)))


def test_a_blank_mask_alone_is_unresolved(tmp_path) -> None:
    lesion = prepare(tmp_path, BLANK)
    assert (lesion.origin, lesion.reason) == ("unresolved", "crop missing, mask empty")
    assert lesion.png == b""


def test_a_blank_picture_does_not_hide_the_mask(tmp_path) -> None:
    alone = prepare(tmp_path, CROP, mask())
    assert alone.origin == "window"
    assert prepare(tmp_path, mask(), BLANK) == alone


def test_a_mask_of_another_size_has_a_reason_of_its_own(tmp_path) -> None:
    lesion = prepare(tmp_path, CROP, mask(700), BLANK)
    assert (lesion.origin, lesion.reason) == ("provided", "mask does not fit the film")
    assert "(400 x 600 pixels), received 1-2.png of 400 x 700." in lesion.detail
    assert prepare(tmp_path, mask(700), mask()).origin == "window"


def test_a_mask_of_another_size_alone_is_unresolved(tmp_path) -> None:
    lesion = prepare(tmp_path, mask(700))
    assert lesion.origin == "unresolved"
    assert lesion.reason == "crop missing, mask does not fit the film"


@pytest.mark.parametrize(
    ("pictures", "found"),
    [
        ((CROP,), ("provided", "mask missing")),
        ((), ("unresolved", "crop and mask missing")),
    ],
)
def test_no_mask_is_said_to_be_missing(tmp_path, pictures, found) -> None:
    lesion = prepare(tmp_path, *pictures)
    assert (lesion.origin, lesion.reason) == found


def test_without_its_film_a_lesion_lacks_the_film_and_not_the_mask(tmp_path) -> None:
    cv2.imwrite(str(tmp_path / "mask.png"), mask())
    (lesion,) = prepare_film(FilmTask((), ((ROW, (tmp_path / "mask.png",)),)), 64)
    assert (lesion.origin, lesion.reason) == ("unresolved", "crop missing")
