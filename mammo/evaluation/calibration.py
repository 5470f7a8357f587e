"""From a network's logit to a probability: Platt's line or one temperature, whichever fits better.

`mammo.train` fits it on out-of-fold logits, and the model's card keeps it:

    choice = choose_calibration(labels, logits, folds)
    choice.calibration.probability(logits)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import DataError
from mammo.evaluation.arithmetic import (
    SMALLEST_PROBABILITY,
    Booleans,
    Floats,
    as_labels,
    as_probabilities,
    as_scores,
    sigmoid,
)

_STEPS = 100


def fit_logistic(targets: Floats, columns: Floats, offset: Floats | float = 0.0) -> Floats:
    """Return the weights that maximise the binomial likelihood of the targets.

    References
    ----------
    P. McCullagh, J. A. Nelder (1989), Generalized Linear Models, section 4.4.

    Examples
    --------
    >>> fit_logistic(np.array([0.25, 0.75]), np.array([[-1.0], [1.0]])).round(4).tolist()
    [1.0986]
    """
    weights = np.zeros(columns.shape[1])
    loss = _cross_entropy(targets, columns @ weights + offset)
    for _ in range(_STEPS):
        p = sigmoid(columns @ weights + offset)
        slope = columns.T @ (p - targets)
        curvature = (columns.T * (p * (1.0 - p))) @ columns
        # The tiny ridge keeps equal logits (a flat direction) from a singular system.
        ridge = 1e-10 * np.eye(weights.size)
        step = np.asarray(np.linalg.solve(curvature + ridge, slope), dtype=np.float64)
        weights, better = _line_search(targets, columns, offset, weights, step, loss)
        if loss - better < 1e-13 * max(1.0, abs(loss)):
            break
        loss = better
    return weights


def _line_search(
    targets: Floats,
    columns: Floats,
    offset: Floats | float,
    weights: Floats,
    step: Floats,
    loss: float,
) -> tuple[Floats, float]:
    for halving in range(40):
        candidate = weights - step / 2**halving
        better = _cross_entropy(targets, columns @ candidate + offset)
        if better <= loss:
            return candidate, better
    return weights, loss


def _cross_entropy(targets: Floats, logits: Floats) -> float:
    return float((np.logaddexp(0.0, logits) - targets * logits).sum())


Method = Literal["platt", "temperature"]

# A network that learned nothing may run against its labels. A rising map must stay rising, or the
# calibrated order would contradict the network's own; this slope makes it all but constant.
SMALLEST_SLOPE = 1e-3


@dataclass(frozen=True)
class Calibration:
    """Map a logit to a probability: sigmoid(slope * logit + intercept)."""

    method: Method
    slope: float
    intercept: float

    def probability(self, logits: ArrayLike) -> Floats:
        """Return calibrated probabilities.

        Examples
        --------
        >>> Calibration("platt", 0.5, -1.0).probability([2.0]).tolist()
        [0.5]
        """
        return sigmoid(self.slope * np.asarray(logits, dtype=np.float64) + self.intercept)


@dataclass(frozen=True)
class CalibrationChoice:
    """Hold the chosen calibration, and each method's out-of-fold log loss that chose it."""

    calibration: Calibration
    log_loss: dict[str, float]


def log_loss(labels: ArrayLike, p: ArrayLike) -> float:
    """Return the mean of -log(probability given to what was true), p held off 0 and 1 by 1e-7.

    References
    ----------
    I. J. Good (1952), J. R. Stat. Soc. B 14:107-114.

    Examples
    --------
    >>> round(log_loss([0, 1], [0.5, 0.5]), 4)
    0.6931
    """
    malignant = as_labels(labels)
    given = np.clip(
        as_probabilities(p, malignant.size), SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY
    )
    return float(-np.log(np.where(malignant, given, 1.0 - given)).mean())


def fit_platt(labels: ArrayLike, logits: ArrayLike) -> Calibration:
    """Fit slope and intercept by maximum likelihood against Platt's smoothed targets.

    References
    ----------
    J. Platt (1999), Advances in Large Margin Classifiers, 61-74; H.-T. Lin, C.-J. Lin, R. C. Weng
    (2007), Machine Learning 68:267-276.

    Examples
    --------
    >>> fitted = fit_platt([0, 0, 1, 1], [-1.0, 0.5, -0.5, 1.0])
    >>> round(fitted.slope, 3), round(abs(fitted.intercept), 3)
    (0.405, 0.0)
    """
    targets, values = _targets(labels, logits)
    slope, intercept = fit_logistic(targets, np.stack([values, np.ones_like(values)], axis=1))
    if slope < SMALLEST_SLOPE:
        slope = SMALLEST_SLOPE
        (intercept,) = fit_logistic(targets, np.ones((values.size, 1)), slope * values)
    return Calibration("platt", float(slope), float(intercept))


def fit_temperature(labels: ArrayLike, logits: ArrayLike) -> Calibration:
    """Fit the slope 1 / T by maximum likelihood, with no intercept, against the same targets.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), ICML, 1321-1330.

    Examples
    --------
    >>> round(fit_temperature([0, 0, 1, 1], [-1.0, 0.5, -0.5, 1.0]).slope, 3)
    0.405
    """
    targets, values = _targets(labels, logits)
    (slope,) = fit_logistic(targets, values[:, np.newaxis])
    return Calibration("temperature", max(float(slope), SMALLEST_SLOPE), 0.0)


_FITS: dict[str, Callable[[ArrayLike, ArrayLike], Calibration]] = {
    "temperature": fit_temperature,
    "platt": fit_platt,
}


def choose_calibration(labels: ArrayLike, logits: ArrayLike, folds: ArrayLike) -> CalibrationChoice:
    """Choose Platt or temperature by log loss on folds that the fit did not see, and fit on all.

    Each fold is predicted by a calibration fitted on the other folds' logits. Folds must hold
    whole patients. Of equals, temperature wins (one figure fewer).

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant, both classes present outside every fold
    logits : float (n,), out-of-fold
    folds : int (n,), two folds or more

    Returns
    -------
    CalibrationChoice

    Raises
    ------
    DataError
        Fewer than two folds, or as `fit_platt`.

    Examples
    --------
    >>> labels, logits = [0, 1, 0, 1, 0, 1], [-3.0, 1.0, -2.0, 0.5, -2.5, -1.0]
    >>> choice = choose_calibration(labels, logits, [0, 0, 1, 1, 2, 2])
    >>> choice.calibration.method, sorted(choice.log_loss)
    ('platt', ['platt', 'temperature'])
    """
    malignant = as_labels(labels)
    values = as_scores(logits, malignant.size)
    fold = np.asarray(folds)
    if fold.shape != malignant.shape or np.unique(fold).size < 2:
        raise DataError(
            f"expected {malignant.size} fold numbers of at least two folds, received "
            f"{np.unique(fold).size} fold(s) of shape {fold.shape}"
        )
    losses = {name: _held_out_loss(fit, malignant, values, fold) for name, fit in _FITS.items()}
    best = min(losses, key=losses.__getitem__)
    return CalibrationChoice(_FITS[best](malignant, values), losses)


def _held_out_loss(
    fit: Callable[[ArrayLike, ArrayLike], Calibration],
    malignant: Booleans,
    logits: Floats,
    fold: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
) -> float:
    p = np.empty_like(logits)
    for one in np.unique(fold):
        held = fold == one
        p[held] = fit(malignant[~held], logits[~held]).probability(logits[held])
    return log_loss(malignant, p)


def _targets(labels: ArrayLike, logits: ArrayLike) -> tuple[Floats, Floats]:
    malignant = as_labels(labels)
    values = as_scores(logits, malignant.size)
    m = int(malignant.sum())
    n = malignant.size - m
    if min(m, n) == 0:
        raise DataError(
            f"expected malignant and benign cases to calibrate on, received {m} malignant and "
            f"{n} benign"
        )
    return np.where(malignant, (m + 1) / (m + 2), 1 / (n + 2)), values
