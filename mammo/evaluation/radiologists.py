"""The radiologists' recorded BI-RADS assessment, read as a score on the same cases.

Order of suspicion: 1, 2, 3, 0, 4, 5. Assessment 0 means "incomplete: more pictures needed"; such a
woman is called back, so it stands above 3 (probably benign) and below 4 (biopsy). This order gives
the AUC of 0.832 on the official mass test. The biopsy point is 4 or 5. The readers knew more than
the crop: whole films of both breasts, often earlier ones, and some lesions' work-up.
"""

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import DataError
from mammo.evaluation.arithmetic import Booleans, Floats
from mammo.evaluation.checks import is_missing

ASSESSMENTS_BY_SUSPICION = (1, 2, 3, 0, 4, 5)
BIOPSY_SUSPICION = ASSESSMENTS_BY_SUSPICION.index(4)


def suspicion(assessments: ArrayLike) -> Floats:
    """Return BI-RADS assessments as ranks of suspicion, 0 (lowest) to 5.

    Parameters
    ----------
    assessments : int (n,), 0..5, or missing

    Returns
    -------
    float64 (n,), NaN where missing

    Raises
    ------
    DataError
        An assessment outside 0..5.

    References
    ----------
    American College of Radiology (2013), BI-RADS Atlas, 5th edition.

    Examples
    --------
    >>> suspicion([1, 3, 0, 4, 5, None]).tolist()
    [0.0, 2.0, 3.0, 4.0, 5.0, nan]
    """
    return np.array([_rank(value) for value in np.asarray(assessments, dtype=object)])


def _rank(value: object) -> float:
    if is_missing(value):
        return float("nan")
    try:
        category = float(str(value))
        return float(ASSESSMENTS_BY_SUSPICION.index(int(category) if category % 1 == 0 else -1))
    except ValueError:
        raise DataError(f"expected a BI-RADS assessment from 0 to 5, received {value!r}") from None


def biopsy(ranks: ArrayLike) -> Booleans:
    """Say which ranks of suspicion lead to biopsy: assessment 4 or 5.

    Parameters
    ----------
    ranks : float (n,), from `suspicion`, none missing

    Returns
    -------
    bool (n,)

    Examples
    --------
    >>> biopsy(suspicion([3, 0, 4])).tolist()
    [False, False, True]
    """
    return np.asarray(np.asarray(ranks, dtype=np.float64) >= BIOPSY_SUSPICION, dtype=np.bool_)
