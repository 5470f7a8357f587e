"""Cases sorted once by score: what a threshold flags at each step, under any weights of the cases.

The ROC curve, the precision-recall curve and their areas are all read from these counts, for the
sample itself (weights of one) and for thousands of resamples at once (weights of the bootstrap).
Equal scores step together, so ties are handled as in the Mann-Whitney statistic.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import SettingsError
from mammo.evaluation.arithmetic import Floats, as_labels, as_scores, ratio

HIGH = 0.9
"""The sensitivity, or specificity, that is held where the other is asked for."""

Statistic = Callable[[Floats], Floats]
"""A figure of weighted cases: weights float64 (r, n) -> figures float64 (r,) or (r, k)."""


class Ranking:
    """The cases in order of falling score, which count what each threshold flags.

    Examples
    --------
    >>> ranking = Ranking([0, 1, 1], [0.1, 0.4, 0.4])
    >>> ranking.thresholds.tolist()
    [0.4, 0.1]
    >>> flagged = ranking.flagged()
    >>> flagged[0].tolist(), flagged[1].tolist()
    ([[0.0, 2.0, 2.0]], [[0.0, 0.0, 1.0]])
    """

    def __init__(self, labels: ArrayLike, scores: ArrayLike) -> None:
        malignant = as_labels(labels)
        suspicion = as_scores(scores, malignant.size)
        self._order = np.argsort(-suspicion, kind="stable")
        falling = suspicion[self._order]
        ends_a_tie = np.append(falling[1:] != falling[:-1], True)
        # Columns of a running sum that begins with 0: nothing flagged, then after each tie.
        self._steps = np.append(0, np.flatnonzero(ends_a_tie) + 1)
        self._malignant = malignant[self._order].astype(np.float64)
        self.thresholds: Floats = falling[ends_a_tie]

    def flagged(self, weights: Floats | None = None) -> tuple[Floats, Floats]:
        """Return the malignant and benign weight at or above each threshold, (r, k + 1)."""
        if weights is None:
            weights = np.ones((1, self._order.size))
        ordered = weights[:, self._order]
        everything = self._running_sums(ordered)
        true_positive = self._running_sums(ordered * self._malignant)
        return true_positive, everything - true_positive

    def rates(self, weights: Floats | None = None) -> tuple[Floats, Floats]:
        """Return the sensitivity and the false positive rate of each threshold, (r, k + 1)."""
        true_positive, false_positive = self.flagged(weights)
        return (
            ratio(true_positive, true_positive[:, -1:]),
            ratio(false_positive, false_positive[:, -1:]),
        )

    def _running_sums(self, ordered: Floats) -> Floats:
        sums = np.zeros((ordered.shape[0], ordered.shape[1] + 1))
        np.cumsum(ordered, axis=1, out=sums[:, 1:])
        return sums if self._steps.size == sums.shape[1] else sums[:, self._steps]


def area_under_roc(true_positive: Floats, false_positive: Floats) -> Floats:
    """Return the area under each row's ROC curve, by trapezoids (ties count one half)."""
    heights = true_positive[:, 1:] + true_positive[:, :-1]
    pairs = np.einsum("rk,rk->r", np.diff(false_positive, axis=1), heights) / 2.0
    return ratio(pairs, true_positive[:, -1] * false_positive[:, -1])


def specificity_at_high_sensitivity(
    true_positive: Floats, false_positive: Floats, lowest_sensitivity: float = HIGH
) -> Floats:
    """Return each row's mean specificity over sensitivities from the lowest to 1."""
    sensitivity = ratio(true_positive, true_positive[:, -1:])
    alarms = ratio(false_positive, false_positive[:, -1:])
    rise = np.diff(sensitivity, axis=1)
    counted = np.diff(np.maximum(sensitivity, lowest_sensitivity), axis=1)
    slope = np.divide(np.diff(alarms, axis=1), rise, out=np.zeros_like(rise), where=rise > 0)
    # A segment that crosses the lowest sensitivity is cut there, on the straight line.
    mean_alarms = alarms[:, 1:] - slope * counted / 2.0
    area = np.einsum("rk,rk->r", counted, 1.0 - mean_alarms)
    return np.asarray(area / (1.0 - lowest_sensitivity), dtype=np.float64)


def mean_precision(true_positive: Floats, false_positive: Floats) -> Floats:
    """Return each row's average precision: the sum of recall steps times the precision there."""
    gained = np.diff(true_positive, axis=1)
    flagged = true_positive[:, 1:] + false_positive[:, 1:]
    # A resample may give the first scores no weight: nothing is flagged yet, nothing gained.
    precision = np.divide(
        true_positive[:, 1:], flagged, out=np.zeros_like(flagged), where=flagged > 0
    )
    return ratio(np.einsum("rk,rk->r", gained, precision), true_positive[:, -1])


def best_specificity(sensitivity: Floats, alarms: Floats) -> Floats:
    """Return the highest specificity that a threshold reaches while sensitivity is high enough."""
    return _highest(1.0 - alarms, sensitivity)


def best_sensitivity(sensitivity: Floats, alarms: Floats) -> Floats:
    """Return the highest sensitivity that a threshold reaches while specificity is high enough."""
    return _highest(sensitivity, 1.0 - alarms)


def _highest(wanted: Floats, held: Floats) -> Floats:
    # Flagging everything or nothing always holds one of the two at 1, so each row has a threshold;
    # the tiny term forgives a weighted share of 0.9 its last digit.
    allowed = np.where(held >= HIGH - 1e-12, wanted, -np.inf)
    undefined = np.isnan(wanted).any(axis=1) | np.isnan(held).any(axis=1)
    return np.asarray(np.where(undefined, np.nan, allowed.max(axis=1)), dtype=np.float64)


def auc_statistic(labels: ArrayLike, scores: ArrayLike) -> Statistic:
    """Return the AUC as a figure of weighted cases.

    Examples
    --------
    >>> auc_statistic([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.2])(np.ones((1, 4))).tolist()
    [0.75]
    """
    ranking = Ranking(labels, scores)
    return lambda weights: area_under_roc(*ranking.flagged(weights))


def ranking_statistic(labels: ArrayLike, scores: ArrayLike) -> Statistic:
    """Return AUC, partial AUC (sensitivity >= 0.9) and average precision, three columns.

    Examples
    --------
    >>> ranking_statistic([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8])(np.ones((1, 4))).tolist()
    [[1.0, 1.0, 1.0]]
    """
    ranking = Ranking(labels, scores)

    def figures(weights: Floats) -> Floats:
        counts = ranking.flagged(weights)
        areas = (area_under_roc, specificity_at_high_sensitivity, mean_precision)
        return np.stack([area(*counts) for area in areas], axis=1)

    return figures


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the area under the ROC curve: P(malignant scores higher) + P(tie) / 2.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    scores : float (n,), higher is more suspicious

    Returns
    -------
    float, 0..1; NaN with one class only

    Raises
    ------
    DataError
        Empty, another length, labels other than 0 and 1, NaN or infinite scores.

    References
    ----------
    J. A. Hanley, B. J. McNeil (1982), Radiology 143:29-36.

    Examples
    --------
    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    return float(area_under_roc(*Ranking(labels, scores).flagged())[0])


def partial_auc(labels: ArrayLike, scores: ArrayLike, lowest_sensitivity: float = HIGH) -> float:
    """Return the mean specificity over sensitivities from `lowest_sensitivity` to 1.

    References
    ----------
    Y. Jiang, C. E. Metz, R. M. Nishikawa (1996), Radiology 201:745-750.

    Examples
    --------
    >>> partial_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.5
    """
    if not 0.0 <= lowest_sensitivity < 1.0:
        raise SettingsError(
            "expected a lowest sensitivity of at least 0 and below 1, such as 0.9, "
            f"received {lowest_sensitivity!r}"
        )
    counts = Ranking(labels, scores).flagged()
    return float(specificity_at_high_sensitivity(*counts, lowest_sensitivity)[0])


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
