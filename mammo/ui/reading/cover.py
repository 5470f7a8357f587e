"""Before and after the cases: what the round is and how to share it; and the wait for the truth."""

import secrets
from functools import partial

import streamlit as st

from mammo.data.descriptors import title_of
from mammo.errors import MammoError
from mammo.reading import (
    FILTERS,
    LONGEST,
    SHORTEST,
    Record,
    RoundPlan,
    passing,
    read_code,
    write_code,
)
from mammo.reading.plan import LARGEST_SEED, Source
from mammo.text import counted
from mammo.ui.kit import cache
from mammo.ui.kit.frame import sentences, warn
from mammo.ui.kit.get_images import offer_images
from mammo.ui.reading import session
from mammo.ui.reading.session import Play, Round, open_round, source_at_hand

_SEED = "reading_seed"


def show_setup() -> None:
    """Ask for a code or for the settings of a new round, and open it."""
    left, right = st.columns([5, 3], gap="large")
    with right, st.container(border=True):
        _ask_for_code()
    with left:
        st.header("A new round", anchor=False)
        _new_round()


def _ask_for_code() -> None:
    st.header("I have a code", anchor=False)
    text = st.text_input("Code of the round", key="reading_code", placeholder="T20B-4711-T3")
    if text:
        with sentences():
            plan = read_code(text)
            st.caption(in_words(plan))
            st.button("Open it", on_click=session.begin, args=(plan,), key="reading_open_code")
    st.caption("The same code gives everybody the same cases in the same order.")


def _new_round() -> None:
    source = source_at_hand()
    at_most = LONGEST if source == "test" else len(cache.examples())
    if source == "examples":
        st.caption(
            f"Cases: the {at_most} example lesions, of two patients. With the images of the test "
            "cases, rounds are drawn from the official test set."
        )
        offer_images(cache.cases()["case_id"], "round")
    n = st.slider(
        "Cases", SHORTEST, at_most, min(20, at_most), key=session.SETUP_FIELD,
        help="About half a minute a case. More cases say more.",
    )  # fmt: skip
    balanced = source == "test" and _choose_balance()
    advice = st.toggle(
        "Models' advice after a first rating",
        key="reading_advice",
        help="Rate each case, see what both models say of it, and rate it again.",
    )
    with st.expander("Seed and filters", icon=":material/tune:"):
        seed = _choose_seed()
        filters = _choose_filters(source)
    plan = RoundPlan(n, seed, source, balanced, advice, filters)
    pool = passing(plan, cache.cases(), list(cache.examples()) if source == "examples" else ())
    st.caption(
        f"{counted(len(pool), 'case')} to draw from. Code of this round: **{write_code(plan)}**"
    )
    complaint = ""
    try:
        open_round(plan)
    except MammoError as error:
        complaint = str(error)
    warn(complaint)
    st.button(
        "Open this round",
        icon=":material/play_arrow:",
        on_click=session.begin,
        args=(plan,),
        disabled=bool(complaint),
        key="reading_begin",
    )


def _choose_balance() -> bool:
    chosen = st.segmented_control(
        "Malignant cases",
        ["half", "as they fall"],
        default="half",
        required=True,
        key="reading_balance",
        help="Half and half tells most about a reader; as they fall, more cases are benign.",
    )
    return chosen == "half"


def _choose_seed() -> int:
    if _SEED not in st.session_state:
        st.session_state[_SEED] = secrets.randbelow(10_000)
    return int(
        st.number_input(
            "Seed", 0, LARGEST_SEED, key=_SEED, width=200,
            help="Any number. The same one draws the same cases.",
        )
    )  # fmt: skip


def _choose_filters(source: Source) -> dict[str, list[str]]:
    if source == "examples":
        return {}
    st.caption("What was recorded of a case. What you filter by, the readers know.")
    chosen = {}
    with st.grid(3):
        for one in FILTERS:
            chosen[one.letter] = st.multiselect(
                one.title,
                one.options,
                format_func=partial(title_of, one),
                placeholder="all",
                key=f"reading_filter_{one.letter}",
            )
    return {letter: options for letter, options in chosen.items() if options}


def in_words(plan: RoundPlan) -> str:
    """Say what a round is.

    Examples
    --------
    >>> in_words(RoundPlan(20, 4711, balanced=True))
    '20 cases of the official test set, half of them malignant, without advice.'
    """
    where = "the official test set" if plan.source == "test" else "the example lesions"
    share = ", half of them malignant" if plan.balanced else ", as they fall"
    if plan.n % 2 and plan.balanced:
        share = ", half of them malignant, give or take one"
    advice = "with the models' advice after each first rating" if plan.advice else "without advice"
    named = [one.title.lower() for one in FILTERS if one.letter in plan.filters]
    filtered = f", chosen by {', '.join(named)}" if named else ""
    return f"{plan.n} cases of {where}{share}{filtered}, {advice}."


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
                on_click=setattr,
                args=(play, "started", True),
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
            on_click=setattr,
            args=(play, "truth_asked", True),
            key="reading_truth",
        )
