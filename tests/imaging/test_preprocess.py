"""From crop to network input: the stretch against a plain second computation, and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mammo.errors import ImageError, SettingsError
from mammo.imaging.preprocess import Preprocessing, prepare, stretch


@given(arrays(np.uint8, (16, 16)))
def test_the_stretch_is_a_clipped_line_between_two_percentiles(crop):
    stretched = stretch(crop, Preprocessing(low_percentile=5, high_percentile=95))
    assert stretched.dtype == np.float32 and stretched.min() >= 0 and stretched.max() <= 255
    low, high = np.percentile(crop, 5), np.percentile(crop, 95)
    if high - low < 1:
        assert not stretched.any()
    else:
        expected = np.interp(crop.astype(float), [low, high], [0, 255])
        np.testing.assert_allclose(stretched, expected, atol=0.05)


@given(st.integers(0, 3), st.sampled_from([32, 64, 128, 300]))
def test_any_number_and_size_of_crops_is_prepared(count, size):
    prepared = prepare(np.full((count, size, size), 7, np.uint8), Preprocessing(input_size=64))
    assert prepared.shape == (count, 64, 64) and prepared.dtype == np.float32


def test_exposure_and_gain_of_a_crop_do_not_matter():
    crop = np.random.default_rng(0).integers(0, 100, (1, 64, 64)).astype(np.uint8)
    plain = prepare(crop, Preprocessing())
    np.testing.assert_allclose(prepare(crop * 2 + 50, Preprocessing()), plain, atol=1e-3)


@pytest.mark.parametrize(
    "crops", [np.zeros((2, 64, 32), np.uint8), np.zeros((64, 64), np.uint8), np.zeros((1, 8, 8))]
)
def test_other_arrays_are_refused(crops):
    with pytest.raises(ImageError, match=r"uint8 of shape \(n, S, S\).*Received"):
        prepare(crops, Preprocessing())


@pytest.mark.parametrize("values", [(8, 1, 99), (224, 60, 40), (224, -1, 99), (224, 1, 101)])
def test_settings_outside_their_range_are_refused(values):
    with pytest.raises(SettingsError, match="Received"):
        Preprocessing(*values)
