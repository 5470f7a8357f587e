"""The page Reading room by AppTest, a whole round included: `pytest tests/ui/test_reading_page.py`.

What the browser received, and the picture's tools, need a browser: `tests/browser/test_reading.py`.
"""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mammo.reading import Reading, Record, RoundPlan, pack, unpack, write_code
from mammo.ui.reading.review import against_record
from tests.ui.reading_room import (
    ADVISED,
    PLAN,
    RATINGS,
    opened,
    press,
    quiet,
    texts,
    whole,
)


def rate(page: AppTest, number: int, rating: int) -> AppTest:
    page.select_slider(key=f"reading_rating_{number}").set_value(rating).run()
    return press(page, f"reading_rating_{number}_confirm")


def choose(page: AppTest, label: str, option: str) -> AppTest:
    control = next(one for one in page.segmented_control if one.label == label)
    return control.set_value(option).run()


def test_a_whole_round_is_read_scored_and_reviewed(room: AppTest) -> None:
    page = opened(room, round=write_code(PLAN))
    assert quiet(page) and "5 cases of the official test set" in texts(page)
    press(page, "reading_start")
    for number, rating in enumerate(RATINGS, start=1):
        assert page.button(key=f"reading_rating_{number}_confirm").disabled, (
            "an unrated case cannot be left"
        )
        assert not {"MALIGNANT", "BENIGN", "Recorded"} & set(texts(page).split())
        rate(page, number, rating)
        assert quiet(page)
    assert "All cases rated" in texts(page)
    record = unpack(PLAN, page.query_params["place"])
    assert [reading.rating for reading in record.readings] == RATINGS
    press(page, "reading_truth")
    assert quiet(page)
    assert "AUC" in page.info[0].value and "too few" in texts(page)
    headline = page.header[0].value
    assert re.fullmatch(
        r"You \d of 5, Simple CNN \d, MobileNetV2 \d, radiologists \d( of \d)?", headline
    )
    figures = page.table[0].value.set_index("Who")
    assert list(figures.index) == ["You", "Simple CNN", "MobileNetV2", "Radiologists (recorded)"]
    assert "Case **" in texts(page) and "recorded" in texts(page)
    press(page, "reading_review_next")
    assert quiet(page) and "2 of 5" in texts(page)
    labels = [one.proto.label for one in page.get("download_button")]
    assert {"Case report (PDF)", "Case report (HTML)"} <= set(labels)
    page.slider(key="reading_cut").set_value(30).run()
    assert page.table[0].value.set_index("Who").loc["You", "Threshold"] == "rating 30"
    assert page.query_params["cut"] == "30" and quiet(page)


def test_advice_comes_after_the_first_rating_and_a_second_follows(room: AppTest) -> None:
    page = opened(room, round=write_code(ADVISED))
    press(page, "reading_start")
    assert "%" not in texts(page)
    rate(page, 1, 80)
    assert "Your rating: **80**" in texts(page) and "**MobileNetV2: " in texts(page)
    assert page.select_slider(key="reading_second_1").value == 80
    press(page, "reading_second_1_20")
    press(page, "reading_second_1_confirm")
    record = unpack(ADVISED, page.query_params["place"])
    assert (record.readings[0].rating, record.readings[0].second) == (80, 20)
    assert "MobileNetV2" not in texts(page)


def test_looking_back_shows_a_rating_and_offers_no_other(room: AppTest) -> None:
    page = opened(room, round=write_code(PLAN))
    press(page, "reading_start")
    rate(page, 1, 80)
    press(page, "reading_back")
    assert "Your rating: **80**" in texts(page) and not page.select_slider
    assert not [button for button in page.button if str(button.key).endswith("_confirm")]
    press(page, "reading_forward")
    assert page.select_slider(key="reading_rating_2").value == "not rated"


def test_the_ways_back_of_the_browser_take_no_rating_away(room: AppTest) -> None:
    page = opened(room, round=write_code(PLAN))
    press(page, "reading_start")
    rate(page, 1, 80)
    older = page.query_params["place"]
    rate(page, 2, 70)
    page.query_params["place"] = older
    page.run()
    record = unpack(PLAN, page.query_params["place"])
    assert [reading.rating for reading in record.readings] == [80, 70]


def test_a_reload_goes_on_from_the_link_and_says_so(room: AppTest) -> None:
    record = Record(PLAN, (Reading(70, 4.0), Reading(30, 5.0)))
    page = opened(room, round=write_code(PLAN), place=pack(record))
    assert "2 of 5 ratings were read from the link" in texts(page)
    press(page, "reading_start")
    assert page.select_slider(key="reading_rating_3") is not None
    again = unpack(PLAN, page.query_params["place"])
    assert again.readings == record.readings and again.resumed == 1


def test_a_link_with_ratings_of_somebody_else_can_be_started_anew(room: AppTest) -> None:
    record = Record(PLAN, (Reading(70, 4.0),))
    page = opened(room, round=write_code(PLAN), place=pack(record))
    press(page, "reading_anew")
    assert page.select_slider(key="reading_rating_1").value == "not rated"


def test_a_broken_place_is_a_sentence_and_the_round_can_start(room: AppTest) -> None:
    page = opened(room, round=write_code(PLAN), place="nonsense")
    assert "ratings in this link cannot be read" in texts(page) and quiet(page)
    assert press(page, "reading_start").select_slider


@pytest.mark.parametrize("code", ["T20B-4711-XX", "<b>", "%00", "9" * 3000])
def test_a_bad_code_in_the_link_is_a_sentence_and_a_round_can_be_chosen(
    room: AppTest, code: str
) -> None:
    page = opened(room, round=code)
    assert not page.exception
    assert "Expected a round's code" in page.error[0].value
    assert page.button(key="reading_begin") is not None


def test_a_code_is_typed_in(room: AppTest) -> None:
    page = opened(room)
    page.text_input(key="reading_code").set_value("t20b-1-aa").run()
    assert "Expected a round's code" in page.error[0].value
    assert page.slider(key="reading_n") and page.button(key="reading_begin"), (
        "a typing error takes nothing else from the page"
    )
    page.text_input(key="reading_code").set_value(write_code(PLAN).lower()).run()
    press(page, "reading_open_code")
    assert page.query_params["round"] == write_code(PLAN) and quiet(page)


def test_a_round_longer_than_the_cases_cannot_be_opened(room: AppTest) -> None:
    page = opened(room)
    page.slider(key="reading_n").set_value(50).run()
    assert "asks for 50 cases" in texts(page)
    assert page.button(key="reading_begin").disabled
    link = opened(room, round=write_code(RoundPlan(50, 1)))
    assert "asks for 50 cases" in link.error[0].value
    assert press(link, "reading_leave_broken").button(key="reading_begin") is not None


def test_without_a_data_folder_the_examples_are_read(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAMMO_DATA", raising=False)
    app.session_state["notice_accepted"] = True
    page = opened(app)
    assert quiet(page) and page.slider(key="reading_n").max == 10
    link = opened(app, round=write_code(PLAN))
    assert "needs the images of 5 test cases, and 5 of them are not here" in link.error[0].value


def test_a_folder_that_lacks_the_pictures_is_a_sentence(
    room: AppTest, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_DATA", str(prepared))
    page = opened(room, round=write_code(PLAN))
    assert "5 of them are not here" in page.error[0].value


def test_nothing_shows_before_the_notice_is_accepted(app: AppTest) -> None:
    page = opened(app, round=write_code(PLAN))
    assert not [button for button in page.button if str(button.key).startswith("reading")]


@pytest.mark.parametrize("cut", ["9" * 5_000, "101", "-1", "x"])
def test_a_cut_that_is_none_in_the_link_is_passed_over(room: AppTest, cut: str) -> None:
    page = opened(room, round=write_code(PLAN), place=pack(whole(PLAN)), cut=cut)
    press(page, "reading_truth")
    assert quiet(page) and page.slider(key="reading_cut").value == 50


def test_the_review_of_another_round_or_order_begins_at_its_first_case(room: AppTest) -> None:
    page = opened(room, round=write_code(PLAN), place=pack(whole(PLAN)))
    press(page, "reading_truth")
    for _ in range(3):
        press(page, "reading_review_next")
    assert "4 of 5" in texts(page)
    page.slider(key="reading_cut").set_value(30).run()
    assert "4 of 5" in texts(page), "the threshold is no other review"
    choose(page, "Order", "read")
    assert "1 of 5" in texts(page) and quiet(page)
    press(page, "reading_review_next")
    press(page, "reading_leave")
    other = RoundPlan(5, 4, balanced=True)
    page.query_params["round"], page.query_params["place"] = write_code(other), pack(whole(other))
    page.run()
    press(page, "reading_truth")
    assert "1 of 5" in texts(page) and quiet(page)


def test_an_act_with_the_address_of_before_does_not_open_a_round_that_was_left(
    room: AppTest,
) -> None:
    page = opened(room, round=write_code(PLAN))
    press(page, "reading_leave")
    assert page.button(key="reading_begin") and "round" not in page.query_params
    page.query_params["round"] = write_code(PLAN)
    page.slider(key="reading_n").set_value(6).run()
    assert page.button(key="reading_begin") and "round" not in page.query_params
    page.switch_page("pages/6_Model_card.py").run()
    assert opened(page, round=write_code(PLAN)).button(key="reading_start"), "a link opens it"


def test_the_review_says_what_was_recorded_as_every_page_does(room: AppTest) -> None:
    page = opened(room, round=write_code(PLAN), place=pack(whole(PLAN)))
    press(page, "reading_truth")
    for _ in range(5):
        said = texts(page)
        assert "What the radiologist recorded" in said
        assert re.search(r"\| \[Density\]\([^)]*\) \| ([a-d]|not recorded) \|", said)
        assert not re.search(r"\| \[(Density|Subtlety)\]\([^)]*\) \| 0", said)
        if not page.button(key="reading_review_next").disabled:
            press(page, "reading_review_next")


def test_what_the_reader_described_is_held_against_the_record() -> None:
    assert against_record("OVAL", "OVAL-LOBULATED") == "as recorded"
    assert against_record("ROUND", "OVAL") == "which differs from the record"
    assert against_record("ROUND", None) == "with nothing recorded"


def test_one_rating_in_the_link_is_told_as_one(room: AppTest) -> None:
    page = opened(room, round=write_code(PLAN), place=pack(Record(PLAN, (Reading(70, 4.0),))))
    assert "1 of 5 ratings was read from the link" in texts(page)
