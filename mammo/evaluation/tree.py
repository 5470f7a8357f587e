"""An evaluation as a tree of plain values, for the page, the README, the cards and JSON alike."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from mammo.evaluation.curves import DecisionCurve
from mammo.evaluation.delong import McNemar, PairedDelong
from mammo.evaluation.operating import OperatingPoint
from mammo.evaluation.rates import ClassificationReport
from mammo.evaluation.reliability import BrierDecomposition, CalibrationLine, ReliabilityBin
from mammo.evaluation.units import Counts, Unit
from mammo.text import NO_INTERVAL, Estimate, estimate, number, p_value

SCHEMA = 1


@dataclass(frozen=True)
class CalibrationEvaluation:
    """Hold how real the probabilities are; the uncalibrated pair is NaN where no raw score is."""

    brier: BrierDecomposition
    line: CalibrationLine
    reliability: tuple[ReliabilityBin, ...]
    uncalibrated_brier: float
    uncalibrated_ece: float


@dataclass(frozen=True)
class ModelEvaluation:
    """Hold one model's figures."""

    name: str
    title: str
    metrics: dict[str, Estimate]
    auc_delong: Estimate
    points: dict[str, OperatingPoint]
    reports: dict[str, ClassificationReport]
    calibration: CalibrationEvaluation
    decision: DecisionCurve


@dataclass(frozen=True)
class Comparison:
    """Hold first minus second: over patients, by DeLong with and without clusters, by McNemar."""

    first: str
    second: str
    auc_difference: Estimate
    clustered_delong: PairedDelong
    delong: PairedDelong
    mcnemar: dict[str, McNemar]


@dataclass(frozen=True)
class RadiologistEvaluation:
    """Hold the recorded BI-RADS assessment as a score, on those cases that have one.

    `comparisons` are each model minus the radiologists, on the same cases.
    """

    counts: Counts
    auc: Estimate
    auc_delong: Estimate
    biopsy: OperatingPoint
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class SubgroupFigures:
    """Hold one model in one subgroup; sensitivity and specificity at the first named threshold."""

    auc: Estimate
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True)
class Subgroup:
    """Hold a subgroup; `note` says that it is small, or why it has no AUC."""

    variable: str
    level: str
    title: str
    counts: Counts
    note: str
    models: dict[str, SubgroupFigures]


@dataclass(frozen=True)
class SplitEvaluation:
    """Hold all figures of one split: "test", "out_of_fold" or "external"."""

    name: str
    title: str
    headline: str
    counts: Counts
    models: dict[str, ModelEvaluation]
    comparisons: tuple[Comparison, ...]
    radiologists: RadiologistEvaluation | None
    subgroups: tuple[Subgroup, ...]


@dataclass(frozen=True)
class Evaluation:
    """Hold all figures of all splits, and how they came about."""

    schema: int
    unit: Unit
    confidence: float
    resamples: int
    seed: int
    thresholds: dict[str, dict[str, float]]
    calibrations: dict[str, str]
    notes: tuple[str, ...]
    splits: dict[str, SplitEvaluation]


def as_json(value: object) -> object:
    """Return dataclasses, arrays and tuples as what JSON holds; NaN and infinity become null.

    Examples
    --------
    >>> as_json((Estimate(0.5, float("nan"), 1.0), np.array([1.0, np.inf])))
    [{'value': 0.5, 'low': None, 'high': 1.0}, [1.0, None]]
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: as_json(getattr(value, part.name)) for part in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): as_json(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        return as_json(value.tolist())
    if isinstance(value, (tuple, list)):
        return [as_json(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


NOUNS: dict[Unit, tuple[str, str]] = {
    "crop": ("crop", "crops"),
    "lesion": ("lesion", "lesions"),
    "patient": ("patient", "patients"),
}
SIGNIFICANT = 0.05


def headline(split: SplitEvaluation, unit: Unit, confidence: float) -> str:
    """Return the one sentence to quote: the AUCs, their difference, what chance can explain."""
    noun = NOUNS[unit][0]
    if split.counts.malignant == 0 or split.counts.benign == 0:
        only = "malignant" if split.counts.malignant else "benign"
        return f"Every {noun} here is {only}, so nothing can be said about telling the two apart."
    ranked = sorted(split.models.values(), key=lambda model: -model.metrics["auc"].value)
    opening = (
        f"Given one malignant and one benign {noun} of {split.title}, {ranked[0].title} gives the "
        f"malignant one the higher probability {_times(ranked[0])} in 100 (AUC "
        f"{_ends(ranked[0], f'{100 * confidence:g} % interval ')})"
    )
    if len(ranked) == 1:
        return f"{opening}."
    second = ranked[1]
    follow = f"{second.title} {_times(second)} (AUC {_ends(second)})"
    return f"{opening}, {follow}: {_verdict(split, ranked[0].name, second.name)}."


def _times(model: ModelEvaluation) -> str:
    return f"{round(100 * model.metrics['auc'].value)} times"


def _ends(model: ModelEvaluation, name: str = "") -> str:
    area = model.metrics["auc"]
    if math.isnan(area.low):
        return f"{number(area.value, 2)}, {NO_INTERVAL}"
    return f"{number(area.value, 2)}, {name}{number(area.low, 2)} to {number(area.high, 2)}"


def _verdict(split: SplitEvaluation, best: str, second: str) -> str:
    pair = next(one for one in split.comparisons if {one.first, one.second} == {best, second})
    p = pair.clustered_delong.p_value
    if math.isnan(p):
        says = "which these cases cannot test"
    elif p < SIGNIFICANT:
        says = "more than chance explains"
    else:
        says = "no more than chance can bring about"
    return f"a difference of {estimate(_turned(pair, best), 2)}, {says} (paired {p_value(p)})"


def _turned(pair: Comparison, best: str) -> Estimate:
    gap = pair.auc_difference
    return gap if pair.first == best else Estimate(-gap.value, -gap.high, -gap.low)
