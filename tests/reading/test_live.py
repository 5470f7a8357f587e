"""Live rooms, free of Streamlit: `pytest tests/reading/test_live.py`."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammo.artifacts import load_cases
from mammo.errors import MammoError
from mammo.evaluation import EvaluatedModel
from mammo.reading import (
    Reading,
    Record,
    Room,
    RoundPlan,
    draw_round,
    pack,
    round_cases,
    score_room,
    unpack,
)
from mammo.reading.live import (
    LASTS,
    MOST_READERS,
    MOST_ROOMS,
    MOST_UNKNOWN,
    LiveRoom,
    Rooms,
    new_secret,
    read_room_code,
    room_code,
)
from mammo.reading.room import RoomReader
from tests.tiny_artifacts import write_tiny_artifacts

PLAN = RoundPlan(5, 3, balanced=True)
ADVISED = RoundPlan(5, 3, balanced=True, advice=True)
NOW = 1_900_000_000.0


def record(*ratings: int, plan: RoundPlan = PLAN) -> Record:
    return Record(plan, tuple(Reading(rating, 3.0) for rating in ratings))


def opened(clock: list[float] | None = None) -> tuple[Rooms, LiveRoom, str]:
    time = clock or [NOW]
    rooms, secret = Rooms(lambda: time[0]), new_secret(time[0])
    return rooms, rooms.lead(secret, PLAN, "a", None), secret


def test_a_rooms_code_follows_from_its_secret_its_round_and_the_release() -> None:
    secret = new_secret(NOW)
    code = room_code(secret, PLAN, "a")
    assert re.fullmatch(r"([A-Z2-7]{4}-){2}[A-Z2-7]{4}", code)
    others = (
        room_code(new_secret(NOW), PLAN, "a"),
        room_code(secret, ADVISED, "a"),
        room_code(secret, PLAN, "b"),
    )
    assert len({code, *others}) == 4
    assert read_room_code(code.lower().replace("-", " ").replace("o", "0")) == code
    for text in ("", "T20B-4711-T3", "<b>", "A" * 5_000, "ABCD-EFGH-IJ29"):
        with pytest.raises(MammoError, match="Expected the code of a live room"):
            read_room_code(text)


A = "a" * 22


@pytest.mark.parametrize("secret", ["", "x", "65a0-short", f"zz-{A}", f"{'f' * 12}-{A}"])
def test_who_lacks_the_secret_leads_nothing(secret: str) -> None:
    rooms, room, own = opened()
    for wrong in (secret, room.code):
        with pytest.raises(MammoError, match="Open a new room"):
            rooms.lead(wrong, PLAN, "a", room.code)
    assert rooms.lead(own, PLAN, "a", room.code) is room


def test_a_link_of_another_release_or_round_is_a_sentence() -> None:
    rooms, room, secret = opened()
    for plan, artifacts in ((PLAN, "b"), (ADVISED, "a")):
        with pytest.raises(MammoError, match="another release of mammo"):
            rooms.lead(secret, plan, artifacts, room.code)


def test_a_nickname_is_cleaned_needed_and_had_once() -> None:
    _, room, _ = opened()
    assert room.join("1", "  =Ada\n") == "Ada"
    assert room.join("1", "Bo") == "Ada", "a second click is no second reader"
    for name, why in (("ada", "nickname ada is taken"), (" =\n", "Enter a nickname")):
        with pytest.raises(MammoError, match=why):
            room.join("2", name)
    assert room.join("2", "<b>" * 30) == ("<b>" * 30)[:30]
    assert [reader.name for reader in room.room().readers] == ["Ada", ("<b>" * 30)[:30]]


def test_of_two_records_the_one_that_goes_on_holds() -> None:
    _, room, _ = opened()
    room.join("1", "Ada")
    assert room.put("1", "Ada", record(70)) == record(70)
    assert room.put("1", "Ada", record(70, 20)) == record(70, 20)
    assert room.put("1", "Ada", record(70)) == record(70, 20), "an older link takes nothing away"
    assert room.put("1", "Ada", record(10, 20, 30)) == record(70, 20), "nor rates anew"
    assert room.room().readers[0].record == record(70, 20)


def test_a_second_rating_continues_the_first() -> None:
    rooms = Rooms(lambda: NOW)
    room = rooms.lead(new_secret(NOW), ADVISED, "a", None)
    room.join("1", "Ada")
    first = Record(ADVISED, (Reading(70, 3.0),))
    assert room.put("1", "Ada", first) == first
    assert room.put("1", "Ada", first.advised(20)) == first.advised(20)
    assert room.put("1", "Ada", first) == first.advised(20)
    assert room.put("1", "Ada", first.advised(90)) == first.advised(20)
    assert np.isnan(room.room().ratings(after_advice=True)[0, 1:]).all()


def test_ratings_after_the_diagnoses_were_shown_do_not_count() -> None:
    _, room, _ = opened()
    room.join("1", "Ada")
    room.put("1", "Ada", record(70))
    room.revealed = True
    assert room.put("1", "Ada", record(70, 20)) == record(70, 20), "its reader goes on alone"
    assert room.put("2", "Bo", record(1)) == record(1)
    assert [one.record for one in room.room().readers] == [record(70)]
    with pytest.raises(MammoError, match="takes no more readers"):
        room.join("3", "Cy")


def test_a_room_is_full_and_a_server_has_only_so_many() -> None:
    clock = [NOW]
    rooms, room, _ = opened(clock)
    for number in range(MOST_READERS):
        room.join(str(number), f"reader {number}")
    with pytest.raises(MammoError, match="This room is full"):
        room.join("more", "more")
    with pytest.raises(MammoError, match="This room is full"):
        room.put("more", "more", record(1))
    for _ in range(MOST_ROOMS - 1):
        rooms.lead(new_secret(NOW), PLAN, "a", None).join("1", "Ada")
    with pytest.raises(MammoError, match="open rooms, which is the most"):
        rooms.lead(new_secret(NOW), PLAN, "a", None)
    room.closed = True
    rooms.lead(new_secret(NOW), PLAN, "a", None)
    assert rooms.find(room.code) is None, "a closed room makes way"


def test_a_room_ends_after_two_hours() -> None:
    clock = [NOW]
    rooms, room, secret = opened(clock)
    assert rooms.find(room.code) is room
    clock[0] += LASTS
    assert rooms.find(room.code) is None
    with pytest.raises(MammoError, match="has ended"):
        rooms.lead(secret, PLAN, "a", room.code)


def test_guessing_codes_is_stopped_and_keeps_nobody_out_of_an_open_room() -> None:
    clock = [NOW]
    rooms, room, _ = opened(clock)
    for number in range(MOST_UNKNOWN):
        assert rooms.find(f"guess {number}") is None
        assert rooms.find("guess 0") is None, "a page that waits asks again"
    with pytest.raises(MammoError, match="Wait a minute"):
        rooms.find("another")
    assert rooms.find(room.code) is room
    clock[0] += 61
    assert rooms.find("another") is None


def test_a_practice_round_has_no_room() -> None:
    plan = RoundPlan(5, 3, "practice", feedback=True)
    with pytest.raises(MammoError, match="no live room"):
        Rooms(lambda: NOW).lead(new_secret(NOW), plan, "a", None)


def test_forty_readers_at_once_and_a_restart_lose_and_mix_up_nothing(tmp_path: Path) -> None:
    table = load_cases(write_tiny_artifacts(tmp_path / "artifacts"))
    models = [EvaluatedModel("mobilenetv2", "MobileNetV2", {"youden": 0.45})]
    cases = round_cases(draw_round(PLAN, table, ()), table, models)
    random = np.random.default_rng(0)
    rated = {f"reader {i}": random.integers(0, 101, 5).tolist() for i in range(40)}
    _, room, secret = opened()

    def read(room: LiveRoom, name: str) -> str:
        token = f"token of {name}"
        room.join(token, name)
        for count in range(1, 4):
            room.put(token, name, record(*rated[name][:count]))
        return pack(room.put(token, name, record(*rated[name][:3])))

    with ThreadPoolExecutor(8) as pool:
        links = dict(zip(rated, pool.map(lambda name: read(room, name), rated), strict=True))

    restarted = Rooms(lambda: NOW)
    assert restarted.find(room.code) is None
    again = restarted.lead(secret, PLAN, "a", room.code)
    assert again.code == room.code and not again.room().readers

    def rejoin(name: str) -> None:
        token, held = f"token of {name}", unpack(PLAN, links[name])
        for count in range(3, 6):
            more = record(*rated[name][3:count]).readings
            again.put(token, name, replace(held, readings=(*held.readings, *more)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(rejoin, rated))
    offline = Room(PLAN, tuple(RoomReader(n, record(*rated[n])) for n in rated), ())
    live = {reader.name: reader.record.readings for reader in again.room(whole=True).readers}
    assert live == {reader.name: reader.record.readings for reader in offline.readers}
    found, expected = (score_room(cases, one, 50, 200) for one in (again.room(), offline))
    assert found.mean_auc.value == pytest.approx(expected.mean_auc.value, abs=1e-12)
    assert found.mean_rating_auc == expected.mean_rating_auc
