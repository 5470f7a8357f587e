"""The leak as a lesson, in a figure, words and a table; free of Streamlit.

Run the tests with `pytest tests/ui/test_comparison_lesson.py`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from mammo.artifacts import LeakLesson, LeakRun
from mammo.plots.style import ABOVE_COLOUR, BELOW_COLOUR, NEUTRAL_COLOUR, lay_out
from mammo.text import number

if TYPE_CHECKING:
    import pandas as pd


PLACES = {"rows": "rows at random", "patients": "patients at random"}
_COLOURS = {"rows": ABOVE_COLOUR, "patients": BELOW_COLOUR}
_SYMBOLS = {"rows": "square", "patients": "circle"}
_HEIGHT = 380

WHY = (
    "The higher number is the wrong one: it is partly a test of having met these very patients. "
    "Film, breast, density and often the lesion itself are known from the other view, and the next "
    "patient of a clinic offers none of that. Deal patients, never rows; then every crop of a "
    "patient falls on one side, and the figure is one that a new patient will see."
)


def lesson_figure(lesson: LeakLesson, low: float, high: float) -> go.Figure:
    """Draw the AUC under both splits, a thin line a seed, a large mark for each mean.

    Parameters
    ----------
    lesson : LeakLesson
    low, high : float, ends of the AUC axis, the same for figures that stand side by side
    """
    figure = go.Figure()
    pairs = zip(lesson.of("rows"), lesson.of("patients"), strict=True)
    for rows, patients in pairs:
        figure.add_trace(
            go.Scatter(
                x=list(PLACES.values()),
                y=[rows.auc, patients.auc],
                mode="lines+markers",
                line={"color": NEUTRAL_COLOUR, "width": 1.5},
                marker={"size": 6},
                name=f"seed {rows.seed}",
                showlegend=False,
                hovertemplate=f"seed {rows.seed}, %{{x}}<br>AUC %{{y:.3f}}<extra></extra>",
            )
        )
    for split, place in PLACES.items():
        mean = lesson.mean_auc(split)
        figure.add_trace(
            go.Scatter(
                x=[place],
                y=[mean],
                mode="markers+text",
                marker={"size": 15, "color": _COLOURS[split], "symbol": _SYMBOLS[split]},
                text=[f"{mean:.3f}"],
                textposition="middle left" if split == "rows" else "middle right",
                showlegend=False,
                hovertemplate=f"mean of {len(lesson.of(split))} seeds<br>AUC %{{y:.3f}}"
                "<extra></extra>",
            )
        )
    lay_out(figure, "", "AUC on the test crops", _HEIGHT)
    figure.update_xaxes(range=[-0.6, 1.6])
    figure.update_yaxes(range=[low, high], tickformat=".2f")
    return figure


def auc_range(lessons: Sequence[LeakLesson]) -> tuple[float, float]:
    """Return ends of an AUC axis that holds every run, with a little room."""
    found = [run.auc for lesson in lessons for run in lesson.runs]
    return min(found) - 0.015, max(found) + 0.015


def result_sentence(lesson: LeakLesson) -> str:
    """Say what both splits gave, and by how much rows at random flatter."""
    rows, patients = (_means(lesson, split) for split in PLACES)
    gaps = lesson.differences
    return (
        f"With rows at random: AUC {rows}. With patients at random: {patients}. The leak adds "
        f"{_signed(lesson.mean_difference)} on average ({_signed(min(gaps))} to "
        f"{_signed(max(gaps))}, seed by seed)."
    )


def overlap_sentence(lesson: LeakLesson) -> str:
    """Say how much of the test set the row split had shown in training."""
    runs = lesson.of("rows")
    return (
        f"Of the {_span([run.test_lesions for run in runs])} lesions in the test part of a row "
        f"split, {_span([run.seen_lesions for run in runs])} had their other view in training; "
        f"{_span([run.seen_patient_crops for run in runs])} of {runs[0].test_crops} test crops "
        "were of a patient met in training. In the patient split: none."
    )


def set_up_sentence(lesson: LeakLesson) -> str:
    """Say what was trained on what."""
    first = lesson.runs[0]
    return (
        f"{lesson.title}, by the recipe and the trainer of these models, on {first.train_crops:,} "
        f"of the {lesson.crops:,} official training crops ({lesson.patients:,} patients), scored "
        f"on the other {first.test_crops:,}; {len(lesson.of('rows'))} seeds a split. The official "
        "test set plays no part."
    )


def size_sentence(released: LeakLesson, plain: LeakLesson | None) -> str:
    """Say what the size of the gap depends on, as far as it was measured."""
    if plain is None:
        return ""
    ours, theirs = released.mean_difference, plain.mean_difference
    if theirs > ours:
        return (
            f"How large the leak is depends on how much a network memorises: {_signed(ours)} with "
            f"this recipe's augmentation, {_signed(theirs)} without. That it may be small is no "
            "excuse: nobody knows before both splits are measured."
        )
    return (
        f"Here augmentation made no smaller leak: {_signed(ours)} with it, {_signed(theirs)} "
        "without; five seeds show no more."
    )


def lesson_table(lessons: dict[str, LeakLesson]) -> "pd.DataFrame":
    """Lay all runs out, a row each: augmentation, split, seed, what was shared, AUC."""
    import pandas as pd

    return pd.DataFrame(
        [_record(recipe, run) for recipe, lesson in lessons.items() for run in lesson.runs]
    )


def _record(recipe: str, run: LeakRun) -> dict[str, object]:
    return {
        "Recipe": recipe,
        "Split": PLACES[run.split],
        "Seed": run.seed,
        "Training crops": run.train_crops,
        "Test crops": run.test_crops,
        "Test lesions": run.test_lesions,
        "Test lesions with other view in training": run.seen_lesions,
        "Test crops of patients in training": run.seen_patient_crops,
        "AUC": run.auc,
        "AUC low": run.auc_low,
        "AUC high": run.auc_high,
    }


def _means(lesson: LeakLesson, split: str) -> str:
    found = [run.auc for run in lesson.of(split)]
    return f"{number(lesson.mean_auc(split))} ({number(min(found))} to {number(max(found))})"


def _signed(value: float) -> str:
    """Write a difference with its sign."""
    rounded = round(value, 3) + 0.0
    return f"{rounded:+.3f}" if rounded else "0.000"


def _span(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
