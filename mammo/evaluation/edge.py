"""Intervals where a sample shows no variation: widened at 0 and 1, or not given.

Resampling what never fails cannot show that it might. A rate of exactly 0 or 1 therefore has
Wilson's interval for its patients, whatever follows from such a rate is widened with it, and any
other figure that no resample moves has no interval (NaN ends).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.evaluation.arithmetic import Booleans, Floats
from mammo.evaluation.bootstrap import CONFIDENCE, percentile_interval, varied, wilson
from mammo.text import Estimate


def rarer_patients(malignant: Booleans, patients: NDArray[Any]) -> int:
    """Count the patients of the class that fewer patients have.

    Parameters
    ----------
    malignant : bool (n,)
    patients : (n,), whose case it is, by name or by number

    Examples
    --------
    >>> rarer_patients(np.array([True, True, False]), np.array(["a", "a", "b"]))
    1
    """
    return min(np.unique(patients[malignant]).size, np.unique(patients[~malignant]).size)


def widen_at_the_edge(
    interval: Estimate, patients: int, confidence: float = CONFIDENCE
) -> Estimate:
    """Give a share of exactly 0 or 1 Wilson's interval for as many trials as it has patients.

    Resampling what never fails cannot show that it might: its interval would have no width.

    Parameters
    ----------
    interval : Estimate, 0..1
    patients : int, whose cases the share counts
    confidence : float, above 0 and below 1

    Returns
    -------
    Estimate, unchanged where its value lies inside 0..1 or is NaN

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
    return wilson(interval.value * patients, patients, confidence)


def difference_interval(
    first: Estimate, second: Estimate, resampled: Floats, confidence: float = CONFIDENCE
) -> Estimate:
    """Return first minus second with its percentile interval over the same resamples.

    Where one of the two is exactly 0 or 1, the ends of its interval widen the difference; where one
    has no interval, the difference has none.

    Parameters
    ----------
    first, second : Estimate, 0..1, as `widen_at_the_edge` returns them
    resampled : float64 (resamples,), first minus second under each resample
    confidence : float, above 0 and below 1

    Returns
    -------
    Estimate, -1..1

    Examples
    --------
    >>> perfect = widen_at_the_edge(Estimate(1.0, np.nan, np.nan), 6)
    >>> gap = difference_interval(perfect, perfect, np.zeros(1000))
    >>> gap.value, round(gap.low, 2), round(gap.high, 2)
    (0.0, -0.39, 0.39)
    """
    drawn = percentile_interval(first.value - second.value, resampled, confidence)
    reached = [end - second.value for end in edge_ends(first)]
    reached += [first.value - end for end in edge_ends(second)]
    return reaching(drawn, reached, first, second)


def reaching(drawn: Estimate, reached: list[float], *parts: Estimate) -> Estimate:
    """Return an interval widened to hold the figures that were reached."""
    unknown = any(np.isnan(part.low) and not np.isnan(part.value) for part in parts)
    if unknown or np.isnan(drawn.value):
        return Estimate(drawn.value, np.nan, np.nan)
    low, high = np.fmin.reduce([drawn.low, *reached]), np.fmax.reduce([drawn.high, *reached])
    return Estimate(drawn.value, *(float(end) for end in varied(low, high)))


def edge_ends(rate: Estimate) -> tuple[float, ...]:
    """Return the ends of a rate of exactly 0 or 1, which resampling cannot move; else none."""
    return (rate.low, rate.high) if rate.value in (0.0, 1.0) else ()
