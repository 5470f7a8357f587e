"""The explorer's case view: all views of the lesion and of the patient, the record, the scores."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from mammo import text
from mammo.text import counted
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.case_words import cell_of, film_of, recorded_lines, score_lines
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import PAGES, small_notice, warn
from mammo.ui.kit.source import example_name

if TYPE_CHECKING:
    import pandas as pd

_KEY = "explorer_case"
_ASKED = "explorer_asked"
"""The case that the link or the visitor asked for; None lets the filters choose."""
_LINK = "case"
_COLUMNS = 4
NARROW = 140
"""Least pixels of a picture's column: two stand side by side on a telephone."""
VIEWER = "pages/4_Grad-CAM_viewer.py"


def open_case(case: str) -> None:
    """Let the page show a case: the link says which."""
    _ask_for(case)
    st.toast(f"{text.literal(case)} stands [under the gallery](#case).", icon=":material/south:")


def show_case(found: "pd.DataFrame") -> str | None:
    """Ask for a case of those on show, and show it; return its id, None where there is none."""
    st.header("One case", anchor="case")
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
    _show_patient(every[every["patient_id"] == row["patient_id"]], str(row["lesion_id"]))
    return case


def _choose_case(found: "pd.DataFrame", every: "pd.DataFrame") -> str | None:
    """Ask for a case: the link's, above the filters, or the first on show that has a picture."""
    ids = found["case_id"].tolist()
    chosen = _KEY in st.session_state and not went_back()
    asked = st.session_state[_ASKED] if chosen else st.query_params.get(_LINK)
    if asked is not None and asked not in set(every["case_id"]):
        warn(f"The link asks for the case {asked[:60]}, which there is not.")
        asked = None
    if asked is not None and asked not in ids:
        st.caption("The case that was opened does not pass the filters.")
        ids = [asked, *ids]
    st.session_state[_ASKED] = asked
    keep_in_link(_LINK, asked)
    if not ids:
        return None
    st.session_state[_KEY] = asked or _first_with_picture(ids)
    return str(st.selectbox("Case", ids, key=_KEY, on_change=_choose))


def _choose() -> None:
    _ask_for(str(st.session_state[_KEY]))


def _ask_for(case: str) -> None:
    st.session_state[_ASKED] = st.session_state[_KEY] = case


def _first_with_picture(ids: list[str]) -> str | None:
    at_hand = case_folder.cases_with_pictures()
    return next((case for case in ids if case in at_hand), ids[0] if ids else None)


def _show_views(lesion: "pd.DataFrame") -> None:
    """Show every view of the lesion whose picture is at hand."""
    at_hand = [
        (row, crop)
        for row in lesion.to_dict("records")
        if (crop := case_folder.crop_of(str(row["case_id"]))) is not None
    ]
    views = ", ".join(film_of(row) for row in lesion.to_dict("records"))
    st.caption(f"The lesion is recorded on {counted(len(lesion), 'film')}: {views}.")
    if not at_hand:
        st.caption("No picture of it is at hand; the gallery says how to get it.")
        return
    with st.grid(max(2, min(len(at_hand), _COLUMNS)), min_column_width=NARROW):
        for row, crop in at_hand:
            said = f"{film_of(row)}, {text.pathology_words(row['pathology'])}"
            st.image(
                data_uri(enlarged(crop)),
                caption=said,
                width="stretch",
                alt=f"Crop of {row['case_id']}: {said}",
            )


def _show_scores(row: Mapping[Any, Any]) -> None:
    """Say both models' scores, and lead to the pages on which the case can be followed."""
    cards, missing = cache.cards_at_hand()
    st.markdown("\n".join(f"- {line}" for line in score_lines(row, cards)))
    warn(missing)
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
    if any(page.path == VIEWER for page in PAGES):
        st.page_link(
            VIEWER,
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


def _show_patient(crops: "pd.DataFrame", lesion: str) -> None:
    """Show every crop of the patient's other lesions, and open one at a click."""
    others = crops[crops["lesion_id"] != lesion]
    if others.empty:
        st.caption("The patient has no other lesion in the data set.")
        return
    count = others["lesion_id"].nunique()
    st.subheader(
        f"{count} other lesion{'s' * (count > 1)} of this patient, {len(others)} "
        f"crop{'s' * (len(others) > 1)}"
    )
    show_pictures(others, "patient")


def show_pictures(rows: "pd.DataFrame", key: str) -> None:
    """Show some cases side by side, each with its picture and a button that opens it."""
    found, complaint = case_folder.pictures(rows["case_id"].tolist())
    warn(complaint)
    with st.grid(_COLUMNS, min_column_width=NARROW):
        for row in rows.to_dict("records"):
            case = str(row["case_id"])
            said = f"{text.pathology_words(row['pathology'])}, {film_of(row)}"
            said = f"{said[0].upper()}{said[1:]}"
            with st.container(border=True, gap="xsmall"):
                if case in found:
                    st.image(found[case], width="stretch", alt=f"Crop of {case}: {said}")
                st.caption(said)
                st.button(
                    "Open the case",
                    key=f"open_{key}_{case}",
                    on_click=open_case,
                    args=(case,),
                    width="stretch",
                )
