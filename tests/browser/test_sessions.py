"""What a tab keeps and loses: the notice, its files, a restart of the server, a lost connection."""

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammo import text as words
from tests.browser.conftest import PATIENCE_MS, Server, Visit, running_server, still
from tests.browser.test_reading import LINK, rate, started
from tests.browser.test_walk import (
    BOX,
    OWN_FILES,
    UPLOAD,
    accept,
    answered,
    box,
    open_numbers,
    upload,
)

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)
VIEWER = "/Grad-CAM_viewer"
NO_COOKIES = """Object.defineProperty(document, "cookie", {
    get: () => "", set: () => { throw new DOMException("blocked", "SecurityError"); }
})"""

Open = Callable[..., Visit]


def asked(visit: Visit) -> int:
    """Return how many notices the page shows once it is drawn."""
    return still(visit).page.get_by_text(words.NOTICE_TITLE).count()


def test_the_notice_is_accepted_once_in_a_browser(server: Server, visit: Open) -> None:
    visitor = visit(server.address + UPLOAD)
    expect(visitor.page.get_by_text(words.ACCEPT_REMEMBERED)).to_be_visible()
    accept(visitor)
    answered(visitor)
    visitor.page.reload()
    answered(visitor)
    other_tab = Visit(visitor.page.context.new_page())
    other_tab.page.goto(server.address + VIEWER)
    assert asked(visitor) == asked(other_tab) == 0
    ours = [one for one in visitor.page.context.cookies() if one["name"] == "mammo_notice"]
    assert [re.fullmatch("[0-9a-f]{8}", one["value"]) is not None for one in ours] == [True]
    days = (ours[0]["expires"] - visitor.page.evaluate("Date.now()") / 1000) / 86_400
    assert 29.9 < days < 30.1
    assert visitor.console == []


def test_another_wording_of_the_notice_is_asked_again(server: Server, visit: Open) -> None:
    visitor = visit("about:blank")
    cookie = {"name": "mammo_notice", "value": "00000000", "url": server.address}
    visitor.page.context.add_cookies([cookie])
    visitor.page.goto(server.address + UPLOAD)
    expect(visitor.page.get_by_text(words.NOTICE_TITLE)).to_be_visible()


def test_without_cookies_each_visit_asks_once(server: Server, visit: Open) -> None:
    visitor = visit("about:blank")
    visitor.page.add_init_script(NO_COOKIES)
    visitor.page.goto(server.address + UPLOAD)
    accept(visitor)
    answered(visitor)
    visitor.page.get_by_test_id("stSidebar").get_by_role("link", name="Grad-CAM viewer").click()
    expect(visitor.page.get_by_role("heading", name="Grad-CAM viewer")).to_be_visible()
    assert asked(visitor) == 0
    visitor.page.reload()
    expect(visitor.page.get_by_text(words.NOTICE_TITLE)).to_be_visible()
    assert visitor.console == []


def test_a_reload_in_a_round_goes_on_without_the_notice(server: Server, visit: Open) -> None:
    visitor = visit("about:blank")
    started(visitor, server.address + LINK)
    rate(visitor, "3")
    visitor.page.reload()
    visitor.page.get_by_role("button", name="Continue").click()
    expect(visitor.page.get_by_text("Case 2 of 5")).to_be_visible()
    assert asked(visitor) == 0


@pytest.mark.parametrize("path", [UPLOAD, VIEWER, LINK], ids=["upload", "viewer", "round"])
def test_a_link_first_says_what_it_shows(server: Server, visit: Open, path: str) -> None:
    visitor = visit(server.address + path)
    expect(visitor.page.get_by_text(words.NOTICE_TITLE)).to_be_visible()
    before = visitor.page.get_by_test_id("stMain").inner_text().split(words.NOTICE_TITLE)[0]
    assert re.search(r"\w+ \w+ \w+[^.]*\.", before), "a sentence"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    ramp = np.linspace(40, 200, 600).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "film.png"), np.tile(ramp, (1000, 1)))
    return tmp_path / "film.png"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_click_while_a_film_is_read_loses_nothing(
    server: Server, visit: Open, film: Path
) -> None:
    visitor = visit(server.address + OWN_FILES)
    still(visitor)
    tasks = Path(f"/proc/{server.pid}/task").glob("*/children")
    decoder = int("".join(task.read_text() for task in tasks))
    os.kill(decoder, signal.SIGSTOP)
    try:
        upload(visitor, film)
        expect(visitor.page.get_by_text("Reading the file")).to_be_visible()
        visitor.page.get_by_role("radio", name="An example lesion").click()
        expect(visitor.page.get_by_text("Still open: film.png. Choose")).to_be_visible()
        visitor.page.get_by_role("radio", name="My own files").click()
        expect(visitor.page.get_by_text("Reading the file")).to_be_visible()
    finally:
        os.kill(decoder, signal.SIGCONT)
    expect(visitor.page.get_by_text("Drag a box around the lesion")).to_be_visible()


def test_after_a_restart_pages_say_so_and_go_on(
    artifacts: Path, tmp_path: Path, visit: Open, film: Path
) -> None:
    """Opened before: a film with a box, an example, and a round in its second case."""
    with running_server(artifacts, tmp_path / "first.log") as first:
        port = int(first.address.rpartition(":")[2])
        own = visit(first.address + OWN_FILES)
        upload(own, film)
        open_numbers(own)
        for name, value in zip(BOX, ("200", "300", "150", "140"), strict=True):
            own.page.get_by_label(name, exact=True).fill(value)
            own.page.get_by_label(name, exact=True).press("Enter")
            still(own)
        accept(own)
        answered(own)
        example = visit(first.address + UPLOAD)
        accept(example)
        answered(example)
        reader = visit("about:blank")
        started(reader, first.address + LINK)
        rate(reader, "3")
    with running_server(artifacts, tmp_path / "second.log", port=port) as second:
        for visitor in (own, example, reader):
            expect(visitor.page.get_by_text(words.SESSION_LOST)).to_be_visible()
            assert asked(visitor) == 0
        expect(own.page.get_by_text("film.png")).to_have_count(0)
        upload(own, film)
        expect(own.page.get_by_text("Drag a box around the lesion")).to_be_visible()
        assert box(own) == [""] * 4
        answered(example)
        threshold = example.page.get_by_role("radio", name="Sensitivity 90%")
        threshold.click()
        expect(threshold).to_be_checked()
        example.page.get_by_test_id("stSidebar").get_by_role("link", name="Home").click()
        expect(example.page.get_by_role("heading", name="mammo", exact=True)).to_be_visible()
        expect(example.page.get_by_text(words.SESSION_LOST)).to_have_count(0)
        reader.page.get_by_role("button", name="Continue").click()
        expect(reader.page.get_by_text("Case 2 of 5")).to_be_visible()
        rate(reader, "7")
        expect(reader.page.get_by_text("Case 3 of 5")).to_be_visible()
        assert second.complaints() == []
