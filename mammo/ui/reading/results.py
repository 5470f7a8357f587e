"""One reader's results: beside the models and the radiologists, by threshold, case by case."""

import math
from collections.abc import Hashable, Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

import mammo
from mammo import text
from mammo.data.csv_table import whole_number
from mammo.data.descriptors import recorded_sentence
from mammo.plots.reading import case_figure, dots_figure, roc_figure
from mammo.reading import (
    Reading,
    Record,
    Result,
    Room,
    RoundCases,
    advice_effect,
    standings,
    wording,
    write_result,
)
from mammo.reading.results_file import LONGEST_NICKNAME, clean_nickname
from mammo.reading.room import RoomReader
from mammo.text import counted, parts, plain
from mammo.ui.kit.address import choose_option, keep_in_link, went_back
from mammo.ui.kit.cases import open_list, recorded_table
from mammo.ui.kit.frame import sentences, small_notice, warn
from mammo.ui.kit.result import map_caption, report_buttons
from mammo.ui.kit.viewer import Viewer
from mammo.ui.kit.widgets import download, offer_file, show_figure
from mammo.ui.reading import session
from mammo.ui.reading.session import (
    Play,
    Round,
    artifacts_fingerprint,
    film_words,
    picture_of,
    views,
)

DEFAULT_CUT = 50


def show_results(opened: Round, play: Play) -> None:
    """Show the score of a round that was read here, and offer its file."""
    headline = st.container()
    with st.container(border=True):
        _hand_over(opened, play.record, play.seat.nickname if play.seat else "")
    show_score(opened, play.record, headline)
    st.button("Another round", on_click=session.leave, key="reading_leave")


def _hand_over(opened: Round, record: Record, known_as: str) -> None:
    st.markdown(
        f"Your results of round {opened.code} are **not stored here**. Download the file to give "
        "to your lecturer, or to reopen here later."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        nickname = st.text_input(
            "Nickname (optional)",
            known_as,
            max_chars=LONGEST_NICKNAME,
            key="reading_nickname",
            width=260,
            help="It is saved only in the file. Do not use your real name.",
        )
        name = clean_nickname(nickname or "")
        result = Result(record, name, artifacts_fingerprint(), mammo.__version__)
        offer_file(
            "Download my results as CSV",
            lambda: write_result(result, text.NOTICE_SHORT),
            file_name(opened.code, name),
            "text/csv",
            key="reading_download",
        )


def file_name(code: str, nickname: str) -> str:
    """Name a results file.

    Examples
    --------
    >>> file_name("T20B-4711-T3", "Ada L."), file_name("T20B-4711-T3", "")
    ('mammo-round-T20B-4711-T3-Ada-L.csv', 'mammo-round-T20B-4711-T3.csv')
    """
    letters = "".join(sign if sign.isalnum() else " " for sign in nickname)
    return "-".join(["mammo", "round", code, *letters.split()]) + ".csv"


def show_score(
    opened: Round, record: Record, headline: DeltaGenerator, reader: str = wording.YOU
) -> None:
    """Show the score of a whole record, its first line in `headline`, and each case reviewed."""
    with headline:
        places = st.empty(), st.empty()
    _figures(opened, record, reader, places)
    with sentences():
        show_review(opened, Room(opened.plan, (RoomReader(reader, record),), ()), reader)


@st.fragment
def _figures(
    opened: Round, record: Record, reader: str, places: tuple[DeltaGenerator, DeltaGenerator]
) -> None:
    """Show the scores at a threshold; moving it reruns this part alone."""
    cases, name = opened.cases, text.literal(reader)
    ratings = [reading.rating for reading in record.readings]
    second = [reading.second or 0 for reading in record.readings] if opened.plan.advice else None
    top = st.container()
    st.header("At your operating point", anchor="cut")
    cut = choose_cut()
    with st.spinner("Scoring", show_time=False):
        scores = standings(cases, ratings, cut)
    line, meaning = places
    line.header(wording.score_line(name, scores, cases), anchor="score")
    meaning.caption(wording.score_meaning(name, cut))
    with top:
        st.info(wording.reader_sentence(scores[0].auc, name), icon=":material/format_quote:")
        warn(wording.too_small(scores[0].auc, cases))
        if not math.isnan(scores[0].auc.value):
            who = wording.in_a_sentence(reader)
            show_figure(
                roc_figure(scores, cases, reader), f"round-{opened.code}",
                f"ROC curves of {who}, the models and the radiologists on this round's cases",
                key="reading_roc",
            )  # fmt: skip
        st.caption(
            f"All are scored on the same {cases.labels.size} cases ({int(cases.labels.sum())} "
            f"malignant) from {counted(len(set(cases.patients)), 'patient')}. Intervals resample "
            f"patients. The radiologists saw whole films, and {text.LATER_ASSESSMENT}"
        )
    show_figure(
        case_figure(ratings, second, cases.labels.tolist(), cut), f"ratings-{opened.code}",
        "Rating of each case, and the threshold", key="reading_ratings",
    )  # fmt: skip
    st.table(
        wording.standings_table(scores, cases, cut, name),
        hide_index=True,
        alt="Figures of everybody on this round's cases",
    )
    small_notice()
    table = wording.standings_table(scores, cases, cut, reader)
    download(table.assign(round=opened.code), f"round-{opened.code}-figures")
    st.subheader("Agreement and time", anchor="agreement")
    lines = wording.agreement_sentences(scores, cases)
    lines.append(wording.time_sentence([reading.seconds for reading in record.readings]))
    if record.resumed:
        times = "once" if record.resumed == 1 else f"{record.resumed} times"
        lines.append(f"The round was resumed from its link {times}.")
    st.markdown("\n".join(f"- {line}" for line in lines))
    if second is not None:
        st.subheader("Effect of the models' results", anchor="advice")
        effect = advice_effect(cases, ratings, second, cut)
        told = wording.advice_sentences(effect, cut, name)
        st.markdown("\n".join(f"- {line}" for line in told))


def choose_cut() -> int:
    """Ask from which rating on a case counts as malignant; the link keeps it."""
    key = "reading_cut"
    if went_back() or key not in st.session_state:
        asked = whole_number(st.query_params.get("cut", ""), 100)
        st.session_state[key] = DEFAULT_CUT if asked is None else asked
    cut = int(
        st.slider(
            "Threshold: a case counts as malignant from this rating on", 0, 100, key=key,
            help="Your operating point. It changes sensitivity and specificity, but not the AUC.",
        )
    )  # fmt: skip
    keep_in_link("cut", None if cut == DEFAULT_CUT else str(cut))
    return cut


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
        _show_maps(viewer, opened, index)


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
    if not alone:
        show_figure(
            dots_figure(room, cases, [index], told=True), f"case-{opened.code}-{index + 1}",
            "Each reader's rating of this case beside the models and the radiologist",
            key="reading_dots",
        )  # fmt: skip
    st.markdown("\n".join(f"- {line}" for line in lines))
    st.markdown("What the radiologist recorded:")
    st.markdown(recorded_table(row))
    st.caption(f"{text.literal(cases.ids[index])} of the official test set.")


def _given(reading: Reading, row: Mapping[Hashable, object], who: str) -> list[str]:
    """Return a reader's rating and descriptors of a case, a sentence each."""
    name = text.literal(who)
    rating = "Your rating" if who == wording.YOU else name
    lines = [f"{rating}: **{reading.rating}** after {reading.seconds:.0f} s."]
    if reading.second is not None:
        lines.append(f"With the models' results: **{reading.second}**.")
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


def _show_maps(viewer: Viewer, opened: Round, index: int) -> None:
    """Draw each model's map over the picture of a case, and offer its report."""
    picture, area = picture_of(opened, index)
    result = picture.assessed(area)
    maps = {answer.card.title: answer.heat_map() for answer in result.answers}
    viewer.show_maps(maps, area)
    st.caption(map_caption(np.maximum.reduce([*maps.values()])))
    with st.container(horizontal=True):
        report_buttons(
            picture,
            result,
            key="reading_report",
            recorded=recorded_sentence(opened.cases.rows.iloc[index].to_dict()),
            case=opened.cases.ids[index],
        )
