"""The explorer's leak check: the released cases, and the data folder to its pixels."""

from typing import TYPE_CHECKING

import streamlit as st

from mammo.data.splits import Duplicate, LeakReport, find_leaks, shared_values, small_crops
from mammo.text import literal
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.display import show_side_by_side
from mammo.ui.kit.settings import FOLDER_VARIABLE

if TYPE_CHECKING:
    import pandas as pd

_MOST_SHOWN = 8


def show_leak_check() -> None:
    """Check the released cases at once, the data folder on request, and say what was found.

    Raises
    ------
    MammoError
        Cases or data folder cannot be read.
    """
    every = cache.cases()
    found = line_of(shared_values(every, "patient_id"), "patient stands", "patients stand")
    st.markdown(f"In the {len(every):,} released cases:\n- {literal(found)}")
    at_hand = case_folder.folder()
    if at_hand is None:
        st.info(
            f"Films and pictures can be compared where they are: set {FOLDER_VARIABLE} to a folder "
            "of prepared crops."
        )
        return
    if at_hand.leaks is None:
        if not st.button("Check the data folder", icon=":material/fact_check:", key="check_leaks"):
            return
        at_hand.leaks = _look_for_leaks(at_hand.table)
    _show(at_hand.leaks, at_hand)


def _look_for_leaks(table: "pd.DataFrame") -> LeakReport:
    reading, comparing = "Reading the crops", "Comparing every training with every test crop"
    bar = st.progress(0.0, reading)
    try:
        small = small_crops(
            table, lambda share: bar.progress(share, reading if share < 1 else comparing)
        )
        return find_leaks(table, small)
    finally:
        bar.empty()


def _show(report: LeakReport, at_hand: case_folder.Folder) -> None:
    lines = "\n".join(f"- {literal(line)}" for line in report_lines(report))
    st.markdown(f"In the {len(at_hand.table):,} crops of the data folder:\n{lines}")
    if len(report.duplicates) > _MOST_SHOWN:
        st.caption(f"The {_MOST_SHOWN} most alike:")
    for duplicate in report.duplicates[:_MOST_SHOWN]:
        _show_pair(duplicate, at_hand)


def report_lines(report: LeakReport) -> list[str]:
    r"""Say what the check found, a line for each kind.

    Examples
    --------
    >>> print(*report_lines(LeakReport(("P_1",), (), (), 12)), sep="\n")
    Patients: 1 patient stands in both splits (P_1).
    Films: none stands in both splits.
    Pictures: none of 12 pairs is one picture seen twice.
    """
    alike = len(report.duplicates)
    return [
        line_of(report.patients, "patient stands", "patients stand"),
        line_of(report.films, "film stands", "films stand"),
        (
            f"Pictures: {alike} of {report.compared:,} pairs show{'s' * (alike == 1)} one picture "
            "twice."
            if alike
            else f"Pictures: none of {report.compared:,} pairs is one picture seen twice."
        ),
    ]


def line_of(found: tuple[str, ...], one: str, many: str) -> str:
    """Say how many of a kind stand in both splits, and which, five at most.

    Examples
    --------
    >>> line_of(("a", "b", "c", "d", "e", "f"), "film stands", "films stand")
    'Films: 6 films stand in both splits (a, b, c, d, e and others).'
    """
    kind = many.split(maxsplit=1)[0].capitalize()
    if not found:
        return f"{kind}: none stands in both splits."
    named = ", ".join(found[:5]) + (" and others" if len(found) > 5 else "")
    return f"{kind}: {len(found)} {one if len(found) == 1 else many} in both splits ({named})."


def _show_pair(duplicate: Duplicate, at_hand: case_folder.Folder) -> None:
    rows = duplicate.train_row, duplicate.test_row
    ids = [str(at_hand.table["case_id"].iloc[row]) for row in rows]
    turned = ", turned or mirrored" if duplicate.turned else ""
    st.markdown(f"Correlation {duplicate.correlation:.3f}{turned}:")
    crops = [case_folder.crop_of(case) for case in ids]
    shown = [
        (crop, literal(f"{split}: {case}"), f"Crop in {split}: {case}")
        for crop, case, split in zip(crops, ids, ("training", "test"), strict=True)
        if crop is not None
    ]
    show_side_by_side(shown, 4)
