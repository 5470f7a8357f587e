"""The leak check: planted leaks are found, turned and toned too, and clean data are clean."""

import cv2
import numpy as np
import pandas as pd
import pytest

from mammo.data.splits import find_leaks, near_duplicates
from mammo.data.table import load_crops, read_pixels


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
    report = find_leaks(table(30, 10), noise(40))
    assert report.clean and report.compared == 300


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
    assert report.patients == ("p1",) and report.films == ("1.2.0",) and not report.clean


def test_flat_pictures_and_empty_splits_are_no_duplicates() -> None:
    flat = np.full((3, 64, 64), 9, dtype=np.uint8)
    assert near_duplicates(flat, flat) == []
    assert near_duplicates(flat[:0], flat) == []
    missing = table(1, 1).assign(film_series_uid=None)
    assert find_leaks(missing, noise(2)).clean


def test_the_real_crops_hold_no_leak(real_crops) -> None:
    rows = load_crops(real_crops)
    report = find_leaks(rows, read_pixels(rows))
    assert report.patients == () and report.duplicates == ()
