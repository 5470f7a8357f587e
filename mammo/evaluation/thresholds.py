"""Named thresholds on the calibrated p, chosen on out-of-fold scores of training patients.

`mammo.train` writes them to the model's card; nothing is chosen on the test set.

    named_thresholds(labels, p)["youden"]
"""

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import DataError
from mammo.evaluation.arithmetic import Floats
from mammo.evaluation.checks import as_labels, as_probabilities
from mammo.evaluation.ranking import Ranking

THRESHOLD_TITLES = {
    "youden": "Youden",
    "sensitivity_90": "sensitivity 90 %",
    "specificity_90": "specificity 90 %",
}
TARGET = 0.9


def named_thresholds(labels: ArrayLike, p: ArrayLike) -> dict[str, float]:
    """Return the thresholds that apps and cards offer by name; a case is flagged where p >= it.

    youden: the highest sensitivity + specificity - 1 (of equals, the more sensitive);
    sensitivity_90: the highest threshold with sensitivity >= 90 %;
    specificity_90: the lowest threshold with specificity >= 90 %.
    Each lies midway between two observed p, so that rounding in a file flips no case. No threshold
    leaves out a p of exactly 1: where benign cases have it, specificity_90 may end below 90 %.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant, both classes present
    p : float (n,), 0..1, calibrated, out-of-fold

    Returns
    -------
    dict of float, 0..1, keys `THRESHOLD_TITLES`

    Raises
    ------
    DataError
        Empty, one class only, another length, p NaN or outside 0..1.

    References
    ----------
    W. J. Youden (1950), Cancer 3:32-35.

    Examples
    --------
    >>> thresholds = named_thresholds([0, 0, 1, 0, 1], [0.1, 0.2, 0.4, 0.6, 0.8])
    >>> {name: round(value, 3) for name, value in thresholds.items()}
    {'youden': 0.3, 'sensitivity_90': 0.3, 'specificity_90': 0.7}
    """
    malignant = as_labels(labels)
    values = as_probabilities(p, malignant.size)
    if malignant.all() or not malignant.any():
        raise DataError(
            f"expected malignant and benign cases to choose thresholds on, received "
            f"{int(malignant.sum())} malignant and {int((~malignant).sum())} benign"
        )
    ranking = Ranking(malignant, values)
    true_positive, false_positive = (counts[0] for counts in ranking.flagged())
    sensitivity = true_positive / true_positive[-1]
    specificity = 1.0 - false_positive / false_positive[-1]
    cuts = _cuts(ranking.thresholds)
    gain = sensitivity + specificity
    return {
        # Cuts fall along the array: of equal gains the last is the most sensitive.
        "youden": float(cuts[np.flatnonzero(gain >= gain.max() - 1e-12)[-1]]),
        "sensitivity_90": float(cuts[np.argmax(sensitivity >= TARGET - 1e-12)]),
        "specificity_90": float(cuts[np.flatnonzero(specificity >= TARGET - 1e-12)[-1]]),
    }


def _cuts(falling: Floats) -> Floats:
    """Return k + 1 thresholds that flag nothing, the first distinct p, the first two, and so on."""
    neighbours = np.concatenate([[1.0], falling, [0.0]])
    return np.asarray((neighbours[1:] + neighbours[:-1]) / 2.0, dtype=np.float64)
