"""Widgets that several pages share: figures, tables, files to take away.

Pages call `draw` or `show_figure` in place of `st.plotly_chart`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Thread
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from mammo import text
from mammo.artifacts import Card
from mammo.data.csv_table import harmless
from mammo.inference import LesionResult
from mammo.inference.result import csv_columns, csv_row
from mammo.plots.style import figure_config, look_of

_FILLED_IN = ("rgb(38, 39, 48)", "rgb(250, 250, 250)")
"""What the browser puts in for `mammo.plots.style.WORDS_COLOUR`, in light and in dark."""
_CHOSEN_TOOL = ".stPlotlyChart .modebar-btn.active path"
"""The icon of a chart's chosen tool, which the browser draws white, on a light page too."""
_FOLLOW_THEME = ", ".join(
    [_CHOSEN_TOOL, *(f'.stPlotlyChart text[style*="{colour}"]' for colour in _FILLED_IN)]
)


def let_words_follow_the_theme() -> None:
    """Show the words of all charts in the colour of the page's, also when the theme turns."""
    st.html(f"<style>{_FOLLOW_THEME} {{ fill: currentColor !important }}</style>")


def draw(figure: go.Figure, **options: Any) -> Any:
    """Draw a figure with `st.plotly_chart` and its options; return what that returns.

    The browser fills in `mammo.plots.style.WORDS_COLOUR` once a figure, and its downloads have that
    colour. The theme stands in the figure, so that after a change of theme the next run brings
    another figure.
    """
    figure.update_layout(meta={"theme": st.context.theme.type})
    return st.plotly_chart(figure, **options)


def show_figure(figure: go.Figure, name: str, alt: str, **options: Any) -> Any:
    """Draw a figure that downloads as `mammo-<name>.svg`, with its alternative text."""
    chosen = {"config": figure_config(name), "key": f"figure_{name}", **options}
    return draw(figure, alt=alt, **chosen)


DOWNLOAD_ICON = ":material/download:"


def offer_file(
    label: str,
    make: Callable[[], bytes],
    name: str,
    media_type: str,
    *,
    key: str,
    icon: str = DOWNLOAD_ICON,
) -> None:
    """Offer a file that is made once its button is pressed; the page does not run again.

    Parameters
    ----------
    label : str, on the button
    make : gives the content; called on another thread, at each press
    name : str, of the file
    media_type : str, as "text/csv"
    key : str, of the button
    icon : str, a Material symbol
    """
    context = get_script_run_ctx()

    def made() -> bytes:
        content = make()
        if context is not None and runtime.exists():  # stays under this visitor's session
            enter = runtime.get_instance().media_file_mgr.add
            arguments = (content, media_type, f"file of {key}", name, True)
            thread = add_script_run_ctx(Thread(target=enter, args=arguments), context)
            thread.start()
            thread.join()
        return content

    st.download_button(label, made, name, media_type, icon=icon, on_click="ignore", key=key)


Results = Sequence[tuple[str, LesionResult | None, str]]
ESTIMATE = "Estimated probability of malignancy."
ROW_HEIGHT = 64
_HEADER_HEIGHT = 38
_MOST_ROWS_ON_SHOW = 8


def table_height(rows: int) -> int:
    """Return the height of a table in screen pixels: its rows, at most eight."""
    return _HEADER_HEIGHT + ROW_HEIGHT * min(rows, _MOST_ROWS_ON_SHOW)


def show_table(
    table: pd.DataFrame, columns: Mapping[str, Any], alt: str, key: str | None = None
) -> None:
    """Show a table with small pictures in its column "Picture"; `columns` sets up the others."""
    st.dataframe(
        table,
        column_config={
            "Picture": st.column_config.ImageColumn("Picture", width="small"),
            **columns,
        },
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=table_height(len(table)),
        alt=alt,
        key=key,
    )


def probability_columns(
    titles: Iterable[str], hints: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the column settings of models' estimates, per cent from 0 to 100, by their titles.

    `hints` is what hovering over the head of a column says, `ESTIMATE` by default.
    """
    return {
        title: st.column_config.ProgressColumn(
            title,
            help=(hints or {}).get(title, ESTIMATE),
            format="%.0f%%",
            min_value=0,
            max_value=100,
            color=look_of(place).colour,
        )
        for place, title in enumerate(titles)
    }


def csv_of(table: pd.DataFrame, thresholds: Mapping[str, float] | None = None) -> bytes:
    """Write a table as CSV, UTF-8; the research notice stands in every row and cannot get lost.

    `thresholds` are those in force by the model's title, to be written beside.

    >>> csv_of(pd.DataFrame({"Case": ["P_1"], "p": [0.25]})).decode().splitlines()[1]
    'P_1,0.2500,Teaching and research only. Not a medical device; not for decisions about a person.'
    """
    shown = {f"{title} threshold": threshold for title, threshold in (thresholds or {}).items()}
    exported = table.assign(**shown, notice=text.NOTICE_SHORT)
    return _written(exported.map(lambda cell: harmless(cell) if isinstance(cell, str) else cell))


def _written(table: pd.DataFrame) -> bytes:
    return str(table.to_csv(index=False, float_format="%.4f", lineterminator="\n")).encode("utf-8")


def csv_of_results(results: Results, cards: Sequence[Card]) -> bytes:
    """Write results as CSV, UTF-8: the name of each file, its result or None, and its error."""
    rows = [csv_row(name, result, error=error) for name, result, error in results]
    return _written(pd.DataFrame(rows, columns=csv_columns(cards)))


def download(table: pd.DataFrame, name: str, thresholds: Mapping[str, float] | None = None) -> None:
    """Offer a table as `mammo-<name>.csv`; the research notice stands in every row."""
    _offer_csv(lambda: csv_of(table, thresholds), name, f"download_{name}")


def download_results(results: Results, cards: Sequence[Card], name: str, key: str) -> None:
    """Offer results, as `csv_of_results` takes them, as `mammo-<name>.csv`."""
    _offer_csv(lambda: csv_of_results(results, cards), name, key)


def _offer_csv(make: Callable[[], bytes], name: str, key: str) -> None:
    offer_file("Download as CSV", make, f"mammo-{name}.csv", "text/csv", key=key)
