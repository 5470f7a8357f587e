"""Whom do the models fail: every subgroup with its counts and intervals, as a forest plot."""

import streamlit as st

from mammo.evaluation.comparison import Study
from mammo.plots.comparison import MEASURES, forest_figure, subgroup_table
from mammo.plots.style import figure_config
from mammo.ui.kit.cases import download
from mammo.ui.kit.frame import small_notice
from mammo.ui.kit.widgets import choose_option, draw

_CAPTION = (
    "A row a subgroup, its counts beside it; vertical lines mark all cases together. See which "
    "intervals lie wholly below their line: where intervals are wide the group is too small to say "
    "anything. Sensitivity and specificity are at the balanced threshold."
)


@st.fragment
def show_subgroups(study: Study) -> None:
    """Show the forest plot of a measure that the visitor chooses, and the table behind it."""
    st.header("Whom do they fail?", anchor="subgroups")
    if not study.split.subgroups:
        st.info("No descriptor is recorded for these cases, so there are no subgroups to compare.")
        return
    measure = choose_option("Measure", "measure", MEASURES, "auc")
    st.caption(_CAPTION)
    draw(
        forest_figure(study, measure),
        config=figure_config(f"subgroups-{measure}-{study.unit}"),
        key=f"subgroups_{measure}_{study.unit}",
        alt=f"{MEASURES[measure]} of each model in each subgroup, with intervals. {_CAPTION}",
    )
    groups = study.split.subgroups
    empty = [f"{one.title} ({one.note})" for one in groups if one.note.startswith("no AUC")]
    if empty and measure == "auc":
        st.caption(f"Without a figure: {'; '.join(empty)}.")
    small_notice()
    download(subgroup_table(study), f"subgroups-{study.unit}")
