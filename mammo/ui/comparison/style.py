"""How the comparison page's figures look: one colour, dash and symbol a reader, one toolbar.

Free of Streamlit. Colours stand at least 3:1 against the light and the dark background and are
told apart by colour-blind eyes (darker kin of Okabe and Ito's); dash and symbol say the same again.
Run the tests with `pytest tests/ui/test_comparison_figures.py`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from mammo.ui.figures import ABOVE_COLOUR, BELOW_COLOUR, NEUTRAL_COLOUR, WORDS_COLOUR

HEIGHT = 520


@dataclass(frozen=True)
class Look:
    """Hold how one reader of the cases is drawn: colour, dash of lines, symbol of points."""

    colour: str
    dash: str
    symbol: str

    def filled(self, opacity: float) -> str:
        """Return the colour as plotly fills an area with it.

        Examples
        --------
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
    """Return the toolbar of a figure, whose camera saves it as `mammo-<name>.svg`.

    Parameters
    ----------
    name : str, of the file, without its ending
    """
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
    """Run both axes (or one) from 0 to 100 %, with room for a point on the edge; return it."""
    share = {"range": [-0.02, 1.02], "tickformat": ".0%", "nticks": 6}
    if x:
        figure.update_xaxes(share, overwrite=True)
    if y:
        figure.update_yaxes(share, overwrite=True)
    return figure


def helper_line(x: list[float], y: list[float], name: str) -> go.Scatter:
    """Return a thin grey line that is no reader: chance, ideal, "flag all"."""
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="lines",
        line={"color": NEUTRAL_COLOUR, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )


def band(x: list[float], low: list[float], high: list[float], look: Look, group: str) -> go.Scatter:
    """Return the area between two curves in a reader's colour; it hides with its reader.

    Points without an interval (NaN or None) have no part in it.
    """
    points = [
        (at, down, up)
        for at, down, up in zip(x, low, high, strict=True)
        if down is not None and not math.isnan(down)
    ]
    return go.Scatter(
        x=[at for at, _, _ in (*points, *reversed(points))],
        y=[up for _, _, up in points] + [down for _, down, _ in reversed(points)],
        fill="toself",
        fillcolor=look.filled(0.16),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        legendgroup=group,
        showlegend=False,
    )
