"""Are the probabilities real: Brier score and its parts, ECE, reliability curve, and Cox's line.

brier_decomposition(labels, p)
reliability_curve(labels, p)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import SettingsError
from mammo.evaluation.arithmetic import (
    Booleans,
    Floats,
    Integers,
    as_labels,
    as_probabilities,
    logit,
    ratio,
)
from mammo.evaluation.bootstrap import CONFIDENCE, wilson
from mammo.evaluation.calibration import fit_logistic
from mammo.text import Estimate

BINS = 10


def equal_mass_bins(p: ArrayLike, bins: int = BINS) -> Integers:
    """Return the bin of each case, of bins that hold equally many cases; equal p share a bin.

    Examples
    --------
    >>> equal_mass_bins([0.4, 0.1, 0.3, 0.2], 2).tolist()
    [1, 0, 1, 0]
    """
    if bins < 1:
        raise SettingsError(f"expected at least 1 bin, received {bins}")
    values = np.asarray(p, dtype=np.float64)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2.0)[inverse]
    return np.minimum(np.floor(bins * middle / values.size), bins - 1).astype(np.int64)


@dataclass(frozen=True)
class BrierDecomposition:
    """Hold brier = reliability - resolution + uncertainty + within_bins, to rounding."""

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within_bins: float


@dataclass(frozen=True)
class ReliabilityBin:
    """Hold one bin: how many cases, their mean p, and the share that was malignant (Wilson)."""

    n: int
    malignant: int
    mean_p: float
    lowest_p: float
    highest_p: float
    observed: Estimate


@dataclass(frozen=True)
class CalibrationLine:
    """Hold slope (1 is ideal), calibration in the large (0) and observed to expected ratio (1)."""

    slope: float
    in_the_large: float
    observed_to_expected: float


def brier_score(labels: ArrayLike, p: ArrayLike) -> float:
    """Return the mean of (p - label)^2.

    References
    ----------
    G. W. Brier (1950), Monthly Weather Review 78:1-3.

    Examples
    --------
    >>> round(brier_score([0, 1], [0.1, 0.7]), 3)
    0.05
    """
    malignant = as_labels(labels)
    return float(((as_probabilities(p, malignant.size) - malignant) ** 2).mean())


def expected_calibration_error(labels: ArrayLike, p: ArrayLike, bins: int = BINS) -> float:
    """Return the mean over cases of |share malignant - mean p| of the case's bin.

    Sampling noise alone makes it positive: about 0.05 for 378 perfectly calibrated cases.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    p : float (n,), 0..1
    bins : int, equal-mass bins

    Returns
    -------
    float, 0 (best)..1

    Raises
    ------
    DataError
        As `brier_score`.

    References
    ----------
    M. P. Naeini, G. F. Cooper, M. Hauskrecht (2015), AAAI, 2901-2907; equal mass: J. Nixon et al.
    (2019), CVPR workshops, 38-41.

    Examples
    --------
    >>> round(expected_calibration_error([0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8], bins=2), 3)
    0.25
    """
    malignant = as_labels(labels)
    values = as_probabilities(p, malignant.size)
    gap = _bin_sums(equal_mass_bins(values, bins), malignant - values, bins)
    return float(np.abs(gap).sum() / malignant.size)


def brier_decomposition(labels: ArrayLike, p: ArrayLike, bins: int = BINS) -> BrierDecomposition:
    """Split the Brier score over equal-mass bins.

    With n_k cases, mean p_k and malignant share o_k in bin k, and share o overall:
    reliability = sum n_k (p_k - o_k)^2 / n;  resolution = sum n_k (o_k - o)^2 / n;
    uncertainty = o (1 - o);  within_bins is what p's spread inside the bins adds.

    References
    ----------
    A. H. Murphy (1973), J. Applied Meteorology 12:595-600; D. B. Stephenson, C. A. S. Coelho,
    I. T. Jolliffe (2008), Weather and Forecasting 23:752-757 (within bins).

    Examples
    --------
    >>> parts = brier_decomposition([0, 0, 1, 1], [0.25, 0.25, 0.75, 0.75], bins=2)
    >>> parts.reliability, parts.resolution, parts.uncertainty, parts.within_bins
    (0.0625, 0.25, 0.25, 0.0)
    """
    malignant = as_labels(labels)
    values = as_probabilities(p, malignant.size)
    index = equal_mass_bins(values, bins)
    counts = _bin_sums(index, np.ones_like(values), bins)
    held = counts > 0
    counts = counts[held]
    observed = _bin_sums(index, malignant.astype(np.float64), bins)[held] / counts
    expected = _bin_sums(index, values, bins)[held] / counts
    share = float(malignant.mean())
    brier = float(((values - malignant) ** 2).mean())
    reliability = float((counts * (expected - observed) ** 2).sum() / malignant.size)
    resolution = float((counts * (observed - share) ** 2).sum() / malignant.size)
    uncertainty = share * (1.0 - share)
    within = brier - (reliability - resolution + uncertainty)
    return BrierDecomposition(brier, reliability, resolution, uncertainty, within)


def _bin_sums(index: Integers, values: Floats, bins: int) -> Floats:
    return np.asarray(np.bincount(index, weights=values, minlength=bins), dtype=np.float64)


def reliability_curve(
    labels: ArrayLike, p: ArrayLike, bins: int = BINS, confidence: float = CONFIDENCE
) -> tuple[ReliabilityBin, ...]:
    """Return, bin by bin, what was said and what came true; empty bins are left out.

    References
    ----------
    M. H. DeGroot, S. E. Fienberg (1983), The Statistician 32:12-22.

    Examples
    --------
    >>> [(one.n, one.malignant) for one in reliability_curve([0, 0, 1], [0.2, 0.3, 0.9], bins=3)]
    [(1, 0), (1, 0), (1, 1)]
    """
    malignant = as_labels(labels)
    values = as_probabilities(p, malignant.size)
    index = equal_mass_bins(values, bins)
    curve = []
    for one in np.unique(index):
        inside, found = values[index == one], int(malignant[index == one].sum())
        curve.append(
            ReliabilityBin(
                inside.size,
                found,
                float(inside.mean()),
                float(inside.min()),
                float(inside.max()),
                wilson(found, inside.size, confidence),
            )
        )
    return tuple(curve)


def calibration_line(labels: ArrayLike, p: ArrayLike) -> CalibrationLine:
    """Fit Cox's recalibration, which asks whether logit(p) needs another slope or a shift.

    References
    ----------
    D. R. Cox (1958), Biometrika 45:562-565; B. Van Calster et al. (2019), BMC Medicine 17:230.

    Examples
    --------
    >>> line = calibration_line([0, 1, 0, 1], [0.3, 0.3, 0.6, 0.6])
    >>> round(line.slope, 6), round(line.observed_to_expected, 3)
    (0.0, 1.111)
    """
    malignant = as_labels(labels)
    values = as_probabilities(p, malignant.size)
    expected = float(ratio(malignant.sum(), values.sum()))
    logits = logit(values)
    if _has_no_line(malignant, logits):
        return CalibrationLine(float("nan"), float("nan"), expected)
    targets, ones = malignant.astype(np.float64), np.ones((malignant.size, 1))
    slope = fit_logistic(targets, np.column_stack([logits, ones]))[0]
    in_the_large = fit_logistic(targets, ones, logits)[0]
    return CalibrationLine(float(slope), float(in_the_large), expected)


def _has_no_line(malignant: Booleans, logits: Floats) -> bool:
    if malignant.all() or not malignant.any() or np.ptp(logits) == 0.0:
        return True
    found, quiet = logits[malignant], logits[~malignant]
    return bool(found.min() >= quiet.max() or quiet.min() >= found.max())
