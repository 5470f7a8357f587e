"""The main ways through the workbench in Chromium, with their clicks counted."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammo.artifacts import load_cases
from tests.browser.conftest import PATIENCE_MS, Server, Visit, running_server, still
from tests.browser.test_touch import PHONE, STAGE, swipe, within
from tests.browser.test_walk import answered, box
from tests.inference.tiny_trust import blobs

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)
LAPTOP = {"width": 1366, "height": 768}
CELL = ".st-key-cell_mobilenetv2-missed button:visible"
OF_CELL = "[href$='group=list']"
CASE = ".st-key-stage_of_case"
PARTS = (
    f"{CASE} .stage",
    f"{CASE} .picture",
    f"{CASE} .map",
    ".st-key-verdict",
    "[data-testid=stMetricValue]",
)

Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def illustrated(artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has the images of all test cases."""
    folder = tmp_path_factory.mktemp("images")
    (folder / "crops").mkdir()
    cases = load_cases(artifacts)
    test = cases[cases["split"] == "test"]
    for case, crop in zip(test["case_id"], blobs(len(test)), strict=True):
        cv2.imwrite(str(folder / "crops" / f"{case}.png"), crop)
    test.assign(
        file="crops/" + test["case_id"] + ".png",
        abnormality_type="mass",
        film_series_uid=[f"1.2.{number}" for number in range(len(test))],
        published_split="test",
    ).to_csv(folder / "index.csv", index=False)
    log = tmp_path_factory.mktemp("log") / "server.log"
    with running_server(artifacts, log, {"MAMMO_DATA": str(folder)}) as running:
        yield running


def inside(visit: Visit, *parts: str) -> None:
    """Assert that parts are wholly in the window, without scrolling."""
    still(visit)
    size = visit.page.viewport_size
    assert size is not None
    for part in parts:
        found = visit.page.locator(part)
        for number in range(min(found.count(), 2)):
            place = found.nth(number).bounding_box()
            assert place is not None, part
            assert place["y"] >= 0 and place["y"] + place["height"] <= size["height"], (part, place)
            assert place["x"] >= 0 and place["x"] + place["width"] <= size["width"], (part, place)


def open_false_negative(visit: Visit, press: str) -> int:
    """Go from a cell of the comparison's matrix to its first case; return the clicks."""
    page = visit.page
    ways = (
        page.locator(CELL),
        page.get_by_role("link", name=re.compile("one by one")).and_(page.locator(OF_CELL)),
        page.get_by_role("button", name="I understand"),
    )
    for way in ways:
        expect(way.first).to_be_visible()
        still(visit)
        getattr(way.first, press)()
    expect(page.locator(f"{CASE} .map")).to_be_visible()
    expect(page.get_by_test_id("stMetricValue").nth(1)).to_be_visible()
    return len(ways)


def test_a_false_negative_is_explained_in_three_clicks(illustrated: Server, visit: Open) -> None:
    visitor = visit(illustrated.address + "/Model_comparison", **LAPTOP)
    assert open_false_negative(visitor, "click") <= 3
    page = visitor.page
    assert len(page.context.pages) == 1, "another tab"
    inside(visitor, *PARTS)
    expect(page.get_by_text("Recorded as malignant.")).to_be_visible()
    case = page.get_by_role("combobox", name=re.compile("Case, of"))
    first = case.input_value()
    page.locator(f"{CASE} .stage").click()
    for key in ("n", "p"):
        page.keyboard.press(key)
        if key == "n":
            expect(case).not_to_have_value(first)
        else:
            expect(case).to_have_value(first)
        expect(page.get_by_role("button", name="I understand")).to_have_count(0)
        inside(visitor, *PARTS)
    assert visitor.console == []


def test_the_same_by_touch_and_a_swipe_leaves_the_box_unchanged(
    illustrated: Server, visit: Open
) -> None:
    visitor = visit(illustrated.address + "/Model_comparison", **PHONE)
    assert open_false_negative(visitor, "tap") <= 3
    assert len(visitor.page.context.pages) == 1
    inside(visitor, *PARTS)
    visitor.page.goto(illustrated.address + "/Upload_and_classify")
    before = answered(visitor), box(visitor)
    swipe(visitor, within(visitor.page.locator(STAGE)), across=20, down=-200)
    assert (answered(visitor), box(visitor)) == before
    assert visitor.console == []


def test_an_own_film_is_answered_in_five_clicks_without_scrolling(
    illustrated: Server, visit: Open, tmp_path: Path
) -> None:
    film = np.zeros((1600, 1200), np.uint8)
    film[:, :700] = np.random.default_rng(0).normal(90, 9, (1600, 700)).clip(0, 255)
    cv2.circle(film, (350, 800), 70, 200, -1)
    cv2.imwrite(str(tmp_path / "own.png"), film)
    visitor = visit(illustrated.address, **LAPTOP)
    page, clicks = visitor.page, 0
    for way in (
        page.get_by_test_id("stSidebar").get_by_role("link", name="Upload and classify"),
        page.get_by_text("My own files", exact=True),
    ):
        still(visitor)
        inside_window(visitor, way)
        way.click()
        clicks += 1
    browse = page.get_by_test_id("stFileUploader").get_by_role("button", name="Upload", exact=True)
    inside_window(visitor, browse)
    with page.expect_file_chooser() as chooser:
        browse.click()
    clicks += 1
    chooser.value.set_files(str(tmp_path / "own.png"))
    sheet = page.locator(".sheet").first
    expect(sheet).to_be_visible()
    still(visitor)
    inside(visitor, STAGE)
    place = sheet.bounding_box()
    assert place is not None
    corners = [(350 - 80) / 1200, (800 - 80) / 1600, (350 + 80) / 1200, (800 + 80) / 1600]
    x, y = place["x"], place["y"]
    page.mouse.move(x + corners[0] * place["width"], y + corners[1] * place["height"])
    page.mouse.down()
    page.mouse.move(x + corners[2] * place["width"], y + corners[3] * place["height"], steps=8)
    page.mouse.up()
    clicks += 1
    accept = page.get_by_role("button", name="I understand")
    expect(accept).to_be_visible()
    still(visitor)
    inside_window(visitor, accept)
    accept.click()
    clicks += 1
    expect(page.get_by_test_id("stMetricValue")).to_have_count(2)
    inside(visitor, f"{CASE} .stage", f"{CASE} .map", *PARTS[3:])
    assert clicks <= 5
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollTop") == 0
    assert visitor.console == []


def test_a_lecturer_has_a_class_link_in_four_clicks(illustrated: Server, visit: Open) -> None:
    visitor = visit(illustrated.address, **LAPTOP)
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ways = (
        page.get_by_test_id("stMain").get_by_role("link", name="Run a class"),
        page.get_by_role("button", name="I understand"),
        page.get_by_role("button", name="Open this round"),
        page.get_by_role("button", name="Copy to clipboard"),
    )
    for way in ways:
        if way is ways[-1]:
            page.get_by_test_id("stCode").hover()
        expect(way).to_be_visible()
        still(visitor)
        inside_window(visitor, way)
        way.click()
    link = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"http://.+/Reading_room\?round=T20B-\d+-\w+", link)
    visitor.page.goto(link)
    expect(page.get_by_text("Round T20B")).to_be_visible()
    assert visitor.console == []


def inside_window(visit: Visit, way: "object") -> None:
    """Assert that what is to be clicked is in the window."""
    place = way.bounding_box()  # type: ignore[attr-defined]
    size = visit.page.viewport_size
    assert place and size
    assert place["y"] >= 0 and place["y"] + place["height"] <= size["height"]
