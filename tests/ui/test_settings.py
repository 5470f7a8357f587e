"""The setting of the threshold that results open with, on the pages that have results, by AppTest.

AppTest runs the whole page where a browser runs the dialog alone: see
`tests/browser/test_ways_back.py`.
"""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.test_upload import CROP, FILM, accept, texts, upload
from tests.ui.test_upload import PAGE as UPLOAD
from tests.ui.test_viewer_page import EXAMPLE, opened, quiet

SPECIFIC = "specificity_90"


def set_threshold(page: AppTest, name: str = SPECIFIC) -> AppTest:
    page.button(key="open_settings").click().run()
    return page.selectbox(key="settings_threshold").set_value(name).run()


def field(page: AppTest) -> Any:
    (found,) = [one for one in page.segmented_control if one.label == "Threshold"]
    return found


def test_it_opens_the_results_and_reaches_an_open_one(app: AppTest) -> None:
    page = accept(app.switch_page(UPLOAD).run())
    assert field(page).value == "youden"
    assert field(set_threshold(page)).value == SPECIFIC
    page = page.switch_page("pages/6_Model_card.py").run().switch_page(UPLOAD).run()
    assert field(page).value == SPECIFIC and texts(page).count("the threshold of 65%") == 2


def test_what_the_browser_still_holds_of_an_open_result_does_not_win(app: AppTest) -> None:
    page = accept(app.switch_page(UPLOAD).run())
    field(page).set_value("sensitivity_90").run()
    held = field(page).key
    assert field(set_threshold(page)).key != held
    page.selectbox(key="small_prevalence_name").set_value("called_back").run()
    assert field(page).value == SPECIFIC


def test_a_choice_on_the_page_still_counts_after_it(app: AppTest) -> None:
    page = set_threshold(accept(app.switch_page(UPLOAD).run()))
    field(page).set_value("youden").run()
    page.selectbox(key="small_prevalence_name").set_value("called_back").run()
    assert field(page).value == "youden"


def test_it_opens_the_table_of_many_files(app: AppTest) -> None:
    page = set_threshold(accept(upload(app.switch_page(UPLOAD).run(), CROP, FILM)))
    assert field(page).value == SPECIFIC


def test_the_viewer_opens_with_it_and_says_so_in_its_address(app: AppTest) -> None:
    set_threshold(app.run())
    page = opened(app, case=EXAMPLE)
    assert quiet(page) and field(page).value == SPECIFIC
    assert dict(page.query_params) == {"case": EXAMPLE, "threshold": SPECIFIC}
    field(page).set_value("youden").run()
    assert field(page).value == "youden" and dict(page.query_params) == {"case": EXAMPLE}
    page.run()
    assert field(page).value == "youden"


@pytest.mark.parametrize("asked", ["youden", "sensitivity_90"])
def test_a_link_to_the_viewer_that_says_a_threshold_stays_absolute(
    app: AppTest, asked: str
) -> None:
    set_threshold(app.run())
    assert field(opened(app, case=EXAMPLE, threshold=asked)).value == asked


def test_it_reaches_the_open_viewer(app: AppTest) -> None:
    page = set_threshold(opened(app, case=EXAMPLE, threshold="sensitivity_90"))
    assert quiet(page) and field(page).value == SPECIFIC
    assert page.query_params["threshold"] == SPECIFIC
