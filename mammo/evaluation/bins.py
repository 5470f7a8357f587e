"""Bins of probabilities that hold equally many cases, for reliability, ECE and Brier's parts."""

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import SettingsError
from mammo.evaluation.arithmetic import Integers

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
