"""Many files at once: assessed one after the other, kept in the session, shown as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st

from mammo.artifacts import Card
from mammo.errors import sentence_of
from mammo.imaging.region import looks_like_crop, not_a_crop
from mammo.inference import LesionResult
from mammo.inference.result import familiar
from mammo.ui.kit import cache
from mammo.ui.kit.display import thumbnail_uri
from mammo.ui.kit.frame import small_notice
from mammo.ui.kit.result import choose_threshold
from mammo.ui.kit.source import OwnFile, Picture, numbered, read_own
from mammo.ui.kit.widgets import ESTIMATE, download_results, probability_columns, show_table

MOST_FILES = 200
_ROWS = "batch_rows"
FAMILIAR = "Looks like a mammogram crop"
STANDING = "Above or below the threshold"


@dataclass(frozen=True, eq=False)
class Row:
    """One file: its name, its thumbnail as a `data:` address, and its result or what is wrong."""

    file: str
    error: str = ""
    thumbnail: str = ""
    result: LesionResult | None = None


def assess_files(files: Sequence[OwnFile]) -> tuple[Row, ...]:
    """Assess each file that is not assessed yet, under a progress bar."""
    held: dict[str, Row] = st.session_state.setdefault(_ROWS, {})
    for gone in held.keys() - {file.file_id for file in files}:
        del held[gone]
    waiting = [file for file in files[:MOST_FILES] if file.file_id not in held]
    if waiting:
        progress = st.progress(0.0, "Reading the files")
        for done, file in enumerate(waiting, start=1):
            held[file.file_id] = _row(file)
            progress.progress(done / len(waiting), f"{done} of {len(waiting)} files")
        progress.empty()
    names = numbered([file.name for file in files])
    return tuple(
        replace(held[file.file_id], file=name)
        for file, name in zip(files[:MOST_FILES], names, strict=False)
    )


def forget_rows() -> None:
    """Drop the assessed files of this session."""
    st.session_state.pop(_ROWS, None)


def _row(file: OwnFile) -> Row:
    """Assess one file; what is wrong with it is in its row and stops nothing."""
    try:
        image = read_own(file)
        thumbnail = thumbnail_uri(image.pixels)
        if not looks_like_crop(image.shape):
            where = "open it below and mark the lesion."
            return Row(file.name, f"{not_a_crop(image.shape)}: {where}", thumbnail)
        result = Picture(file.file_id, file.name, image).assessed()
        return Row(file.name, "", thumbnail, result)
    except Exception as error:  # noqa: BLE001  no file may end the others
        return Row(file.name, sentence_of(error))


def show_files(files: Sequence[OwnFile]) -> None:
    """Assess many files and show them as a table, with the notice and a CSV."""
    if len(files) > MOST_FILES:
        st.warning(
            f"You opened {len(files)} files; the table takes the first {MOST_FILES}. Open the "
            "others later, or run `python -m mammo.predict` on the folder."
        )
    _table(assess_files(files), cache.cards())


@st.fragment
def _table(rows: Sequence[Row], cards: Sequence[Card]) -> None:
    """Lay out the table; another operating point changes the words and asks no network."""
    threshold = choose_threshold("batch_threshold")
    hints = {
        card.title: f"{ESTIMATE[:-1]}, calibrated on {card.calibration.fitted_on}."
        for card in cards
    }
    columns = {
        "File": st.column_config.TextColumn("File", width=220),
        STANDING: st.column_config.TextColumn(STANDING, width="large"),
        **probability_columns(hints, hints),
    }
    shown = table_of(rows, cards, threshold)
    show_table(shown, columns, "Estimated probabilities of both models for each file")
    small_notice()
    results = [(row.file, row.result, row.error) for row in rows]
    download_results(results, cards, "results", "download_batch")


def table_of(rows: Sequence[Row], cards: Sequence[Card], threshold: str) -> pd.DataFrame:
    """Lay rows out for the screen: probabilities as percentages, and a sentence per file."""
    shown = pd.DataFrame([_shown(row, cards, threshold) for row in rows])
    return shown.drop(columns=FAMILIAR) if not shown[FAMILIAR].any() else shown


def _shown(row: Row, cards: Sequence[Card], threshold: str) -> dict[str, Any]:
    result = row.result
    models = {} if result is None else result.models
    sides = "; ".join(
        f"{one.card.title} {one.side(threshold)}{f' ({one.reading})' if one.reading else ''}"
        for one in models.values()
    )
    remarks = (row.error,) if result is None else (f"{sides}.", *result.doubts)
    return {
        "Picture": row.thumbnail,
        "File": row.file,
        **{
            card.title: 100 * models[card.name].probability if card.name in models else None
            for card in cards
        },
        FAMILIAR: familiar(None if result is None else result.questioned),
        STANDING: " ".join(remark for remark in remarks if remark),
    }
