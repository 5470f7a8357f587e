"""The curves of a reader of the cases (a model, the radiologists), and what each threshold brings.

`Scores` keeps a reader's scores with the draws of patients and computes each curve once. A new
curve is a function here with a property of `Scores`, a figure in `mammo.plots.curves`, and a row in
the comparison page's table of curves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.errors import SettingsError
from mammo.evaluation.arithmetic import (
    Booleans,
    Floats,
    as_labels,
    as_probabilities,
    as_share,
    ratio,
)
from mammo.evaluation.bootstrap import (
    CONFIDENCE,
    PatientBootstrap,
    percentile_ends,
    widen_at_the_edge,
)
from mammo.evaluation.operating import OperatingPoint, point_of_flags
from mammo.evaluation.ranking import Ranking
from mammo.text import Estimate

THRESHOLDS = np.round(np.arange(0.0, 0.991, 0.01), 2)


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
    auc : Estimate
    auc_resampled : float64 (resamples,)
    flagged : name of a threshold -> bool (u,)
    """

    name: str
    labels: Booleans
    patients: NDArray[np.str_]
    suspicion: Floats
    bootstrap: PatientBootstrap
    auc: Estimate
    auc_resampled: Floats
    flagged: Mapping[str, Booleans] = field(default_factory=dict)

    @cached_property
    def roc(self) -> "RocCurve":
        """Return the ROC curve."""
        return roc_curve(self.labels, self.suspicion)

    @cached_property
    def roc_band(self) -> "RocBand":
        """Return the interval around the ROC curve; the first time it takes a second."""
        return roc_band(self.labels, self.suspicion, self.bootstrap)

    @cached_property
    def precision_recall(self) -> "PrecisionRecallCurve":
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
    sensitivity, alarms = ranking.rates()
    return RocCurve(alarms[0], sensitivity[0], np.concatenate([[np.inf], ranking.thresholds]))


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
        curves = zip(*ranking.rates(weights), strict=True)
        return np.stack([_height(grid, alarms, found) for found, alarms in curves])

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


def precision_recall_curve(labels: ArrayLike, scores: ArrayLike) -> PrecisionRecallCurve:
    """Return the empirical curve, without the invented point (recall 0, precision 1).

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


def net_benefit(
    labels: ArrayLike, p: ArrayLike, threshold: float, prevalence: float | None = None
) -> float:
    """Return true positives minus false positives weighed by the threshold's odds, per case.

    References
    ----------
    A. J. Vickers, E. B. Elkin (2006), Medical Decision Making 26:565-574.

    Examples
    --------
    >>> net_benefit([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.2)
    0.4375
    """
    return float(decision_curve(labels, p, [threshold], prevalence=prevalence).model[0])


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
    grid = np.asarray(thresholds, dtype=np.float64)
    if not np.all((grid >= 0.0) & (grid < 1.0)):
        raise SettingsError(
            "expected thresholds from 0 up to below 1 (at 1 the odds are infinite), received "
            f"{grid.tolist()}"
        )
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
    share = as_share(prevalence, "prevalence")
    harm = ratio(alarms, benign) * (1.0 - share) * odds
    return np.asarray(ratio(found, malignant) * share - harm, np.float64)
