"""Net benefit: what a threshold is worth when a missed cancer and a needless biopsy are weighed.

decision_curve(labels, p, bootstrap=PatientBootstrap(patients))
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import SettingsError
from mammo.evaluation.arithmetic import Booleans, Floats
from mammo.evaluation.bootstrap import PatientBootstrap, percentile_ends
from mammo.evaluation.checks import as_labels, as_prevalence, as_probabilities
from mammo.evaluation.interval import CONFIDENCE

THRESHOLDS = np.round(np.arange(0.0, 0.991, 0.01), 2)


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """Hold net benefit (true positives a case) at each threshold, float64 (t,); "none" has 0.

    `low` and `high` are NaN where no bootstrap was given.
    """

    thresholds: Floats
    model: Floats
    low: Floats
    high: Floats
    treat_all: Floats


def net_benefit(
    labels: ArrayLike, p: ArrayLike, threshold: float, prevalence: float | None = None
) -> float:
    """Return true positives minus false positives weighed by the threshold's odds, a case.

    TP / n - FP / n * t / (1 - t): at threshold t one malignant lesion found is held to be worth
    (1 - t) / t needless biopsies. With a prevalence: se pr - (1 - sp)(1 - pr) t / (1 - t).

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    p : float (n,), 0..1
    threshold : float, 0 up to below 1
    prevalence : float, 0..1, or None for the sample's own

    Returns
    -------
    float, at most the prevalence; NaN for a prevalence with one class only

    Raises
    ------
    DataError
        Empty, another length, labels other than 0 and 1, p NaN or outside 0..1.
    SettingsError
        Threshold of 1 or outside 0..1 (its odds are infinite), prevalence outside 0..1.

    References
    ----------
    A. J. Vickers, E. B. Elkin (2006), Medical Decision Making 26:565-574.

    Examples
    --------
    >>> net_benefit([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.2)
    0.4375
    """
    malignant = as_labels(labels)
    values = as_probabilities(p, malignant.size)
    grid = _thresholds([threshold])
    gains = _gains(malignant, values, grid, _class_weights(malignant, prevalence))
    return float(gains.mean(axis=0)[0])


def decision_curve(
    labels: ArrayLike,
    p: ArrayLike,
    thresholds: ArrayLike = THRESHOLDS,
    *,
    prevalence: float | None = None,
    bootstrap: PatientBootstrap | None = None,
    confidence: float = CONFIDENCE,
) -> DecisionCurve:
    """Return net benefit over thresholds, beside flagging all and flagging none.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    p : float (n,), 0..1
    thresholds : float (t,), 0 up to below 1
    prevalence : float, 0..1, or None for the sample's own
    bootstrap : PatientBootstrap over the n cases, for pointwise intervals, or None
    confidence : float, above 0 and below 1

    Returns
    -------
    DecisionCurve

    Raises
    ------
    DataError, SettingsError
        As `net_benefit`.

    References
    ----------
    As `net_benefit`.

    Examples
    --------
    >>> curve = decision_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.0, 0.2, 0.5])
    >>> curve.model.tolist(), curve.treat_all.tolist()
    ([0.5, 0.4375, 0.25], [0.5, 0.375, 0.0])
    """
    malignant = as_labels(labels)
    values = as_probabilities(p, malignant.size)
    grid = _thresholds(thresholds)
    weights = _class_weights(malignant, prevalence)
    gains = _gains(malignant, values, grid, weights)
    everyone = _gains(malignant, np.ones_like(values), grid, weights)
    ends = _ends(gains, bootstrap, confidence)
    return DecisionCurve(grid, gains.mean(axis=0), *ends, everyone.mean(axis=0))


def _thresholds(thresholds: ArrayLike) -> Floats:
    grid = np.asarray(thresholds, dtype=np.float64)
    if not np.all((grid >= 0.0) & (grid < 1.0)):
        raise SettingsError(
            "expected thresholds from 0 up to below 1 (at 1 the odds are infinite), received "
            f"{grid.tolist()}"
        )
    return grid


def _class_weights(malignant: Booleans, prevalence: float | None) -> Floats:
    """Return how much each case counts, so that the classes stand in the wanted proportion."""
    if prevalence is None:
        return np.ones(malignant.size)
    share, sampled = as_prevalence(prevalence), float(malignant.mean())
    if sampled in (0.0, 1.0):
        return np.full(malignant.size, np.nan)
    return np.where(malignant, share / sampled, (1.0 - share) / (1.0 - sampled))


def _gains(malignant: Booleans, p: Floats, grid: Floats, weights: Floats) -> Floats:
    """Return each case's part of the net benefit at each threshold, (n, t)."""
    flagged = p[:, np.newaxis] >= grid
    worth = np.where(malignant[:, np.newaxis], 1.0, -grid / (1.0 - grid))
    return np.asarray(flagged * worth * weights[:, np.newaxis], dtype=np.float64)


def _ends(
    gains: Floats, bootstrap: PatientBootstrap | None, confidence: float
) -> tuple[Floats, Floats]:
    if bootstrap is None:
        nothing = np.full(gains.shape[1], np.nan)
        return nothing, nothing
    totals = bootstrap.sums(np.column_stack([gains, np.ones(len(gains))]))
    return percentile_ends(totals[:, :-1] / totals[:, -1:], confidence)
