"""Cases, tables and words of the comparison page: `pytest tests/ui/test_comparison_cases.py`."""

import csv
import io

import numpy as np
import pytest

from mammo import text as words
from mammo.evaluation import UNITS, Unit, mcnemar, operating_point, tables
from mammo.evaluation.operating import clinic_figures
from mammo.ui.comparison import overview, thresholds
from mammo.ui.comparison.thresholds import disagreement_sentence, places_of
from mammo.ui.kit.cases import agreement, farthest_apart, outcomes
from mammo.ui.kit.widgets import csv_of
from tests.ui.comparison_studies import split_of, tiny_cases, tiny_split


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.45, 1.0])
@pytest.mark.parametrize("unit", UNITS)
def test_cells_hold_what_the_matrix_counts(unit: Unit, threshold: float) -> None:
    split = tiny_split(unit)
    p = split.models["mobilenetv2"].scores.suspicion
    cells = outcomes(split.labels, split.models["mobilenetv2"].flagged(threshold))
    bootstrap = split.models["mobilenetv2"].scores.bootstrap
    table = operating_point(split.labels, p, threshold, bootstrap).confusion
    assert [int(cell.sum()) for cell in cells.values()] == [
        table.true_positive, table.false_negative, table.false_positive, table.true_negative,
    ]  # fmt: skip
    assert np.sum(list(cells.values()), axis=0).tolist() == [1] * split.labels.size


def test_groups_of_agreement_are_what_mcnemar_counts() -> None:
    split = tiny_split()
    flags = split.models["simple_cnn"].flagged(0.3), split.models["mobilenetv2"].flagged(0.45)
    groups, test = agreement(split.labels, *flags), mcnemar(split.labels, *flags)
    assert groups["only_first"].sum() == test.only_first_right
    assert groups["only_second"].sum() == test.only_second_right
    assert np.sum(list(groups.values()), axis=0).tolist() == [1] * split.labels.size


def test_missed_cases_come_lowest_first_and_false_alarms_highest_first() -> None:
    split = tiny_split()
    p = split.models["simple_cnn"].scores.suspicion
    cells = outcomes(split.labels, split.models["simple_cnn"].flagged(0.45))
    missed = p[farthest_apart(cells["missed"], split.labels, p)]
    alarms = p[farthest_apart(cells["false_alarm"], split.labels, p)]
    assert missed.tolist() == sorted(missed)
    assert alarms.tolist() == sorted(alarms, reverse=True)


def test_disagreement_comes_farthest_apart_first() -> None:
    split = tiny_split()
    one, other = (model.scores.suspicion for model in split.models.values())
    gaps = np.abs(one - other)[farthest_apart(split.labels, one, other)]
    assert gaps.tolist() == sorted(gaps, reverse=True) and gaps.size == split.labels.sum()


def test_a_lesion_lists_its_films_and_each_descriptor_once() -> None:
    row = tables.cases(tiny_split("lesion")).iloc[0]
    assert row["Films"] == "L CC / L MLO"
    assert row["Recorded"] == "benign"
    assert len(row["Crops"]) == 2


def test_missing_descriptors_say_so() -> None:
    cases = tiny_cases()
    for column in ("mass_shape", "breast_density", "assessment", "subtlety", "laterality"):
        cases[column] = cases[column].mask(cases[column].notna())
    row = tables.cases(split_of(cases)).iloc[0]
    assert row["Shape"] == row["Density"] == row["BI-RADS"] == "not recorded"
    assert row["Films"] == "CC"


def test_each_csv_carries_the_notice_in_every_row() -> None:
    split = tiny_split()
    points = thresholds.points_of(split, dict.fromkeys(split.models, 0.45), 0.1)
    frames = (
        tables.cases(split),
        thresholds.rates_export(points, split),
        overview.scores_export(split),
        tables.subgroup_figures(split),
    )
    for table in frames:
        rows = list(csv.DictReader(io.StringIO(csv_of(table).decode("utf-8"))))
        assert len(rows) == len(table)
        assert {row["notice"] for row in rows} == {words.NOTICE_SHORT}


def test_the_csv_of_cases_names_the_thresholds_in_force() -> None:
    table = tables.cases(tiny_split()).iloc[[0]]
    text = csv_of(table, {"Simple CNN": 0.3}).decode("utf-8")
    assert next(csv.DictReader(io.StringIO(text)))["Simple CNN threshold"] == "0.3000"


def test_ppv_and_npv_are_those_at_the_chosen_prevalence() -> None:
    split = tiny_split()
    point = split.models["mobilenetv2"].scores.point(0.45, 0.044)
    figures = thresholds.figures_of(point)
    rates = (point.rates[name].value for name in ("sensitivity", "specificity"))
    expected = clinic_figures(*rates, 0.044)
    assert figures["ppv"].value == pytest.approx(float(expected["ppv"]))
    assert figures["npv"].value == pytest.approx(float(expected["npv"]))


@pytest.mark.parametrize("prevalence", [0.0, 1.0])
@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_every_end_of_every_slider_has_a_table(threshold: float, prevalence: float) -> None:
    split = tiny_split()
    points = {"one": split.models["simple_cnn"].scores.point(threshold, prevalence)}
    table = thresholds.rates_table(points)
    assert len(table) == len(thresholds.RATES)
    assert "nan" not in " ".join(table["one"])
    assert "inf" not in " ".join(table["one"])
    thresholds.rates_export(points, split)


def test_scores_name_the_radiologists_where_they_have_one() -> None:
    table = overview.scores_table(tiny_split()).set_index("Figure")
    assert table.loc["AUC", "Radiologists"].startswith("0.")
    assert table.loc["Brier score", "Radiologists"] == ""
    assert len(overview.difference_sentences(tiny_split())) == 3


def test_sentences_count_in_the_right_number() -> None:
    split = tiny_split("lesion")
    assert thresholds.cell_sentence("missed", 1, split).startswith("1 lesion: malignant, ")
    assert "2 lesions" in thresholds.cell_sentence("missed", 2, split)
    assert "12 lesions of 9 patients" in overview.counts_sentence(split)


def test_who_disagrees_and_who_is_right_in_a_sentence() -> None:
    split = tiny_split()
    flags = split.models["simple_cnn"].flagged(0.45), split.models["mobilenetv2"].flagged(0.45)
    counts = {name: int(cases.sum()) for name, cases in agreement(split.labels, *flags).items()}
    sentence = disagreement_sentence(split, counts, mcnemar(split.labels, *flags))
    assert "disagree on 7 of 24 crops. MobileNetV2 is right in 5, Simple CNN in 2" in sentence
    assert "p = 0.45" in sentence
    same = {"only_first": 0, "only_second": 0, "both_wrong": 4, "both_right": 20}
    alike = disagreement_sentence(split, same, mcnemar(split.labels, flags[0], flags[0]))
    assert "agree on all 24 crops" in alike


def test_selected_points_that_are_no_cases_are_passed_over() -> None:
    points = [{"customdata": [2]}, {"customdata": 0}, {"customdata": None}, {"customdata": "x"}]
    assert places_of(points, 3) == [2, 0]
    assert places_of([{"customdata": -1}, {"customdata": 3}], 3) == []
