"""The viewer of a case in Chromium: the lesion box by mouse, finger and keys, and the maps."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import PATIENCE_MS, Server, Visit, still
from tests.browser.test_touch import PHONE, STAGE, scrolled, swipe, within
from tests.browser.test_walk import UPLOAD, accept, answered, box

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Visit]


def numbers(visit: Visit) -> list[int]:
    return [int(value) for value in box(visit)]


def drag(visit: Visit, part: "Locator", across: float, down: float) -> None:
    """Drag from the middle of a part, by screen pixels."""
    still(visit)
    place = part.bounding_box()
    assert place is not None
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x + across, y + down, steps=8)
    visit.page.mouse.up()


def changed(visit: Visit, before: list[int]) -> list[int]:
    """Wait until another box is in the fields, and return it."""
    visit.page.wait_for_timeout(300)
    for _ in range(100):
        if numbers(still(visit)) != before:
            return numbers(visit)
        visit.page.wait_for_timeout(100)
    pytest.fail("the box did not change")


def test_the_mouse_moves_the_box_and_its_corners(server: Server, visit: Open) -> None:
    visitor = visit(server.address + UPLOAD)
    accept(visitor)
    answered(visitor)
    page, first = visitor.page, numbers(visitor)
    drag(visitor, page.locator(".box"), 30, -20)
    moved = changed(visitor, first)
    assert moved[2:] == first[2:] and moved[0] > first[0] and moved[1] < first[1]
    drag(visitor, page.locator(".box [data-corner=se]"), 25, 35)
    larger = changed(visitor, moved)
    assert larger[:2] == pytest.approx(moved[:2], abs=1)
    assert larger[2] > moved[2] and larger[3] > moved[3]
    page.get_by_role("button", name="Back to the recorded box").click()
    assert changed(visitor, larger) == first
    expect(page.locator(".area")).to_be_visible()
    assert visitor.console == []


def test_a_drag_may_begin_beside_the_film(server: Server, visit: Open) -> None:
    visitor = visit(server.address + UPLOAD)
    accept(visitor)
    answered(visitor)
    before = numbers(visitor)
    stage, sheet = (visitor.page.locator(part).bounding_box() for part in (STAGE, ".sheet"))
    assert stage and sheet
    visitor.page.mouse.move(stage["x"] + 3, stage["y"] + 3)
    assert stage["x"] + 3 < sheet["x"] or stage["y"] + 3 < sheet["y"]
    visitor.page.mouse.down()
    end = sheet["x"] + 0.2 * sheet["width"], sheet["y"] + 0.1 * sheet["height"]
    visitor.page.mouse.move(*end, steps=8)
    visitor.page.mouse.up()
    drawn = changed(visitor, before)
    assert drawn[:2] == pytest.approx([0, 0], abs=30)
    assert drawn[2:] == pytest.approx([0.2 * 2864, 0.1 * 4432], abs=60)


def test_the_keys_move_the_box_and_change_its_size(server: Server, visit: Open) -> None:
    visitor = visit(server.address + UPLOAD)
    accept(visitor)
    answered(visitor)
    first = numbers(visitor)
    visitor.page.locator(".box").focus()
    visitor.page.keyboard.press("ArrowRight")
    visitor.page.keyboard.press("ArrowUp")
    visitor.page.keyboard.press("Shift+ArrowDown")
    x, y, width, height = first
    assert changed(visitor, first) == [x + 10, y - 10, width, height + 10]
    visitor.page.locator(".box").focus()
    visitor.page.keyboard.press("z")
    assert int(visitor.page.locator(".sheet").first.evaluate("e => e.clientWidth")) > 1000


def test_zoom_and_window_do_not_touch_the_answer(server: Server, visit: Open) -> None:
    visitor = visit(server.address + UPLOAD)
    accept(visitor)
    before = answered(visitor), numbers(visitor)
    visitor.page.get_by_role("button", name="Mark lesion").click()  # now a drag moves the film
    for name in ("Zoom to lesion", "Invert"):
        visitor.page.get_by_role("button", name=name, exact=True).click()
    visitor.page.get_by_label("Window", exact=True).fill("40")
    drag(visitor, visitor.page.locator(STAGE), 40, 200)
    assert (answered(visitor), numbers(visitor)) == before


def test_a_finger_marks_only_in_the_marking_mode(server: Server, visit: Open) -> None:
    visitor = visit(server.address + UPLOAD, **PHONE)
    accept(visitor)
    answered(visitor)
    stage, first = visitor.page.locator(STAGE), numbers(visitor)
    start, from_top = within(stage), scrolled(visitor)
    swipe(visitor, start, across=30, down=-100)
    assert scrolled(visitor) > from_top and numbers(visitor) == first
    mark = visitor.page.get_by_role("button", name="Mark lesion")
    expect(mark).to_have_attribute("aria-pressed", "false")
    mark.tap()
    expect(mark).to_have_attribute("aria-pressed", "true")
    still(visitor)
    start, from_top = within(stage, 0.45, 0.2), scrolled(visitor)
    swipe(visitor, start, across=40, down=60)
    assert changed(visitor, first) and scrolled(visitor) == from_top
    assert visitor.console == []
