"""Each page by the keyboard alone: reach, see where one is, and work what the page is for.

Nothing here is clicked. `reach` presses Tab until the wanted part has the focus and holds that it
looks different then; the parts are worked by arrows, Enter, Space and letters.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser import test_comparison, test_explorer, test_reading, test_viewer, test_walk
from tests.browser.conftest import PATIENCE_MS, Server, Visit, still

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Visit]
MOST_TABS = 150
FOCUSED = "e => e.getRootNode().activeElement === e"
LOOK = """e => {
    let top = e;
    const small = part => part && part.querySelectorAll("*").length < 60;
    for (let up = 0; up < 3 && small(top.parentElement); up++) top = top.parentElement;
    const names = ["outline", "boxShadow", "borderColor", "backgroundColor", "textDecoration"];
    return JSON.stringify([top, ...top.querySelectorAll("*")]
        .map(part => names.map(name => getComputedStyle(part)[name])));
}"""


def reach(visit: Visit, wanted: "Locator") -> None:
    """Press Tab until a part has the focus, and hold that it shows.

    As a reader does, wait until the page stands still: what is drawn anew may take the focus along.
    """
    expect(wanted).to_be_visible()
    still(visit)
    expect(wanted).to_be_enabled()
    before = wanted.evaluate(LOOK)
    for _ in range(MOST_TABS):
        visit.page.keyboard.press("Tab")
        if wanted.evaluate(FOCUSED):
            break
    else:
        pytest.fail(f"{MOST_TABS} presses of Tab do not lead to {wanted}")
    visit.page.wait_for_function(
        f"([e, before]) => ({LOOK})(e) !== before", arg=[wanted.element_handle(), before]
    )


def press(visit: Visit, *keys: str) -> None:
    for key in keys:
        visit.page.keyboard.press(key)


def accept(visit: Visit) -> None:
    reach(visit, visit.page.get_by_role("button", name="I understand"))
    press(visit, "Enter")


def choose_next(visit: Visit, field: "Locator") -> str:
    """Choose the next option of a list that is open to typing; return what stood there."""
    reach(visit, field)
    before = field.input_value()
    press(visit, "ArrowDown")
    expect(visit.page.get_by_role("option").first).to_be_visible()
    press(visit, "ArrowDown", "Enter")
    expect(field).not_to_have_value(before)
    return before


def choose_next_example(visit: Visit, name: str = "Example lesion") -> None:
    """Choose the second example."""
    examples = visit.page.get_by_role("radiogroup", name=name).get_by_role("radio")
    reach(visit, examples.first)
    press(visit, "ArrowRight", "Space")


def test_from_home_to_a_page_by_its_link(server: Server, visit: Open) -> None:
    visitor = visit(server.address)
    expect(visitor.page.get_by_test_id("stMetricValue")).to_have_count(2)
    link = visitor.page.get_by_test_id("stSidebar").get_by_role("link", name="Model card")
    reach(visitor, link)
    press(visitor, "Enter")
    expect(visitor.page.get_by_role("heading", name="Model card", exact=True)).to_be_visible()


def test_an_example_is_classified(server: Server, visit: Open) -> None:
    visitor = visit(server.address + test_walk.UPLOAD)
    accept(visitor)
    before = test_walk.answered(visitor)
    choose_next_example(visitor)
    metrics = visitor.page.get_by_test_id("stMetricValue")
    expect(metrics.first).not_to_have_text(before[0])
    reach(visitor, visitor.page.locator("summary").filter(has_text="Lesion box in numbers"))
    press(visitor, "Enter")
    x = visitor.page.get_by_label("X", exact=True)
    reach(visitor, x)
    press(visitor, "Control+a", *"700", "Enter")
    expect(visitor.page.get_by_role("button", name="Back to the recorded box")).to_be_visible()
    opacity = visitor.page.get_by_role("slider", name="Opacity")
    reach(visitor, opacity)
    press(visitor, "ArrowRight")
    expect(opacity).to_have_value("65")
    assert visitor.console == []


def test_the_comparisons_threshold_moves_and_the_rates_follow(server: Server, visit: Open) -> None:
    visitor = test_comparison.whole(visit(server.address + test_comparison.PAGE))
    page = visitor.page
    rates = page.get_by_test_id("stTable").first
    before = rates.inner_text()
    slider = page.get_by_role("slider", name="Threshold of MobileNetV2").first
    reach(visitor, slider)
    press(visitor, "Home")
    expect(rates).not_to_have_text(before, use_inner_text=True)
    cell = page.get_by_role("button", name="false negative").first
    reach(visitor, cell)
    press(visitor, "Enter")
    expect(page).to_have_url(re.compile(r"cell=simple_cnn\.missed"))
    assert visitor.console == []


def test_the_explorer_opens_another_case(server: Server, visit: Open) -> None:
    visitor = test_explorer.whole(visit(server.address + test_explorer.PAGE))
    choose_next(visitor, visitor.page.get_by_role("combobox", name="Case", exact=True))
    expect(visitor.page).to_have_url(re.compile("case="))
    assert visitor.console == []


def test_the_viewer_opens_another_lesion_and_another_method(server: Server, visit: Open) -> None:
    visitor = visit(server.address + test_viewer.PAGE)
    accept(visitor)
    page = visitor.page
    expect(page.get_by_role("heading", name="More about this case")).to_be_visible()
    choose_next_example(visitor, "Cases of the list")
    expect(page).to_have_url(re.compile("case="))
    method = page.get_by_role("radio", name="Grad-CAM")
    reach(visitor, method)
    press(visitor, "ArrowRight", "Space")
    expect(page).to_have_url(re.compile("method=occlusion"))
    assert visitor.console == []


def test_a_case_is_rated_and_its_picture_looked_at_closely(server: Server, visit: Open) -> None:
    visitor = visit(server.address + test_reading.LINK)
    page = visitor.page
    accept(visitor)
    reach(visitor, page.get_by_role("button", name="Start"))
    press(visitor, "Enter")
    expect(page.get_by_text("How likely is malignancy?")).to_be_visible()
    sheet, picture = page.locator(".sheet"), page.get_by_role("group", name="Picture with zoom")
    whole = sheet.bounding_box()
    reach(visitor, picture)
    press(visitor, "+", "+")
    zoomed = sheet.bounding_box()
    assert whole and zoomed and zoomed["width"] > 1.4 * whole["width"]
    press(visitor, "ArrowRight")
    moved = sheet.bounding_box()
    assert moved and moved["x"] != zoomed["x"]
    reach(visitor, page.get_by_role("button", name="Invert"))
    press(visitor, "Space")
    expect(page.locator(".picture")).to_have_css("filter", re.compile(r"invert\(1\)"))
    rating = page.get_by_role("slider", name="Rating")
    reach(visitor, rating)
    press(visitor, "ArrowRight")
    confirm = page.get_by_role("button", name="Show the advice")
    expect(confirm).to_be_enabled()
    reach(visitor, confirm)
    press(visitor, "Enter")
    expect(page.get_by_text("keep or revise")).to_be_visible()
    assert visitor.console == []


def test_a_word_of_the_glossary_is_found_and_followed(server: Server, visit: Open) -> None:
    visitor = visit(server.address + "/Model_card")
    page = visitor.page
    expect(page.get_by_role("heading", name="Caveats and recommendations")).to_be_visible()
    part = page.get_by_role("radiogroup", name="Part").get_by_role("radio").first
    reach(visitor, part)
    press(visitor, *["ArrowRight"] * 4, "Space")
    expect(page).to_have_url(re.compile("part=Glossary"))
    field = page.get_by_role("textbox", name="Find a term")
    reach(visitor, field)
    press(visitor, *"youden", "Enter")
    expect(page.get_by_role("heading", name="Sensitivity", exact=True)).to_have_count(0)
    kin = page.get_by_role("link", name="Threshold").first
    reach(visitor, kin)
    press(visitor, "Enter")
    expect(page).to_have_url(re.compile("#threshold"))
    assert visitor.console == []
