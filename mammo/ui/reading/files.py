"""Result files opened: the results of one reader, or of a whole class.

A file stays in this session's memory while it is on the page; nothing of it is stored or shared.
"""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mammo import text
from mammo.plots.reading import room_auc_figure, room_figure
from mammo.reading import Room, RoomScore, RoundCases, merge, score_room, wording
from mammo.reading.results_file import LARGEST_BYTES
from mammo.text import counted, estimate
from mammo.ui.kit.frame import small_notice, warn
from mammo.ui.kit.get_images import offer_images
from mammo.ui.kit.widgets import download, show_figure
from mammo.ui.reading.cover import in_words
from mammo.ui.reading.results import choose_cut, show_answers, show_score
from mammo.ui.reading.review import mean_errors, show_review
from mammo.ui.reading.session import (
    Round,
    artifacts_fingerprint,
    cases_without_images,
    open_round,
)

if TYPE_CHECKING:
    import pandas as pd

_SCORED = "reading_room_scored"


def show_files() -> None:
    """Ask for result files, list those left out with the reason, and show the rest."""
    st.markdown(
        "Open the result files of one round: one file for the results of one reader, several for "
        "those of the class. Nothing is stored."
    )
    files = st.file_uploader(
        "Result files of the reading room (CSV)",
        accept_multiple_files=True,
        max_upload_size=1,
        key="reading_files",
    )
    if not files:
        return
    # No more of a file's bytes than shows that it is too large.
    contents = [
        (file.name, file.read(LARGEST_BYTES + 1) if file.seek(0) == 0 else b"") for file in files
    ]
    room = merge(contents, artifacts_fingerprint())
    _say_left_out(room, len(files))
    if room.plan is None:
        return
    opened = open_round(room.plan)
    if len(room.readers) == 1:
        reader = room.readers[0]
        opened = open_round(room.plan, readings=reader.record.readings)
        headline = st.container()
        st.caption(f"Round {opened.code}. {in_words(room.plan)}")
        show_score(opened, reader.record, headline, reader.name)
    else:
        show_room(opened, room)
        offer_images(missing := cases_without_images(opened), "room")
        if not missing:
            show_review(opened, room, "")


def _say_left_out(room: Room, count: int) -> None:
    reasons = [f"\n- **{text.literal(name)}**: {text.literal(why)}" for name, why in room.left_out]
    if reasons:
        are = "is" if len(reasons) == 1 else "are"
        st.warning(
            f"{len(reasons)} of {counted(count, 'file')} {are} left out:{''.join(reasons)}",
            icon=":material/rule:",
        )


@st.fragment
def show_room(opened: Round, room: Room) -> None:
    """Show the room's score; moving the threshold runs this part alone."""
    cases, names = opened.cases, [reader.name for reader in room.readers]
    lesson, figures = st.container(), st.container()
    cut = choose_cut()
    with st.spinner("Scoring the room"):
        score = _scored(opened, room, cut)
    with lesson:
        st.header(wording.room_line(score, opened.cases), anchor=False)
        st.caption(
            f"{counted(len(names), 'reader')}, round {opened.code}. {in_words(opened.plan)} "
            f"{wording.score_meaning('Readers', cut)}"
        )
    with figures:
        _show_figures(opened, score, names)
    table = _reader_table(score, room)
    st.dataframe(table, hide_index=True, alt="Each reader's figures", key="reading_room_table")
    others = wording.standings_table(score.others, cases, cut, "Readers")
    others = others.loc[:, ~others.columns.str.startswith("Agreement")]
    st.table(others, hide_index=True, alt="Models and radiologists")
    small_notice()
    download(table, f"room-{opened.code}-readers")
    second = room.ratings(after_advice=True) if opened.plan.advice else None
    with lesson if opened.plan.wrong else st.container():
        show_answers(opened, room.ratings(), second, cut, "Readers")
    _show_cases(opened, room, cut)


def _scored(opened: Round, room: Room, cut: int) -> RoomScore:
    """Score a room once per threshold; kept in this session alone."""
    key = (opened.code, cut, room.readers)
    if st.session_state.get(_SCORED, (None,))[0] != key:
        st.session_state[_SCORED] = key, score_room(opened.cases, room, cut)
    score: RoomScore = st.session_state[_SCORED][1]
    return score


def _show_figures(opened: Round, score: RoomScore, names: list[str]) -> None:
    cases = opened.cases
    st.info(
        wording.reader_sentence(score.mean_auc, "the readers on average"),
        icon=":material/format_quote:",
    )
    if np.isnan(score.mean_auc.value):
        return
    warn(wording.too_small(score.mean_auc, cases))
    everybody = "of every reader, their mean, the models and the radiologists"
    show_figure(
        room_figure(score, names, cases), f"room-{opened.code}", f"ROC curves {everybody}",
        key="reading_room_roc",
    )  # fmt: skip
    show_figure(
        room_auc_figure(score, names, cases), f"room-{opened.code}-auc",
        f"AUC {everybody}, with intervals", key="reading_room_auc",
    )  # fmt: skip
    st.markdown("\n".join(f"- {line}" for line in room_lines(score, cases)))


def room_lines(score: RoomScore, cases: RoundCases) -> list[str]:
    """Return the room's figures as sentences."""
    lines = [
        f"AUC of the readers' mean rating of each case: {estimate(score.mean_rating_auc, 2)}.",
        *(
            f"Mean AUC of the readers minus {wording.title_of(standing.name, cases)}: "
            f"{wording.gap_words(standing)}."
            for standing in score.others
        ),
        wording.random_sentence(score, cases),
    ]
    if score.after_advice is not None and score.advice_gain is not None:
        lines.insert(
            -1,
            "Mean AUC of the readers after the advice: "
            f"{estimate(score.after_advice, 2)}, a change of "
            f"{wording.gap_with_p(score.advice_gain.mean, score.advice_gain.p_value)}.",
        )
    return lines


def _reader_table(score: RoomScore, room: Room) -> "pd.DataFrame":
    """Return each reader's figures as a table, the highest AUC first."""
    import pandas as pd

    readers = zip(room.readers, score.readers, room.seconds(), strict=True)
    table = pd.DataFrame(
        {
            "Reader": reader.name,
            "AUC": standing.auc.value,
            "AUC from": standing.auc.low,
            "AUC to": standing.auc.high,
            "Sensitivity": standing.point.rates["sensitivity"].value,
            "Specificity": standing.point.rates["specificity"].value,
            "Median seconds per case": float(np.median(seconds)),
            "Resumed from the link": reader.record.resumed,
        }
        for reader, standing, seconds in readers
    )
    return table.sort_values("AUC", ascending=False, kind="stable").round(3)


def _show_cases(opened: Round, room: Room, cut: int) -> None:
    """Show the room's ratings of each case, the largest mean error first."""
    st.header("Hardest cases first", anchor="room-cases")
    table = case_table(opened.cases, room, cut)
    bars = ["Mean rating", *(model.title for model in opened.cases.models)]
    bar = st.column_config.ProgressColumn(format="%.0f", min_value=0, max_value=100)
    columns = dict.fromkeys(bars, bar)
    st.dataframe(
        table, column_config=columns, hide_index=True, alt="The room's ratings of each case",
        key="reading_room_cases",
    )  # fmt: skip
    download(table, f"room-{opened.code}-cases")


def case_table(cases: RoundCases, room: Room, cut: int) -> "pd.DataFrame":
    """Return the room's ratings of each case, the largest mean error first."""
    import pandas as pd

    ratings = room.ratings()
    flagged = ratings >= cut
    table = pd.DataFrame(
        {
            "Case": np.arange(1, cases.labels.size + 1),
            "Pathology": [text.pathology_words(value) for value in cases.rows["pathology"]],
            "Correct readers": (flagged == cases.labels).sum(axis=0),
            "Mean rating": ratings.mean(axis=0),
            "Lowest rating": ratings.min(axis=0),
            "Highest rating": ratings.max(axis=0),
        }
    )
    for model in cases.models:
        table[model.title] = 100 * cases.p[model.name]
    table["Radiologist, BI-RADS"] = cases.rows["assessment"].astype("Int64")
    table["Case id"] = cases.ids
    table["Mean error"] = mean_errors(cases, room)
    return table.sort_values("Mean error", ascending=False, kind="stable").round(1)
