"""What a link, a way back and a file's name open on the upload page, by AppTest.

The browser's Back needs a browser: see `tests/browser/test_ways_back.py`.
"""

import pytest
from streamlit.testing.v1 import AppTest

from mammo.ui.kit.source import numbered
from tests.ui.test_comparison_page import opened
from tests.ui.test_upload import CROP, FILM, PAGE, accept, own_files, texts, upload

FIRST, OTHER = "P_00173 L CC mass 1", "P_00820 L CC mass 1"
ELSEWHERE = "pages/6_Model_card.py"


def follow(app: AppTest, **link: str) -> AppTest:
    """Go to another page, and by a link from there to the upload page."""
    opened_there = app.switch_page(ELSEWHERE).run()
    opened_there.switch_page(PAGE).query_params.clear()
    opened_there.query_params.update(link)
    return opened_there.run()


def example(page: AppTest) -> str:
    """Return the example on show."""
    assert not page.exception and not page.error and not page.file_uploader
    return str(page.pills(key="example").value)


def test_a_link_to_the_first_example_opens_it_after_another(app: AppTest) -> None:
    page = opened(app, PAGE, example=OTHER)
    assert example(page) == OTHER and dict(page.query_params) == {"example": OTHER}
    page = follow(page, example=FIRST)
    assert example(page) == FIRST and dict(page.query_params) == {"example": FIRST}
    assert page.number_input(key="box_x").value == 908


def test_a_link_to_an_example_opens_it_after_own_files(app: AppTest) -> None:
    page = own_files(opened(app, PAGE))
    assert page.file_uploader and dict(page.query_params) == {"source": "My own files"}
    page = follow(page, example=OTHER)
    assert example(page) == OTHER and dict(page.query_params) == {"example": OTHER}


def test_a_link_to_own_files_opens_them_after_an_example(app: AppTest) -> None:
    page = follow(opened(app, PAGE, example=OTHER), source="My own files")
    assert page.file_uploader and not page.pills
    assert dict(page.query_params) == {"source": "My own files"}


def test_the_sidebar_opens_the_page_as_it_first_is(app: AppTest) -> None:
    page = follow(own_files(opened(app, PAGE, example=OTHER)))
    assert example(page) == FIRST and dict(page.query_params) == {}


def test_an_example_outlasts_a_look_at_own_files(app: AppTest) -> None:
    page = own_files(opened(app, PAGE, example=OTHER))
    assert dict(page.query_params) == {"example": OTHER, "source": "My own files"}
    page.segmented_control(key="source").set_value("An example lesion").run()
    assert example(page) == OTHER and dict(page.query_params) == {"example": OTHER}


@pytest.mark.parametrize("chosen", [0, 1])
def test_of_two_files_with_one_name_the_chosen_one_opens(app: AppTest, chosen: int) -> None:
    film = ("1-1.png", *FILM[1:])
    page = accept(upload(opened(app, PAGE), ("1-1.png", *CROP[1:]), film))
    field = page.selectbox(key="opened")
    assert field.options == ["1-1.png (1 of 2)", "1-1.png (2 of 2)"]
    field.set_value(field.options[chosen]).run()
    assert not page.exception and not page.error
    shown = ["1-1.png (1 of 2), 150 x 140 pixels, used as it is", "stated, 500 x 900 pixels"]
    assert [one in texts(page) for one in shown] == [chosen == 0, chosen == 1]


def test_the_table_numbers_files_with_one_name_as_the_choice_does(app: AppTest) -> None:
    twin = ("crop.png", *FILM[1:])
    page = accept(upload(opened(app, PAGE), CROP, FILM))
    assert page.dataframe[0].value["File"].tolist() == ["crop.png", "film.png"]
    page = upload(page, CROP, FILM, twin)
    assert page.dataframe[0].value["File"].tolist() == [
        "crop.png (1 of 2)", "film.png", "crop.png (2 of 2)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["a", "b", "a", "a"], ["a (1 of 3)", "b", "a (2 of 3)", "a (3 of 3)"]),
        (
            ["a", "a", "a (1 of 2)"],
            ["a (1 of 2) (1 of 2)", "a (2 of 2)", "a (1 of 2) (2 of 2)"],
        ),
    ],
)
def test_names_are_numbered_where_one_comes_twice(names: list[str], expected: list[str]) -> None:
    assert numbered(names) == expected
