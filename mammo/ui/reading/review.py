"""Each case of a round looked at again: picture, truth, what everybody said, heat maps."""

import numpy as np
import streamlit as st

from mammo import text
from mammo.inference.overlay import overlay
from mammo.reading import Record
from mammo.text import parts, plain
from mammo.ui.kit import cache
from mammo.ui.kit.case_words import recorded_lines, recorded_words
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.report_buttons import report_buttons
from mammo.ui.kit.result import ask, doubts
from mammo.ui.kit.trust import ask_trust
from mammo.ui.kit.widgets import choose_option
from mammo.ui.reading.loading import Round, film_words, lesion_of, views
from mammo.ui.reading.viewer import show_viewer

_AT = "reading_review_at"
"""Where the last review stands: what it shows, and at which of its cases."""
_GIVEN = {"shape": "mass_shape", "margin": "mass_margins", "assessment": "assessment"}

Shown = tuple[str, Record, str]
"""A review: whose, of which record, in which order."""


@st.fragment
def show_review(opened: Round, record: Record, reader: str) -> None:
    """Show one case after another with its truth, the farthest off first if so chosen."""
    st.header("Case by case", anchor="review")
    order = choose_option(
        "Order", "order", {"worst": "Farthest from the truth first", "read": "As read"}, "worst"
    )
    places = _places(opened, record, order)
    shown = (reader, record, order)
    held, at = st.session_state.get(_AT, (shown, 0))
    at = at if held == shown else 0
    _ways(shown, at, len(places))
    place = places[at]
    left, right = st.columns([7, 5], gap="medium")
    with left, sentences():
        show_viewer(f"review {opened.code} {place}", views(opened, place))
    with right:
        _facts(opened, record, place, text.literal(reader))
    with sentences():
        _looked_at(opened, place)
    small_notice()


def _places(opened: Round, record: Record, order: str) -> list[int]:
    ratings = np.array([reading.rating for reading in record.readings])
    if order == "read":
        return list(range(ratings.size))
    far = np.abs(ratings - 100 * opened.cases.labels)
    return [int(place) for place in np.argsort(-far, kind="stable")]


def _ways(shown: Shown, at: int, count: int) -> None:
    """Lead to the case before and after; another round, reader or order begins at its first."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous", icon=":material/arrow_back:", disabled=at == 0, on_click=_go,
            args=(shown, at - 1), shortcut="p", key="reading_review_previous",
        )  # fmt: skip
        st.button(
            "Next", icon=":material/arrow_forward:", disabled=at == count - 1, on_click=_go,
            args=(shown, at + 1), shortcut="n", key="reading_review_next",
        )  # fmt: skip
        st.markdown(f"{at + 1} of {count}")


def _go(shown: Shown, at: int) -> None:
    st.session_state[_AT] = (shown, at)


def _facts(opened: Round, record: Record, place: int, name: str) -> None:
    """Say the truth of a case, what everybody said, and what was recorded."""
    cases, reading = opened.cases, record.readings[place]
    row = cases.rows.iloc[place].to_dict()
    icon = "warning" if cases.labels[place] else "check_circle"
    colour = "orange" if cases.labels[place] else "blue"
    st.markdown(
        f"Case **{place + 1}**, {film_words(opened, place)}: "
        f":{colour}-badge[:material/{icon}: {text.pathology_words(row['pathology'])}]"
    )
    after = "" if reading.second is None else f", after advice **{reading.second}**"
    lines = [f"{name}: **{reading.rating}**{after}, in {reading.seconds:.0f} s."]
    for model in cases.models:
        p, threshold = float(cases.p[model.name][place]), cases.threshold(model)
        lines.append(f"{model.title}: {text.percent(p)}. {text.standing(p, threshold)}.")
    lines += [
        f"{name} described: {title} {plain(value)}, {against_record(value, row[column])}."
        for title, column in _GIVEN.items()
        if (value := getattr(reading, title))
    ]
    st.markdown("\n".join(f"- {line}" for line in lines))
    st.markdown("What the radiologist recorded:")
    st.markdown("\n".join(f"- {line}" for line in recorded_lines(row)))
    st.caption(f"{text.literal(cases.ids[place])} of the official test set.")


def against_record(given: str, recorded: object) -> str:
    """Say whether what a reader described is what was recorded.

    Examples
    --------
    >>> against_record("OVAL", "OVAL-LOBULATED"), against_record("OVAL", "ROUND")
    ('as recorded', 'other than recorded')
    """
    found = parts(recorded)
    if not found:
        return "where nothing is recorded"
    return "as recorded" if given in found else "other than recorded"


def _looked_at(opened: Round, place: int) -> None:
    """Show what each model looked at, and offer the case's report."""
    st.subheader("What the models looked at", anchor=False)
    lesion, models = lesion_of(opened, place), cache.classifiers()
    answers = ask(models, lesion)
    for column, answer in zip(st.columns(2), answers, strict=False):
        heat = answer.assessment.heat_map(answer.crop.shape[0])
        column.image(
            data_uri(enlarged(overlay(answer.crop, heat, 0.45))),
            caption=f"{answer.card.title}. Bright: what raised the estimate.",
            width="stretch",
            alt=f"Crop of case {place + 1} under the heat map of {answer.card.title}",
        )
    with st.container(horizontal=True):
        report_buttons(
            lesion,
            answers,
            ask_trust(answers),
            key="reading_report",
            recorded=recorded_words(opened.cases.rows.iloc[place].to_dict()),
            doubts=doubts(lesion, answers),
            case=opened.cases.ids[place],
        )
