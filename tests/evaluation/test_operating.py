"""An operating point's figures and intervals against the plain functions and resampling by hand."""

import math

import numpy as np
import pytest

from mammo.errors import SettingsError
from mammo.evaluation import (
    PatientBootstrap,
    auc,
    expected_calibration_error,
    group_units,
    headline_metrics,
    operating_point,
    point_of_flags,
    wilson,
)
from mammo.evaluation.bootstrap import widen_at_the_edge
from mammo.evaluation.build import SCORE_NAMES
from mammo.evaluation.calibration import brier_score
from mammo.evaluation.curves import Scores
from mammo.evaluation.operating import clinic_figures
from mammo.evaluation.ranking import ranking_statistic
from mammo.text import Estimate
from tests.evaluation.conftest import Clustered, confusion_at, ranking_figures, rates_at
from tests.evaluation.test_bootstrap import rows_of

RATE_NAMES = (
    "sensitivity", "specificity", "ppv", "npv", "accuracy", "balanced_accuracy", "f1",
    "positive_likelihood_ratio", "negative_likelihood_ratio",
)  # fmt: skip
AT_NINETY = ("sensitivity_at_specificity_90", "specificity_at_sensitivity_90")


@pytest.mark.parametrize("threshold", [0.3, 0.6])
def test_values_are_the_plain_ones_and_ends_the_resampled(
    cases: Clustered, threshold: float
) -> None:
    bootstrap = PatientBootstrap(cases.patients, resamples=200)
    point = operating_point(cases.labels, cases.p, threshold, bootstrap, prevalences=(0.1,))
    assert point.confusion == confusion_at(cases.labels, cases.p, threshold)
    rates = {name: rate.value for name, rate in point.rates.items()}
    assert rates == rates_at(cases.labels, cases.p, threshold)
    resampled = []
    for draw in bootstrap.draws:
        rows = rows_of(draw, cases.patients)
        resampled.append(rates_at(cases.labels[rows], cases.p[rows], threshold))
    for name in RATE_NAMES:
        rising = np.sort([one[name] for one in resampled])
        assert (point.rates[name].low, point.rates[name].high) == pytest.approx(
            (rising[5], rising[194])
        )
    figures = point.clinics[0].figures
    plain = clinic_figures(rates["sensitivity"], rates["specificity"], 0.1)
    ppv, npv = float(plain["ppv"]), float(plain["npv"])
    assert figures["ppv"].value == pytest.approx(ppv)
    assert figures["npv"].value == pytest.approx(npv)
    assert figures["flagged_per_1000"].value == pytest.approx(
        100 * rates["sensitivity"] + 900 * (1 - rates["specificity"])
    )
    assert figures["missed_per_1000"].value == pytest.approx(100 * (1 - rates["sensitivity"]))
    assert figures["ppv"].low < ppv < figures["ppv"].high


def test_a_rate_of_one_gets_wilsons_interval_over_patients(clustered: Clustered) -> None:
    bootstrap = PatientBootstrap(clustered.patients, resamples=100)
    point = operating_point(clustered.labels, clustered.p, 0.0, bootstrap)
    patients = np.unique(clustered.patients[clustered.labels]).size
    assert point.rates["sensitivity"] == wilson(patients, patients)
    assert point.rates["specificity"].low == 0.0
    assert 0.0 < point.rates["specificity"].high < 0.2
    assert math.isnan(point.rates["npv"].value)
    assert widen_at_the_edge(Estimate(0.5, 0.4, 0.6), 10) == Estimate(0.5, 0.4, 0.6)


def test_what_follows_from_a_rate_of_one_is_as_uncertain(clustered: Clustered) -> None:
    bootstrap = PatientBootstrap(clustered.patients, resamples=100)
    rates = operating_point(clustered.labels, clustered.p, 0.0, bootstrap).rates
    worst, best = rates["sensitivity"].low, rates["specificity"].high
    assert rates["balanced_accuracy"].value == 0.5
    assert rates["balanced_accuracy"].low == pytest.approx(worst / 2)
    assert rates["balanced_accuracy"].high == pytest.approx((1 + best) / 2)
    assert rates["positive_likelihood_ratio"].low == pytest.approx(worst)
    assert rates["positive_likelihood_ratio"].high == pytest.approx(1 / (1 - best))
    perfect = point_of_flags(clustered.labels, clustered.labels, bootstrap).rates
    sure = perfect["specificity"].low
    assert perfect["positive_likelihood_ratio"] == Estimate(
        math.inf, pytest.approx(1 / (1 - sure)), math.inf
    )
    assert perfect["negative_likelihood_ratio"].low == 0.0
    assert perfect["negative_likelihood_ratio"].high == pytest.approx(
        1 - perfect["sensitivity"].low
    )
    share = wilson(*2 * (np.unique(clustered.patients[clustered.labels]).size,)).low
    assert perfect["f1"] == Estimate(1.0, pytest.approx(2 * share / (1 + share)), 1.0)
    apart = np.where(clustered.labels, 0.9, 0.1)
    figures = Scores("", clustered.labels, clustered.patients, apart, bootstrap).ranking
    assert figures["average_precision"] == figures["auc"] and figures["auc"].low < 1
    assert all(figures[name].value == 1.0 and 0.5 < figures[name].low < 1.0 for name in AT_NINETY)


def test_a_clinics_figures_are_not_certain_where_a_rate_is_one(clustered: Clustered) -> None:
    bootstrap = PatientBootstrap(clustered.patients, resamples=100)
    p = np.where(clustered.labels, 0.9, np.where(np.arange(clustered.n) % 2, 0.9, 0.1))
    point = operating_point(clustered.labels, p, 0.5, bootstrap, prevalences=(0.05, 0.0))
    at_worst = point.rates["sensitivity"].low
    assert point.rates["sensitivity"].value == 1.0 and at_worst < 1
    figures = point.clinics[0].figures
    specificity = point.rates["specificity"].value
    assert figures["npv"].value == 1.0
    assert figures["npv"].low == pytest.approx(
        float(clinic_figures(at_worst, specificity, 0.05)["npv"])
    )
    assert figures["missed_per_1000"].low == 0.0
    assert figures["missed_per_1000"].high == pytest.approx(50 * (1 - at_worst))
    assert figures["ppv"].low < figures["ppv"].value < figures["ppv"].high
    nobody_ill = point.clinics[1].figures["missed_per_1000"]
    assert (nobody_ill.low, nobody_ill.high) == (0.0, 0.0)


def test_threshold_one_and_the_ends_of_prevalence_are_defined(clustered: Clustered) -> None:
    bootstrap = PatientBootstrap(clustered.patients, resamples=100)
    point = operating_point(clustered.labels, clustered.p, 1.0, bootstrap, prevalences=(0.0, 1.0))
    assert point.rates["sensitivity"].value == 0.0
    assert math.isnan(point.clinics[0].figures["ppv"].value)
    assert point.clinics[0].figures["npv"].value == 1.0
    assert point.clinics[1].figures["missed_per_1000"].value == 1000.0
    with pytest.raises(SettingsError, match="prevalence"):
        operating_point(clustered.labels, clustered.p, 0.5, bootstrap, prevalences=(2,))


def test_one_point_is_quick_enough_for_a_slider(clustered: Clustered) -> None:
    bootstrap = PatientBootstrap(clustered.patients)
    point = operating_point(clustered.labels, clustered.p, 0.5, bootstrap, prevalences=(0.05,))
    assert set(point.rates) == set(RATE_NAMES)


def test_headline_metrics_are_the_plain_ones(cases: Clustered) -> None:
    metrics = headline_metrics(
        cases.labels, cases.p, cases.patients, cases.lesions, 0.5, resamples=300
    )
    ranked = ranking_figures(cases.labels, cases.p)
    plain = {
        "auc": auc(cases.labels, cases.p),
        "partial_auc": ranked["partial_auc"],
        "average_precision": ranked["average_precision"],
        "brier": brier_score(cases.labels, cases.p),
        "ece": expected_calibration_error(cases.labels, cases.p),
    }
    assert {name: metrics[name].value for name in SCORE_NAMES} == pytest.approx(plain)
    for one in metrics.values():
        assert one.low <= one.value <= one.high


def naive_at_ninety(labels, p) -> tuple[float, float]:
    """Try every score as a threshold, and one above all."""
    points = []
    for threshold in (*p, max(p) + 1):
        flagged = p >= threshold
        points.append((np.mean(flagged[labels == 1]), np.mean(~flagged[labels == 0])))
    return (
        max(sensitivity for sensitivity, specificity in points if specificity >= 0.9),
        max(specificity for sensitivity, specificity in points if sensitivity >= 0.9),
    )


def test_the_rates_at_ninety_percent_are_the_naive_ones(cases: Clustered) -> None:
    bootstrap = PatientBootstrap(cases.patients, resamples=200)
    figures = Scores("", cases.labels, cases.patients, cases.p, bootstrap).ranking
    found = {name: figures[name] for name in AT_NINETY}
    naive = naive_at_ninety(np.asarray(cases.labels), np.asarray(cases.p))
    assert [one.value for one in found.values()] == pytest.approx(list(naive))
    for one in found.values():
        assert 0 <= one.low <= one.value <= one.high <= 1


def test_each_resample_of_the_rates_at_ninety_percent_is_the_naive_one(cases: Clustered) -> None:
    """Cases drawn twice are cases that stand twice."""
    labels, p = np.asarray(cases.labels), np.asarray(cases.p)
    times = np.random.default_rng(4).integers(0, 3, size=(5, len(p)))
    found = ranking_statistic(labels, p)(times.astype(np.float64))[:, 3:]
    for row, drawn in zip(found, times, strict=True):
        expected = naive_at_ninety(np.repeat(labels, drawn), np.repeat(p, drawn))
        assert row.tolist() == pytest.approx(list(expected))


def test_the_rates_at_ninety_percent_of_one_class_are_undefined() -> None:
    found = ranking_figures([1, 1], [0.2, 0.4])
    assert all(math.isnan(found[name]) for name in AT_NINETY)


@pytest.mark.parametrize("unit", ["crop", "lesion", "patient"])
def test_headline_metrics_are_of_the_unit(clustered: Clustered, unit: str) -> None:
    metrics = headline_metrics(
        clustered.labels, clustered.p, clustered.patients, clustered.lesions, 0.4, unit,  # type: ignore[arg-type]
        resamples=100,
    )  # fmt: skip
    assert set(metrics) == {*SCORE_NAMES, *RATE_NAMES}
    units = group_units(unit, clustered.labels, clustered.patients, clustered.lesions)  # type: ignore[arg-type]
    pooled = units.pool(clustered.p)
    assert metrics["auc"].value == pytest.approx(auc(units.labels, pooled))
    expected = rates_at(units.labels, pooled, 0.4)["sensitivity"]
    assert metrics["sensitivity"].value == expected


def test_headline_metrics_of_one_class_are_undefined_where_they_must_be() -> None:
    metrics = headline_metrics([0, 0], [0.1, 0.7], ["a", "b"], ["a", "b"], 0.5, resamples=100)
    assert math.isnan(metrics["auc"].value)
    assert math.isnan(metrics["sensitivity"].value)
    assert metrics["specificity"].value == 0.5
    assert metrics["ppv"].value == 0.0
    assert metrics["brier"].value == pytest.approx(0.25)


def test_a_perfect_auc_is_not_certain() -> None:
    labels, p = [0] * 5 + [1] * 5, [0.1] * 5 + [0.9] * 5
    metrics = headline_metrics(labels, p, np.arange(10), np.arange(10), 0.5)
    assert metrics["auc"] == wilson(5, 5)
