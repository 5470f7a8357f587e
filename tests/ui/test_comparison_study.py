"""What the comparison page knows of a unit: `pytest tests/ui/test_comparison_study.py`."""

import numpy as np
import pytest

from mammo.errors import DataError
from mammo.evaluation import UNITS, Unit, evaluate
from mammo.evaluation.comparison import build_study
from tests.ui.comparison_studies import MODELS, study_of, tiny_cases, tiny_study


@pytest.mark.parametrize("unit", UNITS)
def test_figures_are_those_of_the_command(unit: Unit) -> None:
    study = tiny_study(unit)
    split = evaluate(tiny_cases(), MODELS, unit, resamples=200).splits["test"]
    assert study.split.headline == split.headline
    for name, model in split.models.items():
        assert study.split.models[name].metrics == model.metrics
        for key, point in model.points.items():
            again = study.point(name, MODELS[0].thresholds[key], 0.286)
            assert again.confusion == point.confusion
            assert str(again.rates) == str(point.rates)
            assert str(again.clinics[0]) == str(point.clinics[1])
    assert study.readers is not None and split.radiologists is not None
    assert str(study.readers.point(0.5).rates) == str(split.radiologists.biopsy.rates)


@pytest.mark.parametrize("unit", UNITS)
def test_every_case_has_a_row_and_its_crops(unit: Unit) -> None:
    study = tiny_study(unit)
    assert study.cases["Case"].tolist() == study.sample.units.ids.tolist()
    test_rows = tiny_cases().query("split == 'test'")
    crops = [crop for group in study.cases["Crops"] for crop in group]
    assert sorted(crops) == sorted(test_rows["case_id"])


def test_crops_without_a_score_are_left_out_with_a_note() -> None:
    cases = tiny_cases()
    row = cases.index[cases["split"] == "test"][3]
    cases.loc[row, "mobilenetv2_p"] = np.nan
    study = study_of(cases)
    assert study.labels.size == len(study.cases) == 23
    assert cases.loc[row, "case_id"] not in study.cases["Case"].tolist()
    assert any("1 of 24 crops have no score of MobileNetV2" in note for note in study.notes)


def test_a_model_without_any_score_is_left_out_with_a_note() -> None:
    cases = tiny_cases()
    cases["simple_cnn_p"] = np.nan
    study = study_of(cases)
    assert [model.name for model in study.models] == ["mobilenetv2"]
    assert any("Simple CNN" in note for note in study.notes)


def test_no_score_at_all_is_a_sentence() -> None:
    cases = tiny_cases()
    cases[["simple_cnn_p", "mobilenetv2_p"]] = np.nan
    with pytest.raises(DataError):
        study_of(cases)


def test_no_test_row_is_a_sentence() -> None:
    cases = tiny_cases()
    with pytest.raises(DataError, match="received none: train with data"):
        study_of(cases[cases["split"] == "train"])


def test_one_class_says_so_and_computes_on() -> None:
    cases = tiny_cases()
    cases = cases[cases["label"] == 1]
    study = study_of(cases)
    assert not study.has_both_classes
    assert "nothing can be said" in study.split.headline
    assert np.isnan(study.point("simple_cnn", 0.5, 0.1).rates["specificity"].value)


def test_no_assessment_means_no_radiologists() -> None:
    cases = tiny_cases()
    cases["assessment"] = cases["assessment"].mask(cases["assessment"].notna())
    assert study_of(cases).readers is None


def test_some_assessments_missing_leave_the_others() -> None:
    cases = tiny_cases()
    rows = cases.index[cases["split"] == "test"][:4]
    cases.loc[rows, "assessment"] = None
    study = study_of(cases)
    assert study.readers is not None and study.readers.labels.size == 20


def test_one_model_alone_is_a_study() -> None:
    study = build_study(tiny_cases(), MODELS[1:], "lesion", resamples=100)
    assert list(study.bands) == ["mobilenetv2"]
    assert "MobileNetV2 gives" in study.split.headline
