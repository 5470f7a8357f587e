"""McNemar's exact test: who has more of the cases that only one of two models gets right.

mcnemar(labels, p_cnn >= 0.5, p_mobilenet >= 0.4).p_value
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import DataError
from mammo.evaluation.checks import as_labels


@dataclass(frozen=True)
class McNemar:
    """Discordant counts and the two-sided p-value; NaN where no case is discordant."""

    only_first_right: int
    only_second_right: int
    p_value: float


def mcnemar(labels: ArrayLike, first_flagged: ArrayLike, second_flagged: ArrayLike) -> McNemar:
    """Test whether two sets of answers are right equally often on the same cases.

    Under the null hypothesis the smaller discordant count b of n is binomial(n, 1/2):
    p = min(1, 2 sum over i <= b of C(n, i) / 2^n). Cases count as independent.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    first_flagged, second_flagged : bool (n,), True where a model calls the case malignant

    Returns
    -------
    McNemar; p is NaN where the two never differ in being right, which leaves nothing to test

    Raises
    ------
    DataError
        Empty, another length, labels other than 0 and 1.

    References
    ----------
    Q. McNemar (1947), Psychometrika 12:153-157; exact form: A. Agresti (2002), Categorical Data
    Analysis, section 10.1.

    Examples
    --------
    >>> mcnemar([1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 1, 0])
    McNemar(only_first_right=2, only_second_right=0, p_value=0.5)
    """
    malignant = as_labels(labels)
    first, second = (np.asarray(flags, dtype=np.bool_) for flags in (first_flagged, second_flagged))
    if first.shape != malignant.shape or second.shape != malignant.shape:
        raise DataError(
            f"expected one answer a case of {malignant.size} from each model, received shapes "
            f"{first.shape} and {second.shape}"
        )
    first_right, second_right = first == malignant, second == malignant
    wins = int((first_right & ~second_right).sum())
    losses = int((~first_right & second_right).sum())
    return McNemar(wins, losses, _sign_test(wins, losses))


def _sign_test(wins: int, losses: int) -> float:
    n = wins + losses
    if n == 0:
        return float("nan")
    # Whole numbers throughout: 2^n has no float from n = 1,024 on, their quotient has.
    tail = sum(comb(n, count) for count in range(min(wins, losses) + 1))
    return min(1.0, float(2 * tail / 2**n))
