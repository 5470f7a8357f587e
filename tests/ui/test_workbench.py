"""From a list of another page to its cases in the viewer: `pytest tests/ui/test_workbench.py`."""

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from mammo.reading import pack, write_code
from tests.ui import reading_room
from tests.ui.reading_room import PLAN, press, results, whole
from tests.ui.test_comparison_page import opened

COMPARISON, VIEWER = "pages/2_Model_comparison.py", "pages/4_Grad-CAM_viewer.py"
CELL = "mobilenetv2.found"


def list_links(page: AppTest) -> list[Any]:
    return [one for one in page.get("page_link") if "one by one" in one.proto.label]


def test_the_cases_of_a_cell_open_one_by_one_in_the_same_tab(app: AppTest) -> None:
    page = opened(app, COMPARISON, cell=CELL)
    assert not page.exception
    group = page.session_state["list_of_cases"]["list"]
    link, _ = list_links(page)
    assert "group=list" in link.proto.query_string and not link.proto.external
    page.session_state["notice_accepted"] = True
    page.switch_page(VIEWER).query_params.update(
        {"case": group.cases[0], "from": "case", "group": "list"}
    )
    page.run()
    assert not page.exception
    assert page.selectbox(key="viewer_case").label == f"Case, of {len(group.cases)}"
    assert page.button(key="viewer_previous").disabled
    page.button(key="viewer_next").click().run()
    assert not page.exception
    assert page.query_params["case"] == group.cases[1]
    page.button(key="viewer_previous").click().run()
    assert page.query_params["case"] == group.cases[0]


def test_a_link_to_a_list_of_another_visit_shows_all_cases(app: AppTest) -> None:
    page = opened(app, VIEWER, **{"from": "case", "group": "list"})
    assert not page.exception
    assert page.selectbox(key="viewer_group").value == "test"


def test_the_review_of_a_round_opens_its_case_in_the_viewer(room: AppTest) -> None:
    page = reading_room.opened(room, round=write_code(PLAN), place=pack(whole(PLAN)))
    assert not list_links(page), "the cases are named before the reader asks for the diagnoses"
    press(page, "reading_truth")
    press(page, "reading_review_next")
    cases = page.session_state["list_of_cases"]["round"].cases
    (link,) = list_links(page)
    assert len(set(cases)) == PLAN.n
    assert f"case={cases[1]}" in link.proto.query_string


def test_the_hardest_cases_of_a_class_open_in_the_viewer(
    room: AppTest, tiny_artifacts: Path
) -> None:
    page = reading_room.opened(room, do="files")
    reading_room.drop(page, results(tiny_artifacts, PLAN, 0, 5))
    _, table = (frame.value for frame in page.dataframe)
    (link,) = list_links(page)
    assert page.session_state["list_of_cases"]["class"].cases == tuple(table["Case id"])
    assert f"case={table['Case id'].iloc[0]}" in link.proto.query_string
