"""What the explorer reads: the released cases, and the prepared folder where one is set.

All of it is public data or the owner's own folder, so visitors share what is read. The date of the
artifacts and the time of the folder's `index.csv` are part of each key: what changes shows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

import mammo
from mammo.artifacts import Card, artifacts_folder, load_card, load_cases
from mammo.data.splits import LeakReport, find_leaks, small_crops
from mammo.data.table import load_crops
from mammo.errors import ArtifactError, MammoError
from mammo.ui.kit import cache
from mammo.ui.kit.data_folder import data_folder
from mammo.ui.kit.display import data_uri, enlarged

if TYPE_CHECKING:
    import pandas as pd


GALLERY_SIDE = 256


@dataclass(frozen=True, eq=False)
class Folder:
    """Hold the prepared folder that is set.

    Attributes
    ----------
    path : str
    stamp : int, when its `index.csv` was written
    table : DataFrame of `mammo.data.table.load_crops`, leaks included: the explorer looks for them
    files : case id -> path of its crop
    """

    path: str
    stamp: int
    table: "pd.DataFrame"
    files: Mapping[str, str]


def cases() -> "pd.DataFrame":
    """Return every released case; it is shared, so nothing may write into it.

    Raises
    ------
    ArtifactError
        The artifacts cannot be read.
    """
    return _cases(str(artifacts_folder()), cache.manifest().created)


@st.cache_resource(max_entries=2, show_spinner="Reading the cases")
def _cases(folder: str, created: str) -> "pd.DataFrame":  # noqa: ARG001
    return load_cases(Path(folder))


def cards() -> tuple[tuple[Card, ...], str]:
    """Return the cards of those models that are at hand, and a sentence on the others or ""."""
    found, missing = [], []
    for model in cache.manifest().models:
        try:
            found.append(load_card(model))
        except ArtifactError as error:
            missing.append(f"{model} is left out. {error}")
    return tuple(found), " ".join(missing)


def folder() -> Folder | None:
    """Return the prepared folder; None where none is set.

    Raises
    ------
    DataError
        It is no folder of prepared crops.
    """
    path = data_folder()
    if not path:
        return None
    try:
        stamp = (Path(path) / "index.csv").stat().st_mtime_ns
    except (OSError, ValueError):  # ValueError: a path with a NUL
        stamp = 0  # `load_crops` says what is wrong
    return _folder(path, stamp)


@st.cache_resource(max_entries=2, show_spinner="Reading the data folder")
def _folder(path: str, stamp: int) -> Folder:
    table = load_crops(Path(path), refuse_leaks=False)
    return Folder(path, stamp, table, dict(zip(table["case_id"], table["path"], strict=True)))


def folder_or_sentence() -> tuple[Folder | None, str]:
    """Return the prepared folder, or a sentence where one is set that cannot be read."""
    try:
        return folder(), ""
    except MammoError as error:
        return None, f"The data folder shows no pictures. {error}"


def known_leaks(at_hand: Folder) -> LeakReport | None:
    """Return what an earlier check of this folder found; None before the first."""
    return _reports(at_hand.path, at_hand.stamp).get("report")


def look_for_leaks(at_hand: Folder, progress: Callable[[float], object]) -> LeakReport:
    """Look for leaks in a prepared folder, and keep the report until the folder changes.

    Raises
    ------
    DataError
        A crop cannot be read.
    """
    report = find_leaks(at_hand.table, small_crops(at_hand.table, progress))
    _reports(at_hand.path, at_hand.stamp)["report"] = report
    return report


@st.cache_resource(max_entries=2, show_spinner=False)
def _reports(path: str, stamp: int) -> dict[str, LeakReport]:  # noqa: ARG001
    return {}


def crop_of(case: str) -> NDArray[np.uint8] | None:
    """Return a case's crop from the data folder or the example films; None where it is in neither.

    Raises
    ------
    MammoError
        Its file cannot be read.
    """
    at_hand, _ = folder_or_sentence()
    if at_hand and case in at_hand.files:
        return _crop(at_hand.files[case], at_hand.stamp)
    example = cache.examples_at_hand().get(case)
    return None if example is None else cache.example_crop(example)


@st.cache_resource(max_entries=256, show_spinner=False)
def _crop(path: str, stamp: int) -> NDArray[np.uint8]:  # noqa: ARG001
    return mammo.read_image(Path(path)).pixels


def cases_with_pictures() -> frozenset[str]:
    """Return the ids of the cases whose crops are at hand."""
    at_hand, _ = folder_or_sentence()
    return frozenset(cache.examples_at_hand()) | frozenset(at_hand.files if at_hand else ())


def pictures(wanted: Sequence[str]) -> tuple[dict[str, str], str]:
    """Return pictures of cases for the gallery, and a sentence where one cannot be read.

    Parameters
    ----------
    wanted : case ids

    Returns
    -------
    dict of case id -> `data:` address of those that are at hand, and the sentence or ""
    """
    found, sentence = {}, ""
    for case in wanted:
        try:
            crop = crop_of(case)
        except MammoError as error:
            sentence = f"No picture of {case}: {error}"
            continue
        if crop is not None:
            found[case] = data_uri(enlarged(crop, GALLERY_SIDE))
    return found, sentence
