"""The trust signals on the upload page: the warning, the similar known cases, the measured zone."""

import streamlit as st

from mammo.inference import ModelResult, Signals
from mammo.inference.trust import NOT_A_CROP
from mammo.report.case_report import SIMILAR_HELP, similar_table, vote_sentence, zone_sentence
from mammo.ui.kit.case_folder import thumbnails
from mammo.ui.kit.frame import warn


def show_familiarity(signals: Signals | None) -> None:
    """Warn above the result where the picture does not look like a mammogram crop."""
    if signals is not None and signals.familiarity.questioned:
        st.error(signals.familiarity.reason, title=NOT_A_CROP, icon=":material/block:")


def show_mark(signals: Signals | None) -> None:
    """Mark a score that means nothing."""
    if signals is not None and signals.familiarity.questioned:
        st.markdown(":red-badge[:material/block: Means nothing here]")


def show_zone(signals: Signals | None, answer: ModelResult) -> None:
    """Say how often answers like this one were right on the test split."""
    zone = None if signals is None else signals.trust.zone(answer.card.name)
    if signals is not None and zone is not None and not signals.familiarity.questioned:
        measured = signals.trust.measured["uncertainty"][answer.card.name]
        st.caption(zone_sentence(zone, answer.probability, measured))


def show_similar(signals: Signals | None) -> None:
    """Show the similar known cases, with pictures where their pixels are at hand.

    Not for a questioned picture: nothing known is similar to it.
    """
    if signals is None or signals.familiarity.questioned or not signals.neighbours:
        return
    with st.expander("Similar known cases", icon=":material/compare:"):
        st.markdown(vote_sentence(signals.neighbours, signals.trust.measured["vote"]["test"]))
        table = similar_table(signals.neighbours)
        found, complaint = thumbnails([neighbour.case_id for neighbour in signals.neighbours])
        if found:
            table.insert(0, "Picture", [found.get(case, "") for case in table["Case"]])
        st.dataframe(
            table,
            column_config={"Picture": st.column_config.ImageColumn("Picture", width="small")},
            hide_index=True,
            alt="Similar training lesions with their pathology and descriptors",
        )
        st.caption(SIMILAR_HELP)
        warn(complaint)
