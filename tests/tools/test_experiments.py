"""Experiments: what a file may say, what is logged, how a change is held against the release."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from mammo.errors import DataError, SettingsError
from mammo.evaluation import auc
from mammo.evaluation.ranking import rank_correlation
from mammo.settings import RECIPES
from mammo.text import Estimate
from tests.conftest import write_prepared
from tests.tiny_artifacts import write_tiny_artifacts
from tools.experiments.__main__ import learned_labels
from tools.experiments.guards import nuisances
from tools.experiments.log import base_scores, check_outputs, compare_scores, read_log, verdict
from tools.experiments.plan import FIRST_RECIPES, read_experiment, shuffle_by_lesion

ROOT = Path(__file__).resolve().parents[2]


def write(folder: Path, **content: object) -> Path:
    path = folder / "wider.json"
    path.write_text(json.dumps({"model": "simple_cnn", "why": "To see."} | content))
    return path


def test_a_file_names_only_what_differs(tmp_path: Path) -> None:
    experiment = read_experiment(write(tmp_path, recipe={"epochs": 3}, folds=[1]))
    assert experiment.name == "wider" and experiment.folds == (1,) and experiment.seed == 2026
    assert experiment.recipe == replace(RECIPES["simple_cnn"], epochs=3)
    assert read_experiment(write(tmp_path)).folds == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"model": "resnet"}, "Received: 'resnet'"),
        ({"folds": [4]}, "folds from 0 to 3"),
        ({"folds": []}, "folds from 0 to 3"),
        ({"folds": [0, 0]}, "each once"),
        ({"folds": 3}, "each once"),
        ({"seed": "a"}, "whole number"),
        ({"seed": -1}, "whole number"),
        ({"recipe": [1]}, "an object as recipe"),
        ({"recipe": {"epoch": 3}}, "no value named epoch"),
        ({"from": "last week"}, "one of release, first release"),
        ({"recipe": {"epochs": 0}}, "epochs must lie between"),
        ({"window": {"scale": 0.5}}, "describe window as an object of scale"),
        ({"window": {"scale": 3, "box": "yes"}}, "box and blank"),
        ({"reason": "none"}, "Received: model, why, reason"),
    ],
)
def test_a_wrong_file_is_refused_before_any_training(tmp_path, content, said) -> None:
    with pytest.raises(SettingsError, match=said):
        read_experiment(write(tmp_path, **content))


def test_a_file_of_an_older_release_counts_from_its_recipes(tmp_path: Path) -> None:
    experiment = read_experiment(write(tmp_path, recipe={"epochs": 3}, **{"from": "first release"}))
    assert experiment.recipe == replace(FIRST_RECIPES["simple_cnn"], epochs=3)


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "wider.json").write_text(text)
    with pytest.raises(SettingsError, match=r"wider\.json"):
        read_experiment(tmp_path / "wider.json")


def test_a_file_that_changes_what_recipes_no_longer_have_is_compared_and_not_trained(
    tmp_path: Path,
) -> None:
    experiment = read_experiment(write(tmp_path, recipe={"mixup": 0.2}))
    assert experiment.changes == {"mixup": 0.2}
    with pytest.raises(SettingsError, match="wider changes mixup, .* with --scored"):
        _ = experiment.recipe


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "experiments").glob("*.json")))
def test_every_experiment_of_the_repository_can_be_read(path: Path) -> None:
    assert read_experiment(path).why.endswith(".")


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "experiments").glob("*.json")))
def test_every_experiment_is_held_against_what_its_row_in_the_log_names(path: Path) -> None:
    with (ROOT / "docs" / "experiments.csv").open(encoding="utf-8", newline="") as file:
        bases = {row["name"]: row["base"] for row in csv.DictReader(file)}
    assert read_experiment(path).base == bases[path.stem]


def test_the_difference_is_paired_and_grouped_by_patient() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(random.integers(2, size=100), 2)
    table = pd.DataFrame(
        {
            "case_id": [f"c{number}" for number in range(200)],
            "label": labels,
            "patient_id": np.repeat([f"p{number}" for number in range(100)], 2),
            "lesion_id": np.repeat([f"l{number}" for number in range(100)], 2),
        }
    )
    base = pd.Series(random.normal(size=200) + labels, index=table["case_id"])
    better = pd.Series(base + 2 * labels, index=table["case_id"]).iloc[:150].sample(frac=1)
    found, gap = compare_scores(table, better, base)
    rows = table.iloc[:150]
    expected = [auc(rows["label"], one.loc[rows["case_id"]]) for one in (better, base)]
    assert found.value == pytest.approx(expected[0])
    assert gap.value == pytest.approx(expected[0] - expected[1])
    assert gap.low > 0 and verdict(gap) == "helps"
    by_lesion, _ = compare_scores(table, better, base, by_lesion=True)
    assert by_lesion.value > found.value


def test_the_verdict_needs_the_whole_interval() -> None:
    assert verdict(Estimate(0.1, 0.0, 0.2)) == "no difference shown"
    assert verdict(Estimate(-0.1, -0.2, -0.01)) == "harms"


def test_shuffled_labels_keep_lesions_whole_and_forget_the_truth() -> None:
    lesions = np.repeat([f"l{number}" for number in range(200)], 2).astype(object)
    labels = np.repeat(np.arange(200) % 2, 2)
    dealt = shuffle_by_lesion(labels, lesions, seed=5)
    assert (dealt[::2] == dealt[1::2]).all() and dealt.sum() == labels.sum()
    assert abs(np.corrcoef(dealt[::2], labels[::2])[0, 1]) < 0.2
    assert (shuffle_by_lesion(labels, lesions, seed=5) == dealt).all()


def test_rank_correlation_agrees_with_scipy_and_resamples_patients() -> None:
    random = np.random.default_rng(1)
    values = random.integers(0, 9, 60).astype(float)
    scores = values + random.normal(scale=3, size=60)
    alone = rank_correlation(values, scores, [f"p{number}" for number in range(60)])
    assert alone.value == pytest.approx(spearmanr(values, scores).statistic)
    assert alone.low < alone.value < alone.high
    twice = rank_correlation(
        np.repeat(values, 4), np.repeat(scores, 4), np.repeat(np.arange(60), 4).astype(str)
    )
    assert twice.value == pytest.approx(alone.value, abs=0.01)
    assert twice.high - twice.low > 0.7 * (alone.high - alone.low)  # copies are no new patients


def test_what_a_score_must_not_follow_is_measured_on_the_crop() -> None:
    crops = np.zeros((2, 4, 4), dtype=np.uint8)
    crops[1, :, 2:] = 100
    found = nuisances(pd.DataFrame({"patient_id": ["P_00012", "P_00003"]}), crops)
    assert found["patient number"].tolist() == [12, 3]
    assert found["black share"].tolist() == [1, 0.5]
    assert found["mean grey level"].tolist() == [0, 50]


def test_another_experiment_to_compare_with_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no scores of an experiment 'longer'"):
        base_scores("longer", "simple_cnn", pd.DataFrame(), tmp_path)


@pytest.mark.training
def test_a_run_is_logged_with_its_scores_and_replaces_its_older_row(tmp_path, capsys) -> None:
    pytest.importorskip("tensorflow", reason="needs requirements-train.txt")
    from tools.experiments.__main__ import main

    prepared = write_prepared(tmp_path / "prepared")
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    names = pd.read_csv(prepared / "index.csv").query("split == 'train'")["file"]
    cases = pd.DataFrame(
        {"case_id": [Path(name).stem for name in names], "split": "train", "simple_cnn_score": 0.4}
    )
    folder = tmp_path / "docs" / "experiments"
    folder.mkdir(parents=True)
    recipe = {"epochs": 1, "input_size": 64, "distillation": 0}
    path = write(folder, recipe=recipe, folds=[0, 2])
    command = [str(path), "--data", str(prepared), "--artifacts", str(artifacts)]
    command += ["--work", str(tmp_path / "work"), "--imagenet-weights", "none"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.experiments.__main__.load_cases", lambda _: cases)
        assert main(command) == 0 and main(command) == 0
        trained = (tmp_path / "docs" / "experiments.csv").read_text(encoding="utf-8")
        assert main([*command, "--scored"]) == 0
    with (tmp_path / "docs" / "experiments.csv").open() as file:
        (row,) = csv.DictReader(file)
    scores = pd.read_csv(folder / "wider.csv")
    assert row["changes"] == "epochs 1; input_size 64; distillation 0"
    assert int(row["crops"]) == len(scores)
    assert set(scores["fold"]) == {0, 2}
    assert float(row["difference"]) == pytest.approx(float(row["auc"]) - 0.5, abs=2e-4)
    assert "against release" in capsys.readouterr().out
    assert (tmp_path / "docs" / "experiments.csv").read_text(encoding="utf-8") == trained


def test_labels_dealt_at_random_are_what_their_control_is_scored_by(tmp_path: Path) -> None:
    """A network that peeks at what it learns must be found out, which true labels cannot do."""
    lesions = np.repeat(np.arange(150), 2)
    rows = pd.DataFrame({"lesion_id": lesions.astype(str), "label": lesions % 2})
    rows["case_id"] = rows["patient_id"] = [f"case {number}" for number in range(300)]
    control = read_experiment(write(tmp_path, shuffle_labels=True))
    learned = learned_labels(rows, control)
    assert (learned[::2] == learned[1::2]).all() and learned.sum() == rows["label"].sum()
    peeked = pd.Series(np.where(learned, 2.0, -2.0), index=rows["case_id"])
    blind = pd.Series(0.0, index=rows["case_id"])
    by_dealt, _ = compare_scores(rows.assign(label=learned), peeked, blind)
    by_true, _ = compare_scores(rows, peeked, blind)
    assert by_dealt.value == 1.0 and abs(by_true.value - 0.5) < 0.1
    plain = read_experiment(write(tmp_path))
    assert (learned_labels(rows, plain) == rows["label"]).all()


def test_the_guards_print_a_line_for_each_model_class_and_nuisance(tmp_path, capsys) -> None:
    from tools.experiments.guards import main

    prepared = write_prepared(tmp_path / "prepared")
    names = pd.read_csv(prepared / "index.csv").query("split == 'train'")["file"]
    random = np.random.default_rng(3)
    cases = pd.DataFrame({"case_id": [Path(name).stem for name in names]})
    cases["simple_cnn_score"] = random.uniform(size=len(cases))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.experiments.guards.load_cases", lambda _: cases)
        assert main(["--data", str(prepared)]) == 0
    assert capsys.readouterr().out.count("rank correlation") == 6


@pytest.mark.parametrize("foreign", ["wider.csv", "../experiments.csv"])
def test_a_foreign_file_is_not_replaced_and_is_found_before_a_training(tmp_path, foreign) -> None:
    (tmp_path / "experiments").mkdir()
    scores, log = tmp_path / "experiments" / "wider.csv", tmp_path / "experiments.csv"
    check_outputs(log, scores)
    path = tmp_path / "experiments" / foreign
    path.write_text("name,mark\nAda,1\n")
    with pytest.raises(SettingsError, match="has other content"):
        check_outputs(log, scores)
    assert path.read_text() == "name,mark\nAda,1\n"


def test_a_log_that_a_spreadsheet_changed_is_refused_by_line(tmp_path: Path) -> None:
    log = (ROOT / "docs" / "experiments.csv").read_text()
    path = tmp_path / "experiments.csv"
    path.write_text(log.replace("0.6701", "67%", 1))
    with pytest.raises(DataError, match=r"Line 2 .* as auc\. Received: '67%'"):
        read_log(path)
    path.write_text("name,mark\nAda,1\n")
    with pytest.raises(DataError, match="Missing: model, "):
        read_log(path)
