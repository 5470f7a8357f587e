"""Plain Plotly figures of the app: the film to mark, and where a probability stands.

Figures take numbers and encoded pictures and know nothing of Streamlit. Colours that carry a
meaning stand at least 3:1 against the light and the dark background (WCAG 2.2, 1.4.11) and are
never the only sign. Run the tests with `pytest tests/ui/test_figures.py`.
"""

from typing import Any

import plotly.graph_objects as go

from mammo.ui.region import Region

BELOW_COLOUR = "#1F87C4"
ABOVE_COLOUR = "#D9661A"
NEUTRAL_COLOUR = "#7A8894"
BOX_COLOUR = "#FFFFFF"
WINDOW_COLOUR = "#F0E442"

FILM_WIDTH = 400
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
    picture : str
        `data:` address of the part on show.
    picture_size : (height, width)
        Its size in screen pixels, as encoded.
    view : Region
        The same part in film pixels: the figure's axes are in film pixels, so that a box drawn
        on it needs no scaling back.
    box, window : Region or None
        The lesion box as marked, and the square context window that the models see.
    """
    x, y, width, height = view
    step_x, step_y = width / picture_size[1], height / picture_size[0]
    image = go.Image(
        source=picture,
        x0=x + step_x / 2,
        y0=y + step_y / 2,
        dx=step_x,
        dy=step_y,
        hovertemplate="x %{x:.0f}, y %{y:.0f}<extra></extra>",
    )
    figure = go.Figure(image)
    if box is not None:
        figure.add_shape(_outline(box, BOX_COLOUR, "dot"))
    if window is not None:
        figure.add_shape(_outline(window, WINDOW_COLOUR, "solid"))
    held = {"visible": False, "constrain": "domain"}
    figure.update_xaxes(held, range=[x, x + width], constraintoward="left")
    figure.update_yaxes(held, range=[y + height, y], constraintoward="top", scaleanchor="x")
    figure.update_layout(
        height=min(TALLEST_FILM, round(FILM_WIDTH * height / width) + TOOLBAR_HEIGHT),
        margin={"l": 0, "r": 0, "t": TOOLBAR_HEIGHT, "b": 0},
        dragmode="select",
        plot_bgcolor="rgba(0,0,0,0)",
        newselection={"line": {"color": WINDOW_COLOUR, "width": 2, "dash": "dash"}},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL_COLOUR, "activecolor": BELOW_COLOUR},
    )
    return figure


def _outline(region: Region, colour: str, dash: str) -> dict[str, Any]:
    """Describe a rectangle on the film that lets the picture shine through."""
    x, y, width, height = region
    line = {"color": colour, "width": 2, "dash": dash}
    return {"type": "rect", "x0": x, "y0": y, "x1": x + width, "y1": y + height, "line": line}


def probability_figure(
    p_malignant: float, p_low: float, p_high: float, threshold: float
) -> go.Figure:
    """Draw a probability on a line from 0 to 100 %, its spread over the flips, and the threshold.

    Parameters
    ----------
    p_malignant, p_low, p_high, threshold : float, 0-1
    """
    colour = ABOVE_COLOUR if p_malignant >= threshold else BELOW_COLOUR
    figure = go.Figure()
    figure.add_shape(_band(0, 1, 0.05, NEUTRAL_COLOUR, 0.35))
    figure.add_shape(_band(p_low, p_high, 0.16, colour, 0.35))
    figure.add_shape(
        type="line", x0=threshold, x1=threshold, y0=-0.42, y1=0.42, line=_dashed(NEUTRAL_COLOUR)
    )
    figure.add_annotation(
        x=threshold,
        y=0.42,
        text="threshold",
        showarrow=False,
        yanchor="bottom",
        xanchor=_anchor(threshold),
        font={"size": 13},
    )
    figure.add_trace(
        go.Scatter(
            x=[p_malignant],
            y=[0],
            mode="markers",
            marker={"symbol": "diamond", "size": 17, "color": colour},
            hoverinfo="skip",
        )
    )
    figure.update_xaxes(
        range=[-0.02, 1.02],
        tickvals=[0, 0.5, 1],
        tickformat=".0%",
        fixedrange=True,
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(range=[-0.5, 0.8], visible=False, fixedrange=True)
    figure.update_layout(
        height=BAR_HEIGHT, margin={"l": 20, "r": 24, "t": 0, "b": 24}, showlegend=False
    )
    return figure


def _band(
    start: float, end: float, half_height: float, colour: str, opacity: float
) -> dict[str, Any]:
    """Describe a horizontal band, filled and without an edge."""
    return {
        "type": "rect",
        "x0": start,
        "x1": end,
        "y0": -half_height,
        "y1": half_height,
        "fillcolor": colour,
        "opacity": opacity,
        "line": {"width": 0},
    }


def _dashed(colour: str) -> dict[str, Any]:
    return {"color": colour, "width": 2, "dash": "dash"}


def _anchor(position: float) -> str:
    """Keep a label inside the figure: to the right of its line near 0, to the left near 1."""
    if position < 0.1:
        return "left"
    return "right" if position > 0.9 else "center"
