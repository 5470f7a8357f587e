"""Boxes and views on a film: `pytest tests/ui/test_region.py`."""

from hypothesis import given
from hypothesis import strategies as st

from mammo.imaging import region

SHAPE = st.tuples(st.integers(1, 6000), st.integers(1, 6000))
COORDINATE = st.floats(-2000, 8000, allow_nan=False)


def drawn(*boxes: tuple[list[float], list[float]]) -> dict[str, object]:
    return {"selection": {"box": [{"x": x, "y": y} for x, y in boxes]}}


@given(SHAPE, COORDINATE, COORDINATE, COORDINATE, COORDINATE)
def test_a_drawn_box_lies_inside_the_film_or_is_nothing(
    shape: tuple[int, int], x0: float, x1: float, y0: float, y1: float
) -> None:
    box = region.selected_box(drawn(([x0, x1], [y0, y1])), shape)
    if box is not None:
        x, y, width, height = box
        assert x >= 0 and y >= 0 and x + width <= shape[1] and y + height <= shape[0]
        assert min(width, height) >= region.SMALLEST_DRAG


def test_the_last_drawn_box_counts() -> None:
    event = drawn(([0, 50], [0, 50]), ([100, 150], [200, 280]))
    assert region.selected_box(event, (500, 500)) == (100, 200, 50, 80)


def test_a_click_and_an_empty_selection_are_no_box() -> None:
    assert region.selected_box(drawn(([10, 12], [10, 400])), (500, 500)) is None
    assert region.selected_box(drawn(), (500, 500)) is None
    assert region.selected_box(None, (500, 500)) is None


@given(SHAPE, st.sampled_from([1, 2, 4, 8]), st.tuples(COORDINATE, COORDINATE))
def test_a_view_never_leaves_the_film(
    shape: tuple[int, int], zoom: int, centre: tuple[float, float]
) -> None:
    x, y, width, height = region.zoomed_view(shape, zoom, centre)
    assert width >= 1 and height >= 1
    assert 0 <= x <= shape[1] - width and 0 <= y <= shape[0] - height


def test_a_zoom_keeps_its_centre_where_the_film_allows() -> None:
    view = region.zoomed_view((4000, 3000), 4, (1500, 2000))
    assert region.middle(view) == (1500, 2000)


def test_shapes_of_films_and_crops_are_told_apart() -> None:
    assert region.looks_like_crop((431, 431))
    assert not region.looks_like_crop((4432, 2864))
    assert not region.looks_like_crop((2000, 2000))
