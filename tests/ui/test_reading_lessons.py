"""Rounds that teach on the page Reading room: `pytest tests/ui/test_reading_lessons.py`.

Practice, wrong advice, feedback after each case, and who should answer.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mammo import text as words
from mammo.artifacts import load_cases, load_manifest
from mammo.evaluation import EvaluatedModel
from mammo.reading import (
    Reading,
    Record,
    Result,
    RoundPlan,
    draw_round,
    round_cases,
    unpack,
    write_code,
    write_result,
)
from mammo.reading.advice import opinions
from mammo.reading.results_file import fingerprint
from mammo.ui.kit.cache import cards
from tests.ui.conftest import ROOT
from tests.ui.reading_room import drop, opened, press, quiet, texts, write_crops
from tests.ui.test_reading_live import Visit, everything, joined, look, visit
from tests.ui.test_reading_page import rate

__all__ = ["visit"]
WRONG = RoundPlan(10, 3, balanced=True, advice=True, wrong=30, maps=True)
TOLD = RoundPlan(5, 3, balanced=True, feedback=True)
PRACTISED = RoundPlan(12, 3, "practice", balanced=True, feedback=True)


@pytest.fixture
def training_room(
    app: AppTest,
    tiny_artifacts: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AppTest:
    """The app with the training set's pictures at hand and the notice accepted."""
    monkeypatch.setenv("MAMMO_DATA", str(write_crops(tiny_artifacts, tmp_path, "train")))
    app.session_state["notice_accepted"] = True
    return app


def test_the_diagnosis_follows_each_case_and_not_before_it(
    room: AppTest, tiny_artifacts: Path
) -> None:
    page = opened(room, round=write_code(TOLD))
    assert "The diagnosis follows each case" in texts(page)
    press(page, "reading_start")
    table = load_cases(tiny_artifacts).set_index("case_id")
    for number, case in enumerate(draw_round(TOLD, load_cases(tiny_artifacts), ()), start=1):
        assert not [one for one in (case, "MALIGNANT", "BENIGN") if one in everything(page)]
        rate(page, number, 90)
        right = "Correct" if table.loc[case, "label"] else "Incorrect"
        word = words.pathology_words(table.loc[case, "pathology"])
        assert quiet(page) and f"**{right}: {word}.**" in texts(page) and case in texts(page)
        assert "What the radiologist recorded" in texts(page)
        assert len(unpack(TOLD, page.query_params["place"]).readings) == number
        press(page, f"reading_onward_{number}")
    assert "All cases rated" in texts(page)
    assert quiet(press(page, "reading_truth")) and "Case **" in texts(page)


def test_an_earlier_case_shows_its_diagnosis_again_and_takes_no_rating(room: AppTest) -> None:
    page = opened(room, round=write_code(TOLD))
    press(page, "reading_start")
    rate(page, 1, 90)
    press(page, "reading_onward_1")
    press(page, "reading_back")
    assert "orrect: " in texts(page) and not page.select_slider
    press(page, "reading_onward_1")
    assert page.select_slider(key="reading_rating_2").value == "not rated"


def test_practice_chooses_by_errors_and_draws_a_learning_curve(training_room: AppTest) -> None:
    page = opened(training_room, kind="practice")
    assert quiet(page) and page.button(key="reading_lead").disabled
    page.slider(key="reading_practice_n").set_value(PRACTISED.n).run()
    page.number_input(key="reading_seed").set_value(PRACTISED.seed).run()
    press(page, "reading_begin")
    assert page.query_params["round"] == write_code(PRACTISED)
    press(page, "reading_start")
    for number in range(1, PRACTISED.n + 1):
        assert not {"MALIGNANT", "BENIGN"} & set(everything(page).split())
        rate(page, number, 100 if number % 3 else 0)
        assert quiet(page) and "of the official training set" in texts(page)
        assert "out-of-fold scores" in texts(page)
        if number < 10:
            assert f"So far: {number}." in texts(page)
        press(page, f"reading_onward_{number}")
    press(page, "reading_truth")
    assert quiet(page) and f"AUC of the last {PRACTISED.n} cases" in texts(page)
    curve = page.get("plotly_chart")[0].proto.spec
    assert "MobileNetV2, out of fold" in curve and '"Cases read"' in curve
    assert page.header[0].value.startswith("You ") and "of 12" in page.header[0].value


def test_a_practice_link_brings_the_same_cases_back(training_room: AppTest) -> None:
    record = Record(PRACTISED, tuple(Reading(10 * one, 3.0) for one in (9, 1, 9, 9)))
    page = opened(training_room, round=write_code(PRACTISED))
    press(page, "reading_start")
    for number, reading in enumerate(record.readings, start=1):
        rate(page, number, reading.rating)
        last = texts(page)
        press(page, f"reading_onward_{number}")
    press(page, "reading_back")
    shown = re.findall(r"Mass-Training\S+", texts(page))
    assert shown and shown == re.findall(r"Mass-Training\S+", last)
    again = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    again.session_state["notice_accepted"] = True
    opened(again, round=write_code(PRACTISED), place=page.query_params["place"])
    press(again, "reading_start")
    press(again, "reading_back")
    assert re.findall(r"Mass-Training\S+", texts(again)) == shown


def test_a_practice_file_opens_alone(training_room: AppTest, tiny_artifacts: Path) -> None:
    whole = Record(PRACTISED, tuple(Reading(9 * one, 3.0) for one in range(12)))
    served = fingerprint(load_manifest(tiny_artifacts))
    files = [
        (f"{name}.csv", write_result(Result(whole, name, served, "0.1.0"), "n"), "text/csv")
        for name in ("Ada", "Bo")
    ]
    page = drop(opened(training_room, do="files"), files)
    assert quiet(page) and page.header[0].value.startswith("Ada ")
    assert "adapts to its reader" in texts(page)


def test_practice_without_the_pictures_is_a_sentence(room: AppTest) -> None:
    page = opened(room, kind="practice")
    assert not page.exception and page.button(key="reading_begin").disabled
    page.slider(key="reading_practice_n").set_value(5).run()
    assert "images of all training cases" in texts(page)


def test_the_setup_makes_each_kind_of_advice(room: AppTest) -> None:
    page = opened(room)
    page.toggle(key="reading_advice").set_value(True).run()
    page.select_slider(key="reading_wrong").set_value(30).run()
    page.toggle(key="reading_maps").set_value(True).run()
    page.toggle(key="reading_feedback").set_value(True).run()
    page.slider(key="reading_n").set_value(5).run()
    press(page, "reading_begin")
    assert page.query_params["round"].startswith("T5BA3HF-")
    assert "wrong on purpose in 2 of 5 cases" in texts(page) and quiet(page)


def advised(tiny_artifacts: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return on which side the advice of `WRONG` is, and where it is wrong."""
    table = load_cases(tiny_artifacts)
    models = [EvaluatedModel.of_card(card) for card in cards()]
    cases = round_cases(draw_round(WRONG, table, ()), table, models)
    (advice,) = opinions(WRONG, cases)
    return advice.flags, advice.wrong


@pytest.mark.parametrize(("rate_of", "expected"), [(0, "0.0%"), (0.5, "50.0%"), (1, "100.0%")])
def test_the_page_shows_how_far_a_class_followed(
    room: AppTest, tiny_artifacts: Path, rate_of: float, expected: str
) -> None:
    flags, wrong = advised(tiny_artifacts)
    served = fingerprint(load_manifest(tiny_artifacts))
    files = []
    for reader in range(2):
        firsts = [10 + reader if flag else 80 + reader for flag in flags]
        seconds = [
            100 - first if (place + reader) % 2 < 2 * rate_of else first
            for place, first in enumerate(firsts)
        ]
        readings = tuple(Reading(a, 3.0, b) for a, b in zip(firsts, seconds, strict=True))
        result = Result(Record(WRONG, readings), f"reader {reader}", served, "0.1.0")
        files.append((f"{reader}.csv", write_result(result, "n"), "text/csv"))
    page = drop(opened(room, do="files"), files)
    assert quiet(page) and "wrong on purpose in 3 of 10 cases" in texts(page)
    tables = [one.value for one in page.table]
    followed = next(one for one in tables if "Followed" in one.columns).set_index("Ratings")
    assert followed.loc["All advice", "Contradicted"] == 20
    assert followed.loc["All advice", "Followed"].startswith(expected)
    moved = int(20 * rate_of)
    assert followed.loc["All advice", ["Became correct", "Became wrong"]].sum() == moved
    assert followed.loc["Wrong advice", "Became wrong"] == 6 * rate_of
    answers = next(one for one in tables if "Who answers" in one.columns)
    answers = answers.set_index("Who answers")
    assert answers.loc["Simulated advice", "Correct of 10"] == "7"
    assert answers.loc["Reader", "Correct of 10"] == "3"
    assert wrong.sum() == 3


def test_wrong_advice_is_announced_and_revealed(room: AppTest, tiny_artifacts: Path) -> None:
    flags, wrong = advised(tiny_artifacts)
    page = opened(room, round=write_code(WRONG))
    assert "wrong on purpose in 3 of 10 cases" in texts(page)
    press(page, "reading_start")
    for number, flag in enumerate(flags, start=1):
        rate(page, number, 60)
        shown = texts(page)
        assert "In 3 of 10 cases this advice is wrong" in shown and quiet(page)
        assert ("Above" in shown) == bool(flag) and "on purpose" not in shown
        assert "MobileNetV2" not in shown
        press(page, f"reading_second_{number}_confirm")
    press(page, "reading_truth")
    assert quiet(page) and "Effect of the advice" in texts(page)
    revealed = 0
    for _ in range(WRONG.n):
        revealed += "**wrong on purpose**" in texts(page)
        if not page.button(key="reading_review_next").disabled:
            press(page, "reading_review_next")
    assert revealed == wrong.sum()


def test_a_live_room_with_wrong_advice_and_feedback(visit: Visit) -> None:
    page = visit()
    page.toggle(key="reading_advice").set_value(True).run()
    page.select_slider(key="reading_wrong").set_value(20).run()
    page.toggle(key="reading_feedback").set_value(True).run()
    page.slider(key="reading_n").set_value(5).run()
    board = press(page, "reading_lead")
    reader = joined(visit, str(board.query_params["room"]), "Ada")
    assert "wrong on purpose" not in texts(reader) and "How likely" in texts(reader)
    for number in range(1, 6):
        rate(reader, number, 80)
        assert "this advice is wrong" in texts(reader)
        press(reader, f"reading_second_{number}_confirm")
        assert "orrect: " in texts(reader) and quiet(reader)
        press(reader, f"reading_onward_{number}")
    assert "the lecturer will show the results" in texts(reader)
    assert "Effect of the advice" in texts(look(board, "score")) and quiet(board)
    press(board, "reading_reveal")
    assert quiet(reader.run()) and "Who should answer?" in texts(reader)
