"""What counts as one case: a crop, a lesion (all its views) or a patient (all her lesions).

A lesion's probability is the sigmoid of the mean of its crops' logits; a patient's is that of her
most suspicious lesion. A lesion is malignant if any of its crops is labelled so, a patient if any
of her lesions is: three lesions of CBIS-DDSM carry both labels, one a view, and a biopsy that finds
cancer is not undone by the other view's entry.

    units = group_units("lesion", labels, patients, lesions)
    auc(units.labels, units.pool(p))
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.errors import SettingsError
from mammo.evaluation.arithmetic import Booleans, Floats, Integers, logit, sigmoid
from mammo.evaluation.checks import as_groups, as_labels, as_probabilities

Unit = Literal["crop", "lesion", "patient"]
UNITS: tuple[Unit, ...] = get_args(Unit)


@dataclass(frozen=True, eq=False)
class Units:
    """Hold the cases of one unit, u of them, and which of the n crops belong to each."""

    unit: Unit
    ids: NDArray[np.str_]
    labels: Booleans
    patients: NDArray[np.str_]
    members: Integers
    lesions: Integers

    def pool(self, p: ArrayLike) -> Floats:
        """Return the cases' probabilities from the crops'.

        Examples
        --------
        >>> units = group_units("lesion", [1, 1, 0], ["a", "a", "b"], ["a1", "a1", "b1"])
        >>> units.pool([0.2, 0.8, 0.3]).round(6).tolist()
        [0.5, 0.3]
        """
        crops = as_probabilities(p, self.members.size)
        if self.unit == "crop":
            return crops
        views = np.bincount(self.lesions)
        averaged = sigmoid(np.bincount(self.lesions, weights=logit(crops)) / views)
        return self.pool_highest(averaged[self.lesions])

    def pool_highest(self, values: ArrayLike) -> Floats:
        """Return the highest of each case's crops: for marks that have no logit, such as BI-RADS.

        Examples
        --------
        >>> units = group_units("patient", [1, 0, 0], ["a", "a", "b"], ["a1", "a2", "b1"])
        >>> units.pool_highest([4, 5, 2]).tolist()
        [5.0, 2.0]
        """
        highest = np.full(self.ids.size, -np.inf)
        np.maximum.at(highest, self.members, np.asarray(values, dtype=np.float64))
        return highest


def group_units(
    unit: Unit,
    labels: ArrayLike,
    patients: ArrayLike,
    lesions: ArrayLike,
    ids: ArrayLike | None = None,
) -> Units:
    """Group crops into cases; cases come in the order of their first crop.

    Parameters
    ----------
    unit : "crop", "lesion" or "patient"
    labels : bool or int (n,), 1 malignant
    patients : str or int (n,)
    lesions : str or int (n,), unique within a patient
    ids : str (n,), the crops' own names, or None to number them

    Returns
    -------
    Units

    Raises
    ------
    DataError
        Empty, another length, a missing name, labels other than 0 and 1.
    SettingsError
        Another unit.

    Examples
    --------
    >>> units = group_units("patient", [0, 1, 0], ["a", "a", "b"], ["a1", "a2", "b1"])
    >>> units.ids.tolist(), units.labels.tolist(), units.members.tolist()
    (['a', 'b'], [True, False], [0, 0, 1])
    """
    malignant = as_labels(labels)
    n = malignant.size
    owners = as_groups(patients, n, "patient")
    within = _lesion_names(owners, as_groups(lesions, n, "lesion"))
    crops = np.arange(n).astype(str) if ids is None else as_groups(ids, n, "crop")
    names = {"crop": crops, "lesion": within, "patient": owners}.get(unit)
    if names is None:
        raise SettingsError(f"expected the unit 'crop', 'lesion' or 'patient', received {unit!r}")
    if unit == "crop":
        first, members = np.arange(n), np.arange(n, dtype=np.int64)
    else:
        first, members = _in_order(names)
    any_malignant = np.bincount(members, weights=malignant) > 0
    lesion = _in_order(within)[1]
    return Units(unit, names[first], any_malignant, owners[first], members, lesion)


def _lesion_names(owners: NDArray[np.str_], lesions: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return names that are unique over patients: another hospital may number lesions 1, 2, 3."""
    pairs = {(lesion, owner) for lesion, owner in zip(lesions, owners, strict=True)}
    if len(pairs) == np.unique(lesions).size:
        return lesions
    return np.array([f"{o} {name}" for o, name in zip(owners, lesions, strict=True)])


def _in_order(names: NDArray[np.str_]) -> tuple[NDArray[np.intp], Integers]:
    """Return each name's first row and each row's name number, in order of first appearance."""
    _, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    return first[order], place[inverse].astype(np.int64)
