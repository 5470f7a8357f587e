"""The page Reading room in Chromium: keys, the picture's tools, a reload, and what was received."""

import base64
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mammo import text as words
from mammo.artifacts import load_card, load_cases
from mammo.evaluation import EvaluatedModel
from mammo.reading import (
    Reading,
    Record,
    Room,
    RoundPlan,
    draw_round,
    read_code,
    round_cases,
    score_room,
    write_code,
)
from mammo.reading.room import RoomReader
from mammo.reading.wording import room_line
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
    running_server,
    spilling,
)
from tests.tiny_artifacts import EXAMPLES

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
expect, OutOfPatience = playwright.expect, playwright.TimeoutError
expect.set_options(timeout=PATIENCE_MS)
PAGE = "/Reading_room"
PLAN = RoundPlan(5, 3, "examples", advice=True)
LINK = f"{PAGE}?round={write_code(PLAN)}"

Open = Callable[..., Visit]


def listening(visitor: Visit) -> list[bytes]:
    """Collect every frame that the browser receives from the next opening on."""
    frames: list[bytes] = []

    def note(payload: str | bytes) -> None:
        frames.append(payload.encode() if isinstance(payload, str) else payload)

    visitor.page.on("websocket", lambda socket: socket.on("framereceived", note))
    return frames


def started(visitor: Visit, address: str) -> None:
    page = visitor.page
    page.goto(address)
    page.get_by_role("button", name="I understand").click()
    page.get_by_role("button", name=re.compile("^(Start|Continue)")).click()
    expect(page.get_by_text("How likely is malignancy?")).to_be_visible()


def press(visitor: Visit, key: str, then: "Locator") -> None:
    """Press a key until it shows: a page that is still being drawn hears no key.

    A rating is confirmed once however often Enter is pressed.
    """
    for _ in range(20):
        visitor.page.keyboard.press(key)
        try:
            then.last.wait_for(timeout=PATIENCE_MS / 20)
        except OutOfPatience:
            continue
        return
    pytest.fail(f"the key {key} did nothing")


def chosen(visitor: Visit, rating: str) -> "Locator":
    """Find the button of a rating, once a check mark says that it is chosen."""
    mark = visitor.page.get_by_test_id("stIconMaterial").get_by_text("check", exact=True)
    return visitor.page.get_by_role("button").filter(has=mark).filter(has_text=rating)


def rate(visitor: Visit, digit: str) -> None:
    """Rate by the keyboard alone, and keep the rating after the advice."""
    page, number = visitor.page, visitor.page.get_by_text(re.compile(r"^Case \d of 5"))
    expect(number).to_be_visible()
    expect(page.get_by_test_id("stSliderThumbValue").last).to_have_text("not rated")
    place = int(number.inner_text().split()[1])
    press(visitor, digit, chosen(visitor, f"{digit}0"))
    press(visitor, "Enter", page.get_by_text("keep or revise"))
    last = place == PLAN.n
    after = page.get_by_text("All cases rated" if last else f"Case {place + 1} of 5")
    press(visitor, "Enter", after)


def test_a_round_by_keyboard_tells_no_truth_before_it_is_asked_for(
    server: Server, visit: Open, artifacts: Path
) -> None:
    cases = load_cases(artifacts)
    ids = draw_round(PLAN, cases, [case for case, _ in EXAMPLES])
    visitor = visit("about:blank")  # the home page shows an example
    frames = listening(visitor)
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    started(visitor, server.address + LINK)
    p = float(cases.set_index("case_id").loc[ids[0], "mobilenetv2_p"])
    before = b"".join(frames)
    assert len(before) > 100_000, "the picture came by this way"
    assert b"MobileNetV2: " not in before, "advice must wait for the first rating"
    rate(visitor, "7")
    assert f"MobileNetV2: {words.percent(p)}".encode() in b"".join(frames)
    for digit in "2519":
        rate(visitor, digit)
    expect(visitor.page.get_by_text("All cases rated")).to_be_visible()
    told = b"".join(frames) + " ".join(asked).encode() + visitor.page.content().encode()
    for word in (*ids, "MALIGNANT", "BENIGN", "P_00820", "P_00173", "sfm-malign", "sfm-benign"):
        assert word.encode() not in told, f"the browser was told {word} before the end"
    press(visitor, "Enter", visitor.page.get_by_text(re.compile("of the official test set")))
    expect(visitor.page.get_by_text("AUC", exact=False).first).to_be_visible()
    assert any(case.split("_")[2].encode() in b"".join(frames) for case in ids), "now it is told"
    assert visitor.console == []


def test_a_reload_loses_no_rating_and_going_back_rates_nothing_anew(
    server: Server, visit: Open
) -> None:
    visitor = visit(server.address + "/")
    page = visitor.page
    started(visitor, server.address + LINK)
    rate(visitor, "7")
    rate(visitor, "2")
    expect(page.get_by_text("Case 3 of 5")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile("round="))
    page.go_forward()
    expect(page.get_by_text("Case 3 of 5")).to_be_visible()
    page.reload()
    expect(page.get_by_text("2 of 5 ratings were read from the link")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Case 3 of 5")).to_be_visible()
    page.get_by_role("button", name="Look back").click()
    expect(page.get_by_text("You cannot change a confirmed rating")).to_be_visible()
    expect(page.get_by_text("20", exact=True).first).to_be_visible()
    expect(page.get_by_role("slider", name="Rating")).to_have_count(0)
    assert visitor.console == []


def test_enter_pressed_twice_rates_one_case(server: Server, visit: Open) -> None:
    visitor = visit(server.address + "/")
    page = visitor.page
    plain = write_code(RoundPlan(5, 3, "examples"))
    started(visitor, f"{server.address}{PAGE}?round={plain}")
    press(visitor, "7", chosen(visitor, "70"))
    expect(page.get_by_role("button", name="Next case")).to_be_enabled()
    for _ in range(3):
        page.keyboard.press("Enter")
    expect(page.get_by_text("Case 2 of 5")).to_be_visible()
    expect(page.get_by_role("button", name="Next case")).to_be_disabled()
    assert visitor.console == []


def test_the_pictures_tools_work_without_the_server(server: Server, visit: Open) -> None:
    visitor = visit(server.address + "/")
    page = visitor.page
    started(visitor, server.address + LINK)
    picture, sheet = page.locator(".picture"), page.locator(".sheet")
    expect(picture).to_have_attribute("alt", "Film with the lesion outlined, case 1 of 5")
    whole = sheet.bounding_box()
    page.get_by_role("button", name="Zoom in").click()
    zoomed = sheet.bounding_box()
    assert whole and zoomed and zoomed["width"] == pytest.approx(1.5 * whole["width"], rel=0.01)
    page.get_by_role("button", name="Invert").click()
    expect(picture).to_have_css("filter", re.compile(r"invert\(1\)"))
    page.get_by_role("button", name="Lesion", exact=True).click()
    expect(picture).to_have_attribute("alt", re.compile("full resolution"))
    page.get_by_role("button", name="Reset").click()
    expect(picture).not_to_have_css("filter", re.compile("invert"))
    assert (
        base64.b64decode((picture.get_attribute("src") or "").partition(",")[2])[:2] == b"\xff\xd8"
    )
    assert visitor.console == []


def test_a_phone_scrolls_down_and_never_sideways(server: Server, visit: Open) -> None:
    visitor = visit(server.address + "/", width=400)
    started(visitor, server.address + LINK)
    expect(visitor.page.locator(CODE)).to_have_count(0)  # the cover's link to the round, which goes
    assert spilling(visitor, PROGRESS) == []
    assert visitor.console == []


def test_the_server_complained_of_nothing(server: Server) -> None:
    assert server.complaints() == []


def test_room_is_kept_for_the_picture_so_that_nothing_jumps_when_it_comes(
    server: Server, visit: Open
) -> None:
    visitor = visit(server.address + LINK, width=400)
    kept = "getComputedStyle(document.documentElement).getPropertyValue('--mammo-stage') !== ''"
    visitor.page.wait_for_function(kept)  # before the round, and so before the picture
    started(visitor, server.address + LINK)
    room = visitor.page.locator(".st-key-stage_of_reading")
    stage = room.locator(".stage")
    expect(stage).to_be_visible()
    least = float(room.evaluate("room => getComputedStyle(room).minHeight").removesuffix("px"))
    assert least == pytest.approx(stage.evaluate("one => one.clientHeight"), abs=1)


def test_a_live_room_shows_its_lecturer_everything_and_its_readers_nothing_before_the_end(
    server: Server, visit: Open
) -> None:
    board = visit("about:blank").page
    board.goto(server.address + PAGE)
    board.get_by_role("button", name="I understand").click()
    board.get_by_role("slider", name="Cases").press("Home")
    expect(board.get_by_text(re.compile("^E5N-"))).to_be_visible()
    board.get_by_role("button", name="Open a live room").click()
    expect(board.get_by_text("0 readers, 0 finished")).to_be_visible()
    expect(board.get_by_role("img", name="QR code")).to_be_visible()
    code = re.search(r"room=([\w-]+)", board.url)
    assert code and "lead=" in board.url

    def joined(name: str) -> tuple[Visit, list[bytes]]:
        visitor = visit("about:blank", width=390, height=844)
        frames = listening(visitor)
        visitor.page.goto(f"{server.address}{PAGE}?room={code[1]}")
        visitor.page.get_by_role("button", name="I understand").click()
        visitor.page.get_by_role("textbox", name="Nickname").fill(name)
        visitor.page.get_by_role("textbox", name="Nickname").press("Enter")
        expect(visitor.page.get_by_text("How likely is malignancy?")).to_be_visible()
        return visitor, frames

    readers = [joined("Quokka"), joined("Wombat")]
    expect(board.get_by_text("2 readers, 0 finished")).to_be_visible()
    for (visitor, _), digit in zip(readers, "72", strict=True):
        for number in range(1, PLAN.n + 1):
            expect(visitor.page.get_by_test_id("stSliderThumbValue").last).to_have_text("not rated")
            press(visitor, digit, chosen(visitor, f"{digit}0"))
            after = f"Case {number + 1} of" if number < PLAN.n else "the lecturer will show"
            press(visitor, "Enter", visitor.page.get_by_text(after))
    expect(board.get_by_text("2 readers, 2 finished")).to_be_visible()
    round_code = board.url.partition("round=")[2].partition("&")[0]
    secrets = (*(case for case, _ in EXAMPLES), "MALIGNANT", "BENIGN", "lead=", round_code)
    for (visitor, frames), other in zip(readers, ("Wombat", "Quokka"), strict=True):
        told = b"".join(frames) + visitor.page.content().encode() + visitor.page.url.encode()
        assert len(told) > 100_000 and round_code
        assert not [word for word in (*secrets, other) if word.encode() in told]
    board.get_by_text("Discuss the cases").click()
    expect(board.get_by_text("of the official test set").last).to_be_visible()
    board.get_by_role("button", name="Show the diagnoses to everyone").click()
    for visitor, _ in readers:
        expect(visitor.page.get_by_text(re.compile(r"^You \d of 5"))).to_be_visible()
        assert visitor.console == []
    assert "Quokka" not in server.log.read_text(encoding="utf-8", errors="replace")


def test_a_room_with_wrong_advice_outlives_its_server(
    artifacts: Path, tmp_path: Path, visit: Open
) -> None:
    """Rehearse an hour: join, rate, the server is killed, rejoin, results, discussion, reveal."""
    log = tmp_path / "server.log"
    with running_server(artifacts, log) as server:
        board = visit("about:blank", width=1920, height=1080)
        board.page.goto(server.address + PAGE)
        board.page.get_by_role("button", name="I understand").click()
        board.page.get_by_role("slider", name="Cases").press("Home")
        board.page.get_by_text("Show advice after your first rating").click()
        wrong = board.page.get_by_role("slider", name="Wrong advice")
        for share in ("10%", "20%"):
            wrong.press("ArrowRight")
            expect(board.page.get_by_text(share, exact=True)).to_be_visible()
        expect(board.page.get_by_text(re.compile("^E5NA2-"))).to_be_visible()
        board.page.get_by_role("button", name="Open a live room").click()
        expect(board.page.get_by_text("0 readers, 0 finished")).to_be_visible()
        code = re.search(r"room=([\w-]+)", board.page.url)
        plan = read_code(board.page.url.partition("round=")[2].partition("&")[0])
        assert code and plan.wrong_cases == 1
        readers = {"Quokka": "72519", "Wombat": "28391"}
        visits = {name: visit("about:blank", width=390, height=844) for name in readers}
        for name, visitor in visits.items():
            visitor.page.goto(f"{server.address}{PAGE}?room={code[1]}")
            visitor.page.get_by_role("button", name="I understand").click()
            expect(visitor.page.get_by_text("wrong on purpose in 1 of 5 cases")).to_be_visible()
            visitor.page.get_by_role("textbox", name="Nickname").fill(name)
            visitor.page.get_by_role("textbox", name="Nickname").press("Enter")
            for digit in readers[name][:2]:
                rate(visitor, digit)
        expect(board.page.get_by_text("2 readers, 0 finished")).to_be_visible()
        os.kill(server.pid, signal.SIGKILL)
        port = int(server.address.rpartition(":")[2])
    with running_server(artifacts, log, port=port) as server:
        for visitor in (board, *visits.values()):
            visitor.page.goto(visitor.page.url)  # as from a bookmark; the notice was accepted
        for name, visitor in visits.items():
            visitor.page.get_by_role("button", name="Continue").click()
            for digit in readers[name][2:]:
                rate(visitor, digit)
        expect(board.page.get_by_text("2 readers, 2 finished")).to_be_visible()
        given = [
            RoomReader(name, Record(plan, tuple(Reading(r, 1.0, r) for r in ratings)))
            for name, ratings in ((n, [10 * int(d) for d in keys]) for n, keys in readers.items())
        ]
        table = load_cases(artifacts)
        models = [
            EvaluatedModel.of_card(load_card(name, artifacts))
            for name in ("simple_cnn", "mobilenetv2")
        ]
        ids = draw_round(plan, table, [case for case, _ in EXAMPLES])
        cases = round_cases(ids, table, models)
        score = score_room(cases, Room(plan, tuple(given), ()), 50)
        board.page.get_by_text("Results", exact=True).click()
        expect(board.page.get_by_text(room_line(score, cases))).to_be_visible()
        expect(board.page.get_by_text("wrong on purpose in 1 of 5 cases").first).to_be_visible()
        board.page.get_by_text("Discuss the cases").click()
        expect(board.page.get_by_text(re.compile("Simulated advice")).first).to_be_visible()
        board.page.get_by_role("button", name="Show the diagnoses to everyone").click()
        for visitor in visits.values():
            expect(visitor.page.get_by_text("Who should answer?")).to_be_visible()
            assert spilling(visitor, PROGRESS, CHART, TABLE, DATA_FRAME, CODE, CHOICE) == []
        assert not [name for name in readers if name in log.read_text(encoding="utf-8")]
