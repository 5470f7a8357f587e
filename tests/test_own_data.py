"""Your own data: from a table or folders to prepared crops and an evaluation report."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammo import Lesion, example_lesions, load_classifier, read_image
from mammo.data.table import load_crops, load_training_crops, read_pixels
from mammo.evaluate import evaluate_artifacts
from mammo.inference import load_models
from mammo.prepare import main
from tests.own_films import HEADER, draw_film, write_own_films, write_table
from tests.tools.test_readme import commands, type_in

QUIET = ("--jobs", "1")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with films of six patients, and their table."""
    return write_own_films(tmp_path_factory.mktemp("own"), patients=6).parent


@pytest.fixture
def table(own: Path, tmp_path: Path) -> Callable[..., Path]:
    """Write the table of the films again, with changed rows, under `tmp_path`."""
    with (own / "own.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]

    def write(change: Callable[[list[dict[str, str]]], object] = lambda rows: None) -> Path:
        copied = [dict(row) for row in rows]
        change(copied)
        header = tuple(dict.fromkeys(name for row in copied for name in row))
        path = tmp_path / "own.csv"
        return write_table(
            path, [tuple(row.get(name, "") for name in header) for row in copied], header
        )

    return write


def prepared(path: Path, out: Path, *more: str) -> list[dict[str, str]]:
    assert main(["--table", str(path), "--out", str(out), *QUIET, *more]) == 0
    with (out / "index.csv").open(newline="") as file:
        return [*csv.DictReader(file)]


def test_a_table_of_films_with_boxes_becomes_prepared_crops(own: Path, tmp_path: Path) -> None:
    rows = prepared(own / "own.csv", tmp_path / "out")
    table = load_crops(tmp_path / "out")
    assert len(table) == 12 and {row["origin"] for row in rows} == {"window"}
    assert table["lesion_id"].nunique() == 6  # two views of each are one lesion
    assert (table.groupby("patient_id")["label"].first() == [1, 0, 0, 1, 0, 0]).all()
    load_training_crops(tmp_path / "out")
    assert not (tmp_path / "out" / ".prepare").exists()


def test_a_film_is_cut_and_scored_as_predict_does(tmp_path: Path) -> None:
    """A real film by its table gives the probability that the library gives by its box."""
    lesion = example_lesions()[6]
    x, y, width, _ = lesion.window
    box = (x + width // 4, y + width // 4, width // 2, width // 2)
    row = (str(lesion.film), *box, "A", 1)
    path = write_table(tmp_path / "own.csv", [row], HEADER[:7])
    prepared(path, tmp_path / "out", "--test-share", "1")
    crop = read_pixels(load_crops(tmp_path / "out"))
    result = load_models().assess(Lesion(read_image(lesion.film), box=box))
    for name in ("simple_cnn", "mobilenetv2"):
        assert load_classifier(name).predict(crop)[0] == pytest.approx(result[name].probability)


def test_a_mask_marks_the_lesion_as_its_box_does(own, table, tmp_path) -> None:
    def as_masks(rows: list[dict[str, str]]) -> None:
        for number, row in enumerate(rows):
            x, y, width, height = (int(row.pop(name)) for name in ("x", "y", "width", "height"))
            mask = np.zeros((600, 450), dtype=np.uint8)
            mask[y : y + height, x : x + width] = 1 + number % 2 * 254  # 0 and 1, or 0 and 255
            row["mask"] = f"{tmp_path}/mask-{number}.png"
            cv2.imwrite(row["mask"], mask)

    boxes = prepared(own / "own.csv", tmp_path / "boxes")
    masks = prepared(table(as_masks), tmp_path / "masks", "--films", str(own))
    assert boxes == masks
    for row in boxes:
        files = [(tmp_path / name / row["file"]).read_bytes() for name in ("boxes", "masks")]
        assert files[0] == files[1]


def test_columns_may_have_any_names_separators_and_encodings(own, table, tmp_path) -> None:
    expected = prepared(own / "own.csv", tmp_path / "plain")
    text = table().read_text()
    text = text.replace("patient", "Fall Nr.", 1).replace("film,", "Bild-Datei,", 1)
    for number, content in enumerate((
        text.replace(",", ";").encode("cp1252"),
        text.replace(",", "\t").replace(".png", ".png").encode("utf-16"),
        text.replace("films/", "films\\").replace("\n", "\r\n").encode("utf-8-sig"),
    )):  # fmt: skip
        (tmp_path / "own.csv").write_bytes(content)
        names = ("--columns", "patient=Fall Nr.", "film=Bild-Datei")
        found = prepared(tmp_path / "own.csv", tmp_path / str(number), "--films", str(own), *names)
        assert found == expected


@pytest.mark.parametrize(
    ("malignant", "benign"),
    [
        ("malignant", "Benign"), ("1", "0"), ("1,0", "0,0"), ("YES", "no"), ("Positive", "NEG"),
        ("MALIGNANT", "BENIGN_WITHOUT_CALLBACK"), ("M", "b"), ("cancer", "non-malignant"),
        ("true", "not malignant"), ("IDC", "fibroadenoma"),
    ],
)  # fmt: skip
def test_labels_in_any_usual_spelling(own, table, tmp_path, malignant, benign) -> None:
    def relabel(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["label"] = malignant if row["label"] == "malignant" else benign

    more = ("--films", str(own), "--malignant", "idc", "--benign", "Fibroadenoma")
    prepared(table(relabel), tmp_path / "out", *more)
    assert load_crops(tmp_path / "out")["label"].tolist() == [1, 1, 0, 0, 0, 0] * 2


def test_the_split_is_seeded_by_patient_and_may_be_the_tables_own(own, table, tmp_path) -> None:
    def split(name: str, path: Path, *more: str) -> dict[str, str]:
        rows = prepared(path, tmp_path / name, "--films", str(own), *more)
        return {row["patient_id"]: row["split"] for row in rows}

    half = split("a", own / "own.csv", "--test-share", "0.5")
    assert half == split("b", table(lambda rows: rows.reverse()), "--test-share", "0.5")
    assert sorted(half.values()) == ["test"] * 3 + ["train"] * 3
    seeds = [
        split(str(n), own / "own.csv", "--test-share", "0.5", "--seed", str(n)) for n in range(4)
    ]
    assert any(other != half for other in seeds)

    def name_splits(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["split"] = "test" if row["patient"] == "A4" else "train"

    assert split("c", table(name_splits))["A4"] == "test"
    assert set(split("d", table(name_splits), "--test-share", "1").values()) == {"test"}


def test_folders_of_crops_are_used_whole_and_folders_in_them_are_patients(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(1)
    crops = {}
    for place in ("Benign/P1/a.png", "Benign/P1/b.png", "malignant/P2/a.png", "Benign/P3/a.png"):
        film, (x, y, side, _) = draw_film(random, "mal" in place)
        crops[place] = film[y - 9 : y + side, x : x + side]
        path = tmp_path / "set" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), crops[place])
    (tmp_path / "set" / "Benign" / "notes.txt").write_text("not an image")
    (tmp_path / "set" / "normal").mkdir()
    command = ["--folders", str(tmp_path / "set"), *QUIET, "--out"]
    assert main([*command, str(tmp_path / "out")]) == 0
    table = load_crops(tmp_path / "out")
    assert table["patient_id"].tolist() == ["P1", "P1", "P3", "P2"]
    assert table["label"].tolist() == [0, 0, 0, 1] and set(table["origin"]) == {"provided"}
    for place, crop in zip(crops, read_pixels(table)[[0, 1, 3, 2]], strict=True):
        assert np.array_equal(Lesion(crops[place]).crop(128), crop)
    assert "a patient of its own" not in capsys.readouterr().out
    for path in [*(tmp_path / "set").rglob("*.png")]:
        path.rename(path.parents[1] / f"{path.parent.name}{path.name}")
    assert main([*command, str(tmp_path / "flat")]) == 0
    assert "Each image counts as a patient of its own" in capsys.readouterr().out


def change(row: int, **cells: str) -> Callable[[list[dict[str, str]]], None]:
    return lambda rows: rows[row].update(cells)


def drop(name: str) -> Callable[[list[dict[str, str]]], None]:
    return lambda rows: [row.pop(name) for row in rows][:0]


def in_both(rows: list[dict[str, str]]) -> None:
    for number, row in enumerate(rows):
        row["split"] = ("train", "test")[number % 2]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (drop("patient"), "should have the columns film, patient, label. Missing: patient."),
        (drop("width"), "has a part of a box: give all of x, y, width and height"),
        (change(1, film="films/none.png"), "Row 3 of own.csv (films/none.png) names a film that"),
        (change(1, film=""), "names a film that is not in"),
        (change(1, patient=""), "has no file or patient"),
        (change(2, label="IDC"), "Row 4 of own.csv (films/01-CC.png) has a label that mammo does"),
        (change(2, label=""), "Received: label=''"),
        (change(2, x="wide"), "must hold a number, or nothing. Received: box_x='wide'"),
        (change(2, x="4000"), "The box lies outside the mammogram (450 x 600 pixels)"),
        (change(2, x="-400"), "1 of 12 lesions cannot be cut. Row 4 of own.csv (films/01-CC.png)"),
        (change(2, width="0"), "The box has no area"),
        (change(2, x="", y="", width="", height=""), "Not a cropped lesion (450 x 600 pixels)"),
        (change(2, split="validation"), "must be train or test"),
        (in_both, "6 patients are in both splits (row 2: A0)"),
        (change(3, film="films/01-CC.png", patient="B"), "another row has for another patient"),
        (change(2, lesion="two"), "must hold a whole number"),
        (change(3, view="CC", film="films/01-CC.png"), "names the same lesion and view as an ear"),
        (change(2, mask="none.png"), "names a mask that is not in"),
        (change(2, mask="films/00-CC.png", x="", y="", width="", height=""), "is not a mask"),
        (change(2, film="own.csv"), "own.csv"),
        (lambda rows: rows.clear() or rows.append(dict.fromkeys(HEADER, "")), "has no rows"),
    ],
)  # fmt: skip
def test_a_bad_table_gets_a_sentence_and_nothing_is_written(
    own, table, tmp_path, capsys, fault, sentence
) -> None:
    path, out = table(fault), tmp_path / "out"
    assert main(["--table", str(path), "--out", str(out), "--films", str(own), *QUIET]) == 1
    said = capsys.readouterr().err
    assert sentence in said.rpartition("mammo.prepare: ")[2] and "Traceback" not in said
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--table", "none.csv"], "none.csv"),
        (["--table", "own.csv", "--columns", "patient=Case"], "Missing: Case"),
        (["--table", "own.csv", "--columns", "film=x", "patient=x"], "Missing: x, x."),
        (["--table", "own.csv", "--columns", "film=patient"], "Missing: patient."),
        (["--table", "own.csv", "--columns", "film="], "should have the columns , patient"),
        (["--table", "films"], "films"),
        (["--table", "own.csv", "--test-share", "2"], "--test-share from 0 to 1"),
        (["--table", "own.csv", "--crop-size", "9"], "between 32 and 1024"),
        (["--table", "films/00-CC.png"], "00-CC.png"),
        (["--folders", "films"], "folders named benign and malignant"),
        (["--folders", "own.csv"], "--folders expects a folder"),
        (["--data", "films"], "For your own data, pass a table or folders"),
    ],
)
def test_bad_arguments_get_a_sentence(
    own, tmp_path, capsys, monkeypatch, arguments, sentence
) -> None:
    monkeypatch.chdir(own)
    assert main([*arguments, "--out", str(tmp_path / "out"), *QUIET]) == 1
    said = capsys.readouterr().err
    assert sentence in said and said.startswith("mammo.prepare: ")
    assert not (tmp_path / "out").exists()


def test_a_column_that_it_does_not_know_is_a_wrong_command(own, tmp_path, capsys) -> None:
    for word in ("nurse=x", "film"):
        with pytest.raises(SystemExit, match="2"):
            main(["--table", "own.csv", "--out", str(tmp_path / "out"), "--columns", word])
        assert "NAME one of film, patient, label" in capsys.readouterr().err


def test_an_older_preparation_stays_until_the_new_one_is_whole(own, table, tmp_path) -> None:
    expected = prepared(own / "own.csv", tmp_path / "out")
    bad = table(change(2, x="4000"))
    command = ["--table", str(bad), "--out", str(tmp_path / "out"), "--films", str(own), *QUIET]
    assert main(command) == 1
    assert len(load_crops(tmp_path / "out")) == len(expected)
    assert main([*command, "--partial"]) == 0
    assert len(load_crops(tmp_path / "out")) == len(expected) - 1
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["partial"] and report["unresolved"][0]["lesion"] == "01-CC_4"
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "index.csv").write_text("mine")
    assert main([*command[:3], str(tmp_path / "foreign"), *QUIET]) == 1
    assert (tmp_path / "foreign" / "index.csv").read_text() == "mine"


def test_external_validation_names_the_form_and_the_prior_shift(own: Path, tmp_path: Path) -> None:
    prepared(own / "own.csv", tmp_path / "out")
    evaluation = evaluate_artifacts(None, "lesion", data=tmp_path / "out", resamples=100)
    said = " ".join(evaluation.notes)
    assert "Input form: 12 crops were cut from their mammograms" in said
    assert "Prior shift: 33.3% of these lesions are malignant, 48.0% of the training" in said
    split = evaluation.splits["external"]
    p = split.sample.p["mobilenetv2"]
    odds = p / (1 - p) * (1 / 2) / (0.4796 / 0.5204)  # by hand: Saerens et al. 2002
    for found in (2 / p.sum(), 2 / (odds / (1 + odds)).sum()):
        assert f"{found:.2f} (" in said.partition("MobileNetV2: ")[2]


# --- the commands of docs/own-data.md, each as it stands there

PREPARE = "python -m mammo.prepare --table own.csv --out prepared"
EVALUATE = (
    "python -m mammo.evaluate --data prepared --unit lesion --json report.json --figures figures"
)


def test_sixty_films_of_your_own_end_in_a_report(tmp_path: Path) -> None:
    write_own_films(tmp_path)
    assert "60 lesions cut from their mammograms" in type_in(PREPARE, tmp_path).stdout
    printed = " ".join(type_in(EVALUATE, tmp_path).stdout.split())
    assert "30 lesions: 10 malignant (33.3%), 20 benign; from 60 crops" in printed
    for part in ("Input form: 60 crops", "Prior shift:", "AUC, DeLong by patient", "Calibration",
                 "Net benefit", "AUC in subgroups"):  # fmt: skip
        assert part in printed
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["splits"]["external"]["counts"]["patients"] == 30
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"external-roc.svg", "external-subgroups.png"} <= names and len(names) == 12


def test_a_table_under_other_names_and_labels(tmp_path: Path) -> None:
    text = write_own_films(tmp_path, patients=3).read_text()
    text = text.replace("film,", "image_path,", 1).replace("patient", "Case ID", 1)
    text = text.replace("films/", "").replace("malignant", "IDC").replace("benign", "Fibroadenoma")
    (tmp_path / "own.csv").write_text(text)
    (command,) = (line for line in commands() if line.startswith(f"{PREPARE} --films films"))
    assert "6 lesions cut from their mammograms" in type_in(command, tmp_path).stdout


def test_folders_of_cropped_lesions(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for label in ("benign", "malignant"):
        (tmp_path / "crops" / label / "P17").mkdir(parents=True)
        crop = random.integers(0, 256, (90, 100), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "crops" / label / "P17" / "a.png"), crop)
    command = "python -m mammo.prepare --folders crops --out prepared"
    assert "2 taken from the crops provided" in type_in(command, tmp_path).stdout
    assert set(load_crops(tmp_path / "prepared")["patient_id"]) == {"P17"}


def test_figures_of_the_release(tmp_path: Path) -> None:
    type_in("python -m mammo.evaluate --figures figures", tmp_path, "--resamples", "200")
    assert len([*(tmp_path / "figures").iterdir()]) == 24


@pytest.mark.training
def test_models_of_your_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorflow", reason="needs requirements-train.txt")
    from mammo.train import main as train

    command = "python -m mammo.train --data prepared --out own-artifacts"
    assert command in commands()
    monkeypatch.chdir(tmp_path)
    write_own_films(tmp_path, patients=15)
    type_in(PREPARE, tmp_path)
    small = ("--models", "simple_cnn", "--folds", "2", "--epochs", "1", "--input-size", "64",
             "--distillation", "0")  # fmt: skip
    assert train([*command.split()[3:], *small]) == 0
    evaluation = evaluate_artifacts(tmp_path / "own-artifacts", resamples=100)
    assert evaluation.splits["test"].counts.crops == 6
