"""Figures in words: one way to print a number, an interval, a p-value, and the headline.

Used by the command and by the pages, so that both say the same in the same words.
"""

import math
from collections.abc import Callable

from mammo.evaluation.interval import Interval
from mammo.evaluation.tree import Comparison, ModelEvaluation, SplitEvaluation
from mammo.evaluation.units import Unit

NOUNS: dict[Unit, tuple[str, str]] = {
    "crop": ("crop", "crops"),
    "lesion": ("lesion", "lesions"),
    "patient": ("patient", "patients"),
}
SIGNIFICANT = 0.05
NO_INTERVAL = "no interval"
NO_INTERVAL_NOTE = (
    "No interval: resampling these patients does not change the figure, because they are too few "
    "or all alike, so its uncertainty is unknown. For the same reason a test may be undefined."
)


def number(value: float, decimals: int = 3) -> str:
    """Return a figure in words; "undefined" for NaN, "unbounded" for infinity.

    Examples
    --------
    >>> number(0.8714), number(float("nan")), number(float("inf"))
    ('0.871', 'undefined', 'unbounded')
    """
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "unbounded"
    # Rounding must not leave a minus before nothing.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"


def interval(figure: Interval, decimals: int = 3) -> str:
    """Return a figure with its interval.

    Examples
    --------
    >>> interval(Interval(0.8714, 0.824, 0.913))
    '0.871 (0.824 to 0.913)'
    >>> interval(Interval(0.5, float("nan"), float("nan")))
    '0.500 (no interval)'
    """
    return _with_ends(figure, lambda part: number(part, decimals))


def _with_ends(figure: Interval, form: Callable[[float], str], unit: str = "") -> str:
    if math.isnan(figure.value):
        return "undefined"
    if math.isnan(figure.low) or math.isnan(figure.high):
        return f"{form(figure.value)}{unit} ({NO_INTERVAL})"
    return f"{form(figure.value)}{unit} ({form(figure.low)} to {form(figure.high)})"


def percent(figure: Interval) -> str:
    """Return a share with its interval in per cent.

    Examples
    --------
    >>> percent(Interval(0.864, 0.798, 0.921))
    '86.4 % (79.8 to 92.1)'
    """
    return _with_ends(figure, lambda part: number(100 * part, 1), " %")


def signed(figure: Interval) -> str:
    """Return a difference with its interval, each with its sign.

    Examples
    --------
    >>> signed(Interval(0.17, -0.01, 0.35))
    '+0.170 (-0.010 to +0.350)'
    """
    return _with_ends(figure, lambda part: f"{part:+.3f}")


def p_value(p: float) -> str:
    """Return a p-value as papers print it.

    Examples
    --------
    >>> p_value(0.0001), p_value(0.0312), p_value(0.412), p_value(float("nan"))
    ('p < 0.001', 'p = 0.031', 'p = 0.41', 'p undefined')
    """
    if math.isnan(p):
        return "p undefined"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def headline(split: SplitEvaluation, unit: Unit, confidence: float) -> str:
    """Return the one sentence to quote: the AUCs, their difference, what chance can explain.

    Parameters
    ----------
    split : SplitEvaluation, its own headline not read
    unit : "crop", "lesion" or "patient"
    confidence : float, of the intervals

    Returns
    -------
    str, one sentence; of three models or more it names the two best
    """
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
    return f"a difference of {interval(_turned(pair, best), 2)}, {says} (paired {p_value(p)})"


def _turned(pair: Comparison, best: str) -> Interval:
    gap = pair.auc_difference
    return gap if pair.first == best else Interval(-gap.value, -gap.high, -gap.low)
