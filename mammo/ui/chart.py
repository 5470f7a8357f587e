"""Draw a figure of words and axes on the page, readable in the theme that the visitor has.

Pages call `draw` in place of `st.plotly_chart`; a film, which has no words, needs it not.
"""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

_FILLED_IN = ("rgb(38, 39, 48)", "rgb(250, 250, 250)")
"""What the browser puts in for `mammo.ui.figures.WORDS_COLOUR`, in light and in dark."""
_CHOSEN_TOOL = ".stPlotlyChart .modebar-btn.active path"
"""The icon of a chart's chosen tool, which the browser draws white, on a light page too."""
_FOLLOW_THEME = ", ".join(
    [_CHOSEN_TOOL, *(f'.stPlotlyChart text[style*="{colour}"]' for colour in _FILLED_IN)]
)


def let_words_follow_the_theme() -> None:
    """Show the words of all charts in the colour of the page's, also when the theme turns.

    And the chosen tool of each.
    """
    st.html(f"<style>{_FOLLOW_THEME} {{ fill: currentColor !important }}</style>")


def draw(figure: go.Figure, **options: Any) -> Any:
    """Draw a figure with `st.plotly_chart` and its options; return what that returns.

    The browser fills in `mammo.ui.figures.WORDS_COLOUR` once a figure, and its downloads have that
    colour. The theme stands in the figure, so that after a change of theme the next run brings
    another figure.
    """
    figure.update_layout(meta={"theme": st.context.theme.type})
    return st.plotly_chart(figure, **options)
