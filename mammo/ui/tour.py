"""A short tour for first-time visitors, on the home page: a step a page, each opening a good view.

A visitor who hides it gets it back by a button; the session remembers, nothing else does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from mammo.ui.frame import PAGES, Page

_HIDDEN = "tour_hidden"


@dataclass(frozen=True)
class Step:
    """Hold one step: the page's file, what to do there, and the view to open by its address."""

    path: str
    text: str
    view: Mapping[str, str] = field(default_factory=dict)


STEPS = (
    Step(
        "pages/1_Upload_and_classify.py",
        "Read one lesion. Look at the film and guess; then read both answers, how far the mirror "
        "images agree, and what was recorded.",
        {"example": "P_00820 L CC mass 1"},
    ),
    Step(
        "pages/2_Model_comparison.py",
        "See how good the models are, beside the radiologists. Move the threshold and watch what "
        "it costs; click into the wrong answers.",
    ),
    Step(
        "pages/3_Dataset_explorer.py",
        "See what the models learned from: shapes, margins, densities, and who is missing.",
    ),
    Step(
        "pages/4_Grad-CAM_viewer.py",
        "Ask why a model said so, by several methods, and how far to believe them.",
    ),
    Step(
        "pages/5_Reading_room.py",
        "Read cases yourself, blind, and compare your score with the models'.",
    ),
    Step(
        "pages/6_Model_card.py",
        "Read what the models must not be used for, and look up any word.",
    ),
)


def steps_at_hand() -> list[tuple[Step, Page]]:
    """Return the steps whose page is there, with their page."""
    pages = {page.path: page for page in PAGES}
    return [(step, pages[step.path]) for step in STEPS if step.path in pages]


def show_tour() -> None:
    """Show the tour, or the button that brings it back."""
    if st.session_state.get(_HIDDEN, False):
        st.button(
            "Show the tour", icon=":material/tour:", type="tertiary", on_click=_hide, args=(False,),
            key="show_tour",
        )  # fmt: skip
        return
    with st.container(border=True):
        st.header("First time here?", icon=":material/tour:", anchor=False)
        st.markdown("Ten minutes, in this order. The links lead there; the sidebar leads back.")
        for number, (step, page) in enumerate(steps_at_hand(), start=1):
            with st.container(gap=None):
                st.page_link(
                    page.path,
                    label=f"**{number}. {page.title}**",
                    icon=page.icon,
                    query_params=dict(step.view),
                )
                st.markdown(step.text)
        st.button(
            "Hide the tour", icon=":material/close:", type="tertiary", on_click=_hide, args=(True,),
            key="hide_tour",
        )  # fmt: skip


def _hide(hidden: bool) -> None:
    st.session_state[_HIDDEN] = hidden
