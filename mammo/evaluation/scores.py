"""The figures that a model is known by, each with its interval over patients.

`mammo.train` fills the model's card with them, `mammo.evaluate` prints them:

    headline_metrics(labels, p, patients, lesions, threshold, unit="lesion")["auc"]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.evaluation.arithmetic import Booleans, Floats, as_labels, as_probabilities
from mammo.evaluation.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    SEED,
    PatientBootstrap,
    percentile_ends,
    percentile_interval,
    rarer_patients,
    widen_at_the_edge,
)
from mammo.evaluation.operating import operating_point
from mammo.evaluation.ranking import (
    Ranking,
    auc_statistic,
    best_sensitivity,
    best_specificity,
    ranking_statistic,
)
from mammo.evaluation.reliability import BINS, equal_mass_bins
from mammo.evaluation.units import Unit, group_units
from mammo.text import Estimate

RANKING_NAMES = ("auc", "partial_auc", "average_precision")
SCORE_NAMES = (*RANKING_NAMES, "brier", "ece")
AT_NINETY_NAMES = ("sensitivity_at_specificity_90", "specificity_at_sensitivity_90")


@dataclass(frozen=True, eq=False)
class ScoreFigures:
    """The figures of `SCORE_NAMES`, and the AUC of every resample, for paired differences."""

    metrics: Mapping[str, Estimate]
    auc_resampled: Floats


def score_figures(
    labels: ArrayLike,
    p: ArrayLike,
    bootstrap: PatientBootstrap,
    confidence: float = CONFIDENCE,
) -> ScoreFigures:
    """Return the figures that need no threshold: AUC, partial AUC, average precision, Brier, ECE.

    Examples
    --------
    >>> cases = PatientBootstrap(["a", "b", "c", "d"])
    >>> figures = score_figures([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], cases)
    >>> figures.metrics["auc"].value, round(figures.metrics["brier"].value, 4)
    (0.75, 0.1581)
    """
    malignant = as_labels(labels)
    values = as_probabilities(p, malignant.size)
    statistic = ranking_statistic(malignant, values)
    sampled, resampled = statistic(bootstrap.sample)[0], bootstrap.distribution(statistic)
    rarer = [rarer_patients(malignant, bootstrap.patient)] * len(RANKING_NAMES)
    metrics = _intervals(RANKING_NAMES, sampled, resampled, rarer, confidence)
    metrics["brier"] = _brier(malignant, values, bootstrap, confidence)
    metrics["ece"] = _ece(malignant, values, bootstrap, confidence)
    return ScoreFigures(metrics, resampled[:, 0])


def _intervals(
    names: Sequence[str],
    sampled: Floats,
    resampled: Floats,
    patients: Sequence[int],
    confidence: float,
) -> dict[str, Estimate]:
    """Return each column's figure with its interval, widened where it is exactly 0 or 1."""
    columns = zip(names, sampled, resampled.T, patients, strict=True)
    return {
        name: widen_at_the_edge(
            percentile_interval(float(value), column, confidence), among, confidence
        )
        for name, value, column, among in columns
    }


def auc_interval(
    labels: ArrayLike,
    scores: ArrayLike,
    bootstrap: PatientBootstrap,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Return the AUC with its percentile interval over patients.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    scores : float (n,), higher is more suspicious
    bootstrap : PatientBootstrap over the n cases
    confidence : float, above 0 and below 1

    Returns
    -------
    Estimate; NaN with one class only; Wilson's at exactly 0 or 1 (see `widen_at_the_edge`), for
    the patients of the rarer class

    Raises
    ------
    DataError
        Empty, another length, labels other than 0 and 1, NaN or infinite scores.

    Examples
    --------
    >>> auc_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], PatientBootstrap(list("abcd"))).value
    0.75
    """
    malignant = as_labels(labels)
    interval = bootstrap.interval(auc_statistic(malignant, scores), confidence=confidence)
    return widen_at_the_edge(interval, rarer_patients(malignant, bootstrap.patient), confidence)


def at_ninety(
    labels: ArrayLike,
    p: ArrayLike,
    bootstrap: PatientBootstrap,
    confidence: float = CONFIDENCE,
) -> dict[str, Estimate]:
    """Return sensitivity at 90% specificity and specificity at 90% sensitivity.

    Examples
    --------
    >>> found = at_ninety([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], PatientBootstrap(list("abcd")))
    >>> found["sensitivity_at_specificity_90"].value, found["specificity_at_sensitivity_90"].value
    (0.5, 0.5)
    """
    malignant = as_labels(labels)
    ranking = Ranking(malignant, p)

    def statistic(weights: Floats) -> Floats:
        rates = ranking.rates(weights)
        return np.stack([best_sensitivity(*rates), best_specificity(*rates)], axis=1)

    sampled, resampled = statistic(bootstrap.sample)[0], bootstrap.distribution(statistic)
    patients = [bootstrap.patients_among(group) for group in (malignant, ~malignant)]
    return _intervals(AT_NINETY_NAMES, sampled, resampled, patients, confidence)


def _brier(
    malignant: Booleans, p: Floats, bootstrap: PatientBootstrap, confidence: float
) -> Estimate:
    squares = (p - malignant) ** 2
    totals = bootstrap.sums(np.column_stack([squares, np.ones_like(p)]))
    return percentile_interval(float(squares.mean()), totals[:, 0] / totals[:, 1], confidence)


def _ece(
    malignant: Booleans, p: Floats, bootstrap: PatientBootstrap, confidence: float
) -> Estimate:
    # The bins of the sample stand; only the weights in them change.
    inside = equal_mass_bins(p)[:, np.newaxis] == np.arange(BINS)
    gaps = inside * (malignant - p)[:, np.newaxis]
    totals = bootstrap.sums(np.column_stack([gaps, np.ones_like(p)]))
    value = float(np.abs(gaps.sum(axis=0)).sum() / p.size)
    resampled = np.abs(totals[:, :-1]).sum(axis=1) / totals[:, -1]
    low, high = percentile_ends(resampled - (resampled.mean() - value), confidence)
    return Estimate(value, *np.clip([low, high], 0.0, 1.0).tolist())


def headline_metrics(
    labels: ArrayLike,
    p: ArrayLike,
    patients: ArrayLike,
    lesions: ArrayLike,
    threshold: float,
    unit: Unit = "crop",
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    confidence: float = CONFIDENCE,
) -> dict[str, Estimate]:
    """Return a model's headline figures from its crops, counted by crop, lesion or patient.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant, a crop each
    p : float (n,), 0..1, calibrated
    patients, lesions : str or int (n,)
    threshold : float, 0..1
    unit : "crop", "lesion" or "patient"
    resamples : int, 100 or more
    seed : int
    confidence : float, above 0 and below 1

    Returns
    -------
    dict of Estimate, keys `SCORE_NAMES` (auc, partial_auc, average_precision, brier, ece) and
    `RATE_NAMES` (sensitivity, specificity, ppv, npv, accuracy, balanced_accuracy, f1,
    positive_likelihood_ratio, negative_likelihood_ratio)

    Raises
    ------
    DataError
        Empty, another length, a missing name, labels other than 0 and 1, p NaN or outside 0..1.
    SettingsError
        A setting outside its values.

    Examples
    --------
    >>> figures = headline_metrics(
    ...     [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], list("aabb"), list("abcd"), 0.3, "patient"
    ... )
    >>> figures["auc"].value, figures["accuracy"].value
    (1.0, 0.5)
    """
    units = group_units(unit, labels, patients, lesions)
    pooled = units.pool(p)
    bootstrap = PatientBootstrap(units.patients, resamples=resamples, seed=seed)
    figures = score_figures(units.labels, pooled, bootstrap, confidence)
    point = operating_point(units.labels, pooled, threshold, bootstrap, confidence=confidence)
    return {**figures.metrics, **point.rates}
