"""Crops, lesions and patients: pooling against loops."""

import numpy as np
import pytest

from mammo.errors import DataError, SettingsError
from mammo.evaluation import group_units
from tests.evaluation.conftest import Clustered


def test_a_lesion_is_the_mean_of_its_views_logits(clustered: Clustered) -> None:
    units = group_units("lesion", clustered.labels, clustered.patients, clustered.lesions)
    pooled = units.pool(clustered.p)
    for name, p, label in zip(units.ids, pooled, units.labels, strict=True):
        views = clustered.p[clustered.lesions == name]
        mean = np.mean(np.log(views / (1 - views)))
        assert p == pytest.approx(1 / (1 + np.exp(-mean)))
        assert label == clustered.labels[clustered.lesions == name].any()


def test_more_views_than_one_are_read_by_the_models_line() -> None:
    units = group_units("lesion", [1, 1, 0], ["a", "a", "b"], ["a1", "a1", "b1"])
    mean = np.log([0.2 / 0.8, 0.9 / 0.1]).mean()
    expected = [1 / (1 + np.exp(-(1.5 * mean - 0.3))), 0.4]
    assert units.pool([0.2, 0.9, 0.4], (1.5, -0.3)) == pytest.approx(expected)


def test_a_patient_is_her_highest_lesion(clustered: Clustered) -> None:
    lesions = group_units("lesion", clustered.labels, clustered.patients, clustered.lesions)
    patients = group_units("patient", clustered.labels, clustered.patients, clustered.lesions)
    by_lesion, pooled = lesions.pool(clustered.p), patients.pool(clustered.p)
    assert patients.ids.size == np.unique(clustered.patients).size
    for name, p, label in zip(patients.ids, pooled, patients.labels, strict=True):
        assert p == pytest.approx(by_lesion[lesions.patients == name].max())
        assert label == clustered.labels[clustered.patients == name].any()


def test_a_crop_is_itself(clustered: Clustered) -> None:
    units = group_units("crop", clustered.labels, clustered.patients, clustered.lesions)
    np.testing.assert_array_equal(units.pool(clustered.p), clustered.p)
    np.testing.assert_array_equal(units.members, np.arange(clustered.n))


def test_members_lead_back_to_the_crops(clustered: Clustered) -> None:
    units = group_units("lesion", clustered.labels, clustered.patients, clustered.lesions)
    np.testing.assert_array_equal(units.ids[units.members], clustered.lesions)
    np.testing.assert_array_equal(units.patients[units.members], clustered.patients)


def test_views_that_conflict_make_a_malignant_lesion() -> None:
    units = group_units("lesion", [0, 1], ["P_00419"] * 2, ["P_00419_LEFT_1"] * 2)
    assert units.labels.tolist() == [True]


def test_lesion_numbers_of_another_hospital_stay_apart() -> None:
    units = group_units("lesion", [0, 1, 1], ["a", "b", "b"], [1, 1, 2])
    assert units.ids.tolist() == ["a 1", "b 1", "b 2"]
    assert units.labels.tolist() == [False, True, True]


def test_certain_views_are_pooled_without_infinities() -> None:
    units = group_units("lesion", [1, 1], ["a", "a"], ["a1", "a1"])
    assert units.pool([0.0, 1.0]).tolist() == pytest.approx([0.5])


def test_order_is_of_first_appearance() -> None:
    units = group_units("patient", [0, 1, 0], ["z", "a", "z"], ["z1", "a1", "z2"])
    assert units.ids.tolist() == ["z", "a"]
    assert units.pool_highest([1, 5, 3]).tolist() == [3, 5]


def test_bad_input_gets_a_sentence() -> None:
    with pytest.raises(SettingsError, match="'crop', 'lesion' or 'patient', received 'film'"):
        group_units("film", [0], ["a"], ["a1"])  # type: ignore[arg-type]
    with pytest.raises(DataError, match="1 cases have no lesion"):
        group_units("lesion", [0], ["a"], [None])
    with pytest.raises(DataError, match="expected 1 patient names"):
        group_units("lesion", [0], ["a", "b"], ["a1"])
    with pytest.raises(DataError, match="probabilities from 0 to 1"):
        group_units("crop", [0], ["a"], ["a1"]).pool([1.5])
