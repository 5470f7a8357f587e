"""Crop areas of whole films: where they lie, how the box is shown, and the controls."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from mammo.data.augment import Augmentation
from mammo.errors import DataError
from mammo.evaluation import auc
from mammo.evaluation.ranking import stratified_auc
from mammo.training.batches import CropViews
from mammo.training.film_size import film_size_scores
from tests.conftest import write_prepared
from tests.tiny_artifacts import write_tiny_artifacts
from tools.experiments.log import read_controls
from tools.experiments.windows import (
    WindowViews,
    blank,
    boxes_inside,
    controls,
    crop_areas,
    cut,
    draw_inexactly,
    read_boxes,
    soft_box,
)

SQUASHED = 200
BOX = (900.0, 1500.0, 300.0, 240.0)
"""x, y, width and height on a film of 2,000 x 3,000 pixels."""


def geometry(*boxes: tuple[float, ...], film=(2000.0, 3000.0)) -> pd.DataFrame:
    names = ["film_width", "film_height", "lesion_x", "lesion_y", "lesion_width", "lesion_height"]
    return pd.DataFrame([[*film, *box] for box in boxes], columns=names)


def film_with(box: tuple[float, ...], film=(2000.0, 3000.0)) -> np.ndarray:
    """Draw a bright box on a film that is squashed to a square."""
    x, y, width, height = np.array(box) * SQUASHED / np.tile(film, 2)
    image = np.full((SQUASHED, SQUASHED), 60, np.uint8)
    image[round(y) : round(y + height), round(x) : round(x + width)] = 200
    return image


@pytest.mark.parametrize("film", [(2000.0, 3000.0), (3200.0, 3000.0)])
def test_a_crop_area_undoes_the_squash_and_lies_where_its_box_says(film) -> None:
    boxes = geometry(BOX, film=film)
    (area,) = crop_areas(boxes, 3.0)
    (inside,) = boxes_inside(boxes, area[np.newaxis], 90)
    assert area.tolist() == [600, 1170, 900] and inside.tolist() == [30, 33, 30, 24]
    found = cut(film_with(BOX, film), np.array(film), area, 90) > 130
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    edges = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    assert np.abs(np.array(edges) - [30, 33, 60, 57]).max() <= 1


def test_a_crop_area_is_moved_inward_at_the_films_edge_and_never_larger_than_the_film() -> None:
    boxes = geometry((1900, 2900, 100, 100), (0, 0, 900, 300))
    assert crop_areas(boxes, 3.0).tolist() == [[1700, 2700, 300], [0, 0, 2000]]


def test_both_axes_are_blurred_alike_however_the_film_was_squashed() -> None:
    for film in ((1000.0, 1600.0), (1500.0, 900.0)):
        fine = np.zeros((int(film[1]), int(film[0])), np.float32)
        fine[int(film[1]) // 2, int(film[0]) // 2] = 5e3
        squashed = cv2.resize(fine, (SQUASHED, SQUASHED), interpolation=cv2.INTER_AREA)
        area = np.array([film[0] / 2 - 40, film[1] / 2 - 40, 80.0])
        dot = cut((60 + squashed).astype(np.uint8), np.array(film), area, 80) - 60.0
        half = [profile > profile.max() / 2 for profile in (dot.sum(axis=0), dot.sum(axis=1))]
        # A pixel of the squashed film is 1.6 times as long on one axis as on the other.
        assert half[0].sum() == pytest.approx(half[1].sum(), rel=0.15)


def test_a_soft_box_is_one_inside_one_half_at_its_edge_and_nothing_far_away() -> None:
    mask = soft_box(np.array([20.0, 30.0, 40.0, 20.0]), 80)
    assert mask[40, 40] > 0.99 and mask[40, 19:21].mean() == pytest.approx(0.5, abs=0.01)
    assert mask[29:31, 40].mean() == pytest.approx(0.5, abs=0.01) and mask[70, 40] < 1e-3


def test_a_box_is_drawn_as_inexactly_as_stated() -> None:
    box, random = np.array([20.0, 30.0, 40.0, 20.0]), np.random.default_rng(0)
    drawn = np.array([draw_inexactly(box, random) for _ in range(2000)])
    factors = drawn[:, 2:] / box[2:]
    moved = (drawn[:, :2] + drawn[:, 2:] / 2 - [40, 40]) / box[2:]
    assert 0.7 <= factors.min() < 0.72 and 1.38 < factors.max() <= 1.4
    assert 0.14 < np.abs(moved).max() <= 0.15 and np.abs(moved.mean(axis=0)).max() < 0.01


def test_the_box_moves_with_the_lesion_in_every_view_and_is_exact_where_it_is_scored() -> None:
    size, box = 64, np.array([12.0, 24.0, 24.0, 12.0])
    picture = 255 * soft_box(box, size)[np.newaxis]
    tone = Augmentation(contrast=0.0, brightness=0.0)
    views = WindowViews(picture, picture, tone, 3, box[np.newaxis], box=True)
    rows = np.array([0])
    for number in range(4):
        scored = views.draw("flip", number, rows)[0]
        assert scored.shape == (size, size, 3)
        assert np.allclose(scored[..., 0], scored[..., 2], atol=1e-3)
    for number in range(20):
        grey, again, told = np.moveaxis(views.draw("view", number, rows)[0], -1, 0)
        assert np.array_equal(grey, again) and not np.array_equal(grey, told)
        both, either = np.sum((grey > 127) & (told > 127)), np.sum((grey > 127) | (told > 127))
        assert both / either > 0.3  # a box half as large, or one and a half times
    plain = WindowViews(picture, picture, tone, 3, box[np.newaxis], box=False)
    view = plain.draw("view", 5, rows)
    assert np.array_equal(view[..., 0], view[..., 2])
    assert np.array_equal(view[..., :1], CropViews(picture, picture, tone, 3).draw("view", 5, rows))


def test_a_blanked_crop_area_does_not_depend_on_its_lesion() -> None:
    box, random = np.array([40.0, 40.0, 30.0, 30.0]), np.random.default_rng(1)
    one = random.integers(40, 90, (110, 110)).astype(np.uint8)
    other = one.copy()
    other[40:70, 40:70] = 250
    first, second = blank(one, box).astype(int), blank(other, box).astype(int)
    assert np.abs(first - second).max() <= 20 and np.abs(first - second)[45:65, 45:65].max() <= 3
    assert np.array_equal(first[:15], one[:15]) and abs(first[50, 50] - 65) < 3


def test_only_pairs_within_a_stratum_count() -> None:
    random = np.random.default_rng(0)
    strata = random.integers(3, size=120)
    labels = random.uniform(size=120) < 0.2 + 0.2 * strata
    scores = strata + random.normal(size=120) + 0.5 * labels
    value = stratified_auc(labels, scores, strata)(np.ones((1, 120)))[0]
    pairs = [
        (scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j])
        for i in np.flatnonzero(labels)
        for j in np.flatnonzero(~labels)
        if strata[i] == strata[j]
    ]
    assert value == pytest.approx(np.mean(pairs)) and value < auc(labels, scores) - 0.03


def test_scores_that_follow_the_film_alone_are_found_out() -> None:
    random = np.random.default_rng(2)
    n = 400
    labels = random.integers(2, size=n)
    boxes = geometry(*[BOX] * n)
    boxes["film_width"] = np.where(random.uniform(size=n) < 0.25 + 0.5 * labels, 3000, 2000)
    cases = [f"c{number}" for number in range(n)]
    rows = pd.DataFrame({"case_id": cases, "patient_id": cases, "lesion_id": cases})
    rows["label"] = labels
    rows["fold"] = np.arange(n) % 4
    rows = rows.assign(**boxes)
    film = pd.Series(film_size_scores(rows), index=cases)
    assert auc(labels, film) > 0.65
    follower = film + random.normal(scale=0.3, size=n)
    base = pd.Series(random.normal(size=n) + labels, index=cases)
    figures = controls(rows, follower, base)
    assert figures["alone"]["crop"]["value"] > 0.65 > 0.6 > figures["alone"]["within"]["value"]
    assert figures["alone"]["malignant"]["low"] > 0.3
    assert abs(figures["base"]["malignant"]["value"]) < 0.2
    assert figures["averaged"]["within gain"]["value"] < figures["averaged"]["gain"]["value"]


def write_films(folder: Path, prepared: Path) -> Path:
    """Write a film for each crop of a prepared folder: the crop in its middle, squashed."""
    folder.mkdir()
    index = pd.read_csv(prepared / "index.csv")
    for name in index["file"]:
        film = np.full((300, 200), 30, np.uint8)
        film[100:164, 60:124] = cv2.imread(str(prepared / name), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(folder / Path(name).name), cv2.resize(film, (100, 100)))
    boxes = dict(zip(geometry(BOX).columns, (200, 300, 76, 116, 32, 32), strict=True))
    films = index[["file"]].assign(film=[Path(name).name for name in index["file"]], **boxes)
    films.to_csv(folder / "index.csv", index=False)
    return folder


def test_a_crop_without_its_box_or_with_a_box_that_is_none_is_refused(tmp_path: Path) -> None:
    films = write_films(tmp_path / "films", write_prepared(tmp_path / "prepared"))
    table = pd.read_csv(films / "index.csv")
    cases = [Path(name).stem for name in table["file"]]
    columns = read_boxes(films, cases[::-1])
    assert [Path(name).stem for name in columns["film"]] == cases[::-1]
    assert set(columns["lesion_x"]) == {76}
    with pytest.raises(DataError, match=r"1 crops have no row in .* \(the first: other\)"):
        read_boxes(films, [*cases, "other"])
    table.assign(lesion_width=0).to_csv(films / "index.csv", index=False)
    with pytest.raises(DataError, match=rf"for {cases[0]} the numbers .* above 0"):
        read_boxes(films, cases)


@pytest.mark.training
def test_an_experiment_on_films_is_logged_with_its_controls(tmp_path: Path, capsys) -> None:
    pytest.importorskip("tensorflow", reason="needs requirements-train.txt")
    from tools.experiments.__main__ import main

    prepared = write_prepared(tmp_path / "prepared")
    films = write_films(tmp_path / "films", prepared)
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    names = pd.read_csv(prepared / "index.csv").query("split == 'train'")["file"]
    stems = [Path(name).stem for name in names]
    score = np.random.default_rng(0).uniform(0.3, 0.7, len(stems))
    cases = pd.DataFrame({"case_id": stems, "split": "train", "mobilenetv2_score": score})
    folder = tmp_path / "docs" / "experiments"
    folder.mkdir(parents=True)
    path = folder / "wide.json"
    recipe = {"epochs": 1, "head_epochs": 0, "input_size": 64, "frozen_blocks": 15}
    content = {"model": "mobilenetv2", "why": "To see.", "recipe": recipe, "folds": [0, 2]}
    path.write_text(json.dumps(content | {"window": {"scale": 2, "box": True, "blank": True}}))
    command = [str(path), "--data", str(prepared), "--artifacts", str(artifacts)]
    command += ["--work", str(tmp_path / "work"), "--imagenet-weights", "none"]
    assert main(command) == 1
    assert "wide is cut from whole films: pass --films" in capsys.readouterr().err
    command += ["--films", str(films)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.experiments.__main__.load_cases", lambda _: cases)
        assert main(command) == 0
        figures = read_controls(tmp_path / "docs" / "windows.json")["wide"]
        assert main([*command, "--scored"]) == 0
    assert read_controls(tmp_path / "docs" / "windows.json")["wide"] == figures
    log = pd.read_csv(tmp_path / "docs" / "experiments.csv").iloc[0]
    assert log["changes"].endswith("film at 2 times the box; box as a channel; lesion blanked")
    assert figures["alone"]["crop"]["value"] == pytest.approx(log["auc"], abs=1e-3)
    assert figures["alone"]["gain"]["value"] == pytest.approx(log["difference"], abs=1e-3)
