"""Whom the models fail, subgroup by subgroup; the lessons on a leak and on a teacher."""

import streamlit as st

from mammo.artifacts import LeakLesson, load_leak_lesson, load_teacher_lesson
from mammo.artifacts.contents import LEAK, LEAK_WITHOUT_AUGMENTATION
from mammo.evaluation import SplitEvaluation
from mammo.evaluation.tables import MEASURES, subgroup_figures
from mammo.plots.comparison import (
    WHY,
    auc_range,
    forest_figure,
    lesson_figure,
    lesson_table,
    overlap_sentence,
    result_sentence,
    set_up_sentence,
    size_sentence,
    teacher_sentence,
    teacher_table,
)
from mammo.plots.style import figure_config
from mammo.ui.kit.cases import download
from mammo.ui.kit.frame import small_notice
from mammo.ui.kit.widgets import choose_option, draw

_CAPTION = (
    "A row a subgroup, its counts beside it; vertical lines mark all cases together. See which "
    "intervals lie wholly below their line: where intervals are wide the group is too small to say "
    "anything. Sensitivity and specificity are at the balanced threshold."
)
_RECIPES = {
    "with augmentation, as released": LEAK,
    "without augmentation": LEAK_WITHOUT_AUGMENTATION,
}


@st.fragment
def show_subgroups(split: SplitEvaluation) -> None:
    """Show the forest plot of a measure that the visitor chooses, and the table behind it."""
    st.header("Whom do they fail?", anchor="subgroups")
    if not split.subgroups:
        st.info("No descriptor is recorded for these cases, so there are no subgroups to compare.")
        return
    measure = choose_option("Measure", "measure", MEASURES, "auc")
    st.caption(_CAPTION)
    draw(
        forest_figure(split, measure),
        config=figure_config(f"subgroups-{measure}-{split.unit}"),
        key=f"subgroups_{measure}_{split.unit}",
        alt=f"{MEASURES[measure]} of each model in each subgroup, with intervals. {_CAPTION}",
    )
    groups = split.subgroups
    empty = [f"{one.title} ({one.note})" for one in groups if one.note.startswith("no AUC")]
    if empty and measure == "auc":
        st.caption(f"Without a figure: {'; '.join(empty)}.")
    small_notice()
    download(subgroup_figures(split), f"subgroups-{split.unit}")


def show_lesson() -> None:
    """Show the lesson where it was taught (`python -m mammo.training.lessons leak`), else nothing.

    Raises
    ------
    ArtifactError
        Its file is altered or not whole.
    """
    read = {recipe: load_leak_lesson(name) for recipe, name in _RECIPES.items()}
    lessons = {recipe: lesson for recipe, lesson in read.items() if lesson}
    released = read["with augmentation, as released"]
    if released is None:
        return
    st.header("A lesson: how a leak flatters", anchor="leak")
    st.markdown(
        "A lesion is filmed from two sides. Many public notebooks deal the rows of the table at "
        "random into training and test, and so test on lesions whose other view they trained on."
    )
    st.caption(set_up_sentence(released))
    for column, (recipe, lesson) in zip(st.columns(len(lessons)), lessons.items(), strict=True):
        with column:
            _show_recipe(recipe, lesson, auc_range(list(lessons.values())))
    st.markdown(overlap_sentence(released))
    st.markdown(" ".join([WHY, size_sentence(released, read["without augmentation"])]))
    small_notice()
    download(lesson_table(lessons), "leak")


def show_teacher() -> None:
    """Show what a teacher adds (`python -m mammo.training.lessons teacher`), else nothing.

    Raises
    ------
    ArtifactError
        Its file is altered or not whole.
    """
    lesson = load_teacher_lesson()
    if lesson is None:
        return
    st.header("A lesson: what a teacher adds", anchor="teacher")
    st.markdown(teacher_sentence(lesson))
    st.table(teacher_table(lesson))
    st.caption("AUC a crop, with 95% intervals over patients; the difference is paired.")


def _show_recipe(recipe: str, lesson: LeakLesson, ends: tuple[float, float]) -> None:
    st.markdown(f"**{recipe[0].upper()}{recipe[1:]}**")
    draw(
        lesson_figure(lesson, *ends),
        config=figure_config(f"leak-{recipe.replace(' ', '-').replace(',', '')}"),
        key=f"leak_{recipe}",
        alt=f"AUC with rows and with patients at random, {recipe}. {result_sentence(lesson)}",
    )
    st.markdown(result_sentence(lesson))
