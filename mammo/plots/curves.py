"""The comparison page's curves: ROC, precision, reliability, decision, training.

Plain plotly, free of Streamlit. Run the tests with `pytest tests/ui/test_comparison_figures.py`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from mammo import text
from mammo.evaluation import RadiologistEvaluation, SplitEvaluation
from mammo.plots.style import (
    NEUTRAL_COLOUR,
    RADIOLOGISTS,
    RATES,
    Look,
    as_shares,
    band,
    error_bars,
    helper_line,
    lay_out,
    lay_out_roc,
    look_of,
    points,
    reader_line,
    roc_line,
    roc_points,
)
from mammo.text import estimate, number, percentage

if TYPE_CHECKING:
    import pandas as pd

Measured = Mapping[str, Any]

READER_STEPS = (
    "none",
    "BI-RADS 5",
    "BI-RADS 4 or 5",
    "BI-RADS 0, 4 or 5",
    "BI-RADS 0 or 3 to 5",
    "BI-RADS 0 or 2 to 5",
    "all",
)
TRAINING_LINES = {
    "loss": ("training loss", "dot"),
    "held_out_loss": ("held-out loss", "solid"),
    "held_out_auc": ("held-out AUC", "dash"),
}
TRAINING_HEIGHT, ROC_HEIGHT = 380, 500


def roc_figure(split: SplitEvaluation, thresholds: Mapping[str, float]) -> go.Figure:
    """Draw sensitivity against false alarms: each model with its band, and the radiologists.

    Parameters
    ----------
    split : SplitEvaluation, both classes present
    thresholds : model name -> 0..1, the thresholds in force: the large points
    """
    figure = go.Figure(helper_line([0, 1], [0, 1], "chance"))
    chosen = []
    for place, (name, model) in enumerate(split.models.items()):
        look, curve, interval = look_of(place), model.scores.roc, model.scores.roc_band
        grid, low, high = (
            part.tolist() for part in (interval.false_positive_rate, interval.low, interval.high)
        )
        flagged = model.flagged(thresholds[name])
        named = [
            f"{text.threshold_name(key)}, threshold {number(point.threshold)}"
            for key, point in model.points.items()
        ]
        figure.add_traces([
            band(grid, low, high, look, name),
            roc_line(
                curve,
                f"{model.title}: AUC {estimate(model.metrics['auc'], 2)}",
                look,
                f"{model.title}<br>threshold %{{customdata}}",
                customdata=threshold_texts(curve.thresholds),
                legendgroup=name,
            ),
            roc_points(
                (point.rates for point in model.points.values()),
                look,
                f"{model.title}: %{{customdata}}",
                11,
                name,
                marker={"symbol": f"{look.symbol}-open"},
                customdata=named,
            ),
        ])  # fmt: skip
        chosen.append(
            points(
                [float(flagged[~split.labels].mean())],
                [float(flagged[split.labels].mean())],
                look,
                f"{model.title}: your threshold {number(thresholds[name])}{RATES}",
                16,
                name,
                {"line": {"color": "#FFFFFF", "width": 2}},
            )
        )
    if split.radiologists is not None:
        figure.add_traces(_radiologists(split.radiologists))
    figure.add_traces(chosen)
    lay_out_roc(figure, ROC_HEIGHT)
    return figure.update_yaxes(scaleanchor="x", constrain="domain").update_xaxes(constrain="domain")


def threshold_texts(thresholds: NDArray[np.float64]) -> list[str]:
    """Return a curve's thresholds for its hover labels; the infinite one flags no case.

    >>> threshold_texts(np.array([np.inf, 0.5]))
    ['no case flagged', '0.500']
    """
    return [number(value) if np.isfinite(value) else "no case flagged" for value in thresholds]


def _radiologists(recorded: RadiologistEvaluation) -> list[go.Scatter]:
    """Return the recorded BI-RADS assessments as a curve, and their biopsy point."""
    curve = recorded.scores.roc
    return [
        roc_line(
            curve,
            f"Radiologists' BI-RADS: AUC {estimate(recorded.auc, 2)}",
            RADIOLOGISTS,
            "Radiologists flag %{customdata}",
            width=2,
            mark=6,
            customdata=[
                READER_STEPS[6 - int(rank)] if np.isfinite(rank) else READER_STEPS[0]
                for rank in curve.thresholds
            ],
            legendgroup="radiologists",
        ),
        roc_points(
            [recorded.biopsy.rates],
            RADIOLOGISTS,
            "Radiologists: biopsy (4 or 5)",
            14,
            "radiologists",
            text=["BI-RADS 4 or 5"],
            textposition="top left",
            mode="markers+text",
        ),
    ]


def precision_recall_figure(split: SplitEvaluation) -> go.Figure:
    """Draw the share of flagged cases that are malignant against the share of malignant found.

    Parameters
    ----------
    split : SplitEvaluation, at least one malignant case
    """
    share = float(split.labels.mean())
    figure = go.Figure(helper_line([0, 1], [share, share], f"flagging all: {percentage(share, 0)}"))
    for place, model in enumerate(split.models.values()):
        curve = model.scores.precision_recall
        figure.add_trace(
            reader_line(
                curve.recall,
                curve.precision,
                f"{model.title}: average precision "
                f"{estimate(model.metrics['average_precision'], 2)}",
                look_of(place),
                f"{model.title}<br>threshold %{{customdata}}<br>recall %{{x:.1%}}"
                "<br>precision %{y:.1%}",
                customdata=threshold_texts(curve.thresholds),
            )
        )
    return as_shares(lay_out(figure, "Recall (sensitivity)", "Precision (PPV on this test set)"))


def reliability_figure(split: SplitEvaluation) -> go.Figure:
    """Draw, bin by bin, what share was malignant against what the model said (Wilson intervals)."""
    figure = go.Figure(helper_line([0, 1], [0, 1], "perfect calibration"))
    for place, model in enumerate(split.models.values()):
        bins = model.calibration.reliability
        figure.add_trace(
            reader_line(
                [one.mean_p for one in bins],
                [one.observed.value for one in bins],
                f"{model.title}: mean gap (ECE) {estimate(model.metrics['ece'], 2)}",
                look_of(place),
                f"{model.title}<br>said %{{x:.1%}}<br>malignant %{{y:.1%}}: %{{customdata}}",
                width=1.5,
                mark=9,
                error_y=error_bars([one.observed for one in bins], 1.5, width=3),
                customdata=[f"{one.malignant} of {one.n}" for one in bins],
            )
        )
    return as_shares(lay_out(figure, "Predicted probability", "Observed frequency of malignancy"))


def calibration_sentence(split: SplitEvaluation, name: str) -> str:
    """Say in a sentence how many malignant cases there were for those that a model expected."""
    model = split.models[name]
    slope, _, observed = model.calibration.line.values()
    if np.isnan(observed):
        return f"{model.title}: calibration undefined."
    extreme = "too extreme" if slope < 1 else "not extreme enough"
    return (
        f"{model.title}: {number(observed, 2)} malignant cases observed per case expected (ideal: "
        f"1). Slope {number(slope, 2)} (ideal: 1): the probabilities are {extreme}."
    )


def decision_figure(split: SplitEvaluation) -> go.Figure:
    """Draw net benefit over thresholds, beside flagging all and flagging none."""
    share = float(split.labels.mean())
    first = next(iter(split.models.values())).decision
    figure = go.Figure(
        helper_line(first.thresholds.tolist(), first.treat_all.tolist(), "flagging all")
    )
    figure.add_hline(y=0, line={"color": NEUTRAL_COLOUR, "width": 1})
    for place, (name, model) in enumerate(split.models.items()):
        look, curve = look_of(place), model.decision
        thresholds = curve.thresholds.tolist()
        figure.add_trace(band(thresholds, curve.low.tolist(), curve.high.tolist(), look, name))
        hover = f"{model.title}<br>threshold %{{x:.2f}}<br>net benefit %{{y:.3f}}"
        figure.add_trace(
            reader_line(thresholds, curve.model, model.title, look, hover, legendgroup=name)
        )
    lay_out(figure, "Threshold", "Net benefit (true positives per case)")
    figure.update_xaxes(range=[0, 1], tickformat=".0%", nticks=6)
    figure.update_yaxes(range=[-0.1, max(0.1, share * 1.15)])
    return figure


def training_figure(history: "pd.DataFrame", look: Look) -> go.Figure:
    """Draw a model's training curves: the mean over folds, and the folds' range as a band.

    Parameters
    ----------
    history : DataFrame, a row an epoch and fold: `fold`, `epoch`, and of `loss`, `held_out_loss`,
        `held_out_auc` what is recorded, in training order within a fold
    look : Look, of the model
    """
    figure = go.Figure()
    step = history.groupby("fold", sort=False).cumcount() + 1
    for column, (name, dash) in TRAINING_LINES.items():
        if column not in history or history[column].isna().all():
            continue
        spread = history[column].groupby(step).agg(["mean", "min", "max"]).dropna()
        epochs = spread.index.tolist()
        dashed = Look(look.colour, dash, look.symbol)
        low, high = spread["min"].tolist(), spread["max"].tolist()
        figure.add_trace(band(epochs, low, high, dashed, column))
        hover = f"{name}<br>epoch %{{x}}<br>mean of folds %{{y:.3f}}"
        figure.add_trace(
            reader_line(epochs, spread["mean"].tolist(), name, dashed, hover, legendgroup=column)
        )
    lay_out(figure, "Epoch", "Loss, AUC", TRAINING_HEIGHT)
    figure.update_yaxes(rangemode="tozero")
    return figure
