"""An evaluation's figures for papers and slides, by Matplotlib: PNG and SVG of a column's width.

    for name, figure in paper_figures(evaluation.splits["test"]):
        Path(f"{name}.svg").write_bytes(as_file(figure, "svg"))

They draw what the comparison page draws, from the same `SplitEvaluation`, in the same colours.
Matplotlib is in requirements-own-data.txt. Run the tests with `pytest tests/test_figures.py`.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from mammo.evaluation import SplitEvaluation
from mammo.evaluation.evaluation import ModelEvaluation
from mammo.evaluation.operating import Confusion
from mammo.evaluation.tables import MEASURES
from mammo.plots.comparison import measured_groups, row_title
from mammo.plots.style import NEUTRAL_COLOUR, RADIOLOGISTS, Look, look_of
from mammo.text import Estimate, counted, estimate, percentage, threshold_name

COLUMN_INCHES = 3.4
"""A column of a journal in two columns; lines and letters are sized for it."""
Form = Literal["png", "svg"]
FORMS: tuple[Form, ...] = get_args(Form)
MARK = "mammo evaluation figure"
_STYLE = {
    "font.size": 8, "axes.titlesize": 7, "legend.fontsize": 7, "legend.frameon": False,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "lines.linewidth": 1.4,
    "lines.markersize": 4, "svg.hashsalt": "mammo",
}  # fmt: skip
_DASHES = {"solid": "-", "dash": "--", "dashdot": "-.", "dot": ":"}
_SYMBOLS = {"circle": "o", "square": "s", "triangle-up": "^", "diamond": "D"}
_HELPER = {"color": NEUTRAL_COLOUR, "linewidth": 0.8, "linestyle": ":"}
_SHARE = PercentFormatter(1.0, decimals=0)
BALANCED = "youden"


def paper_figures(split: SplitEvaluation) -> Iterator[tuple[str, Figure]]:
    """Yield name and figure: ROC, precision-recall, reliability, decision, confusion, subgroups.

    Left out are the curves of cases of one class, the confusion matrices without a threshold named
    "youden", and the subgroups where none has enough patients.
    """
    with mpl.rc_context(_STYLE):
        if split.has_both_classes:
            yield "roc", _roc(split)
            yield "precision-recall", _precision_recall(split)
            yield "reliability", _reliability(split)
            yield "decision-curve", _decision(split)
        if all(BALANCED in model.points for model in split.models.values()):
            yield "confusion-matrices", _confusion(split)
        if measured_groups(split, "auc")[0]:
            yield "subgroups", _subgroups(split)


def as_file(figure: Figure, form: Form) -> bytes:
    """Return a figure of `paper_figures` as a file, the same bytes each time; PNG of 300 dpi."""
    names = {"svg": {"Creator": MARK, "Date": None}, "png": {"Software": MARK}}
    buffer = io.BytesIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(buffer, format=form, dpi=300, metadata=names[form])
    return buffer.getvalue()


def _figure(split: SplitEvaluation, height: float, more: str = "", width: float = 1.0) -> Figure:
    """Return an empty figure whose title states its cases; height in inches, width in columns."""
    figure = Figure(figsize=(width * COLUMN_INCHES, height), layout="constrained")
    counts, title = split.counts, split.title.removeprefix("the ")
    cases = f"{counted(counts.cases, split.unit)}, {counts.malignant:,} malignant"
    words = f"{title[0].upper()}{title[1:]}: {cases}{more}"
    figure.suptitle(words, size=_STYLE["axes.titlesize"], x=0.01, ha="left")
    return figure


def _axes(split: SplitEvaluation, x: str, y: str, height: float = COLUMN_INCHES) -> Any:
    axes = _figure(split, height).subplots()
    axes.set(xlabel=x, ylabel=y)
    return axes


def _finished(axes: Any, x: bool = True, y: bool = True) -> Figure:
    """Put the legend below, run the axes that are shares from 0 to 100%, return the figure."""
    for wanted, axis, limits in ((x, axes.xaxis, axes.set_xlim), (y, axes.yaxis, axes.set_ylim)):
        if wanted:
            axis.set_major_formatter(_SHARE)
            limits(-0.02, 1.02)
    figure: Figure = axes.figure
    figure.legend(loc="outside lower left")
    return figure


def _line(look: Look, marked: bool = False) -> dict[str, Any]:
    """Return how a reader's line is drawn."""
    mark = {"marker": _SYMBOLS[look.symbol]} if marked else {}
    return {"color": look.colour, "linestyle": _DASHES[look.dash], **mark}


def _models(split: SplitEvaluation) -> Iterator[tuple[Look, ModelEvaluation]]:
    return ((look_of(place), model) for place, model in enumerate(split.models.values()))


def _errors(figures: Sequence[Estimate]) -> NDArray[np.float64]:
    """Return how far the ends of intervals lie from their figures; no bar where unknown."""
    ends = [(one.value - one.low, one.high - one.value) for one in figures]
    return np.asarray(np.nan_to_num(np.clip(ends, 0, None)).T)


def _roc(split: SplitEvaluation) -> Figure:
    axes = _axes(split, "False positive rate (1 - specificity)", "Sensitivity", 3.9)
    axes.plot([0, 1], [0, 1], label="Chance", **_HELPER)
    for look, model in _models(split):
        curve, band = model.scores.roc, model.scores.roc_band
        label = f"{model.title}: AUC {estimate(model.metrics['auc'], 2)}"
        edges = band.false_positive_rate, band.low, band.high
        axes.fill_between(*edges, color=look.colour, alpha=0.16, linewidth=0)
        axes.plot(curve.false_positive_rate, curve.sensitivity, label=label, **_line(look))
        if BALANCED in model.points:
            rates = model.points[BALANCED].rates
            axes.plot(*_point(rates), color=look.colour, marker=_SYMBOLS[look.symbol])
    if split.radiologists is not None:
        recorded = split.radiologists
        curve, area = recorded.scores.roc, estimate(recorded.auc, 2)
        label = f"Radiologists (diamond: biopsy): AUC {area}"
        axes.plot(curve.false_positive_rate, curve.sensitivity, label=label, **_line(RADIOLOGISTS))
        axes.plot(*_point(recorded.biopsy.rates), color=RADIOLOGISTS.colour, marker="D")
    words = f"Point: {threshold_name(BALANCED)} threshold"
    axes.plot([], [], color=NEUTRAL_COLOUR, linestyle="", marker="o", label=words)
    axes.set_aspect("equal")
    return _finished(axes)


def _point(rates: Mapping[str, Estimate]) -> tuple[list[float], list[float]]:
    return [1 - rates["specificity"].value], [rates["sensitivity"].value]


def _precision_recall(split: SplitEvaluation) -> Figure:
    axes = _axes(split, "Recall (sensitivity)", "Precision (PPV in these cases)")
    share = float(split.labels.mean())
    axes.plot([0, 1], [share, share], label=f"Flagging all: {percentage(share, 0)}", **_HELPER)
    for look, model in _models(split):
        curve, area = model.scores.precision_recall, estimate(model.metrics["average_precision"], 2)
        label = f"{model.title}: average precision {area}"
        axes.plot(curve.recall, curve.precision, label=label, **_line(look))
    return _finished(axes)


def _reliability(split: SplitEvaluation) -> Figure:
    axes = _axes(split, "Predicted probability", "Observed frequency of malignancy", 3.8)
    axes.plot([0, 1], [0, 1], label="Perfect calibration", **_HELPER)
    for look, model in _models(split):
        bins = model.calibration.reliability
        axes.errorbar(
            [one.mean_p for one in bins],
            [one.observed.value for one in bins],
            yerr=_errors([one.observed for one in bins]),
            elinewidth=0.8,
            capsize=1.5,
            label=f"{model.title}: ECE {estimate(model.metrics['ece'], 2)}",
            **_line(look, marked=True),
        )
    axes.set_aspect("equal")
    return _finished(axes)


def _decision(split: SplitEvaluation) -> Figure:
    axes = _axes(split, "Threshold", "Net benefit (true positives per case)")
    curves = [(look, model.title, model.decision) for look, model in _models(split)]
    axes.plot(curves[0][2].thresholds, curves[0][2].treat_all, label="Flagging all", **_HELPER)
    axes.axhline(0, color=NEUTRAL_COLOUR, linewidth=0.8, label="Flagging none")
    for look, title, curve in curves:
        edges = curve.thresholds, curve.low, curve.high
        axes.fill_between(*edges, color=look.colour, alpha=0.16, linewidth=0)
        axes.plot(curve.thresholds, curve.model, label=title, **_line(look))
    axes.set_ylim(-0.1, max(0.1, 1.15 * float(split.labels.mean())))
    return _finished(axes, y=False)


def _confusion(split: SplitEvaluation) -> Figure:
    """Draw each model's confusion matrix at its balanced threshold: counts, and shares of a row."""
    figure = _figure(split, 2.1, f"\n{threshold_name(BALANCED)} threshold")
    panels = figure.subplots(1, len(split.models), squeeze=False, sharey=True)[0]
    for axes, model in zip(panels, split.models.values(), strict=True):
        _matrix(axes, model.points[BALANCED].confusion)
        axes.set_title(model.title)
    panels[0].set_yticks([0, 1], ["benign", "malignant"], rotation=90, va="center")
    return figure


def _matrix(axes: Any, table: Confusion) -> None:
    counts = np.array([
        [table.true_negative, table.false_positive],
        [table.false_negative, table.true_positive],
    ])  # fmt: skip
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        words = f"{count:,}\n{percentage(share, 0)}"
        axes.text(
            column, row, words, ha="center", va="center", color="white" if share > 0.65 else "black"
        )
    axes.set_xticks([0, 1], ["below\nthreshold", "above\nthreshold"])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(True)


def _subgroups(split: SplitEvaluation) -> Figure:
    """Draw each subgroup's AUC, the models one above the other; lines mark all cases."""
    groups, _ = measured_groups(split, "auc")
    more = f"\nAfter each subgroup: malignant/benign {split.noun()}"
    axes = _figure(split, 1.3 + 0.2 * len(groups), more, width=1.5).subplots()
    axes.set_xlabel(MEASURES["auc"])
    step = 0.5 / len(split.models)
    for place, (look, model) in enumerate(_models(split)):
        figures = [group.models[model.name]["auc"] for group in groups]
        rows = np.arange(len(groups)) + (place - (len(split.models) - 1) / 2) * step
        axes.axvline(model.metrics["auc"].value, linewidth=0.6, **_line(look))
        points = {**_line(look, marked=True), "linestyle": "", "elinewidth": 0.8, "markersize": 3}
        values = [one.value for one in figures]
        axes.errorbar(values, rows, xerr=_errors(figures), label=model.title, **points)
    axes.set_yticks(range(len(groups)), [row_title(group) for group in groups])
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xlim(right=1.01)
    return _finished(axes, x=False, y=False)
