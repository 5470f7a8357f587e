"""ROC, AUC and partial AUC against scikit-learn and against counting pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from mammo.errors import DataError
from mammo.evaluation import PatientBootstrap, auc, roc_curve
from mammo.evaluation.curves import roc_band
from tests.evaluation.conftest import Clustered, ranking_figures


def partial_auc(labels, p) -> float:
    return ranking_figures(labels, p)["partial_auc"]


def count_pairs(labels: np.ndarray, scores: np.ndarray) -> float:
    """Return the AUC as Mann and Whitney count it: pair by pair."""
    pairs = [
        (malignant > benign) + 0.5 * (malignant == benign)
        for malignant in scores[labels]
        for benign in scores[~labels]
    ]
    return float(np.mean(pairs))


def test_auc_is_scikit_learns_and_the_share_of_pairs(cases: Clustered) -> None:
    assert auc(cases.labels, cases.p) == pytest.approx(
        metrics.roc_auc_score(cases.labels, cases.p), abs=1e-12
    )
    assert auc(cases.labels, cases.p) == pytest.approx(count_pairs(cases.labels, cases.p))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30))
def test_auc_of_any_cases_is_the_share_of_pairs(rows: list[tuple[bool, int]]) -> None:
    labels = np.array([label for label, _ in rows])
    scores = np.array([score for _, score in rows], dtype=float)
    if labels.all() or not labels.any():
        assert np.isnan(auc(labels, scores))
    else:
        assert auc(labels, scores) == pytest.approx(count_pairs(labels, scores))
        assert auc(labels, -scores) == pytest.approx(1 - auc(labels, scores))


def test_curve_is_scikit_learns(cases: Clustered) -> None:
    curve = roc_curve(cases.labels, cases.p)
    alarms, found, thresholds = metrics.roc_curve(cases.labels, cases.p, drop_intermediate=False)
    np.testing.assert_allclose(curve.false_positive_rate, alarms, atol=1e-12)
    np.testing.assert_allclose(curve.sensitivity, found, atol=1e-12)
    np.testing.assert_array_equal(curve.thresholds, thresholds)


def test_partial_auc_is_scikit_learns_after_turning_the_axes(cases: Clustered) -> None:
    # Swap the classes and the sign: their false positive rate is our 1 - sensitivity. scikit-learn
    # then stretches the area by McClish's rule, which is undone here.
    width = 1 - 0.9
    stretched = metrics.roc_auc_score(~cases.labels, -cases.p, max_fpr=width)
    least, most = width**2 / 2, width
    area = least + (2 * stretched - 1) * (most - least)
    assert partial_auc(cases.labels, cases.p) == pytest.approx(area / width, abs=1e-12)


def test_useless_and_perfect_scores() -> None:
    labels = [0, 0, 1, 1]
    assert auc(labels, [0.3] * 4) == 0.5
    assert partial_auc(labels, [0.3] * 4) == pytest.approx(0.05)
    assert auc(labels, [0, 0, 1, 1]) == partial_auc(labels, [0, 0, 1, 1]) == 1.0


def test_one_class_leaves_the_figures_undefined() -> None:
    assert np.isnan(auc([1, 1], [0.1, 0.2]))
    assert np.isnan(partial_auc([0, 0], [0.1, 0.2]))
    assert np.isnan(roc_curve([1, 1], [0.1, 0.2]).false_positive_rate).all()


@pytest.mark.parametrize(
    ("labels", "scores", "sentence"),
    [
        ([], [], "at least one label"),
        ([0, 1], [0.1, float("nan")], "1 of 2 scores are NaN or infinite .first in row 1"),
        ([0, 1], [0.1, float("inf")], "NaN or infinite"),
        ([0, 2], [0.1, 0.2], "0 .benign. and 1 .malignant., received 2 in row 1"),
        ([0, 1], [0.1], "expected 2 scores"),
        ([[0, 1]], [0.1], "one label a case"),
    ],
)
def test_bad_input_gets_a_sentence(labels: list[int], scores: list[float], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        auc(labels, scores)


def test_band_holds_the_curve_and_is_made_resample_by_resample(clustered: Clustered) -> None:
    bootstrap = PatientBootstrap(clustered.patients, resamples=200)
    band = roc_band(clustered.labels, clustered.p, bootstrap)
    curve = roc_curve(clustered.labels, clustered.p)
    np.testing.assert_allclose(
        band.sensitivity,
        np.interp(band.false_positive_rate, curve.false_positive_rate, curve.sensitivity),
    )
    assert (band.low <= band.sensitivity).all()
    assert (band.high >= band.sensitivity).all()
    assert (band.high - band.low).max() > 0.05


def test_band_of_one_class_is_undefined() -> None:
    labels, p = np.array([True, True]), np.array([0.1, 0.2])
    band = roc_band(labels, p, PatientBootstrap([1, 2], resamples=100))
    assert np.isnan(band.sensitivity).all()
    assert np.isnan(band.low).all()
