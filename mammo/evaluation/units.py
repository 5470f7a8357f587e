"""What counts as one case: a crop, a lesion (all its views) or a patient (all her lesions).

A lesion of one view has its crop's probability; one of more views has that of the mean of its
crops' logits, by the model's line for them. A patient has that of her most suspicious lesion. A
lesion is malignant if any of its crops is labelled so, a patient if any of her lesions is: three
lesions of CBIS-DDSM carry both labels, one a view, and a biopsy that finds cancer is not undone by
the other view's entry.

    units = group_units("lesion", labels, patients, lesions)
    auc(units.labels, units.pool(p))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

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
from mammo.evaluation.bootstrap import RESAMPLES, SEED, PatientBootstrap
from mammo.evaluation.curves import Scores

if TYPE_CHECKING:
    import pandas as pd

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

    @property
    def read_by_sets(self) -> Booleans:
        """Which cases conformal sets are for: every crop, a lesion of more views; no patient."""
        if self.unit == "lesion":
            return np.bincount(self.lesions) > 1
        return np.full(self.labels.size, self.unit == "crop")

    def pool(self, p: ArrayLike, line: tuple[float, float] = (1.0, 0.0)) -> Floats:
        """Return the cases' probabilities from the crops'.

        `line` is the slope and intercept for the mean logit of a lesion with more views than one.

        >>> units = group_units("lesion", [1, 1, 0], ["a", "a", "b"], ["a1", "a1", "b1"])
        >>> units.pool([0.2, 0.8, 0.3]).round(6).tolist()
        [0.5, 0.3]
        """
        crops = as_probabilities(p, self.members.size)
        if self.unit == "crop":
            return crops
        views = np.bincount(self.lesions)
        mean = np.bincount(self.lesions, weights=logit(crops)) / views
        averaged = sigmoid(np.where(views > 1, line[0] * mean + line[1], mean))
        return self.pool_highest(averaged[self.lesions])

    def pool_highest(self, values: ArrayLike) -> Floats:
        """Return the highest of each case's crops: for marks that have no logit, such as BI-RADS.

        >>> units = group_units("patient", [1, 0, 0], ["a", "a", "b"], ["a1", "a2", "b1"])
        >>> units.pool_highest([4, 5, 2]).tolist()
        [5.0, 2.0]
        """
        highest = np.full(self.ids.size, -np.inf)
        np.maximum.at(highest, self.members, np.asarray(values, dtype=np.float64))
        return highest


def has_two_views(cases: "pd.DataFrame") -> "pd.Series":
    """Return for each crop, by its row, whether its lesion has crops of two views, bool."""
    return cases.groupby(["patient_id", "lesion_id"])["view"].transform("nunique") == 2


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
    first, members = (np.arange(n), np.arange(n)) if unit == "crop" else _in_order(names)
    any_malignant = np.bincount(members, weights=malignant) > 0
    return Units(unit, names[first], any_malignant, owners[first], members, _in_order(within)[1])


def _lesion_names(owners: NDArray[np.str_], lesions: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return names that are unique over patients: another hospital may number lesions 1, 2, 3."""
    pairs = {(lesion, owner) for lesion, owner in zip(lesions, owners, strict=True)}
    if len(pairs) == np.unique(lesions).size:
        return lesions
    return np.array([f"{o} {name}" for o, name in zip(owners, lesions, strict=True)])


def _in_order(names: NDArray[np.str_]) -> tuple[Integers, Integers]:
    """Return each name's first row and each row's name number, in order of first appearance."""
    _, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return first[order], np.argsort(order)[inverse]


@dataclass(frozen=True)
class EvaluatedModel:
    """A model to evaluate: its column `<name>_p`, its title to print and its thresholds, 0..1.

    Without thresholds these are chosen on the training rows; `calibration` is printed only.
    `two_views` is the slope and intercept for lesions of more views than one; `bounds` those of
    `mammo.evaluation.conformal`, where known.
    """

    name: str
    title: str
    thresholds: dict[str, float] = field(default_factory=dict)
    calibration: str = ""
    two_views: tuple[float, float] = (1.0, 0.0)
    bounds: tuple[float, float] | None = None

    @classmethod
    def of_card(cls, card: Any, unit: Unit = "crop") -> "EvaluatedModel":
        """Return the model that a card (`mammo.artifacts.Card`) describes, for one unit."""
        form, pair = card, None if unit == "crop" else card.two_views
        calibrations, line = [card.calibration], (1.0, 0.0)
        if pair is not None:
            form, line = pair, (pair.calibration.slope, pair.calibration.intercept)
            calibrations.append(pair.calibration)
        words = "; two views: ".join(
            f"{one.method}, slope {one.slope:.4g}, intercept {one.intercept:.4g}; {one.fitted_on}"
            for one in calibrations
        )
        bounds = form.sets and (form.sets.malignant_from, form.sets.benign_up_to)
        return cls(card.name, card.title, dict(form.thresholds), words, line, bounds)


def read_cases(
    cases: "pd.DataFrame | Mapping[str, ArrayLike]", models: Sequence[EvaluatedModel]
) -> "tuple[pd.DataFrame, tuple[str, ...]]":
    """Return the crops that every model scored, checked, and notes of what was left out.

    Needs the columns `label`, `patient_id` and `<model>_p`; adds `case_id`, `lesion_id` and `split`
    where they are none. `<model>_score` and the descriptors may be there.

    >>> columns = {"label": [0, 1], "patient_id": ["a", "b"], "cnn_p": [0.1, float("nan")]}
    >>> table, notes = read_cases(columns, [EvaluatedModel("cnn", "CNN")])
    >>> table["case_id"].tolist(), notes[0]
    (['0'], '1 of 2 crops have no score of CNN and are left out.')
    """
    import pandas as pd

    table = pd.DataFrame({name: np.asarray(column) for name, column in cases.items()})
    for name in ("label", "patient_id", *(f"{model.name}_p" for model in models)):
        if name not in table:
            raise DataError(
                f"expected a column {name!r} in the table of cases, received none: an evaluation "
                "needs label, patient_id and a <model>_p for each model"
            )
    table["label"] = as_labels(_plain(table["label"]))
    n, notes = len(table), []
    for model in models:
        numbers = [f"{model.name}_{kind}" for kind in ("p", "score")]
        for column in table.columns.intersection(numbers):
            table[column] = [np.nan if is_missing(v) else float(v) for v in table[column]]
        usable = np.isfinite(table[numbers[0]])
        if not usable.any():
            raise DataError(f"no crop has a score of {model.title}: {numbers[0]} is empty")
        if not usable.all():
            lost = int((~usable).sum())
            notes.append(f"{lost} of {n} crops have no score of {model.title} and are left out.")
    if "lesion_id" not in table:
        notes.append("No lesion_id: each crop counts as a lesion of its own.")
    for name in ("case_id", "patient_id", "lesion_id"):
        table[name] = as_groups(table.get(name, np.arange(n)), n, name)
    table["split"] = [str(split) for split in table.get("split", ["external"] * n)]
    scores = table[[f"{model.name}_p" for model in models]]
    scored = table.loc[np.flatnonzero(np.isfinite(scores).all(axis=1))]
    if scored.empty:
        raise DataError("no crop has a score of every model: evaluate the models one by one")
    for model in models:
        as_probabilities(scored[f"{model.name}_p"], len(scored))
    return scored, tuple(notes)


def _plain(column: "pd.Series") -> ArrayLike:
    missing = [row for row, value in enumerate(column) if is_missing(value)]
    if missing:
        raise DataError(f"expected a label in every row, received none in row {missing[0]}")
    return np.array(column.tolist())


@dataclass(frozen=True)
class Counts:
    """How many cases (of the evaluation's unit) there are, and of what they are made."""

    cases: int
    malignant: int
    benign: int
    crops: int
    lesions: int
    patients: int


@dataclass(frozen=True, eq=False)
class Sample:
    """u cases with each model's p, float64 (u,), its raw score where known, and the draws.

    `crops` is the table of `read_cases`, a row a crop.
    """

    crops: "pd.DataFrame"
    units: Units
    counts: Counts
    p: dict[str, Floats]
    raw: dict[str, Floats]
    bootstrap: PatientBootstrap

    def scores(self, name: str, suspicion: Floats) -> Scores:
        """Return one reader's scores of the cases."""
        return Scores(name, self.units.labels, self.units.patients, suspicion, self.bootstrap)


def draw_sample(
    crops: "pd.DataFrame",
    models: Sequence[EvaluatedModel],
    unit: Unit = "crop",
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Sample:
    """Pool one crop or more to a unit and draw the resamples of patients."""
    columns = ("label", "patient_id", "lesion_id", "case_id")
    units = group_units(unit, *(crops[name] for name in columns))
    malignant = int(units.labels.sum())
    counts = Counts(
        cases=units.labels.size,
        malignant=malignant,
        benign=units.labels.size - malignant,
        crops=len(crops),
        lesions=int(units.lesions.max()) + 1,
        patients=int(np.unique(units.patients).size),
    )
    raw = {
        model.name: units.pool(crops[f"{model.name}_score"])
        for model in models
        if f"{model.name}_score" in crops and np.isfinite(crops[f"{model.name}_score"]).all()
    }
    return Sample(
        crops,
        units,
        counts,
        {model.name: units.pool(crops[f"{model.name}_p"], model.two_views) for model in models},
        raw,
        PatientBootstrap(units.patients, resamples=resamples, seed=seed),
    )
