"""The training command on a tiny folder: what it writes, where it goes on, what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("keras", reason="needs requirements-train.txt")
pytest.importorskip("tensorflow", reason="needs requirements-train.txt")

from mammo import load_classifier
from mammo.artifacts import load_card, load_cases, load_history, verify
from mammo.data.table import load_crops, read_pixels
from mammo.train import main
from tests.conftest import write_prepared
from tests.miniature import WRITERS

pytestmark = pytest.mark.training

QUICK = (
    "--folds", "2", "--epochs", "2", "--input-size", "64", "--batch-size", "16",
    "--imagenet-weights", "none", "--distillation", "0",
)  # fmt: skip


def command(prepared: Path, out: Path, *more: str) -> list[str]:
    return ["--data", str(prepared), "--out", str(out), *QUICK, *more]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("trained")
    prepared = write_prepared(folder / "prepared")
    assert main(command(prepared, folder / "artifacts", "--head-epochs", "1")) == 0
    return prepared, folder / "artifacts"


def test_it_writes_whole_artifacts_of_both_models(trained):
    prepared, out = trained
    manifest = verify(out)
    assert manifest.models == ("simple_cnn", "mobilenetv2")
    assert (manifest.data.n_train, manifest.data.n_test) == (32, 16)
    assert manifest.settings["recipes"]["mobilenetv2"]["epochs"] == 2
    assert str(prepared.parent) not in json.dumps(manifest.settings)
    for name, epochs in (("simple_cnn", 2), ("mobilenetv2", 3)):
        history = load_history(name, out)
        assert list(history["fold"].unique()) == ["fold_0", "fold_1", "final"]
        assert len(history) == 3 * epochs
    assert not list(out.parent.glob(".mammo-work/*/"))
    words = "the training rows of the given crops (masses): 32 crops of 16 patients"
    assert load_card("simple_cnn", out).trained_on == words


def test_the_exported_network_gives_the_recorded_scores(trained):
    prepared, out = trained
    table, cases = load_crops(prepared), load_cases(out)
    crops = read_pixels(table)
    test = (table["split"] == "test").to_numpy()
    for name in ("simple_cnn", "mobilenetv2"):
        model = load_classifier(name, out)
        np.testing.assert_allclose(
            model.predict(crops[test]), cases.loc[test, f"{name}_p"], atol=2e-6
        )
        assert cases.loc[test, f"{name}_fold"].isna().all()
        assert set(cases.loc[~test, f"{name}_fold"]) == {0, 1}


def test_calibration_and_thresholds_come_from_training_patients(trained, tmp_path):
    prepared, out = trained
    card = load_card("simple_cnn", out)
    assert "out-of-fold scores of 32 crops of 16 patients" in card.calibration.fitted_on
    flipped = pd.read_csv(prepared / "index.csv")
    is_test = flipped["split"] == "test"
    swap = {"BENIGN": "MALIGNANT", "MALIGNANT": "BENIGN"}
    flipped.loc[is_test, "pathology"] = flipped.loc[is_test, "pathology"].map(swap)
    other = write_prepared(tmp_path / "prepared")
    flipped.to_csv(other / "index.csv", index=False)
    arguments = command(other, tmp_path / "artifacts", "--models", "simple_cnn")
    assert main(arguments) == 0
    again = load_card("simple_cnn", tmp_path / "artifacts")
    assert again.thresholds == card.thresholds
    assert again.calibration == card.calibration
    auc = [c.metrics["test"]["crop"]["auc"].value for c in (card, again)]
    assert auc[0] == pytest.approx(1 - auc[1])


def test_one_model_is_trained_anew_beside_the_other(trained):
    prepared, out = trained
    before = verify(out).files["mobilenetv2/model.onnx"]
    assert main(command(prepared, out, "--models", "simple_cnn", "--seed", "3")) == 0
    after = verify(out)
    assert set(after.models) == {"simple_cnn", "mobilenetv2"}
    assert after.files["mobilenetv2/model.onnx"] == before


def test_it_trains_nothing_where_the_other_model_would_be_lost(
    trained, tmp_path, capsys, monkeypatch
):
    prepared, out = trained
    before = verify(out)
    monkeypatch.setattr("mammo.train._fit_model", lambda *given: pytest.fail("it trained"))
    other = write_prepared(tmp_path / "prepared", seed=1)
    text = refusal(command(other, out, "--models", "simple_cnn"), capsys)
    assert "mobilenetv2 in" in text and "would be lost: the older data are others" in text
    assert verify(out) == before
    network = out / "mobilenetv2" / "model.onnx"
    content = network.read_bytes()
    network.write_bytes(content[:-1])
    text = refusal(command(prepared, out, "--models", "simple_cnn"), capsys)
    network.write_bytes(content)
    assert "would be lost" in text and "does not match its checksum" in text
    assert verify(out) == before


def test_values_that_the_case_table_cannot_hold_are_refused_before_the_fits(
    prepared, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("mammo.train._fit_model", lambda *given: pytest.fail("it trained"))
    table = pd.read_csv(prepared / "index.csv", dtype=object)
    table.assign(breast_density="B").to_csv(prepared / "index.csv", index=False)
    text = refusal(command(prepared, tmp_path / "artifacts"), capsys)
    assert "Row 2 of index.csv" in text and "breast_density='B'" in text


def test_a_damaged_checkpoint_does_not_stop_the_same_command(prepared, tmp_path, capsys):
    out = tmp_path / "artifacts"
    arguments = command(prepared, out, "--models", "simple_cnn")
    kill_at_the_first_checkpoint(arguments, out)
    for path in (tmp_path / ".mammo-work").glob("*/simple_cnn/*.npz"):
        path.write_bytes(path.read_bytes()[:-1000])
    assert main(arguments) == 0
    assert "fold_0.npz cannot be read" in capsys.readouterr().err
    assert verify(out).models == ("simple_cnn",)


def test_a_killed_training_goes_on_and_ends_in_the_same_place(tmp_path):
    prepared = write_prepared(tmp_path / "prepared")
    results = []
    for name in ("undisturbed", "killed"):
        out = tmp_path / name / "artifacts"
        arguments = command(prepared, out, "--models", "simple_cnn")
        if name == "killed":
            kill_at_the_first_checkpoint(arguments, out)
            assert not out.exists()
        # A process of its own each time: in a busy one TensorFlow rounds the last digit otherwise.
        subprocess.run(
            [sys.executable, "-m", "mammo.train", *arguments], check=True, capture_output=True
        )
        results.append((out / "cases.csv").read_bytes())
    assert results[0] == results[1]


def kill_at_the_first_checkpoint(arguments: list[str], out: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mammo.train", *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    work = out.parent / ".mammo-work"
    end = time.monotonic() + 120
    while not list(work.glob("*/simple_cnn/*.npz")):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_two_runs_at_once_leave_one_whole_result(tmp_path):
    prepared = write_prepared(tmp_path / "prepared")
    out = tmp_path / "artifacts"
    arguments = command(prepared, out, "--models", "simple_cnn")
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "mammo.train", *arguments], stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    errors = [run.communicate(timeout=240)[1] for run in runs]
    codes = [run.returncode for run in runs]
    assert 0 in codes
    for code, error in zip(codes, errors, strict=True):
        assert code == 0 or "Another program is writing" in error
    assert verify(out).models == ("simple_cnn",)


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 1
    return capsys.readouterr().err


def test_it_refuses_by_a_sentence(prepared, tmp_path, capsys):
    out = tmp_path / "artifacts"
    assert "is not a folder" in refusal(command(tmp_path / "nowhere", out), capsys)
    (tmp_path / "empty").mkdir()
    assert "prepared crops (index.csv and crops/)" in refusal(
        command(tmp_path / "empty", out), capsys
    )
    text = refusal(command(prepared, out, "--folds", "15"), capsys)
    assert "15 folds need at least 15 patients with a" in text
    assert "at least 2" in refusal(command(prepared, out, "--folds", "1"), capsys)
    text = refusal(command(prepared, out, "--imagenet-weights", str(prepared / "none.h5")), capsys)
    assert "none.h5" in text
    text = refusal(command(prepared, out, "--dropout", "2"), capsys)
    assert "dropout must lie between" in text
    assert "seed must lie between" in refusal(command(prepared, out, "--seed", "-1"), capsys)
    arguments = command(prepared, out, "--models", "simple_cnn", "--stride", "8")
    text = refusal([*arguments, "--input-size", "48"], capsys)
    assert "stride=8, which leaves 6" in text
    (out / "thesis").mkdir(parents=True)
    assert "Expected a new folder or artifacts to replace" in refusal(
        command(prepared, out), capsys
    )
    assert list(out.iterdir()) == [out / "thesis"]


def test_it_refuses_a_disk_without_room(prepared, tmp_path, capsys, monkeypatch):
    usage = type("Usage", (), {"free": 10**6})()
    monkeypatch.setattr("mammo.train.shutil.disk_usage", lambda _: usage)
    assert "3 GB of free space" in refusal(command(prepared, tmp_path / "artifacts"), capsys)


def test_a_file_in_the_place_of_the_prepared_folder_is_a_sentence(tmp_path, capsys):
    data = WRITERS["kaggle"](tmp_path / "tree").folder
    (data.parent / f"{data.name}-prepared").write_text("")
    text = refusal(command(data, tmp_path / "artifacts", "--partial"), capsys)
    assert "--out expects a folder" in text and f"{data.name}-prepared" in text


def test_bad_settings_are_refused_before_a_download_is_prepared(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mammo.train.prepared_folder", lambda *given: pytest.fail("it prepared"))
    assert "seed=-1" in refusal(command(tmp_path, tmp_path / "out", "--seed", "-1"), capsys)


def test_it_refuses_data_without_a_test_split(prepared, tmp_path, capsys):
    table = pd.read_csv(prepared / "index.csv")
    table[table["split"] == "train"].to_csv(prepared / "index.csv", index=False)
    assert "none of test" in refusal(command(prepared, tmp_path / "artifacts"), capsys)
