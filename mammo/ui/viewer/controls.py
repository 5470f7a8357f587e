"""The viewer's sliders, whose numbers stand in the link."""

import streamlit as st

from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.viewer.settings import number_from_link, number_in_link


def choose_number(
    label: str,
    name: str,
    limits: tuple[float, float, float],
    default: float,
    text_format: str,
    help_text: str | None = None,
) -> float:
    """Ask for a number by a slider."""
    key = f"viewer_{name}"
    low, high, step = limits
    held = st.session_state.get(key)
    if went_back() or held is None or not low <= held <= high:
        asked = st.query_params.get(name)
        st.session_state[key] = float(number_from_link(asked, low, high, step, default))
    number = st.slider(label, low, high, step=step, format=text_format, key=key, help=help_text)
    keep_in_link(name, number_in_link(float(number), default))
    return float(number)
