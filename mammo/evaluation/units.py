"""What counts as one case: a crop, a lesion (all its views) or a patient (all her lesions).

A lesion's probability is the sigmoid of the mean of its crops' logits; a patient's is that of her
most suspicious lesion. A lesion is malignant if any of its crops is labelled so, a patient if any
of her lesions is: three lesions of CBIS-DDSM carry both labels, one a view, and a biopsy that finds
cancer is not undone by the other view's entry.

    units = group_units("lesion", labels, patients, lesions)
    auc(units.labels, units.pool(p))
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.errors import DataError, SettingsError
from mammo.evaluation.arithmetic import (
    Booleans,
    Floats,
    Integers,
    as_groups,
    as_labels,
    as_probabilities,
    is_missing,
    logit,
    sigmoid,
)
from mammo.evaluation.bootstrap import CONFIDENCE, RESAMPLES, SEED, PatientBootstrap
from mammo.evaluation.subgroups import Columns

Unit = Literal["crop", "lesion", "patient"]
UNITS: tuple[Unit, ...] = get_args(Unit)


@dataclass(frozen=True, eq=False)
class Units:
    """The cases of one unit, u of them, and which of the n crops belong to each."""

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


_DESCRIPTORS = (
    "breast_density",
    "view",
    "assessment",
    "subtlety",
    "mass_shape",
    "mass_margins",
    "pathology",
    "laterality",
)


@dataclass(frozen=True)
class EvaluatedModel:
    """A model to evaluate: its column name, its title and its thresholds.

    Attributes
    ----------
    name : str, such that `<name>_p` is a column
    title : str, to print
    thresholds : dict of float, 0..1, by name; empty to choose them on the training rows
    calibration : str, how p was calibrated, to print
    """

    name: str
    title: str
    thresholds: dict[str, float] = field(default_factory=dict)
    calibration: str = ""


@dataclass(frozen=True, eq=False)
class CropTable:
    """n crops: names and labels, each model's p (and raw score), and the descriptors."""

    ids: NDArray[np.str_]
    labels: Booleans
    patients: NDArray[np.str_]
    lesions: NDArray[np.str_]
    splits: NDArray[np.str_]
    p: dict[str, Floats]
    raw: dict[str, Floats]
    descriptors: dict[str, NDArray[np.object_]]

    def take(self, rows: Booleans) -> "CropTable":
        """Return the chosen crops, bool (n,)."""
        return CropTable(
            self.ids[rows],
            self.labels[rows],
            self.patients[rows],
            self.lesions[rows],
            self.splits[rows],
            {name: values[rows] for name, values in self.p.items()},
            {name: values[rows] for name, values in self.raw.items()},
            {name: values[rows] for name, values in self.descriptors.items()},
        )

    def units(self, unit: Unit) -> Units:
        """Return the crops grouped into cases."""
        return group_units(unit, self.labels, self.patients, self.lesions, self.ids)


def read_cases(
    cases: Columns, models: Sequence[EvaluatedModel]
) -> tuple[CropTable, tuple[str, ...]]:
    """Return the crops that every model scored, and notes of what was left out.

    Parameters
    ----------
    cases : columns of n crops: `label`, `patient_id`, `<model>_p`; optional `case_id`, `lesion_id`,
        `split`, `<model>_score` and the descriptors
    models : sequence of EvaluatedModel

    Returns
    -------
    CropTable, tuple of str

    Raises
    ------
    DataError
        A missing column, no crop with all scores, labels other than 0 and 1, p outside 0..1, a crop
        without a patient.

    Examples
    --------
    >>> columns = {"label": [0, 1], "patient_id": ["a", "b"], "cnn_p": [0.1, float("nan")]}
    >>> table, notes = read_cases(columns, [EvaluatedModel("cnn", "CNN")])
    >>> table.ids.tolist(), notes[0]
    (['0'], '1 of 2 crops have no score of CNN and are left out.')
    """
    labels = as_labels(_plain(_column(cases, "label")))
    n = labels.size
    p = {model.name: _numbers(_column(cases, f"{model.name}_p")) for model in models}
    scored, notes = _scored(p, models, n)
    lesions, lesion_notes = _lesions(cases, n)
    raw = {model.name: f"{model.name}_score" for model in models}
    table = CropTable(
        as_groups(_column(cases, "case_id") if "case_id" in cases else np.arange(n), n, "case_id"),
        labels,
        as_groups(_column(cases, "patient_id"), n, "patient_id"),
        lesions,
        np.array([str(value) for value in _column(cases, "split")])
        if "split" in cases
        else np.full(n, "external"),
        p,
        {name: _numbers(_column(cases, column)) for name, column in raw.items() if column in cases},
        {name: _column(cases, name) for name in _DESCRIPTORS if name in cases},
    ).take(scored)
    for values in table.p.values():
        as_probabilities(values, table.labels.size)
    return table, notes + lesion_notes


def _column(cases: Columns, name: str) -> NDArray[np.object_]:
    if name not in cases:
        raise DataError(
            f"expected a column {name!r} in the table of cases, received none: an evaluation needs "
            "label, patient_id and a <model>_p for each model"
        )
    return np.asarray(cases[name], dtype=object)


def _plain(column: NDArray[np.object_]) -> ArrayLike:
    missing = [row for row, value in enumerate(column) if is_missing(value)]
    if missing:
        raise DataError(f"expected a label in every row, received none in row {missing[0]}")
    return np.array(column.tolist())


def _numbers(column: NDArray[np.object_]) -> Floats:
    return np.array([np.nan if is_missing(value) else float(value) for value in column])


def _scored(
    p: dict[str, Floats], models: Sequence[EvaluatedModel], n: int
) -> tuple[Booleans, tuple[str, ...]]:
    scored = np.ones(n, dtype=np.bool_)
    notes = []
    for model in models:
        usable = np.isfinite(p[model.name])
        if not usable.any():
            raise DataError(f"no crop has a score of {model.title}: {model.name}_p is empty")
        if not usable.all():
            lost = int((~usable).sum())
            notes.append(f"{lost} of {n} crops have no score of {model.title} and are left out.")
        scored &= usable
    if not scored.any():
        raise DataError("no crop has a score of every model: evaluate the models one by one")
    return scored, tuple(notes)


def _lesions(cases: Columns, n: int) -> tuple[NDArray[np.str_], tuple[str, ...]]:
    if "lesion_id" in cases:
        return as_groups(_column(cases, "lesion_id"), n, "lesion_id"), ()
    return np.arange(n).astype(str), ("No lesion_id: each crop counts as a lesion of its own.",)


@dataclass(frozen=True)
class Counts:
    """How many cases (of the evaluation's unit) there are, and of what they are made."""

    cases: int
    malignant: int
    benign: int
    crops: int
    lesions: int
    patients: int


@dataclass(frozen=True)
class Plan:
    """What an evaluation was asked for."""

    models: tuple[EvaluatedModel, ...]
    unit: Unit = "crop"
    resamples: int = RESAMPLES
    seed: int = SEED
    confidence: float = CONFIDENCE


@dataclass(frozen=True, eq=False)
class Sample:
    """u cases with each model's p, float64 (u,), its raw score where known, and the draws."""

    crops: CropTable
    units: Units
    counts: Counts
    p: dict[str, Floats]
    raw: dict[str, Floats]
    bootstrap: PatientBootstrap


def draw_sample(crops: CropTable, plan: Plan) -> Sample:
    """Pool one crop or more to the plan's unit and draw its resamples of patients."""
    units = crops.units(plan.unit)
    malignant = int(units.labels.sum())
    counts = Counts(
        cases=units.labels.size,
        malignant=malignant,
        benign=units.labels.size - malignant,
        crops=crops.labels.size,
        lesions=int(np.unique(units.lesions).size),
        patients=int(np.unique(units.patients).size),
    )
    whole = {name: raw for name, raw in crops.raw.items() if np.isfinite(raw).all()}
    return Sample(
        crops,
        units,
        counts,
        {name: units.pool(p) for name, p in crops.p.items()},
        {name: units.pool(raw) for name, raw in whole.items()},
        PatientBootstrap(units.patients, resamples=plan.resamples, seed=plan.seed),
    )
