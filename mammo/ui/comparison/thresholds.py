"""Thresholds and all that hangs on them: curves, rates, confusion matrices and their cases.

One fragment: moving a slider runs this part of the page alone, on arrays that the evaluation keeps.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.evaluation import OperatingPoint, SplitEvaluation, tables
from mammo.evaluation.build import PREVALENCES as NAMED_PREVALENCES
from mammo.evaluation.evaluation import ModelEvaluation
from mammo.evaluation.subgroups import BIOPSY_SUSPICION
from mammo.text import Estimate, percent_estimate
from mammo.ui.comparison.cases import show_cases, show_disagreement
from mammo.ui.comparison.curves import show_curves
from mammo.ui.comparison.overview import meanings
from mammo.ui.kit import cache
from mammo.ui.kit.address import OWN, Share, keep_in_link, option_from_link, went_back
from mammo.ui.kit.cases import download
from mammo.ui.kit.frame import CHOSEN, sentences, small_notice
from mammo.ui.kit.table import OUTCOMES, outcomes, worst_first
from mammo.ui.kit.widgets import choose_share

RADIOLOGISTS = "Radiologists, 4 or 5"
PREVALENCES = {
    "called_back": "Called back: 4.4%",
    "biopsied": "Biopsied: 28.6%",
    "test_set": "As in this test set",
}
PREVALENCE_HELP = (
    "The share of malignant ones where the model would be used. Of women called back after "
    "screening 4.4% have cancer, of those biopsied 28.6% (Lehman et al. 2017, Radiology "
    "283:49-58)."
)
RATES = {
    "sensitivity": ("Sensitivity", "the share of malignant {many} that are flagged"),
    "specificity": ("Specificity", "the share of benign {many} that are left in peace"),
    "ppv": ("PPV", "the share of flagged {many} that are malignant, at the chosen prevalence"),
    "npv": ("NPV", "the share of {many} left in peace that are benign, at that prevalence"),
    "accuracy": ("Accuracy", "the share of this test set's {many} that are sorted right"),
    "positive_likelihood_ratio": ("LR+", "by how much a flag multiplies the odds of malignancy"),
    "negative_likelihood_ratio": ("LR-", "by how much being left in peace multiplies them"),
    "flagged_per_1000": ("Flagged per 1,000", "of 1,000 {many} at the chosen prevalence"),
    "missed_per_1000": ("Missed per 1,000", "malignant and not flagged, of those 1,000"),
    "false_alarms_per_1000": ("False alarms per 1,000", "benign and flagged, of those 1,000"),
}
SHARES = ("sensitivity", "specificity", "ppv", "npv", "accuracy")
COUNTS = ("true_positive", "false_positive", "false_negative", "true_negative")
_KEY = "comparison_cell"
_LINK = "cell"
_ROWS = {"Recorded malignant": ("found", "missed"), "Recorded benign": ("false_alarm", "spared")}

Cells = Mapping[str, Mapping[str, NDArray[np.bool_]]]


@st.fragment
def show_analysis(split: SplitEvaluation) -> None:
    """Show the curves, a threshold for each model with what it brings, and the cases behind."""
    curves = st.container()
    st.header("At your threshold", anchor="threshold")
    thresholds = _choose_thresholds(split)
    prevalence = _choose_prevalence(split)
    values = {name: share.value for name, share in thresholds.items()}
    with curves, sentences():
        show_curves(split, values)
    with sentences():
        _show_rates(split, points_of(split, values, prevalence))
        _show_matrices(split, thresholds)
    if len(split.models) > 1:
        with sentences():
            show_disagreement(split, thresholds)


def _choose_thresholds(split: SplitEvaluation) -> dict[str, Share]:
    chosen = {}
    for column, model in zip(st.columns(len(split.models)), split.models.values(), strict=True):
        with column:
            chosen[model.name] = choose_share(
                f"Threshold of {model.title}",
                model.name,
                model.thresholds,
                lambda name: "My own" if name == OWN else text.threshold_name(name),
                next(iter(model.thresholds)),
                cache.threshold_help(),
            )
    return chosen


def _choose_prevalence(split: SplitEvaluation) -> float:
    own_share = split.counts.malignant / split.counts.cases
    return choose_share(
        "Prevalence: share of malignant ones in your clinic",
        "prevalence",
        dict(zip(PREVALENCES, (*NAMED_PREVALENCES, own_share), strict=True)),
        lambda name: "My own" if name == OWN else PREVALENCES[name],
        "biopsied",
        PREVALENCE_HELP,
    ).value


def points_of(
    split: SplitEvaluation, thresholds: Mapping[str, float], prevalence: float
) -> dict[str, OperatingPoint]:
    """Return by title what each model's threshold brings, and the radiologists' biopsy point."""
    points = {
        model.title: model.scores.point(thresholds[model.name], prevalence)
        for model in split.models.values()
    }
    if split.radiologists is not None:
        point = split.radiologists.scores.point(BIOPSY_SUSPICION, prevalence)
        points[RADIOLOGISTS] = replace(point, threshold=float("nan"))
    return points


def _show_rates(split: SplitEvaluation, points: Mapping[str, OperatingPoint]) -> None:
    st.table(rates_table(points), hide_index=True, alt="What each threshold brings")
    with st.expander("What the rates mean"):
        st.markdown(meanings(RATES.values(), split))
    small_notice()
    download(rates_export(points, split), f"thresholds-{split.unit}")


def figures_of(point: OperatingPoint) -> dict[str, Estimate]:
    """Return the figures of `RATES` of an operating point with one clinic."""
    return {**point.rates, **point.clinics[0].figures}


def rates_table(points: Mapping[str, OperatingPoint]) -> pd.DataFrame:
    """Lay out what each reader's threshold brings, for the screen."""

    def form(name: str) -> tables.Form:
        if name in SHARES:
            return percent_estimate
        return tables.whole if name.endswith("1000") else tables.plain

    rows = [(title, name, form(name)) for name, (title, _) in RATES.items()]
    return tables.wide("Rate", {who: figures_of(point) for who, point in points.items()}, rows)


def rates_export(points: Mapping[str, OperatingPoint], split: SplitEvaluation) -> pd.DataFrame:
    """Lay out the same as numbers, a row a reader and rate, with threshold and prevalence."""
    rates = [
        {"unit": split.unit, "reader": who, "threshold": point.threshold,
         "prevalence": point.clinics[0].prevalence, "rate": name,
         **figures_of(point)[name].as_dict()}
        for who, point in points.items()
        for name in RATES
    ]  # fmt: skip
    counts = [
        {"unit": split.unit, "reader": who, "threshold": point.threshold, "rate": name,
         "value": float(getattr(point.confusion, name))}
        for who, point in points.items()
        for name in COUNTS
    ]  # fmt: skip
    return pd.DataFrame([*rates, *counts])


def _show_matrices(split: SplitEvaluation, thresholds: Mapping[str, Share]) -> None:
    """Show the confusion matrices side by side, and the cases of the cell that was clicked."""
    st.subheader("Click a cell to see its cases", anchor="cells")
    cells = {
        name: outcomes(split.labels, model.flagged(thresholds[name].value))
        for name, model in split.models.items()
    }
    chosen = _choose_cell(split, cells)
    if chosen is None:
        return
    model, outcome = chosen
    inside = cells[model.name][outcome]
    st.markdown(cell_sentence(model.title, outcome, int(inside.sum()), split))
    rows = worst_first(inside, split.labels, model.scores.suspicion)
    show_cases(split, rows, thresholds, "cell")


def cell_sentence(title: str, outcome: str, count: int, split: SplitEvaluation) -> str:
    """Say which cases a chosen cell of a confusion matrix holds, and in which order."""
    name, meaning = OUTCOMES[outcome]
    return (
        f"**{title}, {name.lower()}**: {count} {split.noun(count)} ({meaning}), farthest from the "
        "truth first."
    )


def _choose_cell(split: SplitEvaluation, cells: Cells) -> tuple[ModelEvaluation, str] | None:
    """Draw a matrix of buttons for each model; return the chosen model and outcome, or None."""
    legal = [f"{model}.{outcome}" for model in split.models for outcome in OUTCOMES]
    # The buttons go with the page, and a choice of an earlier visit with them.
    if went_back() or _button(legal[0]) not in st.session_state:
        st.session_state[_KEY] = option_from_link(st.query_params.get(_LINK), legal, "")
    chosen = option_from_link(st.session_state[_KEY], legal, "")
    columns = st.columns(len(split.models), border=True)
    for column, model in zip(columns, split.models.values(), strict=True):
        with column:
            _matrix(model, cells[model.name], chosen)
    keep_in_link(_LINK, chosen or None)
    if not chosen:
        return None
    name, outcome = chosen.split(".")
    return split.models[name], outcome


def _matrix(model: ModelEvaluation, cells: Mapping[str, NDArray[np.bool_]], chosen: str) -> None:
    st.markdown(f"**{model.title}**")
    for label, row in _ROWS.items():
        st.caption(f"{label}: {sum(int(cells[outcome].sum()) for outcome in row)}")
        with st.container(horizontal=True, gap="small"):
            for outcome in row:
                name, (title, meaning) = f"{model.name}.{outcome}", OUTCOMES[outcome]
                st.button(
                    f"**{int(cells[outcome].sum())}** {title.lower()}",
                    key=_button(name),
                    help=meaning.capitalize(),
                    icon=CHOSEN if name == chosen else None,
                    width="stretch",
                    on_click=_choose,
                    args=("" if name == chosen else name,),
                )


def _button(name: str) -> str:
    return f"cell_{name}"


def _choose(name: str) -> None:
    st.session_state[_KEY] = name
