"""The sanity measures against scipy, and against loops straight from their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import spearmanr

from mammo.inference.maps.blur_path import blurred
from mammo.inference.sanity import (
    CELLS,
    STEPS,
    brightest_first,
    curve_areas,
    on_cells,
    rank_correlation,
)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 3)), min_size=3, max_size=40))
def test_rank_correlation_is_scipy_s_with_ties(pairs: list[tuple[int, int]]) -> None:
    one, other = np.array(pairs, np.float64).T
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        assert np.isnan(rank_correlation(one, other))
    else:
        expected = spearmanr(one, other).statistic
        assert rank_correlation(one, other) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("size", [1, 7, 8, 14, 28])
def test_maps_come_to_one_grid(size: int) -> None:
    heat = np.random.default_rng(size).random((size, size))
    cells = on_cells(heat)
    assert cells.shape == (CELLS, CELLS) and cells.dtype == np.float32
    if size == 28:  # by area: each cell is the mean of its four
        expected = heat.reshape(14, 2, 14, 2).mean(axis=(1, 3))
        assert np.allclose(cells, expected, atol=1e-6)


def test_bright_cells_come_first_and_ties_by_chance() -> None:
    heat = np.zeros((CELLS, CELLS))
    heat[3, 4], heat[9, 1] = 2, 1
    orders = [brightest_first(heat, np.random.default_rng(seed)) for seed in (0, 1)]
    for order in orders:
        assert order[:2].tolist() == [3 * CELLS + 4, 9 * CELLS + 1]
        assert sorted(order) == list(range(CELLS * CELLS))
    assert not np.array_equal(*orders)


def naive_curve(
    answer, start: NDArray[np.float32], end: NDArray[np.float32], order: NDArray[np.int64]
) -> float:
    """Return the area under the answers while cell after cell goes from start to end."""
    size = len(start) // CELLS
    values, now, done = [float(answer(start[np.newaxis])[0])], start.copy(), 0
    for step in range(1, STEPS + 1):
        until = round(step * len(order) / STEPS)
        for cell in order[done:until]:
            row, column = divmod(int(cell), CELLS)
            area = (slice(row * size, (row + 1) * size), slice(column * size, (column + 1) * size))
            now[area] = end[area]
        done = until
        values.append(float(answer(now[np.newaxis])[0]))
    return float(np.trapezoid(values, dx=1 / STEPS))


def test_curves_are_those_of_cells_that_go_or_come_one_by_one() -> None:
    random = np.random.default_rng(3)
    weights = random.normal(0, 0.01, (28, 28))
    picture = random.uniform(0, 255, (28, 28)).astype(np.float32)

    def answer(pictures: NDArray[np.float32]) -> NDArray[np.float64]:
        return 1 / (1 + np.exp(-(pictures * weights).sum(axis=(1, 2))))

    orders = {"map": brightest_first(weights, random), "chance": random.permutation(CELLS**2)}
    found = curve_areas(answer, picture, orders)
    grey, smooth = np.full_like(picture, np.median(picture)), blurred(picture, 1 / 8)
    for name, order in orders.items():
        expected = (
            naive_curve(answer, picture, grey, order),
            naive_curve(answer, smooth, picture, order),
        )
        assert found[name] == pytest.approx(expected, abs=1e-6)


def test_an_order_that_knows_what_matters_beats_its_reverse() -> None:
    picture = np.zeros((28, 28), np.float32)
    picture[4:8, 4:8] = 255

    def answer(pictures: NDArray[np.float32]) -> NDArray[np.float64]:
        return pictures[:, 4:8, 4:8].mean(axis=(1, 2)) / 255

    order = brightest_first(picture, np.random.default_rng(0))
    areas = curve_areas(answer, picture, {"good": order, "bad": order[::-1]})
    assert areas["good"][0] < areas["bad"][0] and areas["good"][1] > areas["bad"][1]
