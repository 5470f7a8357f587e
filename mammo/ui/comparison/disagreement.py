"""Where do the two models disagree, and who is right: a sentence, a scatter, and the cases."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo.evaluation import mcnemar
from mammo.evaluation.comparison import Share, Study
from mammo.plots.comparison import scatter_figure
from mammo.plots.style import figure_config
from mammo.ui.kit.cases import show_cases
from mammo.ui.kit.table import agreement, farthest_apart
from mammo.ui.kit.widgets import choose_option, draw
from mammo.ui.kit.wording import agreement_titles, disagreement_sentence


def show_disagreement(study: Study, thresholds: Mapping[str, Share]) -> None:
    """Show the first two models against each other, and the cases of a group or a selection."""
    st.header("Where do the two disagree, and who is right?", anchor="disagreement")
    first, second = study.models[:2]
    flags = [study.flagged(one.name, thresholds[one.name].value) for one in (first, second)]
    groups = agreement(study.labels, *flags)
    counts = {name: int(cases.sum()) for name, cases in groups.items()}
    st.markdown(disagreement_sentence(study, counts, mcnemar(study.labels, *flags)))
    groups["disagree"] = groups["only_first"] | groups["only_second"]
    titles = {"disagree": "They disagree", **agreement_titles(study)}
    group = choose_option("Cases", "group", titles, "disagree")
    selected = _selected(study, thresholds, groups[group])
    p = [study.sample.p[one.name] for one in (first, second)]
    if selected.any():
        st.markdown(f"**Your selection**: {int(selected.sum())}, the farthest apart first.")
    else:
        selected = groups[group]
        st.markdown(f"**{titles[group]}**: {int(selected.sum())}, the farthest apart first.")
    show_cases(study, farthest_apart(selected, *p), thresholds, "group")


def _selected(
    study: Study, thresholds: Mapping[str, Share], shown: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Draw the scatter, and return which cases were selected on it, bool (u,)."""
    st.caption(
        "Each point is a case; dashed lines are the two thresholds. See the upper left and the "
        "lower right, where one model flags what the other does not; draw around points, or tap "
        "one, to list them."
    )
    event: Any = draw(
        scatter_figure(study, thresholds, shown),
        config=figure_config(f"scatter-{study.unit}"),
        key=f"scatter_{study.unit}",
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        alt="Probability of one model against the other's, a point a case, by recorded class",
    )
    selected = np.zeros(study.labels.size, dtype=np.bool_)
    selected[places_of(event["selection"]["points"], study.labels.size)] = True
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
