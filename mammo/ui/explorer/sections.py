"""The explorer's upper half: filters with live counts, a chart, the gallery, the table."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from mammo.ui import loaders, words
from mammo.ui.comparison.cases import download
from mammo.ui.comparison.controls import choose_option, keep_in_link
from mammo.ui.comparison.pictures import pictures
from mammo.ui.comparison.style import figure_config
from mammo.ui.data_folder import FOLDER_VARIABLE, ask_for_folder
from mammo.ui.explorer import source
from mammo.ui.explorer.case import film_of
from mammo.ui.explorer.charts import CHARTS, by_size, chart_figure
from mammo.ui.explorer.filters import FILTERS, from_link, options, passing, title_of
from mammo.ui.frame import small_notice

if TYPE_CHECKING:
    import pandas as pd

_A_PAGE = 12
_COLUMNS = 4
SIZES = "sizes"


def choose_cases() -> "pd.DataFrame":
    """Ask for filters, say how many cases pass, and return them.

    Raises
    ------
    ArtifactError
        The cases cannot be read.
    """
    every = source.cases()
    chosen = {}
    with st.expander("Filters", icon=":material/filter_alt:", expanded=True), st.grid(3):
        for one in FILTERS:
            allowed = options(every, one)
            key = f"explorer_{one.name}"
            if key not in st.session_state:
                st.session_state[key] = from_link(st.query_params.get(one.name), allowed)
            picked = st.multiselect(
                one.title,
                allowed,
                format_func=partial(title_of, one),
                key=key,
                placeholder="all",
            )
            keep_in_link(one.name, ",".join(picked) or None)
            chosen[one.name] = picked
    found = passing(every, chosen)
    st.markdown(_counts_in_words(found, len(every)))
    return found


def _counts_in_words(found: "pd.DataFrame", total: int) -> str:
    malignant = int(found["label"].sum())
    return (
        f"**{len(found):,}** of {total:,} crops: {found['lesion_id'].nunique():,} lesions of "
        f"{found['patient_id'].nunique():,} patients; {malignant:,} crops malignant, "
        f"{len(found) - malignant:,} benign."
    )


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
    st.plotly_chart(
        chart_figure(chart),
        config=figure_config(f"data-{name}"),
        key=f"chart_{name}",
        alt=f"{titles[name]} by pathology. {chart.sentence}",
    )
    st.markdown(chart.sentence)
    download(chart.counts.rename_axis(chart.axis).reset_index(), f"data-{name}")


def _sizes(found: "pd.DataFrame") -> "pd.DataFrame | None":
    """Return label and longer side on film of the cases whose box the data folder records."""
    at_hand = source.folder()
    needed = ["box_width", "box_height", "window_width"]
    if at_hand is None or not set(needed) <= set(at_hand.table.columns):
        return None
    rows = at_hand.table.reindex(found["case_id"]).dropna(subset=needed)
    if rows.empty:
        return None
    from mammo.data.table import read_pixels

    side = read_pixels(rows.iloc[:1]).shape[1]
    longer = rows[["box_width", "box_height"]].max(axis=1) * rows["window_width"] / side
    return rows.assign(pixels=longer)[["label", "pixels"]]


def show_gallery(found: "pd.DataFrame") -> None:
    """Show pictures of the cases on show, a page at a time; each opens its case below."""
    st.header("Gallery", anchor="gallery")
    ask_for_folder()
    at_hand = source.cases_with_pictures()
    shown = found[found["case_id"].isin(at_hand)]
    if shown.empty:
        st.info(_how_to_get_pictures("None of these cases has a picture at hand."))
        return
    if len(shown) < len(found):
        st.caption(
            _how_to_get_pictures(f"{len(shown):,} of these {len(found):,} crops are at hand.")
        )
    pages = -(-len(shown) // _A_PAGE)
    page = _choose_page(pages)
    rows = shown.iloc[(page - 1) * _A_PAGE : page * _A_PAGE]
    found_pictures, complaint = pictures(rows["case_id"].tolist())
    if complaint:
        st.warning(complaint, icon=":material/warning:")
    with st.grid(_COLUMNS):
        for row in rows.to_dict("records"):
            case = str(row["case_id"])
            with st.container(border=True, gap="xsmall"):
                if case in found_pictures:
                    st.image(found_pictures[case], width="stretch")
                st.caption(f"{words.pathology_words(row['pathology'])}, {film_of(row)}")
                st.button(
                    "Open the case",
                    key=f"open_{case}",
                    on_click=_open,
                    args=(case,),
                    width="stretch",
                )
    small_notice()


def _how_to_get_pictures(first: str) -> str:
    return (
        f"{first} To see all: `python -m mammo.download` and `python -m mammo.prepare` (README), "
        f"then set {FOLDER_VARIABLE} to the prepared folder. The ten example films are always here."
    )


def _choose_page(pages: int) -> int:
    key = "explorer_page"
    if key not in st.session_state:
        text = st.query_params.get("page", "1")
        st.session_state[key] = int(text) if text.isdecimal() else 1
    st.session_state[key] = min(max(st.session_state[key], 1), pages)
    if pages > 1:
        st.number_input(f"Page, of {pages}", 1, pages, key=key, width=160)
    page = int(st.session_state[key])
    keep_in_link("page", None if page == 1 else str(page))
    return page


def _open(case: str) -> None:
    st.session_state["explorer_case"] = case


def show_table(found: "pd.DataFrame") -> None:
    """Show the cases on show as a table, with both models' probabilities, and offer the CSV."""
    st.header("Table", anchor="table")
    table = found.drop(columns=["label", "published_split"], errors="ignore")
    st.dataframe(table, hide_index=True, height=320, key="explorer_table", alt="All cases on show")
    titles = ", ".join(card.title for card in loaders.cards())
    st.caption(
        f"Scores of {titles}: `_score` as the network gives it, `_p` calibrated. Test rows were "
        "scored once by the released models, training rows by the fold that had not seen the "
        "patient (`_fold`)."
    )
    download(table, "cases")
