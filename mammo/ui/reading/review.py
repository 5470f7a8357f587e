"""Each case of a round looked at again: picture, truth, what everybody said, heat maps."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mammo.data.descriptors import meaning, parts, plain
from mammo.explain import overlay
from mammo.reading import Record
from mammo.ui import loaders, words
from mammo.ui.comparison.controls import choose_option
from mammo.ui.display import data_uri, enlarged
from mammo.ui.frame import sentences, small_notice
from mammo.ui.reading.loading import Round, film_words, lesion_of, views
from mammo.ui.reading.viewer import show_viewer
from mammo.ui.report_buttons import report_buttons
from mammo.ui.result import ask, doubts
from mammo.ui.trust import ask_trust

if TYPE_CHECKING:
    import pandas as pd

_AT = "reading_review_at"
_RECORDED = {
    "mass_shape": "Shape",
    "mass_margins": "Margin",
    "assessment": "BI-RADS assessment",
    "breast_density": "Density",
    "subtlety": "Subtlety",
}
_GIVEN = {"shape": "mass_shape", "margin": "mass_margins", "assessment": "assessment"}


@st.fragment
def show_review(opened: Round, record: Record) -> None:
    """Show one case after another with its truth, the farthest off first if so chosen."""
    st.header("Case by case", anchor="review")
    order = choose_option(
        "Order", "order", {"worst": "Farthest from the truth first", "read": "As read"}, "worst"
    )
    places = _places(opened, record, order)
    at = min(int(st.session_state.get(_AT, 0)), len(places) - 1)
    _ways(at, len(places))
    place = places[at]
    left, right = st.columns([7, 5], gap="medium")
    with left, sentences():
        show_viewer(f"review {opened.code} {place}", views(opened, place))
    with right:
        _facts(opened, record, place)
    with sentences():
        _looked_at(opened, place)
    small_notice()


def _places(opened: Round, record: Record, order: str) -> list[int]:
    ratings = np.array([reading.rating for reading in record.readings])
    if order == "read":
        return list(range(ratings.size))
    far = np.abs(ratings - 100 * opened.cases.labels)
    return [int(place) for place in np.argsort(-far, kind="stable")]


def _ways(at: int, count: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous", icon=":material/arrow_back:", disabled=at == 0, on_click=_go,
            args=(at - 1,), shortcut="p", key="reading_review_previous",
        )  # fmt: skip
        st.button(
            "Next", icon=":material/arrow_forward:", disabled=at == count - 1, on_click=_go,
            args=(at + 1,), shortcut="n", key="reading_review_next",
        )  # fmt: skip
        st.markdown(f"{at + 1} of {count}")


def _go(at: int) -> None:
    st.session_state[_AT] = at


def _facts(opened: Round, record: Record, place: int) -> None:
    """Say the truth of a case, what everybody said, and what was recorded."""
    cases, reading = opened.cases, record.readings[place]
    row = cases.rows.iloc[place]
    icon = "warning" if cases.labels[place] else "check_circle"
    colour = "orange" if cases.labels[place] else "blue"
    st.markdown(
        f"Case **{place + 1}**, {film_words(opened, place)}: "
        f":{colour}-badge[:material/{icon}: {words.pathology_words(row['pathology'])}]"
    )
    after = "" if reading.second is None else f", after advice **{reading.second}**"
    lines = [f"You: **{reading.rating}**{after}, in {reading.seconds:.0f} s."]
    for model in cases.models:
        p, threshold = float(cases.p[model.name][place]), cases.threshold(model)
        lines.append(f"{model.title}: {words.percent(p)}. {words.standing(p, threshold)}.")
    lines += [_recorded(row, column, title) for column, title in _RECORDED.items()]
    lines += [
        f"You described: {name} {plain(value)}, "
        f"{'as' if value in parts(row[column]) else 'other than'} recorded."
        for name, column in _GIVEN.items()
        if (value := getattr(reading, name))
    ]
    st.markdown("\n".join(f"- {line}" for line in lines))
    st.caption(f"{words.literal(cases.ids[place])} of the official test set.")


def _recorded(row: "pd.Series", column: str, title: str) -> str:
    found = [part for part in parts(row[column]) if part != "0" or column == "assessment"]
    said = [
        f"{plain(part)} ({explained})" if (explained := meaning(column, part)) else plain(part)
        for part in found
    ]
    return f"{title}, recorded: {'; '.join(said) or 'nothing'}."


def _looked_at(opened: Round, place: int) -> None:
    """Show what each model looked at, and offer the case's report."""
    st.subheader("What the models looked at", anchor=False)
    lesion, models = lesion_of(opened, place), loaders.classifiers()
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
            recorded=_recorded_words(opened.cases.rows.iloc[place]),
            doubts=doubts(lesion, answers),
            case=opened.cases.ids[place],
        )


def _recorded_words(row: "pd.Series") -> str:
    """Say the truth of a case and what was recorded, for its report."""
    told = [
        f"{title} {', '.join(plain(part) for part in parts(row[column])) or 'not recorded'}"
        for column, title in _RECORDED.items()
    ]
    return f"Recorded as {words.pathology_words(row['pathology'])}. {'; '.join(told)}."
