"""Agreement of two yes-or-no readers beyond chance: Cohen's kappa, with its interval over patients.

kappa = (agreement - agreement by chance) / (1 - agreement by chance). 1 is full agreement, 0 what
chance brings about, below 0 less than that.

J. Cohen (1960), Educational and Psychological Measurement 20:37-46.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.errors import DataError
from mammo.evaluation import PatientBootstrap
from mammo.evaluation.arithmetic import Floats, ratio
from mammo.evaluation.bootstrap import percentile_interval
from mammo.text import Estimate


def kappa(first: ArrayLike, second: ArrayLike, bootstrap: PatientBootstrap) -> Estimate:
    """Return Cohen's kappa of two sets of flags on the same cases.

    Examples
    --------
    >>> kappa([1, 1, 0, 0], [1, 0, 0, 0], PatientBootstrap(list("abcd"))).value
    0.5
    """
    one, two = (np.asarray(flags, dtype=np.bool_) for flags in (first, second))
    n = bootstrap.sample.shape[1]
    if one.shape != (n,) or two.shape != (n,):
        raise DataError(f"expected {n} flags a reader, received {one.shape} and {two.shape}")
    cells = np.column_stack([one & two, one & ~two, ~one & two, ~one & ~two]).astype(np.float64)
    return percentile_interval(
        float(_kappa(cells.sum(axis=0)[np.newaxis])[0]), _kappa(bootstrap.sums(cells))
    )


def _kappa(counts: Floats) -> NDArray[np.float64]:
    """Return kappa of counts (r, 4): both, only the first, only the second, neither."""
    both, only_first, only_second, neither = counts.T
    n = counts.sum(axis=1)
    agreed = (both + neither) / n
    both_flag = (both + only_first) * (both + only_second)
    neither_flags = (only_second + neither) * (only_first + neither)
    chance = (both_flag + neither_flags) / n**2
    return ratio(agreed - chance, 1.0 - chance)
