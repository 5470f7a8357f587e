"""Are the probabilities real, what are they worth, and how were they learned: three figures.

Plain plotly, free of Streamlit. Run the tests with `pytest tests/ui/test_comparison_figures.py`.
"""

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from mammo.evaluation.comparison import Study
from mammo.plots.style import NEUTRAL_COLOUR, Look, as_shares, band, helper_line, lay_out, look_of
from mammo.text import estimate, number

if TYPE_CHECKING:
    import pandas as pd


CURVES = {
    "loss": ("training loss", "dot"),
    "held_out_loss": ("held-out loss", "solid"),
    "held_out_auc": ("held-out AUC", "dash"),
}
TRAINING_HEIGHT = 380


def reliability_figure(study: Study) -> go.Figure:
    """Draw, bin by bin, what share was malignant against what the model said (Wilson intervals)."""
    figure = go.Figure(helper_line([0, 1], [0, 1], "ideal"))
    for place, model in enumerate(study.models):
        look, evaluated = look_of(place), study.split.models[model.name]
        bins = evaluated.calibration.reliability
        error = evaluated.metrics["ece"]
        figure.add_trace(
            go.Scatter(
                x=[one.mean_p for one in bins],
                y=[one.observed.value for one in bins],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [one.observed.high - one.observed.value for one in bins],
                    "arrayminus": [one.observed.value - one.observed.low for one in bins],
                    "thickness": 1.5,
                    "width": 3,
                },
                customdata=[f"{one.malignant} of {one.n}" for one in bins],
                name=f"{model.title}: mean gap (ECE) {estimate(error, 2)}",
                mode="lines+markers",
                line={"color": look.colour, "width": 1.5, "dash": look.dash},
                marker={"symbol": look.symbol, "size": 9},
                hovertemplate=f"{model.title}<br>said %{{x:.1%}}<br>malignant %{{y:.1%}}: "
                "%{customdata}<extra></extra>",
            )
        )
    as_shares(lay_out(figure, "What the model said", "What share was malignant"))
    return figure


def decision_figure(study: Study) -> go.Figure:
    """Draw net benefit over thresholds, beside flagging all and flagging none."""
    share = float(study.labels.mean())
    first = study.split.models[study.models[0].name].decision
    figure = go.Figure(
        helper_line(first.thresholds.tolist(), first.treat_all.tolist(), "flagging all")
    )
    figure.add_hline(y=0, line={"color": NEUTRAL_COLOUR, "width": 1})
    for place, model in enumerate(study.models):
        look, curve = look_of(place), study.split.models[model.name].decision
        thresholds = curve.thresholds.tolist()
        figure.add_trace(
            band(thresholds, curve.low.tolist(), curve.high.tolist(), look, model.name)
        )
        figure.add_trace(
            go.Scatter(
                x=thresholds,
                y=curve.model.tolist(),
                name=model.title,
                legendgroup=model.name,
                mode="lines",
                line={"color": look.colour, "width": 2.5, "dash": look.dash},
                hovertemplate=f"{model.title}<br>threshold %{{x:.2f}}<br>net benefit %{{y:.3f}}"
                "<extra></extra>",
            )
        )
    lay_out(figure, "Threshold", "Net benefit (malignant found a case)")
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
    for column, (name, dash) in CURVES.items():
        if column not in history or history[column].isna().all():
            continue
        by_epoch = history[column].groupby(step)
        spread = by_epoch.agg(["mean", "min", "max"]).dropna()
        epochs = spread.index.tolist()
        one = Look(look.colour, dash, look.symbol)
        figure.add_trace(band(epochs, spread["min"].tolist(), spread["max"].tolist(), one, column))
        figure.add_trace(
            go.Scatter(
                x=epochs,
                y=spread["mean"].tolist(),
                name=name,
                legendgroup=column,
                mode="lines",
                line={"color": look.colour, "width": 2.5, "dash": dash},
                hovertemplate=f"{name}<br>epoch %{{x}}<br>mean of folds %{{y:.3f}}<extra></extra>",
            )
        )
    lay_out(figure, "Epoch", "Loss, AUC", TRAINING_HEIGHT)
    figure.update_yaxes(rangemode="tozero")
    return figure


def calibration_sentence(study: Study, model: str) -> str:
    """Say in a sentence how many malignant cases there were for those that a model expected."""
    evaluated = study.split.models[model]
    line = evaluated.calibration.line
    if np.isnan(line.observed_to_expected):
        return f"{evaluated.title}: calibration undefined."
    return (
        f"{evaluated.title}: {number(line.observed_to_expected, 2)} malignant cases for each that "
        f"it expected (1 is right), slope {number(line.slope, 2)} (below 1: too extreme), Brier "
        f"score {estimate(evaluated.metrics['brier'])}."
    )
