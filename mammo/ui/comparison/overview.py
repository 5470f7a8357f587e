"""The figures of the models: the headline to quote, by subgroup, and two lessons."""

from collections.abc import Mapping
from typing import cast

import pandas as pd
import streamlit as st

from mammo.artifacts import LeakLesson, load_leak_lesson, load_teacher_lesson
from mammo.artifacts.contents import LEAK, LEAK_WITHOUT_AUGMENTATION
from mammo.evaluation import Evaluation, SplitEvaluation, Unit, tables
from mammo.evaluation.evaluation import UNTESTED, Comparison, chance_words
from mammo.evaluation.tables import MEASURES, subgroup_figures
from mammo.plots import comparison as plots
from mammo.report.model_card.facts import how_trained
from mammo.text import LATER_ASSESSMENT, Estimate, estimate, p_value, percentage, signed_estimate
from mammo.ui.kit import cache
from mammo.ui.kit.address import choose_option
from mammo.ui.kit.cases import evaluation
from mammo.ui.kit.frame import warn
from mammo.ui.kit.widgets import download, show_figure

UNITS = {"crop": "Each crop", "lesion": "Each lesion", "patient": "Each patient"}
SCORES = {
    "auc": "AUC",
    "partial_auc": "Mean specificity at 90 to 100% sensitivity",
    "average_precision": "Average precision",
    "brier": "Brier score",
    "ece": "Calibration error (ECE)",
}
_HOW_COUNTED = {
    "crop": "",
    "lesion": "The logits of a lesion's crops are averaged. ",
    "patient": "A patient counts by the most suspicious lesion. ",
}
_CAPTION = (
    "Beside each subgroup: malignant/benign cases. Vertical lines: all cases. Sensitivity and "
    "specificity are at the balanced threshold."
)
_RECIPES = {
    "with augmentation, as released": LEAK,
    "without augmentation": LEAK_WITHOUT_AUGMENTATION,
}


_leak_lesson = cache.of_artifacts(2)(load_leak_lesson)
_teacher_lesson = cache.of_artifacts(1)(load_teacher_lesson)


def choose_evaluation() -> Evaluation:
    """Show the result in a sentence beside the choice of what counts as one case."""
    with st.container(horizontal=True, vertical_alignment="center"):
        sentence = st.container(width="stretch")
        unit = choose_option("Count", "unit", UNITS, "crop", hide_label=True)
    evaluated = evaluation(cast("Unit", unit))
    sentence.markdown(result_sentence(evaluated.splits["test"]))
    warn(*evaluated.notes)
    return evaluated


def result_sentence(split: SplitEvaluation) -> str:
    """Return the AUC of each model, and whether the first two differ."""
    if not split.has_both_classes:
        return ""
    best, *others = sorted(split.models.values(), key=lambda model: -model.scores.auc.value)
    areas = ", ".join(
        f"**{model.title}** {estimate(model.metrics['auc'], 2)}" for model in (best, *others)
    )
    pair = next(iter(split.comparisons), None)
    if pair is None:
        return f"AUC (95% CI): {areas}."
    p = pair.clustered_delong.p_value
    return f"AUC (95% CI): {areas}. The difference is {chance_words(p)} ({p_value(p)})."


def counts_sentence(split: SplitEvaluation) -> str:
    """Return how many cases the page is based on, and how many are malignant."""
    counts = split.counts
    return (
        f"{counts.cases:,} {split.noun(counts.cases)} of {counts.patients:,} patients in the "
        f"official test split: {counts.malignant:,} malignant "
        f"({percentage(counts.malignant / counts.cases)}), {counts.benign:,} benign. "
        f"{_HOW_COUNTED[split.unit]}95% confidence intervals are in brackets."
    )


def show_scores(split: SplitEvaluation) -> None:
    """Show the figures that need no threshold, and each difference in AUC."""
    st.header("Overall performance", anchor="scores")
    st.caption(counts_sentence(split))
    st.table(scores_table(split), hide_index=True, alt="Figures of each reader with intervals")
    st.markdown("\n".join(f"- AUC, {sentence}" for sentence in difference_sentences(split)))
    notes = [how_trained(card) for card in cache.cards() if card.name in split.models]
    if split.radiologists is not None:
        notes.insert(0, f"Radiologists: {LATER_ASSESSMENT}")
    st.caption(" ".join(notes))
    download(scores_export(split), f"figures-{split.unit}")


def _readers(split: SplitEvaluation) -> Mapping[str, Mapping[str, Estimate]]:
    recorded = {} if split.radiologists is None else {"Radiologists": split.radiologists.auc}
    return {model.title: model.metrics for model in split.models.values()} | {
        who: {"auc": area} for who, area in recorded.items()
    }


def scores_table(split: SplitEvaluation) -> pd.DataFrame:
    """Return the figures that need no threshold as a table for the screen."""
    rows = [(title, name, estimate) for name, title in SCORES.items()]
    return tables.wide("Figure", _readers(split), rows)


def scores_export(split: SplitEvaluation) -> pd.DataFrame:
    """Return the same as numbers, one row per reader and figure, with the differences in AUC."""
    pairs, name = _pairs(split), "auc difference"
    differences = {who: {name: pair.auc_difference} for who, pair in pairs.items()}
    gaps = tables.long(differences, [name], unit=split.unit)
    gaps["p_value"] = [pair.clustered_delong.p_value for pair in pairs.values()]
    scores = tables.long(_readers(split), list(SCORES), unit=split.unit)
    return pd.concat([scores, gaps], ignore_index=True)


def difference_sentences(split: SplitEvaluation) -> list[str]:
    """Describe each difference in AUC with its interval and paired p-value."""
    return [
        f"{who}: {signed_estimate(pair.auc_difference)}, {UNTESTED if p != p else p_value(p)}"
        for who, pair in _pairs(split).items()
        for p in [pair.clustered_delong.p_value]
    ]


def _pairs(split: SplitEvaluation) -> dict[str, Comparison]:
    return {
        " minus ".join(tables.pair_titles(split, pair, "the radiologists")): pair
        for pair in tables.compared(split)
    }


@st.fragment
def show_subgroups(split: SplitEvaluation) -> None:
    """Show the forest plot of a measure that the visitor chooses, and the table behind it."""
    st.header("Performance by subgroup", anchor="subgroups")
    if not split.subgroups:
        st.info("No descriptors are recorded for these cases, so there are no subgroups.")
        return
    measure = choose_option("Measure", "measure", MEASURES, "auc", hide_label=True)
    st.caption(_CAPTION)
    show_figure(
        plots.forest_figure(split, measure),
        f"subgroups-{measure}-{split.unit}",
        f"{MEASURES[measure]} of each model in each subgroup, with intervals. {_CAPTION}",
    )
    _, empty = plots.measured_groups(split, measure)
    st.caption(plots.too_small_sentence(empty))
    download(subgroup_figures(split), f"subgroups-{split.unit}")


def show_lesson() -> None:
    """Show the lesson where `python -m mammo.training.lessons leak` has taught it, else nothing."""
    read = {recipe: _leak_lesson(name) for recipe, name in _RECIPES.items()}
    lessons = {recipe: lesson for recipe, lesson in read.items() if lesson}
    released = read["with augmentation, as released"]
    if released is None:
        return
    st.header("Lesson: how data leakage inflates performance", anchor="leak")
    st.markdown(
        "Many public notebooks split the crops at random. The other view of a test lesion is then "
        "often in the training data."
    )
    st.caption(plots.set_up_sentence(released))
    for column, (recipe, lesson) in zip(st.columns(len(lessons)), lessons.items(), strict=True):
        with column:
            _show_recipe(recipe, lesson, plots.auc_range(list(lessons.values())))
    without = read["without augmentation"]
    parts = [plots.overlap_sentence(released), plots.WHY, plots.size_sentence(released, without)]
    st.markdown(" ".join(parts))
    download(plots.lesson_table(lessons), "leak")


def show_teacher() -> None:
    """Show what a teacher adds (`python -m mammo.training.lessons teacher`), else nothing."""
    lesson = _teacher_lesson()
    if lesson is None:
        return
    st.header("Lesson: training with a teacher model", anchor="teacher")
    st.markdown(plots.teacher_sentence(lesson))
    table = plots.teacher_table(lesson)
    st.table(table, alt="AUC from the labels alone, AUC with the teacher, and the difference")
    st.caption("AUC per crop (95% CI).")
    download(table.rename_axis("Crops").reset_index(), "teacher")


def _show_recipe(recipe: str, lesson: LeakLesson, ends: tuple[float, float]) -> None:
    st.markdown(f"**{recipe[0].upper()}{recipe[1:]}**")
    show_figure(
        plots.lesson_figure(lesson, *ends),
        f"leak-{recipe.replace(' ', '-').replace(',', '')}",
        f"AUC: split by crop and split by patient ({recipe}). {plots.result_sentence(lesson)}",
    )
    st.markdown(plots.result_sentence(lesson))
