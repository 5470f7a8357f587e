"""What is known of the case on show beside its pixels: descriptors, recorded scores, doubts."""

from collections.abc import Mapping, Sequence

import streamlit as st

from mammo import text
from mammo.artifacts import Card
from mammo.ui.kit import case_folder
from mammo.ui.kit.case_words import recorded_lines, score_lines
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.viewer.viewing import NO_PIXELS, Viewed

TRAINED_ON = (
    "This is a case of training: the released models learned from it, and what they say of it "
    "below flatters them. The honest score is the recorded one, given out of fold."
)


def show_standing(viewed: Viewed) -> None:
    """Say where the case comes from, as far as that changes what to think of the answers."""
    if viewed.row is not None and viewed.row["split"] != "test":
        st.warning(TRAINED_ON, icon=":material/school:")
    if viewed.row is not None:
        with sentences():
            case_folder.folder()  # one that cannot be read has its sentence here
    if viewed.row is not None and viewed.crop is None:
        st.info(NO_PIXELS, icon=":material/hide_image:")


def show_record(viewed: Viewed, cards: Sequence[Card]) -> None:
    """Show what the data set records of a public case, once asked: first guess, then look."""
    if viewed.row is None:
        return
    asked = viewed.crop is None or st.toggle("Show what was recorded", key=record_key(viewed))
    if not asked:
        return
    with st.container(border=True):
        st.markdown(f"Recorded as **{text.pathology_words(str(viewed.row['pathology']))}**.")
        row = viewed.row.to_dict()
        recorded, scores = st.columns(2)
        recorded.markdown("\n".join(f"- {line}" for line in recorded_lines(row)))
        scores.markdown("\n".join(f"- {line}" for line in score_lines(row, cards)))
        small_notice()


def record_key(viewed: Viewed) -> str:
    """Return the key of the toggle that shows what was recorded of a case."""
    return f"viewer_record_{viewed.key}"


def recorded_estimates(viewed: Viewed, cards: Sequence[Card]) -> Mapping[str, float]:
    """Return the recorded p of a public case by model, 0-1, for the models that have one."""
    if viewed.row is None:
        return {}
    found = {card.name: float(viewed.row[f"{card.name}_p"]) for card in cards}
    return {name: p for name, p in found.items() if p == p}
