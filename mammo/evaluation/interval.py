"""A figure with its interval, and Wilson's interval for a plain proportion.

Used by every other file of `mammo.evaluation`, by the model cards and by the pages.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import DataError
from mammo.evaluation.arithmetic import Floats
from mammo.evaluation.checks import as_confidence
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
