"""The heat map sheet: both panels, the scale, and room for every line of words."""

import numpy as np
import pytest

from mammo.errors import ImageError
from mammo.inference.pictures import GAP, LINE_HEIGHT, PANEL, heat_map_sheet

CROP = np.full((128, 128), 90, np.uint8)
HEAT = np.tile(np.linspace(0, 1, 128, dtype=np.float32), (128, 1))


def test_sheet_shows_the_crop_and_its_heat_map() -> None:
    sheet = heat_map_sheet(CROP, HEAT, ["A caption."])
    assert sheet.dtype == np.uint8 and sheet.shape[1:] == (2 * PANEL + 3 * GAP, 3)
    middle = GAP + PANEL // 2
    assert sheet[middle, middle].tolist() == [90, 90, 90]
    left, right = sheet[middle, 2 * GAP + PANEL + 10], sheet[middle, 2 * GAP + 2 * PANEL - 10]
    assert right.sum() > left.sum() and sheet[2, 2].tolist() == [255, 255, 255]


def test_words_are_wrapped_and_get_room() -> None:
    short = heat_map_sheet(CROP, HEAT, ["One line."])
    long = heat_map_sheet(CROP, HEAT, ["One line.", "word " * 100])
    assert long.shape[0] > short.shape[0] + 4 * LINE_HEIGHT
    assert (long[-GAP:] == 255).all(), "nothing is cut off at the foot"
    assert (long[:, -GAP // 2 :] == 255).all(), "nor at the side"


def test_letters_beyond_ascii_can_be_drawn() -> None:
    heat_map_sheet(CROP, HEAT, ["Größe, π, 乳房"])


def test_heat_map_must_fit() -> None:
    with pytest.raises(ImageError):
        heat_map_sheet(CROP, HEAT[:64], [])
