"""The page Reading room by AppTest, a whole round included: `pytest tests/ui/test_reading_page.py`.

What the browser received, and the picture's tools, need a browser: `tests/browser/test_reading.py`.
"""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mammo.artifacts import load_manifest
from mammo.reading import Reading, Record, RoundPlan, pack, unpack, write_code, write_result
from mammo.reading.origin import fingerprint
from mammo.reading.results_file import Result

PAGE = "pages/5_Reading_room.py"
PLAN = RoundPlan(5, 3, balanced=True)
ADVISED = RoundPlan(5, 3, balanced=True, advice=True)
RATINGS = [80, 20, 60, 40, 10]


@pytest.fixture(scope="module")
def crops(tiny_artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared folder with a picture for each of the tiny artifacts' test rows."""
    folder = tmp_path_factory.mktemp("crops")
    (folder / "crops").mkdir()
    with (tiny_artifacts / "cases.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    names = [name for name in rows[0] if "_score" not in name and "_p" not in name[-2:]]
    random = np.random.default_rng(0)
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["file", *names], extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            name = f"crops/{row['case_id']}.png"
            cv2.imwrite(str(folder / name), random.integers(0, 256, (64, 64), np.uint8))
            writer.writerow({"file": name, **row})
    return folder


@pytest.fixture
def room(app: AppTest, crops: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with the test set's pictures at hand and the notice accepted."""
    monkeypatch.setenv("MAMMO_DATA", str(crops))
    app.session_state["notice_accepted"] = True
    return app


def opened(app: AppTest, **link: str) -> AppTest:
    app.run()
    app.switch_page(PAGE)
    for name, text in link.items():
        app.query_params[name] = text
    return app.run()


def texts(page: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning", "success", "error", "header", "subheader")
    return "\n".join(str(element.value) for kind in kinds for element in page.get(kind))


def quiet(page: AppTest) -> bool:
    return not page.exception and not page.error


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def rate(page: AppTest, number: int, rating: int) -> AppTest:
    page.select_slider(key=f"reading_rating_{number}").set_value(rating).run()
    return press(page, f"reading_rating_{number}_confirm")


def whole(plan: RoundPlan, shift: int = 0) -> Record:
    second = [rating + 1 for rating in RATINGS] if plan.advice else [None] * 5
    pairs = zip(RATINGS, second, strict=True)
    return Record(plan, tuple(Reading(a + shift, 3.0, b) for a, b in pairs))


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
    assert "All rated" in texts(page)
    record = unpack(PLAN, page.query_params["place"])
    assert [reading.rating for reading in record.readings] == RATINGS
    press(page, "reading_truth")
    assert quiet(page)
    assert "AUC" in page.info[0].value and "too few" in texts(page)
    figures = page.table[0].value.set_index("Who")
    assert list(figures.index) == ["You", "Simple CNN", "MobileNetV2", "Radiologists, recorded"]
    assert "Case **" in texts(page) and "recorded" in texts(page)
    press(page, "reading_review_next")
    assert quiet(page) and "2 of 5" in texts(page)
    labels = [one.proto.label for one in page.get("download_button")]
    assert {"Case report (PDF)", "Case report (HTML)"} <= set(labels)
    page.slider(key="reading_cut").set_value(30).run()
    assert page.table[0].value.set_index("Who").loc["You", "Flags from"] == "rating 30"
    assert page.query_params["cut"] == "30" and quiet(page)


def test_advice_comes_after_the_first_rating_and_a_second_follows(room: AppTest) -> None:
    page = opened(room, round=write_code(ADVISED))
    press(page, "reading_start")
    assert "%" not in texts(page)
    rate(page, 1, 80)
    assert "You said **80**" in texts(page) and "**MobileNetV2: " in texts(page)
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
    assert "You said **80**" in texts(page) and not page.select_slider
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
    assert "no folder of prepared crops is set here" in link.error[0].value


def test_a_folder_that_lacks_the_pictures_is_a_sentence(
    room: AppTest, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_DATA", str(prepared))
    page = opened(room, round=write_code(PLAN))
    assert "the data folder lacks 5 of them" in page.error[0].value


def test_nothing_shows_before_the_notice_is_accepted(app: AppTest) -> None:
    page = opened(app, round=write_code(PLAN))
    assert not [button for button in page.button if str(button.key).startswith("reading")]


def drop(page: AppTest, files: list[tuple[str, bytes, str]]) -> AppTest:
    """Drop result files into the page."""
    for name, content, kind in files:
        page.file_uploader(key="reading_files").upload(name, content, kind)
    return page.run()


def results(tiny_artifacts: Path, plan: RoundPlan, *shifts: int) -> list[tuple[str, bytes, str]]:
    served = fingerprint(load_manifest(tiny_artifacts))
    return [
        (
            f"r{shift}.csv",
            write_result(Result(whole(plan, shift), f"Reader <{shift}>", served, "0.1.0"), "n"),
            "text/csv",
        )
        for shift in shifts
    ]


def test_one_file_shows_its_readers_results_again(room: AppTest, tiny_artifacts: Path) -> None:
    page = opened(room, do="files")
    drop(page, results(tiny_artifacts, ADVISED, 0))
    assert quiet(page) and "AUC" in page.info[0].value
    assert "wrong into right" in texts(page)


def test_a_class_is_merged_and_what_does_not_fit_is_named(
    room: AppTest, tiny_artifacts: Path
) -> None:
    files = results(tiny_artifacts, PLAN, 0, 5, 9)
    files.append(("other.csv", results(tiny_artifacts, ADVISED, 3)[0][1], "text/csv"))
    files.append(("copy.csv", files[0][1], "text/csv"))
    files.append(("huge.csv", b"x" * 300_000, "text/csv"))
    page = opened(room, do="files")
    drop(page, files)
    assert quiet(page)
    assert "3 of 6 files are left out" in texts(page) and "3 readers" in texts(page)
    assert "On average the readers" in page.info[0].value
    readers, cases = (frame.value for frame in page.dataframe)
    assert sorted(readers["Reader"]) == ["Reader <0>", "Reader <5>", "Reader <9>"]
    assert cases["Mean distance"].is_monotonic_decreasing and len(cases) == 5


def test_files_that_are_none_are_named(room: AppTest) -> None:
    page = opened(room, do="files")
    files = [("a.csv", b"", "text/csv"), ("b.csv", b"a,b\n1,2\n", "text/csv")]
    drop(page, files)
    assert quiet(page) and "2 of 2 files are left out" in texts(page)
