"""Tables on the screen, and the CSV files that leave the page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from mammo import text
from mammo.artifacts import Card
from mammo.data.csv_table import harmless
from mammo.inference import LesionResult
from mammo.inference.result import csv_columns, csv_row
from mammo.ui.kit.address import Share
from mammo.ui.kit.widgets import offer_file

ESTIMATE = "Estimated probability of malignancy."
ROW_HEIGHT = 64
_HEADER_HEIGHT = 38
_MOST_ROWS_ON_SHOW = 8


def table_height(rows: int) -> int:
    """Give the table room for its rows, up to eight, in screen pixels."""
    return _HEADER_HEIGHT + ROW_HEIGHT * min(rows, _MOST_ROWS_ON_SHOW)


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


def csv_of(table: pd.DataFrame, thresholds: Mapping[str, Share] | None = None) -> bytes:
    """Write a table as CSV, UTF-8; the research notice stands in every row and cannot get lost.

    Parameters
    ----------
    table : DataFrame
    thresholds : the thresholds in force by the model's title, to be written beside, or None

    Examples
    --------
    >>> csv_of(pd.DataFrame({"Case": ["P_1"], "p": [0.25]})).decode().splitlines()[1]
    'P_1,0.2500,Teaching and research only. Not a medical device; not for decisions about a person.'
    """
    shown = {f"{title} threshold": share.value for title, share in (thresholds or {}).items()}
    exported = table.assign(**shown, notice=text.NOTICE_SHORT)
    return _written(exported.map(lambda cell: harmless(cell) if isinstance(cell, str) else cell))


def _written(table: pd.DataFrame) -> bytes:
    return str(table.to_csv(index=False, float_format="%.4f", lineterminator="\n")).encode("utf-8")


def csv_of_results(
    results: Iterable[tuple[str, LesionResult | None, str]], cards: Sequence[Card]
) -> bytes:
    """Write results as CSV, UTF-8: the name of each file, its result or None, and its error."""
    rows = [csv_row(name, result, error=error) for name, result, error in results]
    return _written(pd.DataFrame(rows, columns=csv_columns(cards)))


def download(table: pd.DataFrame, name: str, thresholds: Mapping[str, Share] | None = None) -> None:
    """Offer a table as `mammo-<name>.csv`; the research notice stands in every row."""
    offer_file(
        "Download as CSV",
        lambda: csv_of(table, thresholds),
        f"mammo-{name}.csv",
        "text/csv",
        key=f"download_{name}",
    )


def download_results(
    results: Sequence[tuple[str, LesionResult | None, str]],
    cards: Sequence[Card],
    name: str,
    key: str,
) -> None:
    """Offer results, as `csv_of_results` takes them, as `mammo-<name>.csv`."""
    offer_file(
        "Download as CSV",
        lambda: csv_of_results(results, cards),
        f"mammo-{name}.csv",
        "text/csv",
        key=key,
    )
