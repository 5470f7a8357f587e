"""Platt and temperature against scikit-learn and SciPy, and the choice between them."""

import numpy as np
import pytest
from scipy import optimize
from sklearn import metrics
from sklearn.calibration import _SigmoidCalibration

from mammo.errors import DataError
from mammo.evaluation import choose_calibration
from mammo.evaluation.arithmetic import logit
from mammo.evaluation.calibration import (
    SMALLEST_SLOPE,
    Calibration,
    fit_platt,
    fit_temperature,
    held_out_losses,
    log_loss,
)
from tests.evaluation.conftest import Clustered


def smoothed(labels: np.ndarray) -> np.ndarray:
    """Return Platt's targets."""
    m, n = labels.sum(), (~labels).sum()
    return np.where(labels, (m + 1) / (m + 2), 1 / (n + 2))


def test_platt_is_scikit_learns(clustered: Clustered) -> None:
    logits = 3 * logit(clustered.p) + 1
    theirs = _SigmoidCalibration().fit(logits, clustered.labels)
    ours = fit_platt(clustered.labels, logits)
    # scikit-learn writes 1 / (1 + exp(a f + b)).
    assert (ours.slope, ours.intercept) == pytest.approx((-theirs.a_, -theirs.b_), abs=1e-4)
    np.testing.assert_allclose(ours.probability(logits), theirs.predict(logits), atol=1e-5)


def test_temperature_is_the_best_single_slope(clustered: Clustered) -> None:
    logits = 3 * logit(clustered.p)
    targets = smoothed(clustered.labels)

    def loss(slope: float) -> float:
        return float(np.sum(np.logaddexp(0, slope * logits) - targets * slope * logits))

    best = optimize.minimize_scalar(
        loss, bounds=(1e-3, 10), method="bounded", options={"xatol": 1e-10}
    ).x
    ours = fit_temperature(clustered.labels, logits)
    assert ours.slope == pytest.approx(best, rel=1e-5)
    assert ours.intercept == 0.0


def test_log_loss_is_scikit_learns(clustered: Clustered) -> None:
    expected = metrics.log_loss(clustered.labels, clustered.p)
    assert log_loss(clustered.labels, clustered.p) == pytest.approx(expected)
    assert log_loss([0, 1], [1.0, 0.0]) == pytest.approx(-np.log(1e-7), rel=1e-6)


def test_perfectly_separated_cases_keep_a_finite_slope() -> None:
    for fit in (fit_platt, fit_temperature):
        fitted = fit([0, 0, 0, 1, 1, 1], [-500.0, -400.0, -300.0, 300.0, 400.0, 500.0])
        assert 0 < fitted.slope < 1
        p = fitted.probability([-500.0, 500.0])
        assert p[0] < 0.3 < 0.7 < p[1]


@pytest.mark.parametrize("fit", [fit_platt, fit_temperature])
def test_a_model_against_its_labels_keeps_its_own_order(fit: object) -> None:
    fitted = fit([1, 1, 0, 0, 0], [-2.0, -1.0, 1.0, 2.0, 0.5])  # type: ignore[operator]
    assert fitted.slope == SMALLEST_SLOPE
    if fitted.method == "platt":
        share = fitted.probability([0.0])[0]
        assert share == pytest.approx(smoothed(np.array([1, 1, 0, 0, 0]) == 1).mean(), abs=1e-3)


def test_equal_logits_calibrate_to_the_share() -> None:
    fitted = fit_platt([0, 0, 0, 1], [0.7] * 4)
    expected = smoothed(np.array([False, False, False, True])).mean()
    assert fitted.probability([0.7])[0] == pytest.approx(expected, abs=1e-3)


def test_the_choice_is_by_held_out_log_loss() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=2000)
    labels = rng.random(2000) < 1 / (1 + np.exp(-truth))
    folds = np.arange(2000) % 5
    shifted = choose_calibration(labels, 2 * truth + 3, folds)
    losses = held_out_losses(labels, 2 * truth + 3, folds)
    assert shifted.method == "platt"
    assert losses["platt"] < losses["temperature"] - 0.05
    assert shifted.slope == pytest.approx(0.5, rel=0.15)
    assert shifted == fit_platt(labels, 2 * truth + 3)


def test_the_choice_holds_each_fold_out(clustered: Clustered) -> None:
    logits = logit(clustered.p)
    folds = np.unique(clustered.patients, return_inverse=True)[1] % 3
    losses = held_out_losses(clustered.labels, logits, folds)
    p = np.empty(clustered.n)
    for fold in range(3):
        kept = folds != fold
        fitted = fit_platt(clustered.labels[kept], logits[kept])
        p[~kept] = fitted.probability(logits[~kept])
    assert losses["platt"] == pytest.approx(log_loss(clustered.labels, p))


def test_calibration_keeps_the_order_of_cases(clustered: Clustered) -> None:
    logits = logit(clustered.p)
    p = fit_platt(clustered.labels, logits).probability(logits)
    np.testing.assert_array_equal(np.argsort(p), np.argsort(logits))
    assert Calibration("temperature", 1.0, 0.0).probability(logits) == pytest.approx(clustered.p)


def test_bad_input_gets_a_sentence() -> None:
    with pytest.raises(DataError, match="2 malignant and 0 benign"):
        fit_platt([1, 1], [0.1, 0.2])
    with pytest.raises(DataError, match="NaN or infinite"):
        fit_temperature([0, 1], [0.1, float("nan")])
