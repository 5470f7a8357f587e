"""The viewer's figures and their sentences: `pytest tests/ui/test_viewer_figures.py`."""

import numpy as np
import pytest

from mammo.inference.perturb import change_named
from mammo.plots.viewer import (
    crossings,
    curve_figure,
    curve_sentence,
    place_counts,
    place_figure,
    place_sentence,
)
from mammo.ui.kit.result import map_caption
from mammo.ui.viewer.probes import moved

RANDOM = np.random.default_rng(0)
P, LABELS = RANDOM.random(200), RANDOM.random(200) < 0.4
BLUR = change_named("blur")


def test_every_case_is_counted_once() -> None:
    edges, benign, malignant = place_counts(P, LABELS)
    assert benign.sum() == (~LABELS).sum() and malignant.sum() == LABELS.sum()
    inside = [low <= p < high for p in P for low, high in [(edges[4], edges[5])]]
    assert benign[4] + malignant[4] == sum(inside)


@pytest.mark.parametrize("p_case", [0.0, 0.5, 1.0])
def test_the_place_is_marked_and_malignant_stands_above_benign(p_case: float) -> None:
    figure = place_figure(P, LABELS, p_case, 0.45)
    assert [shape.x0 for shape in figure.layout.shapes] == [0.45, p_case]
    above, below = figure.data
    assert min(above.y) >= 0 >= max(below.y)
    assert list(below.customdata) == [-count for count in below.y]
    assert above.marker.color != below.marker.color
    assert above.marker.pattern.shape != below.marker.pattern.shape


def test_the_place_in_words_counts_each_class() -> None:
    lower = (P < 0.3) & LABELS
    assert f"{int(lower.sum())} of {int(LABELS.sum())} malignant" in place_sentence(P, LABELS, 0.3)


def test_a_figure_of_few_or_no_cases_is_drawn() -> None:
    place_figure(np.empty(0), np.empty(0, bool), 0.5, 0.5)
    place_figure(np.array([0.5]), np.array([True]), 0.5, 0.5)


def test_a_curve_says_where_it_changes_sides() -> None:
    p = np.linspace(0.8, 0.2, BLUR.amounts.size)
    over = crossings(p, BLUR, 0.5)
    assert over == [amount for amount, value in zip(BLUR.amounts, p, strict=True) if value < 0.5]
    sentence = curve_sentence(BLUR, p, "A", 0.5)
    assert sentence.startswith("**A**: 80% as it is, 20% to 80% over the range")
    assert f"by {over[0]:g} pixels" in sentence
    flat = curve_sentence(BLUR, np.full_like(p, 0.6), "A", 0.5)
    assert "always on the same side" in flat


def test_the_curves_stand_apart_by_more_than_colour() -> None:
    curves = {"a": np.full(BLUR.amounts.size, 0.2), "b": np.full(BLUR.amounts.size, 0.7)}
    figure = curve_figure(BLUR, 2.0, curves, ["A", "B"], [0.4, 0.5])
    first, second = figure.data
    assert first.line.dash != second.line.dash and first.marker.symbol != second.marker.symbol
    assert list(first.x) == BLUR.amounts.tolist()
    assert {shape.y0 for shape in figure.layout.shapes} >= {0.4, 0.5}
    assert 2.0 in {shape.x0 for shape in figure.layout.shapes}


def test_an_empty_map_says_so() -> None:
    full, empty = (map_caption(np.full((4, 4), level, np.float32)) for level in (1, 0))
    assert "not the extent of the lesion" in full and "is empty" in empty


def test_an_estimate_that_stays_is_unchanged() -> None:
    assert moved(0.3, 0.3) == "unchanged"
