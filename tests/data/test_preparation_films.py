"""One film's lesions: which picture is taken for what, and the reason where no window is cut."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mammo.data.preparation import films
from mammo.data.preparation.case_files import CaseRow
from mammo.data.preparation.films import FilmTask, PreparedLesion, find_crop, prepare_film
from mammo.imaging import lesion_window

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
    assert (alone.origin, alone.reason) == ("window", "crop not found on the mammogram")
    beside = prepare(tmp_path, mask(), BLANK)
    assert (beside.window, beside.png, beside.reason) == (alone.window, alone.png, "")


def test_a_mask_of_another_size_has_a_reason_of_its_own(tmp_path) -> None:
    lesion = prepare(tmp_path, CROP, mask(700), BLANK)
    assert (lesion.origin, lesion.reason) == ("provided", "mask does not fit the mammogram")
    assert "(400 x 600 pixels), received 1-2.png of 400 x 700." in lesion.detail
    assert prepare(tmp_path, mask(700), mask()).origin == "window"


def test_a_mask_of_another_size_alone_is_unresolved(tmp_path) -> None:
    lesion = prepare(tmp_path, mask(700))
    assert lesion.origin == "unresolved"
    assert lesion.reason == "crop missing, mask does not fit the mammogram"


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


LESION = (100, 200, 50, 60)
CROP_8 = np.asarray(RANDOM.integers(0, 255, (90, 90)), np.uint8)


def crop_of(film: NDArray[np.uint8] = FILM, box: tuple[int, ...] = LESION) -> NDArray[np.uint8]:
    x, y, width, height = box
    return film[y : y + height, x : x + width]


def as_jpeg(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture as it comes back from an 8-bit JPEG of usual quality."""
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def contrast(picture: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return picture.astype(np.uint16) * 97 + 3_000


SPECK = mask()
SPECK[20:24, 20:24] = 255
FRAMED = mask()
FRAMED[:8] = FRAMED[-8:] = FRAMED[:, :8] = FRAMED[:, -8:] = 255
STRIP = mask()
STRIP[:500, :40] = 255
MIRRORED = np.ascontiguousarray(mask()[:, ::-1])


@pytest.mark.parametrize(
    ("masks", "reason"),
    [
        ([mask()], ""),
        ([mask() // 255], ""),
        ([255 - mask()], ""),
        ([cv2.resize(mask(), (348, 522), interpolation=cv2.INTER_NEAREST)], "mask scaled"),
        ([cv2.resize(mask(), (800, 1200), interpolation=cv2.INTER_NEAREST)], "mask scaled"),
        ([SPECK], "mask has several parts"),
        ([FRAMED], "mask has several parts"),
        ([STRIP], "mask has several parts"),
        ([MIRRORED], "mask contradicts the crop"),
        ([np.roll(mask(), 150, axis=0)], "mask contradicts the crop"),
        ([cv2.resize(MIRRORED, (348, 522), interpolation=cv2.INTER_NEAREST)], "mask contradicts"),
        ([mask(700)], "mask does not fit the mammogram"),
        ([BLANK], "mask empty"),
        ([WHITE], "mask empty"),
        ([], "mask missing"),
    ],
)
@pytest.mark.parametrize("stored", [np.asarray, as_jpeg, contrast, lambda crop: crop // 3])
def test_a_lesion_is_cut_at_its_place_whatever_its_mask(tmp_path, masks, reason, stored) -> None:
    lesion = prepare(tmp_path, stored(crop_of()), *masks)
    assert lesion.origin == "window" and lesion.reason.startswith(reason)
    assert bool(lesion.detail) == bool(reason)
    expected = lesion_window(FILM.shape, LESION)
    # A scaled mask has a scaled edge.
    assert np.abs(np.subtract(lesion.window, expected)).max() <= 2 * ("scaled" in lesion.reason)


@pytest.mark.parametrize(
    "picture", [SPECK, FRAMED, cv2.resize(mask(), (348, 522), interpolation=cv2.INTER_NEAREST)]
)
def test_without_a_crop_the_largest_part_of_a_mask_is_the_lesion(tmp_path, picture) -> None:
    lesion = prepare(tmp_path, picture)
    expected = lesion_window(FILM.shape, LESION)
    assert np.abs(np.subtract(lesion.window, expected)).max() <= 2
    assert lesion.reason in ("mask has several parts", "mask scaled to the mammogram")


@pytest.mark.parametrize("crop", [CROP_8, cv2.GaussianBlur(FILM, None, 6)[90:180, 90:180]])
def test_a_crop_that_is_not_on_the_film_is_used_itself(tmp_path, crop) -> None:
    lesion = prepare(tmp_path, crop, MIRRORED[:, :300])
    assert (lesion.origin, lesion.reason) == ("provided", "mask does not fit the mammogram")
    assert "The provided crop was not found on the mammogram either." in lesion.detail


def test_a_crop_that_fits_two_places_is_not_placed_by_chance() -> None:
    film = np.hstack((FILM, FILM))
    assert find_crop(film, crop_of()) is None
    film[300, 500] ^= 255
    assert find_crop(film, crop_of(film, (450, 250, 100, 90))) is None


@pytest.mark.parametrize("size", [(3_000, 2_000), (700, 500)])
def test_a_crop_is_found_on_a_film_of_clinical_size(size) -> None:
    """Smooth tissue with a border of black, of which a crop may show a part."""
    noise = RANDOM.normal(size=size).astype(np.float32)
    film = sum(s * cv2.GaussianBlur(noise, None, s) for s in (3, 12))
    film = cv2.normalize(film, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    film[:, : size[1] // 5] = 0
    for box in ((size[1] // 5 - 60, 20, 240, 310), (size[1] - 130, size[0] - 120, 130, 120)):
        match = find_crop(as_jpeg(film), as_jpeg(crop_of(film, box)))
        assert match is not None and match.box == tuple(map(float, box))


def test_a_damaged_disk_costs_one_row(tmp_path, monkeypatch) -> None:
    def fail(path: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(films, "read_image", fail)
    lesion = prepare(tmp_path, CROP, mask())
    assert (lesion.origin, lesion.reason) == ("unresolved", "crop unreadable")
    assert "1-1.png cannot be read (Input/output error)" in lesion.detail
