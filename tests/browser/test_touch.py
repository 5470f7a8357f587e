"""A phone in Chromium: a finger scrolls over films, charts and sliders, and changes nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from mammo import text
from tests.browser.conftest import PATIENCE_MS, Server, Visit, still
from tests.browser.test_reading import LINK, started
from tests.browser.test_walk import UPLOAD, accept, answered, box, drag_over_film, open_numbers

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
CHART, SLIDER, STAGE = ".stPlotlyChart", ".stSlider", ".stage"
VIEWER, COMPARISON = "/Grad-CAM_viewer", "/Model_comparison"
ROBUSTNESS = f"{VIEWER}?drawer=robustness"

Open = Callable[..., Visit]
Point = tuple[float, float]


@pytest.fixture
def phone(visit: Open) -> Open:
    def open_page(address: str, **more: object) -> Visit:
        return visit(address, **(PHONE | more))

    return open_page


def swipe(visit: Visit, start: Point, across: float, down: float) -> None:
    """Move one finger over the glass, as the browser's own input gets it."""
    glass = visit.page.context.new_cdp_session(visit.page)

    def touch(name: str, *points: Point) -> None:
        places = [{"x": x, "y": y} for x, y in points]
        glass.send("Input.dispatchTouchEvent", {"type": name, "touchPoints": places})

    x, y = start
    touch("touchStart", start)
    for step in range(1, 13):
        touch("touchMove", (x + across * step / 12, y + down * step / 12))
        visit.page.wait_for_timeout(16)
    touch("touchEnd")
    glass.detach()
    still(visit)


def within(part: "Locator", across: float = 0.6, down: float = 0.5) -> Point:
    """Bring a part to the middle of the glass; return a point on it, by shares of its sides."""
    part.evaluate("part => part.scrollIntoView({block: 'center'})")
    place = part.bounding_box()
    assert place is not None
    return place["x"] + across * place["width"], place["y"] + down * place["height"]


def scrolled(visit: Visit) -> float:
    return float(visit.page.get_by_test_id("stMain").evaluate("main => main.scrollTop"))


def test_a_swipe_over_the_film_scrolls_and_keeps_the_box(server: Server, phone: Open) -> None:
    visitor = phone(server.address + UPLOAD)
    accept(visitor)
    expect(visitor.page.get_by_label("X", exact=True)).not_to_have_value("")
    before = box(visitor), answered(visitor)
    start = within(visitor.page.locator(STAGE))
    from_top = scrolled(visitor)
    swipe(visitor, start, across=10, down=-250)
    assert scrolled(visitor) > from_top + 100
    swipe(visitor, start, across=-10, down=200)
    assert (box(visitor), answered(visitor)) == before
    open_numbers(visitor)
    entry = visitor.page.get_by_label("X", exact=True)
    entry.tap()
    entry.fill("1000")
    entry.press("Enter")
    expect(visitor.page.get_by_test_id("stMetricValue").first).not_to_have_text(before[1][0])
    assert visitor.console == []


@pytest.mark.parametrize("path", [COMPARISON, "/Dataset_explorer", ROBUSTNESS])
def test_a_swipe_scrolls_over_every_chart_and_slider(
    server: Server, phone: Open, path: str
) -> None:
    visitor = phone(server.address + path)
    if path.startswith(VIEWER):
        accept(visitor)
        expect(visitor.page.locator(CHART)).to_be_visible()
    still(visitor)
    page, parts = visitor.page, visitor.page.locator(f"{CHART}:visible, {SLIDER}:visible")
    assert parts.count()
    for number in range(parts.count()):
        part = parts.nth(number)
        start = within(part)
        before, from_top = part.inner_text(), scrolled(visitor)
        swipe(visitor, start, across=0, down=150 if number == parts.count() - 1 else -150)
        assert abs(scrolled(visitor) - from_top) > 50, before
        assert part.inner_text() == before
    tools = page.locator(".modebar-btn[data-attr=dragmode]")
    assert not any(tool.is_visible() for tool in tools.all()), "a tool that needs dragging"
    assert visitor.console == []


def test_a_slider_takes_a_tap_and_a_finger_that_goes_sideways(server: Server, phone: Open) -> None:
    visitor = phone(server.address + ROBUSTNESS + "&change=rotation")
    accept(visitor)
    rotation = visitor.page.get_by_role("slider", name="Rotation").first
    expect(rotation).to_be_visible()
    still(visitor)
    low, high = (float(rotation.get_attribute(end) or "nan") for end in ("min", "max"))
    step = (high - low) / 100
    track = visitor.page.locator(f"{SLIDER} [style*='touch-action']").first
    visitor.page.touchscreen.tap(*within(track, 0.8))
    expect(rotation).not_to_have_value("0")
    assert float(rotation.input_value()) == pytest.approx(low + 80 * step, abs=3 * step)
    still(visitor)
    swipe(visitor, within(track, 0.8), across=-0.5 * 346, down=3)
    assert float(rotation.input_value()) == pytest.approx(low + 30 * step, abs=4 * step)


def test_a_swipe_over_the_rating_rates_nothing(server: Server, phone: Open) -> None:
    visitor = phone("about:blank")
    started(visitor, server.address + LINK)
    still(visitor)
    swipe(visitor, within(visitor.page.locator(SLIDER).last), across=0, down=-150)
    expect(visitor.page.get_by_test_id("stSliderThumbValue").last).to_have_text("not rated")
    from_top = scrolled(visitor)
    swipe(visitor, within(visitor.page.locator(".st-key-stage_of_reading")), across=0, down=150)
    assert scrolled(visitor) != from_top


def test_with_a_touch_screen_the_mouse_draws_and_the_finger_scrolls(
    server: Server, visit: Open
) -> None:
    visitor = visit(server.address + UPLOAD, height=700, has_touch=True)
    drag_over_film(visitor, (0.60, 0.20), (0.75, 0.30))
    expect(visitor.page.get_by_label("X", exact=True)).not_to_have_value("908")
    before = box(still(visitor))
    start = within(visitor.page.locator(STAGE))
    from_top = scrolled(visitor)
    swipe(visitor, start, across=60, down=-150)
    assert scrolled(visitor) > from_top and box(visitor) == before


def test_a_drawn_box_of_most_of_the_film_is_asked_back(server: Server, visit: Open) -> None:
    visitor = visit(server.address + UPLOAD)
    accept(visitor)
    before = box(visitor), answered(visitor)
    question = visitor.page.get_by_text("The box covers most of the mammogram. Is that the lesion?")
    drag_over_film(visitor, (0.1, 0.4), (0.8, 0.5))
    expect(question).to_be_visible()
    assert (box(visitor), answered(visitor)) == before
    visitor.page.get_by_role("button", name="Discard it").click()
    expect(question).to_have_count(0)
    assert (box(visitor), answered(visitor)) == before
    drag_over_film(visitor, (0.1, 0.1), (0.5, 0.9))
    expect(question).to_be_visible()
    visitor.page.get_by_role("button", name="Use this box").click()
    expect(question).to_have_count(0)
    expect(visitor.page.get_by_label("Width", exact=True)).not_to_have_value(before[0][2])
    answered(visitor)
    assert int(box(visitor)[3]) > 3000
    assert visitor.console == []


def test_another_box_takes_the_place_of_the_one_asked_back(server: Server, visit: Open) -> None:
    visitor = visit(server.address + UPLOAD)
    question = visitor.page.get_by_text("The box covers most of the mammogram.")
    drag_over_film(visitor, (0.1, 0.1), (0.9, 0.9))
    expect(question).to_be_visible()
    drag_over_film(visitor, (0.02, 0.03), (0.08, 0.09))
    expect(question).to_have_count(0)
    expect(visitor.page.get_by_label("X", exact=True)).not_to_have_value("908")
    assert int(box(visitor)[2]) < 500


def test_the_menu_closes_once_a_page_is_chosen(server: Server, phone: Open) -> None:
    page = phone(server.address).page
    page.get_by_test_id("stExpandSidebarButton").tap()
    menu = page.get_by_test_id("stSidebar")
    menu.get_by_role("link", name="Model card").tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Model card")
    expect(menu).not_to_be_in_viewport()


def test_within_another_page_there_is_no_menu_but_the_notice(server: Server, phone: Open) -> None:
    page = phone(f"{server.address}/Model_card?embed=true").page
    expect(page.get_by_test_id("stMain").get_by_text(text.NOTICE_SHORT).first).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_have_count(0)
