"""The page's opening: what counts as a case, the headline to quote, and the figures behind it."""

from typing import TYPE_CHECKING, cast

import streamlit as st

from mammo.evaluation.comparison import Study
from mammo.ui.comparison.rates import (
    SCORES,
    counts_sentence,
    difference_sentences,
    meanings,
    scores_export,
    scores_table,
)
from mammo.ui.kit import studies
from mammo.ui.kit.cases import download
from mammo.ui.kit.frame import small_notice, warn
from mammo.ui.kit.widgets import choose_option
from mammo.ui.kit.wording import UNIT_HELP, UNITS

if TYPE_CHECKING:
    from mammo.evaluation import Unit


def choose_study() -> Study:
    """Ask what counts as one case, and return the study of that unit.

    Raises
    ------
    MammoError
        The artifacts cannot be read, or hold nothing to evaluate.
    """
    unit = choose_option("Count", "unit", UNITS, "crop", UNIT_HELP)
    return studies.study(cast("Unit", unit))


def show_headline(study: Study) -> None:
    """Show the sentence to quote, on how many cases it stands, and what was left out."""
    st.info(study.split.headline, icon=":material/format_quote:")
    st.caption(counts_sentence(study))
    warn(*study.notes)


def show_scores(study: Study) -> None:
    """Show the figures that need no threshold, and each difference in AUC."""
    st.header("Which is better?", anchor="scores")
    st.table(scores_table(study), hide_index=True, alt="Figures of each reader with intervals")
    with st.expander("What the figures mean"):
        st.markdown(meanings(SCORES, study))
    for sentence in difference_sentences(study):
        st.markdown(f"- AUC, {sentence}")
    small_notice()
    download(scores_export(study), f"figures-{study.unit}")
