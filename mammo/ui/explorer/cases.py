"""The explorer's cases: filters with live counts, chart, gallery, one case, the table."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from mammo import text
from mammo.artifacts import Card
from mammo.data import descriptors
from mammo.data.descriptors import FILTERS, Filter, title_of
from mammo.inference.result import BALANCED
from mammo.plots.explorer import CHARTS, by_size, chart_figure
from mammo.text import counted
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.address import choose_option, keep_in_link, went_back
from mammo.ui.kit.cases import (
    film_of,
    outcomes,
    recorded_table,
    score_lines,
)
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import small_notice, warn
from mammo.ui.kit.get_images import offer_images
from mammo.ui.kit.settings import FOLDER_VARIABLE
from mammo.ui.kit.source import example_name
from mammo.ui.kit.viewer import View, Viewer
from mammo.ui.kit.widgets import download, probability_columns, show_figure

SIZES = "sizes"
_A_PAGE = 12
_PAGE, _CASE_LINK, _CASE = "page", "case", "explorer_case"
_ASKED = "explorer_asked"
"""The case that the link or the visitor asked for; None lets the filters choose."""
_COLUMNS, _NARROWEST = 6, 105
_FIRST = ("split", "label", "shape", "margin")
"""The filters that are asked for most; the others are in an expander."""
_FILTER_WIDTH = 165
_NONE = "No case passes the filters. Remove a filter."


def choose_cases() -> pd.DataFrame:
    """Ask for filters, write how many cases pass, and return them."""
    every = cache.cases()
    with st.container(horizontal=True, gap="small"):
        chosen = {
            descriptor.name: _choose(descriptor, every)
            for descriptor in FILTERS
            if descriptor.name in _FIRST
        }
    rest = [descriptor for descriptor in FILTERS if descriptor.name not in _FIRST]
    with (
        st.expander("More filters", icon=":material/filter_alt:", expanded=_is_chosen(rest)),
        st.container(horizontal=True, gap="small"),
    ):
        chosen |= {descriptor.name: _choose(descriptor, every) for descriptor in rest}
    rows = descriptors.passing(every, chosen)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(counts_in_words(rows, len(every)), width="content")
        if any(chosen.values()):
            st.button(
                "Show all cases",
                icon=":material/filter_alt_off:",
                on_click=_take_all_off,
                key="explorer_show_all",
            )
    return rows


def _is_chosen(filters: Sequence[Filter]) -> bool:
    """Return whether the page opens with one of these filters in its link."""
    return any(st.query_params.get(descriptor.name) for descriptor in filters)


def counts_in_words(rows: pd.DataFrame, total: int) -> str:
    """Return how many crops, lesions and patients pass the filters, and their labels."""
    malignant = int(rows["label"].sum())
    return (
        f"**{len(rows):,}** of {counted(total, 'crop')}: "
        f"{counted(rows['lesion_id'].nunique(), 'lesion')} in "
        f"{counted(rows['patient_id'].nunique(), 'patient')}; {malignant:,} malignant, "
        f"{len(rows) - malignant:,} benign."
    )


def _choose(chosen_filter: Filter, every: pd.DataFrame) -> list[str]:
    """Ask for the options of one filter; none chosen lets every case pass."""
    key, allowed = f"explorer_{chosen_filter.name}", descriptors.options(every, chosen_filter)
    if went_back() or key not in st.session_state:
        st.session_state[key] = descriptors.from_link(
            st.query_params.get(chosen_filter.name), allowed
        )
    picked = st.multiselect(
        chosen_filter.title,
        allowed,
        format_func=partial(title_of, chosen_filter),
        key=key,
        placeholder="All",
        on_change=keep_in_link,
        args=(_PAGE, None),
        width=_FILTER_WIDTH,
    )
    keep_in_link(chosen_filter.name, ",".join(picked) or None)
    return picked


def _take_all_off() -> None:
    keep_in_link(_PAGE, None)
    st.session_state.update({f"explorer_{descriptor.name}": [] for descriptor in FILTERS})


def show_chart(rows: pd.DataFrame) -> None:
    """Show the chart that the visitor chose, of the selected cases."""
    titles = {name: title for name, (title, _) in CHARTS.items()} | {SIZES: "Size"}
    name = choose_option("Chart", "chart", titles, "split")
    if rows.empty:
        st.info(_NONE)
        return
    if name == SIZES:
        sizes = _sizes(rows)
        if sizes is None:
            st.info(
                "Lesion sizes are known only for crops from `python -m mammo.prepare`. Set "
                f"{FOLDER_VARIABLE} to such a folder."
            )
            return
        chart = by_size(sizes)
    else:
        chart = CHARTS[name][1](rows)
    alt = f"{titles[name]} by pathology. {chart.sentence}"
    show_figure(chart_figure(chart), f"data-{name}", alt)
    st.markdown(chart.sentence)
    download(chart.counts.rename_axis(chart.axis).reset_index(), f"data-{name}")


def _sizes(found: pd.DataFrame) -> pd.DataFrame | None:
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


def show_gallery(rows: pd.DataFrame) -> None:
    """Show images of the selected cases, a page at a time; each opens its case below."""
    warn(case_folder.folder_or_sentence()[1])
    if rows.empty:
        st.info(_NONE)
        return
    shown = rows[rows["case_id"].isin(case_folder.cases_with_pictures())]
    if len(shown) < len(rows):
        st.caption(f"Images are available for {len(shown):,} of these {len(rows):,} crops.")
        offer_images(set(rows["case_id"]) - set(shown["case_id"]), "gallery")
    if shown.empty:
        return
    page = _choose_page(-(-len(shown) // _A_PAGE))
    _show_pictures(shown.iloc[(page - 1) * _A_PAGE : page * _A_PAGE], "gallery")


def _choose_page(pages: int) -> int:
    """Ask for a page of the gallery; other filters start at the first page."""
    page = descriptors.page_from_link(st.query_params.get(_PAGE), pages)
    if pages > 1:
        filters = "&".join(
            f"{descriptor.name}={st.query_params.get(descriptor.name)}" for descriptor in FILTERS
        )
        key = f"explorer_page_{pages}_{filters}"
        if went_back():
            st.session_state[key] = page
        page = st.pagination(pages, default=page, key=key)
    keep_in_link(_PAGE, None if page == 1 else str(page))
    return page


def _show_pictures(rows: pd.DataFrame, key: str) -> None:
    """Show some cases side by side, each with its image and a button that opens it."""
    images, complaint = case_folder.pictures(rows["case_id"])
    warn(complaint)
    with st.grid(_COLUMNS, min_column_width=_NARROWEST):
        for row in rows.to_dict("records"):
            case, words = str(row["case_id"]), _words_of(row)
            with st.container(gap="xsmall"):
                if case in images:
                    st.image(images[case], width="stretch", alt=f"Crop of {case}: {words}")
                st.button(
                    words,
                    key=f"open_{key}_{case}",
                    on_click=_open_case,
                    args=(case,),
                    width="stretch",
                )


def _words_of(row: Mapping[Any, Any]) -> str:
    """Return the pathology and the view of a case."""
    words = f"{text.pathology_words(row['pathology'])}, {film_of(row)}"
    return f"{words[0].upper()}{words[1:]}"


def _open_case(case: str) -> None:
    """Open a case on the page and record it in the link."""
    _ask_for(case)
    st.toast(f"{text.literal(case)} is open [below the images](#case).", icon=":material/south:")


def show_case(rows: pd.DataFrame) -> str | None:
    """Ask for one of the selected cases, and show it; return its id, None where there is none."""
    every = cache.cases()
    case = _choose_case(rows, every)
    if case is None:
        st.info(_NONE)
        return None
    row = every[every["case_id"] == case].iloc[0].to_dict()
    lesion = every[every["lesion_id"] == row["lesion_id"]]
    views = _views(lesion, case)
    image, facts = st.columns([5, 4], gap="medium") if views else (None, st.container())
    if image is not None:
        with image:
            Viewer("explorer", case).show(views)
    with facts:
        split = "training" if row["split"] == "train" else "test"
        seen = f"views recorded: {', '.join(map(film_of, lesion.to_dict('records')))}"
        st.markdown(
            f"**{text.pathology_words(row['pathology']).capitalize()}**, {split} case; {seen}."
        )
        _show_ways(row)
        st.subheader("Recorded by the radiologist", anchor=False)
        st.markdown(recorded_table(row))
        st.subheader("Estimated by the models", anchor=False)
        _show_scores(row)
    crops = every[every["patient_id"] == row["patient_id"]]
    _show_patient(crops[crops["lesion_id"] != row["lesion_id"]])
    return case


def _views(lesion: pd.DataFrame, case: str) -> list[View]:
    """Return every view of a lesion whose image is available, that of the case first."""
    views = []
    for row in sorted(lesion.to_dict("records"), key=lambda one: one["case_id"] != case):
        crop = case_folder.crop_of(str(row["case_id"]))
        if crop is not None:
            alt = f"Crop of {row['case_id']}: {_words_of(row)}"
            source = data_uri(enlarged(crop))
            views.append(View(film_of(row), alt, source, crop.shape[1], crop.shape[0]))
    return views


def _choose_case(rows: pd.DataFrame, every: pd.DataFrame) -> str | None:
    """Ask for a case: that of the link, despite the filters, or the first one with an image."""
    ids = rows["case_id"].tolist()
    chosen = _CASE in st.session_state and not went_back()
    asked = st.session_state[_ASKED] if chosen else st.query_params.get(_CASE_LINK)
    if asked is not None and asked not in set(every["case_id"]):
        warn(f"There is no case {asked[:60]}. The first selected case is shown.")
        asked = None
    if asked is not None and asked not in ids:
        st.caption("The open case does not pass the filters.")
        ids = [asked, *ids]
    st.session_state[_ASKED] = asked
    keep_in_link(_CASE_LINK, asked)
    if not ids:
        return None
    at_hand = case_folder.cases_with_pictures()
    first = next((case for case in ids if case in at_hand), ids[0])
    st.session_state[_CASE] = asked or first
    return str(
        st.selectbox(
            "Case",
            ids,
            key=_CASE,
            on_change=lambda: _ask_for(str(st.session_state[_CASE])),
            label_visibility="collapsed",
        )
    )


def _ask_for(case: str) -> None:
    st.session_state[_ASKED] = st.session_state[_CASE] = case


def _show_ways(row: Mapping[Any, Any]) -> None:
    """Link to the pages that show the same case."""
    case = str(row["case_id"])
    st.page_link(
        "pages/4_Grad-CAM_viewer.py",
        label="Open in Grad-CAM viewer",
        icon=":material/visibility:",
        query_params={"case": case},
    )
    example = cache.examples_at_hand().get(case)
    if example is not None:
        st.page_link(
            "pages/1_Upload_and_classify.py",
            label="Classify on its mammogram",
            icon=":material/center_focus_strong:",
            query_params={"example": example_name(example)},
        )


def _show_scores(row: Mapping[Any, Any]) -> None:
    """Show both models' probabilities, and link to the cases with the same outcome."""
    cards, missing = cache.cards_at_hand()
    st.markdown("\n".join(f"- {line}" for line in score_lines(row, cards)))
    warn(*missing)
    small_notice()
    for card in cards:
        cell = cell_of(row, card)
        if cell:
            st.page_link(
                "pages/2_Model_comparison.py",
                label=f"Cases with the same outcome, {card.title}",
                icon=":material/compare_arrows:",
                query_params={"cell": cell},
            )


def cell_of(row: Mapping[Any, Any], card: Card) -> str | None:
    """Return the cell of the comparison page that a test case is in; None for no cell."""
    p = float(row[f"{card.name}_p"])
    if row["split"] != "test" or p != p:
        return None
    malignant, above = int(row["label"]) == 1, text.is_above(p, card.thresholds[BALANCED])
    cells = outcomes(np.array(malignant), np.array(above))
    return f"{card.name}.{next(name for name, inside in cells.items() if inside)}"


def _show_patient(others: pd.DataFrame) -> None:
    """Show every crop of the patient's other lesions; a click opens one."""
    if others.empty:
        return
    lesions = counted(others["lesion_id"].nunique(), "other lesion")
    st.subheader(f"{lesions} of this patient, {counted(len(others), 'crop')}")
    _show_pictures(others, "patient")


def show_table(rows: pd.DataFrame) -> None:
    """Show the selected cases as a table, with both models' probabilities, and offer the CSV."""
    cards, missing = cache.cards_at_hand()
    warn(*missing)
    st.dataframe(
        titled(rows, cards),
        column_config=probability_columns(card.title for card in cards),
        hide_index=True,
        height=360,
        key="explorer_table",
        alt="The selected cases with their descriptors and estimated probabilities",
    )
    st.caption("The CSV adds `_score`, `_p` (calibrated) and `_fold` for each model.")
    download(rows.drop(columns=["published_split"], errors="ignore"), "cases")


def titled(rows: pd.DataFrame, cards: Sequence[Card]) -> pd.DataFrame:
    """Return cases for reading: plain words, and probabilities as percentages."""
    shown = pd.DataFrame({"Case": rows["case_id"], "Patient": rows["patient_id"]})
    for descriptor in FILTERS:
        by_value = {
            value: ", ".join(
                sorted(
                    title_of(descriptor, option)
                    for option in descriptors.options_of(descriptor, value)
                )
            )
            for value in rows[descriptor.column].unique()
        }
        shown[descriptor.title] = [by_value[value] for value in rows[descriptor.column]]
    for card in cards:
        shown[card.title] = 100 * rows[f"{card.name}_p"]
    return shown
