"""The reading room's figures: one reader or a whole room beside models and radiologists.

Plain plotly, free of Streamlit. Run the tests with `pytest tests/ui/test_reading_words.py`.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from mammo.evaluation import roc_curve
from mammo.evaluation.arithmetic import is_missing
from mammo.evaluation.curves import GRID
from mammo.plots.style import (
    CLASS_LOOKS,
    NEUTRAL_COLOUR,
    RATES,
    Look,
    band,
    error_bars,
    helper_line,
    lay_out,
    lay_out_roc,
    lay_out_rows,
    look_of,
    points,
    reader_line,
    roc_line,
    roc_points,
    stroke,
)
from mammo.plots.style import RADIOLOGISTS as RADIOLOGISTS_LOOK
from mammo.reading import Room, RoomScore, RoundCases, Standing
from mammo.reading.score import RADIOLOGISTS
from mammo.reading.wording import YOU, title_of
from mammo.text import Estimate, estimate

READER = Look("#2E6FD9", "solid", "star")
_ROW_HEIGHT, _REST_HEIGHT = 30, 130
_FEW_COLUMNS = 10


def look_of_name(name: str, cases: RoundCases) -> Look:
    """Return the look of one of those compared."""
    if name == RADIOLOGISTS:
        return RADIOLOGISTS_LOOK
    places = {model.name: place for place, model in enumerate(cases.models)}
    return look_of(places[name]) if name in places else READER


def roc_figure(found: Sequence[Standing], cases: RoundCases, reader: str = YOU) -> go.Figure:
    """Draw everybody's ROC curve on the round's cases, with their operating points."""
    figure = go.Figure(helper_line([0, 1], [0, 1], "chance"))
    for one in reversed(found):
        figure.add_traces(_curve(one, cases, _plain(reader)))
    return _titled(figure)


def room_figure(score: RoomScore, names: Sequence[str], cases: RoundCases) -> go.Figure:
    """Draw every reader of a room thin, their mean thick, the models and the radiologists."""
    figure = go.Figure(helper_line([0, 1], [0, 1], "chance"))
    for place, (one, name) in enumerate(zip(score.readers, names, strict=True)):
        curve = roc_curve(one.labels, one.scores)
        figure.add_trace(
            reader_line(
                curve.false_positive_rate,
                curve.sensitivity,
                "each reader",
                READER,
                f"{_plain(name)}: AUC {one.auc.value:.2f}",
                1.5,
                legendgroup="readers",
                showlegend=place == 0,
                opacity=0.6,
            )
        )
    for one in reversed(score.others):
        figure.add_traces(_curve(one, cases))
    mean = f"mean of {len(names)}: AUC {estimate(score.mean_auc, 2)}"
    figure.add_trace(reader_line(GRID, score.mean_curve, mean, READER, f"mean{RATES}", width=4))
    return _titled(figure)


def _curve(one: Standing, cases: RoundCases, reader: str = YOU) -> list[go.Scatter]:
    """Return a curve and the point at which its owner flags cases."""
    title, look = title_of(one.name, cases, reader), look_of_name(one.name, cases)
    area = f"{title}: AUC {estimate(one.auc, 2)}"
    curve = roc_curve(one.labels, one.scores)
    return [
        roc_line(curve, area, look, title, width=3, legendgroup=one.name),
        roc_points(
            [one.point.rates],
            look,
            f"{title}, operating point",
            14,
            one.name,
            marker={"line": {"color": "#FFFFFF", "width": 1}},
        ),
    ]


def _titled(figure: go.Figure) -> go.Figure:
    # One name a line: four names with intervals side by side run into each other on a phone.
    return lay_out_roc(figure, 560).update_layout(legend={"orientation": "v", "y": -0.18})


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
        known = area if area.low == area.low else Estimate(area.value, area.value, area.value)
        bars = error_bars([known], width, color=look.colour)
        hover = f"{name}: AUC {estimate(area, 2)}"
        figure.add_trace(points([area.value], [place], look, hover, 11, error_x=bars))
    figure.add_vline(x=0.5, line=stroke(NEUTRAL_COLOUR, "dot", 1))
    lay_out(figure, "AUC (0.5 is chance)", "", _REST_HEIGHT + _ROW_HEIGHT * len(rows))
    figure.update_xaxes(range=[0, 1.02])
    lay_out_rows(figure, [row[0] for row in rows], range=[-0.6, len(rows) - 0.4])
    return figure.update_layout(showlegend=False)


def case_figure(
    ratings: Sequence[float], second: Sequence[float] | None, labels: Sequence[bool], cut: int
) -> go.Figure:
    """Draw a reader's ratings, a column per case, and the threshold."""
    figure = go.Figure()
    for malignant, name in ((True, "malignant"), (False, "benign")):
        look = CLASS_LOOKS[malignant]
        places = [place for place, label in enumerate(labels) if label == malignant]
        if second is not None:
            for place in places:
                figure.add_annotation(
                    x=place + 1, y=second[place], ax=place + 1, ay=ratings[place],
                    xref="x", yref="y", axref="x", ayref="y", showarrow=True, arrowhead=2,
                    arrowwidth=1.5, arrowcolor=look.colour,
                )  # fmt: skip
        figure.add_trace(
            points(
                [place + 1 for place in places],
                [ratings[place] for place in places],
                look,
                f"case %{{x}}, {name}: rated %{{y}}",
                12,
                marker={"line": {"width": 2, "color": look.colour}},
                name=name,
            )
        )
    figure.add_hline(y=cut, line=stroke(NEUTRAL_COLOUR))
    lay_out(figure, "Case, in the order of reading", "Rating", 340)
    figure.update_yaxes(range=[-4, 104])
    # Below, the legend would lie on the axis title of a phone.
    figure.update_layout(legend={"y": 1.02, "yanchor": "bottom"})
    return figure.update_xaxes(range=[0.3, len(labels) + 0.7], dtick=max(1, len(labels) // 20))


def learning_figure(
    curve: Sequence[tuple[int, Estimate]], models: Sequence[tuple[str, float]]
) -> go.Figure:
    """Draw a reader's AUC after each case of practice, with its interval, beside the models'."""
    read, areas = [at for at, _ in curve], [area for _, area in curve]
    figure = go.Figure(band(read, [a.low for a in areas], [a.high for a in areas], READER, YOU))
    hover = "after %{x} cases: AUC %{y:.2f}"
    figure.add_trace(
        reader_line(read, [a.value for a in areas], YOU, READER, hover, mark=7, legendgroup=YOU)
    )
    ends = [read[0], max(read[-1], read[0] + 1)]
    for place, (title, area) in enumerate(models):
        name, hover = f"{title}, out of fold: {area:.2f}", f"{title}: AUC {area:.2f}"
        figure.add_trace(reader_line(ends, [area, area], name, look_of(place), hover))
    figure.add_hline(y=0.5, line=stroke(NEUTRAL_COLOUR, "dot", 1))
    lay_out(figure, "Cases read", "AUC (0.5 is chance)", 380)
    figure.update_layout(legend={"y": -0.25})
    return figure.update_yaxes(range=[0, 1.02])


def dots_figure(room: Room, cases: RoundCases, places: list[int], told: bool) -> go.Figure:
    """Draw every rating of some cases, a column per case, beside the models and the radiologist.

    Parameters
    ----------
    room : Room, of r readers
    cases : RoundCases, n of them
    places : list of int, which of the cases, from 0
    told : bool, whether the dots show the diagnosis
    """
    names = [_plain(one.name) for one in room.readers]
    ratings, labels = room.ratings()[:, places], cases.labels[places]
    shift = np.linspace(-0.3, 0.1, len(names))
    figure = go.Figure()
    for kind, title in ((True, "malignant"), (False, "benign")) if told else ((None, "readers"),):
        chosen = ~np.isnan(ratings) & (True if kind is None else labels == kind)
        who, column = np.nonzero(chosen)
        look, shown = READER if kind is None else CLASS_LOOKS[kind], [names[one] for one in who]
        x, y = (column + shift[who]).tolist(), ratings[chosen].tolist()
        figure.add_trace(
            points(x, y, look, "%{text}: %{y}", 10, text=shown, name=title, opacity=0.75)
        )
    columns = list(range(len(places)))
    for model in cases.models:
        y = (100 * cases.p[model.name][places]).tolist()
        look, hover = look_of_name(model.name, cases), f"{model.title}: %{{y:.0f}}%"
        x = [column + 0.3 for column in columns]
        figure.add_trace(points(x, y, look, hover, 11, name=model.title))
    assessed = ["-" if is_missing(one) else int(one) for one in cases.rows["assessment"]]
    lay_out(figure, "Case, and the BI-RADS assessment on record", "Rating, probability in %", 420)
    figure.update_yaxes(range=[-4, 104])
    figure.update_layout(legend={"y": -0.3})  # below ticks of two lines
    words = ("Case ", "BI-RADS ") if len(places) <= _FEW_COLUMNS else ("", "")
    ticks = [f"{words[0]}{place + 1}<br>{words[1]}{assessed[place]}" for place in places]
    limits = [-0.6, len(places) - 0.4]
    return figure.update_xaxes(range=limits, tickvals=columns, ticktext=ticks)


def _plain(name: str) -> str:
    """Keep a nickname from being read as markup by plotly.

    >>> _plain("<b>Ada</b> %{x}")
    'bAda/b x'
    """
    return "".join(sign for sign in name if sign not in "<>&%{}")
