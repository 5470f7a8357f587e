"""Folds hold whole patients and equal shares of malignant lesions; leaks are found."""

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo.data.splits import LeakReport, find_leaks, patient_folds
from mammo.data.table import load_crops, read_pixels
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


def noise(count: int, seed: int = 0, side: int = 64) -> np.ndarray:
    random = np.random.default_rng(seed)
    rough = random.integers(0, 256, (count, 8, 8)).astype(np.uint8)
    return np.stack([cv2.resize(one, (side, side), interpolation=cv2.INTER_CUBIC) for one in rough])


def table(train: int, test: int) -> pd.DataFrame:
    count = train + test
    return pd.DataFrame(
        {
            "split": ["train"] * train + ["test"] * test,
            "patient_id": [f"p{number}" for number in range(count)],
            "film_series_uid": [f"1.2.{number}" for number in range(count)],
        }
    )


def test_clean_data_are_clean() -> None:
    assert find_leaks(table(30, 10), noise(40)) == LeakReport((), (), (), 300)


@pytest.mark.parametrize(
    ("change", "turned"),
    [
        (lambda crop: crop, False),
        (lambda crop: (crop * 0.7 + 20).astype(np.uint8), False),
        (np.rot90, True),
        (lambda crop: crop[:, ::-1], True),
        (lambda crop: cv2.resize(cv2.resize(crop, (40, 40)), (64, 64)), False),
    ],
)
def test_the_same_picture_is_found_however_it_was_changed(change, turned) -> None:
    crops = noise(40)
    crops[35] = change(crops[4])
    (found,) = find_leaks(table(30, 10), crops).duplicates
    assert (found.train_row, found.test_row, found.turned) == (4, 35, turned)
    assert found.correlation > 0.97


def test_shared_patients_and_films_are_named() -> None:
    rows = table(3, 2)
    rows.loc[4, "patient_id"] = "p1"
    rows.loc[3, "film_series_uid"] = "1.2.0"
    report = find_leaks(rows, noise(5))
    assert report.patients == ("p1",) and report.films == ("1.2.0",)


def test_flat_pictures_and_empty_splits_are_no_duplicates() -> None:
    flat = np.full((3, 64, 64), 9, dtype=np.uint8)
    assert find_leaks(table(2, 1), flat) == LeakReport((), (), (), 2)
    assert find_leaks(table(0, 3), flat) == LeakReport((), (), (), 0)
    missing = table(1, 1).assign(film_series_uid=None)
    assert find_leaks(missing, noise(2)) == LeakReport((), (), (), 1)


def test_the_real_crops_hold_no_leak(real_crops) -> None:
    rows = load_crops(real_crops)
    report = find_leaks(rows, read_pixels(rows))
    assert report.patients == () and report.duplicates == ()
