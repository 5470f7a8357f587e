"""Plain Plotly figures of the app: the film to mark, and where a probability stands.

Figures take numbers and encoded pictures and know nothing of Streamlit. Colours that carry a
meaning stand at least 3:1 against the light and the dark background (WCAG 2.2, 1.4.11) and are
never the only sign. Run the tests with `pytest tests/ui/test_figures.py`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from mammo.evaluation.curves import RocCurve
from mammo.imaging.region import Region
from mammo.text import Estimate

BELOW_COLOUR = "#1F87C4"
ABOVE_COLOUR = "#D9661A"
NEUTRAL_COLOUR = "#7A8894"
WORDS_COLOUR = "#000037"
"""Streamlit's placeholder for the text of either theme, filled in by the browser.

The grey that Streamlit takes by itself stands 3.7:1 on white only.
"""
BOX_COLOUR = "#FFFFFF"
WINDOW_COLOUR = "#F0E442"

FILM_WIDTH = 380
TALLEST_FILM = 680
TOOLBAR_HEIGHT = 34
BAR_HEIGHT = 118
FILM_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "displayModeBar": True,
    "modeBarButtonsToRemove": ["toImage", "lasso2d", "autoScale2d", "zoom2d"],
    "doubleClick": "reset",
}
BAR_CONFIG: dict[str, Any] = {"displayModeBar": False, "staticPlot": True}
HEIGHT = 520
RATES = "<br>sensitivity %{y:.1%}<br>false alarms %{x:.1%}"
"""The end of a hover label on a ROC curve."""


def film_figure(
    picture: str,
    picture_size: tuple[int, int],
    view: Region,
    box: Region | None = None,
    window: Region | None = None,
) -> go.Figure:
    """Draw a film, or the part of it on show, with the lesion box and the models' window.

    Parameters
    ----------
    picture : str, `data:` address of the part on show
    picture_size : (height, width) in screen pixels, as encoded
    view : Region, the same part in film pixels: the figure's axes are in film pixels, so that a box
        drawn on it needs no scaling back
    box, window : Region or None, the lesion box as marked, and the square that the models see
    """
    x, y, width, height = view
    step_x, step_y = width / picture_size[1], height / picture_size[0]
    image = {
        "type": "image",
        "source": picture,
        "x0": x + step_x / 2,
        "y0": y + step_y / 2,
        "dx": step_x,
        "dy": step_y,
        "hovertemplate": "x %{x:.0f}, y %{y:.0f}<extra></extra>",
    }
    outlines = [
        _shape("rect", (left, left + across), (top, top + down), line=stroke(colour, dash))
        for region, colour, dash in ((box, BOX_COLOUR, "dot"), (window, WINDOW_COLOUR, "solid"))
        if region is not None
        for left, top, across, down in (region,)
    ]
    axis = {"visible": False, "constrain": "domain"}
    clear = "rgba(0,0,0,0)"
    layout = {
        "height": min(TALLEST_FILM, round(FILM_WIDTH * height / width) + TOOLBAR_HEIGHT),
        "margin": {"l": 0, "r": 0, "t": TOOLBAR_HEIGHT, "b": 0},
        "dragmode": "select",
        "plot_bgcolor": clear,
        "newselection": {"line": stroke(WINDOW_COLOUR)},
        "modebar": {"bgcolor": clear, "color": NEUTRAL_COLOUR, "activecolor": BELOW_COLOUR},
        "shapes": outlines,
        "xaxis": axis | {"constraintoward": "left", "range": [x, x + width]},
        "yaxis": axis | {"constraintoward": "top", "range": [y + height, y], "scaleanchor": "x"},
    }
    return go.Figure({"data": [image], "layout": layout})


def probability_figure(
    p_malignant: float, p_low: float, p_high: float, threshold: float
) -> go.Figure:
    """Draw a probability on a line from 0 to 100%, its spread over the flips, and the threshold.

    Parameters
    ----------
    p_malignant, p_low, p_high, threshold : float, 0-1
    """
    colour = ABOVE_COLOUR if p_malignant >= threshold else BELOW_COLOUR
    marker = {
        "type": "scatter",
        "x": [p_malignant],
        "y": [0],
        "mode": "markers",
        "marker": {"symbol": "diamond", "size": 17, "color": colour},
        "hoverinfo": "skip",
    }
    see_through = {"opacity": 0.35, "line": {"width": 0}}
    dashed = stroke(NEUTRAL_COLOUR)
    # The label is kept inside the figure near its ends.
    anchor = "left" if threshold < 0.1 else "right" if threshold > 0.9 else "center"
    label = {"x": threshold, "y": 0.42, "text": "threshold", "showarrow": False, "xanchor": anchor}
    layout = {
        "height": BAR_HEIGHT,
        "margin": {"l": 20, "r": 24, "t": 0, "b": 24},
        "showlegend": False,
        "font": {"color": WORDS_COLOUR},
        "xaxis": {
            "tickfont": {"color": WORDS_COLOUR},
            "range": [-0.02, 1.02],
            "tickvals": [0, 0.5, 1],
            "tickformat": ".0%",
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
        "yaxis": {"range": [-0.5, 0.8], "visible": False, "fixedrange": True},
        "shapes": [
            _shape("rect", (0, 1), (-0.05, 0.05), fillcolor=NEUTRAL_COLOUR, **see_through),
            _shape("rect", (p_low, p_high), (-0.16, 0.16), fillcolor=colour, **see_through),
            _shape("line", (threshold, threshold), (-0.42, 0.42), line=dashed),
        ],
        "annotations": [label | {"yanchor": "bottom", "font": {"size": 13}}],
    }
    return go.Figure({"data": [marker], "layout": layout})


def _shape(
    kind: str, across: tuple[float, float], along: tuple[float, float], **look: Any
) -> dict[str, Any]:
    """Describe a rectangle or a line by its ends in x and y."""
    ends = {"x0": across[0], "x1": across[1], "y0": along[0], "y1": along[1]}
    return {"type": kind} | ends | look


def stroke(colour: str, dash: str = "dash", width: float = 2) -> dict[str, Any]:
    """Return how a line is drawn."""
    return {"color": colour, "width": width, "dash": dash}


@dataclass(frozen=True)
class Look:
    """How one reader of the cases is drawn: colour, dash of lines, symbol of points."""

    colour: str
    dash: str
    symbol: str

    def filled(self, opacity: float) -> str:
        """Return the colour as plotly fills an area with it.

        >>> Look("#0A6EBD", "solid", "circle").filled(0.2)
        'rgba(10, 110, 189, 0.2)'
        """
        red, green, blue = (int(self.colour[start : start + 2], 16) for start in (1, 3, 5))
        return f"rgba({red}, {green}, {blue}, {opacity})"


LOOKS = (
    Look("#9B4B8C", "dash", "square"),
    Look("#008F6B", "solid", "circle"),
    Look("#8A7A12", "dashdot", "triangle-up"),
)
RADIOLOGISTS = Look(NEUTRAL_COLOUR, "dot", "diamond")
CLASS_LOOKS: Mapping[bool, Look] = {
    False: Look(BELOW_COLOUR, "solid", "circle-open"),
    True: Look(ABOVE_COLOUR, "solid", "diamond"),
}


def look_of(place: int) -> Look:
    """Return the look of the model at a place in the manifest's order."""
    return LOOKS[place % len(LOOKS)]


def figure_config(name: str) -> dict[str, Any]:
    """Return the toolbar of a figure, whose camera saves it as `mammo-<name>.svg`."""
    return {
        "displaylogo": False,
        "displayModeBar": True,
        "modeBarButtonsToRemove": ["autoScale2d", "zoomIn2d", "zoomOut2d"],
        "toImageButtonOptions": {"format": "svg", "filename": f"mammo-{name}"},
    }


def lay_out(figure: go.Figure, x_title: str, y_title: str, height: int = HEIGHT) -> go.Figure:
    """Give a figure its axes, its legend below and room for the toolbar above; return it."""
    words = {"color": WORDS_COLOUR}
    axis = {"tickfont": words, "zeroline": False}
    # Written over, not merged: merging takes plotly twice as long, at every move of a slider.
    figure.update_xaxes({"title": {"text": x_title, "font": words}, **axis}, overwrite=True)
    figure.update_yaxes({"title": {"text": y_title, "font": words}, **axis}, overwrite=True)
    figure.update_layout(
        {
            "height": height,
            "font": words,
            "margin": {"l": 8, "r": 8, "t": 40, "b": 8},
            "legend": {"orientation": "h", "yanchor": "top", "y": -0.16, "xanchor": "left", "x": 0},
            "hoverlabel": {"namelength": -1},
            "dragmode": "zoom",
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL_COLOUR, "orientation": "h"},
        },
        overwrite=True,
    )
    return figure


def as_shares(figure: go.Figure, x: bool = True, y: bool = True) -> go.Figure:
    """Run both axes (or one) from 0 to 100%, with room for a point on the edge; return it."""
    share = {"range": [-0.02, 1.02], "tickformat": ".0%", "nticks": 6}
    if x:
        figure.update_xaxes(share, overwrite=True)
    if y:
        figure.update_yaxes(share, overwrite=True)
    return figure


def lay_out_roc(figure: go.Figure, height: int = HEIGHT) -> go.Figure:
    """Give a figure of ROC curves its axes; return it."""
    title = "False alarms: benign flagged (1 - specificity)"
    return as_shares(lay_out(figure, title, "Sensitivity", height))


def lay_out_rows(figure: go.Figure, titles: Sequence[str], **axis: Any) -> go.Figure:
    """Give a figure a named row for each title, from 0 on; return it."""
    return figure.update_yaxes(tickvals=list(range(len(titles))), ticktext=titles, **axis)


def helper_line(x: list[float], y: list[float], name: str) -> go.Scatter:
    """Return a thin grey line that is no reader: chance, ideal, "flag all"."""
    line = stroke(NEUTRAL_COLOUR, "dot", 1)
    return go.Scatter(x=x, y=y, name=name, mode="lines", line=line, hoverinfo="skip")


def reader_line(
    x: Iterable[float],
    y: Iterable[float],
    name: str,
    look: Look,
    hover: str,
    width: float = 2.5,
    mark: int = 0,
    **more: Any,
) -> go.Scatter:
    """Return a reader's line, with points of the size `mark`, or none."""
    if mark:
        more |= {"mode": "lines+markers", "marker": {"symbol": look.symbol, "size": mark}}
    return go.Scatter(
        {"mode": "lines"} | more,
        x=list(x),
        y=list(y),
        name=name,
        line=stroke(look.colour, look.dash, width),
        hovertemplate=f"{hover}<extra></extra>",
    )


def roc_line(curve: RocCurve, name: str, look: Look, hover: str, **more: Any) -> go.Scatter:
    """Return a reader's ROC curve."""
    return reader_line(
        curve.false_positive_rate, curve.sensitivity, name, look, f"{hover}{RATES}", **more
    )


def roc_points(
    at: Iterable[Mapping[str, Estimate]], look: Look, hover: str, size: int, group: str, **more: Any
) -> go.Scatter:
    """Return operating points in ROC space, from their rates by name."""
    alarms, found = zip(
        *((1 - rates["specificity"].value, rates["sensitivity"].value) for rates in at), strict=True
    )
    return points(alarms, found, look, f"{hover}{RATES}", size, group, **more)


def points(
    x: Sequence[float | str],
    y: Sequence[float],
    look: Look,
    hover: str,
    size: int,
    group: str = "",
    marker: Mapping[str, Any] | None = None,
    **more: Any,
) -> go.Scatter:
    """Return points in a reader's colour and symbol; of a group, they hide with its line."""
    if group:
        more |= {"legendgroup": group, "showlegend": False}
    return go.Scatter(
        {"mode": "markers"} | more,
        x=x,
        y=y,
        marker={"symbol": look.symbol, "color": look.colour, "size": size, **(marker or {})},
        hovertemplate=f"{hover}<extra></extra>",
    )


def error_bars(figures: Sequence[Estimate], thickness: float, **more: Any) -> dict[str, Any]:
    """Return the intervals of figures as plotly draws them beside their points."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [one.high - one.value for one in figures],
        "arrayminus": [one.value - one.low for one in figures],
        "thickness": thickness,
    } | more


def class_bar(malignant: bool) -> dict[str, Any]:
    """Return how a bar of one class is filled; a pattern tells it too."""
    shape = "/" if malignant else ""
    colour = CLASS_LOOKS[malignant].colour
    return {"color": colour, "pattern": {"shape": shape, "fillmode": "overlay"}}


def band(
    x: Sequence[float], low: Sequence[float], high: Sequence[float], look: Look, group: str
) -> go.Scatter:
    """Return the area between two curves in a reader's colour; it hides with its reader."""
    ends = [
        (at, down, up)
        for at, down, up in zip(x, low, high, strict=True)
        if down is not None and not math.isnan(down)
    ]
    return go.Scatter(
        x=[at for at, _, _ in (*ends, *reversed(ends))],
        y=[up for _, _, up in ends] + [down for _, down, _ in reversed(ends)],
        fill="toself",
        fillcolor=look.filled(0.16),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        legendgroup=group,
        showlegend=False,
    )
