"""Draw a figure of words and axes on the page, readable in the theme that the visitor has.

Pages call `draw` in place of `st.plotly_chart`; a film, which has no words, needs it not.
"""

from typing import Any

import plotly.graph_objects as go
import streamlit as st


def draw(figure: go.Figure, **options: Any) -> Any:
    """Draw a figure with `st.plotly_chart` and its options; return what that returns.

    The browser fills in `mammo.ui.figures.WORDS_COLOUR` once a figure. The theme stands in the
    figure, so that after a change of theme the next run brings another figure, and its colour.
    """
    figure.update_layout(meta={"theme": st.context.theme.type})
    return st.plotly_chart(figure, **options)
