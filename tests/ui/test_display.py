"""Pictures for the screen: `pytest tests/ui/test_display.py`."""

import base64

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mammo.ui.kit import display

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def decoded(uri: str) -> NDArray[np.uint8]:
    content = base64.b64decode(uri.split(",", 1)[1])
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.asarray(picture, np.uint8)


@settings(deadline=None)  # a large picture takes its time on a busy machine
@given(st.integers(1, 3000), st.integers(1, 3000))
def test_a_scaled_picture_fits_and_keeps_its_aspect(height: int, width: int) -> None:
    shown = display.scaled_down(np.zeros((height, width), np.uint8), 300)
    assert max(shown.shape) <= 300
    assert min(shown.shape) >= 1
    if max(height, width) <= 300:
        assert shown.shape == (height, width)


@pytest.mark.parametrize("lossless", [True, False])
def test_an_encoded_picture_decodes_to_its_size(lossless: bool) -> None:
    assert decoded(display.data_uri(RAMP, lossless)).shape == RAMP.shape


def test_lossless_is_exact_and_colours_keep_their_order() -> None:
    assert np.array_equal(decoded(display.data_uri(RAMP, lossless=True)), RAMP)
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    assert decoded(display.data_uri(red, lossless=True))[0, 0].tolist() == [0, 0, 255]
    half = np.dstack([red, np.full((2, 2), 128, np.uint8)])
    assert decoded(display.data_uri(half, lossless=True))[0, 0].tolist() == [0, 0, 255, 128]


def test_a_film_preview_is_light_enough_for_a_slow_line() -> None:
    noise = np.random.default_rng(0).normal(120, 6, (1200, 760)).clip(0, 255).astype(np.uint8)
    assert len(display.data_uri(noise)) < 500_000


def test_a_thumbnail_is_small() -> None:
    assert max(decoded(display.thumbnail_uri(np.zeros((900, 700), np.uint8))).shape) == 96
