"""The explorer's filters with live counts, its chart, its gallery, and the table at its end."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from mammo.data.descriptors import (
    FILTERS,
    Filter,
    from_link,
    options,
    page_from_link,
    passing,
    title_of,
)
from mammo.plots.explorer import CHARTS, by_size, chart_figure
from mammo.plots.style import figure_config
from mammo.ui.explorer.case import NARROW, show_pictures
from mammo.ui.kit import case_folder
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.case_words import counts_in_words, titled
from mammo.ui.kit.cases import download
from mammo.ui.kit.data_folder import FOLDER_VARIABLE, ask_for_folder
from mammo.ui.kit.frame import small_notice, warn
from mammo.ui.kit.widgets import choose_option, draw, probability_columns

if TYPE_CHECKING:
    import pandas as pd

_A_PAGE = 12
_PAGE = "page"
SIZES = "sizes"


def choose_cases() -> "pd.DataFrame":
    """Ask for filters, say how many cases pass, and return them.

    Raises
    ------
    ArtifactError
        The cases cannot be read.
    """
    every = case_folder.cases()
    with st.expander("Filters", icon=":material/filter_alt:", expanded=True):
        with st.grid(3, min_column_width=NARROW):
            chosen = {one.name: _choose(one, options(every, one)) for one in FILTERS}
        if any(chosen.values()):
            st.button(
                "Show all cases",
                icon=":material/filter_alt_off:",
                on_click=_take_all_off,
                key="explorer_show_all",
            )
    found = passing(every, chosen)
    st.markdown(counts_in_words(found, len(every)))
    return found


def _choose(one: Filter, allowed: list[str]) -> list[str]:
    """Ask for the options of one filter; none chosen lets every case pass."""
    key = _key(one)
    if went_back() or key not in st.session_state:
        st.session_state[key] = from_link(st.query_params.get(one.name), allowed)
    picked = st.multiselect(
        one.title,
        allowed,
        format_func=partial(title_of, one),
        key=key,
        placeholder="all",
        on_change=_first_page,
    )
    keep_in_link(one.name, ",".join(picked) or None)
    return picked


def _key(one: Filter) -> str:
    return f"explorer_{one.name}"


def _first_page() -> None:
    keep_in_link(_PAGE, None)


def _take_all_off() -> None:
    _first_page()
    for one in FILTERS:
        st.session_state[_key(one)] = []


def show_chart(found: "pd.DataFrame") -> None:
    """Show the chart that the visitor chose, of the cases on show."""
    st.header("What is in the data", anchor="charts")
    titles = {name: title for name, (title, _) in CHARTS.items()} | {SIZES: "Sizes"}
    name = choose_option("Chart", "chart", titles, "split")
    if found.empty:
        st.info("No case passes the filters: take one away to see a chart.")
        return
    if name == SIZES:
        sizes = _sizes(found)
        if sizes is None:
            st.info(
                "Sizes are known only of crops that `python -m mammo.prepare` cut, which records "
                f"each lesion's box: set {FOLDER_VARIABLE} to such a folder."
            )
            return
        chart = by_size(sizes)
    else:
        chart = CHARTS[name][1](found)
    draw(
        chart_figure(chart),
        config=figure_config(f"data-{name}"),
        key=f"chart_{name}",
        alt=f"{titles[name]} by pathology. {chart.sentence}",
    )
    st.markdown(chart.sentence)
    download(chart.counts.rename_axis(chart.axis).reset_index(), f"data-{name}")


def _sizes(found: "pd.DataFrame") -> "pd.DataFrame | None":
    """Return label and longer side on film of the cases whose box the data folder records."""
    at_hand, _ = case_folder.folder_or_sentence()
    needed = ["box_width", "box_height", "window_width"]
    if at_hand is None or not set(needed) <= set(at_hand.table.columns):
        return None
    rows = at_hand.table[at_hand.table["case_id"].isin(found["case_id"])].dropna(subset=needed)
    crop = None if rows.empty else case_folder.crop_of(str(rows["case_id"].iloc[0]))
    if crop is None:
        return None
    longer = rows[["box_width", "box_height"]].max(axis=1) * rows["window_width"] / crop.shape[1]
    return rows.assign(pixels=longer)[["label", "pixels"]]


def show_gallery(found: "pd.DataFrame") -> None:
    """Show pictures of the cases on show, a page at a time; each opens its case below."""
    st.header("Gallery", anchor="gallery")
    ask_for_folder()
    _, broken = case_folder.folder_or_sentence()
    warn(broken)
    if found.empty:
        st.info("No case passes the filters.")
        return
    shown = found[found["case_id"].isin(case_folder.cases_with_pictures())]
    if len(shown) < len(found):
        st.caption(_how_to_get_pictures(len(shown), len(found)))
    if shown.empty:
        return
    page = _choose_page(-(-len(shown) // _A_PAGE))
    rows = shown.iloc[(page - 1) * _A_PAGE : page * _A_PAGE]
    show_pictures(rows, "gallery")
    small_notice()


def _how_to_get_pictures(shown: int, found: int) -> str:
    return (
        f"Pictures of {shown:,} of these {found:,} crops are at hand. To see all: "
        "`python -m mammo.download`, then `python -m mammo.prepare` (README), then set "
        f"{FOLDER_VARIABLE} to the prepared folder. The ten example lesions are always here."
    )


def _choose_page(pages: int) -> int:
    """Ask for a page of the gallery; other filters begin at their first page again."""
    page = page_from_link(st.query_params.get(_PAGE), pages)
    if pages > 1:
        filters = "&".join(f"{one.name}={st.query_params.get(one.name)}" for one in FILTERS)
        key = f"explorer_page_{pages}_{filters}"
        if went_back():
            st.session_state[key] = page
        page = st.pagination(pages, default=page, key=key)
    keep_in_link(_PAGE, None if page == 1 else str(page))
    return page


def show_table(found: "pd.DataFrame") -> None:
    """Show the cases on show as a table, with both models' probabilities, and offer the CSV."""
    st.header("Table", anchor="table")
    cards, missing = case_folder.cards()
    warn(missing)
    st.dataframe(
        titled(found, cards),
        column_config=probability_columns(card.title for card in cards),
        hide_index=True,
        height=360,
        key="explorer_table",
        alt="All cases on show with their descriptors and estimated probabilities",
    )
    st.caption(
        "Test crops were scored once by the released models, training crops by a fit that had not "
        "seen the patient. The file holds every column: `_score` as the network gives it, `_p` "
        "calibrated, `_fold` the fold that was held out."
    )
    small_notice()
    download(found.drop(columns=["published_split"], errors="ignore"), "cases")
