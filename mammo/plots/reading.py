"""The reading room's figures: one reader or a whole room beside models and radiologists.

Plain plotly, free of Streamlit. Run the tests with `pytest tests/ui/test_reading_words.py`.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mammo.evaluation import roc_curve
from mammo.evaluation.arithmetic import Floats
from mammo.plots.style import (
    CLASS_LOOKS,
    NEUTRAL_COLOUR,
    Look,
    as_shares,
    helper_line,
    lay_out,
    look_of,
)
from mammo.plots.style import RADIOLOGISTS as RADIOLOGISTS_LOOK
from mammo.reading import RoomScore, RoundCases, Standing
from mammo.reading.score import RADIOLOGISTS
from mammo.reading.wording import YOU, title_of
from mammo.text import Estimate, estimate

READER = Look("#2E6FD9", "solid", "star")
_RATES = "<br>sensitivity %{y:.1%}<br>false alarms %{x:.1%}<extra></extra>"
_ROW_HEIGHT, _REST_HEIGHT = 30, 130


def look_of_name(name: str, cases: RoundCases) -> Look:
    """Return the look of one of those compared."""
    if name == RADIOLOGISTS:
        return RADIOLOGISTS_LOOK
    places = {model.name: place for place, model in enumerate(cases.models)}
    return look_of(places[name]) if name in places else READER


def roc_figure(found: Sequence[Standing], cases: RoundCases, reader: str = YOU) -> go.Figure:
    """Draw everybody's ROC curve on the round's cases, with their operating points."""
    reader = _plain(reader)
    figure = go.Figure(helper_line([0, 1], [0, 1], "chance"))
    for one in reversed(found):
        _add_curve(figure, one, title_of(one.name, cases, reader), look_of_name(one.name, cases))
    return as_shares(_titled(figure))


def room_figure(score: RoomScore, names: Sequence[str], cases: RoundCases) -> go.Figure:
    """Draw every reader of a room thin, their mean thick, the models and the radiologists."""
    figure = go.Figure(helper_line([0, 1], [0, 1], "chance"))
    for place, (one, name) in enumerate(zip(score.readers, names, strict=True)):
        curve = roc_curve(one.labels, one.scores)
        figure.add_trace(
            _line(
                curve.false_positive_rate,
                curve.sensitivity,
                "each reader",
                {"color": READER.colour, "width": 1.5},
                f"{_plain(name)}: AUC {one.auc.value:.2f}<extra></extra>",
                legendgroup="readers",
                showlegend=place == 0,
                opacity=0.6,
            )
        )
    for one in reversed(score.others):
        _add_curve(figure, one, title_of(one.name, cases), look_of_name(one.name, cases))
    mean = f"mean of {len(names)}: AUC {estimate(score.mean_auc, 2)}"
    line = {"color": READER.colour, "width": 4}
    figure.add_trace(_line(score.grid, score.mean_curve, mean, line, f"mean{_RATES}"))
    return as_shares(_titled(figure))


def _line(
    across: Floats, up: Floats, name: str, line: dict[str, Any], hover: str, **more: Any
) -> go.Scatter:
    return go.Scatter(
        x=across.tolist(), y=up.tolist(), name=name, mode="lines", line=line, hovertemplate=hover,
        **more,
    )  # fmt: skip


def _add_curve(figure: go.Figure, one: Standing, title: str, look: Look) -> None:
    """Add a curve and the point at which its owner flags cases."""
    curve = roc_curve(one.labels, one.scores)
    sensitivity, specificity = (
        one.point.rates[name].value for name in ("sensitivity", "specificity")
    )
    name = f"{title}: AUC {estimate(one.auc, 2)}"
    line = {"color": look.colour, "width": 3, "dash": look.dash}
    rates = curve.false_positive_rate, curve.sensitivity
    figure.add_trace(_line(*rates, name, line, f"{title}{_RATES}", legendgroup=one.name))
    figure.add_trace(
        go.Scatter(
            x=[1 - specificity],
            y=[sensitivity],
            mode="markers",
            marker={
                "symbol": look.symbol,
                "size": 14,
                "color": look.colour,
                "line": {"color": "#FFFFFF", "width": 1},
            },
            legendgroup=one.name,
            showlegend=False,
            hovertemplate=f"{title}, where they flag{_RATES}",
        )
    )


def _titled(figure: go.Figure) -> go.Figure:
    lay_out(figure, "False alarms: benign flagged (1 - specificity)", "Sensitivity", 560)
    # One name a line: four names with intervals side by side run into each other on a phone.
    figure.update_layout(legend={"orientation": "v", "y": -0.18})
    return figure


def room_auc_figure(score: RoomScore, names: Sequence[str], cases: RoundCases) -> go.Figure:
    """Draw each AUC with its interval: readers, the best on top, their mean, models, doctors."""
    order = np.argsort([one.auc.value for one in score.readers], kind="stable")
    rows = [(_plain(names[i]), score.readers[i].auc, READER, 1.5) for i in order]
    others = [
        (title_of(one.name, cases), one.auc, look_of_name(one.name, cases), 3.0)
        for one in reversed(score.others)
    ]
    rows = [*others, ("Mean of the readers", score.mean_auc, READER, 3.0), *rows]
    figure = go.Figure()
    for place, (name, area, look, width) in enumerate(rows):
        figure.add_trace(_row(place, name, area, look, width))
    figure.add_vline(x=0.5, line={"color": NEUTRAL_COLOUR, "width": 1, "dash": "dot"})
    lay_out(figure, "AUC (0.5 is a coin)", "", _REST_HEIGHT + _ROW_HEIGHT * len(rows))
    figure.update_xaxes(range=[0, 1.02])
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[row[0] for row in rows],
        range=[-0.6, len(rows) - 0.4],
    )
    return figure.update_layout(showlegend=False)


def _row(place: int, name: str, area: Estimate, look: Look, width: float) -> go.Scatter:
    known = not math.isnan(area.low)
    return go.Scatter(
        x=[area.value],
        y=[place],
        mode="markers",
        marker={"symbol": look.symbol, "size": 11, "color": look.colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [area.high - area.value if known else 0.0],
            "arrayminus": [area.value - area.low if known else 0.0],
            "color": look.colour,
            "thickness": width,
        },
        hovertemplate=f"{name}: AUC {estimate(area, 2)}<extra></extra>",
    )


def case_figure(
    ratings: Sequence[float], second: Sequence[float] | None, labels: Sequence[bool], cut: int
) -> go.Figure:
    """Draw a reader's ratings, a column a case: malignant above the cut is right, benign below."""
    looks = {True: ("malignant", "diamond"), False: ("benign", "circle-open")}
    figure = go.Figure()
    for malignant, (name, symbol) in looks.items():
        places = [place for place, label in enumerate(labels) if label == malignant]
        if second is not None:
            for place in places:
                figure.add_annotation(
                    x=place + 1, y=second[place], ax=place + 1, ay=ratings[place],
                    xref="x", yref="y", axref="x", ayref="y", showarrow=True, arrowhead=2,
                    arrowwidth=1.5, arrowcolor=CLASS_LOOKS[malignant].colour,
                )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=[place + 1 for place in places],
                y=[ratings[place] for place in places],
                mode="markers",
                name=name,
                marker={"symbol": symbol, "size": 12, "color": CLASS_LOOKS[malignant].colour,
                        "line": {"width": 2, "color": CLASS_LOOKS[malignant].colour}},
                hovertemplate=f"case %{{x}}, {name}: rated %{{y}}<extra></extra>",
            )
        )  # fmt: skip
    figure.add_hline(y=cut, line={"color": NEUTRAL_COLOUR, "width": 2, "dash": "dash"})
    lay_out(figure, "Case, in the order of reading", "Rating", 340)
    figure.update_yaxes(range=[-4, 104])
    # Below, the legend would lie on the axis title of a phone.
    figure.update_layout(legend={"y": 1.02, "yanchor": "bottom"})
    return figure.update_xaxes(range=[0.3, len(labels) + 0.7], dtick=max(1, len(labels) // 20))


def _plain(name: str) -> str:
    """Keep a nickname from being read as markup by plotly.

    Examples
    --------
    >>> _plain("<b>Ada</b> %{x}")
    'bAda/b x'
    """
    return "".join(sign for sign in name if sign not in "<>&%{}")
