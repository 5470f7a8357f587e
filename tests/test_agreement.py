"""The released figures against scikit-learn and MLstatkit, from `artifacts/cases.csv` by hand."""

import numpy as np
import pandas as pd
import pytest
from MLstatkit import Delong_test
from sklearn import metrics

import mammo
from mammo.artifacts import artifacts_folder, load_card
from mammo.evaluate import evaluate_artifacts
from mammo.evaluation import SplitEvaluation
from mammo.settings import MODELS


@pytest.fixture(scope="module")
def split() -> SplitEvaluation:
    return evaluate_artifacts(resamples=100).splits["test"]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    cases = pd.read_csv(artifacts_folder() / "cases.csv")
    return cases[cases["split"] == "test"]


@pytest.mark.parametrize("model", MODELS)
def test_figures_without_a_threshold_are_scikit_learns(split, rows, model) -> None:
    labels, p = rows["label"], rows[f"{model}_p"]
    found = {name: figure.value for name, figure in split.models[model].metrics.items()}
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(labels, p))
    assert found["average_precision"] == pytest.approx(metrics.average_precision_score(labels, p))
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(labels, p))


@pytest.mark.parametrize("model", MODELS)
def test_every_operating_point_is_scikit_learns(split, rows, model) -> None:
    evaluated, labels = split.models[model], rows["label"].to_numpy()
    for name, threshold in load_card(model).thresholds.items():
        flagged = (rows[f"{model}_p"] >= threshold).to_numpy().astype(int)
        tn, fp, fn, tp = metrics.confusion_matrix(labels, flagged).ravel()
        table = evaluated.points[name].confusion
        assert (table.true_negative, table.false_positive) == (tn, fp)
        assert (table.false_negative, table.true_positive) == (fn, tp)
        rates = {rate: one.value for rate, one in evaluated.points[name].rates.items()}
        assert rates["sensitivity"] == pytest.approx(metrics.recall_score(labels, flagged))
        assert rates["ppv"] == pytest.approx(metrics.precision_score(labels, flagged))
        assert rates["accuracy"] == pytest.approx(metrics.accuracy_score(labels, flagged))
        assert rates["specificity"] == pytest.approx(tn / (tn + fp))


def test_the_difference_of_the_models_is_mlstatkits(split, rows) -> None:
    (pair,) = split.comparisons
    z, p = Delong_test(
        rows["label"].to_numpy(),
        rows[f"{pair.first}_p"].to_numpy(),
        rows[f"{pair.second}_p"].to_numpy(),
    )[:2]
    assert abs(pair.delong.z) == pytest.approx(abs(z))
    assert pair.delong.p_value == pytest.approx(p, rel=1e-6, abs=1e-300)


def test_lesions_are_views_averaged_in_logits_on_the_line_for_two(rows) -> None:
    by_lesion = evaluate_artifacts(unit="lesion", resamples=100).splits["test"]
    for model in MODELS:
        pair = load_card(model).two_views
        assert pair is not None
        logit = np.log(rows[f"{model}_p"] / (1 - rows[f"{model}_p"]))
        pooled = (
            rows.assign(logit=logit)
            .groupby("lesion_id")
            .agg({"logit": ["mean", "size"], "label": "max"})
        )
        logits, views, labels = (pooled[column].to_numpy() for column in pooled)
        line = pair.calibration.slope * logits + pair.calibration.intercept
        p = 1 / (1 + np.exp(-np.where(views > 1, line, logits)))
        found = by_lesion.models[model]
        assert found.metrics["auc"].value == pytest.approx(metrics.roc_auc_score(labels, p))
        assert found.metrics["brier"].value == pytest.approx(metrics.brier_score_loss(labels, p))
        for name, threshold in pair.thresholds.items():
            flagged = (p >= threshold).astype(int)
            tn, fp, fn, tp = metrics.confusion_matrix(labels, flagged).ravel()
            table = found.points[name].confusion
            assert (table.true_negative, table.false_positive) == (tn, fp)
            assert (table.false_negative, table.true_positive) == (fn, tp)


def test_two_views_in_the_library_are_the_evaluations_lesions(rows) -> None:
    lesions = {lesion.case_id: lesion for lesion in mammo.example_lesions()}
    sample = evaluate_artifacts(unit="lesion", resamples=100).splits["test"].sample
    scored = rows.set_index("case_id")
    models = mammo.load_models()
    pairs = [case for case in lesions if "_CC_" in case and case.replace("CC", "MLO") in lesions]
    assert len(pairs) == 5
    for case in pairs:
        views = [lesions[name] for name in (case, case.replace("CC", "MLO"))]
        result = models.assess(
            *(mammo.Lesion(mammo.read_image(view.film), window=view.window) for view in views)
        )
        (place,) = np.flatnonzero(sample.units.ids == scored.loc[case, "lesion_id"])
        for model in MODELS:
            assert result[model].probability == pytest.approx(sample.p[model][place], abs=1e-6)
