"""Probabilities from a network's logits, and how real they are.

Calibration is Platt's line or one temperature, whichever fits better. `mammo.train` fits it on
out-of-fold logits, and the model's card keeps it:

    choose_calibration(labels, logits, folds).probability(logits)

How real probabilities are: Brier score and its parts, ECE, reliability curve, and Cox's line.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import DataError
from mammo.evaluation.arithmetic import (
    Booleans,
    Floats,
    Integers,
    as_cases,
    as_labels,
    as_scores,
    logit,
    off_the_ends,
    ratio,
    sigmoid,
)
from mammo.evaluation.bootstrap import (
    PatientBootstrap,
    percentile_ends,
    percentile_interval,
    wilson,
)
from mammo.text import Estimate

BINS = 10
_STEPS = 100
# A network that learned nothing may run against its labels. A rising map must stay rising, or the
# calibrated order would contradict the network's own; this slope makes it all but constant.
SMALLEST_SLOPE = 1e-3


def fit_logistic(targets: Floats, columns: Floats, offset: Floats | float = 0.0) -> Floats:
    """Return the weights that maximise the binomial likelihood of the targets.

    P. McCullagh, J. A. Nelder (1989), Generalized Linear Models, section 4.4.
    """

    def cross_entropy(weights: Floats) -> float:
        logits = columns @ weights + offset
        return float((np.logaddexp(0.0, logits) - targets * logits).sum())

    weights = np.zeros(columns.shape[1])
    loss = cross_entropy(weights)
    for _ in range(_STEPS):
        p = sigmoid(columns @ weights + offset)
        slope = columns.T @ (p - targets)
        curvature = (columns.T * (p * (1.0 - p))) @ columns
        # The tiny ridge keeps equal logits (a flat direction) from a singular system.
        step = np.linalg.solve(curvature + 1e-10 * np.eye(weights.size), slope)
        for halving in range(40):
            better = cross_entropy(weights - step / 2**halving)
            if better <= loss:
                weights = weights - step / 2**halving
                break
        else:
            better = loss
        if loss - better < 1e-13 * max(1.0, abs(loss)):
            break
        loss = better
    return weights


@dataclass(frozen=True)
class Calibration:
    """Map a logit to a probability: sigmoid(slope * logit + intercept)."""

    method: Literal["platt", "temperature"]
    slope: float
    intercept: float

    def probability(self, logits: ArrayLike) -> Floats:
        """Return calibrated probabilities."""
        return sigmoid(self.slope * np.asarray(logits, dtype=np.float64) + self.intercept)


def log_loss(labels: ArrayLike, p: ArrayLike) -> float:
    """Return the mean of -log(probability given to what was true), p held off 0 and 1.

    I. J. Good (1952), J. R. Stat. Soc. B 14:107-114.
    """
    malignant, values = as_cases(labels, p)
    given = off_the_ends(values)
    return float(-np.log(np.where(malignant, given, 1.0 - given)).mean())


def fit_platt(labels: ArrayLike, logits: ArrayLike) -> Calibration:
    """Fit slope and intercept by maximum likelihood against Platt's smoothed targets.

    J. Platt (1999), Advances in Large Margin Classifiers, 61-74; H.-T. Lin, C.-J. Lin, R. C. Weng
    (2007), Machine Learning 68:267-276.
    """
    targets, values = _targets(labels, logits)
    slope, intercept = fit_logistic(targets, np.stack([values, np.ones_like(values)], axis=1))
    if slope < SMALLEST_SLOPE:
        slope = SMALLEST_SLOPE
        (intercept,) = fit_logistic(targets, np.ones((values.size, 1)), slope * values)
    return Calibration("platt", float(slope), float(intercept))


def fit_temperature(labels: ArrayLike, logits: ArrayLike) -> Calibration:
    """Fit the slope 1 / T by maximum likelihood, with no intercept, against the same targets.

    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), ICML, 1321-1330.
    """
    targets, values = _targets(labels, logits)
    (slope,) = fit_logistic(targets, values[:, np.newaxis])
    return Calibration("temperature", max(float(slope), SMALLEST_SLOPE), 0.0)


_FITS: dict[str, Callable[[ArrayLike, ArrayLike], Calibration]] = {
    "temperature": fit_temperature,
    "platt": fit_platt,
}


def choose_calibration(labels: ArrayLike, logits: ArrayLike, folds: ArrayLike) -> Calibration:
    """Choose Platt or temperature by log loss on folds that the fit did not see, and fit on all.

    Each fold is predicted by a calibration fitted on the other folds' logits. Folds must hold
    whole patients. Of equals, temperature wins (one figure fewer).

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant, both classes present outside every fold
    logits : float (n,), out-of-fold
    folds : int (n,), two folds or more

    Examples
    --------
    >>> labels, logits = [0, 1, 0, 1, 0, 1], [-3.0, 1.0, -2.0, 0.5, -2.5, -1.0]
    >>> choose_calibration(labels, logits, [0, 0, 1, 1, 2, 2]).method
    'platt'
    """
    malignant = as_labels(labels)
    values = as_scores(logits, malignant.size)
    losses = held_out_losses(malignant, values, np.asarray(folds))
    return _FITS[min(losses, key=losses.__getitem__)](malignant, values)


def held_out_losses(malignant: Booleans, logits: Floats, folds: Integers) -> dict[str, float]:
    """Return each method's log loss on folds that its fit did not see."""
    losses = {}
    for name, fit in _FITS.items():
        p = np.empty_like(logits)
        for fold in np.unique(folds):
            held = folds == fold
            p[held] = fit(malignant[~held], logits[~held]).probability(logits[held])
        losses[name] = log_loss(malignant, p)
    return losses


def _targets(labels: ArrayLike, logits: ArrayLike) -> tuple[Floats, Floats]:
    malignant = as_labels(labels)
    values = as_scores(logits, malignant.size)
    m = int(malignant.sum())
    n = malignant.size - m
    if min(m, n) == 0:
        raise DataError(
            f"expected malignant and benign cases to calibrate on, received {m} malignant and "
            f"{n} benign"
        )
    return np.where(malignant, (m + 1) / (m + 2), 1 / (n + 2)), values


@dataclass(frozen=True)
class ReliabilityBin:
    """One bin: how many cases, their mean p, and the share that was malignant (Wilson)."""

    n: int
    malignant: int
    mean_p: float
    lowest_p: float
    highest_p: float
    observed: Estimate


@dataclass(frozen=True)
class CalibrationEvaluation:
    """How real the probabilities are; the uncalibrated pair is NaN where no raw score is.

    `brier` holds its parts: brier = reliability - resolution + uncertainty + within_bins; `line`
    holds the slope (1 is ideal), in_the_large (0) and observed_to_expected (1).
    """

    brier: dict[str, float]
    line: dict[str, float]
    reliability: tuple[ReliabilityBin, ...]
    uncalibrated_brier: float
    uncalibrated_ece: float


def evaluate_calibration(
    malignant: Booleans, p: Floats, raw: Floats | None
) -> CalibrationEvaluation:
    """Return how real calibrated probabilities are, beside the raw ones where these are known."""
    return CalibrationEvaluation(
        brier_decomposition(malignant, p),
        calibration_line(malignant, p),
        reliability_curve(malignant, p),
        math.nan if raw is None else brier_score(malignant, raw),
        math.nan if raw is None else expected_calibration_error(malignant, raw),
    )


def equal_mass_bins(p: Floats) -> Integers:
    """Return the bin of each case, of bins that hold equally many cases; equal p share a bin."""
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2.0)[inverse]
    return np.minimum(np.floor(BINS * middle / p.size), BINS - 1).astype(np.int64)


def _bin_sums(index: Integers, values: Floats) -> Floats:
    return np.asarray(np.bincount(index, weights=values, minlength=BINS), dtype=np.float64)


def brier_score(labels: ArrayLike, p: ArrayLike) -> float:
    """Return the mean of (p - label)^2: G. W. Brier (1950), Monthly Weather Review 78:1-3."""
    malignant, values = as_cases(labels, p)
    return float(((values - malignant) ** 2).mean())


def brier_interval(malignant: Booleans, p: Floats, bootstrap: PatientBootstrap) -> Estimate:
    """Return the Brier score with its interval over patients."""
    return bootstrap.mean((p - malignant) ** 2)


def ece_interval(malignant: Booleans, p: Floats, bootstrap: PatientBootstrap) -> Estimate:
    """Return the expected calibration error with its interval over patients."""
    # The bins of the sample stand; only the weights in them change.
    inside = equal_mass_bins(p)[:, np.newaxis] == np.arange(BINS)
    gaps = inside * (malignant - p)[:, np.newaxis]
    totals = bootstrap.sums(np.column_stack([gaps, np.ones_like(p)]))
    value = float(np.abs(gaps.sum(axis=0)).sum() / p.size)
    resampled = np.abs(totals[:, :-1]).sum(axis=1) / totals[:, -1]
    low, high = percentile_ends(resampled - (resampled.mean() - value))
    return Estimate(value, *np.clip([low, high], 0.0, 1.0).tolist())


def expected_calibration_error(labels: ArrayLike, p: ArrayLike) -> float:
    """Return the mean over cases of |share malignant - mean p| of the case's equal-mass bin.

    Sampling noise alone makes it positive: about 0.05 for 378 perfectly calibrated cases.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    p : float (n,), 0..1

    Returns
    -------
    float, 0 (best)..1

    References
    ----------
    M. P. Naeini, G. F. Cooper, M. Hauskrecht (2015), AAAI, 2901-2907; equal mass: J. Nixon et al.
    (2019), CVPR workshops, 38-41.

    Examples
    --------
    >>> round(expected_calibration_error([0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8]), 3)
    0.25
    """
    malignant, values = as_cases(labels, p)
    gaps = _bin_sums(equal_mass_bins(values), malignant - values)
    return float(np.abs(gaps).sum() / malignant.size)


def brier_decomposition(malignant: Booleans, p: Floats) -> dict[str, float]:
    """Split the Brier score over equal-mass bins.

    With n_k cases, mean p_k and malignant share o_k in bin k, and share o overall:
    reliability = sum n_k (p_k - o_k)^2 / n;  resolution = sum n_k (o_k - o)^2 / n;
    uncertainty = o (1 - o);  within_bins is what p's spread inside the bins adds.

    A. H. Murphy (1973), J. Applied Meteorology 12:595-600; D. B. Stephenson, C. A. S. Coelho,
    I. T. Jolliffe (2008), Weather and Forecasting 23:752-757 (within bins).
    """
    index = equal_mass_bins(p)
    counts = np.bincount(index, minlength=BINS).astype(np.float64)
    held = counts > 0
    counts = counts[held]
    observed, expected = (
        _bin_sums(index, values)[held] / counts for values in (malignant.astype(np.float64), p)
    )
    share = float(malignant.mean())
    parts = {
        "brier": brier_score(malignant, p),
        "reliability": float((counts * (expected - observed) ** 2).sum() / p.size),
        "resolution": float((counts * (observed - share) ** 2).sum() / p.size),
        "uncertainty": share * (1.0 - share),
    }
    explained = parts["reliability"] - parts["resolution"] + parts["uncertainty"]
    return {**parts, "within_bins": parts["brier"] - explained}


def reliability_curve(malignant: Booleans, p: Floats) -> tuple[ReliabilityBin, ...]:
    """Return, bin by bin, what was said and what came true; empty bins are left out.

    M. H. DeGroot, S. E. Fienberg (1983), The Statistician 32:12-22.
    """
    index = equal_mass_bins(p)
    return tuple(
        ReliabilityBin(
            inside.size,
            found,
            float(inside.mean()),
            float(inside.min()),
            float(inside.max()),
            wilson(found, inside.size),
        )
        for one in np.unique(index)
        for inside, found in [(p[index == one], int(malignant[index == one].sum()))]
    )


def calibration_line(malignant: Booleans, p: Floats) -> dict[str, float]:
    """Fit Cox's recalibration, which asks whether logit(p) needs another slope or a shift.

    D. R. Cox (1958), Biometrika 45:562-565; B. Van Calster et al. (2019), BMC Medicine 17:230.
    """
    logits, slope, in_the_large = logit(p), math.nan, math.nan
    if not _has_no_line(malignant, logits):
        targets, ones = malignant.astype(np.float64), np.ones((malignant.size, 1))
        slope = float(fit_logistic(targets, np.column_stack([logits, ones]))[0])
        in_the_large = float(fit_logistic(targets, ones, logits)[0])
    expected = float(ratio(malignant.sum(), p.sum()))
    return {"slope": slope, "in_the_large": in_the_large, "observed_to_expected": expected}


def observed_to_expected(malignant: Booleans, p: Floats, bootstrap: PatientBootstrap) -> Estimate:
    """Return malignant cases observed per case expected (1 is best), by resampled patients."""
    found, expected = bootstrap.sums(np.column_stack([malignant, p])).T
    return percentile_interval(float(ratio(malignant.sum(), p.sum())), found / expected)


def _has_no_line(malignant: Booleans, logits: Floats) -> bool:
    if malignant.all() or not malignant.any() or np.ptp(logits) == 0.0:
        return True
    found, quiet = logits[malignant], logits[~malignant]
    return bool(found.min() >= quiet.max() or quiet.min() >= found.max())
