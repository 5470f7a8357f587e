"""Walk through the app as a visitor does: `pytest tests/browser` (needs chromium)."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammo import text as words
from mammo.inference.trust import NOT_A_CROP
from tests.browser.conftest import (
    CHART,
    CHOICE,
    PATIENCE_MS,
    Server,
    Visit,
    running_server,
    spilling,
    still,
)
from tests.inference.tiny_trust import attach_tiny_trust, blobs
from tests.tiny_artifacts import write_tiny_artifacts

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)
UPLOAD = "/Upload_and_classify"
OWN_FILES = f"{UPLOAD}?source=My+own+files"
BOX = ("X", "Y", "Width", "Height")

Open = Callable[..., Visit]


def accept(visit: Visit) -> None:
    visit.page.get_by_role("button", name="I understand").click()


def answered(visit: Visit) -> list[str]:
    """Wait for both probabilities and give them."""
    metrics = visit.page.get_by_test_id("stMetricValue")
    expect(metrics).to_have_count(2)
    still(visit)
    return metrics.all_inner_texts()


def box(visit: Visit) -> list[str]:
    still(visit)  # while the page changes, a field may be there twice
    return [visit.page.get_by_label(name, exact=True).input_value() for name in BOX]


def open_numbers(visit: Visit) -> None:
    """Open the fields of the lesion box."""
    visit.page.locator("summary").filter(has_text="Lesion box in numbers").click()


def drag_over_film(visit: Visit, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag on the film from one point to another, both as shares of its width and height."""
    sheet = visit.page.locator(".sheet").first
    sheet.wait_for()
    still(visit)
    sheet.scroll_into_view_if_needed()
    place = sheet.bounding_box()
    assert place is not None
    points = [
        (place["x"] + share_x * place["width"], place["y"] + share_y * place["height"])
        for share_x, share_y in (start, end)
    ]
    visit.page.mouse.move(*points[0])
    visit.page.mouse.down()
    visit.page.mouse.move(*points[1], steps=12)
    visit.page.mouse.up()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A crop, a film and a text that calls itself a picture."""
    folder = tmp_path_factory.mktemp("files")
    ramp = np.linspace(40, 200, 150).astype(np.uint8)
    cv2.imwrite(str(folder / "crop.png"), np.tile(ramp, (150, 1)))
    cv2.imwrite(str(folder / "film.png"), np.tile(np.repeat(ramp, 4), (1000, 1)))
    (folder / "notes.png").write_text("no picture")
    return folder


def upload(visit: Visit, *paths: Path) -> None:
    visit.page.locator("input[type=file]").set_input_files([str(path) for path in paths])


def test_a_deep_link_into_a_cold_server_shows_the_frame_and_the_notice(
    artifacts: Path, tmp_path: Path, visit: Open
) -> None:
    with running_server(artifacts, tmp_path / "server.log") as cold:
        visitor = visit(cold.address + UPLOAD)
        sidebar = visitor.page.get_by_test_id("stSidebar")
        expect(sidebar.get_by_role("link", name="Home")).to_be_visible()
        expect(sidebar.get_by_role("link", name="Upload and classify")).to_be_visible()
        expect(visitor.page.get_by_text(words.NOTICE_TITLE)).to_be_visible()
        expect(visitor.page.get_by_test_id("stMetricValue")).to_have_count(0)
        accept(visitor)
        answered(visitor)
        assert visitor.console == []
        assert cold.complaints() == []


def test_from_home_to_an_answer(server: Server, visit: Open) -> None:
    visitor = visit(server.address)
    visitor.page.get_by_role("button", name="Try an example").click()
    accept(visitor)
    answered(visitor)
    assert visitor.console == []


def test_a_box_drawn_with_the_mouse_fills_the_fields_and_changes_the_answer(
    server: Server, visit: Open
) -> None:
    visitor = visit(server.address + UPLOAD)
    accept(visitor)
    before = answered(visitor), box(visitor)
    drag_over_film(visitor, (0.40, 0.45), (0.52, 0.55))
    expect(visitor.page.get_by_label("X", exact=True)).not_to_have_value(before[1][0])
    x, y, width, height = (int(value) for value in box(visitor))
    assert x == pytest.approx(0.40 * 2864, abs=25) and y == pytest.approx(0.45 * 4432, abs=25)
    assert width == pytest.approx(0.12 * 2864, abs=25)
    assert height == pytest.approx(0.10 * 4432, abs=25)
    expect(visitor.page.get_by_test_id("stMetricValue").first).not_to_have_text(before[0][0])
    for outline in (".box", ".area"):
        expect(visitor.page.locator(outline)).to_be_visible()
    assert visitor.console == []


def test_a_second_drag_replaces_the_first(server: Server, visit: Open) -> None:
    visitor = visit(server.address + UPLOAD)
    drag_over_film(visitor, (0.40, 0.45), (0.52, 0.55))
    expect(visitor.page.get_by_label("X", exact=True)).not_to_have_value("908")
    first = box(visitor)
    drag_over_film(visitor, (0.20, 0.30), (0.30, 0.38))
    expect(visitor.page.get_by_label("X", exact=True)).not_to_have_value(first[0])
    assert visitor.page.locator(".box").count() == 1


def test_the_number_fields_mark_a_film_without_a_mouse(
    server: Server, visit: Open, files: Path
) -> None:
    visitor = visit(server.address + OWN_FILES)
    upload(visitor, files / "film.png")
    expect(visitor.page.get_by_text("Drag a box around the lesion")).to_be_visible()
    open_numbers(visitor)
    for name, value in zip(BOX, ("200", "300", "150", "140"), strict=True):
        entry = visitor.page.get_by_label(name, exact=True)
        entry.fill(value)
        entry.press("Enter")
        expect(entry).to_have_value(value)
    accept(visitor)
    answered(visitor)
    assert box(visitor) == ["200", "300", "150", "140"]
    assert visitor.console == []


def test_many_files_become_a_table_and_a_csv_with_the_notice(
    server: Server, visit: Open, files: Path
) -> None:
    visitor = visit(server.address + OWN_FILES)
    upload(visitor, files / "crop.png", files / "notes.png", files / "film.png")
    accept(visitor)
    expect(visitor.page.get_by_test_id("stDataFrame")).to_be_visible()
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name="Download as CSV").click()
    content = Path(download.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["file"] for row in rows] == ["crop.png", "notes.png", "film.png"]
    assert {row["notice"] for row in rows} == {words.NOTICE_SHORT}
    assert re.fullmatch(r"0\.\d+", rows[0]["mobilenetv2_p_malignant"])
    expect(visitor.page.get_by_test_id("stDataFrameToolbar").get_by_label("CSV")).to_have_count(0)
    assert visitor.console == []


def test_a_broken_file_is_a_sentence(server: Server, visit: Open, files: Path) -> None:
    visitor = visit(server.address + OWN_FILES)
    upload(visitor, files / "notes.png")
    expect(visitor.page.get_by_test_id("stAlert")).to_be_visible()
    assert "Traceback" not in visitor.page.inner_text("body")
    assert visitor.console == []


@pytest.mark.parametrize("path", ["", UPLOAD], ids=["home", "upload"])
def test_a_phone_scrolls_down_and_never_sideways(server: Server, visit: Open, path: str) -> None:
    visitor = visit(server.address + path, width=400)
    if path:
        accept(visitor)
        answered(visitor)
    expect(visitor.page.get_by_test_id("stMetricValue").first).to_be_visible()
    assert spilling(visitor, CHART, CHOICE) == []


def test_the_server_complained_of_nothing(server: Server) -> None:
    assert server.complaints() == []


def test_a_picture_that_is_no_crop_is_marked_and_a_crop_has_similar_cases(
    tmp_path: Path, visit: Open
) -> None:
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    attach_tiny_trust(artifacts)
    for name, crop in (("blank", np.full((128, 128), 90, np.uint8)), ("blob", blobs(1, 5)[0])):
        cv2.imwrite(str(tmp_path / f"{name}.png"), crop)
    with running_server(artifacts, tmp_path / "server.log") as server:
        visitor = visit(server.address + OWN_FILES)
        upload(visitor, tmp_path / "blank.png")
        accept(visitor)
        answered(visitor)
        expect(visitor.page.get_by_text(NOT_A_CROP)).to_be_visible()
        upload(visitor, tmp_path / "blob.png")
        expect(visitor.page.get_by_test_id("stDataFrame")).to_be_visible()
        assert server.complaints() == []
