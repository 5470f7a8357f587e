"""The page Train a model by AppTest: what the browser gets, with and without images of cases."""

import base64
import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from mammo.artifacts import load_film_size_lesson
from mammo.data.table import load_crops
from mammo.imaging.preprocess import Preprocessing, prepare
from mammo.text import estimate
from tests.tiny_artifacts import EXAMPLES, case_rows
from tests.ui.reading_room import quiet, texts

PAGE = "pages/7_Train_a_model.py"
TABLE = ("split", "patient_id", "laterality", "view", "abnormality_id", "pathology")


def write_made_crops(folder: Path, splits: tuple[str, ...] = ("train", "test")) -> Path:
    """Write a folder with a crop per case of the tiny artifacts; the malignant have a bright blob.

    A blob of another size, place and brightness each, on noise: any network can learn it.
    """
    (folder / "crops").mkdir(parents=True)
    random = np.random.default_rng(1)
    across = np.arange(64)
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["file", *TABLE], extrasaction="ignore")
        writer.writeheader()
        for row in (row for row in case_rows() if row["split"] in splits):
            crop = random.normal(90, 25, (64, 64))
            if row["label"] == "1":
                x, y, size = [*random.uniform(24, 40, 2).tolist(), random.uniform(8, 14)]
                blob = np.exp(-((across - x) ** 2 + (across[:, np.newaxis] - y) ** 2) / size**2)
                crop += random.uniform(80, 130) * blob
            name = f"crops/{row['case_id']}.png"
            cv2.imwrite(str(folder / name), crop.clip(0, 255).astype(np.uint8))
            writer.writerow({"file": name, **row})
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_made_crops(tmp_path_factory.mktemp("made") / "crops")


def opened(app: AppTest) -> AppTest:
    app.run()
    page = app.switch_page(PAGE).run()
    assert quiet(page)
    return page


def sent(page: AppTest) -> dict[str, Any]:
    """Return what the component of the trainer gets."""
    (proto,) = [
        one.proto for one in page.get("bidi_component")
        if one.proto.component_name.endswith("mammo_trainer")
    ]  # fmt: skip
    data: dict[str, Any] = json.loads(proto.json)
    return data


def tile(data: dict[str, Any], number: int) -> NDArray[np.uint8]:
    encoded = base64.b64decode(data["sprite"].partition(",")[2])
    sprite = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
    side = data["side"]
    y, x = (side * at for at in divmod(number, data["columns"]))
    return np.asarray(sprite[y : y + side, x : x + side], np.uint8)


def test_without_images_it_is_a_toy_and_offers_them(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("MAMMO_DATA", "download")
    page = opened(app)
    assert "A toy, until the training images are here" in page.warning[0].value
    assert "Get the images (9.3 MB)" in [one.label for one in page.button]
    data = sent(page)
    assert data["toy"] and data["training"] == len(data["rows"])
    assert {row["case"] for row in data["rows"]} == {case for case, _ in EXAMPLES}


def test_with_images_the_crops_are_sent_once_in_one_image_and_training_comes_first(
    app: AppTest, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_DATA", str(made))
    page = opened(app)
    assert not page.warning
    assert "36 training crops of 18 patients and 24 test crops of 9 patients" in texts(page)
    data, cases = sent(page), {row["case_id"]: row for row in case_rows()}
    assert not data["toy"]
    splits = [cases[row["case"]]["split"] for row in data["rows"]]
    assert splits == ["train"] * data["training"] + ["test"] * 24
    table = load_crops(made).set_index("case_id")
    for number, row in enumerate(data["rows"]):
        case = cases[row["case"]]
        assert (row["patient"], str(row["label"])) == (case["patient_id"], case["label"])
        assert row["released"] == pytest.approx(float(case["simple_cnn_p"]))
        if number % 7 == 0:
            crop = cv2.imread(table.loc[row["case"], "path"], cv2.IMREAD_GRAYSCALE)
            expected = prepare(np.asarray(crop, np.uint8)[np.newaxis], Preprocessing(data["side"]))
            assert np.abs(tile(data, number) - expected[0]).max() <= 0.51
    order = [row["patient"] for row in data["rows"]]
    assert [p for n, p in enumerate(order) if p not in order[:n]] != sorted(set(order))
    again = sent(page.run())
    assert again == data, "another run of the page sends the same, and so the browser nothing new"


def test_with_training_images_alone_it_trains_without_a_test(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("MAMMO_DATA", "download")
    write_made_crops(tmp_path / "mammo" / "crops", ("train",))
    page = opened(app)
    data = sent(page)
    assert not data["toy"] and not page.warning
    assert len(data["rows"]) == data["training"], "the two patients of the examples are no test"


def test_the_lesson_on_film_size_shows_what_its_command_measured(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "learning a shortcut" not in texts(opened(app)), "these artifacts have no such lesson"
    monkeypatch.delenv("MAMMO_ARTIFACTS")
    page = opened(app)
    lesson = load_film_size_lesson()
    assert lesson is not None
    said = texts(page)
    for model in lesson.strongest:
        assert f"{estimate(model.auc, 2)} o" in said
    (table,) = page.table
    measured = [one for half in lesson.halves for one in (*half.sizes, *half.networks)]
    assert table.value["AUC"].tolist() == [estimate(one.auc) for one in measured]
    low = [one.low for h in lesson.halves for n in h.networks for one in (n.benign, n.malignant)]
    assert ("no released network was found to follow film size" in said) == (max(low) <= 0)
