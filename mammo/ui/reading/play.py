"""Read a round, case by case: picture, rating, advice, and in a round with feedback the diagnosis.

One fragment: a rating runs this part alone. What the browser gets of a case is its picture, its
number, side and view; the advice follows the first rating, the truth the last one in a round with
feedback, else not before it is asked for at the end.
"""

from collections.abc import Callable

import streamlit as st

from mammo import text
from mammo.data.descriptors import MEANINGS
from mammo.reading.record import DESCRIPTORS
from mammo.text import plain
from mammo.ui.kit.frame import CHOSEN, sentences, small_notice
from mammo.ui.kit.viewer import Viewer
from mammo.ui.reading import session
from mammo.ui.reading.results import show_learning
from mammo.ui.reading.review import show_feedback, show_maps, show_maps_and_place
from mammo.ui.reading.session import Play, Round, film_words, views

ROOM = "clamp(16rem, min(100vh - 20.5rem, 100vw), 64rem)"
"""Height of the picture."""
UNRATED = "not rated"
SCALE = (UNRATED, *range(101))
TENS = range(0, 101, 10)
_KEYS = {ten: str(ten // 10) for ten in range(0, 100, 10)} | {100: "x"}
_COLUMNS = {"shape": "mass_shape", "margin": "mass_margins", "assessment": "assessment"}
FINAL = "You cannot change a confirmed rating."
KEYS_HELP = (
    "Keys: press `0` to `9` to rate 0 to 90, `x` to rate 100, and `Enter` to confirm. Mouse: "
    "scroll to zoom, drag to move, drag with the right button to change window width and level. "
    "Click the image to use more keys: `+` and `-` zoom, `i` inverts, `f` fills the screen, `v` "
    "shows the next view."
)


@st.fragment
def read(opened: Round, play: Play) -> None:
    """Show the case to rate, or an earlier one, with its controls beside."""
    session.keep(play)
    record = play.record
    if play.done:
        st.rerun()
    if opened.choices:
        opened = session.open_round(opened.plan, readings=record.readings)
    index = record.at if play.looking_back is None else play.looking_back
    st.progress(
        record.at / opened.plan.n,
        text=f"Case **{index + 1}** of {opened.plan.n} · {film_words(opened, index)}",
    )
    picture, controls = st.columns([7, 4], gap="medium")
    viewer = Viewer("reading", f"{opened.code} {index}")
    with picture, sentences():
        viewer.show(views(opened, index))
    told = play.looking_back is not None and opened.plan.feedback
    with controls:
        if told:
            _onward_from(play, index)
            show_feedback(opened, record, index)
        elif play.looking_back is not None:
            _show_given(play, index)
        elif record.awaits_second:
            _advise(opened, play)
        else:
            play.mark_shown()
            _ask(play)
        _ways(play, index)
        if not told:
            st.caption(KEYS_HELP)
    with picture, sentences():
        if told:
            show_maps_and_place(viewer, opened, index)
        elif record.awaits_second and opened.plan.maps and play.looking_back is None:
            show_maps(viewer, opened, index)
    if told and opened.choices:
        with st.expander("My learning curve", icon=":material/trending_up:"):
            show_learning(opened, record)


def _ask(play: Play) -> None:
    """Ask for the first rating."""
    index = play.record.at
    key = f"reading_rating_{index + 1}"
    st.markdown("**How likely is malignancy?** 0: certainly benign, 100: certainly malignant.")
    rating = _rating(key)
    described = _describe(index + 1)
    label = "Show the advice" if play.record.plan.advice else _onward(play)
    _confirm(key, label, rating, lambda: play.rate(index, int(rating), described))
    if rating == UNRATED:
        st.caption(f"Rate this case to continue. {FINAL}")


def _onward(play: Play) -> str:
    if play.record.plan.feedback:
        return "Show the diagnosis"
    return "Finish the round" if play.record.at + 1 == play.record.plan.n else "Next case"


def _onward_from(play: Play, index: int) -> None:
    """Show the button from a diagnosis to the next case, where the case is the last rated."""
    if index + 1 == play.record.at:
        label = "Finish the round" if play.record.whole else "Next case"
        st.button(
            label, icon=":material/arrow_forward:", shortcut="Enter", width="stretch",
            key=f"reading_onward_{index + 1}", on_click=setattr, args=(play, "looking_back", None),
        )  # fmt: skip


def _rating(key: str) -> int | str:
    """Ask for a rating by tens and by a fine scale; both are one."""
    st.session_state.setdefault(key, UNRATED)
    with st.container(horizontal=True, gap="xxsmall"):
        for ten in TENS:
            st.button(
                f"**{ten}**" if st.session_state[key] == ten else str(ten),
                icon=CHOSEN if st.session_state[key] == ten else None,
                key=f"{key}_{ten}",
                on_click=st.session_state.__setitem__,
                args=(key, ten),
                shortcut=_KEYS[ten],
            )
    chosen: int | str = st.select_slider("Rating", SCALE, key=key)
    return chosen


def _describe(number: int) -> dict[str, str]:
    """Offer the descriptors of BI-RADS; nothing has to be chosen."""
    described = {}
    with st.expander("Describe the lesion (optional)", icon=":material/edit_note:"):
        for name, options in DESCRIPTORS.items():
            chosen = st.pills(
                "BI-RADS assessment" if name == "assessment" else name.capitalize(),
                options[1:],
                format_func=plain,
                key=f"reading_{name}_{number}",
            )
            described[name] = chosen or ""
            if chosen:
                st.caption(f"{plain(chosen)}: {MEANINGS[_COLUMNS[name]][chosen]}")
    return described


def _confirm(key: str, label: str, rating: int | str, deed: Callable[[], None]) -> None:
    """Offer to confirm a rating; a key of its own for each, or Enter pressed twice rates two."""
    st.button(
        label,
        icon=":material/check:",
        shortcut="Enter",
        disabled=rating == UNRATED,
        on_click=deed,
        width="stretch",
        key=f"{key}_confirm",
    )


def _advise(opened: Round, play: Play) -> None:
    """Show the advice on a case that was rated, and ask again."""
    index = play.record.at
    first = play.record.readings[index].rating
    meaning = "The models' estimated probability of malignancy:"
    if opened.plan.wrong:
        meaning = f"In {opened.plan.wrong_cases} of {opened.plan.n} cases this advice is wrong:"
    st.markdown(f"Your rating: **{first}**. {meaning}")
    for opinion in opened.advice:
        p, threshold = float(opinion.p[index]), opinion.threshold
        arrow, colour = (
            ("upward", "orange") if text.is_above(p, threshold) else ("downward", "blue")
        )
        st.markdown(
            f"**{opinion.title}: {text.percent(p)}** "
            f":{colour}-badge[:material/arrow_{arrow}: {text.standing(p, threshold)}]"
        )
    small_notice()
    key = f"reading_second_{index + 1}"
    st.session_state.setdefault(key, first)
    st.markdown("Having seen the advice, **keep or revise** your rating.")
    second = _rating(key)
    _confirm(key, _onward(play), second, lambda: play.rate_again(index, int(second)))


def _show_given(play: Play, index: int) -> None:
    reading = play.record.readings[index]
    after = "" if reading.second is None else f", and **{reading.second}** after the advice"
    st.info(
        f"Your rating: **{reading.rating}**{after}. {FINAL}",
        icon=":material/lock:",
    )


def _ways(play: Play, index: int) -> None:
    """Show buttons for earlier cases and back; neither changes a rating."""
    onward = None if index + 1 >= play.record.at else index + 1
    with st.container(horizontal=True):
        st.button(
            "Look back", icon=":material/arrow_back:", disabled=index == 0, key="reading_back",
            on_click=setattr, args=(play, "looking_back", index - 1),
        )  # fmt: skip
        if play.looking_back is not None and not (play.record.plan.feedback and onward is None):
            st.button(
                "Forward", icon=":material/arrow_forward:", key="reading_forward",
                on_click=setattr, args=(play, "looking_back", onward),
            )  # fmt: skip
