"""The cases of a split or subgroup, pooled to the unit, with the draws that all figures share."""

from dataclasses import dataclass

import numpy as np

from mammo.evaluation.arithmetic import Floats
from mammo.evaluation.bootstrap import PatientBootstrap
from mammo.evaluation.cases import CropTable, EvaluatedModel
from mammo.evaluation.tree import Counts
from mammo.evaluation.units import Unit, Units


@dataclass(frozen=True)
class Plan:
    """Hold what an evaluation was asked for."""

    unit: Unit
    models: tuple[EvaluatedModel, ...]
    resamples: int
    seed: int
    confidence: float


@dataclass(frozen=True, eq=False)
class Sample:
    """Hold u cases with each model's p, float64 (u,), its raw score where known, and the draws."""

    units: Units
    counts: Counts
    p: dict[str, Floats]
    raw: dict[str, Floats]
    bootstrap: PatientBootstrap


def draw_sample(crops: CropTable, plan: Plan) -> Sample:
    """Pool crops to the plan's unit and draw its resamples of patients.

    Parameters
    ----------
    crops : CropTable, one crop or more
    plan : Plan

    Returns
    -------
    Sample
    """
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
        units,
        counts,
        {name: units.pool(p) for name, p in crops.p.items()},
        {name: units.pool(raw) for name, raw in whole.items()},
        PatientBootstrap(units.patients, resamples=plan.resamples, seed=plan.seed),
    )
