"""Before and after the cases: what the round is and how to share it; and the wait for the truth."""

import secrets
import time
from contextlib import suppress
from functools import partial

import streamlit as st

from mammo.data.descriptors import title_of
from mammo.errors import MammoError, SettingsError
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
from mammo.reading.live import new_secret, read_room_code, room_code
from mammo.reading.plan import LARGEST_SEED, LONGEST_PRACTICE, MOST_WRONG, SOURCE_WORDS, Source
from mammo.text import counted, listed, literal
from mammo.ui.kit import cache
from mammo.ui.kit.address import choose_option
from mammo.ui.kit.frame import sentences, warn
from mammo.ui.kit.get_images import offer_images
from mammo.ui.reading import session
from mammo.ui.reading.session import LEAD, LIVE, ROUND, Play, Round, source_at_hand

_SEED = "reading_seed"
BALANCED = "balanced"
PRACTICE = "practice"
KINDS = {ROUND: "Compare yourself", PRACTICE: "Practice"}
PRACTISED = (False, 0, False, True)
"""No advice, and feedback."""
HOW_TO_RATE = (
    "Rate each case from 0 (certainly benign) to 100 (certainly malignant). You cannot change a "
    "confirmed rating."
)


def show_setup() -> None:
    """Ask for a code or for the settings of a new round, and open it."""
    source = source_at_hand()
    left, right = st.columns([5, 3], gap="large")
    with left:
        st.header("A new round", anchor=False)
        _new_round(source)
    with right:
        with st.container(border=True):
            _ask_for_code()
        if source == "examples":
            offer_images(cache.cases()["case_id"], "round")


def _ask_for_code() -> None:
    st.header("I have a code", anchor=False)
    text = st.text_input(
        "Code of a round or live room", key="reading_code", placeholder="T20B-4711-T3"
    )
    if text:
        with sentences():
            opened = _read_either(text)
            if isinstance(opened, RoundPlan):
                st.caption(in_words(opened))
                opened = {ROUND: write_code(opened)}
            st.button("Open", on_click=session.go_to, args=(opened,), key="reading_open_code")
    st.caption("The same code gives everyone the same cases in the same order.")


def _read_either(text: str) -> RoundPlan | dict[str, str]:
    """Read the code of a round or of a live room."""
    try:
        return read_code(text)
    except SettingsError:
        with suppress(SettingsError):
            return {LIVE: read_room_code(text)}
        raise


def _lead(plan: RoundPlan) -> None:
    """Open a live room on a round, with a new secret."""
    secret = new_secret(time.time())
    code = room_code(secret, plan, session.artifacts_fingerprint())
    session.go_to({ROUND: write_code(plan), LIVE: code, LEAD: secret})


def _new_round(at_hand: Source) -> None:
    kind = choose_option("Kind of round", "kind", KINDS, ROUND)
    source: Source = "practice" if kind == PRACTICE else at_hand
    at_most = {"test": LONGEST, "practice": LONGEST_PRACTICE}.get(source, len(cache.examples()))
    if source == "practice":
        st.caption(
            "Cases of the training set. After each case you see the diagnosis, the reason and the "
            "heat maps. The next cases are chosen by your errors in shape, margin and density."
        )
    elif source == "examples":
        st.caption(
            f"These are the {at_most} example lesions, from two patients. To read cases of the "
            "official test set, download their images first."
        )
    n = st.slider(
        "Cases", SHORTEST, at_most, min(40 if source == "practice" else 20, at_most),
        key=session.SETUP_FIELD if source != "practice" else "reading_practice_n",
        help="Allow half a minute per case. More cases give narrower intervals.",
    )  # fmt: skip
    balanced = source != "examples" and _choose_balance()
    advice, wrong, maps, feedback = _choose_help() if source != "practice" else PRACTISED
    with st.expander("Random seed and filters", icon=":material/tune:"):
        seed = _choose_seed()
        filters = _choose_filters(source)
    plan = RoundPlan(n, seed, source, balanced, advice, filters, wrong, maps, feedback)
    pool = passing(plan, cache.cases(), list(cache.examples()) if source == "examples" else ())
    complaint, missing = "", []
    try:
        opened = session.open_round(plan)
        if source == "practice":
            missing = session.cases_without_images(opened)
            session.require_pictures(opened)
    except MammoError as error:
        complaint = str(error)
    warn(complaint)
    offer_images(missing, "practice")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Open this round", icon=":material/play_arrow:", on_click=session.go_to,
            args=({ROUND: write_code(plan)},),
            disabled=bool(complaint), key="reading_begin",
        )  # fmt: skip
        st.button(
            "Open a live room", icon=":material/cast_for_education:", on_click=_lead, args=(plan,),
            disabled=bool(complaint) or source == "practice", key="reading_lead",
            help="Your class joins by a link or code and reads this round together. You see the "
            "ratings as they come in, and you decide when the diagnoses are shown.",
        )  # fmt: skip
        st.caption(
            f"{counted(len(pool), 'case')} available. Code of this round: **{write_code(plan)}**"
        )


def _choose_help() -> tuple[bool, int, bool, bool]:
    """Ask for advice, its share of wrong advice, its heat maps, and for feedback."""
    with st.container(horizontal=True):
        advice = st.toggle(
            "Show advice after your first rating",
            key="reading_advice",
            help="You rate each case, see the models' results, and rate it again.",
        )
        maps = advice and st.toggle("Show heat maps with the advice", key="reading_maps")
        feedback = st.toggle(
            "Show the diagnosis after each case",
            key="reading_feedback",
            help="Readers see the diagnosis, the reason and the heat maps before the next case. In "
            "a live room, a reader who has rated a case can tell the others.",
        )
    wrong = 0
    if advice:
        wrong = st.select_slider(
            "Wrong advice", range(0, MOST_WRONG + 1, 10), key="reading_wrong",
            format_func=lambda share: f"{share}%" if share else "the models' own results",
            help="This share of the advice is wrong on purpose, and the rest is right. Readers "
            "are told the share before the round, and after it in which cases.",
        )  # fmt: skip
    return advice, wrong, maps, feedback


def _choose_balance() -> bool:
    chosen = st.segmented_control(
        "Case mix",
        [BALANCED, "natural"],
        default=BALANCED,
        required=True,
        key="reading_balance",
        help="Balanced: half of the cases are malignant, which gives the narrowest intervals. "
        "Natural: the cases are drawn as they are in the test set.",
    )
    return chosen == BALANCED


def _choose_seed() -> int:
    if _SEED not in st.session_state:
        st.session_state[_SEED] = secrets.randbelow(10_000)
    return int(
        st.number_input(
            "Seed", 0, LARGEST_SEED, key=_SEED, width=200,
            help="Any number. The same seed draws the same cases.",
        )
    )  # fmt: skip


def _choose_filters(source: Source) -> dict[str, list[str]]:
    if source == "examples":
        return {}
    st.caption("By what the radiologist recorded. Readers know what you filter by.")
    chosen = {}
    with st.grid(3):
        for descriptor in FILTERS:
            chosen[descriptor.letter] = st.multiselect(
                descriptor.title,
                descriptor.options,
                format_func=partial(title_of, descriptor),
                placeholder="all",
                key=f"reading_filter_{descriptor.letter}",
            )
    return {letter: options for letter, options in chosen.items() if options}


def in_words(plan: RoundPlan) -> str:
    """Describe a round.

    Examples
    --------
    >>> in_words(RoundPlan(20, 4711, balanced=True))
    '20 cases of the official test set. Half of them are malignant.'
    """
    cases = f"{plan.n} of" if plan.source == "examples" else f"{plan.n} cases of"
    sentences = [f"{cases} {SOURCE_WORDS[plan.source]}."]
    if plan.balanced:
        sentences.append(f"{'About half' if plan.n % 2 else 'Half'} of them are malignant.")
    if plan.filters:
        named = [
            descriptor.title.lower() for descriptor in FILTERS if descriptor.letter in plan.filters
        ]
        sentences.append(f"They are filtered by {listed(named)}.")
    if plan.advice:
        shown = "advice" if plan.wrong else "the models' results"
        maps = " and heat maps" if plan.maps else ""
        sentences.append(f"Readers see {shown}{maps} after each first rating.")
    if plan.wrong:
        sentences.append(
            f"**The advice is wrong on purpose in {plan.wrong_cases} of {plan.n} cases.** The "
            "results show in which."
        )
    if plan.feedback:
        sentences.append("The diagnosis follows each case.")
    return " ".join(sentences)


def show_cover(opened: Round, play: Play) -> None:
    """Describe the round, offer its link for a class, and offer to start."""
    read_already, seat = play.record.at, play.seat
    warn(play.complaint, icon=":material/link_off:")
    with st.container(border=True):
        st.header(f"{'Live room' if seat else 'Round'} {opened.code}", anchor=False)
        if seat:
            st.markdown(f"You are in this room as **{literal(seat.nickname)}**.")
        st.markdown(in_words(opened.plan))
        end = "The lecturer shows" if seat else "At the end you can ask for"
        shown = "results" if opened.plan.feedback else "diagnoses"
        st.markdown(f"{HOW_TO_RATE} {end} the {shown}.")
        if read_already:
            st.success(
                f"{read_already} of {opened.plan.n} ratings "
                f"{'was' if read_already == 1 else 'were'} read from the link. Continue where you "
                "stopped.",
                icon=":material/bookmark:",
            )
        with st.container(horizontal=True):
            st.button(
                "Continue" if read_already else "Start",
                icon=":material/play_arrow:",
                shortcut="Enter",
                on_click=setattr,
                args=(play, "started", True),
                key="reading_start",
            )
            if seat:
                st.button(
                    "I am another reader", on_click=session.stand_up, args=(seat,),
                    key="reading_stand_up",
                )  # fmt: skip
            elif read_already:
                st.button(
                    "These ratings are not mine: start at the first case",
                    on_click=_start_anew,
                    args=(play,),
                    key="reading_anew",
                )
            st.button("Another round", on_click=session.leave, key="reading_leave")
    if seat:
        return
    st.markdown("**Share this round with a class** by its code or this link.")
    st.code(session.share_link(opened.plan), language=None)
    st.caption(
        "The address of this page also contains your confirmed ratings, without your name or any "
        "diagnosis. After a reload you continue where you stopped. Nothing is stored on the server."
    )


def _start_anew(play: Play) -> None:
    play.record = Record(play.record.plan)
    play.started = True


def show_finish(opened: Round, play: Play) -> None:
    """Wait until the reader asks for the diagnoses."""
    with st.container(border=True):
        st.header("All cases rated", icon=":material/flag:", anchor=False)
        shown = "results" if opened.plan.feedback else "diagnoses"
        blind = "" if opened.plan.feedback else "The diagnoses have not been sent to your browser."
        st.markdown(
            f"You rated all {opened.plan.n} cases of {'live room' if play.seat else 'round'} "
            f"{opened.code}. {blind}"
        )
        if play.seat:
            st.info(f"Wait here: the lecturer will show the {shown}.", icon=":material/groups:")
            session.watch(partial(session.has_news, play.seat))
            return
        st.button(
            "Show my results" if opened.plan.feedback else "Show my results and the diagnoses",
            icon=":material/visibility:",
            shortcut="Enter",
            on_click=setattr,
            args=(play, "truth_asked", True),
            key="reading_truth",
        )
