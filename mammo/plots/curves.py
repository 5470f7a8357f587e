"""The ROC and the precision-recall figure: models, radiologists, and their operating points.

Plain plotly, free of Streamlit. Run the tests with `pytest tests/ui/test_comparison_figures.py`.
"""

from collections.abc import Mapping

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
from mammo.plots.style import RADIOLOGISTS, Look, as_shares, band, helper_line, lay_out, look_of
from mammo.text import Estimate, estimate

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
