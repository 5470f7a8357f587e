"""Boxes on a film: `pytest tests/ui/test_region.py`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo.imaging import region

SHAPE = st.tuples(st.integers(1, 6000), st.integers(1, 6000))
COORDINATE = st.floats(-2000, 8000, allow_nan=False)


@given(SHAPE, COORDINATE, COORDINATE, COORDINATE, COORDINATE)
def test_a_drawn_box_lies_inside_the_film_or_is_nothing(
    shape: tuple[int, int], x: float, y: float, width: float, height: float
) -> None:
    box = region.drawn_box([x, y, width, height], shape)
    if box is not None:
        left, top, across, down = box
        assert left >= 0 and top >= 0 and left + across <= shape[1] and top + down <= shape[0]
        assert min(across, down) >= region.SMALLEST_DRAG


@pytest.mark.parametrize(
    "drawn", [[10, 10, 2, 400], None, {}, "abcd", [1, 2, 3], [float("nan"), 0, 50, 50], [None] * 4]
)
def test_a_click_and_what_is_no_box_are_nothing(drawn: object) -> None:
    assert region.drawn_box(drawn, (500, 500)) is None


def test_shapes_of_films_and_crops_are_told_apart() -> None:
    assert region.looks_like_crop((431, 431))
    assert not region.looks_like_crop((4432, 2864))
    assert not region.looks_like_crop((2000, 2000))
