"""Cases, tables and words of the comparison page: `pytest tests/ui/test_comparison_cases.py`."""

import csv
import io

import numpy as np
import pytest

from mammo import text as words
from mammo.evaluation import UNITS, Unit, confusion_at, mcnemar, predictive_values
from mammo.evaluation.comparison import Share
from mammo.plots.comparison import subgroup_table
from mammo.ui.comparison import rates
from mammo.ui.comparison.disagreement import places_of
from mammo.ui.kit import wording
from mammo.ui.kit.table import agreement, csv_of, farthest_apart, outcomes, worst_first
from tests.ui.comparison_studies import study_of, tiny_cases, tiny_study


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.45, 1.0])
@pytest.mark.parametrize("unit", UNITS)
def test_cells_hold_what_the_matrix_counts(unit: Unit, threshold: float) -> None:
    study = tiny_study(unit)
    p = study.sample.p["mobilenetv2"]
    cells = outcomes(study.labels, study.flagged("mobilenetv2", threshold))
    table = confusion_at(study.labels, p, threshold)
    assert [int(cell.sum()) for cell in cells.values()] == [
        table.true_positive, table.false_negative, table.false_positive, table.true_negative,
    ]  # fmt: skip
    assert np.sum(list(cells.values()), axis=0).tolist() == [1] * study.labels.size


def test_groups_of_agreement_are_what_mcnemar_counts() -> None:
    study = tiny_study()
    flags = study.flagged("simple_cnn", 0.3), study.flagged("mobilenetv2", 0.45)
    groups, test = agreement(study.labels, *flags), mcnemar(study.labels, *flags)
    assert groups["only_first"].sum() == test.only_first_right
    assert groups["only_second"].sum() == test.only_second_right
    assert np.sum(list(groups.values()), axis=0).tolist() == [1] * study.labels.size


def test_missed_cases_come_lowest_first_and_false_alarms_highest_first() -> None:
    study = tiny_study()
    p = study.sample.p["simple_cnn"]
    cells = outcomes(study.labels, study.flagged("simple_cnn", 0.45))
    missed = p[worst_first(cells["missed"], study.labels, p)]
    alarms = p[worst_first(cells["false_alarm"], study.labels, p)]
    assert missed.tolist() == sorted(missed)
    assert alarms.tolist() == sorted(alarms, reverse=True)


def test_disagreement_comes_farthest_apart_first() -> None:
    study = tiny_study()
    one, other = study.sample.p.values()
    gaps = np.abs(one - other)[farthest_apart(study.labels, one, other)]
    assert gaps.tolist() == sorted(gaps, reverse=True) and gaps.size == study.labels.sum()


def test_a_lesion_lists_its_films_and_each_descriptor_once() -> None:
    row = tiny_study("lesion").cases.iloc[0]
    assert row["Films"] == "L CC / L MLO"
    assert row["Recorded"] == "benign"
    assert len(row["Crops"]) == 2


def test_missing_descriptors_say_so() -> None:
    cases = tiny_cases()
    for column in ("mass_shape", "breast_density", "assessment", "subtlety", "laterality"):
        cases[column] = cases[column].mask(cases[column].notna())
    row = study_of(cases).cases.iloc[0]
    assert row["Shape"] == row["Density"] == row["BI-RADS"] == "not recorded"
    assert row["Films"] == "CC"


def test_each_csv_carries_the_notice_in_every_row() -> None:
    study = tiny_study()
    points = {model.title: study.point(model.name, 0.45, 0.1) for model in study.models}
    tables = (
        study.cases,
        rates.rates_export(points, study),
        rates.scores_export(study),
        subgroup_table(study),
    )
    for table in tables:
        rows = list(csv.DictReader(io.StringIO(csv_of(table).decode("utf-8"))))
        assert len(rows) == len(table)
        assert {row["notice"] for row in rows} == {words.NOTICE_SHORT}


def test_the_csv_of_cases_names_the_thresholds_in_force() -> None:
    table = tiny_study().cases.iloc[[0]]
    text = csv_of(table, {"Simple CNN": Share("own", 0.3)}).decode("utf-8")
    assert next(csv.DictReader(io.StringIO(text)))["Simple CNN threshold"] == "0.3000"


def test_ppv_and_npv_are_those_at_the_chosen_prevalence() -> None:
    study = tiny_study()
    point = study.point("mobilenetv2", 0.45, 0.044)
    figures = rates.figures_of(point)
    ppv, npv = predictive_values(
        point.rates["sensitivity"].value, point.rates["specificity"].value, 0.044
    )
    assert figures["ppv"].value == pytest.approx(ppv)
    assert figures["npv"].value == pytest.approx(npv)


@pytest.mark.parametrize("prevalence", [0.0, 1.0])
@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_every_end_of_every_slider_has_a_table(threshold: float, prevalence: float) -> None:
    study = tiny_study()
    points = {"one": study.point("simple_cnn", threshold, prevalence)}
    table = rates.rates_table(points)
    assert len(table) == len(rates.RATES)
    assert "nan" not in " ".join(table["one"])
    assert "inf" not in " ".join(table["one"])
    rates.rates_export(points, study)


def test_scores_name_the_radiologists_where_they_have_one() -> None:
    table = rates.scores_table(tiny_study()).set_index("Figure")
    assert table.loc["AUC", "Radiologists"].startswith("0.")
    assert table.loc["Brier score", "Radiologists"] == ""
    assert len(rates.difference_sentences(tiny_study())) == 3


def test_sentences_count_in_the_right_number() -> None:
    study = tiny_study("lesion")
    sentence = wording.cell_sentence("Simple CNN", "missed", 1, study)
    assert "1 lesion (malignant, not flagged)" in sentence
    assert "2 lesions" in wording.cell_sentence("Simple CNN", "missed", 2, study)
    assert "12 lesions of 9 patients" in rates.counts_sentence(study)


def test_who_disagrees_and_who_is_right_in_a_sentence() -> None:
    study = tiny_study()
    flags = study.flagged("simple_cnn", 0.45), study.flagged("mobilenetv2", 0.45)
    counts = {name: int(cases.sum()) for name, cases in agreement(study.labels, *flags).items()}
    sentence = wording.disagreement_sentence(study, counts, mcnemar(study.labels, *flags))
    assert "disagree on 7 of 24 crops: MobileNetV2 is right in 5, Simple CNN in 2" in sentence
    assert "p = 0.45" in sentence
    same = {"only_first": 0, "only_second": 0, "both_wrong": 4, "both_right": 20}
    alike = wording.disagreement_sentence(study, same, mcnemar(study.labels, flags[0], flags[0]))
    assert "never disagree" in alike


def test_selected_points_that_are_no_cases_are_passed_over() -> None:
    points = [{"customdata": [2]}, {"customdata": 0}, {"customdata": None}, {"customdata": "x"}]
    assert places_of(points, 3) == [2, 0]
    assert places_of([{"customdata": -1}, {"customdata": 3}], 3) == []
