"""The whole evaluation: its figures are those of the plain functions, on every split and unit."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mammo.errors import DataError, SettingsError
from mammo.evaluation import (
    EvaluatedModel,
    Evaluation,
    PatientBootstrap,
    auc,
    auc_statistic,
    evaluate,
    group_units,
    headline_metrics,
    mcnemar,
    named_thresholds,
    paired_delong,
)
from mammo.evaluation.calibration import ece_interval, reliability_curve
from mammo.evaluation.curves import Scores, decision_curve
from mammo.evaluation.evaluation import as_json
from mammo.evaluation.operating import moved_to_prevalence
from mammo.evaluation.subgroups import find_subgroups
from tests.evaluation.conftest import confusion_at

THRESHOLDS = {"youden": 0.5, "sensitivity_90": 0.2}
MODELS = [
    EvaluatedModel("simple_cnn", "Simple CNN", THRESHOLDS),
    EvaluatedModel("mobilenetv2", "MobileNetV2", {**THRESHOLDS, "youden": 0.45}),
]


def of_test(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the test rows."""
    rows = columns["split"] == "test"
    return {name: np.asarray(column)[rows] for name, column in columns.items()}


@pytest.fixture(scope="module")
def evaluations() -> dict[str, tuple[dict[str, Any], Evaluation]]:
    """Return made-up cases evaluated by every unit."""
    from tests.evaluation.conftest import make_columns

    columns = make_columns()
    return {
        unit: (columns, evaluate(columns, MODELS, unit, resamples=200))  # type: ignore[arg-type]
        for unit in ("crop", "lesion", "patient")
    }


@pytest.mark.parametrize("unit", ["crop", "lesion", "patient"])
def test_figures_are_those_of_the_plain_functions(evaluations: Any, unit: Any) -> None:
    columns, evaluation = evaluations[unit]
    rows = of_test(columns)
    split = evaluation.splits["test"]
    units = group_units(unit, rows["label"], rows["patient_id"], rows["lesion_id"])
    pooled = {model.name: units.pool(rows[f"{model.name}_p"]) for model in MODELS}
    assert split.counts.cases == units.labels.size
    assert split.counts.crops == rows["label"].size
    for model in MODELS:
        figures, p = split.models[model.name], pooled[model.name]
        expected = headline_metrics(
            rows["label"], rows[f"{model.name}_p"], rows["patient_id"], rows["lesion_id"],
            model.thresholds["youden"], unit, resamples=200,
        )  # fmt: skip
        bootstrap = PatientBootstrap(units.patients, resamples=200)
        expected |= Scores("", units.labels, units.patients, p, bootstrap).ranking
        training = {name: np.asarray(c)[columns["split"] == "train"] for name, c in columns.items()}
        ids = (training[name] for name in ("label", "patient_id", "lesion_id"))
        learned = group_units(unit, *ids).labels.mean()
        moved = moved_to_prevalence(p, learned, units.labels.mean())
        ece = ece_interval(units.labels, moved, bootstrap)
        expected["ece_at_own_prevalence"] = ece
        for name, value in {**figures.metrics, **figures.points["youden"].rates}.items():
            assert as_json(value) == as_json(expected[name])
        for name, threshold in model.thresholds.items():
            assert figures.points[name].confusion == confusion_at(units.labels, p, threshold)
        assert figures.calibration.reliability == reliability_curve(units.labels, p)
        curve = decision_curve(units.labels, p, bootstrap)
        np.testing.assert_allclose(figures.decision.model, curve.model)
    pair = split.comparisons[0]
    test = paired_delong(units.labels, pooled["mobilenetv2"], pooled["simple_cnn"], units.patients)
    assert (pair.first, pair.second) == ("mobilenetv2", "simple_cnn")
    assert pair.clustered_delong == test
    assert pair.auc_difference.value == pytest.approx(test.difference.value)
    assert pair.mcnemar["youden"] == mcnemar(
        units.labels, pooled["mobilenetv2"] >= 0.45, pooled["simple_cnn"] >= 0.5
    )


def test_difference_is_paired_over_the_same_draws(evaluations: Any) -> None:
    columns, evaluation = evaluations["crop"]
    rows = of_test(columns)
    bootstrap = PatientBootstrap(rows["patient_id"], resamples=200)
    areas = [
        bootstrap.distribution(auc_statistic(rows["label"], rows[f"{name}_p"]))
        for name in ("mobilenetv2", "simple_cnn")
    ]
    rising = np.sort(areas[0] - areas[1])
    difference = evaluation.splits["test"].comparisons[0].auc_difference
    assert (difference.low, difference.high) == pytest.approx((rising[5], rising[194]))


def test_both_splits_and_their_order(evaluations: Any) -> None:
    _, evaluation = evaluations["lesion"]
    assert list(evaluation.splits) == ["test", "out_of_fold"]
    assert evaluation.splits["out_of_fold"].headline != evaluation.splits["test"].headline


def test_radiologists_stand_against_each_model(evaluations: Any) -> None:
    recorded = evaluations["crop"][1].splits["test"].radiologists
    assert [pair.second for pair in recorded.comparisons] == ["radiologists"] * 2
    assert [pair.first for pair in recorded.comparisons] == ["simple_cnn", "mobilenetv2"]
    assert math.isnan(recorded.biopsy.threshold)


def test_subgroups_choose_crops_before_pooling(evaluations: Any) -> None:
    columns, evaluation = evaluations["lesion"]
    rows = of_test(columns)
    craniocaudal = rows["view"] == "CC"
    units = group_units(
        "lesion",
        rows["label"][craniocaudal],
        rows["patient_id"][craniocaudal],
        rows["lesion_id"][craniocaudal],
    )
    found = {group.title: group for group in evaluation.splits["test"].subgroups}
    group = found["View: CC"]
    assert group.counts.cases == units.labels.size
    expected = auc(units.labels, units.pool(rows["simple_cnn_p"][craniocaudal]))
    assert group.models["simple_cnn"]["auc"].value == pytest.approx(expected)
    assert "Without BENIGN_WITHOUT_CALLBACK" in found
    assert "Shape: architectural distortion" in found
    smallest = min(found.values(), key=lambda one: one.counts.benign)
    assert smallest.note


def test_no_figure_stands_on_fewer_than_five_patients_of_a_class(
    evaluations: Any, columns: dict[str, Any]
) -> None:
    """Resampling a handful draws the same mix again and again: its interval says nothing."""
    _, evaluation = evaluations["crop"]
    found, tested = find_subgroups(columns), np.asarray(columns["split"]) == "test"
    groups = evaluation.splits["test"].subgroups
    assert any(group.note.startswith("no AUC") for group in groups)
    for group in groups:
        chosen = next(one.crops for one in found if one.title == group.title) & tested
        enough = {
            name: np.unique(columns["patient_id"][chosen & (columns["label"] == label)]).size >= 5
            for name, label in (("sensitivity", 1), ("specificity", 0))
        }
        enough["auc"] = all(enough.values())
        for name, given in enough.items():
            figure = group.models["simple_cnn"][name]
            assert np.isnan(figure.value) != given, (group.title, name)


def test_a_data_frame_gives_the_same(columns: dict[str, Any]) -> None:
    from_arrays = evaluate(columns, MODELS, resamples=100)
    from_frame = evaluate(pd.DataFrame(columns), MODELS, resamples=100)
    assert as_json(from_arrays) == as_json(from_frame)


def test_json_holds_every_figure(evaluations: Any) -> None:
    text = json.dumps(as_json(evaluations["crop"][1]), allow_nan=False)
    tree = json.loads(text)
    area = tree["splits"]["test"]["models"]["mobilenetv2"]["metrics"]["auc"]
    assert set(area) == {"value", "low", "high"}
    assert tree["splits"]["test"]["radiologists"]["biopsy"]["threshold"] is None
    assert len(tree["splits"]["test"]["models"]["simple_cnn"]["decision"]["model"]) == 100


def test_thresholds_not_given_are_chosen_on_training_crops(columns: dict[str, Any]) -> None:
    bare = [EvaluatedModel("simple_cnn", "Simple CNN")]
    evaluation = evaluate(columns, bare, "lesion", resamples=100)
    training = columns["split"] == "train"
    expected = named_thresholds(columns["label"][training], columns["simple_cnn_p"][training])
    assert evaluation.thresholds["simple_cnn"] == expected
    with pytest.raises(DataError, match="no training row to choose one on"):
        evaluate(of_test(columns), bare, resamples=100)


def test_labels_and_patients_suffice() -> None:
    columns = {"label": [0, 1, 0, 1], "patient_id": [7, 7, 8, 9], "cnn_p": [0.1, 0.9, 0.4, 0.3]}
    model = EvaluatedModel("cnn", "CNN", {"youden": 0.5})
    evaluation = evaluate(columns, [model], "lesion", resamples=100)
    split = evaluation.splits["external"]
    assert split.counts.lesions == 4
    assert split.radiologists is None
    assert split.subgroups == ()
    assert split.comparisons == ()
    assert evaluation.notes == ("No lesion_id: each crop counts as a lesion of its own.",)


def test_crops_without_a_score_are_left_out_and_said(columns: dict[str, Any]) -> None:
    holes = {**columns, "simple_cnn_p": columns["simple_cnn_p"].copy()}
    holes["simple_cnn_p"][:3] = np.nan
    evaluation = evaluate(holes, MODELS, resamples=100)
    n = columns["label"].size
    assert evaluation.notes == (f"3 of {n} crops have no score of Simple CNN and are left out.",)
    kept = evaluation.splits["out_of_fold"].counts.crops
    assert kept == np.sum(columns["split"] == "train") - 3


def test_missing_assessments_shrink_the_radiologists_only(columns: dict[str, Any]) -> None:
    some = columns["assessment"].astype(object)
    some[np.flatnonzero(columns["split"] == "test")[:10]] = None
    evaluation = evaluate({**columns, "assessment": some}, MODELS, resamples=100)
    split = evaluation.splits["test"]
    assert split.radiologists is not None
    assert split.radiologists.counts.cases == split.counts.cases - 10


def test_one_class_is_said_and_nothing_breaks(columns: dict[str, Any]) -> None:
    benign = columns["label"] == 0
    rows = {name: np.asarray(column)[benign] for name, column in columns.items()}
    evaluation = evaluate(rows, MODELS, resamples=100)
    split = evaluation.splits["test"]
    assert split.headline.startswith("Every crop here is benign")
    assert math.isnan(split.models["mobilenetv2"].metrics["auc"].value)
    assert split.models["mobilenetv2"].points["youden"].rates["specificity"].value > 0
    json.dumps(as_json(evaluation), allow_nan=False)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"patient_id": None}, "expected a column 'patient_id'"),
        ({"mobilenetv2_p": None}, "expected a column 'mobilenetv2_p'"),
        ({"label": [2.0]}, "received 2.0 in row 0"),
        ({"label": [float("nan")]}, "label in every row, received none in row 0"),
        ({"patient_id": [None]}, "have no patient_id"),
        ({"simple_cnn_p": [float("nan")]}, "no crop has a score of Simple CNN"),
        ({"simple_cnn_p": [1.5]}, "probabilities from 0 to 1"),
    ],
)
def test_bad_tables_get_a_sentence(change: dict[str, Any], sentence: str) -> None:
    columns: dict[str, Any] = {
        "label": [1], "patient_id": ["a"], "simple_cnn_p": [0.2], "mobilenetv2_p": [0.3]
    }  # fmt: skip
    columns |= change
    columns = {name: column for name, column in columns.items() if column is not None}
    with pytest.raises(DataError, match=sentence):
        evaluate(columns, MODELS, resamples=100)


def test_bad_settings_get_a_sentence(columns: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="at least one model"):
        evaluate(columns, [])
    with pytest.raises(SettingsError, match="received 'breast'"):
        evaluate(columns, MODELS, "breast")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="resamples"):
        evaluate(columns, MODELS, resamples=1)
