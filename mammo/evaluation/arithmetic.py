"""The small arithmetic that every figure shares: safe ratios, logits, sigmoids.

Used by all of `mammo.evaluation`. An undefined ratio (0 / 0) is NaN, never a numpy warning.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

# A probability of exactly 0 or 1 has no finite logit. Scores are stored with about seven digits, so
# anything nearer to 0 or 1 than this is rounding.
SMALLEST_PROBABILITY = 1e-7


def ratio(numerator: ArrayLike, denominator: ArrayLike) -> Floats:
    """Divide, with 0 / 0 as NaN and a positive number / 0 as infinity, without a warning.

    Parameters
    ----------
    numerator, denominator : float, any shapes that broadcast together

    Returns
    -------
    float64, the broadcast shape

    Examples
    --------
    >>> ratio([1, 0, 3], [2, 0, 0]).tolist()
    [0.5, nan, inf]
    """
    top = np.asarray(numerator, dtype=np.float64)
    bottom = np.asarray(denominator, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(top / bottom, dtype=np.float64)


def logit(p: ArrayLike) -> Floats:
    """Return log(p / (1 - p)), with p held `SMALLEST_PROBABILITY` away from 0 and 1.

    Examples
    --------
    >>> logit([0.5, 1.0]).round(2).tolist()
    [0.0, 16.12]
    """
    held = np.clip(
        np.asarray(p, dtype=np.float64), SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY
    )
    return np.asarray(np.log(held) - np.log1p(-held), dtype=np.float64)


def sigmoid(logits: ArrayLike) -> Floats:
    """Return 1 / (1 + exp(-logit)) without overflow.

    Examples
    --------
    >>> sigmoid([0.0, -1000.0, 1000.0]).tolist()
    [0.5, 0.0, 1.0]
    """
    half = np.asarray(logits, dtype=np.float64) / 2.0
    return np.asarray(0.5 * (1.0 + np.tanh(half)), dtype=np.float64)
