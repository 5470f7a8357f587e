"""The published split: who learns, who is tested, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from mammo.data.table import load_crops
from mammo.errors import DataError
from mammo.settings import RECIPES
from tests.conftest import write_prepared
from tools.experiments import log, published
from tools.readme.figures import figures_part


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A folder whose published test set holds the official one and two training patients more."""
    folder = write_prepared(tmp_path / "prepared")
    table = pd.read_csv(folder / "index.csv")
    table.loc[table["patient_id"].isin(["P_00004", "P_00007"]), "published_split"] = "test"
    table.loc[table["patient_id"] == "P_00006", "published_split"] = "val"
    table.to_csv(folder / "index.csv", index=False)
    return folder


def change(folder: Path, patient: str, split: str, rows: slice = slice(None)) -> Path:
    table = pd.read_csv(folder / "index.csv")
    chosen = table.index[table["patient_id"] == patient][rows]
    table.loc[chosen, "published_split"] = split
    table.to_csv(folder / "index.csv", index=False)
    return folder


def test_a_patient_in_both_parts_is_refused(prepared, capsys) -> None:
    change(prepared, "P_00004", "train", slice(0, 1))
    assert published.main(["--data", str(prepared)]) == 1
    assert "1 patients in both parts" in capsys.readouterr().err


def test_learning_from_the_official_test_half_is_refused(prepared) -> None:
    table = load_crops(change(prepared, "P_00002", "train"))
    with pytest.raises(DataError, match="2 official test crops to learn from"):
        published._published(table)


def test_a_folder_without_the_split_is_refused(prepared) -> None:
    with pytest.raises(DataError, match="2 of 48 crops without"):
        published._published(load_crops(change(prepared, "P_00004", "")))


@pytest.mark.training
def test_the_published_test_crops_are_scored_by_a_fit_that_saw_none(
    prepared, tmp_path, monkeypatch, capsys
) -> None:
    pytest.importorskip("tensorflow", reason="needs requirements-train.txt")
    from mammo.training import crossfit

    learnt = []
    fit = crossfit.fit

    def watched(network, learning, rows, *rest):
        learnt.append(rows.learn)
        return fit(network, learning, rows, *rest)

    small = replace(RECIPES["simple_cnn"], epochs=1, input_size=64, distillation=0.0)
    monkeypatch.setattr(crossfit, "fit", watched)
    plan = crossfit.fit_plan
    monkeypatch.setattr(crossfit, "fit_plan", lambda *given: replace(plan(*given), recipe=small))
    out = tmp_path / "published-split.json"
    command = ["--data", str(prepared), "--out", str(out), "--work", str(tmp_path / "work")]
    assert published.main([*command, "--models", "simple_cnn", "--imagenet-weights", "none"]) == 0
    result = json.loads(out.read_text())
    table = load_crops(prepared)
    half = table[table["split"] == "train"].reset_index(drop=True)
    assert set(half.loc[learnt[0], "published_split"]) == {"train", "val"}
    assert len(learnt[0]) == result["training_crops"] == 28
    assert (result["test_crops"], result["test_patients"]) == (20, 10)
    figure = result["models"]["simple_cnn"]["crop"]
    assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
    assert f"AUC {figure['value']:.3f}" in capsys.readouterr().out
    monkeypatch.setattr(log, "RESULT", out)
    assert "AUC on the published split, 20 crops" in figures_part()
    result["models"]["mobilenetv2"] = result["models"]["simple_cnn"]
    out.write_text(json.dumps(result))
    assert published.main([*command, "--models", "simple_cnn", "--imagenet-weights", "none"]) == 0
    assert set(json.loads(out.read_text())["models"]) == {"simple_cnn", "mobilenetv2"}


def test_the_readme_has_no_row_of_what_was_never_run(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(log, "RESULT", tmp_path / "published-split.json")
    assert log.published_row(["simple_cnn"]) == []
