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
from mammo.evaluation.arithmetic import (
    Booleans,
    Floats,
    as_labels,
    as_prevalence,
    as_probabilities,
    ratio,
)
from mammo.evaluation.bootstrap import CONFIDENCE, PatientBootstrap, percentile_ends
from mammo.evaluation.edge import widen_at_the_edge
from mammo.evaluation.ranking import (
    HIGH_SENSITIVITY,
    Ranking,
    area_under_roc,
    mean_precision,
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


@dataclass(frozen=True, eq=False)
class PrecisionRecallCurve:
    """Precision (PPV) against recall (sensitivity), one point per distinct score, float64 (k,)."""

    recall: Floats
    precision: Floats
    thresholds: Floats


def precision_recall_curve(labels: ArrayLike, scores: ArrayLike) -> PrecisionRecallCurve:
    """Return the empirical curve; a case is flagged where its score >= threshold.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    scores : float (n,), higher is more suspicious

    Returns
    -------
    PrecisionRecallCurve, without the invented point (recall 0, precision 1)

    Raises
    ------
    DataError
        Empty, another length, labels other than 0 and 1, NaN or infinite scores.

    References
    ----------
    J. Davis, M. Goadrich (2006), ICML, 233-240.

    Examples
    --------
    >>> curve = precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve.recall.tolist(), curve.precision.round(3).tolist()
    ([0.5, 0.5, 1.0, 1.0], [1.0, 0.5, 0.667, 0.5])
    """
    ranking = Ranking(labels, scores)
    true_positive, false_positive = (counts[0, 1:] for counts in ranking.flagged())
    return PrecisionRecallCurve(
        ratio(true_positive, true_positive[-1]),
        ratio(true_positive, true_positive + false_positive),
        ranking.thresholds,
    )


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the sum over thresholds of (recall gained) x precision, without interpolation.

    References
    ----------
    K. Boyd, K. H. Eng, C. D. Page (2013), ECML PKDD, LNCS 8190:451-466.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 3)
    0.833
    """
    return float(mean_precision(*Ranking(labels, scores).flagged())[0])


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
