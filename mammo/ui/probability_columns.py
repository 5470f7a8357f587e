"""Estimated probabilities as bars in a table, the same on every page."""

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

ESTIMATE = "Estimated probability of malignancy."


def probability_columns(
    titles: Iterable[str], hints: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the column settings of models' estimates, per cent from 0 to 100.

    Parameters
    ----------
    titles : models' titles, which name their columns
    hints : title -> what hovering over the column's head says; `ESTIMATE` by default
    """
    return {
        title: st.column_config.ProgressColumn(
            title,
            help=(hints or {}).get(title, ESTIMATE),
            format="%.0f%%",
            min_value=0,
            max_value=100,
        )
        for title in titles
    }
