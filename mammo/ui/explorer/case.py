"""The explorer's case view: every view of the lesion, what was recorded, what the models say."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import streamlit as st

from mammo.artifacts import Card
from mammo.data.descriptors import meaning, parts, plain
from mammo.evaluation.checks import is_missing
from mammo.ui import loaders, words
from mammo.ui.comparison.controls import keep_in_link
from mammo.ui.display import data_uri, enlarged
from mammo.ui.explorer import source
from mammo.ui.frame import PAGES, small_notice
from mammo.ui.source import example_name

if TYPE_CHECKING:
    import pandas as pd

RECORDED = {
    "mass_shape": "Shape",
    "mass_margins": "Margin",
    "breast_density": "Density",
    "assessment": "BI-RADS assessment",
    "subtlety": "Subtlety",
}
VIEWER = "pages/4_Grad-CAM_viewer.py"


def show_case(found: "pd.DataFrame") -> str | None:
    """Ask for a case of those on show, and show it; return its id, None where there is none."""
    st.header("One case", anchor="case")
    every = source.cases()
    case = _choose_case(found)
    if case is None:
        st.info("No case passes the filters.")
        return None
    row = every[every["case_id"] == case].iloc[0]
    lesion = every[every["lesion_id"] == row["lesion_id"]]
    st.markdown(
        f"**{words.literal(case)}**: {words.pathology_words(row['pathology'])}, official "
        f"{'training' if row['split'] == 'train' else 'test'} split."
    )
    _show_views(lesion)
    recorded, scores = st.columns(2)
    with recorded:
        st.subheader("What the radiologist recorded")
        st.markdown("\n".join(f"- {line}" for line in recorded_lines(row)))
    with scores:
        st.subheader("What the models say")
        for line in score_lines(row, loaders.cards()):
            st.markdown(f"- {line}")
        small_notice()
    _show_patient(every[every["patient_id"] == row["patient_id"]], row["lesion_id"])
    _links(case)
    return case


def _choose_case(found: "pd.DataFrame") -> str | None:
    ids = found["case_id"].tolist()
    key = "explorer_case"
    if key not in st.session_state:
        asked = st.query_params.get("case")
        known = asked in set(source.cases()["case_id"])
        if asked and not known:
            st.warning(
                f"The link asks for the case {words.literal(asked[:60])}, which there is not."
            )
        st.session_state[key] = asked if known else _first_with_picture(ids)
    if st.session_state[key] and st.session_state[key] not in ids:
        ids = [st.session_state[key], *ids]  # a case opened by a link stands above the filters
    if not ids:
        return None
    if st.session_state[key] not in ids:
        st.session_state[key] = _first_with_picture(ids)
    case = st.selectbox("Case", ids, key=key)
    keep_in_link("case", str(case))
    return str(case)


def _first_with_picture(ids: list[str]) -> str | None:
    at_hand = source.cases_with_pictures()
    return next((case for case in ids if case in at_hand), ids[0] if ids else None)


def _show_views(lesion: "pd.DataFrame") -> None:
    at_hand = [
        (row, crop)
        for row in lesion.to_dict("records")
        if (crop := source.crop_of(str(row["case_id"]))) is not None
    ]
    if not at_hand:
        st.caption("No picture of this lesion is at hand; see the gallery on how to get it.")
        return
    with st.grid(max(2, min(len(at_hand), 4))):
        for row, crop in at_hand:
            st.image(
                data_uri(enlarged(crop)),
                caption=film_of(row),
                width="stretch",
            )


def film_of(row: Mapping[Any, Any]) -> str:
    """Name a case's film by side and view, as far as they are recorded."""
    side, view = (
        None if is_missing(row[name]) else str(row[name]) for name in ("laterality", "view")
    )
    return words.film_name(side, view)


def recorded_lines(row: "pd.Series") -> list[str]:
    """Say each recorded descriptor with its meaning, a line each."""
    lines = []
    for column, title in RECORDED.items():
        value = row[column]
        found = () if is_missing(value) else parts(value)
        if column in ("breast_density", "subtlety") and found == ("0",):
            found = ()
        said = [_said(column, part) for part in found]
        lines.append(f"**{title}**: {'; '.join(said) if said else 'not recorded'}.")
    return lines


def _said(column: str, part: str) -> str:
    explained = meaning(column, part)
    if column == "breast_density":
        return explained
    return f"{plain(part)} ({explained})" if explained else plain(part)


def score_lines(row: "pd.Series", cards: tuple[Card, ...]) -> list[str]:
    """Say each model's probability, where it stands, and who scored the case."""
    lines = []
    for card in cards:
        p = float(row[f"{card.name}_p"])
        if p != p:
            lines.append(f"**{card.title}**: no score.")
            continue
        fold = row[f"{card.name}_fold"]
        scored = (
            "scored once by the released model"
            if is_missing(fold)
            else f"scored out of fold, by the fit that held out fold {int(fold) + 1}"
        )
        standing = words.standing(p, card.thresholds["youden"])
        lines.append(
            f"**{card.title}**: estimated probability of malignancy {words.percent(p)}, "
            f"{standing[0].lower()}{standing[1:]} (balanced); {scored}."
        )
    return lines


def _show_patient(crops: "pd.DataFrame", lesion: str) -> None:
    others = crops[crops["lesion_id"] != lesion]
    if others.empty:
        st.caption("The patient has no other lesion in the data set.")
        return
    st.markdown(f"Other lesions of this patient ({len(others)} crops):")
    st.dataframe(
        others[["case_id", "laterality", "view", "pathology", "mass_shape", "mass_margins"]],
        hide_index=True,
        key="explorer_patient",
        alt="Other lesions of the patient",
    )


def _links(case: str) -> None:
    """Lead to the pages that open the case."""
    for lesion in loaders.example_lesions():
        if lesion.case_id == case:
            st.page_link(
                "pages/1_Upload_and_classify.py",
                label="Open its film and classify it",
                icon=":material/center_focus_strong:",
                query_params={"example": example_name(lesion)},
            )
    if any(page.path == VIEWER for page in PAGES):
        st.page_link(
            VIEWER,
            label="See what the models looked at",
            icon=":material/visibility:",
            query_params={"case": quote_plus(case)},
        )
