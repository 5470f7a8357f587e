"""The ROC curve, its area, and its area where sensitivity is high.

For the page's curves, `mammo.evaluate` and the model cards:

    auc(labels, scores)
    roc_curve(labels, scores).sensitivity
    roc_band(labels, scores, PatientBootstrap(patients))
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import SettingsError
from mammo.evaluation.arithmetic import Floats, ratio
from mammo.evaluation.bootstrap import PatientBootstrap, percentile_ends
from mammo.evaluation.checks import as_labels
from mammo.evaluation.edge import widen_at_the_edge
from mammo.evaluation.interval import CONFIDENCE
from mammo.evaluation.ranking import (
    HIGH_SENSITIVITY,
    Ranking,
    area_under_roc,
    specificity_at_high_sensitivity,
)
from mammo.text import Estimate


@dataclass(frozen=True, eq=False)
class RocCurve:
    """Sensitivity against false positive rate, one point per distinct score and one for "none"."""

    false_positive_rate: Floats
    sensitivity: Floats
    thresholds: Floats


@dataclass(frozen=True, eq=False)
class RocBand:
    """Hold sensitivity and its pointwise interval on a grid of false positive rates, (g,)."""

    false_positive_rate: Floats
    sensitivity: Floats
    low: Floats
    high: Floats


def roc_curve(labels: ArrayLike, scores: ArrayLike) -> RocCurve:
    """Return the empirical ROC curve; a case is flagged where its score >= threshold.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    scores : float (n,), higher is more suspicious

    Returns
    -------
    RocCurve, from (0, 0) to (1, 1)

    Raises
    ------
    DataError
        Empty, another length, labels other than 0 and 1, NaN or infinite scores.

    References
    ----------
    T. Fawcett (2006), Pattern Recognition Letters 27:861-874.

    Examples
    --------
    >>> curve = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve.sensitivity.tolist()
    [0.0, 0.5, 0.5, 1.0, 1.0]
    >>> curve.false_positive_rate.tolist()
    [0.0, 0.0, 0.5, 0.5, 1.0]
    """
    ranking = Ranking(labels, scores)
    true_positive, false_positive = ranking.flagged()
    return RocCurve(
        ratio(false_positive, false_positive[:, -1:])[0],
        ratio(true_positive, true_positive[:, -1:])[0],
        np.concatenate([[np.inf], ranking.thresholds]),
    )


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the area under the ROC curve: P(malignant scores higher) + P(tie) / 2.

    References
    ----------
    J. A. Hanley, B. J. McNeil (1982), Radiology 143:29-36.

    Examples
    --------
    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    return float(area_under_roc(*Ranking(labels, scores).flagged())[0])


def partial_auc(
    labels: ArrayLike, scores: ArrayLike, lowest_sensitivity: float = HIGH_SENSITIVITY
) -> float:
    """Return the mean specificity over sensitivities from `lowest_sensitivity` to 1.

    References
    ----------
    Y. Jiang, C. E. Metz, R. M. Nishikawa (1996), Radiology 201:745-750.

    Examples
    --------
    >>> partial_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.5
    >>> round(partial_auc([0, 1], [0.3, 0.3]), 3)
    0.05
    """
    if not 0.0 <= lowest_sensitivity < 1.0:
        raise SettingsError(
            "expected a lowest sensitivity of at least 0 and below 1, such as 0.9, "
            f"received {lowest_sensitivity!r}"
        )
    counts = Ranking(labels, scores).flagged()
    return float(specificity_at_high_sensitivity(*counts, lowest_sensitivity)[0])


def roc_band(
    labels: ArrayLike,
    scores: ArrayLike,
    bootstrap: PatientBootstrap,
    points: int = 101,
    confidence: float = CONFIDENCE,
) -> RocBand:
    """Return the curve with the pointwise interval of sensitivity, over resampled patients.

    Examples
    --------
    >>> band = roc_band([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], PatientBootstrap([1, 2, 3, 4]), 3)
    >>> band.sensitivity.tolist()
    [0.5, 1.0, 1.0]
    """
    ranking = Ranking(labels, scores)
    grid = np.linspace(0.0, 1.0, points)

    def heights(weights: Floats) -> Floats:
        true_positive, false_positive = ranking.flagged(weights)
        alarms = ratio(false_positive, false_positive[:, -1:])
        found = ratio(true_positive, true_positive[:, -1:])
        return np.stack([_height(grid, *curve) for curve in zip(alarms, found, strict=True)])

    sensitivity = heights(bootstrap.sample)[0]
    low, high = percentile_ends(bootstrap.distribution(heights), confidence)
    patients = bootstrap.patients_among(as_labels(labels))
    for place in np.flatnonzero(np.isnan(low) & ~np.isnan(sensitivity) & (grid < 1.0)):
        point = Estimate(float(sensitivity[place]), np.nan, np.nan)
        widened = widen_at_the_edge(point, patients, confidence)
        low[place], high[place] = widened.low, widened.high
    # Where every case is flagged, every malignant one is: no estimate.
    everything = (grid == 1.0) & ~np.isnan(sensitivity)
    low[everything] = high[everything] = 1.0
    return RocBand(grid, sensitivity, low, high)


def _height(grid: Floats, alarms: Floats, found: Floats) -> Floats:
    if np.isnan(alarms[-1]) or np.isnan(found[-1]):
        return np.full(grid.size, np.nan)
    # At a vertical step the curve's upper end is what the test can do at that rate; np.interp
    # takes the last of equal abscissae for a point that lies on them.
    return np.interp(grid, alarms, found)
