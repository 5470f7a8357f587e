"""The leak as a lesson: what a split of rows at random makes of the same model."""

import streamlit as st

from mammo.artifacts import LeakLesson, load_leak_lesson
from mammo.artifacts.lesson import LEAK, LEAK_WITHOUT_AUGMENTATION
from mammo.plots.comparison import (
    WHY,
    auc_range,
    lesson_figure,
    lesson_table,
    overlap_sentence,
    result_sentence,
    set_up_sentence,
    size_sentence,
)
from mammo.plots.style import figure_config
from mammo.ui.kit.cases import download
from mammo.ui.kit.frame import small_notice
from mammo.ui.kit.widgets import draw

_RECIPES = {
    "with augmentation, as released": LEAK,
    "without augmentation": LEAK_WITHOUT_AUGMENTATION,
}


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
            _show_one(recipe, lesson, auc_range(list(lessons.values())))
    st.markdown(overlap_sentence(released))
    st.markdown(" ".join([WHY, size_sentence(released, read["without augmentation"])]))
    small_notice()
    download(lesson_table(lessons), "leak")


def _show_one(recipe: str, lesson: LeakLesson, ends: tuple[float, float]) -> None:
    st.markdown(f"**{recipe[0].upper()}{recipe[1:]}**")
    draw(
        lesson_figure(lesson, *ends),
        config=figure_config(f"leak-{recipe.replace(' ', '-').replace(',', '')}"),
        key=f"leak_{recipe}",
        alt=f"AUC with rows and with patients at random, {recipe}. {result_sentence(lesson)}",
    )
    st.markdown(result_sentence(lesson))
