"""Many files at once: assessed one after the other, kept in the session, shown as a table."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from mammo.artifacts import Card
from mammo.errors import sentence_of
from mammo.imaging.region import looks_like_crop
from mammo.inference import Classifier
from mammo.ui.kit.display import thumbnail_uri
from mammo.ui.kit.frame import small_notice
from mammo.ui.kit.own_files import OwnFile, read_own
from mammo.ui.kit.result import ask, choose_threshold, doubts
from mammo.ui.kit.source import Lesion, Picture, numbered
from mammo.ui.kit.table import (
    ROW_HEIGHT,
    STANDING,
    Row,
    csv_bytes,
    film_remark,
    table_height,
    table_of,
)
from mammo.ui.kit.trust import ask_trust
from mammo.ui.kit.widgets import ESTIMATE, offer_file, probability_columns

MOST_FILES = 200
_ROWS = "batch_rows"


def assess_files(files: Sequence[OwnFile], classifiers: Sequence[Classifier]) -> tuple[Row, ...]:
    """Assess each file that is not assessed yet, under a progress bar."""
    held: dict[str, Row] = st.session_state.setdefault(_ROWS, {})
    for gone in held.keys() - {file.file_id for file in files}:
        del held[gone]
    waiting = [file for file in files[:MOST_FILES] if file.file_id not in held]
    if waiting:
        progress = st.progress(0.0, "Reading the files")
        for done, file in enumerate(waiting, start=1):
            held[file.file_id] = _row(file, classifiers)
            progress.progress(done / len(waiting), f"{done} of {len(waiting)} files")
        progress.empty()
    names = numbered([file.name for file in files])
    return tuple(
        replace(held[file.file_id], file=name)
        for file, name in zip(files[:MOST_FILES], names, strict=False)
    )


def forget_rows() -> None:
    """Drop the assessed files of this session, with their thumbnails."""
    st.session_state.pop(_ROWS, None)


def _row(file: OwnFile, classifiers: Sequence[Classifier]) -> Row:
    """Assess one file; what is wrong with it becomes its remark and stops nothing."""
    try:
        image = read_own(file)
        thumbnail = thumbnail_uri(image.pixels)
        if not looks_like_crop(image.shape):
            return Row(file.name, film_remark(image.shape), thumbnail)
        lesion = Lesion(Picture(file.file_id, file.name, image))
        answers = ask(classifiers, lesion)
        assessments = {answer.card.name: answer.assessment for answer in answers}
        remark = " ".join(doubts(lesion, answers))
        signals = ask_trust(answers)
        questioned = None if signals is None else signals.familiarity.questioned
        return Row(file.name, remark, thumbnail, assessments=assessments, questioned=questioned)
    except Exception as error:  # noqa: BLE001  no file may end the others
        return Row(file.name, sentence_of(error))


def show_table(files: Sequence[OwnFile], classifiers: Sequence[Classifier]) -> None:
    """Assess many files and show them as a table, with the notice and a CSV."""
    if len(files) > MOST_FILES:
        st.warning(
            f"{len(files)} files were opened; the table takes the first {MOST_FILES}. Open the "
            "others after these, or use `python -m mammo.predict` on the whole folder."
        )
    rows, cards = assess_files(files, classifiers), [model.card for model in classifiers]
    _table(rows, cards)


@st.fragment
def _table(rows: Sequence[Row], cards: Sequence[Card]) -> None:
    """Lay out the table; another operating point changes the words and asks no network."""
    threshold = choose_threshold("batch_threshold")
    hints = {
        card.title: f"{ESTIMATE[:-1]}, calibrated on {card.calibration.fitted_on}."
        for card in cards
    }
    st.dataframe(
        table_of(rows, cards, threshold),
        column_config={
            "Picture": st.column_config.ImageColumn("Picture", width="small"),
            "File": st.column_config.TextColumn("File", width=220),
            STANDING: st.column_config.TextColumn(STANDING, width="large"),
            **probability_columns(hints, hints),
        },
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=table_height(len(rows)),
        alt="Estimated probabilities of both models for each file",
    )
    small_notice()
    offer_file(
        "Download as CSV",
        lambda: csv_bytes(rows, cards),
        "mammo-results.csv",
        "text/csv",
        key="download_batch",
    )
