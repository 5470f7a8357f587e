"""What the explorer reads: the released cases, and the prepared folder where one is set."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

import mammo
from mammo.artifacts import artifacts_folder, load_cases
from mammo.data.leaks import LeakReport, find_leaks
from mammo.data.table import load_crops, read_pixels
from mammo.errors import MammoError
from mammo.ui import loaders
from mammo.ui.data_folder import data_folder

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Folder:
    """Hold the prepared folder that is set: its table by case id."""

    path: str
    table: "pd.DataFrame"


def cases() -> "pd.DataFrame":
    """Return every released case; it is shared, so nothing may write into it."""
    return _cases(str(artifacts_folder()), loaders.manifest().created)


@st.cache_resource(max_entries=2, show_spinner="Reading the cases")
def _cases(folder: str, created: str) -> "pd.DataFrame":  # noqa: ARG001
    return load_cases(Path(folder))


def folder() -> Folder | None:
    """Return the prepared folder; None where none is set.

    Raises
    ------
    MammoError
        It cannot be read.
    """
    path = data_folder()
    return _folder(path) if path else None


@st.cache_resource(max_entries=2, show_spinner="Reading the data folder")
def _folder(path: str) -> Folder:
    table = load_crops(Path(path))
    return Folder(path, table.set_index("case_id", drop=False))


@st.cache_resource(max_entries=2, show_spinner="Comparing every training with every test crop")
def leaks(path: str) -> LeakReport:
    """Look for leaks in a prepared folder.

    Raises
    ------
    MammoError
        It cannot be read.
    """
    table = _folder(path).table
    return find_leaks(table, read_pixels(table))


def crop_of(case: str) -> NDArray[np.uint8] | None:
    """Return a case's crop from the data folder or the example films; None where it is in neither.

    Raises
    ------
    MammoError
        Its file cannot be read.
    """
    try:
        at_hand = folder()
    except MammoError:
        at_hand = None  # the page says so once, above
    if at_hand and case in at_hand.table.index:
        return mammo.read_image(Path(str(at_hand.table.loc[case, "path"]))).pixels
    for lesion in loaders.example_lesions():
        if lesion.case_id == case:
            return mammo.cut_lesion(loaders.example_film(lesion.film), window=lesion.window)
    return None


def cases_with_pictures() -> frozenset[str]:
    """Return the ids of the cases whose crops are at hand."""
    found = {lesion.case_id for lesion in loaders.example_lesions()}
    try:
        at_hand = folder()
    except MammoError:
        at_hand = None
    return frozenset(found | (set(at_hand.table.index) if at_hand else set()))
