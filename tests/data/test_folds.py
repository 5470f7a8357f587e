"""Folds hold whole patients and about equal shares of malignant lesions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo.data.splits import patient_folds
from mammo.errors import DataError


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_no_patient_stands_in_two_folds(seed, folds):
    random = np.random.default_rng(seed)
    patients = random.integers(0, 60, 200).astype(str)
    labels = np.r_[random.integers(0, 2, 160), np.zeros(20, int), np.ones(20, int)]
    dealt = patient_folds(labels, patients, folds, seed)
    assert set(dealt) == set(range(folds))
    for patient in np.unique(patients):
        assert len(np.unique(dealt[patients == patient])) == 1


def test_the_seed_decides():
    labels, patients = np.tile([0, 1], 50), np.repeat(np.arange(50), 2).astype(str)
    first, again, other = (patient_folds(labels, patients, 5, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_too_few_patients_of_a_class_are_refused():
    with pytest.raises(DataError, match=r"5 folds.*malignant.*Received: 2"):
        patient_folds(np.r_[np.zeros(20, int), 1, 1], np.arange(22).astype(str), 5, 0)
