"""Figures in words: one way to print a number, an interval, a p-value, and the headline.

Used by the command and by the pages, so that both say the same in the same words.
"""

import math

from mammo.evaluation.tree import Comparison, ModelEvaluation, SplitEvaluation
from mammo.evaluation.units import Unit
from mammo.text import NO_INTERVAL, Estimate, estimate, number, p_value

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
