"""Small pictures of cases, where their pixels are at hand: example films, or a data folder.

`mammo.ui.kit.data_folder` says where prepared crops are; without it only the ten examples have
pictures. All of it is public data, so visitors share it.
"""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

import mammo
from mammo.data.table import load_crops
from mammo.errors import MammoError
from mammo.ui.kit import cache
from mammo.ui.kit.data_folder import data_folder
from mammo.ui.kit.display import thumbnail_uri

MOST_PICTURES = 60


def pictures(cases: Sequence[str]) -> tuple[dict[str, str], str]:
    """Return small pictures of crops, and a sentence where the data folder cannot be read.

    Parameters
    ----------
    cases : case ids of crops ("Mass-Test_P_00173_LEFT_CC_1"); pictures are read for the first
        `MOST_PICTURES` that have one

    Returns
    -------
    dict of case id -> `data:` address, and the sentence or ""
    """
    complaint, sources = "", {}
    try:
        sources = _sources(data_folder())
    except MammoError as error:
        complaint = f"No picture from the data folder: {error}"
    examples = cache.examples_at_hand()
    at_hand = [case for case in cases if case in sources or case in examples][:MOST_PICTURES]
    found = {}
    for case in at_hand:
        try:
            if case in sources:
                found[case] = _from_folder(sources[case])
            else:
                found[case] = thumbnail_uri(cache.example_crop(examples[case]))
        except MammoError as error:
            complaint = f"No picture of {case}: {error}"
    return found, complaint


@st.cache_resource(max_entries=2, show_spinner="Reading the data folder")
def _sources(folder: str) -> dict[str, str]:
    """Map case ids to the files of a prepared-crops folder."""
    if not folder:
        return {}
    table = load_crops(Path(folder))
    return dict(zip(table["case_id"], table["path"], strict=True))


@st.cache_resource(max_entries=2000, show_spinner=False)
def _from_folder(file: str) -> str:
    """Encode one crop of the data folder small."""
    return thumbnail_uri(mammo.read_image(Path(file)).pixels)
