"""Draw what docs/experiments.md shows: each experiment's interval, and the training curves."""

import io
from collections.abc import Mapping, Sequence

import matplotlib
from matplotlib.figure import Figure

from mammo.artifacts import load_history
from mammo.settings import TITLES

COLOURS = {"helps": "#0072b2", "harms": "#d55e00"}
"""Blue and orange of Okabe and Ito, safe for colour-blind eyes; the line at 0 says it too."""
OPEN = "#767676"


def differences(rows: Sequence[Mapping[str, str]]) -> Figure:
    """Draw rows of the log below one another: the difference and its interval, about 0."""
    figure = Figure(figsize=(8, 1 + 0.28 * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color="#333333", linewidth=1)
    for place, row in enumerate(rows):
        value, low, high = (float(row[f"difference{end}"]) for end in ("", "_low", "_high"))
        colour = COLOURS.get(row["verdict"], OPEN)
        axes.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="o", color=colour)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("Difference in AUC out of fold, 95% interval over patients")
    return figure


def training_curves() -> Figure:
    """Draw the held-out AUC and the losses of the release by epoch, a thin line a fold."""
    figure = Figure(figsize=(8, 3 * len(TITLES)), layout="constrained")
    for model, pair in zip(TITLES, figure.subplots(len(TITLES), 2, squeeze=False), strict=True):
        history = load_history(model).query("fold != 'final'")
        history = history.assign(epoch=history.groupby("fold").cumcount() + 1)
        for _, fold in history.groupby("fold"):
            pair[0].plot(fold["epoch"], fold["held_out_auc"], color=OPEN, linewidth=0.6)
        mean = history.groupby("epoch")[["held_out_auc", "loss", "held_out_loss"]].mean()
        pair[0].plot(mean.index, mean["held_out_auc"], label="held-out AUC, mean of the folds")
        pair[1].plot(mean.index, mean["loss"], label="training loss")
        pair[1].plot(mean.index, mean["held_out_loss"], label="held-out loss")
        pair[0].set_ylabel(TITLES[model])
        for axes in pair:
            axes.set_xlabel("Epoch")
            axes.legend(frameon=False)
    return figure


def as_svg(figure: Figure) -> bytes:
    """Return a figure as SVG, the same bytes each time."""
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "mammo"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
