"""From a cell of a confusion matrix to its cases: `pytest tests/ui/test_workbench.py`."""

from streamlit.testing.v1 import AppTest

from tests.ui.test_comparison_page import opened

COMPARISON, VIEWER = "pages/2_Model_comparison.py", "pages/4_Grad-CAM_viewer.py"
CELL = "mobilenetv2.found"


def test_the_cases_of_a_cell_open_one_by_one_in_the_same_tab(app: AppTest) -> None:
    page = opened(app, COMPARISON, cell=CELL)
    assert not page.exception
    group = page.session_state["list_of_cases"]["list"]
    link, _ = [one for one in page.get("page_link") if "one by one" in one.proto.label]
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
