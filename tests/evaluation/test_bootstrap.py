"""The patient bootstrap against resampling by hand, SciPy's BCa, and the clock."""

import math
import time

import numpy as np
import pytest

from mammo.errors import DataError, SettingsError
from mammo.evaluation import PatientBootstrap, auc_interval, auc_statistic
from mammo.evaluation.bootstrap import percentile_ends, percentile_interval
from mammo.evaluation.ranking import ranking_statistic
from mammo.text import Estimate
from tests.evaluation.conftest import Clustered, ranking_figures


def rows_of(draw: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Return the rows of a resample, a patient's rows as often as she was drawn."""
    names = np.unique(patients)
    parts = [
        np.tile(np.flatnonzero(patients == name), count)
        for name, count in zip(names, draw, strict=True)
    ]
    return np.concatenate(parts)


def test_weights_give_what_the_repeated_rows_give(cases: Clustered) -> None:
    bootstrap = PatientBootstrap(cases.patients, resamples=100)
    figures = bootstrap.distribution(ranking_statistic(cases.labels, cases.p))
    areas = bootstrap.distribution(auc_statistic(cases.labels, cases.p))
    for number in range(0, 100, 7):
        rows = rows_of(bootstrap.draws[number], cases.patients)
        labels, p = cases.labels[rows], cases.p[rows]
        expected = list(ranking_figures(labels, p).values())
        np.testing.assert_allclose(figures[number], expected, atol=1e-12)
        assert areas[number] == pytest.approx(expected[0])


def test_sums_are_the_sums_over_repeated_rows(clustered: Clustered) -> None:
    bootstrap = PatientBootstrap(clustered.patients, resamples=100)
    sums = bootstrap.sums(np.column_stack([clustered.p, clustered.labels]))
    rows = rows_of(bootstrap.draws[42], clustered.patients)
    assert sums[42] == pytest.approx([clustered.p[rows].sum(), clustered.labels[rows].sum()])


def test_draws_hold_as_many_patients_as_there_are() -> None:
    bootstrap = PatientBootstrap(np.repeat(np.arange(40), 3), resamples=500)
    assert bootstrap.draws.shape == (500, 40)
    assert (bootstrap.draws.sum(axis=1) == 40).all()
    # Each patient is drawn once on average, with the multinomial's variance.
    assert bootstrap.draws.mean(axis=0) == pytest.approx(np.ones(40), abs=0.2)
    assert bootstrap.draws.var() == pytest.approx(1 - 1 / 40, abs=0.05)


def test_the_seed_decides_and_the_order_of_rows_does_not(clustered: Clustered) -> None:
    def interval(order: np.ndarray, seed: int) -> Estimate:
        bootstrap = PatientBootstrap(clustered.patients[order], resamples=200, seed=seed)
        return auc_interval(clustered.labels[order], clustered.p[order], bootstrap)

    straight, shuffled = np.arange(clustered.n), np.random.default_rng(1).permutation(clustered.n)
    assert interval(straight, 1) == interval(shuffled, 1)
    assert interval(straight, 1) != interval(straight, 2)


def test_clusters_widen_the_interval(clustered: Clustered) -> None:
    cases = clustered.labels, clustered.p
    together = auc_interval(*cases, PatientBootstrap(clustered.patients))
    apart = auc_interval(*cases, PatientBootstrap(np.arange(clustered.n)))
    assert together.high - together.low > apart.high - apart.low


def test_undefined_resamples_are_left_out() -> None:
    half = np.where(np.arange(1000) < 400, np.nan, np.arange(1000.0))
    assert percentile_interval(700.0, half) == Estimate(700.0, 415.0, 984.0)
    mostly = np.where(np.arange(1000) < 501, np.nan, 1.0)
    low, high = percentile_ends(mostly)
    assert math.isnan(low)
    assert math.isnan(high)
    assert math.isnan(percentile_interval(math.nan, half).low)


def test_infinite_figures_make_infinite_ends_without_a_warning() -> None:
    low, high = percentile_ends(np.where(np.arange(1000) < 900, 2.0, np.inf))
    assert (low, high) == (2.0, np.inf)


def test_percentiles_leave_equally_many_on_both_sides() -> None:
    for resamples in (100, 999, 2000):
        rising = np.arange(float(resamples))
        low, high = percentile_ends(rising)
        assert low == resamples - 1 - high


def test_one_class_is_undefined() -> None:
    interval = auc_interval([1, 1], [0.1, 0.2], PatientBootstrap([1, 2], resamples=100))
    assert math.isnan(interval.value)
    assert math.isnan(interval.high)


def test_bad_settings_get_a_sentence() -> None:
    with pytest.raises(SettingsError, match="at least 100 resamples, received 5"):
        PatientBootstrap([1, 2], resamples=5)
    with pytest.raises(DataError, match="at least one patient"):
        PatientBootstrap([])
    with pytest.raises(DataError, match=r"1 cases have no patient \(first in row 1\)"):
        PatientBootstrap(["a", None])


def test_two_thousand_resamples_of_the_training_set_take_under_two_seconds() -> None:
    rng = np.random.default_rng(0)
    patients, labels = np.sort(rng.integers(691, size=1318)), rng.random(1318) < 0.48
    scores = labels + rng.normal(size=1318)
    began = time.process_time()
    auc_interval(labels.astype(int), scores, PatientBootstrap(patients, resamples=2000))
    assert time.process_time() - began < 2.0
