"""Net benefit against the formula written out."""

import numpy as np
import pytest

from mammo.evaluation import PatientBootstrap
from mammo.evaluation.curves import DecisionCurve, decision_curve
from tests.evaluation.conftest import Clustered, confusion_at
from tests.evaluation.test_bootstrap import rows_of


def curve_of(cases: Clustered, resamples: int = 100) -> DecisionCurve:
    bootstrap = PatientBootstrap(cases.patients, resamples=resamples)
    return decision_curve(cases.labels, cases.p, bootstrap)


def benefit(labels: np.ndarray, p: np.ndarray, threshold: float) -> float:
    table = confusion_at(labels, p, threshold)
    odds = threshold / (1 - threshold)
    return (table.true_positive - table.false_positive * odds) / labels.size


def test_curve_is_the_formula_at_every_point(cases: Clustered) -> None:
    curve = curve_of(cases)
    assert curve.thresholds.tolist() == pytest.approx(np.arange(100) / 100)
    for place in (0, 2, 17, 30, 50, 90, 99):
        threshold = curve.thresholds[place]
        assert curve.model[place] == pytest.approx(benefit(cases.labels, cases.p, threshold))
        assert curve.treat_all[place] == pytest.approx(
            benefit(cases.labels, np.ones(cases.n), threshold)
        )
    assert curve.model[0] == pytest.approx(cases.labels.mean())


def test_one_class_alone_has_its_benefit() -> None:
    bootstrap = PatientBootstrap([1, 2], resamples=100)
    curve = decision_curve(np.array([True, True]), np.array([0.9, 0.1]), bootstrap)
    assert curve.model[50] == 0.5


def test_intervals_hold_the_curve(clustered: Clustered) -> None:
    curve = curve_of(clustered, resamples=300)
    for place in (10, 40):
        assert curve.low[place] < curve.model[place] < curve.high[place]


def test_each_end_is_of_the_resamples(clustered: Clustered) -> None:
    bootstrap = PatientBootstrap(clustered.patients, resamples=100)
    resampled = []
    for draw in bootstrap.draws:
        rows = rows_of(draw, clustered.patients)
        resampled.append(benefit(clustered.labels[rows], clustered.p[rows], 0.2))
    rising, curve = np.sort(resampled), curve_of(clustered)
    assert (curve.low[20], curve.high[20]) == pytest.approx((rising[2], rising[97]))
