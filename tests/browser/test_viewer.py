"""The page Grad-CAM viewer in Chromium: a drag over the crop, links, a phone, downloads."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import pytest

from mammo import text as words
from mammo.ui.kit.result import OPEN_VIEWER
from mammo.ui.viewer.drawer import SECTIONS
from tests.browser.conftest import (
    CHART,
    CHOICE,
    DATA_FRAME,
    PATIENCE_MS,
    Server,
    Visit,
    spilling,
    still,
)

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)
EXAMPLE = "Mass-Test_P_00820_LEFT_CC_1"
PAGE = f"/Grad-CAM_viewer?case={EXAMPLE}"
ROBUSTNESS = f"{PAGE}&drawer=robustness"
FIELDS = ("X", "Y", "Width", "Height")

Open = Callable[..., Visit]


def whole(visit: Visit) -> Visit:
    """Accept the notice, and wait for the last part of the page."""
    visit.page.get_by_role("button", name="I understand").click()
    expect(visit.page.get_by_role("heading", name="More about this case")).to_be_visible()
    expect(visit.page.locator(".st-key-stage_of_case .map")).to_be_visible()
    return still(visit)


def open_about(visit: Visit) -> None:
    """Open what is known of the maps, with their colours and downloads."""
    visit.page.locator("summary").filter(has_text="About these maps").click()


def test_a_drag_over_the_crop_covers_it_and_moves_both_estimates(
    server: Server, visit: Open
) -> None:
    visitor = whole(visit(server.address + PAGE + "&fill=black"))
    before = visitor.page.get_by_test_id("stMetricValue").all_inner_texts()
    sheet = visitor.page.locator(".st-key-stage_of_cover .sheet")
    sheet.scroll_into_view_if_needed()
    place = sheet.bounding_box()
    assert place is not None
    points = [
        (place["x"] + share * place["width"], place["y"] + share * place["height"])
        for share in (0.3, 0.8)
    ]
    visitor.page.mouse.move(*points[0])
    visitor.page.mouse.down()
    visitor.page.mouse.move(*points[1], steps=12)
    visitor.page.mouse.up()
    expect(visitor.page).to_have_url(re.compile(r"cover=\d+%2C\d+|cover=\d+,\d+"))
    fields = [visitor.page.get_by_label(name, exact=True) for name in FIELDS]
    for field in fields:
        expect(field).not_to_have_value("")
    box = [int(field.input_value()) for field in fields]
    assert box == pytest.approx([0.3 * 128, 0.3 * 128, 0.5 * 128, 0.5 * 128], abs=3)
    metrics = visitor.page.get_by_test_id("stMetricValue")
    expect(visitor.page.get_by_test_id("stMetricDelta")).to_have_count(2)
    assert metrics.all_inner_texts()[2:] != before[2:]
    assert metrics.all_inner_texts()[:2] == before[:2]
    assert visitor.console == []


def test_a_link_shows_a_second_visitor_the_very_view(server: Server, visit: Open) -> None:
    first = whole(visit(server.address + ROBUSTNESS))
    first.page.get_by_text("Occlusion", exact=True).first.click()
    expect(first.page).to_have_url(re.compile("method=occlusion"))
    first.page.get_by_text("Rotation", exact=True).click()
    expect(first.page).to_have_url(re.compile("change=rotation"))
    open_about(first)
    first.page.get_by_text("Cividis", exact=True).click()
    expect(first.page).to_have_url(re.compile("colours=cividis"))
    second = whole(visit(first.page.url))
    expect(second.page.get_by_alt_text("Occlusion map of MobileNetV2")).to_be_visible()
    expect(second.page.get_by_alt_text("Colour scale cividis")).to_be_visible()
    expect(second.page.get_by_label("Rotation, degrees").first).to_be_visible()
    assert second.console == []


def test_what_leaves_the_page_carries_the_notice(
    server: Server, visit: Open, tmp_path: Path
) -> None:
    visitor = whole(visit(server.address + ROBUSTNESS))
    open_about(visitor)
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name="Download as PNG").first.click()
    assert download.value.suggested_filename == "mammo-grad-cam-simple_cnn.png"
    download.value.save_as(tmp_path / "map.png")
    assert cv2.imread(str(tmp_path / "map.png")).shape[1] > 700
    with visitor.page.expect_download() as table:
        visitor.page.get_by_role("button", name="Download as CSV").nth(1).click()
    rows = list(csv.DictReader(io.StringIO(Path(table.value.path()).read_text("utf-8"))))
    assert {row["notice"] for row in rows} == {words.NOTICE_SHORT}
    assert list(rows[0])[:3] == ["Blur, pixels", "Simple CNN", "MobileNetV2"]


def test_pictures_come_with_the_page(server: Server, visit: Open) -> None:
    visitor = visit("about:blank")
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.page.goto(server.address + PAGE + "&row=on")
    whole(visitor)
    expect(visitor.page.get_by_alt_text("Occlusion of MobileNetV2")).to_be_visible()
    assert asked and not [url for url in asked if urlsplit(url).path.startswith("/media/")]


def test_from_the_upload_page_to_the_viewer_with_a_box_of_ones_own(
    server: Server, visit: Open
) -> None:
    visitor = visit(server.address + "/Upload_and_classify")
    visitor.page.get_by_role("button", name="I understand").click()
    visitor.page.locator("summary").filter(has_text="Lesion box in numbers").click()
    x = visitor.page.get_by_label("X", exact=True)
    expect(x).not_to_have_value("")
    x.fill("1500")
    x.press("Enter")
    expect(visitor.page.get_by_role("button", name="Back to the recorded box")).to_be_visible()
    answers = still(visitor).page.get_by_test_id("stMetricValue")
    expect(answers).to_have_count(2)
    before = answers.all_inner_texts()
    visitor.page.get_by_role("link", name=OPEN_VIEWER).click()
    expect(visitor.page).to_have_url(re.compile("from=own"))
    expect(visitor.page.get_by_role("heading", name="More about this case")).to_be_visible()
    expect(answers).to_have_count(4)
    assert answers.all_inner_texts()[:2] == before
    assert visitor.console == []


def test_a_phone_scrolls_down_and_never_sideways(server: Server, visit: Open) -> None:
    for section in SECTIONS:
        visitor = whole(visit(f"{server.address}{PAGE}&drawer={section}", width=400))
        assert spilling(visitor, CHART, DATA_FRAME, CHOICE, ".tools") == []
        assert visitor.console == []


def test_the_server_complained_of_nothing(server: Server) -> None:
    assert server.complaints() == []
