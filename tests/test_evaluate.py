"""The command: from artifacts, and from any folder of prepared crops."""

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammo.artifacts import load_cases
from mammo.evaluate import evaluate_artifacts, main
from mammo.evaluation import auc
from mammo.inference import load_classifier
from tests.tiny_artifacts import write_tiny_artifacts


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of tiny whole artifacts."""
    return write_tiny_artifacts(tmp_path_factory.mktemp("artifacts") / "artifacts")


def write_crops(folder: Path, patients: Sequence[str], seed: int = 0) -> Path:
    """Write prepared crops with nothing but labels and patients, two crops a patient."""
    rng = np.random.default_rng(seed)
    (folder / "crops").mkdir(parents=True)
    rows = []
    for number, patient in enumerate(patients):
        for view in range(2):
            name = f"crops/{patient}_{view}.png"
            cv2.imwrite(str(folder / name), rng.integers(0, 256, (128, 128), dtype=np.uint8))
            pathology = ("BENIGN", "MALIGNANT")[number % 2]
            rows.append({"file": name, "patient_id": patient, "pathology": pathology})
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_figures_are_those_of_cases_csv(artifacts: Path) -> None:
    evaluation = evaluate_artifacts(artifacts, resamples=100)
    cases = load_cases(artifacts)
    rows = cases[cases["split"] == "test"]
    for name in evaluation.splits["test"].models:
        figures = evaluation.splits["test"].models[name]
        assert figures.metrics["auc"].value == pytest.approx(auc(rows["label"], rows[f"{name}_p"]))
        assert figures.points["youden"].threshold == 0.45
    assert set(evaluation.splits) == {"test", "out_of_fold"}
    assert "fitted" not in evaluation.notes


@pytest.mark.parametrize("unit", ["crop", "lesion", "patient"])
def test_command_prints_and_writes(
    artifacts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], unit: str
) -> None:
    out = tmp_path / "evaluation.json"
    arguments = ["--artifacts", str(artifacts), "--unit", unit, "--json", str(out)]
    assert main([*arguments, "--resamples", "100"]) == 0
    printed = capsys.readouterr()
    assert "TEST SPLIT" in printed.out and "OFFICIAL" not in printed.out
    assert printed.err == ""
    tree = json.loads(out.read_text())
    assert tree["unit"] == unit
    assert tree["splits"]["test"]["headline"] in " ".join(printed.out.split())


def test_one_model_alone(artifacts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--artifacts", str(artifacts), "--models", "simple_cnn", "--resamples", "100"]
    assert main(arguments) == 0
    assert "MobileNetV2" not in capsys.readouterr().out


def test_external_crops_are_scored_by_the_models(artifacts: Path, tmp_path: Path) -> None:
    folder = write_crops(tmp_path / "hospital", [f"H{number}" for number in range(8)])
    evaluation = evaluate_artifacts(artifacts, "patient", data=folder, resamples=100)
    split = evaluation.splits["external"]
    assert list(evaluation.splits) == ["external"]
    assert (split.counts.cases, split.counts.crops, split.counts.malignant) == (8, 16, 4)
    assert split.radiologists is None
    assert split.subgroups == ()
    by_crop = evaluate_artifacts(artifacts, "crop", data=folder, resamples=100)
    files = sorted((folder / "crops").iterdir())
    crops = np.stack([cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in files])
    labels = [int(path.name[1]) % 2 for path in files]
    for name in ("simple_cnn", "mobilenetv2"):
        p = load_classifier(name, artifacts).predict(crops)
        figures = by_crop.splits["external"].models[name]
        assert figures.metrics["auc"].value == pytest.approx(auc(labels, p))
        assert figures.metrics["brier"].value == pytest.approx(np.mean((p - labels) ** 2))


def test_patients_that_trained_the_models_are_left_out(
    artifacts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learned = load_cases(artifacts).query("split == 'train'")["patient_id"].unique()[:2]
    folder = write_crops(tmp_path / "mixed", [*learned, "H1", "H2", "H3"])
    arguments = ["--artifacts", str(artifacts), "--data", str(folder), "--resamples", "100"]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert "Left out 4 of 10 crops: their patients are in the training data." in printed.err
    assert "6 crops" in printed.out
    known = write_crops(tmp_path / "known", list(learned))
    assert main([*arguments[:3], str(known)]) == 1
    assert "Received: 4 crops, all of training patients" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"mine", b"[]", b'{"schema": 1}', b"\xff\xd8 a film"])
def test_a_file_that_it_did_not_write_is_not_replaced(
    artifacts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    out = tmp_path / "film.dcm"
    out.write_bytes(content)
    arguments = ["--artifacts", str(artifacts), "--resamples", "100", "--json"]
    assert main([*arguments, str(out)]) == 1
    assert "has other content. Nothing was changed" in capsys.readouterr().err
    assert out.read_bytes() == content
    out.unlink()
    for _ in range(2):  # its own it replaces
        assert main([*arguments, str(out)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["film.dcm"]
    assert main([*arguments, "/dev/full"]) == 1
    assert "No space left on device" in capsys.readouterr().err


def test_where_crops_come_from_is_noted(
    artifacts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_crops(tmp_path / "hospital", ["H1", "H2", "H3"])
    with (folder / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, origin in zip(rows, ["window"] * 3 + ["provided"] * 2 + [""], strict=True):
        row["origin"] = origin
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    out = tmp_path / "out.json"
    arguments = ["--artifacts", str(artifacts), "--data", str(folder), "--resamples", "100"]
    assert main([*arguments, "--json", str(out)]) == 0
    words = (
        "Input form: 3 crops were cut from their mammograms, 2 were provided as crops, 1 of "
        "unknown origin."
    )
    assert words in " ".join(capsys.readouterr().out.split())
    assert words in " ".join(json.loads(out.read_text())["notes"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--artifacts", "nowhere"], "nowhere"),
        (["--models", "resnet"], "resnet"),
        (["--resamples", "3"], "at least 100 resamples"),
        (["--seed", "-1"], "Expected a seed of 0 or more. Received: -1"),
        (["--json", "no/such/folder/out.json"], "in an existing folder"),
        (["--json", "."], "a folder"),
        (["--json", "n" * 300 + ".json"], "File name too long"),
        (["--json", "a\0b"], "null"),
        (["--data", "nowhere"], "nowhere is not a folder"),
    ],
)
def test_bad_arguments_get_a_sentence(
    artifacts: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    defaults = [] if "--artifacts" in arguments else ["--artifacts", str(artifacts)]
    assert main([*defaults, *arguments]) == 1
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert printed.err.startswith("mammo.evaluate: ")
    assert printed.out == ""


def test_command_needs_no_tensorflow(artifacts: Path) -> None:
    code = (
        "import sys; from mammo.evaluate import main;"
        f"status = main(['--artifacts', {str(artifacts)!r}, '--resamples', '100']);"
        "assert not {'tensorflow', 'keras', 'onnxruntime', 'sklearn'} & set(sys.modules);"
        "sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
