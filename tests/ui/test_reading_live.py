"""A live room on the page Reading room: `pytest tests/ui/test_reading_live.py`.

Each `AppTest` is a session of one server: they share `session.rooms`.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mammo.artifacts import load_cases
from mammo.reading import draw_round, merge, write_code
from mammo.ui.kit.address import reachable
from mammo.ui.reading import session
from tests.ui.conftest import ROOT
from tests.ui.reading_room import PLAN, RATINGS, opened, press, quiet, texts
from tests.ui.test_reading_page import rate

Visit = Callable[..., AppTest]
SECRETS = ("MALIGNANT", "BENIGN", "P_")


@pytest.fixture
def visit(room: AppTest) -> Iterator[Visit]:
    """Open the page in a session of its own, with what the link says."""
    session.rooms.clear()

    def open_page(**link: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.session_state["notice_accepted"] = True
        return opened(app, **link)

    yield open_page
    session.rooms.clear()


def link_of(page: AppTest, *names: str) -> dict[str, str]:
    return {name: page.query_params[name] for name in names if name in page.query_params}


def led(visit: Visit) -> tuple[AppTest, str]:
    """Open a live room; return its board and its code."""
    page = visit()
    page.slider(key="reading_n").set_value(PLAN.n).run()
    page.number_input(key="reading_seed").set_value(PLAN.seed).run()
    press(page, "reading_lead")
    assert quiet(page), texts(page)
    assert page.query_params["round"] == write_code(PLAN)
    return page, str(page.query_params["room"])


def joined(visit: Visit, code: str, name: str) -> AppTest:
    page = visit(room=code)
    return join(page, name)


def join(page: AppTest, name: str) -> AppTest:
    page.text_input(key="reading_join_name").set_value(name)
    return next(one for one in page.button if one.label == "Join").click().run()


def look(page: AppTest, view: str) -> AppTest:
    return page.segmented_control(key="comparison_board").set_value(view).run()


def everything(page: AppTest) -> str:
    """Return all that a page's browser was sent and its session holds, as text."""
    held = str(page.session_state)
    return "\n".join([held, *(str(block) for block in page._tree)])


def test_a_room_is_read_by_two_and_told_only_when_the_lecturer_says_so(
    visit: Visit, tiny_artifacts: Path
) -> None:
    board, code = led(visit)
    assert "0 readers, 0 finished" in texts(board)
    assert code in board.code[0].value and "lead" not in board.code[0].value
    ada, bo = (joined(visit, code, name) for name in ("Ada", "=Bo <b>"))
    ids = draw_round(PLAN, load_cases(tiny_artifacts), ())
    for number, rating in enumerate(RATINGS, start=1):
        for page, shift in ((ada, 0), (bo, 5)):
            rate(page, number, rating + shift)
            assert quiet(page) and not set(page.query_params) & {"round", "lead"}
            sent = everything(page)
            assert not [word for word in (*SECRETS, *ids, write_code(PLAN)) if word in sent]
        assert "Bo <b>" not in everything(ada)
    for page in (ada, bo):
        assert "the lecturer will show the diagnoses" in texts(page)
        assert not [one for one in page.button if one.key == "reading_truth"]
        assert "AUC" not in texts(page.run())
    board.run()
    assert "2 readers, 2 finished" in texts(board)
    assert board.dataframe[0].value["Reader"].tolist() == ["Ada", "Bo <b>"]
    assert "2 readers" in texts(look(board, "score")) and board.get("plotly_chart")
    assert look(board, "dots").get("plotly_chart")
    assert "Case **" in texts(look(board, "cases")) and quiet(board)
    press(board, "reading_review_next")
    assert "2 of 5" in texts(board) and quiet(board)
    press(board, "reading_reveal")
    for page in (ada, bo):
        page.run()
        assert quiet(page) and "Case **" in texts(page)
        assert re.match(r"You \d of 5", page.header[0].value)
        assert [one for one in ids if one in everything(page)]
    press(board, "reading_close")
    assert quiet(board) and "closed this room" in texts(board)
    assert "closed the live room" in visit(room=code).error[0].value
    assert quiet(ada.run()) and "round" in ada.query_params


def test_the_results_of_a_room_open_as_files(visit: Visit) -> None:
    from mammo.ui.reading.live import _zipped

    _, code = led(visit)
    for name, shift in (("Ada", 0), ("Bo", 3)):
        page = joined(visit, code, name)
        for number, rating in enumerate(RATINGS, start=1):
            rate(page, number, rating + shift)
    joined(visit, code, "Cy")
    room = session.rooms().find(code)
    assert room is not None
    served = session.artifacts_fingerprint()
    with zipfile.ZipFile(io.BytesIO(_zipped(room, served))) as archive:
        files = [(name, archive.read(name)) for name in archive.namelist()]
    merged = merge(files, served)
    assert [one.name for one in merged.readers] == ["Ada", "Bo"] and not merged.left_out
    assert (merged.ratings() == room.room(whole=True).ratings()).all()


def test_after_a_restart_every_link_brings_its_ratings_back(visit: Visit) -> None:
    board, code = led(visit)
    pages = [joined(visit, code, name) for name in ("Ada", "Bo")]
    for page, count in zip(pages, (2, 3), strict=True):
        for number in range(1, count + 1):
            rate(page, number, RATINGS[number - 1] + count)
    before = session.rooms().find(code)
    links = [link_of(page, "room", "me", "place") for page in pages]
    own = link_of(board, "round", "room", "lead")
    session.rooms.clear()
    early = visit(**links[0])
    assert f"No live room {code} is open here" in texts(early) and quiet(early)
    assert "0 readers" in texts(visit(**own))
    again = [early.run(), visit(**links[1])]
    assert "2 of 5 ratings were read from the link" in texts(again[0])
    assert "You are in this room as **Ada**" in texts(again[0])
    after = session.rooms().find(code)
    assert before is not None and after is not None and before is not after
    first, second = (
        {one.name: one.record.readings for one in room.room().readers} for room in (before, after)
    )
    assert first == second
    press(again[1], "reading_start")
    assert again[1].select_slider(key="reading_rating_4").value == "not rated"


def test_a_readers_link_cannot_reach_the_board(visit: Visit) -> None:
    _, code = led(visit)
    for secret in (code, "", "6a0-" + "a" * 22):
        page = visit(room=code, round=write_code(PLAN), lead=secret)
        assert "Open a new room" in page.error[0].value
        assert not page.dataframe and not page.get("plotly_chart")


@pytest.mark.parametrize("code", ["<b>", "ABCD", "9" * 3000])
def test_a_code_that_is_none_is_a_sentence(visit: Visit, code: str) -> None:
    page = visit(room=code)
    assert not page.exception and "Expected the code of a live room" in page.error[0].value
    assert press(page, "reading_leave_room").button(key="reading_begin")


def test_a_nickname_that_is_taken_or_empty_is_a_sentence_and_another_joins(visit: Visit) -> None:
    _, code = led(visit)
    joined(visit, code, "Ada")
    page = joined(visit, code, "ada ")
    assert "The nickname ada is taken" in page.error[0].value
    assert "Enter a nickname" in join(page, " = ").error[0].value
    assert quiet(join(page, "Bo")) and page.select_slider(key="reading_rating_1")


def test_another_person_at_the_same_browser_takes_another_seat(visit: Visit) -> None:
    _, code = led(visit)
    first = rate(joined(visit, code, "Ada"), 1, 80)
    page = visit(**link_of(first, "room", "me", "place"))
    press(page, "reading_stand_up")
    assert not set(page.query_params) & {"me", "place"}
    join(page, "Bo")
    assert page.select_slider(key="reading_rating_1").value == "not rated"
    room = session.rooms().find(code)
    assert room is not None
    kept = {one.name: len(one.record.readings) for one in room.room().readers}
    assert kept == {"Ada": 1, "Bo": 0}


def test_a_rooms_code_is_typed_in(visit: Visit) -> None:
    _, code = led(visit)
    page = visit()
    page.text_input(key="reading_code").set_value(code.lower().replace("-", "")).run()
    press(page, "reading_open_code")
    assert quiet(page) and page.text_input(key="reading_join_name")


def test_who_is_left_when_a_room_closes_finishes_alone(visit: Visit) -> None:
    board, code = led(visit)
    page = rate(joined(visit, code, "Ada"), 1, RATINGS[0])
    press(board, "reading_close")
    for number, rating in enumerate(RATINGS[1:], start=2):
        rate(page, number, rating)
    assert quiet(page) and page.query_params["round"] == write_code(PLAN)
    assert quiet(press(page, "reading_truth")) and "Case **" in texts(page)


def test_the_address_that_students_get_is_one_that_they_reach() -> None:
    for local in ("localhost:8501", "127.0.0.1:8501", "[::1]:8501"):
        assert reachable(f"http://{local}/x", "192.0.2.7") == "http://192.0.2.7:8501/x"
    assert reachable("http://192.0.2.9/x", "192.0.2.7") == "http://192.0.2.9/x"
