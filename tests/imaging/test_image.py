"""Test the value that the readers return, and the scaling to 8 bit."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mammo.errors import ImageError
from mammo.imaging import MAX_PIXELS, Image
from mammo.imaging.grey import min_max
from mammo.imaging.image import check_size, grey_pixels


def test_an_image_is_read_only_and_leaves_the_callers_array_alone() -> None:
    pixels = np.zeros((20, 30), dtype=np.uint8)
    image = Image(pixels)
    with pytest.raises(ValueError, match="read-only"):
        image.pixels[0, 0] = 1
    pixels[0, 0] = 1
    assert image.shape == (20, 30)


def test_the_text_of_an_image_holds_no_pixels() -> None:
    text = repr(Image(np.zeros((20, 30), dtype=np.uint8), laterality="LEFT", view="CC"))
    assert text == (
        "Image(laterality='LEFT', view='CC', pixel_spacing_mm=None, warnings=(), kind='picture')"
    )


@pytest.mark.parametrize(
    "pixels", [np.zeros((2, 2)), np.zeros((2, 2, 3), dtype=np.uint8), "film", None]
)
def test_other_values_are_no_grey_picture(pixels: object) -> None:
    with pytest.raises(ImageError, match="Expected a grey image") as refusal:
        Image(pixels)  # type: ignore[arg-type]
    assert "Received:" in str(refusal.value)


def test_an_array_and_an_image_give_the_same_pixels() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert grey_pixels(pixels) is pixels
    assert np.array_equal(grey_pixels(Image(pixels)), pixels)


@pytest.mark.parametrize("size", [(1, 1), (15, 500), (0, 40)])
def test_a_tiny_picture_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match="too small"):
        check_size(*size)


def test_the_largest_films_pass_and_huge_pictures_do_not() -> None:
    check_size(7000, 5500)
    check_size(10_000, MAX_PIXELS // 10_000)
    with pytest.raises(ImageError, match="60,000 x 60,000"):
        check_size(60_000, 60_000)
    with pytest.raises(ImageError, match="at most 20,000 pixels per side"):
        check_size(20, 30_000)


def test_eight_bits_are_scaled_too() -> None:
    pixels = np.array([[7, 9], [11, 13]], dtype=np.uint8)
    assert min_max(pixels).tolist() == [[0, 85], [170, 255]]


@given(
    arrays.arrays(
        st.sampled_from([np.uint16, np.int16, np.int32]),
        arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12),
    )
)
def test_scaling_keeps_the_order_and_fills_the_range(values: np.ndarray) -> None:
    scaled = min_max(values)
    low, high = int(values.min()), int(values.max())
    if low == high:
        assert not scaled.any()
        return
    exact = (values.astype(np.float64) - low) * 255 / (high - low)
    assert (scaled.min(), scaled.max()) == (0, 255)
    assert np.abs(scaled - exact).max() <= 0.5 + 1e-3


def test_sixteen_bits_are_scaled_exactly_as_the_training_films_were() -> None:
    values = np.random.default_rng(0).integers(3, 60_000, (64, 64), dtype=np.uint16)
    expected = cv2.normalize(values, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)
    assert np.array_equal(min_max(values), expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_refused(bad: float) -> None:
    values = np.zeros((4, 4), dtype=np.float32)
    values[1, 2] = bad
    with pytest.raises(ImageError, match="1 NaN or infinite of 16"):
        min_max(values)
