"""The page Model comparison in Chromium: cells, selections, links, both widths."""

import re
from collections.abc import Callable

import pytest

from tests.browser.conftest import (
    CHART,
    CHOICE,
    DATA_FRAME,
    PATIENCE_MS,
    TABLE,
    Server,
    Visit,
    spilling,
    still,
)

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)
PAGE = "/Model_comparison"

Open = Callable[..., Visit]


def whole(visit: Visit) -> Visit:
    """Wait for the last section."""
    expect(visit.page.get_by_role("heading", name="Whom do they fail?")).to_be_visible()
    return still(visit)


def test_a_click_on_a_cell_shows_its_cases_and_changes_the_link(
    server: Server, visit: Open
) -> None:
    visitor = whole(visit(server.address + PAGE))
    visitor.page.get_by_role("button", name="5 missed").click()
    expect(visitor.page.get_by_text("Simple CNN, missed")).to_be_visible()
    expect(visitor.page).to_have_url(re.compile(r"cell=simple_cnn\.missed"))
    assert visitor.console == []


def test_drawing_around_points_lists_their_cases(server: Server, visit: Open) -> None:
    visitor = whole(visit(server.address + PAGE))
    chart = visitor.page.locator(".stPlotlyChart").nth(1)
    chart.scroll_into_view_if_needed()
    chart.locator("[data-title='Box Select']").click()
    layer = chart.locator(".nsewdrag").first
    place = layer.bounding_box()
    assert place is not None
    visitor.page.mouse.move(place["x"] + 2, place["y"] + 2)
    visitor.page.mouse.down()
    visitor.page.mouse.move(
        place["x"] + place["width"] - 2, place["y"] + place["height"] - 2, steps=10
    )
    visitor.page.mouse.up()
    expect(visitor.page.get_by_text("Your selection")).to_be_visible()
    expect(visitor.page.get_by_text(": 24, the farthest apart first")).to_be_visible()
    assert visitor.console == []


def test_a_link_shows_a_second_visitor_the_very_view(server: Server, visit: Open) -> None:
    first = whole(visit(server.address + PAGE))
    first.page.get_by_text("Each lesion", exact=True).click()
    first.page.get_by_text("Decision curve", exact=True).click()
    expect(first.page).to_have_url(re.compile(r"curve=decision"))
    expect(first.page).to_have_url(re.compile(r"unit=lesion"))
    second = whole(visit(first.page.url))
    expect(second.page.get_by_text("12 lesions of 9 patients")).to_be_visible()
    expect(second.page.get_by_text("Net benefit weighs")).to_be_visible()
    assert second.console == []


def test_a_phone_scrolls_down_and_never_sideways(server: Server, visit: Open) -> None:
    visitor = whole(visit(server.address + PAGE, width=400))
    assert spilling(visitor, CHART, TABLE, DATA_FRAME, CHOICE) == []
    assert visitor.console == []


def test_the_server_complained_of_nothing(server: Server) -> None:
    assert server.complaints() == []
