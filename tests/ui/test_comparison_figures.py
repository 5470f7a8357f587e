"""The comparison page's figures: `pytest tests/ui/test_comparison_figures.py`."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
import sklearn.metrics

from mammo.evaluation import UNITS, SplitEvaluation, Unit
from mammo.plots import curves, style
from mammo.plots.comparison import (
    MEASURES,
    forest_figure,
    measured_groups,
    scatter_figure,
    too_small_sentence,
)
from mammo.plots.curves import READER_STEPS, precision_recall_figure, roc_figure
from tests.ui.comparison_studies import MODELS, split_of, tiny_cases, tiny_split
from tests.ui.test_figures import THEME, contrast

HALF = {model.name: 0.5 for model in MODELS}


def named(figure: go.Figure, start: str) -> go.Scatter:
    return next(trace for trace in figure.data if str(trace.name).startswith(start))


def everything(split: SplitEvaluation) -> list[go.Figure]:
    return [
        roc_figure(split, HALF),
        precision_recall_figure(split),
        curves.reliability_figure(split),
        curves.decision_figure(split),
        scatter_figure(split, HALF),
        *(forest_figure(split, measure) for measure in MEASURES),
    ]


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("look", [*style.LOOKS, style.RADIOLOGISTS, *style.CLASS_LOOKS.values()])
def test_readers_stand_out_in_both_themes(mode: str, look: style.Look) -> None:
    assert contrast(look.colour, THEME[mode]["backgroundColor"]) >= 3


def test_no_reader_is_told_by_colour_alone() -> None:
    readers = [*style.LOOKS, style.RADIOLOGISTS]
    assert len({look.dash for look in readers}) == len(readers)
    assert len({look.symbol for look in readers}) == len(readers)
    benign, malignant = style.CLASS_LOOKS.values()
    assert benign.symbol != malignant.symbol


@pytest.mark.parametrize("unit", UNITS)
def test_every_figure_becomes_json_without_nan(unit: Unit) -> None:
    for figure in everything(tiny_split(unit)):
        text = figure.to_json()
        json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in a figure"))


def test_the_roc_curve_and_its_area_are_scikit_learns() -> None:
    split = tiny_split()
    curve = named(roc_figure(split, HALF), "MobileNetV2: AUC")
    p = split.models["mobilenetv2"].scores.suspicion
    alarms, found, thresholds = sklearn.metrics.roc_curve(split.labels, p, drop_intermediate=False)
    assert np.allclose(curve.x, alarms) and np.allclose(curve.y, found)
    assert curve.customdata[1] == f"{thresholds[1]:.3f}"
    assert f"{sklearn.metrics.roc_auc_score(split.labels, p):.2f}" in curve.name


def test_the_biopsy_point_lies_on_the_radiologists_curve() -> None:
    split = tiny_split()
    figure = roc_figure(split, HALF)
    curve = named(figure, "Radiologists' BI-RADS")
    place = list(curve.customdata).index("BI-RADS 4 or 5")
    point = next(trace for trace in figure.data if trace.text == ("BI-RADS 4 or 5",))
    assert (point.x[0], point.y[0]) == pytest.approx((curve.x[place], curve.y[place]))
    assert set(curve.customdata) <= set(READER_STEPS)


@pytest.mark.parametrize(("threshold", "corner"), [(0.0, (1, 1)), (1.0, (0, 0))])
def test_a_threshold_of_0_or_1_lies_in_its_corner(
    threshold: float, corner: tuple[int, int]
) -> None:
    shares = {model.name: threshold for model in MODELS}
    for point in roc_figure(tiny_split(), shares).data[-2:]:
        assert (point.x[0], point.y[0]) == corner


def test_a_band_hides_with_its_curve() -> None:
    figure = roc_figure(tiny_split(), HALF)
    groups = [trace.legendgroup for trace in figure.data]
    assert groups.count("simple_cnn") == groups.count("mobilenetv2") == 4


def test_precision_and_recall_are_scikit_learns() -> None:
    split = tiny_split()
    p = split.models["simple_cnn"].scores.suspicion
    curve = named(precision_recall_figure(split), "Simple CNN")
    precision, recall, _ = sklearn.metrics.precision_recall_curve(split.labels, p)
    assert set(np.round(recall, 9)) >= set(np.round(curve.x, 9))
    assert f"{sklearn.metrics.average_precision_score(split.labels, p):.2f}" in curve.name
    assert 0 < precision[0] < 1


def test_subgroups_with_too_few_of_a_class_are_folded_into_one_line() -> None:
    split = tiny_split()
    titles = {one.title for one in split.subgroups if "no AUC" in one.note}
    drawn, empty = measured_groups(split, "auc")
    assert {one.title for one in empty} == titles, "the tiny cases hold such a subgroup"
    points = named(forest_figure(split, "auc"), "Simple CNN")
    assert len(points.x) == len(drawn) == len(split.subgroups) - len(empty)
    assert not np.isnan(np.array(points.x, float)).any()
    sentence = too_small_sentence(empty)
    assert all(title.partition(": ")[2] in sentence for title in titles)
    assert sentence.count("\n") == 0 and too_small_sentence([]) == ""


def test_a_row_of_the_forest_counts_and_owns_up_to_being_small() -> None:
    figure = forest_figure(tiny_split(), "auc")
    title = next(text for text in figure.layout.yaxis.ticktext if text.startswith("View: CC"))
    assert "(small)" in title and title.endswith(", 5/7")


def test_points_of_the_scatter_carry_their_case() -> None:
    split = tiny_split()
    for trace in scatter_figure(split, HALF).data:
        for x, y, place in zip(trace.x, trace.y, trace.customdata, strict=True):
            assert (x, y) == tuple(p[place] for p in split.sample.p.values())


def test_a_group_stands_out_on_the_scatter() -> None:
    split = tiny_split()
    shown = split.labels & split.models["simple_cnn"].flagged(0.5)
    opacities = {
        place: opacity
        for trace in scatter_figure(split, HALF, shown).data
        for place, opacity in zip(trace.customdata, trace.marker.opacity, strict=True)
    }
    assert [opacities[place] > 0.5 for place in range(split.labels.size)] == shown.tolist()


def test_training_curves_average_the_folds() -> None:
    history = pd.DataFrame(
        {
            "fold": [0, 0, 1, 1, -1],
            "epoch": [1, 2, 1, 2, 1],
            "loss": [0.6, 0.4, 0.8, 0.6, 0.7],
            "held_out_loss": [0.7, 0.5, 0.9, 0.7, None],
        }
    )
    figure = curves.training_figure(history, style.look_of(0))
    assert named(figure, "held-out loss").y == pytest.approx((0.8, 0.6))
    assert named(figure, "training loss").y == pytest.approx((0.7, 0.5))
    assert not any(trace.name == "held-out AUC" for trace in figure.data)


def test_a_history_of_strange_columns_is_an_empty_figure() -> None:
    figure = curves.training_figure(pd.DataFrame({"fold": [0], "epoch": [1]}), style.look_of(0))
    assert len(figure.data) == 0


def test_calibration_in_a_sentence() -> None:
    assert "malignant cases observed per case expected" in curves.calibration_sentence(
        tiny_split(), "mobilenetv2"
    )
    cases = tiny_cases()
    cases["mobilenetv2_p"] = 0.0
    assert "undefined" not in curves.calibration_sentence(split_of(cases), "simple_cnn")


def test_the_toolbar_saves_a_figure_under_its_name() -> None:
    saving = style.figure_config("roc-crop")["toImageButtonOptions"]
    assert saving == {"format": "svg", "filename": "mammo-roc-crop"}
