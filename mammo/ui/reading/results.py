"""One reader's results: beside the models and the radiologists, by threshold, case by case."""

import math

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike
from streamlit.delta_generator import DeltaGenerator

import mammo
from mammo import text
from mammo.data.csv_table import whole_number
from mammo.plots.reading import case_figure, learning_figure, roc_figure
from mammo.reading import Record, Result, Room, advice_effect, standings, wording, write_result
from mammo.reading.advice import answerers, following
from mammo.reading.practice import learning_curve
from mammo.reading.results_file import LONGEST_NICKNAME, clean_nickname
from mammo.reading.room import RoomReader
from mammo.text import counted
from mammo.ui.kit import cache
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.frame import sentences, small_notice, warn
from mammo.ui.kit.widgets import download, offer_file, show_figure
from mammo.ui.reading import session
from mammo.ui.reading.review import show_review
from mammo.ui.reading.session import Play, Round, artifacts_fingerprint

DEFAULT_CUT = 50


def show_results(opened: Round, play: Play) -> None:
    """Show the score of a round that was read here, and offer its file."""
    headline = st.container()
    with st.container(border=True):
        _hand_over(opened, play.record, play.seat.nickname if play.seat else "")
    if opened.choices:
        st.header("Learning curve", anchor="learning")
        show_learning(opened, play.record)
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
    lesson, top = st.container(), st.container()
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
    with lesson if opened.plan.wrong else st.container():
        show_answers(opened, ratings, second, cut, name)


def show_answers(
    opened: Round, first: ArrayLike, second: ArrayLike | None, cut: int, who: str
) -> None:
    """Show how far the advice was followed, and who should answer; of one reader or a class."""
    cases, advice = opened.cases, opened.advice
    if not advice:
        return
    if second is not None:
        st.subheader("Effect of the advice", anchor="advice")
        found = following(cases, advice, first, second, cut)
        lines = wording.following_sentences(found, opened.plan)
        if np.ndim(first) == 1:
            lines += wording.advice_sentences(advice_effect(cases, first, second), who)
        st.markdown("\n".join(f"- {line}" for line in lines))
        table = wording.following_table(found)
        st.table(table, hide_index=True, alt="How far the advice was followed")
        st.caption(wording.FOLLOWING_HELP)
    st.subheader("Who should answer?", anchor="answer")
    ways = answerers(cases, advice[-1], first, second, cut)
    st.markdown(wording.best_answer(ways, cases))
    table = wording.answer_table(ways, cases)
    st.table(table, hide_index=True, alt="Correct answers by who answers")
    st.caption(wording.ANSWER_HELP)


def show_learning(opened: Round, record: Record) -> None:
    """Draw a practice round's learning curve as far as it was read."""
    n, cases = len(record.readings), opened.cases
    weights = [one.weight for one in opened.choices[:n]]
    ratings = [reading.rating for reading in record.readings]
    curve = learning_curve(cases.labels[:n], cases.patients[:n], ratings, weights)
    st.markdown(wording.learning_sentence(curve, n))
    if curve:
        models = [
            (card.title, card.metrics["out_of_fold"]["crop"]["auc"].value) for card in cache.cards()
        ]
        figure = learning_figure(curve, models)
        alt = "Learning curve: AUC with its interval after each case"
        show_figure(figure, f"practice-{opened.code}", alt, key="reading_learning")


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
