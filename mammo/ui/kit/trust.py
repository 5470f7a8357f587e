"""The trust signals on the upload page: the warning, the similar known cases, the measured zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from mammo.inference import Assessment
from mammo.inference.trust import NOT_A_CROP, Familiarity, Neighbour, Trust
from mammo.report.case_report import SIMILAR_HELP, similar_table, vote_sentence, zone_sentence
from mammo.ui.kit import cache
from mammo.ui.kit.case_folder import thumbnails
from mammo.ui.kit.frame import warn

if TYPE_CHECKING:
    from mammo.ui.kit.result import Answer


@dataclass(frozen=True, eq=False)
class Signals:
    """Hold what is known of one lesion beside the answers."""

    trust: Trust
    familiarity: Familiarity
    neighbours: tuple[Neighbour, ...]


def ask_trust(answers: "Sequence[Answer]", patient: str | None = None) -> Signals | None:
    """Compute the trust signals of a crop; None where the artifacts hold none.

    Parameters
    ----------
    answers : of the models that are at hand, about this crop
    patient : whose lesions are left out of the similar ones, where known
    """
    trust = cache.trust()
    asked = [answer for answer in answers if trust and answer.card.name == trust.model]
    if trust is None or not asked:
        return None
    crop, embedding = asked[0].crop, asked[0].assessment.embedding
    similar = trust.similar(embedding, exclude_patient=patient)
    return Signals(trust, trust.familiarity(crop, embedding), similar)


def show_familiarity(signals: Signals | None) -> None:
    """Warn above the result where the picture does not look like a mammogram crop."""
    if signals is not None and signals.familiarity.questioned:
        st.error(signals.familiarity.reason, title=NOT_A_CROP, icon=":material/block:")


def show_mark(signals: Signals | None) -> None:
    """Mark a score that means nothing."""
    if signals is not None and signals.familiarity.questioned:
        st.markdown(":red-badge[:material/block: Means nothing here]")


def show_zone(signals: Signals | None, model: str, given: Assessment) -> None:
    """Say how often answers like this one were right on the test split."""
    zone = None if signals is None else signals.trust.zone(model)
    if signals is not None and zone is not None and not signals.familiarity.questioned:
        measured = signals.trust.measured["uncertainty"][model]
        st.caption(zone_sentence(zone, given.p_malignant, measured))


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
