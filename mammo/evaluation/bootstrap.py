"""Intervals by resampling patients with all their crops, for thousands of resamples at once.

A resample of patients is a row of weights (how often each was drawn), so that one vectorised call
gives a figure for all resamples, and two figures under the same draws are paired:

    bootstrap = PatientBootstrap(patients)
    bootstrap.interval(auc_statistic(labels, p))
"""

from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.errors import DataError, SettingsError
from mammo.evaluation.arithmetic import Booleans, Floats, as_confidence, as_groups, ratio
from mammo.evaluation.ranking import (
    Ranking,
    area_under_roc,
    mean_precision,
    specificity_at_high_sensitivity,
)
from mammo.text import Estimate

CONFIDENCE = 0.95
_ROUNDING = 1e-12


def normal_quantile(share: float) -> float:
    """Return the standard normal quantile.

    Examples
    --------
    >>> round(normal_quantile(0.975), 3)
    1.96
    """
    return NormalDist().inv_cdf(share)


def normal_share(quantile: float) -> float:
    """Return the share of a standard normal at or below a quantile.

    Examples
    --------
    >>> normal_share(0.0)
    0.5
    """
    return NormalDist().cdf(quantile)


def wilson(successes: float, total: float, confidence: float = CONFIDENCE) -> Estimate:
    """Return a proportion with Wilson's score interval; no total gives NaN.

    centre = (k + z^2 / 2) / (n + z^2);  half = z / (n + z^2) sqrt(k (n - k) / n + z^2 / 4).
    Cases count as independent: several crops of one patient need the patient bootstrap.

    Parameters
    ----------
    successes : float, 0..total
    total : float, 0 or more
    confidence : float, above 0 and below 1

    Returns
    -------
    Estimate, 0..1

    Raises
    ------
    DataError
        More successes than cases, or a negative count.

    References
    ----------
    E. B. Wilson (1927), J. Am. Stat. Assoc. 22:209-212.

    Examples
    --------
    >>> share = wilson(8, 10)
    >>> share.value, round(share.low, 3), round(share.high, 3)
    (0.8, 0.49, 0.943)
    """
    if not 0 <= successes <= total:
        raise DataError(f"expected 0 <= successes <= total, received {successes} of {total}")
    z = normal_quantile(0.5 + as_confidence(confidence) / 2.0)
    if total == 0:
        return Estimate(float("nan"), float("nan"), float("nan"))
    centre = (successes + z**2 / 2.0) / (total + z**2)
    spread = successes * (total - successes) / total + z**2 / 4.0
    half = z / (total + z**2) * spread**0.5
    # Rounding would leave 1e-17 instead of 0 where nothing (or everything) succeeded.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == total else centre + half
    return Estimate(successes / total, low, high)


def varied(low: ArrayLike, high: ArrayLike) -> tuple[Floats, Floats]:
    """Return the ends of intervals, NaN where they are equal but for rounding.

    Examples
    --------
    >>> [ends.tolist() for ends in varied([0.1, 1.0, np.inf], [0.2, 1.0 + 1e-15, np.inf])]
    [[0.1, nan, nan], [0.2, nan, nan]]
    """
    low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        wide = high - low > _ROUNDING * np.fmax(1.0, np.abs(low))
    return np.where(wide, low, np.nan), np.where(wide, high, np.nan)


Statistic = Callable[[Floats], Floats]
"""A figure of weighted cases: weights float64 (r, n) -> figures float64 (r,) or (r, k)."""

Weights = NDArray[np.uint8]

RESAMPLES = 2_000
SEED = 20_261_122
_CELLS = 250_000  # weights at a time, which stay in the processor's cache and bound the memory


class PatientBootstrap:
    """Draws of patients with replacement, the same for every figure.

    Parameters
    ----------
    patients : str or int (n,), whose case it is
    resamples : int, 100 or more
    seed : int

    Attributes
    ----------
    draws : uint8 (resamples, patients), how often each patient was drawn
    patient : int64 (n,), whose case it is, by the place among `draws`
    sample : float64 (1, n), the weights of the sample itself: ones

    Raises
    ------
    DataError
        No patient, or a patient without a name.
    SettingsError
        Fewer than 100 resamples.

    References
    ----------
    B. Efron, R. J. Tibshirani (1993), An Introduction to the Bootstrap, chapters 8, 13, 14;
    C. A. Field, A. H. Welsh (2007), J. R. Stat. Soc. B 69:369-390 (clusters).

    Examples
    --------
    >>> bootstrap = PatientBootstrap(["P_1", "P_1", "P_2"], resamples=100)
    >>> bootstrap.draws.shape, set(bootstrap.draws.sum(axis=1).tolist())
    ((100, 2), {2})
    """

    def __init__(
        self, patients: ArrayLike, *, resamples: int = RESAMPLES, seed: int = SEED
    ) -> None:
        if resamples < 100:
            raise SettingsError(f"expected at least 100 resamples, received {resamples}")
        names = np.asarray(patients, dtype=object)
        if names.size == 0:
            raise DataError("no case to resample: expected at least one patient, received none")
        _, self.patient = np.unique(as_groups(names, names.size, "patient"), return_inverse=True)
        self.draws = _draws(int(self.patient.max()) + 1, resamples, seed)
        self.sample: Floats = np.ones((1, names.size))

    def distribution(self, statistic: Statistic) -> Floats:
        """Return the figure under every resample.

        Parameters
        ----------
        statistic : Statistic over the n cases

        Returns
        -------
        float64 (resamples,) or (resamples, k)
        """
        return self._figures(self.draws, statistic)

    def sums(self, values: Floats) -> Floats:
        """Return the weighted sum over cases of each column, under every resample.

        Counts at a threshold need no more than this, and it costs a thousandth of `distribution`.

        Parameters
        ----------
        values : float64 (n, k)

        Returns
        -------
        float64 (resamples, k)
        """
        by_patient = np.zeros((self.draws.shape[1], values.shape[1]))
        np.add.at(by_patient, self.patient, values)
        parts = [draws.astype(np.float64) @ by_patient for draws in self._blocks(self.draws)]
        return np.concatenate(parts)

    def patients_among(self, chosen: Booleans) -> int:
        """Return how many patients the chosen cases, bool (n,), belong to."""
        return int(np.unique(self.patient[chosen]).size)

    def interval(
        self,
        statistic: Statistic,
        *,
        confidence: float = CONFIDENCE,
        method: Literal["percentile", "bca"] = "percentile",
    ) -> Estimate:
        """Return a figure of the sample with its interval over patients.

        Parameters
        ----------
        statistic : Statistic over the n cases, one figure a resample
        confidence : float, above 0 and below 1
        method : "percentile", or "bca" (bias-corrected and accelerated)

        Returns
        -------
        Estimate; see `percentile_interval` for undefined figures

        Raises
        ------
        SettingsError
            Another method.

        Examples
        --------
        >>> cases = PatientBootstrap(["a", "b", "c", "d"])
        >>> cases.interval(auc_statistic([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8]))
        Estimate(value=1.0, low=nan, high=nan)
        """
        value = float(statistic(self.sample)[0])
        distribution = self.distribution(statistic)
        if method == "percentile":
            return percentile_interval(value, distribution, confidence)
        if method == "bca":
            left_out = 1 - np.eye(self.draws.shape[1], dtype=np.uint8)
            without_each = self._figures(left_out, statistic)
            return _bca_interval(value, distribution, without_each, confidence)
        raise SettingsError(f"expected the method 'percentile' or 'bca', received {method!r}")

    def _figures(self, patient_weights: Weights, statistic: Statistic) -> Floats:
        blocks = self._blocks(patient_weights)
        parts = [statistic(block[:, self.patient].astype(np.float64)) for block in blocks]
        return np.concatenate(parts)

    def _blocks(self, rows: Weights) -> Iterator[Weights]:
        step = max(1, _CELLS // self.patient.size)
        return (rows[start : start + step] for start in range(0, len(rows), step))


def _draws(patients: int, resamples: int, seed: int) -> Weights:
    generator = np.random.default_rng(seed)
    draws = np.empty((resamples, patients), dtype=np.uint8)
    step = max(1, _CELLS // patients)
    for start in range(0, resamples, step):
        block = draws[start : start + step]
        cells = generator.integers(patients, size=block.shape)
        cells += patients * np.arange(len(block))[:, np.newaxis]
        # More than 255 draws of one patient would not fit, and do not happen: below 1e-500.
        block[:] = np.bincount(cells.ravel(), minlength=block.size).reshape(block.shape)
    return draws


def percentile_ends(distribution: Floats, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """Return the percentile ends of each column.

    Examples
    --------
    >>> low, high = percentile_ends(np.arange(1000.0))
    >>> float(low), float(high)
    (25.0, 974.0)
    """
    tail = (1.0 - as_confidence(confidence)) / 2.0
    return varied(_quantile(distribution, tail), _quantile(distribution, 1.0 - tail))


def _quantile(distribution: Floats, share: float) -> Floats:
    rising = np.sort(distribution, axis=0)  # NaN sorts to the end
    defined = np.count_nonzero(~np.isnan(rising), axis=0)
    # An order statistic, not an interpolation: a likelihood ratio may be infinite, and the two
    # tails leave out equally many resamples (the tiny term undoes rounding of share * defined).
    if share < 0.5:
        rank = np.floor(share * defined + 1e-9)
    else:
        rank = np.ceil(share * defined - 1e-9) - 1
    rank = np.clip(rank, 0, None).astype(np.int64)
    ends = np.take_along_axis(rising, rank[np.newaxis], axis=0)[0]
    return np.where(defined * 2 >= len(rising), ends, np.nan)


def percentile_interval(
    value: float, distribution: Floats, confidence: float = CONFIDENCE
) -> Estimate:
    """Return a figure with the percentile ends of its resamples.

    Resamples without the figure (NaN) are left out. The ends are NaN where these are over half,
    where the others do not vary, or where the figure itself is undefined.

    Parameters
    ----------
    value : float, the sample's figure
    distribution : float64 (resamples,)
    confidence : float, above 0 and below 1

    Returns
    -------
    Estimate

    Examples
    --------
    >>> percentile_interval(500.0, np.arange(1000.0))
    Estimate(value=500.0, low=25.0, high=974.0)
    """
    if np.isnan(value):
        return Estimate(float("nan"), float("nan"), float("nan"))
    low, high = percentile_ends(distribution, confidence)
    return Estimate(value, float(low), float(high))


def _bca_interval(
    value: float, distribution: Floats, without_each: Floats, confidence: float
) -> Estimate:
    """Shift the percentiles for bias and skewness (Efron and Tibshirani, equation 14.9)."""
    defined = distribution[~np.isnan(distribution)]
    below = (np.mean(defined < value) + np.mean(defined <= value)) / 2.0 if defined.size else 0.0
    leaves = without_each[~np.isnan(without_each)]
    if np.isnan(value) or leaves.size < 3 or not 0.0 < below < 1.0:
        # No shift can be estimated (every resample on one side): the plain percentiles stand.
        return percentile_interval(value, distribution, confidence)
    bias = normal_quantile(float(below))
    lean = leaves.mean() - leaves
    skew = float(ratio((lean**3).sum(), 6.0 * (lean**2).sum() ** 1.5))
    acceleration = 0.0 if np.isnan(skew) else skew
    tail = (1.0 - as_confidence(confidence)) / 2.0
    ends = [_shifted(share, bias, acceleration) for share in (tail, 1.0 - tail)]
    low, high = varied(*(_quantile(distribution, share) for share in ends))
    return Estimate(value, float(low), float(high))


def _shifted(share: float, bias: float, acceleration: float) -> float:
    reach = bias + normal_quantile(share)
    return normal_share(bias + reach / (1.0 - acceleration * reach))


def auc_statistic(labels: ArrayLike, scores: ArrayLike) -> Statistic:
    """Return the AUC as a figure of weighted cases (see `mammo.evaluation.curves.auc`).

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
