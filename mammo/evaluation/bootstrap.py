"""Figures with their 95% intervals: by resampling patients with all their crops, and by Wilson.

A resample of patients is a row of weights (how often each was drawn), so that one vectorised call
gives a figure for all resamples, and two figures under the same draws are paired:

    resampled = PatientBootstrap(patients).distribution(auc_statistic(labels, p))
    percentile_interval(auc(labels, p), resampled)

Resampling what never fails cannot show that it might. A rate of exactly 0 or 1 therefore has
Wilson's interval for its patients, whatever follows from such a rate is widened with it, and any
other figure that no resample moves has no interval (NaN ends).
"""

from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.errors import DataError, SettingsError
from mammo.evaluation.arithmetic import Booleans, Floats, as_groups
from mammo.text import Estimate

Statistic = Callable[[Floats], Floats]
"""A figure of weighted cases: weights float64 (r, n) -> figures float64 (r,) or (r, k)."""

CONFIDENCE = 0.95
REACH = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2.0)
"""Standard errors that a normal interval reaches to each side."""
RESAMPLES = 2_000
SEED = 20_261_122
UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))
_CELLS = 250_000  # weights at a time, which stay in the processor's cache and bound the memory
_ROUNDING = 1e-12


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
    B. Efron, R. J. Tibshirani (1993), An Introduction to the Bootstrap, chapters 8, 13;
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
        """Return the figure under every resample, float64 (resamples,) or (resamples, k)."""
        blocks = (block[:, self.patient].astype(np.float64) for block in self._blocks())
        return np.concatenate([statistic(block) for block in blocks])

    def sums(self, values: Floats) -> Floats:
        """Return the weighted sum over cases of each column, under every resample.

        Counts at a threshold need no more than this, and it costs a thousandth of `distribution`.
        """
        by_patient = np.zeros((self.draws.shape[1], values.shape[1]))
        np.add.at(by_patient, self.patient, values)
        return np.concatenate([draws.astype(np.float64) @ by_patient for draws in self._blocks()])

    def mean(self, values: Floats) -> Estimate:
        """Return the mean of the cases' values, float64 (n,), with its interval."""
        totals = self.sums(np.column_stack([values, np.ones_like(values)]))
        return percentile_interval(float(values.mean()), totals[:, 0] / totals[:, 1])

    def patients_among(self, chosen: Booleans) -> int:
        """Return how many patients the chosen cases, bool (n,), belong to."""
        return int(np.unique(self.patient[chosen]).size)

    def _blocks(self) -> Iterator[NDArray[np.uint8]]:
        step = max(1, _CELLS // self.patient.size)
        return (self.draws[start : start + step] for start in range(0, len(self.draws), step))


def _draws(patients: int, resamples: int, seed: int) -> NDArray[np.uint8]:
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


def percentile_ends(distribution: Floats) -> tuple[Floats, Floats]:
    """Return the percentile ends of each column.

    >>> low, high = percentile_ends(np.arange(1000.0))
    >>> float(low), float(high)
    (25.0, 974.0)
    """
    rising = np.sort(distribution, axis=0)  # NaN sorts to the end
    defined = np.count_nonzero(~np.isnan(rising), axis=0)
    tail = (1.0 - CONFIDENCE) / 2.0
    # An order statistic, not an interpolation: a likelihood ratio may be infinite, and the two
    # tails leave out equally many resamples (the tiny term undoes rounding of share * defined).
    places = np.floor(tail * defined + 1e-9), np.ceil((1.0 - tail) * defined - 1e-9) - 1
    ends = (
        np.take_along_axis(rising, np.maximum(place, 0).astype(np.int64)[np.newaxis], axis=0)[0]
        for place in places
    )
    return _varied(*(np.where(defined * 2 >= len(rising), end, np.nan) for end in ends))


def _varied(low: ArrayLike, high: ArrayLike) -> tuple[Floats, Floats]:
    """Return the ends of intervals, NaN where they are equal but for rounding."""
    low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        wide = high - low > _ROUNDING * np.fmax(1.0, np.abs(low))
    return np.where(wide, low, np.nan), np.where(wide, high, np.nan)


def percentile_interval(value: float, distribution: Floats) -> Estimate:
    """Return a figure with the percentile ends of its resamples.

    Resamples without the figure (NaN) are left out. The ends are NaN where these are over half,
    where the others do not vary, or where the figure itself is undefined.

    Parameters
    ----------
    value : float, the sample's figure
    distribution : float64 (resamples,)

    Examples
    --------
    >>> percentile_interval(500.0, np.arange(1000.0))
    Estimate(value=500.0, low=25.0, high=974.0)
    """
    if np.isnan(value):
        return UNKNOWN
    return Estimate(value, *(float(end) for end in percentile_ends(distribution)))


def wilson(successes: float, total: float) -> Estimate:
    """Return a proportion with Wilson's score interval; no total gives NaN.

    centre = (k + z^2 / 2) / (n + z^2);  half = z / (n + z^2) sqrt(k (n - k) / n + z^2 / 4).
    Cases count as independent: several crops of one patient need the patient bootstrap.

    Parameters
    ----------
    successes : float, 0..total
    total : float, 0 or more

    References
    ----------
    E. B. Wilson (1927), J. Am. Stat. Assoc. 22:209-212.

    Examples
    --------
    >>> share = wilson(8, 10)
    >>> share.value, round(share.low, 3), round(share.high, 3)
    (0.8, 0.49, 0.943)
    """
    if total == 0:
        return UNKNOWN
    centre = (successes + REACH**2 / 2.0) / (total + REACH**2)
    spread = successes * (total - successes) / total + REACH**2 / 4.0
    half = REACH / (total + REACH**2) * spread**0.5
    # Rounding would leave 1e-17 instead of 0 where nothing (or everything) succeeded.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == total else centre + half
    return Estimate(successes / total, low, high)


def rarer_patients(malignant: Booleans, patients: NDArray[Any]) -> int:
    """Count the patients of the class that fewer patients have.

    Parameters
    ----------
    malignant : bool (n,)
    patients : (n,), whose case it is, by name or by number
    """
    return min(np.unique(patients[malignant]).size, np.unique(patients[~malignant]).size)


def widen_at_the_edge(interval: Estimate, patients: int) -> Estimate:
    """Return for a share of exactly 0 or 1 Wilson's interval for as many trials as it has patients.

    Parameters
    ----------
    interval : Estimate, 0..1; unchanged where its value lies inside or is NaN
    patients : int, whose cases the share counts

    References
    ----------
    J. A. Hanley, A. Lippman-Hand (1983), JAMA 249:1743-1745.

    Examples
    --------
    >>> round(widen_at_the_edge(Estimate(1.0, 1.0, 1.0), 10).low, 3)
    0.722
    """
    if interval.value not in (0.0, 1.0) or patients == 0:
        return interval
    return wilson(interval.value * patients, patients)


def difference_interval(first: Estimate, second: Estimate, resampled: Floats) -> Estimate:
    """Return first minus second with its percentile interval over the same resamples.

    Where one of the two is exactly 0 or 1, the ends of its interval widen the difference; where one
    has no interval, the difference has none.

    Parameters
    ----------
    first, second : Estimate, 0..1, as `widen_at_the_edge` returns them
    resampled : float64 (resamples,), first minus second under each resample

    Examples
    --------
    >>> perfect = widen_at_the_edge(Estimate(1.0, np.nan, np.nan), 6)
    >>> gap = difference_interval(perfect, perfect, np.zeros(1000))
    >>> gap.value, round(gap.low, 2), round(gap.high, 2)
    (0.0, -0.39, 0.39)
    """
    drawn = percentile_interval(first.value - second.value, resampled)
    reached = [end - second.value for end in edge_ends(first)]
    reached += [first.value - end for end in edge_ends(second)]
    return reaching(drawn, reached, first, second)


def reaching(drawn: Estimate, reached: list[float], *parts: Estimate) -> Estimate:
    """Return an interval widened to hold the figures that were reached."""
    unknown = any(np.isnan(part.low) and not np.isnan(part.value) for part in parts)
    if unknown or np.isnan(drawn.value):
        return Estimate(drawn.value, np.nan, np.nan)
    low, high = np.fmin.reduce([drawn.low, *reached]), np.fmax.reduce([drawn.high, *reached])
    return Estimate(drawn.value, *(float(end) for end in _varied(low, high)))


def edge_ends(rate: Estimate) -> tuple[float, ...]:
    """Return the ends of a rate of exactly 0 or 1, which resampling cannot move; else none."""
    return (rate.low, rate.high) if rate.value in (0.0, 1.0) else ()
