"""What an evaluation holds: every figure that page, card, README and command show, and its sample.

Fields without a `repr` are the arrays behind the figures: they stay out of JSON.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mammo.evaluation.arithmetic import Booleans
from mammo.evaluation.bootstrap import CONFIDENCE
from mammo.evaluation.calibration import CalibrationEvaluation
from mammo.evaluation.curves import DecisionCurve, Scores
from mammo.evaluation.delong import McNemar, PairedDelong
from mammo.evaluation.operating import OperatingPoint
from mammo.evaluation.units import Counts, Sample, Unit
from mammo.text import NO_INTERVAL, Estimate, estimate, number, p_value

SIGNIFICANT = 0.05
UNTESTED = "not testable on these cases"


@dataclass(frozen=True)
class ModelEvaluation:
    """One model's figures, and its scores with their curves.

    `sets` are the figures of its conformal sets, for crops and for lesions of two views.
    """

    name: str
    title: str
    metrics: dict[str, Estimate]
    auc_delong: Estimate
    points: dict[str, OperatingPoint]
    reports: dict[str, dict[str, Any]]
    calibration: CalibrationEvaluation
    decision: DecisionCurve
    sets: dict[str, Estimate]
    scores: Scores = field(repr=False)

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Return the named thresholds."""
        return {name: point.threshold for name, point in self.points.items()}

    def flagged(self, threshold: float) -> Booleans:
        """Return which cases the model flags, bool (u,): p at or above the threshold, 0..1."""
        return self.scores.suspicion >= threshold


@dataclass(frozen=True)
class Comparison:
    """First minus second: over patients, by DeLong with and without clusters, by McNemar."""

    first: str
    second: str
    auc_difference: Estimate
    clustered_delong: PairedDelong
    delong: PairedDelong
    mcnemar: dict[str, McNemar]


@dataclass(frozen=True)
class RadiologistEvaluation:
    """The recorded BI-RADS assessment as a score, on those cases that have one.

    `comparisons` are each model minus the radiologists, on the same cases.
    """

    counts: Counts
    auc: Estimate
    auc_delong: Estimate
    biopsy: OperatingPoint
    comparisons: tuple[Comparison, ...]
    scores: Scores = field(repr=False)


@dataclass(frozen=True)
class Subgroup:
    """A subgroup; `note` says that it is small, or why it has no AUC.

    `models` maps a name to "auc", and "sensitivity" and "specificity" at the first named threshold.
    """

    variable: str
    level: str
    title: str
    counts: Counts
    note: str
    models: dict[str, dict[str, Estimate]]


@dataclass(frozen=True, eq=False)
class SplitEvaluation:
    """All figures of one split, "test", "out_of_fold" or "external", and its cases."""

    name: str
    title: str
    headline: str
    counts: Counts
    models: dict[str, ModelEvaluation]
    comparisons: tuple[Comparison, ...]
    radiologists: RadiologistEvaluation | None
    subgroups: tuple[Subgroup, ...]
    sample: Sample = field(repr=False)

    @property
    def unit(self) -> Unit:
        """Return what counts as one case."""
        return self.sample.units.unit

    @property
    def labels(self) -> Booleans:
        """Return bool (u,), True for malignant."""
        return self.sample.units.labels

    @property
    def has_both_classes(self) -> bool:
        """Return whether malignant and benign cases are there, so that they can be told apart."""
        return self.counts.malignant > 0 and self.counts.benign > 0

    def noun(self, count: int = 2) -> str:
        """Return what to call one case, or many."""
        return self.unit if count == 1 else f"{self.unit}s"


@dataclass(frozen=True)
class Evaluation:
    """All figures of all splits, and how they came about."""

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

    >>> as_json((Estimate(0.5, float("nan"), 1.0), np.array([1.0, np.inf])))
    [{'value': 0.5, 'low': None, 'high': 1.0}, [1.0, None]]
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = [part.name for part in dataclasses.fields(value) if part.repr]
        return {name: as_json(getattr(value, name)) for name in shown}
    if isinstance(value, dict):
        return {str(key): as_json(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        return as_json(value.tolist())
    if isinstance(value, (tuple, list)):
        return [as_json(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def headline(split: SplitEvaluation) -> str:
    """Return the result to quote: the AUCs, their difference and its significance."""
    noun = split.noun(1)
    if not split.has_both_classes:
        only = "malignant" if split.counts.malignant else "benign"
        return f"Every {noun} here is {only}, so discrimination cannot be measured."
    best, *others = sorted(split.models.values(), key=lambda model: -model.scores.auc.value)
    opening = (
        f"On {split.title}, {best.title} gives a malignant {noun} a higher probability than a "
        f"benign one {_times(best)} in 100 (AUC {_ends(best)})."
    )
    if not others:
        return opening
    second = others[0]
    pair = next(
        one for one in split.comparisons if {one.first, one.second} == {best.name, second.name}
    )
    p, gap = pair.clustered_delong.p_value, pair.auc_difference
    if pair.first != best.name:
        gap = Estimate(-gap.value, -gap.high, -gap.low)
    return (
        f"{opening} {second.title} does so {_times(second)} (AUC {_ends(second)}). The difference "
        f"in AUC of {estimate(gap, 2)} is {chance_words(p)} (paired test, {p_value(p)})."
    )


def _times(model: ModelEvaluation) -> str:
    return f"{round(100 * model.scores.auc.value)} times"


def _ends(model: ModelEvaluation) -> str:
    area = model.scores.auc
    if math.isnan(area.low):
        return f"{number(area.value, 2)}, {NO_INTERVAL}"
    ends = f"{number(area.low, 2)} to {number(area.high, 2)}"
    return f"{number(area.value, 2)}, {100 * CONFIDENCE:g}% CI {ends}"


def chance_words(p: float) -> str:
    """Return whether a difference with this p-value is statistically significant."""
    if math.isnan(p):
        return UNTESTED
    return f"{'' if p < SIGNIFICANT else 'not '}statistically significant"
