"""Brier, its parts, ECE, reliability curve and Cox's line against scikit-learn and loops."""

import math

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from mammo.evaluation import expected_calibration_error, wilson
from mammo.evaluation.arithmetic import logit
from mammo.evaluation.calibration import (
    brier_decomposition,
    brier_score,
    calibration_line,
    equal_mass_bins,
    reliability_curve,
)
from tests.evaluation.conftest import Clustered


def test_brier_is_scikit_learns(cases: Clustered) -> None:
    expected = metrics.brier_score_loss(cases.labels, cases.p)
    assert brier_score(cases.labels, cases.p) == pytest.approx(expected)


def test_parts_of_brier_add_up_and_are_the_loops(cases: Clustered) -> None:
    parts = brier_decomposition(cases.labels, cases.p)
    total = parts["reliability"] - parts["resolution"] + parts["uncertainty"] + parts["within_bins"]
    assert (
        total == pytest.approx(parts["brier"]) == pytest.approx(brier_score(cases.labels, cases.p))
    )
    share, reliability, resolution, within = cases.labels.mean(), 0.0, 0.0, 0.0
    index = equal_mass_bins(cases.p)
    for one in set(index):
        p, y = cases.p[index == one], cases.labels[index == one]
        reliability += p.size * (p.mean() - y.mean()) ** 2 / cases.n
        resolution += p.size * (y.mean() - share) ** 2 / cases.n
        spread = np.sum((p - p.mean()) ** 2)
        together = np.sum((p - p.mean()) * (y - y.mean()))
        within += (spread - 2 * together) / cases.n
    assert parts["reliability"] == pytest.approx(reliability)
    assert parts["resolution"] == pytest.approx(resolution)
    assert parts["uncertainty"] == pytest.approx(share * (1 - share))
    # The two components of Stephenson, Coelho and Jolliffe.
    assert parts["within_bins"] == pytest.approx(within, abs=1e-12)


def test_bins_hold_equally_many_and_ties_together(clustered: Clustered) -> None:
    counts = np.bincount(equal_mass_bins(clustered.p))
    assert counts.max() - counts.min() <= 1
    tied = np.round(clustered.p, 1)
    index = equal_mass_bins(tied)
    assert all(np.unique(index[tied == value]).size == 1 for value in np.unique(tied))
    assert set(equal_mass_bins(np.full(8, 0.3))) == {5}


def test_curve_is_scikit_learns_by_quantiles(clustered: Clustered) -> None:
    whole = clustered.n // 10 * 10
    labels, p = clustered.labels[:whole], clustered.p[:whole]
    curve = reliability_curve(labels, p)
    observed, said = calibration_curve(labels, p, n_bins=10, strategy="quantile")
    assert [one.mean_p for one in curve] == pytest.approx(said)
    assert [one.observed.value for one in curve] == pytest.approx(observed)
    assert curve[3].observed == wilson(curve[3].malignant, curve[3].n)
    assert curve[3].lowest_p <= curve[3].mean_p <= curve[3].highest_p
    assert sum(one.n for one in curve) == whole


def test_ece_is_the_mean_gap_of_the_curve(cases: Clustered) -> None:
    curve = reliability_curve(cases.labels, cases.p)
    gaps = [one.n * abs(one.observed.value - one.mean_p) for one in curve]
    assert expected_calibration_error(cases.labels, cases.p) == pytest.approx(sum(gaps) / cases.n)


def test_ece_of_certain_and_right_is_zero_of_certain_and_wrong_one() -> None:
    assert expected_calibration_error([0, 1], [0.0, 1.0]) == 0.0
    assert expected_calibration_error([0, 1], [1.0, 0.0]) == 1.0
    assert expected_calibration_error([0, 1], [0.5, 0.5]) == 0.0


def test_line_is_an_unpenalised_logistic_regression(clustered: Clustered) -> None:
    logits = logit(clustered.p)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(
        logits[:, np.newaxis], clustered.labels
    )
    line = calibration_line(clustered.labels, clustered.p)
    assert line["slope"] == pytest.approx(theirs.coef_[0, 0], rel=1e-4)
    shift = logits + line["in_the_large"]
    assert np.sum(1 / (1 + np.exp(-shift))) == pytest.approx(clustered.labels.sum())
    expected = clustered.labels.sum() / clustered.p.sum()
    assert line["observed_to_expected"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("labels", "p"),
    [
        ([1, 1], [0.2, 0.8]),
        ([0, 1], [0.5, 0.5]),
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]),
        ([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9]),
    ],
)
def test_line_without_a_finite_fit_is_undefined(labels: list[int], p: list[float]) -> None:
    line = calibration_line(np.array(labels, dtype=bool), np.array(p))
    assert math.isnan(line["slope"])
    assert math.isnan(line["in_the_large"])
    assert not math.isnan(line["observed_to_expected"])


def test_certain_probabilities_are_no_trouble() -> None:
    labels, p = np.array([False, True, False, True]), np.array([0.0, 0.0, 1.0, 1.0])
    assert math.isfinite(calibration_line(labels, p)["slope"])
    assert brier_decomposition(labels, p)["brier"] == 0.5
    assert math.isinf(calibration_line(labels[:2], p[:2])["observed_to_expected"])
