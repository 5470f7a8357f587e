"""Logistic regression of a few columns by Newton's method, for calibration and its check.

Targets may be any shares in 0..1 (Platt's are), which scikit-learn's own fit does not take.
"""

import numpy as np

from mammo.evaluation.arithmetic import Floats, sigmoid

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
