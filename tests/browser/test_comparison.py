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
    expect(visit.page.get_by_role("heading", name="Performance by subgroup")).to_be_visible()
    return still(visit)


def test_a_click_on_a_cell_shows_its_cases_and_changes_the_link(
    server: Server, visit: Open
) -> None:
    visitor = whole(visit(server.address + PAGE))
    visitor.page.get_by_role("button", name="5 FN").click()
    expect(visitor.page.get_by_role("heading", name="Simple CNN: false negatives")).to_be_visible()
    # The list of disagreements below has a link of the same words, to other cases.
    way = visitor.page.get_by_role("link", name="View these cases one by one").first
    expect(way).to_be_in_viewport()
    expect(way).to_have_attribute("href", re.compile(r"group=list\b"))
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
    expect(visitor.page.get_by_text(": 24 crops, largest difference first")).to_be_visible()
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


def test_thresholds_curve_matrices_and_key_rates_share_one_screen(
    server: Server, visit: Open
) -> None:
    visitor = whole(visit(server.address + PAGE, width=1366, height=768))
    page = visitor.page
    rates = page.get_by_test_id("stTable").first
    cells = page.locator("[class*=st-key-cell_]")
    screen = [page.locator(".stPlotlyChart").first, *page.get_by_test_id("stSlider").all(), rates]
    for part in (*screen, *cells.all()):
        expect(part).to_be_in_viewport(ratio=1)
    assert (len(screen), cells.count()) == (5, 8)
    plot = page.locator(".stPlotlyChart .nsewdrag").first.bounding_box()
    assert plot is not None and plot["width"] == pytest.approx(plot["height"], rel=0.02)
    before, counts = rates.inner_text(), cells.all_inner_texts()
    page.get_by_role("slider", name="Threshold of MobileNetV2").press("Home")
    expect(rates).not_to_have_text(before, use_inner_text=True)
    still(visitor)
    assert "100.0%" in rates.inner_text() and cells.all_inner_texts() != counts
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollTop") == 0
    assert visitor.console == []


@pytest.mark.parametrize("section", ["disagreement", "rates", "scores", "curves", "subgroups"])
def test_a_link_to_a_section_scrolls_there(server: Server, visit: Open, section: str) -> None:
    visitor = whole(visit(f"{server.address}{PAGE}#{section}", width=1366, height=768))
    place = visitor.page.locator(f"#{section}").bounding_box()
    assert place is not None and 0 <= place["y"] < 768 / 2


def test_the_printed_page_fits_the_paper(server: Server, visit: Open) -> None:
    visitor = whole(visit(server.address + PAGE, width=1366, height=768))
    visitor.page.emulate_media(media="print")
    width = visitor.page.get_by_test_id("stMainBlockContainer").evaluate(
        "main => main.getBoundingClientRect().width"
    )
    assert width <= (210 - 2 * 10) / 25.4 * 96 + 2, "the width of A4 less its margins"
    expect(visitor.page.get_by_test_id("stSidebar")).to_be_hidden()


def test_the_server_complained_of_nothing(server: Server) -> None:
    assert server.complaints() == []
