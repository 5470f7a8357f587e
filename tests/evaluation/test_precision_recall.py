"""Precision, recall and average precision against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from mammo.evaluation.curves import precision_recall_curve
from tests.evaluation.conftest import Clustered, ranking_figures


def average_precision(labels, p) -> float:
    return ranking_figures(labels, p)["average_precision"]


def test_average_precision_is_scikit_learns(cases: Clustered) -> None:
    expected = metrics.average_precision_score(cases.labels, cases.p)
    assert average_precision(cases.labels, cases.p) == pytest.approx(expected, abs=1e-12)


def test_curve_is_scikit_learns_the_other_way_round(cases: Clustered) -> None:
    curve = precision_recall_curve(cases.labels, cases.p)
    precision, recall, thresholds = metrics.precision_recall_curve(cases.labels, cases.p)
    np.testing.assert_allclose(curve.precision, precision[-2::-1], atol=1e-12)
    np.testing.assert_allclose(curve.recall, recall[-2::-1], atol=1e-12)
    np.testing.assert_array_equal(curve.thresholds, thresholds[::-1])


def test_equal_scores_have_the_share_of_malignant() -> None:
    assert average_precision([0, 1, 1, 0, 0], [0.2] * 5) == pytest.approx(0.4)


def test_no_malignant_case_is_undefined_and_all_malignant_is_one() -> None:
    assert np.isnan(average_precision([0, 0], [0.1, 0.2]))
    assert np.isnan(precision_recall_curve([0, 0], [0.1, 0.2]).recall).all()
    assert average_precision([1, 1], [0.1, 0.2]) == 1.0
