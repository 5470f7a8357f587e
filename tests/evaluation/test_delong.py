"""DeLong against MLstatkit, its clustered form against the formula written out and simulation."""

import math

import numpy as np
import pytest
from MLstatkit import Delong_test

from mammo.evaluation import auc, paired_delong
from mammo.evaluation.delong import auc_covariance, delong_interval
from tests.evaluation.conftest import Clustered, make_clustered


def placement(one: float, others: np.ndarray) -> float:
    """Return the share of others below one, ties as halves."""
    return float(np.mean((others < one) + 0.5 * (others == one)))


def naive_clustered_variance(cases: Clustered, p: np.ndarray) -> float:
    """Return Obuchowski's variance by loops over patients, as the paper writes it."""
    malignant, benign = p[cases.labels], p[~cases.labels]
    area, m, n = auc(cases.labels, p), malignant.size, benign.size
    found, quiet = {}, {}
    for patient in set(cases.patients):
        hers = cases.patients == patient
        found[patient] = [placement(x, benign) for x in p[hers & cases.labels]]
        quiet[patient] = [1 - placement(y, malignant) for y in p[hers & ~cases.labels]]
    with_m = sum(bool(values) for values in found.values())
    with_n = sum(bool(values) for values in quiet.values())
    s10 = s01 = s11 = 0.0
    for above, below in zip(found.values(), quiet.values(), strict=True):
        up = sum(above) - len(above) * area
        down = sum(below) - len(below) * area
        s10 += up**2 * with_m / ((with_m - 1) * m)
        s01 += down**2 * with_n / ((with_n - 1) * n)
        s11 += up * down * len(found) / (len(found) - 1)
    return s10 / m + s01 / n + 2 * s11 / (m * n)


def test_paired_test_is_mlstatkits(cases: Clustered) -> None:
    test = paired_delong(cases.labels, cases.p, cases.other_p)
    z, p, ours, others, area, other_area = Delong_test(cases.labels, cases.p, cases.other_p)[:6]
    assert test.p_value == pytest.approx(p, rel=1e-6)
    assert abs(test.z) == pytest.approx(abs(z), rel=1e-9)
    assert not test.clustered
    for scores, ends, value in ((cases.p, ours, area), (cases.other_p, others, other_area)):
        interval = delong_interval(cases.labels, scores)
        assert (interval.low, interval.high) == pytest.approx(tuple(ends), abs=1e-9)
        assert interval.value == pytest.approx(value)


def test_clustered_variance_is_the_formula_written_out(cases: Clustered) -> None:
    _, covariance = auc_covariance(cases.labels, [cases.p, cases.other_p], cases.patients)
    assert covariance[0, 0] == pytest.approx(naive_clustered_variance(cases, cases.p))
    assert covariance[1, 1] == pytest.approx(naive_clustered_variance(cases, cases.other_p))
    assert covariance[0, 1] == covariance[1, 0]


def test_one_case_a_patient_is_plain_delong(cases: Clustered) -> None:
    alone = np.arange(cases.n)
    clustered = paired_delong(cases.labels, cases.p, cases.other_p, alone)
    plain = paired_delong(cases.labels, cases.p, cases.other_p)
    assert clustered.p_value == pytest.approx(plain.p_value, rel=1e-12)
    assert clustered.clustered


def test_doubled_crops_gain_no_certainty_under_clusters(clustered: Clustered) -> None:
    twice = np.tile(np.arange(clustered.n), 2)
    once = delong_interval(clustered.labels, clustered.p, np.arange(clustered.n))
    doubled = delong_interval(clustered.labels[twice], clustered.p[twice], twice)
    naive = delong_interval(clustered.labels[twice], clustered.p[twice])
    assert doubled.low == pytest.approx(once.low, abs=1e-3)
    assert naive.low > once.low + 0.01


def test_standard_error_matches_the_spread_over_fresh_samples() -> None:
    samples = [make_clustered(80, seed) for seed in range(120)]
    areas = [auc(one.labels, one.p) for one in samples]
    widths = [
        math.sqrt(auc_covariance(one.labels, [one.p], one.patients)[1][0, 0]) for one in samples
    ]
    assert np.mean(widths) == pytest.approx(np.std(areas, ddof=1), rel=0.15)


def test_identical_scores_do_not_differ(clustered: Clustered) -> None:
    test = paired_delong(clustered.labels, clustered.p, 2 * clustered.p, clustered.patients)
    assert test.difference.value == 0.0
    assert np.isnan([test.z, test.p_value, test.difference.low, test.difference.high]).all()


def test_perfect_against_reversed_has_no_variance_and_no_p() -> None:
    test = paired_delong([0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0])
    assert test.difference.value == 1.0
    assert math.isnan(test.z)
    assert math.isnan(test.p_value)


def test_too_few_of_a_class_leaves_the_ends_undefined() -> None:
    one_malignant = delong_interval([0, 0, 1], [0.1, 0.2, 0.3])
    assert one_malignant.value == 1.0
    assert math.isnan(one_malignant.low)
    none = paired_delong([0, 0], [0.1, 0.2], [0.2, 0.1])
    assert math.isnan(none.difference.value)
    assert math.isnan(none.p_value)


def test_a_variance_that_rounding_leaves_below_zero_is_zero() -> None:
    scores = [0, 0, 2 / 3, 1 / 3, 2 / 3, 1 / 3, 0, 0, 2 / 3, 1, 1, 1 / 3]
    area = delong_interval([0, 1] * 6, scores, np.repeat([0, 1, 2], 4))
    assert area.value == 0.375 and np.isnan([area.low, area.high]).all()
