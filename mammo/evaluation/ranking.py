"""Cases sorted once by score: what a threshold flags at each step, under any weights of the cases.

The ROC curve, the precision-recall curve and their areas are all read from these counts, for the
sample itself (weights of one) and for thousands of resamples at once (weights of the bootstrap).
Equal scores step together, so ties are handled as in the Mann-Whitney statistic.
"""

import numpy as np
from numpy.typing import ArrayLike

from mammo.evaluation.arithmetic import Floats, as_labels, as_scores, ratio

HIGH_SENSITIVITY = 0.9
HIGH_SPECIFICITY = 0.9


class Ranking:
    """Hold the cases in order of falling score, and count what each threshold flags.

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
        """Return the malignant and benign weight at or above each threshold."""
        if weights is None:
            weights = np.ones((1, self._order.size))
        ordered = weights[:, self._order]
        everything = self._running_sums(ordered)
        true_positive = self._running_sums(ordered * self._malignant)
        return true_positive, everything - true_positive

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
    true_positive: Floats, false_positive: Floats, lowest_sensitivity: float = HIGH_SENSITIVITY
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


def best_specificity(
    true_positive: Floats, false_positive: Floats, lowest_sensitivity: float = HIGH_SENSITIVITY
) -> Floats:
    """Return the highest specificity that a threshold reaches while sensitivity is high enough."""
    return _highest(
        1.0 - ratio(false_positive, false_positive[:, -1:]),
        ratio(true_positive, true_positive[:, -1:]),
        lowest_sensitivity,
    )


def best_sensitivity(
    true_positive: Floats, false_positive: Floats, lowest_specificity: float = HIGH_SPECIFICITY
) -> Floats:
    """Return the highest sensitivity that a threshold reaches while specificity is high enough."""
    return _highest(
        ratio(true_positive, true_positive[:, -1:]),
        1.0 - ratio(false_positive, false_positive[:, -1:]),
        lowest_specificity,
    )


def _highest(wanted: Floats, held: Floats, lowest: float) -> Floats:
    # Flagging everything or nothing always holds one of the two at 1, so each row has a threshold;
    # the tiny term forgives a weighted share of 0.9 its last digit.
    allowed = np.where(held >= lowest - 1e-12, wanted, -np.inf)
    undefined = np.isnan(wanted).any(axis=1) | np.isnan(held).any(axis=1)
    return np.asarray(np.where(undefined, np.nan, allowed.max(axis=1)), dtype=np.float64)
