"""The explorer's cases: filters with live counts, chart, gallery, one case by itself, the table."""

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
from mammo.ui.kit.cases import film_of, outcomes, recorded_lines, score_lines
from mammo.ui.kit.display import NARROW, show_side_by_side
from mammo.ui.kit.frame import small_notice, warn
from mammo.ui.kit.get_images import offer_images
from mammo.ui.kit.settings import FOLDER_VARIABLE
from mammo.ui.kit.source import example_name
from mammo.ui.kit.widgets import download, probability_columns, show_figure

SIZES = "sizes"
_A_PAGE = 12
_PAGE, _CASE_LINK, _CASE = "page", "case", "explorer_case"
_ASKED = "explorer_asked"
"""The case that the link or the visitor asked for; None lets the filters choose."""
_COLUMNS = 4


def choose_cases() -> pd.DataFrame:
    """Ask for filters, say how many cases pass, and return them."""
    every = cache.cases()
    with st.expander("Filters", icon=":material/filter_alt:", expanded=True):
        with st.grid(3, min_column_width=NARROW):
            chosen = {one.name: _choose(one, descriptors.options(every, one)) for one in FILTERS}
        if any(chosen.values()):
            st.button(
                "Show all cases",
                icon=":material/filter_alt_off:",
                on_click=_take_all_off,
                key="explorer_show_all",
            )
    found = descriptors.passing(every, chosen)
    st.markdown(counts_in_words(found, len(every)))
    return found


def counts_in_words(found: pd.DataFrame, total: int) -> str:
    """Say how many crops pass the filters, of how many lesions and patients, and their labels."""
    malignant = int(found["label"].sum())
    return (
        f"**{len(found):,}** of {counted(total, 'crop')}: "
        f"{counted(found['lesion_id'].nunique(), 'lesion')} of "
        f"{counted(found['patient_id'].nunique(), 'patient')}; {counted(malignant, 'crop')} "
        f"malignant, {len(found) - malignant:,} benign."
    )


def _choose(one: Filter, allowed: list[str]) -> list[str]:
    """Ask for the options of one filter; none chosen lets every case pass."""
    key = f"explorer_{one.name}"
    if went_back() or key not in st.session_state:
        st.session_state[key] = descriptors.from_link(st.query_params.get(one.name), allowed)
    picked = st.multiselect(
        one.title,
        allowed,
        format_func=partial(title_of, one),
        key=key,
        placeholder="all",
        on_change=keep_in_link,
        args=(_PAGE, None),
    )
    keep_in_link(one.name, ",".join(picked) or None)
    return picked


def _take_all_off() -> None:
    keep_in_link(_PAGE, None)
    st.session_state.update({f"explorer_{one.name}": [] for one in FILTERS})


def show_chart(found: pd.DataFrame) -> None:
    """Show the chart that the visitor chose, of the cases on show."""
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


def show_gallery(found: pd.DataFrame) -> None:
    """Show pictures of the cases on show, a page at a time; each opens its case below."""
    warn(case_folder.folder_or_sentence()[1])
    if found.empty:
        st.info("No case passes the filters.")
        return
    shown = found[found["case_id"].isin(case_folder.cases_with_pictures())]
    if len(shown) < len(found):
        st.caption(f"Images are available for {len(shown):,} of these {len(found):,} crops.")
        offer_images(set(found["case_id"]) - set(shown["case_id"]), "gallery")
    if shown.empty:
        return
    page = _choose_page(-(-len(shown) // _A_PAGE))
    _show_pictures(shown.iloc[(page - 1) * _A_PAGE : page * _A_PAGE], "gallery")
    small_notice()


def _choose_page(pages: int) -> int:
    """Ask for a page of the gallery; other filters begin at their first page again."""
    page = descriptors.page_from_link(st.query_params.get(_PAGE), pages)
    if pages > 1:
        filters = "&".join(f"{one.name}={st.query_params.get(one.name)}" for one in FILTERS)
        key = f"explorer_page_{pages}_{filters}"
        if went_back():
            st.session_state[key] = page
        page = st.pagination(pages, default=page, key=key)
    keep_in_link(_PAGE, None if page == 1 else str(page))
    return page


def _show_pictures(rows: pd.DataFrame, key: str) -> None:
    """Show some cases side by side, each with its picture and a button that opens it."""
    found, complaint = case_folder.pictures(rows["case_id"])
    warn(complaint)
    with st.grid(_COLUMNS, min_column_width=NARROW):
        for row in rows.to_dict("records"):
            case = str(row["case_id"])
            words = f"{text.pathology_words(row['pathology'])}, {film_of(row)}"
            words = f"{words[0].upper()}{words[1:]}"
            with st.container(border=True, gap="xsmall"):
                if case in found:
                    st.image(found[case], width="stretch", alt=f"Crop of {case}: {words}")
                st.caption(words)
                st.button(
                    "Open the case",
                    key=f"open_{key}_{case}",
                    on_click=_open_case,
                    args=(case,),
                    width="stretch",
                )


def _open_case(case: str) -> None:
    """Let the page show a case: the link says which."""
    _ask_for(case)
    st.toast(f"{text.literal(case)} stands [under the gallery](#case).", icon=":material/south:")


def show_case(found: pd.DataFrame) -> str | None:
    """Ask for a case of those on show, and show it; return its id, None where there is none."""
    every = cache.cases()
    case = _choose_case(found, every)
    if case is None:
        st.info("No case passes the filters.")
        return None
    row = every[every["case_id"] == case].iloc[0].to_dict()
    st.markdown(
        f"**{text.pathology_words(row['pathology']).capitalize()}** by the data set's record; "
        f"official {'training' if row['split'] == 'train' else 'test'} split."
    )
    _show_views(every[every["lesion_id"] == row["lesion_id"]])
    recorded, scores = st.columns(2)
    with recorded:
        st.subheader("What the radiologist recorded")
        st.markdown("\n".join(f"- {line}" for line in recorded_lines(row)))
    with scores:
        st.subheader("What the models say")
        _show_scores(row)
    crops = every[every["patient_id"] == row["patient_id"]]
    _show_patient(crops[crops["lesion_id"] != row["lesion_id"]])
    return case


def _choose_case(found: pd.DataFrame, every: pd.DataFrame) -> str | None:
    """Ask for a case: the link's, above the filters, or the first on show that has a picture."""
    ids = found["case_id"].tolist()
    chosen = _CASE in st.session_state and not went_back()
    asked = st.session_state[_ASKED] if chosen else st.query_params.get(_CASE_LINK)
    if asked is not None and asked not in set(every["case_id"]):
        warn(f"The link asks for the case {asked[:60]}, which there is not.")
        asked = None
    if asked is not None and asked not in ids:
        st.caption("The case that was opened does not pass the filters.")
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
            "Case", ids, key=_CASE, on_change=lambda: _ask_for(str(st.session_state[_CASE]))
        )
    )


def _ask_for(case: str) -> None:
    st.session_state[_ASKED] = st.session_state[_CASE] = case


def _show_views(lesion: pd.DataFrame) -> None:
    """Show every view of the lesion whose picture is at hand."""
    rows = lesion.to_dict("records")
    views = ", ".join(map(film_of, rows))
    st.caption(f"The lesion is recorded on {counted(len(rows), 'film')}: {views}.")
    shown = []
    for row in rows:
        crop = case_folder.crop_of(str(row["case_id"]))
        if crop is not None:
            words = f"{film_of(row)}, {text.pathology_words(row['pathology'])}"
            shown.append((crop, words, f"Crop of {row['case_id']}: {words}"))
    if shown:
        show_side_by_side(shown, max(2, min(len(shown), _COLUMNS)), side=512)


def _show_scores(row: Mapping[Any, Any]) -> None:
    """Say both models' scores, and lead to the pages on which the case can be followed."""
    cards, missing = cache.cards_at_hand()
    st.markdown("\n".join(f"- {line}" for line in score_lines(row, cards)))
    warn(*missing)
    small_notice()
    case = str(row["case_id"])
    example = cache.examples_at_hand().get(case)
    if example is not None:
        st.page_link(
            "pages/1_Upload_and_classify.py",
            label="Open its film and classify it",
            icon=":material/center_focus_strong:",
            query_params={"example": example_name(example)},
        )
    st.page_link(
        "pages/4_Grad-CAM_viewer.py",
        label="See what the models looked at",
        icon=":material/visibility:",
        query_params={"case": case},
    )
    for card in cards:
        cell = cell_of(row, card)
        if cell:
            st.page_link(
                "pages/2_Model_comparison.py",
                label=f"See the cases that {card.title} sorted alike",
                icon=":material/compare_arrows:",
                query_params={"cell": cell},
            )


def cell_of(row: Mapping[Any, Any], card: Card) -> str | None:
    """Name the cell of the comparison page's link in which a test case stands; None for no cell."""
    p = float(row[f"{card.name}_p"])
    if row["split"] != "test" or p != p:
        return None
    malignant, above = int(row["label"]) == 1, text.is_above(p, card.thresholds[BALANCED])
    cells = outcomes(np.array(malignant), np.array(above))
    return f"{card.name}.{next(name for name, inside in cells.items() if inside)}"


def _show_patient(others: pd.DataFrame) -> None:
    """Show every crop of the patient's other lesions, and open one at a click."""
    if others.empty:
        st.caption("The patient has no other lesion in the data set.")
        return
    lesions = counted(others["lesion_id"].nunique(), "other lesion")
    st.subheader(f"{lesions} of this patient, {counted(len(others), 'crop')}")
    _show_pictures(others, "patient")


def show_table(found: pd.DataFrame) -> None:
    """Show the cases on show as a table, with both models' probabilities, and offer the CSV."""
    cards, missing = cache.cards_at_hand()
    warn(*missing)
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


def titled(found: pd.DataFrame, cards: Sequence[Card]) -> pd.DataFrame:
    """Lay cases out for reading: plain words, and probabilities in per cent."""
    shown = pd.DataFrame({"Case": found["case_id"], "Patient": found["patient_id"]})
    for one in FILTERS:
        by_value = {
            value: ", ".join(
                sorted(title_of(one, option) for option in descriptors.options_of(one, value))
            )
            for value in found[one.column].unique()
        }
        shown[one.title] = [by_value[value] for value in found[one.column]]
    for card in cards:
        shown[card.title] = 100 * found[f"{card.name}_p"]
    return shown
