"""Splits: folds that keep each patient together, and the search for leaks between splits.

Each fold holds about the same share of malignant lesions. Rows drawn at random would put a lesion's
other view into training, which inflates scores.

`load_crops` refuses a patient who stands in both splits. Harder to see: one film under two
patients' names, and the same picture under two names, turned or mirrored, rescaled or toned.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.data.table import read_pixels
from mammo.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def patient_folds(
    labels: NDArray[np.int_], patients: Sequence[str] | NDArray[np.object_], folds: int, seed: int
) -> NDArray[np.int_]:
    """Deal crops into folds so that no patient stands in two (`StratifiedGroupKFold`).

    Parameters
    ----------
    labels : int (n,), 0 benign, 1 malignant.
    patients : n patient identifiers.
    folds : int, at least 2 and at most the patients of either class, else a DataError.
    seed : int, the same seed deals the same folds.

    Returns
    -------
    int (n,), 0 to folds - 1: the fold in which each crop is held out.

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


def test_patients(
    labels: NDArray[np.int_], patients: NDArray[np.object_], share: float, seed: int
) -> set[str]:
    """Draw the patients of a test split: a share of those with and of those without a malignancy.

    The draw depends on the seed and the patients, not on the order of their crops.

    >>> patients = np.array(["a", "b", "c", "d", "d"], dtype=object)
    >>> len(test_patients(np.array([0, 0, 1, 1, 0]), patients, 0.5, seed=1))
    2
    """
    malignant = {str(patient) for patient in patients[labels == 1]}
    benign = {str(patient) for patient in patients} - malignant
    random, drawn = np.random.default_rng(seed), set[str]()
    for group in (sorted(malignant), sorted(benign)):
        drawn |= set(random.permutation(group)[: round(share * len(group))].tolist())
    return drawn


def row_folds(labels: NDArray[np.int_], folds: int, seed: int) -> NDArray[np.int_]:
    """Deal crops into folds row by row, as if no two were of one patient: the popular mistake.

    Only the lesson on leakage uses it (`python -m mammo.training.lessons leak`).
    """
    return patient_folds(labels, np.arange(len(labels)).astype(object), folds, seed)


SIDE = 16
"""Pictures are compared at 16 x 16 pixels, without their mean and scale."""
ALIKE = 0.97
"""Least correlation at that size to look closer."""
CLOSER_SIDE = 64
SAME = 0.985
"""Least correlation at 64 x 64 pixels of one picture seen twice. Two breasts' edges that happen to
lie alike reach 0.972 among the 498,204 pairs of the official mass crops."""
MOST_PAIRS = 200


@dataclass(frozen=True)
class Duplicate:
    """Two crops that look the same: row numbers, and their correlation at 64 x 64 pixels."""

    train_row: int
    test_row: int
    correlation: float
    turned: bool


@dataclass(frozen=True)
class LeakReport:
    """What a folder's splits share."""

    patients: tuple[str, ...]
    films: tuple[str, ...]
    duplicates: tuple[Duplicate, ...]
    compared: int


def find_leaks(table: "pd.DataFrame", crops: NDArray[np.uint8]) -> LeakReport:
    """Return what the training and the test rows of a table of `load_crops` share.

    `crops` are its pixels in its order, uint8 (n, S, S). Two are the same picture where they agree
    up to turning by quarters, mirroring and tone.
    """
    training = (table["split"] == "train").to_numpy()
    return LeakReport(
        shared_values(table, "patient_id"),
        shared_values(table, "film_series_uid"),
        _duplicates(crops, np.flatnonzero(training), np.flatnonzero(~training)),
        int(training.sum() * (~training).sum()),
    )


def small_crops(
    table: "pd.DataFrame", progress: Callable[[float], object] | None = None
) -> NDArray[np.uint8]:
    """Read a folder's crops, uint8 (n, 64, 64): no larger than they are compared, to fit in memory.

    `progress` is called with the share that is read, 0..1. Raises as `read_pixels`.
    """
    small = np.empty((len(table), CLOSER_SIDE, CLOSER_SIDE), dtype=np.uint8)
    for row in range(len(table)):
        crop = read_pixels(table.iloc[row : row + 1])[0]
        cv2.resize(crop, (CLOSER_SIDE,) * 2, dst=small[row], interpolation=cv2.INTER_AREA)
        if progress is not None:
            progress((row + 1) / len(table))
    return small


def _duplicates(
    crops: NDArray[np.uint8], training: NDArray[np.intp], test: NDArray[np.intp]
) -> tuple[Duplicate, ...]:
    """Return pairs of the same picture, most alike first, `MOST_PAIRS` at most."""
    small = _normalised(crops[training], SIDE)
    found: dict[tuple[int, int], Duplicate] = {}
    for turned, symmetric in enumerate(_symmetries(crops[test])):
        correlations = small @ _normalised(symmetric, SIDE).T
        for one, other in np.argwhere(correlations >= ALIKE):
            pair = int(training[one]), int(test[other])
            both = _normalised(np.stack([crops[pair[0]], symmetric[other]]), CLOSER_SIDE)
            closer = float(both[0] @ both[1])
            if closer >= SAME and (pair not in found or closer > found[pair].correlation):
                found[pair] = Duplicate(*pair, closer, turned > 0)
    return tuple(sorted(found.values(), key=lambda pair: -pair.correlation)[:MOST_PAIRS])


def shared_values(table: "pd.DataFrame", column: str) -> tuple[str, ...]:
    """Return what stands in a column of both training and test rows, sorted; missing ones apart.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"split": ["train", "test", "test"], "patient_id": ["a", "a", "b"]})
    >>> shared_values(rows, "patient_id")
    ('a',)
    """
    training, values = table["split"] == "train", table[column]
    both = set(values[training].dropna()) & set(values[~training].dropna())
    return tuple(sorted(map(str, both)))


def _symmetries(crops: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the pictures upright first, then in the seven other positions of a square."""
    mirrored = crops[:, :, ::-1]
    return [np.rot90(side, turns, axes=(1, 2)) for side in (crops, mirrored) for turns in range(4)]


def _normalised(crops: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Bring pictures to a side, zero mean and unit length, float32 (n, side * side)."""
    flat = np.empty((len(crops), side * side), dtype=np.float32)
    for row, crop in zip(flat, crops, strict=True):
        small = cv2.resize(np.ascontiguousarray(crop), (side, side), interpolation=cv2.INTER_AREA)
        row[:] = small.reshape(-1)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return flat
