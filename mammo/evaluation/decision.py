"""Net benefit: what a threshold is worth when a missed cancer and a needless biopsy are weighed.

decision_curve(labels, p, bootstrap=PatientBootstrap(patients))
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import SettingsError
from mammo.evaluation.arithmetic import Booleans, Floats, ratio
from mammo.evaluation.bootstrap import PatientBootstrap, percentile_ends
from mammo.evaluation.checks import as_labels, as_prevalence, as_probabilities
from mammo.evaluation.interval import CONFIDENCE

THRESHOLDS = np.round(np.arange(0.0, 0.991, 0.01), 2)


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """Hold net benefit (true positives a case) at each threshold, float64 (t,); "none" has 0."""

    thresholds: Floats
    model: Floats
    low: Floats
    high: Floats
    treat_all: Floats


def net_benefit(
    labels: ArrayLike, p: ArrayLike, threshold: float, prevalence: float | None = None
) -> float:
    """Return true positives minus false positives weighed by the threshold's odds, a case.

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
    counts = _counted(malignant, values, grid).sum(axis=0, keepdims=True)
    return float(_benefit(counts, grid, prevalence)[0, 0])


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
    counted = _counted(malignant, values, grid)
    model, everyone = (
        _benefit(cases.sum(axis=0, keepdims=True), grid, prevalence)[0]
        for cases in (counted, _counted(malignant, np.ones_like(values), grid))
    )
    if bootstrap is None:
        nothing = np.full(grid.size, np.nan)
        return DecisionCurve(grid, model, nothing, nothing, everyone)
    resampled = _benefit(bootstrap.sums(counted), grid, prevalence)
    low, high = percentile_ends(resampled, confidence)
    if prevalence is not None:
        # At threshold 0 every case is flagged: the benefit is the prevalence, without an estimate.
        low[grid == 0.0] = high[grid == 0.0] = prevalence
    return DecisionCurve(grid, model, low, high, everyone)


def _thresholds(thresholds: ArrayLike) -> Floats:
    grid = np.asarray(thresholds, dtype=np.float64)
    if not np.all((grid >= 0.0) & (grid < 1.0)):
        raise SettingsError(
            "expected thresholds from 0 up to below 1 (at 1 the odds are infinite), received "
            f"{grid.tolist()}"
        )
    return grid


def _counted(malignant: Booleans, p: Floats, grid: Floats) -> Floats:
    """Return what each case counts as: found and false alarm at each threshold, and its class."""
    flagged = p[:, np.newaxis] >= grid
    sick = malignant[:, np.newaxis]
    return np.hstack([flagged & sick, flagged & ~sick, sick, ~sick]).astype(np.float64)


def _benefit(counts: Floats, grid: Floats, prevalence: float | None) -> Floats:
    """Return the net benefit, (r, t), of the summed columns of `_counted`, (r, 2 t + 2)."""
    found, alarms = counts[:, : grid.size], counts[:, grid.size : -2]
    malignant, benign = counts[:, -2:-1], counts[:, -1:]
    odds = grid / (1.0 - grid)
    if prevalence is None:
        return np.asarray((found - alarms * odds) / (malignant + benign), np.float64)
    share = as_prevalence(prevalence)
    harm = ratio(alarms, benign) * (1.0 - share) * odds
    return np.asarray(ratio(found, malignant) * share - harm, np.float64)
