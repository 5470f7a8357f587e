"""Thresholds and all that hangs on them: curves, rates, confusion matrices and their cases.

One fragment: moving a slider runs this part of the page alone, on arrays that `loading` keeps.
"""

from collections.abc import Mapping

import streamlit as st

from mammo.evaluation import OperatingPoint
from mammo.evaluation.comparison import Share, Study
from mammo.evaluation.evaluation import PREVALENCES
from mammo.ui.comparison.curve_section import show_curves
from mammo.ui.comparison.disagreement import show_disagreement
from mammo.ui.comparison.matrix import choose_cell
from mammo.ui.comparison.rates import RATES, meanings, rates_export, rates_table
from mammo.ui.kit import cache, wording
from mammo.ui.kit.cases import download, show_cases
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.table import outcomes, worst_first
from mammo.ui.kit.widgets import choose_share
from mammo.ui.kit.wording import cell_sentence

RADIOLOGISTS = "Radiologists, 4 or 5"


@st.fragment
def show_analysis(study: Study) -> None:
    """Show the curves, a threshold for each model with what it brings, and the cases behind."""
    curves = st.container()
    st.header("At your threshold", anchor="threshold")
    thresholds = _choose_thresholds(study)
    prevalence = _choose_prevalence(study)
    with curves, sentences():
        show_curves(study, thresholds)
    with sentences():
        points = _points(study, thresholds, prevalence)
        _show_rates(study, points)
        _show_matrices(study, thresholds)
    if len(study.models) > 1:
        with sentences():
            show_disagreement(study, thresholds)


def _choose_thresholds(study: Study) -> dict[str, Share]:
    chosen = {}
    for column, model in zip(st.columns(len(study.models)), study.models, strict=True):
        with column:
            chosen[model.name] = choose_share(
                f"Threshold of {model.title}",
                model.name,
                model.thresholds,
                wording.point_title,
                next(iter(model.thresholds)),
                cache.threshold_help(),
            )
    return chosen


def _choose_prevalence(study: Study) -> float:
    named = dict(zip(("called_back", "biopsied"), PREVALENCES, strict=True))
    named["test_set"] = float(study.labels.mean())
    return choose_share(
        "Prevalence: share of malignant ones in your clinic",
        "prevalence",
        named,
        wording.prevalence_title,
        "biopsied",
        wording.PREVALENCE_HELP,
    ).value


def _points(
    study: Study, thresholds: Mapping[str, Share], prevalence: float
) -> dict[str, OperatingPoint]:
    points = {
        model.title: study.point(model.name, thresholds[model.name].value, prevalence)
        for model in study.models
    }
    if study.readers is not None:
        points[RADIOLOGISTS] = study.readers.point(prevalence)
    return points


def _show_rates(study: Study, points: Mapping[str, OperatingPoint]) -> None:
    st.table(rates_table(points), hide_index=True, alt="What each threshold brings")
    with st.expander("What the rates mean"):
        st.markdown(meanings(RATES, study))
    small_notice()
    download(rates_export(points, study), f"thresholds-{study.unit}")


def _show_matrices(study: Study, thresholds: Mapping[str, Share]) -> None:
    """Show the confusion matrices side by side, and the cases of the cell that was clicked."""
    st.subheader("Click a cell to see its cases", anchor="cells")
    cells = {
        model.name: outcomes(study.labels, study.flagged(model.name, thresholds[model.name].value))
        for model in study.models
    }
    chosen = choose_cell(study, cells)
    if chosen is None:
        return
    model, outcome = chosen
    inside = cells[model.name][outcome]
    st.markdown(cell_sentence(model.title, outcome, int(inside.sum()), study))
    rows = worst_first(inside, study.labels, study.sample.p[model.name])
    show_cases(study, rows, thresholds, "cell")
