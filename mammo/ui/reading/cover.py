"""Before and after the cases: what the round is and how to share it; and the wait for the truth."""

import streamlit as st

from mammo.reading import Record
from mammo.ui.kit.frame import warn
from mammo.ui.reading import session
from mammo.ui.reading.loading import Round
from mammo.ui.reading.session import Play
from mammo.ui.reading.setup import in_words


def show_cover(opened: Round, play: Play) -> None:
    """Say what the round is, how to give it to a class, and offer its beginning."""
    read_already = play.record.at
    warn(play.complaint, icon=":material/link_off:")
    with st.container(border=True):
        st.header(f"Round {opened.code}", anchor=False)
        st.markdown(in_words(opened.plan))
        st.markdown(
            "Rate each case from 0 (surely benign) to 100 (surely malignant). A rating stands once "
            "it is confirmed; what is true shows at the end, when you ask for it."
        )
        if read_already:
            st.success(
                f"{read_already} of {opened.plan.n} ratings "
                f"{'was' if read_already == 1 else 'were'} read from the link: go on where you "
                "were.",
                icon=":material/bookmark:",
            )
        with st.container(horizontal=True):
            st.button(
                "Go on" if read_already else "Start",
                icon=":material/play_arrow:",
                shortcut="Enter",
                on_click=_start,
                args=(play,),
                key="reading_start",
            )
            if read_already:
                st.button(
                    "These are not mine: start at the first case",
                    on_click=_start_anew,
                    args=(play,),
                    key="reading_anew",
                )
            st.button("Another round", on_click=session.leave, key="reading_leave")
    st.markdown("**Give this round to a class**: the link, or the code.")
    st.code(session.share_link(opened.plan), language=None)
    st.caption(
        "While you read, the address of the page also holds your ratings (not the truth, and no "
        "name), so that a reload loses nothing but the clock of one case: keep the page open, or "
        "bookmark it. Nothing is stored on the server."
    )


def _start(play: Play) -> None:
    play.started = True


def _start_anew(play: Play) -> None:
    play.record = Record(play.record.plan)
    play.started = True


def show_finish(opened: Round, play: Play) -> None:
    """Say that all is rated, and wait until the truth is asked for."""
    with st.container(border=True):
        st.header("All rated", icon=":material/flag:", anchor=False)
        st.markdown(
            f"You rated all {opened.plan.n} cases of the round {opened.code}. What is "
            "true is not in this page yet."
        )
        st.button(
            "Show my results and the truth",
            icon=":material/visibility:",
            shortcut="Enter",
            on_click=_ask_truth,
            args=(play,),
            key="reading_truth",
        )


def _ask_truth(play: Play) -> None:
    play.truth_asked = True
