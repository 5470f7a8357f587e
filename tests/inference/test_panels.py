"""Sheets of several pictures: `pytest tests/inference/test_panels.py`."""

import numpy as np
import pytest

from mammo.errors import ImageError
from mammo.inference.pictures import GAP, LINE_HEIGHT, SIDE, Panel, panel_sheet


def test_each_panel_stands_in_its_place_and_words_make_the_sheet_longer() -> None:
    levels = (30, 90, 150)
    panels = [Panel(f"grey {level}", np.full((8, 8), level, np.uint8)) for level in levels]
    sheet = panel_sheet(panels, 2, ["notice"])
    for place, level in enumerate(levels):
        row = GAP + place // 2 * (SIDE + LINE_HEIGHT + GAP) + LINE_HEIGHT + 100
        column = GAP + place % 2 * (SIDE + GAP) + 100
        assert sheet[row, column].tolist() == [level] * 3
    longer = panel_sheet(panels, 2, ["notice", "a second paragraph"])
    assert longer.shape[0] == sheet.shape[0] + LINE_HEIGHT


def test_a_colour_scale_is_drawn_where_there_is_one() -> None:
    panel = Panel("map", np.zeros((8, 8, 3), np.uint8))
    plain = panel_sheet([panel], 1, [])
    scaled = panel_sheet([panel], 1, [], "viridis")
    assert scaled.shape[0] == plain.shape[0] + 2 * LINE_HEIGHT
    saturation = np.ptp(scaled[plain.shape[0] - GAP + 2, GAP:-GAP].astype(int), axis=1)
    assert saturation.min() > 20


def test_no_panel_is_a_sentence() -> None:
    with pytest.raises(ImageError, match="at least one panel"):
        panel_sheet([], 1, [])
