"""The evaluated test split of the comparison page: `pytest tests/ui/test_comparison_study.py`."""

import numpy as np
import pytest

from mammo.errors import DataError
from mammo.evaluation import UNITS, Unit, evaluate, tables
from mammo.evaluation.subgroups import BIOPSY_SUSPICION
from mammo.ui.kit.cases import evaluate_test_split
from tests.ui.comparison_studies import MODELS, evaluation_of, split_of, tiny_cases, tiny_split


@pytest.mark.parametrize("unit", UNITS)
def test_figures_are_those_of_the_command(unit: Unit) -> None:
    split = tiny_split(unit)
    command = evaluate(tiny_cases(), MODELS, unit, resamples=200).splits["test"]
    assert split.headline == command.headline
    for name, model in command.models.items():
        assert model.metrics.items() - split.models[name].metrics.items() == {
            ("ece_at_own_prevalence", model.metrics["ece_at_own_prevalence"])
        }  # the command alone prints it
        assert split.models[name].metrics.items() <= model.metrics.items()
        for key, point in model.points.items():
            again = split.models[name].scores.point(MODELS[0].thresholds[key], 0.286)
            assert again.confusion == point.confusion
            assert str(again.rates) == str(point.rates)
            assert str(again.clinics[0]) == str(point.clinics[1])
    assert split.radiologists is not None
    biopsy = split.radiologists.scores.point(BIOPSY_SUSPICION, 0.5)
    assert str(biopsy.rates) == str(split.radiologists.biopsy.rates)


@pytest.mark.parametrize("unit", UNITS)
def test_every_case_has_a_row_and_its_crops(unit: Unit) -> None:
    split = tiny_split(unit)
    cases = tables.cases(split)
    assert cases["Case"].tolist() == split.sample.units.ids.tolist()
    test_rows = tiny_cases().query("split == 'test'")
    crops = [crop for group in cases["Crops"] for crop in group]
    assert sorted(crops) == sorted(test_rows["case_id"])


def test_crops_without_a_score_are_left_out_with_a_note() -> None:
    cases = tiny_cases()
    row = cases.index[cases["split"] == "test"][3]
    cases.loc[row, "mobilenetv2_p"] = np.nan
    evaluation = evaluation_of(cases)
    table = tables.cases(evaluation.splits["test"])
    assert evaluation.splits["test"].labels.size == len(table) == 23
    assert cases.loc[row, "case_id"] not in table["Case"].tolist()
    assert any("1 of 24 crops have no score of MobileNetV2" in note for note in evaluation.notes)


def test_a_model_without_any_score_is_left_out_with_a_note() -> None:
    cases = tiny_cases()
    cases["simple_cnn_p"] = np.nan
    evaluation = evaluation_of(cases)
    assert list(evaluation.splits["test"].models) == ["mobilenetv2"]
    assert any("Simple CNN" in note for note in evaluation.notes)


def test_no_score_at_all_is_a_sentence() -> None:
    cases = tiny_cases()
    cases[["simple_cnn_p", "mobilenetv2_p"]] = np.nan
    with pytest.raises(DataError):
        split_of(cases)


def test_no_test_row_is_a_sentence() -> None:
    cases = tiny_cases()
    with pytest.raises(DataError, match="received none: train with data"):
        split_of(cases[cases["split"] == "train"])


def test_one_class_says_so_and_computes_on() -> None:
    cases = tiny_cases()
    cases = cases[cases["label"] == 1]
    split = split_of(cases)
    assert not split.has_both_classes
    assert "discrimination cannot be measured" in split.headline
    point = split.models["simple_cnn"].scores.point(0.5, 0.1)
    assert np.isnan(point.rates["specificity"].value)


def test_no_assessment_means_no_radiologists() -> None:
    cases = tiny_cases()
    cases["assessment"] = cases["assessment"].mask(cases["assessment"].notna())
    assert split_of(cases).radiologists is None


def test_some_assessments_missing_leave_the_others() -> None:
    cases = tiny_cases()
    rows = cases.index[cases["split"] == "test"][:4]
    cases.loc[rows, "assessment"] = None
    split = split_of(cases)
    assert split.radiologists is not None and split.radiologists.scores.labels.size == 20


def test_one_model_alone_is_evaluated() -> None:
    evaluation = evaluate_test_split(tiny_cases(), MODELS[1:], "lesion", resamples=100)
    assert list(evaluation.splits["test"].models) == ["mobilenetv2"]
    assert "MobileNetV2 gives" in evaluation.splits["test"].headline
