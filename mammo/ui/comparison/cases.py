"""The cases behind a figure, and where two models disagree: a sentence, a scatter, the cases."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo.errors import MammoError
from mammo.evaluation import McNemar, SplitEvaluation, mcnemar
from mammo.evaluation.evaluation import chance_words
from mammo.evaluation.tables import CROPS
from mammo.plots.comparison import scatter_figure
from mammo.plots.style import figure_config
from mammo.text import p_value
from mammo.ui.kit import cache
from mammo.ui.kit.address import Share
from mammo.ui.kit.case_folder import MOST_PICTURES, thumbnails
from mammo.ui.kit.cases import download, evaluated_cases
from mammo.ui.kit.frame import small_notice, warn
from mammo.ui.kit.settings import FOLDER_VARIABLE
from mammo.ui.kit.source import example_name
from mammo.ui.kit.table import (
    ROW_HEIGHT,
    agreement,
    agreement_titles,
    farthest_apart,
    table_height,
)
from mammo.ui.kit.widgets import choose_option, draw, probability_columns

if TYPE_CHECKING:
    import pandas as pd


_OPEN = "Open"
_CLOSER = "Why"
_PICTURE = "Picture"


def show_cases(
    split: SplitEvaluation, rows: NDArray[np.intp], thresholds: Mapping[str, Share], key: str
) -> None:
    """Show cases as a table, in the order of `rows`, and offer it as a CSV with the thresholds.

    Parameters
    ----------
    split : SplitEvaluation
    rows : int (k,), places among the split's cases
    thresholds : model name -> Share
    key : str, tells this table from others of the page
    """
    if rows.size == 0:
        st.caption("No case here.")
        return
    table = evaluated_cases(split.unit).iloc[rows]
    titles = [model.title for model in split.models.values()]
    st.dataframe(
        _with_pictures(table, titles),
        column_config={
            _PICTURE: st.column_config.ImageColumn(_PICTURE, width="small"),
            _OPEN: st.column_config.LinkColumn(_OPEN, display_text="Open the film"),
            _CLOSER: st.column_config.LinkColumn(
                _CLOSER, display_text="Look closer", help="What each model used, in the viewer."
            ),
            **probability_columns(titles),
        },
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=table_height(len(table)),
        alt="Cases with their descriptors and each model's estimated probability",
        key=f"cases_{key}",
    )
    small_notice()
    titled = {model.title: thresholds[name] for name, model in split.models.items()}
    download(table.assign(**{CROPS: table[CROPS].map(" ".join)}), f"cases-{key}", titled)


def _with_pictures(table: "pd.DataFrame", titles: list[str]) -> "pd.DataFrame":
    """Add a picture and a way to open each case where one of its crops has it; p in per cent."""
    crops = [case for group in table[CROPS] for case in group]
    found, complaint = thumbnails(crops)
    warn(complaint)
    shown = table.drop(columns=CROPS)
    shown[titles] *= 100
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


def show_disagreement(split: SplitEvaluation, thresholds: Mapping[str, Share]) -> None:
    """Show the first two models against each other, and the cases of a group or a selection."""
    st.header("Where do the two disagree, and who is right?", anchor="disagreement")
    models = list(split.models.values())[:2]
    flags = [model.flagged(thresholds[model.name].value) for model in models]
    groups = agreement(split.labels, *flags)
    counts = {name: int(cases.sum()) for name, cases in groups.items()}
    st.markdown(disagreement_sentence(split, counts, mcnemar(split.labels, *flags)))
    groups["disagree"] = groups["only_first"] | groups["only_second"]
    titles = {"disagree": "They disagree"} | agreement_titles(*(one.title for one in models))
    group = choose_option("Cases", "group", titles, "disagree")
    selected = _selected(split, thresholds, groups[group])
    title = "Your selection" if selected.any() else titles[group]
    chosen = selected if selected.any() else groups[group]
    st.markdown(f"**{title}**: {int(chosen.sum())}, the farthest apart first.")
    rows = farthest_apart(chosen, *(model.scores.suspicion for model in models))
    show_cases(split, rows, thresholds, "group")


def disagreement_sentence(split: SplitEvaluation, counts: Mapping[str, int], test: McNemar) -> str:
    """Say how often the first two models disagree, who is then right, and whether it is chance."""
    first, second = [model.title for model in split.models.values()][:2]
    differ = counts["only_first"] + counts["only_second"]
    total, many = sum(counts.values()), split.noun()
    if differ == 0:
        return f"At these thresholds {first} and {second} never disagree on these {total} {many}."
    return (
        f"At these thresholds the two disagree on {differ} of {total} {many}: {second} is right in "
        f"{counts['only_second']}, {first} in {counts['only_first']} (McNemar's exact test, "
        f"{p_value(test.p_value)}: {chance_words(test.p_value)}). Both are wrong on "
        f"{counts['both_wrong']}."
    )


def _selected(
    split: SplitEvaluation, thresholds: Mapping[str, Share], shown: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Draw the scatter, and return which cases were selected on it, bool (u,)."""
    st.caption(
        "Each point is a case; dashed lines are the two thresholds. See the upper left and the "
        "lower right, where one model flags what the other does not; draw around points, or tap "
        "one, to list them."
    )
    event: Any = draw(
        scatter_figure(split, {name: share.value for name, share in thresholds.items()}, shown),
        config=figure_config(f"scatter-{split.unit}"),
        key=f"scatter_{split.unit}",
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        alt="Probability of one model against the other's, a point a case, by recorded class",
    )
    selected = np.zeros(split.labels.size, dtype=np.bool_)
    selected[places_of(event["selection"]["points"], split.labels.size)] = True
    return selected


def places_of(points: list[dict[str, Any]], cases: int) -> list[int]:
    """Return the places of the selected points among the cases, without what is none.

    Examples
    --------
    >>> places_of([{"customdata": 3}, {"customdata": [1]}, {"customdata": 99}, {}], 5)
    [3, 1]
    """
    found = [point.get("customdata") for point in points]
    single = [one[0] if isinstance(one, (list, tuple)) else one for one in found]
    return [int(one) for one in single if isinstance(one, (int, float)) and 0 <= one < cases]
