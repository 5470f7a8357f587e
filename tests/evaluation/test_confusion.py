"""Confusion, rates, prevalence, McNemar, Wilson and the report against scikit-learn and SciPy."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from mammo.errors import DataError, SettingsError
from mammo.evaluation import mcnemar, wilson
from mammo.evaluation.operating import Confusion, classification_report, clinic_figures
from tests.evaluation.conftest import Clustered, confusion_at, rates_at


def predictive_values(sensitivity: float, specificity: float, prevalence: float) -> tuple:
    """Return PPV and NPV at a prevalence."""
    figures = clinic_figures(sensitivity, specificity, prevalence)
    return float(figures["ppv"]), float(figures["npv"])


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_rates_are_scikit_learns(cases: Clustered, threshold: float) -> None:
    flagged = cases.p >= threshold
    (tn, fp), (fn, tp) = metrics.confusion_matrix(cases.labels, flagged)
    assert confusion_at(cases.labels, cases.p, threshold) == Confusion(tp, fp, fn, tn)
    rates = rates_at(cases.labels, cases.p, threshold)
    assert rates["sensitivity"] == pytest.approx(metrics.recall_score(cases.labels, flagged))
    assert rates["specificity"] == pytest.approx(metrics.recall_score(~cases.labels, ~flagged))
    assert rates["ppv"] == pytest.approx(metrics.precision_score(cases.labels, flagged))
    assert rates["npv"] == pytest.approx(metrics.precision_score(~cases.labels, ~flagged))
    assert rates["accuracy"] == pytest.approx(metrics.accuracy_score(cases.labels, flagged))
    assert rates["f1"] == pytest.approx(metrics.f1_score(cases.labels, flagged))
    assert rates["balanced_accuracy"] == pytest.approx(
        metrics.balanced_accuracy_score(cases.labels, flagged)
    )
    positive, negative = metrics.class_likelihood_ratios(cases.labels, flagged)
    assert rates["positive_likelihood_ratio"] == pytest.approx(positive)
    assert rates["negative_likelihood_ratio"] == pytest.approx(negative)


def test_threshold_zero_flags_all_and_one_only_certainty() -> None:
    labels, p = [0, 1, 1], [0.0, 0.5, 1.0]
    assert confusion_at(labels, p, 0.0) == Confusion(2, 1, 0, 0)
    assert confusion_at(labels, p, 1.0) == Confusion(1, 0, 1, 1)
    rates = rates_at(labels, p, 0.0)
    assert math.isnan(rates["npv"])
    assert rates["positive_likelihood_ratio"] == 1.0
    assert math.isnan(rates["negative_likelihood_ratio"])
    assert math.isinf(rates_at(labels, p, 1.0)["positive_likelihood_ratio"])


def test_one_class_leaves_the_other_rate_undefined() -> None:
    rates = rates_at([1, 1], [0.2, 0.8], 0.5)
    assert rates["sensitivity"] == 0.5
    assert math.isnan(rates["specificity"])
    assert math.isnan(rates["balanced_accuracy"])


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_threshold_outside_its_range_gets_a_sentence(threshold: float) -> None:
    with pytest.raises(SettingsError, match="threshold from 0 to 1"):
        confusion_at([0, 1], [0.1, 0.9], threshold)


def test_scores_that_are_no_probabilities_get_a_sentence() -> None:
    with pytest.raises(DataError, match="calibrate the scores first"):
        confusion_at([0, 1], [-2.0, 3.0], 0.5)


@pytest.mark.parametrize("threshold", [0.2, 0.5])
def test_report_is_scikit_learns(cases: Clustered, threshold: float) -> None:
    report = classification_report(confusion_at(cases.labels, cases.p, threshold))
    expected = metrics.classification_report(cases.labels, cases.p >= threshold, output_dict=True)
    pairs = {
        "False": "benign",
        "True": "malignant",
        "macro avg": "macro_average",
        "weighted avg": "weighted_average",
    }
    for name, row in pairs.items():
        ours, theirs = report[row], expected[name]
        assert ours["precision"] == pytest.approx(theirs["precision"])
        assert ours["recall"] == pytest.approx(theirs["recall"])
        assert ours["f1"] == pytest.approx(theirs["f1-score"])
        assert ours["support"] == theirs["support"]
    assert report["accuracy"] == pytest.approx(expected["accuracy"])


def test_predictive_values_at_the_samples_share_are_the_samples(cases: Clustered) -> None:
    rates = rates_at(cases.labels, cases.p, 0.5)
    share = float(cases.labels.mean())
    values = predictive_values(rates["sensitivity"], rates["specificity"], share)
    assert values == pytest.approx((rates["ppv"], rates["npv"]))


def test_predictive_values_at_the_ends_of_prevalence() -> None:
    assert predictive_values(0.9, 0.6, 0.0) == (0.0, 1.0)
    assert predictive_values(0.9, 0.6, 1.0) == (1.0, 0.0)
    ppv, npv = predictive_values(0.0, 1.0, 0.2)
    assert math.isnan(ppv)
    assert npv == pytest.approx(0.8)
    with pytest.raises(SettingsError, match="prevalence from 0 to 1"):
        predictive_values(0.9, 0.6, 1.5)


def test_mcnemar_is_the_binomial_test(cases: Clustered) -> None:
    first, second = cases.p >= 0.5, cases.other_p >= 0.4
    test = mcnemar(cases.labels, first, second)
    n = test.only_first_right + test.only_second_right
    assert test.p_value == pytest.approx(stats.binomtest(test.only_first_right, n).pvalue)
    assert test.only_first_right == np.sum((first == cases.labels) & (second != cases.labels))


def test_mcnemar_without_a_difference_and_with_thousands() -> None:
    assert np.isnan(mcnemar([0, 1], [0, 1], [0, 1]).p_value)
    labels = np.ones(5000, dtype=int)
    first = np.arange(5000) < 2600
    expected = stats.binomtest(2400, 5000).pvalue
    assert mcnemar(labels, first, ~first).p_value == pytest.approx(expected)


@pytest.mark.parametrize(("k", "n"), [(0, 7), (3, 7), (7, 7), (120, 378)])
def test_wilson_is_scipys(k: int, n: int) -> None:
    ours = wilson(k, n)
    theirs = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert ours.value == k / n


def test_wilson_of_nothing_is_undefined() -> None:
    assert math.isnan(wilson(0, 0).value)
