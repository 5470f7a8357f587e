"""One reader's results: beside the models and the radiologists, at a cut of one's own, in time."""

import math

import numpy as np
import streamlit as st

import mammo
from mammo import text
from mammo.data.csv_table import whole_number
from mammo.data.descriptors import recorded_sentence
from mammo.inference.overlay import overlay
from mammo.plots.reading import case_figure, roc_figure
from mammo.reading import (
    Record,
    Result,
    advice_effect,
    standings,
    wording,
    write_result,
)
from mammo.reading.results_file import LONGEST_NICKNAME, clean_nickname
from mammo.text import counted, parts, plain
from mammo.ui.kit.address import choose_option, keep_in_link, went_back
from mammo.ui.kit.cases import recorded_table
from mammo.ui.kit.display import show_picture
from mammo.ui.kit.frame import sentences, small_notice, warn
from mammo.ui.kit.result import report_buttons
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
    """Show the score of a round that was read here, and hand its file over."""
    with st.container(border=True):
        _hand_over(opened, play.record)
    show_score(opened, play.record)
    st.button("Another round", on_click=session.leave, key="reading_leave")


def _hand_over(opened: Round, record: Record) -> None:
    st.markdown(
        f"**Your results** of the round {opened.code}. Nothing is stored here: download the file, "
        "and give it to your lecturer or open it here again."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        nickname = st.text_input(
            "Nickname (if you like)",
            max_chars=LONGEST_NICKNAME,
            key="reading_nickname",
            width=260,
            help="Stands in the file, and nowhere else. No real name, please.",
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


def show_score(opened: Round, record: Record, reader: str = wording.YOU) -> None:
    """Show everything that a whole record says, and each case with its truth."""
    _figures(opened, record, reader)
    with sentences():
        show_review(opened, record, reader)


@st.fragment
def _figures(opened: Round, record: Record, reader: str) -> None:
    """Score at a cut; moving it runs this part alone."""
    cases, name = opened.cases, text.literal(reader)
    ratings = [reading.rating for reading in record.readings]
    second = [reading.second or 0 for reading in record.readings] if opened.plan.advice else None
    top = st.container()
    st.header("At your own cut", anchor="cut")
    cut = choose_cut()
    with st.spinner("Scoring", show_time=False):
        found = standings(cases, ratings, cut)
    with top:
        st.header(f"{name}, the models and the radiologists", anchor="score")
        st.info(wording.reader_sentence(found[0].auc, name), icon=":material/format_quote:")
        warn(wording.too_small(found[0].auc, cases))
        if not math.isnan(found[0].auc.value):
            who = wording.in_a_sentence(reader)
            show_figure(
                roc_figure(found, cases, reader), f"round-{opened.code}",
                f"ROC curves of {who}, the models and the radiologists on this round's cases",
                key="reading_roc",
            )  # fmt: skip
        st.caption(
            f"All on the same {cases.labels.size} cases, {int(cases.labels.sum())} of them "
            f"malignant, of {counted(len(set(cases.patients)), 'patient')}; intervals resample "
            f"patients. The radiologists had whole films, and {text.LATER_ASSESSMENT}"
        )
    show_figure(
        case_figure(ratings, second, cases.labels.tolist(), cut), f"ratings-{opened.code}",
        "Rating of each case against the cut", key="reading_ratings",
    )  # fmt: skip
    st.table(
        wording.standings_table(found, cases, cut, name),
        hide_index=True,
        alt="Figures of everybody on this round's cases",
    )
    small_notice()
    table = wording.standings_table(found, cases, cut, reader)
    download(table.assign(round=opened.code), f"round-{opened.code}-figures")
    st.subheader("Agreement and time", anchor="agreement")
    lines = wording.agreement_sentences(found, cases)
    lines.append(wording.time_sentence([reading.seconds for reading in record.readings]))
    if record.resumed:
        times = "once" if record.resumed == 1 else f"{record.resumed} times"
        lines.append(f"The round was picked up from its link {times}.")
    st.markdown("\n".join(f"- {line}" for line in lines))
    if second is not None:
        st.subheader("What the advice changed", anchor="advice")
        effect = advice_effect(cases, ratings, second, cut)
        told = wording.advice_sentences(effect, cut, name)
        st.markdown("\n".join(f"- {line}" for line in told))


def choose_cut() -> int:
    """Ask from which rating on a case counts as flagged; the link keeps it."""
    key = "reading_cut"
    if went_back() or key not in st.session_state:
        asked = whole_number(st.query_params.get("cut", ""), 100)
        st.session_state[key] = DEFAULT_CUT if asked is None else asked
    cut = int(
        st.slider(
            "Cut: a case counts as flagged from this rating on", 0, 100, key=key,
            help="Your own threshold. The AUC does not depend on it; sensitivity and "
            "specificity do.",
        )
    )  # fmt: skip
    keep_in_link("cut", None if cut == DEFAULT_CUT else str(cut))
    return cut


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
        Viewer("reading", f"review {opened.code} {place}").show(views(opened, place))
    with right:
        _facts(opened, record, place, text.literal(reader))
    with sentences():
        _looked_at(opened, place)
    small_notice()


def _places(opened: Round, record: Record, order: str) -> list[int]:
    ratings = np.array([reading.rating for reading in record.readings])
    far = np.abs(ratings - 100 * opened.cases.labels)
    places = range(ratings.size) if order == "read" else np.argsort(-far, kind="stable")
    return [int(place) for place in places]


def _ways(shown: Shown, at: int, count: int) -> None:
    """Lead to the case before and after; another round, reader or order begins at its first."""
    ways = (("Previous", "back", -1, at == 0), ("Next", "forward", 1, at == count - 1))
    with st.container(horizontal=True, vertical_alignment="center"):
        for word, arrow, step, is_last in ways:
            st.button(
                word, icon=f":material/arrow_{arrow}:", disabled=is_last, shortcut=word[0].lower(),
                key=f"reading_review_{word.lower()}", on_click=st.session_state.__setitem__,
                args=(_AT, (shown, at + step)),
            )  # fmt: skip
        st.markdown(f"{at + 1} of {count}")


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
    st.markdown(recorded_table(row))
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
    picture, area = picture_of(opened, place)
    result = picture.assessed(area)
    for column, answer in zip(st.columns(len(result.answers)), result.answers, strict=True):
        with column:
            show_picture(
                overlay(answer.crop, answer.heat_map(), 0.45),
                f"Crop of case {place + 1} under the heat map of {answer.card.title}",
                caption=f"{answer.card.title}. Bright: what raised the estimate most.",
            )
    with st.container(horizontal=True):
        report_buttons(
            picture,
            result,
            key="reading_report",
            recorded=recorded_sentence(opened.cases.rows.iloc[place].to_dict()),
            case=opened.cases.ids[place],
        )
