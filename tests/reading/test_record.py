"""A record grows and never changes; the link's text and the CSV give it back, or refuse."""

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo.errors import DataError, MammoError, SettingsError
from mammo.reading import (
    Reading,
    Record,
    Result,
    RoundPlan,
    pack,
    unpack,
    write_result,
)
from mammo.reading.record import DESCRIPTORS
from mammo.reading.results_file import COLUMNS, LARGEST_BYTES, read_result
from tests.reading.conftest import record_of

PLAIN, ADVISED = RoundPlan(5, 1), RoundPlan(5, 1, advice=True)
RATINGS = st.integers(0, 100)


@st.composite
def records(draw: st.DrawFn, whole: bool = False) -> Record:
    plan = RoundPlan(draw(st.integers(5, 50)), draw(st.integers(0, 99)), advice=draw(st.booleans()))
    count = plan.n if whole else draw(st.integers(0, plan.n))
    readings = tuple(
        Reading(
            draw(RATINGS),
            draw(st.floats(0, 9_000)),
            draw(RATINGS) if plan.advice else None,
            **{name: draw(st.sampled_from(options)) for name, options in DESCRIPTORS.items()},
        )
        for _ in range(count)
    )
    return Record(plan, readings, draw(st.integers(0, 255)))


@settings(max_examples=30)
@given(records())
def test_the_link_gives_a_record_back(record: Record) -> None:
    text = pack(record)
    assert unpack(record.plan, text) == record
    assert len(text) < 500 and text.replace("-", "").replace("_", "").isalnum()


def test_the_link_keeps_a_rating_that_waits_for_its_second() -> None:
    record = Record(ADVISED, (Reading(10, 1.0, 20), Reading(30, 2.0)))
    again = unpack(ADVISED, pack(record))
    assert again == record and again.awaits_second and again.at == 1


@pytest.mark.parametrize("text", ["x", "////", "AAAA", "=" * 9, "é", "A" * 100_000, "%00"])
def test_a_broken_place_is_a_sentence(text: str) -> None:
    with pytest.raises(SettingsError, match="ratings in this link cannot be read") as caught:
        unpack(PLAIN, text)
    assert len(str(caught.value)) < 300


def test_the_place_in_another_round_is_refused() -> None:
    text = pack(Record(PLAIN, (Reading(1, 1.0),)))
    with pytest.raises(SettingsError, match="another round"):
        unpack(RoundPlan(5, 2), text)
    with pytest.raises(SettingsError):
        unpack(PLAIN, text[:-2])


def test_a_rating_stands_once_given() -> None:
    record = Record(ADVISED).rated(Reading(40, 3.0))
    assert record.awaits_second and record.at == 0
    with pytest.raises(DataError, match="a confirmed rating cannot be changed"):
        record.rated(Reading(60, 1.0))
    record = record.advised(55)
    assert (record.readings[0].rating, record.readings[0].second, record.at) == (40, 55, 1)
    with pytest.raises(DataError, match="No second rating is due"):
        record.advised(70)
    whole = record_of(PLAIN, [1, 2, 3, 4, 5])
    assert whole.whole
    with pytest.raises(DataError, match="a confirmed rating cannot be changed"):
        whole.rated(Reading(60, 1.0))


@pytest.mark.parametrize("rating", [-1, 101, True, 3.5, None, float("nan"), "7"])
def test_no_rating_but_a_whole_number_of_the_scale(rating: object) -> None:
    with pytest.raises(DataError, match="whole number from 0 to 100"):
        Reading(rating, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_no_time_before_the_start(seconds: float) -> None:
    with pytest.raises(DataError, match="0 seconds or more"):
        Reading(1, seconds)


def test_a_record_holds_no_more_and_no_other_than_its_round() -> None:
    with pytest.raises(DataError, match="5 cases"):
        record_of(PLAIN, [1] * 6)
    with pytest.raises(DataError, match="without advice"):
        record_of(PLAIN, [1] * 5, [2] * 5)
    with pytest.raises(DataError, match="with advice"):
        Record(ADVISED, (Reading(1, 1.0), Reading(2, 1.0, 3)))


@settings(max_examples=30)
@given(records(whole=True), st.text(max_size=40))
def test_the_file_gives_a_result_back(record: Record, nickname: str) -> None:
    content = write_result(Result(record, nickname, "0123456789ab", "0.1.0"), "notice, with comma")
    again = read_result(content)
    assert again.record == record
    assert again.artifacts == "0123456789ab" and again.app_version == "0.1.0"
    assert len(again.nickname) <= 30 and "\n" not in again.nickname
    assert not again.nickname.startswith(("=", "+", "-", "@"))
    assert len(content) < LARGEST_BYTES


RESULT = Result(record_of(PLAIN, [10, 20, 30, 40, 50]), "Ada", "0123456789ab", "0.1.0")
CONTENT = write_result(RESULT, "notice")


def edited(**changes: str) -> bytes:
    """The file with cells of its third case replaced."""
    rows = list(csv.DictReader(io.StringIO(CONTENT.decode())))
    rows[2].update(changes)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def test_what_a_spreadsheet_does_on_saving_is_no_change() -> None:
    text = CONTENT.decode()
    german = re.sub(r";(\d+)\.(\d);", r";\1,\2;", edited().decode().replace(",", ";"))
    assert german != text.replace(",", ";"), "seconds with a decimal comma"
    columns = [line.split(",") for line in text.splitlines()]
    for saved in (
        german.encode("utf-8-sig"),
        german.encode("utf-16"),
        f"sep=;\n{german}".encode(),
        german.replace("\r\n", ";;\r\n").encode() + b";;;\r\n",
        german.replace("\r\n", "\r").encode("cp1252"),
        text.replace("\n", "\n\n").encode(),
        "\n".join(",".join(line[::-1]) for line in columns).encode(),
        text.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + CONTENT,
        text.replace(",", ";").encode(),
        text.replace(",", "\t").encode(),
        CONTENT + b"\n\n",
    ):
        assert read_result(saved) == RESULT


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "an empty file"),
        (b"\x00\xff\xfe", "not text in UTF-8"),
        (b"a,b\n1,2\n", "Expected a results file"),
        (CONTENT.split(b"\n")[0], "1 to 99 rows"),
        (b"\n".join(CONTENT.split(b"\n")[:4]), "cases 1 to 5"),
        (CONTENT + CONTENT.split(b"\n")[1] + b"\n", "cases 1 to 5"),
        (CONTENT + b"1,2\n", "Line 7 of the results file should have 14 cells"),
        (CONTENT * 60, "at most|1 to 99 rows"),
        (b"x" * (LARGEST_BYTES + 1), "at most 100 kB"),
        (edited(rating=""), "Case 3: .*from 0 to 100 in rating, received ''"),
        (edited(rating="nan"), "received 'nan'"),
        (edited(rating="101"), "received '101'"),
        (edited(rating="-5"), "received '-5'"),
        (edited(rating="3.5"), "received '3.5'"),
        (edited(rating="٣"), "received"),
        (edited(rating="9" * 5_000), "Case 3: .*from 0 to 100 in rating, received '9{20}'"),
        (CONTENT.replace(b",0,1,", b"," + b"9" * 5_000 + b",1,"), "another resumed"),
        (edited(rating="31"), "changed after mammo wrote it"),
        (edited(seconds="0.1"), "changed after mammo wrote it"),
        (edited(seconds="inf"), "expected seconds"),
        (edited(shape="SQUARE"), "Case 3: The shape"),
        (edited(rating_after_advice="10"), "with advice|without advice|second rating"),
        (edited(nickname="Bob"), "another nickname"),
        (edited(round="T20B-4711-T3"), "another round"),
        (edited(case="2"), "each once and in order"),
        (CONTENT.replace(b"Ada", b"Bob"), "changed after mammo wrote it"),
        (CONTENT.replace(b"0.1.0", b"01.01.2000"), "changed app_version into a date or a number"),
        (edited(seconds="36%"), "Case 3: expected seconds .*percentage"),
        (edited(rating="30.Mai"), "Case 3: .*a date"),
        (CONTENT.replace(b"T5N-1", b"T5N-2"), "mistyped"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_or_was_changed_is_a_sentence(content: bytes, says: str) -> None:
    with pytest.raises(MammoError, match=says):
        read_result(content)


@pytest.mark.parametrize("column", ["case", "shape", "round", "nickname", "check"])
def test_an_overlong_cell_gives_no_overlong_sentence(column: str) -> None:
    rows = [dict(row) for row in csv.DictReader(io.StringIO(CONTENT.decode()))]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({**row, column: "9" * 15_000} for row in rows)
    with pytest.raises(MammoError) as caught:
        read_result(text.getvalue().encode())
    assert len(str(caught.value)) < 600


def test_a_nickname_is_read_as_it_would_have_been_written() -> None:
    again = read_result(CONTENT.replace(b"Ada", b"=Ada"))
    assert again.nickname == "Ada", "no formula comes in by a file changed by hand"


def test_a_file_tells_nobody_the_truth() -> None:
    assert not {"case_id", "pathology", "label"} & set(COLUMNS)
    assert b"MALIGNANT" not in CONTENT and b"Mass-" not in CONTENT
