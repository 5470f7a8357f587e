"""How the app's figures look, and the bar of a probability.

Figures take numbers and know nothing of Streamlit. Colours that carry a
meaning stand at least 3:1 against the light and the dark background (WCAG 2.2, 1.4.11) and are
never the only sign. Run the tests with `pytest tests/ui/test_figures.py`.
"""

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from mammo.evaluation.curves import RocCurve
from mammo.text import Estimate

BELOW_COLOUR = "#1F87C4"
ABOVE_COLOUR = "#D9661A"
NEUTRAL_COLOUR = "#7A8894"
WORDS_COLOUR = "#000037"
"""Streamlit's placeholder for the text of either theme, filled in by the browser.

The grey that Streamlit takes by itself stands 3.7:1 on white only.
"""
HEIGHT = 520
RATES = "<br>sensitivity %{y:.1%}<br>false positive rate %{x:.1%}"
"""The end of a hover label on a ROC curve."""


def probability_bar(
    p_malignant: float, p_low: float, p_high: float, threshold: float, alt: str
) -> str:
    """Draw a probability on a line from 0 to 100%, its spread and the threshold, as HTML.

    Parameters
    ----------
    p_malignant, p_low, p_high, threshold : float, 0-1
    alt : str, its text alternative
    """
    colour = ABOVE_COLOUR if p_malignant >= threshold else BELOW_COLOUR

    def bar(left: float, width: str, top: int, height: int, look: str) -> str:
        place = f"left:{100 * left:.1f}%;width:{width};top:{top}px;height:{height}px"
        return f'<div style="position:absolute;{place};{look}"></div>'

    # The label is kept inside the figure near its ends.
    shift = 0 if threshold < 0.15 else -100 if threshold > 0.85 else -50
    label = f"left:{100 * threshold:.1f}%;top:25px;transform:translateX({shift}%);font-size:12px"
    return (
        '<div style="position:relative;height:44px;margin:4px 8px" role="img" '
        f'aria-label="{html.escape(alt)}">'
        + bar(0, "100%", 10, 6, f"background:{NEUTRAL_COLOUR};opacity:.35;border-radius:3px")
        + bar(p_low, f"{max(100 * (p_high - p_low), 0.5):.1f}%", 5, 16,
              f"background:{colour};opacity:.35")
        + bar(threshold, "0", 0, 26, "border-left:2px dashed currentColor")
        + bar(p_malignant, "13px", 6, 13,
              f"background:{colour};transform:translateX(-50%) rotate(45deg)")
        + f'<div style="position:absolute;{label}">threshold</div></div>'
    )  # fmt: skip


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
    title = "False positive rate (1 - specificity)"
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
