"""What is known of the case on show beside its pixels: its record, its report, its place."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from mammo import text
from mammo.artifacts import Card
from mammo.data.descriptors import recorded_sentence
from mammo.plots.style import figure_config
from mammo.plots.viewer import place_counts, place_figure, place_sentence
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.case_words import recorded_lines, score_lines
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.result import report_buttons
from mammo.ui.kit.widgets import draw
from mammo.ui.viewer.controls import offer_csv
from mammo.ui.viewer.viewing import NO_PIXELS, Asked, Viewed

TRAINED_ON = (
    "This is a case of training: the released models learned from it, and what they say of it "
    "below flatters them. The honest score is the recorded one, given out of fold."
)


def show_standing(viewed: Viewed) -> None:
    """Say where the case comes from, as far as that changes what to think of the answers."""
    if viewed.row is None:
        return
    if viewed.row["split"] != "test":
        st.warning(TRAINED_ON, icon=":material/school:")
    with sentences():
        case_folder.folder()  # one that cannot be read has its sentence here
    if viewed.crop is None:
        st.info(NO_PIXELS, icon=":material/hide_image:")


def show_record(viewed: Viewed, cards: Sequence[Card]) -> None:
    """Show what the data set records of a public case, once asked: first guess, then look."""
    if viewed.row is None:
        return
    if viewed.crop is not None and not st.toggle("Show what was recorded", key=_record_key(viewed)):
        return
    with st.container(border=True):
        st.markdown(f"Recorded as **{text.pathology_words(str(viewed.row['pathology']))}**.")
        row = viewed.row.to_dict()
        recorded, scores = st.columns(2)
        recorded.markdown("\n".join(f"- {line}" for line in recorded_lines(row)))
        scores.markdown("\n".join(f"- {line}" for line in score_lines(row, cards)))
        small_notice()


def _record_key(viewed: Viewed) -> str:
    return f"viewer_record_{viewed.key}"


def recorded_estimates(viewed: Viewed, cards: Sequence[Card]) -> Mapping[str, float]:
    """Return the recorded p of a public case by model, 0-1, for the models that have one."""
    if viewed.row is None:
        return {}
    found = {card.name: float(viewed.row[f"{card.name}_p"]) for card in cards}
    return {name: p for name, p in found.items() if p == p}


def show_report(asked: Asked) -> None:
    """Offer the report; it tells what was recorded only once the visitor has asked for it."""
    viewed = asked.viewed
    told = viewed.row is not None and st.session_state.get(_record_key(viewed), False)
    with st.container(horizontal=True):
        report_buttons(
            asked.picture,
            asked.result(),
            key="viewer_report",
            recorded=recorded_sentence(viewed.row.to_dict())
            if told and viewed.row is not None
            else "",
            case=viewed.case,
        )


def show_place(estimates: Mapping[str, float], cards: Sequence[Card]) -> None:
    """Show the test scores of each model by class, and mark this case's estimate among them."""
    st.header("Among the test cases", anchor="place")
    shown = [card for card in cards if card.name in estimates]
    if not shown:
        st.caption("No model has a score of this case.")
        return
    for column, card in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            _show_model(card, estimates[card.name])
    st.caption("Dashed: the balanced threshold. The test split was scored once by each model.")
    small_notice()


def _show_model(card: Card, p_case: float) -> None:
    cases = cache.cases()
    test = cases[(cases["split"] == "test") & cases[f"{card.name}_p"].notna()]
    p, labels = test[f"{card.name}_p"].to_numpy(np.float64), (test["label"] == 1).to_numpy(bool)
    name, sentence = f"place-{card.name}", place_sentence(p, labels, p_case)
    st.markdown(f"**{card.title}**")
    draw(
        place_figure(p, labels, p_case, card.thresholds["youden"]),
        config=figure_config(name),
        key=f"place_{card.name}",
        alt=f"Test crops by the estimate of {card.title} and by class. {sentence}",
    )
    st.markdown(sentence)
    edges, benign, malignant = place_counts(p, labels)
    offer_csv(
        {
            "from": edges[:-1].tolist(),
            "to": edges[1:].tolist(),
            "benign": benign.tolist(),
            "malignant": malignant.tolist(),
            "this case": [p_case] * len(benign),
        },
        name,
    )
