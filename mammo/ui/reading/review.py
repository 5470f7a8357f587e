"""Cases after their rating: one by one with the diagnosis, the answers, the record and the maps."""

from collections.abc import Hashable, Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.data.descriptors import recorded_sentence
from mammo.inference import LesionResult
from mammo.plots.reading import dots_figure
from mammo.reading import Reading, Record, Room, RoundCases, wording
from mammo.reading.practice import MALIGNANT_FROM, why
from mammo.reading.room import RoomReader
from mammo.text import parts, plain
from mammo.ui.kit import cache
from mammo.ui.kit.address import choose_option
from mammo.ui.kit.cases import open_list, recorded_table
from mammo.ui.kit.frame import sentences
from mammo.ui.kit.result import map_caption, report_buttons
from mammo.ui.kit.source import Picture
from mammo.ui.kit.viewer import BoxFields, Viewer
from mammo.ui.kit.widgets import show_figure
from mammo.ui.reading.session import Round, film_words, picture_of, place_in_crop, views

OUT_OF_FOLD = (
    "The probabilities are out-of-fold scores: this patient was not in the training data. The heat "
    "maps are of the released models, which learned from this case."
)
_AT = "reading_review_at"
"""What the last review shows, and which of its cases."""
_GIVEN = {"shape": "mass_shape", "margin": "mass_margins", "assessment": "assessment"}

Shown = tuple[str, str, str]
"""A review: of which round, whose, in which order."""


@st.fragment
def show_review(opened: Round, room: Room, who: str) -> None:
    """Show one case after another with its diagnosis, the largest error first if so chosen.

    `room` is one reader, whose name is `who`, or a whole class, for which `who` is "".
    """
    if who:
        st.header("Case by case", anchor="review")
    row = st.container(horizontal=True, vertical_alignment="center")
    orders = {"worst": "Largest errors first", "read": "In reading order"}
    with row:
        order = choose_option("Order", "order", orders, "worst", hide_label=True)
    places = list(range(opened.plan.n))
    if order == "worst":
        places = [
            int(index) for index in np.argsort(-mean_errors(opened.cases, room), kind="stable")
        ]
    shown = (opened.code, who, order)
    held, index = st.session_state.get(_AT, (shown, places[0]))
    index = index if held == shown else places[0]
    with row:
        _ways(shown, places.index(index), places)
        ids = [opened.cases.ids[number] for number in places]
        name, title = ("round", "Round") if who else ("class", "Class, round")
        open_list(ids, name, f"{title} {opened.code}", opened.cases.ids[index])
    left, right = st.columns([7, 5], gap="medium")
    viewer = Viewer("reading", f"review {opened.code} {index}")
    with left, sentences():
        viewer.show(views(opened, index))
    with right:
        _facts(opened, room, index, who)
    with left, sentences():
        _show_maps_and_report(viewer, opened, index)


def show_feedback(opened: Round, record: Record, index: int) -> None:
    """Show whether the reader was right in a case, why, and what was recorded."""
    reading, row = record.readings[index], opened.cases.rows.iloc[index].to_dict()
    rating = reading.rating if reading.second is None else reading.second
    is_right = (rating >= MALIGNANT_FROM) == opened.cases.labels[index]
    told = f"{text.pathology_words(row['pathology'])}.** {why(row, cache.cases())}"
    if is_right:
        st.success(f"**Correct: {told}", icon=":material/check:")
    else:
        st.warning(f"**Incorrect: {told}", icon=":material/close:")
    if opened.choices and opened.choices[index].reason:
        st.caption(opened.choices[index].reason)
    alone = Room(opened.plan, (RoomReader(wording.YOU, record),), ())
    _facts(opened, alone, index, wording.YOU)


def show_maps_and_place(viewer: Viewer, opened: Round, index: int) -> None:
    """Draw the maps of a case, and the lesion's box where its crop has one."""
    show_maps(viewer, opened, index)
    if place := place_in_crop(opened, index):
        viewer.show_box(BoxFields("reading_place"), place)


def mean_errors(cases: RoundCases, room: Room) -> NDArray[np.float64]:
    """Return how far the ratings of each case are from its diagnosis, float64 (n,), 0 to 100."""
    far = np.abs(room.ratings() - 100.0 * cases.labels)
    rated = np.maximum(1, np.isfinite(far).sum(axis=0))
    return np.asarray(np.nansum(far, axis=0) / rated)


def _ways(shown: Shown, at: int, places: list[int]) -> None:
    """Show buttons for the previous and the next case; a new round, reader or order starts at 1."""
    ways = (("Previous", "back", -1, at == 0), ("Next", "forward", 1, at == len(places) - 1))
    for word, arrow, step, is_last in ways:
        st.button(
            word, icon=f":material/arrow_{arrow}:", disabled=is_last, shortcut=word[0].lower(),
            key=f"reading_review_{word.lower()}", on_click=st.session_state.__setitem__,
            args=(_AT, (shown, places[(at + step) % len(places)])),
        )  # fmt: skip
    st.markdown(f"{at + 1} of {len(places)}")


def _facts(opened: Round, room: Room, index: int, who: str) -> None:
    """Show the diagnosis of a case, each answer, and what was recorded."""
    cases = opened.cases
    row = cases.rows.iloc[index].to_dict()
    icon = "warning" if cases.labels[index] else "check_circle"
    colour = "orange" if cases.labels[index] else "blue"
    st.markdown(
        f"Case **{index + 1}**, {film_words(opened, index)}: "
        f":{colour}-badge[:material/{icon}: {text.pathology_words(row['pathology'])}]"
    )
    alone = [reader.name for reader in room.readers] == [who]
    lines = _given(room.readers[0].record.readings[index], row, who) if alone else []
    for model in cases.models:
        p, threshold = float(cases.p[model.name][index]), cases.threshold(model)
        lines.append(f"{model.title}: {text.percent(p)}. {text.standing(p, threshold)}.")
    if opened.plan.wrong:
        advice = opened.advice[0]
        kind = "wrong on purpose" if advice.wrong[index] else "right"
        lines.append(f"{advice.title}: {text.percent(advice.p[index])}, **{kind}**.")
    if not alone:
        show_figure(
            dots_figure(room, cases, [index], told=True), f"case-{opened.code}-{index + 1}",
            "Each reader's rating of this case beside the models and the radiologist",
            key="reading_dots",
        )  # fmt: skip
    st.markdown("\n".join(f"- {line}" for line in lines))
    st.markdown("What the radiologist recorded:")
    st.markdown(recorded_table(row))
    practice = opened.plan.source == "practice"
    st.caption(
        f"{text.literal(cases.ids[index])} of the official "
        + (f"training set. {OUT_OF_FOLD}" if practice else "test set.")
    )


def _given(reading: Reading, row: Mapping[Hashable, object], who: str) -> list[str]:
    """Return a reader's rating and descriptors of a case, a sentence each."""
    name = text.literal(who)
    rating = "Your rating" if who == wording.YOU else name
    lines = [f"{rating}: **{reading.rating}** after {reading.seconds:.0f} s."]
    if reading.second is not None:
        lines.append(f"After the advice: **{reading.second}**.")
    return lines + [
        f"{name} described: {title} {plain(value)}, {against_record(value, row[column])}."
        for title, column in _GIVEN.items()
        if (value := getattr(reading, title))
    ]


def against_record(given: str, recorded: object) -> str:
    """Compare what a reader described with the record.

    Examples
    --------
    >>> against_record("OVAL", "OVAL-LOBULATED"), against_record("OVAL", "ROUND")
    ('as recorded', 'which differs from the record')
    """
    values = parts(recorded)
    if not values:
        return "with nothing recorded"
    return "as recorded" if given in values else "which differs from the record"


def show_maps(viewer: Viewer, opened: Round, index: int) -> tuple[Picture, LesionResult]:
    """Draw each model's map over the picture of a case; return what the models were asked."""
    picture, area = picture_of(opened, index)
    result = picture.assessed(area)
    maps = {answer.card.title: answer.heat_map() for answer in result.answers}
    viewer.show_maps(maps, area)
    st.caption(map_caption(np.maximum.reduce([*maps.values()])))
    return picture, result


def _show_maps_and_report(viewer: Viewer, opened: Round, index: int) -> None:
    picture, result = show_maps(viewer, opened, index)
    with st.container(horizontal=True):
        report_buttons(
            picture,
            result,
            key="reading_report",
            recorded=recorded_sentence(opened.cases.rows.iloc[index].to_dict()),
            case=opened.cases.ids[index],
        )
