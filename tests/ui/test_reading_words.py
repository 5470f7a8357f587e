"""The reading room's sentences, tables and figures, free of Streamlit."""

import math

import numpy as np
import pytest

from mammo.artifacts import load_cases
from mammo.evaluation import EvaluatedModel
from mammo.plots.reading import case_figure, roc_figure, room_auc_figure, room_figure
from mammo.reading import (
    Reading,
    Record,
    RoundCases,
    RoundPlan,
    advice_effect,
    draw_round,
    round_cases,
    score_room,
    standings,
    wording,
)
from mammo.reading.room import Room, RoomReader
from mammo.text import Estimate
from mammo.ui.reading.results import file_name

MODELS = [EvaluatedModel("mobilenetv2", "MobileNetV2", {"youden": 0.45})]
PLAN = RoundPlan(10, 3, balanced=True)
RATINGS = [80, 20, 55, 50, 10, 90, 35, 50, 65, 5]


@pytest.fixture(scope="module")
def cases(tiny_artifacts) -> RoundCases:  # type: ignore[no-untyped-def]
    table = load_cases(tiny_artifacts)
    return round_cases(draw_round(PLAN, table, ()), table, MODELS)


def test_a_small_round_is_warned_of_with_the_interval_that_proves_it(cases: RoundCases) -> None:
    sentence = wording.too_small(Estimate(0.7, 0.45, 0.9), cases)
    assert sentence.startswith("5 malignant and 5 benign cases are too few")
    assert "the 95% CI of the AUC is 0.45 to 0.90" in sentence and "chance" in sentence
    needed = math.ceil(10 * (0.225 / 0.05) ** 2)
    assert f"About {needed} such cases" in sentence
    assert "chance" not in wording.too_small(Estimate(0.8, 0.6, 0.95), cases)
    assert wording.too_small(Estimate(0.8, 0.75, 0.85), cases) == ""


def test_the_table_has_a_row_for_everybody(cases: RoundCases) -> None:
    table = wording.standings_table(standings(cases, RATINGS, 40), cases, 40)
    assert table["Who"].tolist() == ["You", "MobileNetV2", "Radiologists (recorded)"]
    assert table["Threshold"].tolist() == [
        "rating 40", "45% (balanced)", "BI-RADS 4 or 5 (biopsy)",
    ]  # fmt: skip
    assert table["AUC, you minus them"][0] == "" and "to" in table["AUC, you minus them"][1]


def test_the_roc_goes_through_everybodys_own_points(cases: RoundCases) -> None:
    found = standings(cases, RATINGS, 50)
    figure = roc_figure(found, cases)
    points = [trace for trace in figure.data if trace.mode == "markers"]
    assert len(points) == 3
    flagged = np.array(RATINGS) >= 50
    reader = points[-1]
    assert reader.y[0] == flagged[cases.labels].mean()
    assert reader.x[0] == pytest.approx(flagged[~cases.labels].mean())


def test_a_room_is_drawn_reader_by_reader_and_names_cannot_be_markup(cases: RoundCases) -> None:
    readings = tuple(Reading(rating, 1.0) for rating in RATINGS)
    names = ["Ada", "<a href='x'>%{x}"]
    room = Room(PLAN, tuple(RoomReader(name, Record(PLAN, readings)) for name in names), ())
    score = score_room(cases, room, 50)
    figure = room_figure(score, names, cases)
    assert sum(trace.legendgroup == "readers" for trace in figure.data) == 2
    assert "<a" not in figure.to_json() and "%{x}" not in figure.data[2].hovertemplate
    rows = room_auc_figure(score, names, cases).layout.yaxis.ticktext
    assert list(rows[:3]) == ["Radiologists (recorded)", "MobileNetV2", "Mean of the readers"]


def test_ratings_are_drawn_with_what_advice_made_of_them(cases: RoundCases) -> None:
    figure = case_figure(RATINGS, [50] * 10, cases.labels.tolist(), 50)
    assert sum(len(trace.x) for trace in figure.data) == 10
    assert len(figure.layout.annotations) == 10
    malignant = next(trace for trace in figure.data if trace.name == "malignant")
    assert [RATINGS[int(place) - 1] for place in malignant.x] == list(malignant.y)


def test_a_files_name_holds_nothing_that_a_disk_would_refuse() -> None:
    assert file_name("T5N-1-AA", "../a:b\\c") == "mammo-round-T5N-1-AA-a-b-c.csv"


def test_another_reader_is_called_by_name(cases: RoundCases) -> None:
    found = standings(cases, RATINGS, 40)
    table = wording.standings_table(found, cases, 40, "Ada")
    assert table["Who"][0] == "Ada" and "Agreement with Ada (kappa)" in table.columns
    mine = wording.standings_table(found, cases, 40)
    assert "Agreement with you (kappa)" in mine.columns
    effect = advice_effect(cases, RATINGS, RATINGS)
    assert "After the advice, Ada changed 0 ratings" in wording.advice_sentences(effect, "Ada")[0]


@pytest.mark.parametrize("name", ["<b>Ada</b> %{x}", "<>"])
def test_a_readers_name_cannot_be_markup_in_a_figure(cases: RoundCases, name: str) -> None:
    figure = roc_figure(standings(cases, RATINGS, 50), cases, name)
    assert not any("<" in (trace.name or "") for trace in figure.data)
    assert not any(name in (trace.hovertemplate or "") for trace in figure.data)


def test_one_rating_changed_by_the_advice_is_told_as_one(cases: RoundCases) -> None:
    second = [RATINGS[0] + 10, *RATINGS[1:]]
    said = wording.advice_sentences(advice_effect(cases, RATINGS, second))[0]
    assert said.startswith("After the advice, you changed 1 rating:")
    assert said.endswith("The mean change per case is 1 point.")
