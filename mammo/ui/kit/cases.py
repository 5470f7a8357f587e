"""The cases on show: a table with pictures where they are at hand, a way to open one, and a CSV."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo.errors import MammoError
from mammo.evaluation.comparison import CROPS, Share, Study
from mammo.ui.kit import cache
from mammo.ui.kit.case_folder import MOST_PICTURES, thumbnails
from mammo.ui.kit.frame import small_notice, warn
from mammo.ui.kit.settings import FOLDER_VARIABLE
from mammo.ui.kit.source import example_name
from mammo.ui.kit.table import ROW_HEIGHT, csv_of, table_height
from mammo.ui.kit.widgets import offer_file, probability_columns

if TYPE_CHECKING:
    import pandas as pd


_OPEN = "Open"
_CLOSER = "Why"
_PICTURE = "Picture"


def show_cases(
    study: Study, rows: NDArray[np.intp], thresholds: Mapping[str, Share], key: str
) -> None:
    """Show cases of a study as a table, in the order of `rows`.

    Parameters
    ----------
    study : Study
    rows : int (k,), places among the study's cases
    thresholds : model name -> Share, written into the CSV
    key : str, tells this table from others of the page
    """
    if rows.size == 0:
        st.caption("No case here.")
        return
    table = study.cases.iloc[rows]
    st.dataframe(
        _with_pictures(table, study),
        column_config={
            _PICTURE: st.column_config.ImageColumn(_PICTURE, width="small"),
            _OPEN: st.column_config.LinkColumn(_OPEN, display_text="Open the film"),
            _CLOSER: st.column_config.LinkColumn(
                _CLOSER, display_text="Look closer", help="What each model used, in the viewer."
            ),
            **probability_columns(model.title for model in study.models),
        },
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=table_height(len(table)),
        alt="Cases with their descriptors and each model's estimated probability",
        key=f"cases_{key}",
    )
    small_notice()
    titled = {model.title: thresholds[model.name] for model in study.models}
    download(table.assign(**{CROPS: table[CROPS].map(" ".join)}), f"cases-{key}", titled)


def _with_pictures(table: "pd.DataFrame", study: Study) -> "pd.DataFrame":
    """Add a picture and a way to open each case where one of its crops has it; p in per cent."""
    crops = [case for group in table[CROPS] for case in group]
    found, complaint = thumbnails(crops)
    warn(complaint)
    shown = table.drop(columns=CROPS)
    for model in study.models:
        shown[model.title] = 100 * shown[model.title]
    if found:
        shown.insert(0, _PICTURE, [_first(found, group) for group in table[CROPS]])
    else:
        st.caption(
            f"No picture of these is at hand: set {FOLDER_VARIABLE} to a folder of prepared crops "
            "to see them."
        )
    if len(found) == MOST_PICTURES:
        st.caption(f"Pictures stand by the first {MOST_PICTURES}.")
    links = _example_links()
    if any(case in links for case in crops):
        shown[_OPEN] = [_first(links, group) for group in table[CROPS]]
    shown[_CLOSER] = [f"Grad-CAM_viewer?case={quote_plus(group[0])}" for group in table[CROPS]]
    return shown


def _first(found: Mapping[str, str], crops: tuple[str, ...]) -> str:
    return next((found[case] for case in crops if case in found), "")


def _example_links() -> dict[str, str]:
    """Map the example lesions' case ids to the page that opens them."""
    try:
        lesions = cache.example_lesions()
    except MammoError:
        return {}
    return {
        lesion.case_id: f"Upload_and_classify?example={quote_plus(example_name(lesion))}"
        for lesion in lesions
    }


def download(
    table: "pd.DataFrame", name: str, thresholds: Mapping[str, Share] | None = None
) -> None:
    """Offer a table as `mammo-<name>.csv`; the research notice stands in every row."""
    offer_file(
        "Download as CSV",
        lambda: csv_of(table, thresholds),
        f"mammo-{name}.csv",
        "text/csv",
        key=f"download_{name}",
    )
