"""Patient-grouped, stratified folds: how a model is judged on patients that it never saw.

All crops of a patient fall into one fold, and each fold holds about the same share of malignant
lesions. Rows drawn at random would put a lesion's other view into training, which flatters.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mammo.errors import DataError


def patient_folds(
    labels: NDArray[np.int_], patients: Sequence[str] | NDArray[np.object_], folds: int, seed: int
) -> NDArray[np.int_]:
    """Deal crops into folds so that no patient stands in two.

    Parameters
    ----------
    labels : int (n,), 0 benign, 1 malignant.
    patients : n patient identifiers.
    folds : int, at least 2.
    seed : int, the same seed deals the same folds.

    Returns
    -------
    int (n,), 0 to folds - 1: the fold in which each crop is held out.

    Raises
    ------
    DataError
        If a class has fewer patients than there are folds.

    References
    ----------
    scikit-learn, `sklearn.model_selection.StratifiedGroupKFold`.

    Examples
    --------
    >>> labels = np.array([0, 0, 1, 1, 0, 1])
    >>> fold = patient_folds(labels, ["a", "a", "b", "b", "c", "d"], folds=2, seed=1)
    >>> bool(fold[0] == fold[1] and fold[2] == fold[3])
    True
    """
    from sklearn.model_selection import StratifiedGroupKFold

    groups = np.asarray(patients, dtype=str)
    for label, name in ((0, "benign"), (1, "malignant")):
        count = len(np.unique(groups[labels == label]))
        if count < folds:
            raise DataError(
                f"{folds} folds need at least {folds} patients with a {name} lesion in training. "
                f"Received: {count}. Add patients or choose fewer folds."
            )
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    fold_of = np.empty(len(labels), dtype=int)
    for fold, (_, held_out) in enumerate(splitter.split(groups, labels, groups)):
        fold_of[held_out] = fold
    return fold_of


def row_folds(labels: NDArray[np.int_], folds: int, seed: int) -> NDArray[np.int_]:
    """Deal crops into folds row by row, as if no two were of one patient: the popular mistake.

    Only the lesson of the leak uses it (`python -m mammo.training.lessons leak`).

    Parameters
    ----------
    labels : int (n,), 0 benign, 1 malignant.
    folds : int, at least 2.
    seed : int, the same seed deals the same folds.

    Returns
    -------
    int (n,), 0 to folds - 1.

    References
    ----------
    scikit-learn, `sklearn.model_selection.StratifiedKFold`.
    """
    return patient_folds(labels, np.arange(len(labels)).astype(object), folds, seed)
