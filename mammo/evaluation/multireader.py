"""A class's figures when its readers and the cases are both samples.

The bootstrap of patients speaks of these readers on other cases. This test speaks of other readers
too: Obuchowski and Rockette's analysis of variance with Hillis' degrees of freedom.

    scores = [*ratings, p]                                    # r readers, then the model
    areas, covariance = auc_covariance(labels, scores, patients)
    random_readers(areas[:-1] - areas[-1], ...).p_value
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.evaluation.arithmetic import Floats
from mammo.evaluation.delong import auc_covariance
from mammo.text import Estimate

RANDOM_READERS = 4
RANDOM_PATIENTS = 20
"""From so many readers, and patients in each class, on the test is worth showing.

Simulated classes of 4 to 40 readers then err in 4 to 7 of 100 tests where 5 are meant.
"""
_NONE = float("nan")


@dataclass(frozen=True)
class RandomReaders:
    """Test of a mean over readers against 0; NaN where it cannot be tested.

    Attributes
    ----------
    mean : Estimate, with the 95% t interval
    t, df, p_value : float, two-sided
    """

    mean: Estimate
    t: float = _NONE
    df: float = _NONE
    p_value: float = _NONE


def random_readers(figures: ArrayLike, covariance: ArrayLike) -> RandomReaders:
    """Test the mean of one figure per reader against 0, with readers and cases as samples.

    With MS(R) the variance of the r figures and Cov2 the mean covariance of two readers' figures:
    V = MS(R) / r + max(Cov2, 0), t = mean / sqrt(V), df = (r - 1) (r V / MS(R))^2.
    Of differences between two conditions this equals the test of two treatments, where
    MS(R) = 2 MS(TR) and Cov2 is 2 (Cov2 - Cov3) of the single conditions.

    Parameters
    ----------
    figures : float (r,), for example a reader's AUC minus a model's on the same cases
    covariance : float (r, r), of the figures over samples of cases

    References
    ----------
    N. A. Obuchowski, H. E. Rockette (1995), Communications in Statistics - Simulation and
    Computation 24:285-308; S. L. Hillis (2007), Statistics in Medicine 26:596-619.

    Examples
    --------
    >>> test = random_readers([0.03, 0.05, 0.02, 0.1], 0.0002 * np.eye(4) + 0.0002)
    >>> round(test.mean.value, 3), round(test.df, 1), round(test.p_value, 3)
    (0.05, 8.0, 0.059)
    """
    from scipy.special import stdtr, stdtrit

    values = np.asarray(figures, dtype=np.float64)
    table = np.asarray(covariance, dtype=np.float64)
    r, mean = values.size, float(values.mean())
    unknown = RandomReaders(Estimate(mean, _NONE, _NONE))
    if r < 2 or not np.isfinite(table).all():
        return unknown
    among = float(values.var(ddof=1))
    shared = max(float(table.sum() - table.trace()) / (r * (r - 1)), 0.0)
    variance = among / r + shared
    if min(among, variance) <= 0.0:
        return unknown
    error, df = math.sqrt(variance), (r - 1) * (r * variance / among) ** 2
    t, reach = mean / error, float(stdtrit(df, 0.975)) * error
    interval = Estimate(mean, mean - reach, mean + reach)
    return RandomReaders(interval, t, df, 2.0 * float(stdtr(df, -abs(t))))


def readers_minus(
    labels: ArrayLike, first: Floats, second: Floats, patients: ArrayLike | None = None
) -> RandomReaders:
    """Test the mean over readers of one AUC minus another, with readers and cases as samples.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    first : float (r, n), a row per reader
    second : float (r, n), the same readers in another condition, or (1, n), a model
    patients : str or int (n,), or None for independent cases
    """
    areas, covariance = auc_covariance(labels, [*first, *second], patients)
    r = len(first)
    minus = np.eye(r) if len(second) == r else np.ones((r, 1))
    contrast = np.hstack([np.eye(r), -minus])
    return random_readers(contrast @ areas, contrast @ covariance @ contrast.T)
