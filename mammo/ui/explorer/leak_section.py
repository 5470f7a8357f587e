"""The explorer's leak check on the data folder: patients, films, one picture in both splits."""

import streamlit as st

from mammo.data.leaks import Duplicate, LeakReport
from mammo.ui.data_folder import FOLDER_VARIABLE
from mammo.ui.display import data_uri, enlarged
from mammo.ui.explorer import source

_MOST_SHOWN = 8


def show_leak_check() -> None:
    """Offer the check where a data folder is set, and say what it found."""
    st.header("Does anything leak?", anchor="leaks")
    st.markdown(
        "A test is honest only if nothing of it was seen in training. The check looks for "
        "patients and films that stand in both splits, and for one picture in both, even turned, "
        "mirrored, rescaled or toned."
    )
    at_hand = source.folder()
    if at_hand is None:
        st.info(
            f"It needs pixels: set {FOLDER_VARIABLE} to a folder of prepared crops, or name one in "
            "the gallery."
        )
        return
    if not st.button("Check the folder", icon=":material/fact_check:", key="check_leaks"):
        return
    report = source.leaks(at_hand.path)
    for line in report_lines(report):
        st.markdown(f"- {line}")
    for duplicate in report.duplicates[:_MOST_SHOWN]:
        _show_pair(duplicate, at_hand)


def report_lines(report: LeakReport) -> list[str]:
    """Say what the check found, a line for each kind."""
    return [
        _line(report.patients, "patient stands", "patients stand"),
        _line(report.films, "film stands", "films stand"),
        (
            f"Pictures: {len(report.duplicates)} of {report.compared:,} pairs are the same picture."
            if report.duplicates
            else f"Pictures: none of {report.compared:,} pairs is one picture seen twice."
        ),
    ]


def _line(found: tuple[str, ...], one: str, many: str) -> str:
    kind = many.split(maxsplit=1)[0].capitalize()
    if not found:
        return f"{kind}: none stands in both splits."
    named = ", ".join(found[:5]) + (" and others" if len(found) > 5 else "")
    return f"{kind}: {len(found)} {one if len(found) == 1 else many} in both splits ({named})."


def _show_pair(duplicate: Duplicate, at_hand: source.Folder) -> None:
    ids = [
        str(at_hand.table["case_id"].iloc[row]) for row in (duplicate.train_row, duplicate.test_row)
    ]
    turned = ", turned or mirrored" if duplicate.turned else ""
    st.markdown(f"{ids[0]} and {ids[1]}: correlation {duplicate.correlation:.3f}{turned}")
    for column, case in zip(st.columns(2), ids, strict=True):
        crop = source.crop_of(case)
        if crop is not None:
            column.image(data_uri(enlarged(crop)), caption=case, width="stretch")
