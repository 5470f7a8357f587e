"""Cases sorted once by score: what a threshold flags at each step, under any weights of the cases.

The ROC curve, the precision-recall curve and their areas are all read from these counts, for the
sample itself (weights of one) and for thousands of resamples at once (weights of the bootstrap).
Equal scores step together, so ties are handled as in the Mann-Whitney statistic.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.evaluation.arithmetic import Booleans, Floats, as_labels, as_scores, ratio
from mammo.evaluation.bootstrap import (
    PatientBootstrap,
    Statistic,
    percentile_interval,
    rarer_patients,
    widen_at_the_edge,
)
from mammo.text import Estimate

HIGH = 0.9
"""The sensitivity, or specificity, that is held where the other is asked for."""
RANKING_NAMES = (
    "auc", "partial_auc", "average_precision", "sensitivity_at_specificity_90",
    "specificity_at_sensitivity_90",
)  # fmt: skip


class Ranking:
    """The cases in order of falling score, which count what each threshold flags.

    >>> ranking = Ranking([0, 1, 1], [0.1, 0.4, 0.4])
    >>> ranking.thresholds.tolist()
    [0.4, 0.1]
    >>> flagged = ranking.flagged()
    >>> flagged[0].tolist(), flagged[1].tolist()
    ([[0.0, 2.0, 2.0]], [[0.0, 0.0, 1.0]])
    """

    def __init__(self, labels: ArrayLike, scores: ArrayLike) -> None:
        self.malignant = as_labels(labels)
        suspicion = as_scores(scores, self.malignant.size)
        self._order = np.argsort(-suspicion, kind="stable")
        falling = suspicion[self._order]
        ends_a_tie = np.append(falling[1:] != falling[:-1], True)
        # Columns of a running sum that begins with 0: nothing flagged, then after each tie.
        self._steps = np.append(0, np.flatnonzero(ends_a_tie) + 1)
        self.thresholds: Floats = falling[ends_a_tie]

    def flagged(self, weights: Floats | None = None) -> tuple[Floats, Floats]:
        """Return the malignant and benign weight at or above each threshold, (r, k + 1)."""
        if weights is None:
            weights = np.ones((1, self._order.size))
        ordered = weights[:, self._order]
        everything = self._running_sums(ordered)
        true_positive = self._running_sums(ordered * self.malignant[self._order])
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


def _area_under_roc(true_positive: Floats, false_positive: Floats) -> Floats:
    """Return the area under each row's ROC curve, by trapezoids (ties count one half)."""
    heights = true_positive[:, 1:] + true_positive[:, :-1]
    pairs = np.einsum("rk,rk->r", np.diff(false_positive, axis=1), heights) / 2.0
    return ratio(pairs, true_positive[:, -1] * false_positive[:, -1])


def _partial_auc(sensitivity: Floats, alarms: Floats) -> Floats:
    """Return each row's mean specificity over sensitivities from `HIGH` to 1."""
    rise = np.diff(sensitivity, axis=1)
    counted = np.diff(np.maximum(sensitivity, HIGH), axis=1)
    slope = np.divide(np.diff(alarms, axis=1), rise, out=np.zeros_like(rise), where=rise > 0)
    # A segment that crosses the lowest sensitivity is cut there, on the straight line.
    mean_alarms = alarms[:, 1:] - slope * counted / 2.0
    return np.asarray(np.einsum("rk,rk->r", counted, 1.0 - mean_alarms) / (1.0 - HIGH))


def _average_precision(true_positive: Floats, false_positive: Floats) -> Floats:
    """Return each row's sum of recall steps times the precision there, without interpolation."""
    gained = np.diff(true_positive, axis=1)
    flagged = true_positive[:, 1:] + false_positive[:, 1:]
    # A resample may give the first scores no weight: nothing is flagged yet, nothing gained.
    precision = np.divide(
        true_positive[:, 1:], flagged, out=np.zeros_like(flagged), where=flagged > 0
    )
    return ratio(np.einsum("rk,rk->r", gained, precision), true_positive[:, -1])


def _highest(wanted: Floats, held: Floats) -> Floats:
    """Return each row's highest rate that a threshold reaches while the other rate is `HIGH`."""
    # Flagging everything or nothing always holds one of the two at 1, so each row has a threshold;
    # the tiny term forgives a weighted share of 0.9 its last digit.
    allowed = np.where(held >= HIGH - 1e-12, wanted, -np.inf)
    undefined = np.isnan(wanted).any(axis=1) | np.isnan(held).any(axis=1)
    return np.where(undefined, np.nan, allowed.max(axis=1))


def auc_statistic(labels: ArrayLike, scores: ArrayLike) -> Statistic:
    """Return the AUC as a figure of weighted cases.

    >>> auc_statistic([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.2])(np.ones((1, 4))).tolist()
    [0.75]
    """
    ranking = Ranking(labels, scores)
    return lambda weights: _area_under_roc(*ranking.flagged(weights))


def ranking_statistic(labels: ArrayLike, scores: ArrayLike) -> Statistic:
    """Return the figures of `RANKING_NAMES`, a column each, as a figure of weighted cases.

    Y. Jiang, C. E. Metz, R. M. Nishikawa (1996), Radiology 201:745-750 (partial AUC);
    K. Boyd, K. H. Eng, C. D. Page (2013), ECML PKDD, LNCS 8190:451-466 (average precision).

    >>> ranking_statistic([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])(np.ones((1, 4))).round(3).tolist()
    [[0.75, 0.5, 0.833, 0.5, 0.5]]
    """
    ranking = Ranking(labels, scores)

    def figures(weights: Floats) -> Floats:
        counts = ranking.flagged(weights)
        sensitivity, alarms = (ratio(count, count[:, -1:]) for count in counts)
        columns = (
            _area_under_roc(*counts),
            _partial_auc(sensitivity, alarms),
            _average_precision(*counts),
            _highest(sensitivity, 1.0 - alarms),
            _highest(1.0 - alarms, sensitivity),
        )
        return np.stack(columns, axis=1)

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

    References
    ----------
    J. A. Hanley, B. J. McNeil (1982), Radiology 143:29-36.

    Examples
    --------
    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    return float(_area_under_roc(*Ranking(labels, scores).flagged())[0])


def auc_interval(labels: ArrayLike, scores: ArrayLike, bootstrap: PatientBootstrap) -> Estimate:
    """Return the AUC with its percentile interval over patients.

    Wilson's at exactly 0 or 1 (see `widen_at_the_edge`), for the patients of the rarer class.

    >>> auc_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], PatientBootstrap(list("abcd"))).value
    0.75
    """
    resampled = bootstrap.distribution(auc_statistic(labels, scores))
    interval = percentile_interval(auc(labels, scores), resampled)
    return widen_at_the_edge(interval, rarer_patients(as_labels(labels), bootstrap.patient))


def stratified_auc(labels: Booleans, scores: Floats, strata: NDArray[np.int_]) -> Statistic:
    """Return the AUC over the pairs whose two cases lie in one stratum, as a figure of weights.

    Parameters
    ----------
    labels : bool (n,), True malignant
    scores : float64 (n,), higher is more suspicious
    strata : int (n,), the stratum of each case

    Examples
    --------
    >>> strata = np.array([0, 0, 1, 1])
    >>> malignant = np.array([False, True, False, True])
    >>> stratified_auc(malignant, np.array([0.1, 0.2, 0.8, 0.9]), strata)(np.ones((1, 4)))[0]
    np.float64(1.0)
    """
    parts = [
        (chosen, auc_statistic(labels[chosen], scores[chosen]))
        for chosen in (strata == number for number in np.unique(strata))
    ]

    def figure(weights: Floats) -> Floats:
        areas = np.array([statistic(weights[:, chosen]) for chosen, statistic in parts])
        malignant, benign = (
            np.array([weights[:, chosen & these].sum(axis=1) for chosen, _ in parts])
            for these in (labels, ~labels)
        )
        pairs = malignant * benign
        total, weight = np.nansum(areas * pairs, axis=0), pairs.sum(axis=0)
        unknown = np.full(weight.shape, np.nan)
        return np.asarray(np.divide(total, weight, out=unknown, where=weight > 0))

    return figure


def rank_correlation(values: ArrayLike, scores: ArrayLike, patients: ArrayLike) -> Estimate:
    """Return Spearman's rank correlation with its percentile interval over patients.

    Parameters
    ----------
    values, scores : float (n,)
    patients : str or int (n,), whose case it is

    References
    ----------
    Spearman 1904, "The Proof and Measurement of Association between Two Things".

    Examples
    --------
    >>> rank_correlation([1, 2, 3, 4], [1, 4, 9, 16], list("abcd")).value
    1.0
    """
    import pandas as pd

    ranks = pd.DataFrame({"value": values, "score": scores}).rank().to_numpy(dtype=np.float64)
    x, y = ranks.T
    moments = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    drawn = _correlation(PatientBootstrap(patients).sums(moments))
    return percentile_interval(float(_correlation(moments.sum(axis=0))), drawn)


def _correlation(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Pearson's correlation from sums of 1, x, y, xx, yy, xy; NaN where one is constant."""
    n, x, y, xx, yy, xy = np.moveaxis(moments, -1, 0)
    with np.errstate(invalid="ignore"):
        return np.asarray((n * xy - x * y) / np.sqrt((n * xx - x * x) * (n * yy - y * y)))
