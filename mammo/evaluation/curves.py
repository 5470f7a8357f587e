"""The curves of a reader of the cases (a model, the radiologists), and what each threshold brings.

`Scores` keeps a reader's scores with the draws of patients and computes each curve once. A new
curve is a function here with a property of `Scores`, a figure in `mammo.plots.curves`, and a row in
the comparison page's table of curves.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.evaluation.arithmetic import Booleans, Floats, ratio
from mammo.evaluation.bootstrap import (
    PatientBootstrap,
    difference_interval,
    percentile_ends,
    percentile_interval,
    rarer_patients,
    widen_at_the_edge,
)
from mammo.evaluation.operating import OperatingPoint, point_of_flags
from mammo.evaluation.ranking import RANKING_NAMES, Ranking, ranking_statistic
from mammo.text import Estimate

THRESHOLDS = np.round(np.arange(0.0, 0.991, 0.01), 2)
GRID = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, eq=False)
class RocCurve:
    """Sensitivity against false positive rate, one point per distinct score and one for "none"."""

    false_positive_rate: Floats
    sensitivity: Floats
    thresholds: Floats


@dataclass(frozen=True, eq=False)
class RocBand:
    """Sensitivity and its pointwise interval on a grid of false positive rates, (g,)."""

    false_positive_rate: Floats
    sensitivity: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class PrecisionRecallCurve:
    """Precision (PPV) against recall (sensitivity), one point per distinct score, float64 (k,)."""

    recall: Floats
    precision: Floats
    thresholds: Floats


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """Net benefit (true positives per case) at each threshold, float64 (t,); "none" has 0."""

    thresholds: Floats
    model: Floats
    low: Floats
    high: Floats
    treat_all: Floats


@dataclass(frozen=True, eq=False)
class Scores:
    """One reader's scores of u cases, with the draws of their patients.

    Attributes
    ----------
    name : str
    labels : bool (u,), True for malignant
    patients : str (u,)
    suspicion : float64 (u,), higher is more suspicious; of a model 0..1
    bootstrap : PatientBootstrap over the u cases
    """

    name: str
    labels: Booleans
    patients: NDArray[np.str_]
    suspicion: Floats
    bootstrap: PatientBootstrap

    @cached_property
    def _resampled(self) -> Floats:
        """The figures of `RANKING_NAMES` of the sample, then under each resample, (r + 1, 5)."""
        statistic = ranking_statistic(self.labels, self.suspicion)
        sample = statistic(self.bootstrap.sample)
        return np.concatenate([sample, self.bootstrap.distribution(statistic)])

    @property
    def auc_resampled(self) -> Floats:
        """Return the AUC under each resample, for paired differences."""
        return self._resampled[1:, 0]

    @cached_property
    def ranking(self) -> dict[str, Estimate]:
        """Return the figures of `RANKING_NAMES`; one of exactly 0 or 1 has Wilson's interval."""
        classes = [self.bootstrap.patients_among(those) for those in (self.labels, ~self.labels)]
        patients = [rarer_patients(self.labels, self.patients)] * 3 + classes
        columns = zip(RANKING_NAMES, self._resampled.T, patients, strict=True)
        return {
            name: widen_at_the_edge(percentile_interval(float(column[0]), column[1:]), among)
            for name, column, among in columns
        }

    @property
    def auc(self) -> Estimate:
        """Return the AUC with its interval over patients."""
        return self.ranking["auc"]

    def auc_minus(self, other: "Scores") -> Estimate:
        """Return the difference in AUC from another reader of the same cases, paired by draw."""
        drawn = self.auc_resampled - other.auc_resampled
        return difference_interval(self.auc, other.auc, drawn)

    @cached_property
    def roc(self) -> RocCurve:
        """Return the ROC curve."""
        return roc_curve(self.labels, self.suspicion)

    @cached_property
    def roc_band(self) -> RocBand:
        """Return the interval around the ROC curve; the first time it takes a second."""
        return roc_band(self.labels, self.suspicion, self.bootstrap)

    @cached_property
    def precision_recall(self) -> PrecisionRecallCurve:
        """Return the precision-recall curve."""
        return precision_recall_curve(self.labels, self.suspicion)

    # One slider moves one reader: the others' intervals need not be counted again.
    @lru_cache(maxsize=64)  # noqa: B019 - an evaluation lives as long as the server
    def point(self, threshold: float, prevalence: float) -> OperatingPoint:
        """Return all that a threshold brings where `prevalence` are malignant; milliseconds."""
        return point_of_flags(
            self.labels,
            self.suspicion >= threshold,
            self.bootstrap,
            threshold=threshold,
            prevalences=(prevalence,),
        )


def roc_curve(labels: ArrayLike, scores: ArrayLike) -> RocCurve:
    """Return the empirical ROC curve; a case is flagged where its score >= threshold.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    scores : float (n,), higher is more suspicious

    Returns
    -------
    RocCurve, from (0, 0) to (1, 1)

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
    sensitivity, alarms = ranking.rates()
    return RocCurve(alarms[0], sensitivity[0], np.concatenate([[np.inf], ranking.thresholds]))


def roc_band(labels: Booleans, scores: Floats, bootstrap: PatientBootstrap) -> RocBand:
    """Return the curve on `GRID` with the interval of sensitivity, over resampled patients."""
    ranking = Ranking(labels, scores)

    def heights(weights: Floats) -> Floats:
        curves = zip(*ranking.rates(weights), strict=True)
        return np.stack([height(alarms, found) for found, alarms in curves])

    sensitivity = heights(bootstrap.sample)[0]
    low, high = percentile_ends(bootstrap.distribution(heights))
    patients = bootstrap.patients_among(labels)
    for place in np.flatnonzero(np.isnan(low) & ~np.isnan(sensitivity) & (GRID < 1.0)):
        point = Estimate(float(sensitivity[place]), np.nan, np.nan)
        widened = widen_at_the_edge(point, patients)
        low[place], high[place] = widened.low, widened.high
    # Where every case is flagged, every malignant one is: no estimate.
    everything = (GRID == 1.0) & ~np.isnan(sensitivity)
    low[everything] = high[everything] = 1.0
    return RocBand(GRID, sensitivity, low, high)


def height(alarms: Floats, found: Floats) -> Floats:
    """Return a curve's sensitivity at each false positive rate of `GRID`; NaN with one class.

    >>> height(np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0])).min().item()
    1.0
    """
    if np.isnan(alarms[-1]) or np.isnan(found[-1]):
        return np.full(GRID.size, np.nan)
    # At a vertical step the curve's upper end is what the test can do at that rate; np.interp
    # takes the last of equal abscissae for a point that lies on them.
    return np.interp(GRID, alarms, found)


def precision_recall_curve(labels: ArrayLike, scores: ArrayLike) -> PrecisionRecallCurve:
    """Return the empirical curve, without the invented point (recall 0, precision 1).

    J. Davis, M. Goadrich (2006), ICML, 233-240.
    """
    ranking = Ranking(labels, scores)
    true_positive, false_positive = (counts[0, 1:] for counts in ranking.flagged())
    return PrecisionRecallCurve(
        ratio(true_positive, true_positive[-1]),
        ratio(true_positive, true_positive + false_positive),
        ranking.thresholds,
    )


def decision_curve(labels: Booleans, p: Floats, bootstrap: PatientBootstrap) -> DecisionCurve:
    """Return net benefit over `THRESHOLDS`, beside flagging all and flagging none.

    True positives minus false positives weighed by the threshold's odds, per case:
    A. J. Vickers, E. B. Elkin (2006), Medical Decision Making 26:565-574.
    """
    odds = THRESHOLDS / (1.0 - THRESHOLDS)
    flagged, malignant = p[:, np.newaxis] >= THRESHOLDS, labels[:, np.newaxis]
    # What each case counts as: found and false alarm at each threshold, and one case.
    counted = np.hstack(
        [flagged & malignant, flagged & ~malignant, np.ones_like(malignant)], dtype=np.float64
    )

    def benefit(counts: Floats) -> Floats:
        found, alarms = counts[:, : odds.size], counts[:, odds.size : -1]
        return np.asarray((found - alarms * odds) / counts[:, -1:])

    everyone = (malignant.sum() - (~malignant).sum() * odds) / labels.size
    low, high = percentile_ends(benefit(bootstrap.sums(counted)))
    model = benefit(counted.sum(axis=0, keepdims=True))[0]
    return DecisionCurve(THRESHOLDS, model, low, high, everyone)
