"""The crops of a table of cases, checked and ready to be evaluated: ids, labels and scores.

Reads the columns of `artifacts/cases.csv`, from a DataFrame or a dict of arrays. Labels, patients
and one `<model>_p` suffice; without lesions each crop counts as one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.errors import DataError
from mammo.evaluation.arithmetic import Booleans, Floats
from mammo.evaluation.checks import as_groups, as_labels, as_probabilities, is_missing
from mammo.evaluation.subgroups import Columns
from mammo.evaluation.units import Unit, Units, group_units

_DESCRIPTORS = (
    "breast_density",
    "view",
    "assessment",
    "subtlety",
    "mass_shape",
    "mass_margins",
    "pathology",
)


@dataclass(frozen=True)
class EvaluatedModel:
    """Say which model to evaluate: its column name, its title and its thresholds.

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
    """Hold n crops: names and labels, each model's p (and raw score), and the descriptors."""

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


def find_models(names: Iterable[object]) -> tuple[EvaluatedModel, ...]:
    """Return the models whose `<name>_p` stands among the column names, titled by their names.

    Examples
    --------
    >>> [model.name for model in find_models(["label", "simple_cnn_p", "simple_cnn_score"])]
    ['simple_cnn']
    """
    columns = [str(name) for name in names]
    return tuple(
        EvaluatedModel(column.removesuffix("_p"), column.removesuffix("_p"))
        for column in columns
        if column.endswith("_p")
    )


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
