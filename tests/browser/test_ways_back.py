"""Links, the way back and the settings within one visit, which a browser alone can show."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest

from tests.browser import test_comparison, test_explorer, test_viewer
from tests.browser.conftest import PATIENCE_MS, Server, Visit, still
from tests.browser.test_walk import OWN_FILES, UPLOAD, accept, upload

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)
FIRST, OTHER = "P_00173 L CC mass 1", "P_00820 L CC mass 1"
OWN = "My own files"

Open = Callable[..., Visit]


def shows(visit: Visit, example: str, named: bool = True) -> None:
    """Wait for an example, and hold that the address names it, and nothing else."""
    expect(visit.page.get_by_role("radio", name=example)).to_be_checked()
    still(visit)
    assert link(visit) == ({"example": [example]} if named else {})


def link(visit: Visit) -> dict[str, list[str]]:
    assert urlsplit(visit.page.url).path == UPLOAD
    return parse_qs(urlsplit(visit.page.url).query)


def choose(visit: Visit, example: str) -> None:
    visit.page.get_by_role("radio", name=example).click()
    shows(visit, example)


def test_a_link_within_the_visit_opens_its_film(server: Server, visit: Open) -> None:
    visitor = visit(server.address)
    page = visitor.page
    page.get_by_role("button", name="Try an example").click()
    shows(visitor, FIRST)
    choose(visitor, OTHER)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Dataset explorer").click()
    page.get_by_role("link", name="Classify on its mammogram").click()
    shows(visitor, FIRST)
    page.go_back()
    test_explorer.whole(visitor)
    page.go_back()
    shows(visitor, OTHER)
    page.reload()
    shows(visitor, OTHER)
    assert visitor.console == []


def test_back_within_the_page_takes_a_choice_back(server: Server, visit: Open) -> None:
    visitor = visit(server.address + UPLOAD)
    shows(visitor, FIRST, named=False)
    choose(visitor, OTHER)
    visitor.page.get_by_text(OWN, exact=True).click()
    expect(visitor.page.get_by_test_id("stFileUploader")).to_be_visible()
    assert link(still(visitor)) == {"example": [OTHER], "source": [OWN]}
    visitor.page.go_back()
    shows(visitor, OTHER)
    visitor.page.go_back()
    shows(visitor, FIRST, named=False)
    visitor.page.go_forward()
    shows(visitor, OTHER)
    assert visitor.console == []


def test_of_two_files_with_one_name_the_chosen_one_opens_and_stays_open(
    server: Server, visit: Open, tmp_path: Path
) -> None:
    paths = []
    for name, side in (("1-1.png", 140), ("2-1.png", 150), ("1-1.png", 160)):
        paths.append(tmp_path / str(side) / name)
        paths[-1].parent.mkdir()
        grey = np.linspace(40, 200, side).astype(np.uint8)
        cv2.imwrite(str(paths[-1]), np.tile(grey, (side, 1)))
    visitor = visit(server.address + OWN_FILES)
    upload(visitor, *paths[:2])
    accept(visitor)
    field = visitor.page.get_by_role("combobox", name="Open one file")
    field.click()
    visitor.page.get_by_role("option", name="1-1.png").click()
    expect(visitor.page.get_by_text("1-1.png, 140 x 140 pixels, used as it is.")).to_be_visible()
    upload(visitor, paths[2])
    expect(field).to_have_value("1-1.png (1 of 2)")
    still(visitor)
    visitor.page.get_by_text("A mammogram: mark the lesion").click()
    expect(visitor.page.get_by_text("Drag a box around the lesion")).to_be_visible()
    expect(field).to_have_value("1-1.png (1 of 2)")
    field.click()
    visitor.page.get_by_role("option", name="1-1.png (2 of 2)").click()
    shown = visitor.page.get_by_text("1-1.png (2 of 2), 160 x 160 pixels, used as it is.")
    expect(shown).to_be_visible()
    assert visitor.console == []


@pytest.mark.parametrize("path", [UPLOAD, "/Grad-CAM_viewer"], ids=["upload", "viewer"])
def test_the_threshold_of_the_settings_reaches_an_open_result(
    server: Server, visit: Open, path: str
) -> None:
    visitor = visit(server.address + path)
    page = visitor.page
    accept(visitor)
    chosen = page.get_by_role("radio", name="Specificity 90%")
    expect(chosen).to_have_attribute("aria-checked", "false")
    page.get_by_role("radio", name="Sensitivity 90%").click()
    still(visitor)
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("dialog").get_by_role("combobox").click()
    page.get_by_role("option", name="Specificity 90%").click()
    still(visitor)
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(chosen).to_have_attribute("aria-checked", "true")
    still(visitor)
    page.get_by_role("slider", name=re.compile("[Oo]pacity")).press("ArrowRight")
    still(visitor)
    expect(chosen).to_have_attribute("aria-checked", "true")
    assert "the threshold of 65%" in page.get_by_test_id("stMain").inner_text()
    assert visitor.console == []


def test_back_takes_back_what_was_chosen_and_leaves_at_last(server: Server, visit: Open) -> None:
    visitor = visit(server.address)
    page = visitor.page
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("link", name="Model comparison").click()
    test_comparison.whole(visitor)
    lesion, crop = (page.get_by_role("radio", name=name) for name in ("Each lesion", "Each crop"))
    lesion.click()
    expect(page).to_have_url(re.compile("unit=lesion"))
    page.get_by_role("radio", name="Decision curve").click()
    expect(page).to_have_url(re.compile("curve=decision"))
    still(visitor)
    page.go_back()
    expect(page).not_to_have_url(re.compile("curve="))
    expect(page.get_by_role("radio", name="Reliability")).to_be_checked()
    expect(lesion).to_be_checked()
    still(visitor)
    page.go_back()
    expect(crop).to_be_checked()
    still(visitor)
    assert urlsplit(page.url).query == ""
    page.go_forward()
    expect(lesion).to_be_checked()
    still(visitor)
    page.go_back()
    still(visitor)
    page.go_back()
    expect(page.get_by_role("heading", name="mammo", exact=True)).to_be_visible()
    assert visitor.console == []


def test_back_in_viewer_and_explorer_shows_the_view_before(server: Server, visit: Open) -> None:
    visitor = test_viewer.whole(visit(server.address + test_viewer.PAGE))
    page = visitor.page
    page.get_by_role("radio", name="Occlusion").click()
    expect(page).to_have_url(re.compile("method=occlusion"))
    still(visitor)
    page.get_by_role("radio", name="P_00173").nth(3).click()
    expect(page).not_to_have_url(re.compile(test_viewer.EXAMPLE))
    still(visitor)
    page.go_back()
    expect(page.get_by_alt_text(f"The crop of {test_viewer.EXAMPLE}")).to_be_visible()
    expect(page.get_by_role("radio", name="Occlusion")).to_be_checked()
    still(visitor)
    page.go_back()
    expect(page.get_by_role("radio", name="Grad-CAM")).to_be_checked()
    still(visitor)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Dataset explorer").click()
    test_explorer.whole(visitor)
    test_explorer.pick(visitor, "Split", "test")
    expect(page.get_by_text("24 of 60 crops")).to_be_visible()
    still(visitor)
    page.go_back()
    expect(page.get_by_text("60 of 60 crops")).to_be_visible()
    assert visitor.console == []


def test_the_server_complained_of_nothing(server: Server) -> None:
    assert server.complaints() == []
