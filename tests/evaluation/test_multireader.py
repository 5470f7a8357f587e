"""Readers and cases as samples: published figures, and how often the test errs."""

import math

import numpy as np
import pytest

from mammo.evaluation import RandomReaders, random_readers, readers_minus
from mammo.evaluation.delong import auc_covariance

# The Van Dyke data: 5 readers, 114 patients, spin-echo against cine MRI of the aorta. As printed by
# OR-DBM MRMC 2.51 (Schartz, Hillis, Pesce, Berbaum; University of Iowa), trapezoidal AUC,
# jackknife; also in S. L. Hillis (2007), Statistics in Medicine 26:596-619.
SPIN_ECHO = [0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066]
CINE = [0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169]
COV1, COV2, COV3, ERROR = 0.00034661, 0.00034407, 0.00023903, 0.00080229


def van_dyke() -> RandomReaders:
    """Compare the two treatments from the published AUCs and covariances."""
    difference_error, difference_shared = 2 * (ERROR - COV1), 2 * (COV2 - COV3)
    table = np.full((5, 5), difference_shared)
    np.fill_diagonal(table, difference_error)
    return random_readers(np.subtract(SPIN_ECHO, CINE), table)


def test_two_treatments_of_the_van_dyke_data() -> None:
    found = van_dyke()
    assert found.mean.value == pytest.approx(-0.04380, abs=5e-6)
    assert (found.mean.low, found.mean.high) == pytest.approx((-0.08796, 0.00036), abs=1e-5)
    assert found.df == pytest.approx(15.26, abs=5e-3)
    assert found.t == pytest.approx(-2.11, abs=5e-3) and found.t**2 == pytest.approx(4.46, abs=5e-3)
    assert found.p_value == pytest.approx(0.0517, abs=5e-5)


@pytest.mark.parametrize(
    ("areas", "shared", "df", "interval"),
    [
        (SPIN_ECHO, 0.00048396, 12.74, (0.82522360, 0.96885048)),
        (CINE, 0.00020419, 12.71, (0.89413783, 0.98753689)),
    ],
)
def test_one_treatment_of_the_van_dyke_data(
    areas: list[float], shared: float, df: float, interval: tuple[float, float]
) -> None:
    found = random_readers(areas, np.full((5, 5), shared))
    assert found.df == pytest.approx(df, abs=5e-3)
    assert (found.mean.low, found.mean.high) == pytest.approx(interval, abs=1e-5)


def test_what_cannot_be_tested_has_a_mean_alone() -> None:
    for figures, table in (
        ([0.1], [[0.01]]),
        ([0.1, 0.1], np.zeros((2, 2))),
        ([0.1, 0.2], np.full((2, 2), math.nan)),
    ):
        found = random_readers(figures, table)
        assert found.mean.value == pytest.approx(np.mean(figures))
        assert math.isnan(found.mean.low) and math.isnan(found.p_value)


def test_a_negative_covariance_counts_as_none() -> None:
    found = random_readers([0.1, 0.3, 0.2], np.eye(3) - 0.4)
    assert found.df == pytest.approx(2)  # the t test of three readers on fixed cases
    assert found.t == pytest.approx(0.2 / math.sqrt(0.01 / 3))


def draw(rng: np.random.Generator, readers: int, each: int, model: bool) -> tuple:
    """Ratings of one class that is as good as the model, or as good before as after advice.

    The model of C. A. Roe, C. E. Metz (1997), Academic Radiology 4:298-303, in whole numbers.
    """
    labels = np.repeat([1, 0], each)
    noise, spread, skill = 0.7, 0.3, 1.5
    cases = rng.normal(0, noise, 2 * each)
    skills = rng.normal(skill, spread, (readers, 1))
    own = rng.normal(0, noise, (2, readers, 2 * each))
    if model:
        # As far apart as gives the readers' mean AUC.
        apart = skill * math.sqrt(4 * noise**2 / (4 * noise**2 + spread**2))
        first = cases + skills * labels + own[0]
        second = (cases + apart * labels + own[1, 0])[np.newaxis]
    else:
        habit = rng.normal(0, noise / 2, (readers, 2 * each))
        seen = rng.normal(0, 0.3, (2, 2 * each))
        taught = rng.normal(0, spread / 2, (2, readers, 1))
        first, second = (
            cases + seen[i] + habit + (skills + taught[i]) * labels + own[i] for i in (0, 1)
        )
    return labels, np.round(20 * first), np.round(20 * second)


@pytest.mark.parametrize("model", [True, False], ids=["class-model", "before-after"])
def test_equals_are_told_apart_in_one_of_twenty_classes(model: bool) -> None:
    rng = np.random.default_rng(7)
    p = [readers_minus(*draw(rng, 10, 20, model)).p_value for _ in range(2000)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.01)


def test_a_difference_over_readers_is_the_contrast_of_their_areas() -> None:
    labels, before, after = draw(np.random.default_rng(1), 4, 20, model=False)
    patients = np.repeat(np.arange(20), 2)
    areas, covariance = auc_covariance(labels, [*after, *before], patients)
    gaps = areas[:4] - areas[4:]
    both = covariance[:4, :4] + covariance[4:, 4:] - covariance[:4, 4:] - covariance[4:, :4]
    assert readers_minus(labels, after, before, patients) == random_readers(gaps, both)
