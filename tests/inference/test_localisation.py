"""Maps against a lesion's box: by hand, by counting pixels, and what no box says."""

from pathlib import Path

import numpy as np
import pytest

from mammo.data.table import load_crops
from mammo.inference.sanity import QUANTILE, baselines, box_in_crop, on_lesion
from mammo.prepare import main as prepare
from tests.miniature import WRITERS

ROW = {"box_x": 6.0, "box_y": 12.4, "box_width": 20.0, "box_height": 8.0}


def test_the_pixels_of_the_box_are_those_whose_middle_it_holds() -> None:
    box = box_in_crop(ROW, 32)
    assert box is not None
    expected = np.zeros((32, 32), bool)
    expected[12:20, 6:26] = True
    assert np.array_equal(box, expected)


def test_the_box_of_a_prepared_crop_is_the_lesion_of_its_film(tmp_path: Path) -> None:
    """Held against the miniature's own boxes, in film pixels, by way of the recorded window."""
    mini = WRITERS["nbia"](tmp_path / "raw")
    command = ["--data", str(mini.folder), "--out", str(tmp_path / "crops"), "--partial"]
    assert prepare([*command, "--jobs", "1", "--crop-size", "64", "--abnormality", "all"]) == 1
    rows = load_crops(tmp_path / "crops").set_index("case_id", drop=False)
    expected = [one for one in mini.rows if one.outcome == "window" and one.key in rows.index]
    assert len(expected) > 3
    for one in expected:
        row = rows.loc[one.key].to_dict()
        box = box_in_crop(row, 64)
        assert box is not None
        scale = row["window_width"] / 64
        for axis, start, length in (("y", one.box[1], one.box[3]), ("x", one.box[0], one.box[2])):
            inside = np.flatnonzero(box.any(axis=1 if axis == "y" else 0))
            film = row[f"window_{axis}"] + np.array([inside[0], inside[-1] + 1]) * scale
            assert film == pytest.approx([start, start + length], abs=one.tolerance + scale)
    provided = [one.key for one in mini.rows if one.outcome == "provided crop"]
    assert all(box_in_crop(rows.loc[key].to_dict(), 64) is None for key in provided)


@pytest.mark.parametrize("gap", ["box_x", "box_height"])
@pytest.mark.parametrize("value", [None, float("nan"), "", "unknown"])
def test_nothing_is_estimated_where_a_number_is_missing(gap: str, value: object) -> None:
    assert box_in_crop({**ROW, gap: value}, 32) is None
    assert box_in_crop({name: ROW[name] for name in ROW if name != gap}, 32) is None


def test_a_box_outside_its_crop_is_no_box() -> None:
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
    assert found["pointing"] == float(box[peak])
    assert found["energy"] == pytest.approx(inside / total)
    assert found["overlap"] == pytest.approx(both / either)


def test_a_map_of_nothing_scores_nothing_and_a_perfect_one_everything() -> None:
    box = np.zeros((20, 20), bool)
    box[2:10, 5:15] = True  # a fifth of the crop
    empty, perfect = on_lesion(np.zeros((20, 20)), box), on_lesion(box.astype(float), box)
    assert set(empty.values()) == {0}
    assert set(perfect.values()) == {1} and perfect.keys() == empty.keys()


def test_baselines_know_the_middle_and_the_bright_and_no_network() -> None:
    crop = np.full((64, 64), 40, np.uint8)
    crop[40:50, 8:18] = 220
    maps = baselines(crop)
    assert list(maps) == ["centre", "brightest tissue", "random"]
    assert np.unravel_index(maps["brightest tissue"].argmax(), (64, 64)) == (44, 12)
    middle = maps["centre"]
    assert middle.max() == middle[31:33, 31:33].max() and np.allclose(middle, middle.T)
    assert all(heat.min() >= 0 and heat.shape == crop.shape for heat in maps.values())
