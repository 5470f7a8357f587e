"""Class-conditional conformal sets: the bounds by hand, and the promise by simulation."""

import numpy as np
import pytest

from mammo.evaluation import PatientBootstrap
from mammo.evaluation.conformal import SET_FIGURES, conformal_bounds, set_figures


def test_bounds_leave_out_the_tenth_that_fits_least() -> None:
    """Of 19 cases the rank is ceil(0.9 * 20) = 18: one of them lies outside."""
    p = np.arange(1, 20) / 20
    both = conformal_bounds([1] * 19 + [0] * 19, [*p, *p], range(38))
    assert both == {"malignant_from": pytest.approx(0.10), "benign_up_to": pytest.approx(0.90)}


def test_too_few_patients_leave_every_label_in_every_set() -> None:
    assert conformal_bounds([1, 0] * 8, [0.9, 0.1] * 8, range(16)) == {
        "malignant_from": 0.0, "benign_up_to": 1.0,
    }  # fmt: skip


def test_many_crops_of_one_patient_move_a_bound_no_more_than_one() -> None:
    p, patients = list(np.linspace(0.5, 0.9, 30)), [f"m{number}" for number in range(30)]
    alone = conformal_bounds([1] * 31 + [0] * 30, [*p, 0.01, *p], [*patients, "x", *patients])
    crowd = conformal_bounds(
        [1] * 50 + [0] * 30, [*p, *[0.01] * 20, *p], [*patients, *["x"] * 20, *patients]
    )
    assert alone == crowd and alone["malignant_from"] > 0.5


def test_new_patients_are_covered_by_class_whatever_the_model_is_worth() -> None:
    random = np.random.default_rng(3)
    held = []
    for _ in range(200):
        labels = random.random(400) < 0.3
        p = np.clip(random.normal(0.4 + 0.1 * labels, 0.2), 0, 1)
        patients = np.arange(400) // 2  # of two crops each, alike
        p += np.repeat(random.normal(0, 0.05, 200), 2)
        p = np.clip(p, 0, 1)
        old = np.arange(400) < 300
        bounds = tuple(conformal_bounds(labels[old], p[old], patients[old]).values())
        new = labels[~old], p[~old], bounds, PatientBootstrap(patients[~old], resamples=100)
        figures = set_figures(*new, among=np.ones(100, bool))
        assert tuple(figures) == SET_FIGURES
        held.append([figures[name].value for name in SET_FIGURES[:2]])
    assert np.mean(held, axis=0) == pytest.approx([0.9, 0.9], abs=0.015)
