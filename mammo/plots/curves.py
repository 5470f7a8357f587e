"""The ROC and the precision-recall figure: models, radiologists, and their operating points.

Plain plotly, free of Streamlit. Run the tests with `pytest tests/ui/test_comparison_figures.py`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from mammo import text
from mammo.evaluation import (
    OperatingPoint,
    RadiologistEvaluation,
    RocBand,
    precision_recall_curve,
    roc_curve,
)
from mammo.evaluation.comparison import Readers, Share, Study
from mammo.plots.style import (
    NEUTRAL_COLOUR,
    RADIOLOGISTS,
    Look,
    as_shares,
    band,
    helper_line,
    lay_out,
    look_of,
)
from mammo.report.case_report import share_with_interval
from mammo.text import Estimate, estimate, number

if TYPE_CHECKING:
    import pandas as pd


READER_STEPS = (
    "none",
    "BI-RADS 5",
    "BI-RADS 4 or 5",
    "BI-RADS 0, 4 or 5",
    "BI-RADS 0 or 3 to 5",
    "BI-RADS 0 or 2 to 5",
    "all",
)


def roc_figure(study: Study, thresholds: Mapping[str, Share]) -> go.Figure:
    """Draw sensitivity against false alarms: each model with its band, and the radiologists.

    Parameters
    ----------
    study : Study, both classes present
    thresholds : model name -> Share, the thresholds in force: the large points
    """
    figure = go.Figure(helper_line([0, 1], [0, 1], "chance"))
    for place, model in enumerate(study.models):
        look, evaluated = look_of(place), study.split.models[model.name]
        figure.add_trace(_roc_band(study.bands[model.name], look, model.name))
        figure.add_trace(_roc_line(study, model.name, model.title, evaluated.metrics["auc"], look))
        figure.add_trace(_named_points(evaluated.points, model.name, model.title, look))
    if study.readers is not None and study.split.radiologists is not None:
        _add_radiologists(figure, study.readers, study.split.radiologists)
    for place, model in enumerate(study.models):
        share = thresholds[model.name]
        figure.add_trace(_chosen_point(study, model.name, model.title, share, look_of(place)))
    as_shares(lay_out(figure, "False alarms: benign flagged (1 - specificity)", "Sensitivity"))
    return figure


def _roc_band(interval_band: RocBand, look: Look, group: str) -> go.Scatter:
    grid, low, high = (
        part.tolist()
        for part in (interval_band.false_positive_rate, interval_band.low, interval_band.high)
    )
    return band(grid, low, high, look, group)


def _roc_line(study: Study, name: str, title: str, area: Estimate, look: Look) -> go.Scatter:
    curve = roc_curve(study.labels, study.sample.p[name])
    return go.Scatter(
        x=curve.false_positive_rate.tolist(),
        y=curve.sensitivity.tolist(),
        customdata=threshold_texts(curve.thresholds),
        name=f"{title}: AUC {estimate(area, 2)}",
        legendgroup=name,
        mode="lines",
        line={"color": look.colour, "width": 2.5, "dash": look.dash},
        hovertemplate=f"{title}<br>threshold %{{customdata}}<br>sensitivity %{{y:.1%}}"
        "<br>false alarms %{x:.1%}<extra></extra>",
    )


def threshold_texts(thresholds: NDArray[np.float64]) -> list[str]:
    """Write a curve's thresholds for its hover labels; the infinite one flags nothing.

    Examples
    --------
    >>> threshold_texts(np.array([np.inf, 0.5]))
    ['above all: nothing flagged', '0.500']
    """
    return [
        f"{value:.3f}" if np.isfinite(value) else "above all: nothing flagged"
        for value in thresholds
    ]


def _named_points(
    points: Mapping[str, OperatingPoint], name: str, title: str, look: Look
) -> go.Scatter:
    return go.Scatter(
        x=[1 - point.rates["specificity"].value for point in points.values()],
        y=[point.rates["sensitivity"].value for point in points.values()],
        customdata=[
            f"{text.threshold_name(key)}, threshold {point.threshold:.3f}"
            for key, point in points.items()
        ],
        mode="markers",
        marker={"symbol": f"{look.symbol}-open", "size": 11, "color": look.colour},
        legendgroup=name,
        showlegend=False,
        hovertemplate=f"{title}: %{{customdata}}<br>sensitivity %{{y:.1%}}"
        "<br>false alarms %{x:.1%}<extra></extra>",
    )


def _chosen_point(study: Study, name: str, title: str, share: Share, look: Look) -> go.Scatter:
    flagged, labels = study.flagged(name, share.value), study.labels
    sensitivity, alarms = flagged[labels].mean(), flagged[~labels].mean()
    return go.Scatter(
        x=[float(alarms)],
        y=[float(sensitivity)],
        mode="markers",
        marker={
            "symbol": look.symbol,
            "size": 16,
            "color": look.colour,
            "line": {"color": "#FFFFFF", "width": 2},
        },
        legendgroup=name,
        showlegend=False,
        hovertemplate=f"{title}: your threshold {share.value:.3f}<br>sensitivity %{{y:.1%}}"
        "<br>false alarms %{x:.1%}<extra></extra>",
    )


def _add_radiologists(
    figure: go.Figure, readers: Readers, evaluated: RadiologistEvaluation
) -> None:
    """Draw the recorded BI-RADS assessments as a curve, and their biopsy point."""
    look, curve, point = RADIOLOGISTS, readers.curve, evaluated.biopsy.rates
    steps = [READER_STEPS[0]] + [READER_STEPS[6 - int(rank)] for rank in curve.thresholds[1:]]
    figure.add_trace(
        go.Scatter(
            x=curve.false_positive_rate.tolist(),
            y=curve.sensitivity.tolist(),
            customdata=steps,
            name=f"Radiologists' BI-RADS: AUC {estimate(evaluated.auc, 2)}",
            legendgroup="radiologists",
            mode="lines+markers",
            line={"color": look.colour, "width": 2, "dash": look.dash},
            marker={"symbol": look.symbol, "size": 6},
            hovertemplate="Radiologists flag %{customdata}<br>sensitivity %{y:.1%}"
            "<br>false alarms %{x:.1%}<extra></extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[1 - point["specificity"].value],
            y=[point["sensitivity"].value],
            text=["biopsy (4 or 5)"],
            textposition="bottom right",
            mode="markers+text",
            marker={"symbol": look.symbol, "size": 14, "color": look.colour},
            legendgroup="radiologists",
            showlegend=False,
            hovertemplate="Radiologists: biopsy (4 or 5)<br>sensitivity %{y:.1%}"
            "<br>false alarms %{x:.1%}<extra></extra>",
        )
    )


def precision_recall_figure(study: Study) -> go.Figure:
    """Draw the share of flagged cases that are malignant against the share of malignant found.

    Parameters
    ----------
    study : Study, at least one malignant case
    """
    share = float(study.labels.mean())
    figure = go.Figure(helper_line([0, 1], [share, share], f"flagging all: {share:.0%}"))
    for place, model in enumerate(study.models):
        look = look_of(place)
        curve = precision_recall_curve(study.labels, study.sample.p[model.name])
        area = study.split.models[model.name].metrics["average_precision"]
        figure.add_trace(
            go.Scatter(
                x=curve.recall.tolist(),
                y=curve.precision.tolist(),
                customdata=threshold_texts(curve.thresholds),
                name=f"{model.title}: average precision {estimate(area, 2)}",
                mode="lines",
                line={"color": look.colour, "width": 2.5, "dash": look.dash},
                hovertemplate=f"{model.title}<br>threshold %{{customdata}}<br>recall %{{x:.1%}}"
                "<br>precision %{y:.1%}<extra></extra>",
            )
        )
    as_shares(lay_out(figure, "Recall (sensitivity)", "Precision (PPV on this test set)"))
    return figure


Measured = Mapping[str, Any]


def coverage_figure(measured: Mapping[str, Measured], titles: Mapping[str, str]) -> go.Figure:
    """Draw the share of wrong answers against the share of test crops that are answered.

    Parameters
    ----------
    measured : model name -> its part of "uncertainty" in `trust.json`
    titles : model name -> title, in the models' order
    """
    figure = go.Figure()
    for place, (name, title) in enumerate(titles.items()):
        if name not in measured:
            continue
        look, steps = look_of(place), measured[name]["curve"]
        answered = [step["coverage"] for step in steps]
        wrong = [step["error"] for step in steps]
        low, high = ([one[end] for one in wrong] for end in ("low", "high"))
        figure.add_trace(band(answered, low, high, look, name))
        figure.add_trace(
            go.Scatter(
                x=answered,
                y=[one["value"] for one in wrong],
                customdata=[[one["crops"], share_with_interval(one)] for one in wrong],
                name=title,
                mode="lines+markers",
                line={"color": look.colour, "dash": look.dash, "width": 3},
                marker={"symbol": look.symbol, "size": 9},
                legendgroup=name,
                hovertemplate=f"{title}<br>answers %{{x:.0%}}: %{{customdata[0]}} crops<br>"
                "wrong %{customdata[1]}<extra></extra>",
            )
        )
    lay_out(figure, "Test crops that it answers, the farthest from its threshold first", "Wrong")
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(rangemode="tozero", tickformat=".0%")
    return figure


def coverage_sentences(
    measured: Mapping[str, Measured], titles: Mapping[str, str]
) -> Sequence[str]:
    """Say for each model how much more often it is right outside its "not sure" zone."""
    return [_sentence(measured[name], title) for name, title in titles.items() if name in measured]


def _sentence(found: Measured, title: str) -> str:
    return (
        f"**{title}** is not sure from {text.percent_range(*found['zone'])}. Outside, where "
        f"{share_with_interval(found['accepted'])} of the test crops are, it is right for "
        f"{share_with_interval(found['right accepted'])}; inside for "
        f"{share_with_interval(found['right unsure'])}; of all for "
        f"{share_with_interval(found['right'])}."
    )


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
