"""Every page, opened first by its own address, held against WCAG 2.1 AA in both themes.

axe-core (https://github.com/dequelabs/axe-core) looks for missing names, labels and alternative
texts, for headings out of order and for letters too pale. What it cannot judge, above all the
words in charts, is measured in a picture of the page: the commonest colour behind the letters
against the colour they are written in.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mammo import text as words
from mammo.ui.kit.frame import PAGES
from tests.browser import (
    test_comparison,
    test_explorer,
    test_reading,
    test_trainer,
    test_viewer,
    test_walk,
)
from tests.browser.conftest import (
    CHART,
    CHOICE,
    CODE,
    DATA_FRAME,
    PATIENCE_MS,
    PROGRESS,
    TABLE,
    Server,
    Visit,
    spilling,
    still,
)
from tests.ui.test_figures import blended, contrast

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
axe = pytest.importorskip("axe_playwright_python.base", reason="needs axe-playwright-python")
expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Visit]
MAY_SCROLL = (CHART, TABLE, DATA_FRAME, CHOICE, PROGRESS, CODE, "input[type=range]")
WORST_SHIFT = 0.25
"""From here on the Web Vitals call a page's jumps poor; measured are 0.00 to 0.13."""


def upload(visit: Visit) -> None:
    test_walk.accept(visit)
    test_walk.answered(visit)
    expect(visit.page.get_by_role("button", name="Case report (HTML)")).to_be_visible()


def reading(visit: Visit) -> None:
    visit.page.get_by_role("button", name="I understand").click()
    visit.page.get_by_role("button", name="Start").click()
    expect(visit.page.get_by_role("slider", name="Rating")).to_be_visible()


def home(visit: Visit) -> None:
    expect(visit.page.get_by_test_id("stMetricValue")).to_have_count(2)


def card(visit: Visit) -> None:
    expect(visit.page.get_by_role("heading", name="Caveats and recommendations")).to_be_visible()


def lesson(visit: Visit) -> None:
    expect(visit.page.get_by_role("heading", name="Decide on one lesion")).to_be_visible()


def glossary(visit: Visit) -> None:
    expect(visit.page.get_by_role("heading", name="Sensitivity")).to_be_visible()


VIEWS: dict[str, tuple[str, str, Callable[[Visit], object]]] = {
    "home": ("Home", "/", home),
    "upload": ("Upload and classify", test_walk.UPLOAD, upload),
    "comparison": ("Model comparison", test_comparison.PAGE, test_comparison.whole),
    "explorer": ("Dataset explorer", test_explorer.PAGE, test_explorer.whole),
    "viewer": ("Grad-CAM viewer", test_viewer.PAGE, test_viewer.whole),
    "round": ("Reading room", test_reading.PAGE, test_walk.accept),
    "reading": ("Reading room", test_reading.LINK, reading),
    "trainer": ("Train a model", test_trainer.PAGE, test_trainer.trained),
    "card": ("Model card", "/Model_card", card),
    "lessons": ("Lessons", "/Lessons", lesson),
    "glossary": ("Model card", "/Model_card?part=Glossary", glossary),
}

LOOKS = Path(__file__).with_name("accessibility.js").read_text(encoding="utf-8")


def unfold(visit: Visit, width: int) -> None:
    """Make the window as high as the page, so that all of it is drawn."""
    page = visit.page
    block = page.get_by_test_id("stMainBlockContainer")
    for _ in range(2):  # what is drawn only now may be higher than its place
        height = block.evaluate("e => Math.ceil(e.getBoundingClientRect().height)")
        page.set_viewport_size({"width": width, "height": height + 120})
        still(visit)


def too_pale(page: "Page", letters: list[dict[str, Any]]) -> list[str]:
    """Measure letters in a picture of the page; say which stand out too little."""
    encoded = np.frombuffer(page.screenshot(), np.uint8)
    picture = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
    found = []
    for one in letters:
        x, y = max(0, int(one["x"])), max(0, int(one["y"]))
        behind = commonest(picture[y : y + int(one["height"]) + 1, x : x + int(one["width"]) + 1])
        numbers = [float(n) for n in re.findall(r"[\d.]+", one["colour"])]
        written = "#" + "".join(f"{round(n):02X}" for n in numbers[:3])
        alpha = float(one["opacity"]) * (numbers[3] if len(numbers) > 3 else 1)
        large = one["size"] >= 24 or (one["size"] >= 18.66 and one["weight"] >= 700)
        measured = contrast(blended(written, behind, alpha), behind)
        if alpha > 0 and measured < (3 if large else 4.5):
            found.append(f"{measured:.2f}: {one['text']!r}, {written} at {alpha} on {behind}")
    return found


def commonest(patch: NDArray[np.uint8]) -> str:
    """Return the commonest colour of a picture, uint8 (H, W, 3), as `#RRGGBB`."""
    colours, counts = np.unique(patch.reshape(-1, 3), axis=0, return_counts=True)
    return "#" + "".join(f"{channel:02X}" for channel in colours[counts.argmax()])


def complaints(page: "Page", rules: list[str] | None = None) -> list[Any]:
    """Return what axe-core and the picture of the page say against it."""
    said, letters = page.evaluate("rules => mammoLooks.judge(rules)", rules)
    return said + too_pale(page, letters)


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_opened_first_is_whole_and_readable_in_both_themes(
    server: Server, visit: Open, view: str
) -> None:
    title, path, wait = VIEWS[view]
    visitor = visit(server.address + path)
    page = visitor.page
    sidebar = page.get_by_test_id("stSidebar")
    for one in PAGES:
        expect(sidebar.get_by_role("link", name=one.title, exact=False)).to_be_visible()
    expect(sidebar.get_by_text(words.NOTICE_SHORT)).to_be_visible()
    expect(page).to_have_title("mammo" if title == "Home" else f"{title} · mammo")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.evaluate("document.documentElement.lang") == "en"
    still(visitor)
    page.evaluate(axe.AXE_SCRIPT + LOOKS)
    assert page.evaluate("mammoLooks.shifts()") < WORST_SHIFT
    wait(visitor)
    unfold(visitor, 1400)
    assert page.evaluate("charts => mammoLooks.nameless(charts)", f"{CHART}, {DATA_FRAME}") == []
    assert complaints(page) == []
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(18, 23, 28)")
    still(visitor)
    assert complaints(page, ["color-contrast"]) == []
    page.set_viewport_size({"width": 400, "height": 1000})
    still(visitor)
    assert spilling(visitor, *MAY_SCROLL) == []
    assert visitor.console == []


def test_no_two_pages_share_a_title() -> None:
    assert len({page.title for page in PAGES}) == len(PAGES)


def test_the_server_complained_of_nothing(server: Server) -> None:
    assert server.complaints() == []
