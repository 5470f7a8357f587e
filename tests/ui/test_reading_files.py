"""Result files opened on the page Reading room: `pytest tests/ui/test_reading_files.py`."""

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mammo import text as words
from mammo.reading import RoundPlan
from tests.ui.reading_room import (
    ADVISED,
    PLAN,
    drop,
    opened,
    press,
    quiet,
    results,
    texts,
)


def test_one_file_shows_its_readers_results_again(room: AppTest, tiny_artifacts: Path) -> None:
    page = opened(room, do="files")
    drop(page, results(tiny_artifacts, ADVISED, 0))
    assert quiet(page) and "AUC" in page.info[0].value
    assert "became correct" in texts(page)


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
    assert "the readers on average" in page.info[0].value
    assert page.header[0].value.startswith("Readers 2.0 of 5 on average, Simple CNN ")
    readers, cases = (frame.value for frame in page.dataframe)
    assert sorted(readers["Reader"]) == ["Reader <0>", "Reader <5>", "Reader <9>"]
    assert cases["Mean error"].is_monotonic_decreasing and len(cases) == 5


def test_files_that_are_none_are_named(room: AppTest) -> None:
    page = opened(room, do="files")
    files = [("a.csv", b"", "text/csv"), ("b.csv", b"a,b\n1,2\n", "text/csv")]
    drop(page, files)
    assert quiet(page) and "2 of 2 files are left out" in texts(page)


def test_a_number_too_long_to_be_read_leaves_out_its_file_alone(
    room: AppTest, tiny_artifacts: Path
) -> None:
    files = results(tiny_artifacts, PLAN, 0, 5)
    head, first, rest = files[0][1].split(b"\n", 2)
    cells = first.split(b",")
    cells[6] = b"9" * 5_000
    files.append(("long.csv", b"\n".join([head, b",".join(cells), rest]), "text/csv"))
    page = opened(room, do="files")
    drop(page, files)
    assert quiet(page) and "2 readers" in texts(page)
    assert "1 of 3 files is left out" in texts(page) and "in rating" in texts(page)


NICKNAME = "A_d_a *B*"


@pytest.mark.parametrize("plan", [PLAN, ADVISED], ids=["plain", "advised"])
def test_another_readers_file_is_told_as_theirs(
    room: AppTest, tiny_artifacts: Path, plan: RoundPlan
) -> None:
    page = opened(room, do="files")
    drop(page, results(tiny_artifacts, plan, 0, nickname=NICKNAME))
    assert quiet(page)
    name, said = words.literal(NICKNAME), texts(page)
    assert page.header[0].value.startswith(f"{name} ")
    assert f"{name} rated the malignant one higher" in page.info[0].value
    assert re.search(rf"- {re.escape(name)}: \*\*\d+\*\*", said)
    assert not re.search(r"\b(You|Your)\b", said)
    table = page.table[0].value
    assert table["Who"][0] == name and f"AUC, {name} minus them" in table.columns
    assert f"Agreement with {name} (kappa)" in table.columns
    drawn = json.loads(page.get("plotly_chart")[0].proto.spec)["data"]
    assert any(trace.get("name", "").startswith(NICKNAME) for trace in drawn)


def test_the_review_of_another_readers_file_begins_at_its_first_case(
    room: AppTest, tiny_artifacts: Path
) -> None:
    page = opened(room, do="files")
    drop(page, results(tiny_artifacts, PLAN, 0, nickname="Ada"))
    press(page, "reading_review_next")
    assert "2 of 5" in texts(page)
    page.file_uploader(key="reading_files").clear()
    drop(page, results(tiny_artifacts, PLAN, 5, nickname="Bo"))
    assert "1 of 5" in texts(page) and quiet(page)


BENIGN = RoundPlan(5, 2)
"""Of the tiny cases this draws five benign ones."""


def test_a_room_that_read_cases_of_one_kind_is_shown_without_an_auc(
    room: AppTest, tiny_artifacts: Path
) -> None:
    page = opened(room, do="files")
    drop(page, results(tiny_artifacts, BENIGN, 0, 5))
    assert quiet(page) and "All cases are of one kind" in page.info[0].value
    readers, cases = (frame.value for frame in page.dataframe)
    assert readers["AUC"].isna().all() and len(cases) == 5
