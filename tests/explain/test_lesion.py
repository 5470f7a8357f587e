"""Maps against a lesion's box: by hand, by counting pixels, and what no box says."""

import numpy as np
import pytest

from mammo.explain.lesion import QUANTILE, baselines, box_in_crop, on_lesion

ROW = {
    "box_x": 1060, "box_y": 2060, "box_width": 200, "box_height": 80,
    "window_x": 1000, "window_y": 1940, "window_width": 320,
}  # fmt: skip


def test_the_box_lies_in_the_crop_as_in_the_film() -> None:
    box = box_in_crop(ROW, 32)  # ten film pixels a crop pixel
    assert box is not None
    expected = np.zeros((32, 32), bool)
    expected[12:20, 6:26] = True
    assert np.array_equal(box, expected)


@pytest.mark.parametrize("gap", ["box_x", "window_width"])
@pytest.mark.parametrize("value", [None, float("nan"), "", "unknown"])
def test_nothing_is_estimated_where_a_number_is_missing(gap: str, value: object) -> None:
    assert box_in_crop({**ROW, gap: value}, 32) is None
    assert box_in_crop({name: ROW[name] for name in ROW if name != gap}, 32) is None


def test_a_box_outside_its_window_is_no_box() -> None:
    assert box_in_crop({**ROW, "box_x": 5000}, 32) is None


def test_measures_count_pixels() -> None:
    random = np.random.default_rng(0)
    heat = random.random((32, 32))
    box = np.zeros((32, 32), bool)
    box[5:20, 8:30] = True
    found = on_lesion(heat, box)
    peak = np.unravel_index(heat.argmax(), heat.shape)
    level = sorted(heat.ravel())[int(np.ceil(QUANTILE * (heat.size - 1)))]
    inside = both = either = total = 0.0
    for row in range(32):
        for column in range(32):
            total += heat[row, column]
            inside += heat[row, column] * box[row, column]
            both += (heat[row, column] >= level) and box[row, column]
            either += (heat[row, column] >= level) or box[row, column]
    assert found.pointing == float(box[peak])
    assert found.energy == pytest.approx(inside / total)
    assert found.overlap == pytest.approx(both / either)


def test_a_map_of_nothing_scores_nothing_and_a_perfect_one_everything() -> None:
    box = np.zeros((20, 20), bool)
    box[2:10, 5:15] = True  # a fifth of the crop
    empty, perfect = on_lesion(np.zeros((20, 20)), box), on_lesion(box.astype(float), box)
    assert (empty.pointing, empty.energy, empty.overlap) == (0, 0, 0)
    assert (perfect.pointing, perfect.energy, perfect.overlap) == (1, 1, 1)


def test_baselines_know_the_middle_and_the_bright_and_no_network() -> None:
    crop = np.full((64, 64), 40, np.uint8)
    crop[40:50, 8:18] = 220
    maps = baselines(crop)
    assert list(maps) == ["centre", "brightest tissue"]
    assert np.unravel_index(maps["brightest tissue"].argmax(), (64, 64)) == (44, 12)
    middle = maps["centre"]
    assert middle.max() == middle[31:33, 31:33].max() and np.allclose(middle, middle.T)
    assert all(heat.min() >= 0 and heat.shape == crop.shape for heat in maps.values())
