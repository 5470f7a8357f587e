"""The lessons on tiny folders: what they count, what they write, where the leak goes on."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mammo.artifacts import (
    load_cases,
    load_film_size_lesson,
    load_teacher_lesson,
    read_attachment,
)
from mammo.data.splits import row_folds
from mammo.plots.comparison import teacher_table
from mammo.settings import RECIPES
from mammo.training.lessons import LeakCrops, LeakSettings, count_overlap, main
from tests.conftest import write_prepared
from tests.tiny_artifacts import case_rows, write_manifest_again, write_tiny_artifacts


def test_overlap_is_counted_by_crop_and_by_lesion() -> None:
    table = pd.DataFrame(
        {
            "patient_id": list("aaabbbc"),
            "lesion_id": ["a1", "a1", "a2", "b1", "b1", "b1", "c1"],
        }
    )
    held_out = np.array([1, 0, 1, 1, 1, 0, 1], dtype=bool)
    assert count_overlap(table, held_out) == {
        "n_train": 2,
        "n_test": 5,
        "n_test_lesions": 4,
        "test_crops_with_patient_in_training": 4,
        "test_crops_with_lesion_in_training": 3,
        "test_lesions_with_other_view_in_training": 2,
    }


def test_rows_at_random_split_a_lesion_and_keep_the_share_of_malignant() -> None:
    labels = np.repeat([0, 0, 1], 40)
    fold = row_folds(labels, 4, seed=3)
    assert (np.bincount(fold) == 30).all()
    assert {int(labels[fold == number].sum()) for number in range(4)} == {10}
    assert (fold != row_folds(labels, 4, seed=4)).any()


@pytest.mark.training
def test_the_lesson_is_attached_and_goes_on_where_it_was(tmp_path, monkeypatch, capsys) -> None:
    pytest.importorskip("tensorflow", reason="needs requirements-train.txt")
    from mammo.training import lessons
    from mammo.training.lessons import main

    prepared = write_prepared(tmp_path / "prepared")
    out = write_tiny_artifacts(tmp_path / "artifacts")
    command = [
        "leak", "--data", str(prepared), "--out", str(out), "--seeds", "2", "--epochs", "1",
        "--head-epochs", "1", "--input-size", "64", "--imagenet-weights", "none",
    ]  # fmt: skip
    whole = lessons._run
    done = []

    def stop_at_the_third(*given):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(given[-2:])
        return whole(*given)

    monkeypatch.setattr(lessons, "_run", stop_at_the_third)
    assert main(command) == 130
    assert read_attachment("lessons/leak.json", out) is None
    monkeypatch.setattr(lessons, "_run", lambda *given: done.append(given[-2:]) or whole(*given))
    assert main(command) == 0
    assert [split for split, _ in done] == ["rows", "patients"] * 2
    assert "Mean difference" in capsys.readouterr().out
    lesson = json.loads(read_attachment("lessons/leak.json", out) or b"")
    assert [(run["split"], run["seed"]) for run in lesson["runs"]] == [
        ("rows", 2026), ("patients", 2026), ("rows", 2027), ("patients", 2027),
    ]  # fmt: skip
    for run in lesson["runs"]:
        shared = run["test_crops_with_patient_in_training"]
        assert (shared == 0) == (run["split"] == "patients")
        assert run["n_train"] + run["n_test"] == 32
        assert run["auc_low"] <= run["auc"] <= run["auc_high"]
    assert str(tmp_path) not in json.dumps(lesson)
    assert not list((out.parent / ".mammo-lessons").iterdir())
    assert main([*command, "--seeds", "1", "--without-augmentation"]) == 0
    plain = json.loads(read_attachment("lessons/leak-without-augmentation.json", out) or b"")
    assert plain["recipe"]["rotation_degrees"] == 0 and len(plain["runs"]) == 2
    assert read_attachment("lessons/leak.json", out) is not None


@pytest.mark.training
def test_the_simple_cnn_learns_the_lesson_without_a_teacher(tmp_path) -> None:
    pytest.importorskip("tensorflow", reason="needs requirements-train.txt")
    from mammo.training.lessons import main

    prepared = write_prepared(tmp_path / "prepared")
    out = write_tiny_artifacts(tmp_path / "artifacts")
    command = ["leak", "--data", str(prepared), "--out", str(out), "--model", "simple_cnn"]
    assert main([*command, "--seeds", "1", "--epochs", "1", "--input-size", "64"]) == 0
    lesson = json.loads(read_attachment("lessons/leak.json", out) or b"")
    assert (lesson["model"], lesson["recipe"]["distillation"]) == ("simple_cnn", 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--out", "nowhere"], "There is no artifacts folder at nowhere"),
        (["--seed", "-5"], "seed must lie between 0 and"),
        (["--seed", "4294000000"], "Received: seed=4294000001"),
        (["--seeds", "0"], "at least one seed"),
        (["--work", "file/x"], "stopped: Not a directory (file/x"),
    ],
)
def test_what_cannot_end_well_is_refused_before_the_first_training(
    arguments, sentence, tmp_path, monkeypatch, capsys
) -> None:
    from mammo.training import lessons
    from mammo.training.lessons import main

    def train(*given: object) -> dict[str, object]:
        assert "--work" in arguments, "it trained"
        return {}

    monkeypatch.setattr(lessons, "_run", train)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    prepared = write_prepared(tmp_path / "prepared")
    out = write_tiny_artifacts(tmp_path / "artifacts")
    assert main(["leak", "--data", str(prepared), "--out", str(out), *arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("mammo.training.lessons: ") and sentence in said


def test_a_damaged_result_of_a_run_is_made_anew(tmp_path, monkeypatch, capsys) -> None:
    from mammo.training import lessons

    recipe = replace(RECIPES["simple_cnn"], distillation=0.0)
    settings = LeakSettings("simple_cnn", recipe, (1,), "none", tmp_path)
    monkeypatch.setattr(lessons, "_run", lambda *given: {"auc": 0.5})
    given = (LeakCrops(pd.DataFrame(), np.empty(0, np.uint8), "data"), settings, "rows", 1)
    assert lessons._kept_run(*given) == {"auc": 0.5}
    (tmp_path / "rows-1.json").write_text('{"identity"')
    assert lessons._kept_run(*given) == {"auc": 0.5}
    assert "rows-1.json cannot be read" in capsys.readouterr().err
    monkeypatch.setattr(lessons, "_run", lambda *given: pytest.fail("it is kept"))
    assert lessons._kept_run(*given) == {"auc": 0.5}


@pytest.mark.training
def test_a_folder_without_training_rows_is_refused(tmp_path, capsys) -> None:
    from mammo.training.lessons import main

    prepared = write_prepared(tmp_path / "prepared")
    index = prepared / "index.csv"
    index.write_text(index.read_text().replace(",train,", ",test,"))
    out = write_tiny_artifacts(tmp_path / "artifacts")
    assert main(["leak", "--data", str(prepared), "--out", str(out)]) == 1
    assert "at least 4 patients with a benign lesion in training" in capsys.readouterr().err


def taught(folder: Path, *, share: float = 0.7, folds: str = "012") -> Path:
    """Write tiny artifacts whose simple CNN had a teacher and ranks a little better."""
    write_tiny_artifacts(folder)
    card = json.loads((folder / "simple_cnn/card.json").read_text())
    card["settings"]["distillation"] = share
    (folder / "simple_cnn/card.json").write_text(json.dumps(card))
    cases = pd.read_csv(folder / "cases.csv", dtype=str, keep_default_na=False)
    better = cases["simple_cnn_score"].astype(float) + 2 * cases["label"].astype(float)
    cases["simple_cnn_score"] = (better / 3).map("{:.6f}".format)
    cases["simple_cnn_fold"] = cases["simple_cnn_fold"].replace(
        dict(zip("012", folds, strict=True))
    )
    cases.to_csv(folder / "cases.csv", index=False, lineterminator="\n")
    write_manifest_again(folder)
    return folder


def test_what_a_teacher_adds_is_paired_attached_and_read(tmp_path, capsys) -> None:
    out, better = write_tiny_artifacts(tmp_path / "out"), taught(tmp_path / "taught")
    assert load_teacher_lesson(out) is None
    assert main(["teacher", "--taught", str(better), "--out", str(out)]) == 0
    lesson = load_teacher_lesson(out)
    assert lesson is not None and (lesson.title, lesson.share) == ("Simple CNN", 0.7)
    cases, other = (load_cases(folder) for folder in (out, better))
    for half, split in zip(lesson.halves, ("train", "test"), strict=True):
        rows = cases["split"] == split
        expected = [
            roc_auc_score(one["label"][rows], one["simple_cnn_score"][rows])
            for one in (cases, other)
        ]
        assert [half.labels.value, half.taught.value] == pytest.approx(expected)
        assert half.difference.value == pytest.approx(expected[1] - expected[0])
        assert half.difference.low <= half.difference.value <= half.difference.high
        assert half.crops == rows.sum()
    assert "test: AUC +" in capsys.readouterr().out
    manifest = json.loads((out / "manifest.json").read_text())
    assert [*manifest["attachments"]["lessons/teacher.json"]] == ["simple_cnn/model.onnx"]


def test_a_teacher_that_changes_nothing_has_no_interval_and_is_read(tmp_path) -> None:
    out, same = write_tiny_artifacts(tmp_path / "out"), write_tiny_artifacts(tmp_path / "same")
    card = json.loads((same / "simple_cnn/card.json").read_text())
    card["settings"]["distillation"] = 0.7
    (same / "simple_cnn/card.json").write_text(json.dumps(card))
    write_manifest_again(same)
    assert main(["teacher", "--taught", str(same), "--out", str(out)]) == 0
    lesson = load_teacher_lesson(out)
    assert lesson is not None
    for half in lesson.halves:
        assert (
            half.difference.value == 0
            and np.isnan([half.difference.low, half.difference.high]).all()
        )
    assert "no interval" in teacher_table(lesson)["Difference"].iloc[0]


@pytest.mark.parametrize(
    ("own", "other", "words"),
    [
        ({"share": 0.0}, {}, "distillation 0 and 0"),
        ({}, {"share": 0.7}, "distillation 0.7 and 0.7"),
        ({"folds": "120"}, {}, "should hold the same cases in the same folds"),
    ],
)
def test_a_teacher_s_lesson_of_other_trainings_is_refused(
    tmp_path, capsys, own, other, words
) -> None:
    better = taught(tmp_path / "taught", **own)
    out = taught(tmp_path / "out", **({"share": 0.0} | other))
    assert main(["teacher", "--taught", str(better), "--out", str(out)]) != 0
    assert words in capsys.readouterr().err
    assert load_teacher_lesson(out) is None


def write_films(folder: Path, size_of_label: tuple[int, int]) -> Path:
    """Write the index of a folder of films whose width follows the label, with some noise."""
    random = np.random.default_rng(4)
    folder.mkdir()
    rows = [
        {
            "file": f"crops/{row['case_id']}.png",
            "film_width": size_of_label[int(row["label"])] + int(random.integers(0, 400)),
            "film_height": 4000 + int(random.integers(0, 400)),
        }
        for row in case_rows()
    ]
    pd.DataFrame(rows).to_csv(folder / "index.csv", index=False)
    return folder


@pytest.mark.parametrize(
    ("widths", "low", "high"), [((3000, 3600), 0.95, 1), ((3000,) * 2, 0, 0.7)]
)
def test_film_size_is_measured_from_an_index_of_films(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    widths: tuple[int, int],
    low: float,
    high: float,
) -> None:
    written = tmp_path / "film_sizes.csv.xz"
    monkeypatch.setattr("mammo.data.table.FILM_SIZES", written)
    monkeypatch.setattr("mammo.training.film_size.FILM_SIZES", written)
    films = write_films(tmp_path / "films", widths)
    out = write_tiny_artifacts(tmp_path / "artifacts")
    assert main(["film-size", "--films", str(films), "--out", str(out)]) == 0
    lesson, cases = load_film_size_lesson(out), load_cases(out)
    assert lesson is not None
    for half, split in zip(lesson.halves, ("train", "test"), strict=True):
        rows = cases[cases["split"] == split]
        assert half.crops == len(rows) and len(half.shares) == 5
        assert low <= half.sizes[0].auc.value <= high, "the line through two clusters"
        for network, name in zip(half.networks, ("simple_cnn", "mobilenetv2"), strict=True):
            expected = roc_auc_score(rows["label"].astype(int), rows[f"{name}_score"])
            assert network.auc.value == pytest.approx(expected)
            assert -1 <= network.benign.low <= network.benign.value <= network.benign.high <= 1
    assert main(["film-size", "--out", str(out)]) == 0, "the sizes that were written are read again"
    assert repr(load_film_size_lesson(out)) == repr(lesson)


@pytest.mark.parametrize(
    ("size", "sentence"),
    [("", "Received: , 4000"), ("0", "Received: 0, 4000"), ("wide", "Received: wide, 4000")],
)
def test_a_film_without_a_size_is_a_sentence_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    size: str, sentence: str,
) -> None:  # fmt: skip
    written = tmp_path / "film_sizes.csv.xz"
    monkeypatch.setattr("mammo.training.film_size.FILM_SIZES", written)
    (tmp_path / "index.csv").write_text(f"file,film_width,film_height\ncrops/a.png,{size},4000\n")
    out = write_tiny_artifacts(tmp_path / "artifacts")
    assert main(["film-size", "--films", str(tmp_path), "--out", str(out)]) == 1
    assert sentence in capsys.readouterr().err and not written.exists()
    assert load_film_size_lesson(out) is None
