"""Test the lesion window and the cutting of crops."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo.errors import ImageError, WindowError
from mammo.imaging import Image, Window, cut_lesion, lesion_window, whole_crop

FILM = np.random.default_rng(3).integers(0, 256, (600, 400), dtype=np.uint8)


@st.composite
def films_and_boxes(draw: st.DrawFn) -> tuple[tuple[int, int], tuple[float, ...]]:
    height, width = draw(st.integers(16, 5000)), draw(st.integers(16, 5000))
    left = draw(st.floats(0, width - 1))
    top = draw(st.floats(0, height - 1))
    box_width = draw(st.floats(0.01, max(0.02, width - left)))
    box_height = draw(st.floats(0.01, max(0.02, height - top)))
    return (height, width), (left, top, box_width, box_height)


@given(films_and_boxes(), st.none() | st.floats(0.02, 0.3))
def test_a_window_is_square_inside_the_film_and_holds_the_box(
    case: tuple[tuple[int, int], tuple[float, ...]], spacing: float | None
) -> None:
    (height, width), box = case
    window = lesion_window((height, width), box, spacing)
    assert window.width == window.height
    assert window.x >= 0 and window.y >= 0
    assert window.x + window.width <= width and window.y + window.height <= height
    assert window.width >= min(128, height, width)
    x, y, box_width, box_height = box
    if max(box_width, box_height) <= min(height, width) - 2:
        assert window.x <= x and window.y <= y
        assert x + box_width <= window.x + window.width + 1e-6
        assert y + box_height <= window.y + window.height + 1e-6


@given(films_and_boxes())
def test_a_window_is_centred_where_the_film_has_room(
    case: tuple[tuple[int, int], tuple[float, ...]],
) -> None:
    (height, width), (x, y, box_width, box_height) = case
    window = lesion_window((height, width), (x, y, box_width, box_height))
    if window.x > 0 and window.x + window.width < width:
        assert abs(window.x + window.width / 2 - (x + box_width / 2)) <= 1.5
    if window.y > 0 and window.y + window.height < height:
        assert abs(window.y + window.height / 2 - (y + box_height / 2)) <= 1.5


@given(films_and_boxes(), st.integers(1, 200))
def test_a_crop_has_its_size_whatever_the_box(
    case: tuple[tuple[int, int], tuple[float, ...]], size: int
) -> None:
    (height, width), box = case
    film = np.zeros((min(height, 700), min(width, 700)), dtype=np.uint8)
    try:
        crop = cut_lesion(film, box, size=size)
    except WindowError:
        assert film.shape != (height, width)  # the box was drawn for the larger film
    else:
        assert crop.shape == (size, size)
        assert crop.dtype == np.uint8


@pytest.mark.parametrize(
    ("box", "spacing", "expected"),
    [
        ((1000, 2000, 311, 200), None, (940, 1884, 431, 431)),
        ((1000, 2000, 100, 100), 0.05, (940, 1940, 220, 220)),
        ((1000, 2000, 100, 100), 0.1, (970, 1970, 160, 160)),
        ((1000, 2000, 10, 10), 0.1, (941, 1941, 128, 128)),
        ((0, 0, 50, 50), None, (0, 0, 170, 170)),
        ((2950, 3960, 50, 40), None, (2830, 3830, 170, 170)),
        ((1000.4, 2000.6, 99.2, 10), None, (940, 1895, 220, 220)),
        ((-0.5, -0.5, 50, 50), None, (0, 0, 170, 170)),
        ((1400, 10, 200, 3900), None, (0, 460, 3000, 3000)),
    ],
)
def test_windows_by_hand(
    box: tuple[float, ...], spacing: float | None, expected: tuple[int, ...]
) -> None:
    assert lesion_window((4000, 3000), box, spacing) == expected


def test_a_film_smaller_than_the_smallest_window_gives_its_shorter_side() -> None:
    assert lesion_window((100, 60), (10, 10, 5, 5)) == (0, 0, 60, 60)


@pytest.mark.parametrize(
    ("box", "sentence"),
    [
        ((0, 0, 0, 10), "no area"),
        ((0, 0, 10, -3), "no area"),
        ((float("nan"), 0, 10, 10), "finite"),
        ((0, 0, float("inf"), 10), "finite"),
        ((0, 0, 500, 10), "larger than the mammogram"),
        ((0, 0, 10, 700), "larger than the mammogram"),
        ((390, 10, 20, 20), "outside the mammogram"),
        ((-5, 10, 20, 20), "outside the mammogram"),
        ((10, 700, 20, 20), "outside the mammogram"),
        ((400.5, 10, 0.25, 20), "outside the mammogram"),
        ((1, 2, 3), "four finite numbers"),
        ((1, 2, 3, 4, 5), "four finite numbers"),
        (("a", 2, 3, 4), "four finite numbers"),
        (7, "four finite numbers"),
    ],
)
def test_a_bad_box_gets_a_sentence(box: Any, sentence: str) -> None:
    with pytest.raises(WindowError, match=sentence) as refusal:
        cut_lesion(FILM, box)
    assert "Received: box=" in str(refusal.value)


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        ((0, 0, 100, 101), "square"),
        ((0.5, 0, 100, 100), "whole pixels"),
        ((-1, 0, 100, 100), "leaves the mammogram"),
        ((350, 0, 100, 100), "leaves the mammogram"),
        ((0, 0, 500, 500), "leaves the mammogram"),
        ((0, 0, 0, 0), "no area"),
        ((float("nan"), 0, 1, 1), "finite"),
        ("box!", "four finite numbers"),
    ],
)
def test_a_bad_window_gets_a_sentence(window: Any, sentence: str) -> None:
    with pytest.raises(WindowError, match=sentence):
        cut_lesion(FILM, window=window)


def test_a_box_and_a_window_together_are_refused() -> None:
    with pytest.raises(WindowError, match="received both"):
        cut_lesion(FILM, (0, 0, 9, 9), window=(0, 0, 9, 9))


@pytest.mark.parametrize("spacing", [0.0, -0.1, float("nan"), float("inf")])
def test_a_bad_spacing_is_refused(spacing: float) -> None:
    with pytest.raises(WindowError, match="pixel spacing"):
        lesion_window((600, 400), (0, 0, 9, 9), spacing)


@pytest.mark.parametrize("size", [0, -1])
def test_a_crop_of_no_size_is_refused(size: int) -> None:
    with pytest.raises(WindowError, match="at least 1 pixel"):
        cut_lesion(FILM, window=(0, 0, 9, 9), size=size)


def test_a_window_is_cut_exactly_there() -> None:
    crop = cut_lesion(FILM, window=Window(30, 200, 256, 256))
    expected = cv2.resize(FILM[200:456, 30:286], (128, 128), interpolation=cv2.INTER_AREA)
    assert np.array_equal(crop, expected)
    blocks = FILM[200:456, 30:286].reshape(128, 2, 128, 2).mean(axis=(1, 3))
    assert np.abs(crop - blocks).max() <= 0.5


def test_whole_numbers_may_come_as_floats_and_a_window_of_the_crops_size_is_untouched() -> None:
    crop = cut_lesion(FILM, window=(5.0, 6.0, 128.0, 128.0))
    assert np.array_equal(crop, FILM[6:134, 5:133])


def test_an_image_brings_its_spacing_along() -> None:
    box = (100, 100, 100, 100)
    film = Image(FILM, pixel_spacing_mm=0.1)
    near = cut_lesion(film, box)
    assert np.array_equal(near, cut_lesion(FILM, window=(70, 70, 160, 160)))
    assert np.array_equal(cut_lesion(FILM, box), cut_lesion(FILM, window=(40, 40, 220, 220)))


def test_without_box_or_window_the_picture_is_a_ready_crop() -> None:
    ready = FILM[:128, :128]
    assert np.array_equal(cut_lesion(ready), ready)
    assert np.array_equal(whole_crop(Image(ready)), ready)


def test_a_crop_that_is_nearly_square_loses_its_ends() -> None:
    crop = whole_crop(FILM[:150, :128])
    assert np.array_equal(crop, FILM[11:139, :128])
    crop = whole_crop(FILM[:128, :140])
    assert np.array_equal(crop, FILM[:128, 6:134])


@pytest.mark.parametrize("shape", [(600, 400), (128, 154), (0, 5)])
def test_a_picture_far_from_square_is_no_ready_crop(shape: tuple[int, int]) -> None:
    with pytest.raises(WindowError, match="Mark the lesion"):
        whole_crop(FILM[: shape[0], : shape[1]])


@pytest.mark.parametrize("film", [FILM.astype(np.float32), FILM[..., None], [[1]]])
def test_a_film_of_another_kind_is_refused(film: Any) -> None:
    with pytest.raises(ImageError, match="uint8"):
        cut_lesion(film, (0, 0, 9, 9))


def test_the_film_is_left_as_it_was() -> None:
    film = FILM.copy()
    crop = cut_lesion(film, window=(0, 0, 128, 128))
    crop[:] = 0
    assert np.array_equal(film, FILM)
