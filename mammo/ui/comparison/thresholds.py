"""Thresholds and what depends on them: curves, rates, confusion matrices and their cases.

One fragment: moving a slider runs this part of the page alone, on arrays that the evaluation keeps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from mammo import text
from mammo.evaluation import McNemar, OperatingPoint, SplitEvaluation, mcnemar, tables
from mammo.evaluation.build import PREVALENCES as NAMED_PREVALENCES
from mammo.evaluation.evaluation import ModelEvaluation, chance_words
from mammo.evaluation.subgroups import BIOPSY_SUSPICION
from mammo.evaluation.tables import CROPS
from mammo.plots.comparison import scatter_figure
from mammo.plots.curves import roc_figure
from mammo.plots.style import LOOKS
from mammo.text import Estimate, p_value, percent_estimate
from mammo.ui.kit import cache
from mammo.ui.kit.address import (
    choose_option,
    choose_share,
    keep_in_link,
    option_from_link,
    went_back,
)
from mammo.ui.kit.case_folder import MOST_PICTURES, cases_with_pictures, thumbnails
from mammo.ui.kit.cases import (
    OUTCOMES,
    agreement,
    agreement_titles,
    evaluated_cases,
    farthest_apart,
    open_list,
    outcomes,
)
from mammo.ui.kit.frame import sentences, warn
from mammo.ui.kit.get_images import offer_images
from mammo.ui.kit.result import PREVALENCE_HELP, PREVALENCES
from mammo.ui.kit.settings import OFFERED
from mammo.ui.kit.widgets import download, probability_columns, show_figure, show_table

RADIOLOGISTS = "Radiologists"
RATES = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "accuracy": "Accuracy",
    "positive_likelihood_ratio": "LR+",
    "negative_likelihood_ratio": "LR-",
    "flagged_per_1000": "Flagged per 1,000",
    "missed_per_1000": "Missed per 1,000",
    "false_alarms_per_1000": "False positives per 1,000",
}
KEY_RATES = ("sensitivity", "specificity", "ppv", "npv")
SHARES = (*KEY_RATES, "accuracy")
COUNTS = ("true_positive", "false_positive", "false_negative", "true_negative")
_KEY, _LINK = "comparison_cell", "cell"
_ROWS = {"Malignant": ("found", "missed"), "Benign": ("false_alarm", "spared")}
_CORRECT = ("found", "spared")
_LINES = {"dash": "dashed", "solid": "solid", "dashdot": "dotted"}

Cells = Mapping[str, Mapping[str, NDArray[np.bool_]]]


_LOOKS = "".join(
    f".st-key-model_{place} {{ --model: {look.colour}; --line: {_LINES[look.dash]} }}"
    for place, look in enumerate(LOOKS)
)
PAGE_STYLE = f"<style>{Path(__file__).with_name('page.css').read_text('utf-8')}{_LOOKS}</style>"
"""How the page looks and prints, with each model's colour and line, as HTML."""


@st.fragment
def show_analysis(split: SplitEvaluation) -> None:
    """Show thresholds with their results in one screen, and below it the cases and all rates."""
    st.session_state.pop(OFFERED, None)
    with st.container(key="desk"):
        roc, controls = st.columns([0.42, 0.58])
    with controls:
        prevalence = _choose_prevalence(split)
        cards = [
            column.container(border=True, key=f"model_{place}", gap="xsmall")
            for place, column in enumerate(st.columns(len(split.models), gap="small"))
        ]
        thresholds = _choose_thresholds(split, cards)
        cells = {
            name: outcomes(split.labels, model.flagged(thresholds[name]))
            for name, model in split.models.items()
        }
        with sentences():
            chosen = _choose_cell(split, cells, cards)
            points = points_of(split, thresholds, prevalence)
            alt = "Key rates with 95% confidence intervals"
            st.table(rates_table(points, KEY_RATES), hide_index=True, alt=alt)
        lead = st.container()
    with roc, sentences():
        _show_roc(split, thresholds)
    with sentences():
        _show_cell(split, cells, chosen, thresholds, lead)
    if len(split.models) > 1:
        with sentences():
            show_disagreement(split, thresholds)
    with sentences():
        _show_rates(split, points)


def _choose_thresholds(split: SplitEvaluation, cards: Sequence[DeltaGenerator]) -> dict[str, float]:
    chosen = {}
    for card, model in zip(cards, split.models.values(), strict=True):
        with card:
            chosen[model.name] = choose_share(
                f"Threshold of {model.title}",
                model.name,
                model.thresholds,
                text.threshold_name,
                next(iter(model.thresholds)),
                cache.threshold_help(),
            )
    return chosen


def _choose_prevalence(split: SplitEvaluation) -> float:
    own_share = split.counts.malignant / split.counts.cases
    with st.container(horizontal=True, vertical_alignment="bottom", key="prevalence"):
        return choose_share(
            "Prevalence of malignancy in your setting",
            "prevalence",
            dict(zip(PREVALENCES, (*NAMED_PREVALENCES, own_share), strict=True)),
            PREVALENCES.__getitem__,
            "biopsied",
            PREVALENCE_HELP,
        )


def _show_roc(split: SplitEvaluation, thresholds: Mapping[str, float]) -> None:
    if not split.has_both_classes:
        st.info(split.headline)
        return
    figure = roc_figure(split, thresholds)
    show_figure(figure, f"roc-{split.unit}", f"ROC curve of each model. {_ROC_CAPTION}")
    st.caption(_ROC_CAPTION)


_ROC_CAPTION = (
    "Large symbols: your thresholds. Open symbols: preset thresholds. Shaded: 95% confidence."
)


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


def figures_of(point: OperatingPoint) -> dict[str, Estimate]:
    """Return the figures of `RATES` of an operating point with one clinic."""
    return {**point.rates, **point.clinics[0].figures}


def rates_table(
    points: Mapping[str, OperatingPoint], names: Sequence[str] = tuple(RATES)
) -> pd.DataFrame:
    """Return each reader's rates as a table for the screen."""

    def form(name: str) -> tables.Form:
        if name in SHARES:
            return percent_estimate
        return tables.whole if name.endswith("1000") else tables.plain

    rows = [(RATES[name], name, form(name)) for name in names]
    return tables.wide("Rate", {who: figures_of(point) for who, point in points.items()}, rows)


def rates_export(points: Mapping[str, OperatingPoint], split: SplitEvaluation) -> pd.DataFrame:
    """Return the same as numbers, one row per reader and rate, with threshold and prevalence."""
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


def _show_rates(split: SplitEvaluation, points: Mapping[str, OperatingPoint]) -> None:
    """Show the rates that the first screen leaves out, and offer all as a CSV."""
    st.header("Other rates at these settings", anchor="rates")
    others = [name for name in RATES if name not in KEY_RATES]
    st.table(rates_table(points, others), hide_index=True, alt="Other rates with intervals")
    download(rates_export(points, split), f"thresholds-{split.unit}")


def _show_cell(
    split: SplitEvaluation,
    cells: Cells,
    chosen: str,
    thresholds: Mapping[str, float],
    lead: DeltaGenerator,
) -> None:
    """Show the cases of the chosen cell, and in `lead` the way to them in the viewer."""
    if not chosen:
        lead.caption("Select a cell to list its cases.")
        return
    name, outcome = chosen.split(".")
    model, inside = split.models[name], cells[name][outcome]
    rows = farthest_apart(inside, split.labels, model.scores.suspicion)
    title = f"{model.title}: {OUTCOMES[outcome][0].lower()}s"
    with lead:
        open_list(_first_crops(split, rows), "list", f"{title}, at your threshold")
    st.header(title, anchor="cells")
    st.markdown(cell_sentence(outcome, int(inside.sum()), split))
    show_cases(split, rows, thresholds, "cell")


def _first_crops(split: SplitEvaluation, rows: NDArray[np.intp]) -> list[str]:
    return [group[0] for group in evaluated_cases(split.unit).iloc[rows][CROPS]]


def cell_sentence(outcome: str, count: int, split: SplitEvaluation) -> str:
    """Describe the cases in a cell of a confusion matrix, and their order."""
    return f"{count} {split.noun(count)}: {OUTCOMES[outcome][1]}. Largest error first."


def _choose_cell(split: SplitEvaluation, cells: Cells, cards: Sequence[DeltaGenerator]) -> str:
    """Draw a matrix of buttons for each model; return the chosen `<model>.<outcome>`, or ""."""
    legal = [f"{model}.{outcome}" for model in split.models for outcome in OUTCOMES]
    # The buttons go with the page, and a choice of an earlier visit with them.
    if went_back() or f"cell_{legal[0]}" not in st.session_state:
        st.session_state[_KEY] = option_from_link(st.query_params.get(_LINK), legal, "")
    chosen = option_from_link(st.session_state[_KEY], legal, "")
    for card, model in zip(cards, split.models.values(), strict=True):
        with card.container(key=f"matrix_{model.name}"):
            _matrix(model, cells[model.name], chosen)
    keep_in_link(_LINK, chosen or None)
    return chosen


def _matrix(model: ModelEvaluation, cells: Mapping[str, NDArray[np.bool_]], chosen: str) -> None:
    for head in ("Recorded", "Flagged", "Not flagged"):
        st.caption(head)
    for label, row in _ROWS.items():
        st.caption(f"{label} {sum(int(cells[outcome].sum()) for outcome in row)}")
        for outcome in row:
            name, (title, meaning) = f"{model.name}.{outcome}", OUTCOMES[outcome]
            short = "".join(word[0].upper() for word in title.split())
            sign = "check" if outcome in _CORRECT else "close"
            st.button(
                f"**{int(cells[outcome].sum())} {short}** :material/{sign}: {title.lower()}",
                key=f"cell_{name}",
                help=meaning.capitalize(),
                type="primary" if name == chosen else "secondary",
                width="stretch",
                on_click=st.session_state.update,
                args=({_KEY: "" if name == chosen else name},),
            )


def show_cases(
    split: SplitEvaluation, rows: NDArray[np.intp], thresholds: Mapping[str, float], key: str
) -> None:
    """Show cases as a table, in the order of `rows`, and offer it as a CSV with the thresholds."""
    if rows.size == 0:
        st.caption("No cases.")
        return
    table = evaluated_cases(split.unit).iloc[rows]
    titles = [model.title for model in split.models.values()]
    columns = probability_columns(titles)
    alt = "Cases with their descriptors and each model's estimated probability"
    show_table(_with_pictures(table, titles, key), columns, alt, f"cases_{key}")
    titled = {model.title: thresholds[name] for name, model in split.models.items()}
    download(table.assign(**{CROPS: table[CROPS].map(" ".join)}), f"cases-{key}", titled)


def _with_pictures(table: pd.DataFrame, titles: list[str], key: str) -> pd.DataFrame:
    """Add a picture and a way to open each case where one of its crops has it; p in per cent."""
    crops = [case for group in table[CROPS] for case in group]
    images, complaint = thumbnails(crops)
    warn(complaint)
    shown = table.drop(columns=CROPS)
    shown[titles] *= 100
    if images:
        shown.insert(0, "Picture", [_first(images, group) for group in table[CROPS]])
    offer_images(set(crops) - cases_with_pictures(), key)
    if len(images) == MOST_PICTURES:
        st.caption(f"Images are shown for the first {MOST_PICTURES}.")
    return shown


def _first(images: Mapping[str, str], crops: tuple[str, ...]) -> str:
    return next((images[case] for case in crops if case in images), "")


def show_disagreement(split: SplitEvaluation, thresholds: Mapping[str, float]) -> None:
    """Show the first two models against each other, and the cases of a group or a selection."""
    st.header("Where the models disagree", anchor="disagreement")
    models = list(split.models.values())[:2]
    flags = [model.flagged(thresholds[model.name]) for model in models]
    groups = agreement(split.labels, *flags)
    counts = {name: int(cases.sum()) for name, cases in groups.items()}
    st.markdown(disagreement_sentence(split, counts, mcnemar(split.labels, *flags)))
    groups["disagree"] = groups["only_first"] | groups["only_second"]
    titles = {"disagree": "They disagree"} | agreement_titles(*(one.title for one in models))
    group = choose_option("Cases", "group", titles, "disagree", hide_label=True)
    selected = _selected(split, thresholds, groups[group])
    title = "Your selection" if selected.any() else titles[group]
    chosen = selected if selected.any() else groups[group]
    count = int(chosen.sum())
    st.markdown(f"**{title}**: {count} {split.noun(count)}, largest difference first.")
    rows = farthest_apart(chosen, *(model.scores.suspicion for model in models))
    open_list(_first_crops(split, rows), "disagreement", title)
    show_cases(split, rows, thresholds, "group")


def disagreement_sentence(split: SplitEvaluation, counts: Mapping[str, int], test: McNemar) -> str:
    """Describe how often the first two models disagree, which is then right, and the test of it."""
    first, second = [model.title for model in split.models.values()][:2]
    differ = counts["only_first"] + counts["only_second"]
    total, many = sum(counts.values()), split.noun()
    if differ == 0:
        return f"At these thresholds {first} and {second} agree on all {total} {many}."
    return (
        f"At these thresholds the models disagree on {differ} of {total} {many}. {second} is right "
        f"in {counts['only_second']}, {first} in {counts['only_first']} (McNemar's exact test, "
        f"{p_value(test.p_value)}: {chance_words(test.p_value)}). Both are wrong for "
        f"{counts['both_wrong']} {many}."
    )


def _selected(
    split: SplitEvaluation, thresholds: Mapping[str, float], shown: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Draw the scatter, and return which cases were selected on it, bool (u,)."""
    st.caption(
        "Each point is one case. Dashed lines: thresholds. Select points to list their cases."
    )
    event = show_figure(
        scatter_figure(split, thresholds, shown),
        f"scatter-{split.unit}",
        "Probability of one model against the other's, a point a case, by recorded class",
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
    )
    selected = np.zeros(split.labels.size, dtype=np.bool_)
    selected[places_of(event["selection"]["points"], split.labels.size)] = True
    return selected


def places_of(points: list[dict[str, Any]], cases: int) -> list[int]:
    """Return the indices of the selected cases; anything else in the selection is ignored.

    Examples
    --------
    >>> places_of([{"customdata": 3}, {"customdata": [1]}, {"customdata": 99}, {}], 5)
    [3, 1]
    """
    numbers = [point.get("customdata") for point in points]
    single = [number[0] if isinstance(number, (list, tuple)) else number for number in numbers]
    return [
        int(number) for number in single if isinstance(number, (int, float)) and 0 <= number < cases
    ]
