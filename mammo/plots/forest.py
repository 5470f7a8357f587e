"""Subgroups as a forest plot: one figure with its interval a row, a model and a subgroup.

Plain plotly, free of Streamlit. Run the tests with `pytest tests/ui/test_comparison_figures.py`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from mammo.evaluation.comparison import Study
from mammo.evaluation.tree import Subgroup
from mammo.plots.style import as_shares, lay_out, look_of
from mammo.text import Estimate, estimate

if TYPE_CHECKING:
    import pandas as pd


MEASURES = {
    "auc": "AUC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
}
_ROW_HEIGHT, _REST_HEIGHT = 34, 150


def row_title(group: Subgroup) -> str:
    """Name a row of the plot by subgroup and counts; a small subgroup says that it is small."""
    few = " (small)" if group.note.startswith("small") else ""
    return f"{group.title}{few}<br>{group.counts.malignant} mal., {group.counts.benign} ben."


def forest_figure(study: Study, measure: str) -> go.Figure:
    """Draw a measure of every subgroup, the models one above the other, over all cases' value.

    Parameters
    ----------
    study : Study
    measure : "auc", or "sensitivity" or "specificity" at the first named threshold
    """
    groups = study.split.subgroups
    figure = go.Figure()
    for place, model in enumerate(study.models):
        look = look_of(place)
        overall = _overall(study, model.name, measure).value
        if not np.isnan(overall):
            line = {"color": look.colour, "width": 1, "dash": look.dash}
            figure.add_vline(x=overall, line=line, opacity=0.6)
        figures = [getattr(group.models[model.name], measure) for group in groups]
        figure.add_trace(_rows(groups, figures, model.title, place, len(study.models)))
    lay_out(figure, MEASURES[measure], "", _REST_HEIGHT + _ROW_HEIGHT * len(groups))
    as_shares(figure, y=False)
    figure.update_xaxes(tickformat=".1f" if measure == "auc" else ".0%", side="top")
    figure.update_yaxes(
        tickvals=list(range(len(groups))),
        ticktext=[row_title(group) for group in groups],
        range=[len(groups) - 0.4, -0.6],
        gridcolor="rgba(122, 136, 148, 0.25)",
        tickfont={"size": 11},
        title=None,
    )
    figure.update_layout(legend={"y": -0.01})
    figure.update_layout(margin={"t": 96})
    return figure


def _rows(
    groups: Sequence[Subgroup], figures: Sequence[Estimate], title: str, place: int, models: int
) -> go.Scatter:
    look = look_of(place)
    shift = (place - (models - 1) / 2) * 0.3
    return go.Scatter(
        x=[one.value for one in figures],
        y=[row + shift for row in range(len(groups))],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [one.high - one.value for one in figures],
            "arrayminus": [one.value - one.low for one in figures],
            "thickness": 1.8,
            "width": 3,
        },
        customdata=[
            f"{group.title}: {estimate(one)}" + (f"<br>{group.note}" if group.note else "")
            for group, one in zip(groups, figures, strict=True)
        ],
        name=title,
        mode="markers",
        marker={"color": look.colour, "symbol": look.symbol, "size": 9},
        hovertemplate=f"{title}<br>%{{customdata}}<extra></extra>",
    )


def _overall(study: Study, model: str, measure: str) -> Estimate:
    evaluated = study.split.models[model]
    if measure == "auc":
        return evaluated.metrics["auc"]
    return next(iter(evaluated.points.values())).rates[measure]


def subgroup_table(study: Study) -> "pd.DataFrame":
    """Lay the subgroups out as numbers, a row a subgroup: counts, each figure and its ends."""
    import pandas as pd

    return pd.DataFrame([_record(study, group) for group in study.split.subgroups])


def _record(study: Study, group: Subgroup) -> dict[str, object]:
    record: dict[str, object] = {
        "Subgroup": group.title,
        "Malignant": group.counts.malignant,
        "Benign": group.counts.benign,
        "Patients": group.counts.patients,
    }
    for model in study.models:
        for measure, title in MEASURES.items():
            figure = getattr(group.models[model.name], measure)
            record[f"{model.title} {title}"] = figure.value
            record[f"{model.title} {title} low"] = figure.low
            record[f"{model.title} {title} high"] = figure.high
    return record | {"Note": group.note}
