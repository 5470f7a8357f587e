"""Overlays: the blend against its formula, colours that rise in lightness, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mammo.errors import ImageError, SettingsError
from mammo.inference.overlay import COLOUR_MAPS, ColourMap, colour, legend, overlay

CROP = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).astype(np.uint8)
RAMP = np.tile(np.linspace(0, 1, 64), (64, 1))


@settings(deadline=None)
@given(opacity=st.floats(0, 1), grey=st.integers(0, 255), heat=st.floats(0, 1))
def test_overlay_blends_linearly(opacity: float, grey: int, heat: float) -> None:
    crop, level = np.full((4, 4), grey, np.uint8), np.full((4, 4), heat)
    expected = (1 - opacity) * grey + opacity * colour(level).astype(float)
    assert np.abs(overlay(crop, level, opacity) - expected).max() <= 0.51


@pytest.mark.parametrize("colour_map", COLOUR_MAPS)
def test_both_ends_of_the_opacity(colour_map: ColourMap) -> None:
    assert np.array_equal(overlay(CROP, RAMP, 0.0, colour_map), np.stack([CROP] * 3, axis=-1))
    assert np.array_equal(overlay(CROP, RAMP, 1.0, colour_map), colour(RAMP, colour_map))


@pytest.mark.parametrize("colour_map", COLOUR_MAPS)
def test_more_heat_is_lighter(colour_map: ColourMap) -> None:
    """Relative luminance (WCAG 2.2) rises, so the map reads without colour too."""
    ramp = colour(np.linspace(0, 1, 256).reshape(1, -1), colour_map)[0] / 255.0
    linear = np.where(ramp <= 0.04045, ramp / 12.92, ((ramp + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    assert np.all(np.diff(luminance[::8]) > 0)


def test_colours_come_red_first() -> None:
    red, green, blue = colour(np.ones((1, 1)), "viridis")[0, 0].tolist()
    assert (red, green, blue) == (253, 231, 36) or blue < red, "the bright end of viridis is yellow"


def test_shape_and_type() -> None:
    laid = overlay(CROP, RAMP.astype(np.float32))
    assert laid.shape == (64, 64, 3) and laid.dtype == np.uint8 and laid.flags.c_contiguous


@pytest.mark.parametrize(
    ("crop", "heat"),
    [
        (CROP.astype(np.float32), RAMP),
        (np.stack([CROP] * 3, axis=-1), RAMP),
        (CROP, RAMP[:32]),
    ],
)
def test_crop_and_heat_map_must_fit(crop: NDArray[np.uint8], heat: NDArray[np.floating]) -> None:
    with pytest.raises(ImageError, match=r"heat map of the same shape are needed. Received"):
        overlay(crop, heat)


@pytest.mark.parametrize("heat", [RAMP * 255, RAMP - 0.1, np.full((64, 64), np.nan)])
def test_heat_outside_its_range_is_refused(heat: NDArray[np.floating]) -> None:
    with pytest.raises(ImageError, match=r"values from 0 to 1. Received"):
        overlay(CROP, heat)


@pytest.mark.parametrize("heat", [np.zeros(5), np.zeros((0, 3, 3))])
def test_heat_of_another_shape_is_refused(heat: NDArray[np.floating]) -> None:
    with pytest.raises(ImageError, match=r"must be .H, W."):
        colour(heat)


@pytest.mark.parametrize("opacity", [-0.1, 1.1, float("nan")])
def test_opacity_outside_its_range_is_refused(opacity: float) -> None:
    with pytest.raises(SettingsError, match=r"Opacity must lie between 0 and 1. Received"):
        overlay(CROP, RAMP, opacity)


def test_unknown_colour_map_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"one of viridis, cividis, magma. Received: 'jet'"):
        overlay(CROP, RAMP, colour_map="jet")  # type: ignore[arg-type]


@pytest.mark.parametrize("colour_map", COLOUR_MAPS)
def test_the_legend_runs_from_nothing_to_the_peak(colour_map: ColourMap) -> None:
    scale = legend(colour_map, width=101, height=5)
    assert scale.shape == (5, 101, 3) and scale.dtype == np.uint8
    ends = colour(np.array([[0.0, 1.0]]), colour_map)[0]
    assert np.array_equal(scale[:, 0], np.tile(ends[0], (5, 1)))
    assert np.array_equal(scale[:, -1], np.tile(ends[1], (5, 1)))
