"""Colours with a meaning, as colour-blind eyes see them: `pytest tests/ui/test_colour_blind.py`.

Simulated by the matrices of Machado, Oliveira and Fernandes 2009 (doi 10.1109/TVCG.2009.113,
severity 1.0), over linear RGB; distances are CIEDE2000, where 1 is about the least that is seen
side by side. Which colours stand beside dash, symbol, hatching or words is held by the tests of
each figure.
"""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from mammo.inference.overlay import COLOUR_MAPS, colour
from mammo.plots import style
from mammo.plots.reading import READER
from mammo.ui.kit import viewer
from tests.ui.test_figures import THEME

MACHADO = {
    "usual": np.eye(3),
    "protanopia": np.array([
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]),
    "deuteranopia": np.array([
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]),
    "tritanopia": np.array([
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ]),
}  # fmt: skip
EYES = pytest.mark.parametrize("eyes", MACHADO)
CLASSES = [look.colour for look in style.CLASS_LOOKS.values()]
MODELS = [look.colour for look in style.LOOKS[:2]]
READERS = [*MODELS, style.RADIOLOGISTS.colour, READER.colour]
BADGES = {mode: [theme["blueTextColor"], theme["orangeTextColor"]] for mode, theme in THEME.items()
          if mode in {"light", "dark"}}  # fmt: skip


def seen(rgb: NDArray[np.float64], eyes: str) -> NDArray[np.float64]:
    """Simulate how eyes see colours; return them in CIE Lab.

    Parameters
    ----------
    rgb : float (..., 3), 0-1
    eyes : a key of `MACHADO`
    """
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ MACHADO[eyes].T, 0, 1)
    back = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb2lab(back)


def apart(one: str, other: str, eyes: str) -> float:
    """Return how far apart two colours, `#RRGGBB`, stand: CIEDE2000."""
    both = [
        [int(code[start : start + 2], 16) / 255 for start in (1, 3, 5)] for code in (one, other)
    ]
    return float(deltaE_ciede2000(*seen(np.array(both), eyes)))


def test_the_simulation_confuses_red_with_green_and_not_with_blue() -> None:
    """Of one lightness on a line of confusion, as on a test plate."""
    assert apart("#C0504D", "#5F8F3A", "usual") > 45
    assert apart("#A06A20", "#6E7A20", "deuteranopia") < apart("#A06A20", "#6E7A20", "usual") / 2
    assert apart("#D55E00", "#0072B2", "deuteranopia") > 40


@EYES
@pytest.mark.parametrize("pair", [CLASSES, *BADGES.values()], ids=["figures", "light", "dark"])
def test_benign_and_malignant_stay_far_apart(pair: list[str], eyes: str) -> None:
    assert apart(*pair, eyes) >= 20


@EYES
def test_the_two_models_the_radiologists_and_the_reader_stay_apart(eyes: str) -> None:
    for one, other in combinations(READERS, 2):
        assert apart(one, other, eyes) >= 10, (one, other)
    assert apart(*MODELS, eyes) >= 20


@EYES
def test_window_and_box_stay_apart_from_each_other_and_from_the_film(eyes: str) -> None:
    sheet = (Path(viewer.__file__).parent / "viewer.css").read_text(encoding="utf-8")
    (area,) = re.findall(r"^\.area { border: 2px solid (#\w{6}); }", sheet, re.MULTILINE)
    assert re.search(r"^\.box { border: 2px dashed #fff;", sheet, re.MULTILINE)
    assert apart(area, "#ffffff", eyes) >= 10
    assert apart(area, "#000000", eyes) >= 50


@EYES
@pytest.mark.parametrize("colour_map", COLOUR_MAPS)
def test_a_heat_map_rises_in_lightness_for_every_eye(colour_map: str, eyes: str) -> None:
    ramp = colour(np.linspace(0, 1, 64)[None], colour_map)[0] / 255
    lightness = seen(ramp, eyes)[:, 0]
    assert np.all(np.diff(lightness) > -0.5)
    assert lightness[-1] - lightness[0] >= 60
