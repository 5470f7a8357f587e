"""The comparison page's other figures: subgroups, one model against the other, the leak's lesson.

Plain plotly, free of Streamlit. Run the tests with `pytest tests/ui/test_comparison_figures.py`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from mammo.artifacts import LeakLesson, TeacherLesson
from mammo.evaluation import SplitEvaluation
from mammo.evaluation.evaluation import ModelEvaluation, Subgroup
from mammo.evaluation.tables import MEASURES
from mammo.plots.style import (
    CLASS_LOOKS,
    NEUTRAL_COLOUR,
    Look,
    as_shares,
    error_bars,
    lay_out,
    lay_out_rows,
    look_of,
    points,
    stroke,
)
from mammo.text import (
    Estimate,
    counted,
    estimate,
    number,
    percent,
    signed,
    signed_estimate,
    with_article,
)

if TYPE_CHECKING:
    import pandas as pd

_ROW_HEIGHT, _REST_HEIGHT = 26, 150
FAINT = 0.22


def measured_groups(split: SplitEvaluation, measure: str) -> tuple[list[Subgroup], list[Subgroup]]:
    """Return the subgroups that have the measure for any model, and those that are too small."""
    found: tuple[list[Subgroup], list[Subgroup]] = ([], [])
    for group in split.subgroups:
        values = [figures[measure].value for figures in group.models.values()]
        found[bool(np.isnan(values).all())].append(group)
    return found


def too_small_sentence(groups: Sequence[Subgroup]) -> str:
    """Return one line that lists the subgroups without a figure; "" for none."""
    by_variable: dict[str, list[str]] = {}
    for group in groups:
        variable, _, level = group.title.partition(": ")
        by_variable.setdefault(variable, []).append(level)
    listed = "; ".join(" ".join([name, ", ".join(each)]) for name, each in by_variable.items())
    return f"Too few patients for a figure: {listed}." if listed else ""


def row_title(group: Subgroup) -> str:
    """Return subgroup and counts; a small subgroup says that it is small."""
    few = " (small)" if group.note.startswith("small") else ""
    return f"{group.title}{few}, {group.counts.malignant}/{group.counts.benign}"


def forest_figure(split: SplitEvaluation, measure: str) -> go.Figure:
    """Draw a measure of each subgroup that has it, the models one above the other.

    Parameters
    ----------
    split : SplitEvaluation
    measure : "auc", or "sensitivity" or "specificity" at the first named threshold
    """
    groups, _ = measured_groups(split, measure)
    figure = go.Figure()
    for place, (name, model) in enumerate(split.models.items()):
        look = look_of(place)
        overall = _overall(model, measure).value
        if not np.isnan(overall):
            figure.add_vline(x=overall, line=stroke(look.colour, look.dash, 1), opacity=0.6)
        shift = (place - (len(split.models) - 1) / 2) * 0.3
        figures = [group.models[name][measure] for group in groups]
        figure.add_trace(
            points(
                [one.value for one in figures],
                [row + shift for row in range(len(groups))],
                look,
                f"{model.title}<br>%{{customdata}}",
                9,
                error_x=error_bars(figures, 1.8, width=3),
                customdata=[
                    f"{group.title}: {estimate(one)}" + (f"<br>{group.note}" if group.note else "")
                    for group, one in zip(groups, figures, strict=True)
                ],
                name=model.title,
            )
        )
    lay_out(figure, MEASURES[measure], "", _REST_HEIGHT + _ROW_HEIGHT * len(groups))
    as_shares(figure, y=False)
    figure.update_xaxes(tickformat=".1f" if measure == "auc" else ".0%", side="top")
    lay_out_rows(
        figure,
        [row_title(group) for group in groups],
        range=[len(groups) - 0.4, -0.6],
        gridcolor="rgba(122, 136, 148, 0.25)",
        tickfont={"size": 11},
        title=None,
    )
    figure.update_layout(legend={"y": -0.01}, margin={"t": 96})
    return figure


def _overall(model: ModelEvaluation, measure: str) -> Estimate:
    if measure == "auc":
        return model.metrics["auc"]
    return next(iter(model.points.values())).rates[measure]


def scatter_figure(
    split: SplitEvaluation, thresholds: Mapping[str, float], shown: NDArray[np.bool_] | None = None
) -> go.Figure:
    """Draw each case at the first model's p (across) and the second's (up).

    Parameters
    ----------
    split : SplitEvaluation of two models or more; the first two are drawn
    thresholds : model name -> 0..1, drawn as lines
    shown : bool (u,), cases to stand out from the others, or None for all; each point's
        `customdata` is the case's place
    """
    across, up = list(split.models.values())[:2]
    figure = go.Figure()
    for malignant, name in ((False, "benign"), (True, "malignant")):
        rows = np.flatnonzero(split.labels == malignant)
        opacity = 0.8 if shown is None else np.where(shown[rows], 0.95, FAINT).tolist()
        figure.add_trace(
            points(
                across.scores.suspicion[rows].tolist(),
                up.scores.suspicion[rows].tolist(),
                CLASS_LOOKS[malignant],
                f"%{{text}}, {name}<br>{across.title} %{{x:.1%}}<br>{up.title} %{{y:.1%}}",
                9,
                marker={"opacity": opacity, "line": {"width": 1.5}},
                customdata=rows.tolist(),
                text=split.sample.units.ids[rows].tolist(),
                name=f"recorded {name}",
            )
        )
    line = stroke(NEUTRAL_COLOUR, width=1.5)
    figure.add_vline(x=thresholds[across.name], line=line)
    figure.add_hline(y=thresholds[up.name], line=line)
    as_shares(lay_out(figure, f"{across.title}: estimated probability", up.title))
    figure.update_yaxes(title_text=f"{up.title}: estimated probability")
    figure.update_layout(dragmode="lasso")
    return figure


PLACES = {"rows": "split by crop", "patients": "split by patient"}
_LOOKS = {
    "rows": Look(NEUTRAL_COLOUR, "solid", "x"),
    "patients": Look(NEUTRAL_COLOUR, "solid", "circle"),
}
_HEIGHT = 380

WHY = (
    "The higher AUC is too optimistic: for a new patient, the training data contain no view of the "
    "same lesion. Keep all crops of a patient on one side of the split."
)


def lesson_figure(lesson: LeakLesson, low: float, high: float) -> go.Figure:
    """Draw the AUC under both splits, a thin line a seed, a large mark for each mean.

    Parameters
    ----------
    lesson : LeakLesson
    low, high : float, ends of the AUC axis, the same for figures that stand side by side
    """
    figure = go.Figure()
    for rows, patients in zip(lesson.of("rows"), lesson.of("patients"), strict=True):
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
            points(
                [place],
                [mean],
                _LOOKS[split],
                f"mean of {len(lesson.of(split))} seeds<br>AUC %{{y:.3f}}",
                15,
                mode="markers+text",
                text=[number(mean)],
                textposition="middle left" if split == "rows" else "middle right",
                showlegend=False,
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
    """Return the AUC of both splits, and by how much a split by crop inflates it."""
    rows, patients = (_means(lesson, split) for split in PLACES)
    gaps = lesson.differences
    return (
        f"Split by crop: AUC {rows}. Split by patient: AUC {patients}. Mean "
        f"difference {signed(lesson.mean_difference)} (over the seeds: {signed(min(gaps))} to "
        f"{signed(max(gaps))})."
    )


def overlap_sentence(lesson: LeakLesson) -> str:
    """Return how much of the test part a split by crop had shown in training."""
    runs = lesson.of("rows")
    seen = [run.test_lesions_with_other_view_in_training for run in runs]
    share = sum(seen) / sum(run.n_test_lesions for run in runs)
    return (
        f"In a split by crop, {percent(share)} of the test lesions had another view in the "
        f"training data ({_span(seen)} lesions per split). In a split by patient, this was never "
        "the case."
    )


def set_up_sentence(lesson: LeakLesson) -> str:
    """Return what was trained on what."""
    first = lesson.runs[0]
    return (
        f"{lesson.title} on the {lesson.data.crops:,} official training crops "
        f"({lesson.data.patients:,} patients): {first.n_train:,} for training, {first.n_test:,} "
        f"for testing, {counted(len(lesson.of('rows')), 'seed')} per type of split."
    )


def size_sentence(released: LeakLesson, plain: LeakLesson | None) -> str:
    """Return what the size of the effect depends on, as far as it was measured."""
    if plain is None:
        return ""
    ours, theirs = signed(released.mean_difference), signed(plain.mean_difference)
    if plain.mean_difference > released.mean_difference:
        return (
            f"The effect is larger without augmentation ({theirs}) than with it ({ours}): a "
            "network that overfits more gains more from leakage."
        )
    return f"Augmentation did not reduce the effect here: {ours} with it, {theirs} without."


SPLITS = {"out_of_fold": "Training patients, out-of-fold", "test": "Official test patients"}


def teacher_table(lesson: TeacherLesson) -> "pd.DataFrame":
    """Lay out what a teacher adds, a row each for the out-of-fold and the test crops."""
    import pandas as pd

    rows = {
        f"{SPLITS[half.split]}, {counted(half.crops, 'crop')}": {
            "Labels alone": estimate(half.labels),
            f"With {lesson.teacher}": estimate(half.taught),
            "Difference": signed_estimate(half.difference),
        }
        for half in lesson.halves
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def teacher_sentence(lesson: TeacherLesson) -> str:
    """Return what the lesson compares."""
    student = with_article(lesson.title, starts=True)
    return (
        f"{student} was trained twice: on the recorded label, and on a mixture of the label and "
        f"{lesson.teacher}'s probability, the latter weighted {percent(lesson.share)} (knowledge "
        f"distillation, Hinton et al. 2015). {lesson.teacher} was pretrained on "
        "ImageNet, so any gain does not come from mammograms alone."
    )


def lesson_table(lessons: dict[str, LeakLesson]) -> "pd.DataFrame":
    """Lay all runs out, a row each: augmentation, split, seed, what was shared, AUC."""
    import pandas as pd

    return pd.DataFrame(
        {
            "Recipe": recipe,
            "Split": PLACES[run.split],
            "Seed": run.seed,
            "Training crops": run.n_train,
            "Test crops": run.n_test,
            "Test lesions": run.n_test_lesions,
            "Test lesions with other view in training": (
                run.test_lesions_with_other_view_in_training
            ),
            "Test crops of patients in training": run.test_crops_with_patient_in_training,
            "AUC": run.auc,
            "AUC low": run.auc_low,
            "AUC high": run.auc_high,
        }
        for recipe, lesson in lessons.items()
        for run in lesson.runs
    )


def _means(lesson: LeakLesson, split: str) -> str:
    found = [run.auc for run in lesson.of(split)]
    return estimate(Estimate(lesson.mean_auc(split), min(found), max(found)))


def _span(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
