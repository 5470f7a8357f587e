"""The Grad-CAM viewer on a later visit in one session, and with a file's name, by AppTest."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mammo.imaging import Image
from mammo.ui.kit.source import crop_picture
from mammo.ui.viewer import answers, viewed
from tests.ui.test_viewer_page import EXAMPLE, WITHOUT_PICTURE, look_at, opened, quiet, texts

OTHER = "Mass-Test_P_00173_LEFT_CC_1"
BOX, BOX_IN_LINK = [10, 20, 30, 40], "10,20,30,40"


def later(page: AppTest, **link: str) -> AppTest:
    """Go home, and from there back by a link."""
    page.switch_page("app.py").query_params.clear()
    return opened(page, **link)


def covered(page: AppTest) -> list[int | None]:
    assert quiet(page)
    return [page.number_input(key=f"viewer_cover_{name}").value
            for name in ("x", "y", "width", "height")]  # fmt: skip


def test_the_covered_box_of_a_link_is_there_on_a_later_visit(app: AppTest) -> None:
    link = {"case": EXAMPLE, "cover": BOX_IN_LINK, "blur": "3"}
    assert covered(opened(app, **link)) == BOX
    page = later(app, **link)
    assert covered(page) == BOX
    assert dict(page.query_params) == link
    assert look_at(page, "robustness").slider(key="viewer_blur").value == 3
    assert covered(look_at(page, "cover")) == BOX


def test_a_later_link_covers_its_own_case(app: AppTest) -> None:
    opened(app, case=OTHER, cover="1,2,3,4")
    page = later(app, case=EXAMPLE, cover=BOX_IN_LINK)
    assert covered(page) == BOX and page.query_params["cover"] == BOX_IN_LINK


def test_a_later_link_without_a_box_covers_nothing(app: AppTest) -> None:
    opened(app, case=EXAMPLE, cover=BOX_IN_LINK)
    page = later(app, case=EXAMPLE)
    assert covered(page) == [None] * 4 and "cover" not in page.query_params


def test_another_case_of_the_same_visit_begins_uncovered(app: AppTest) -> None:
    page = opened(app, case=EXAMPLE, cover=BOX_IN_LINK)
    page.pills(key="viewer_images").set_value(OTHER).run()
    assert covered(page) == [None] * 4 and "cover" not in page.query_params


def test_a_case_without_its_picture_on_the_way_hands_no_box_on(app: AppTest) -> None:
    page = opened(app, source="case", case=EXAMPLE, cover=BOX_IN_LINK)
    assert covered(page) == BOX
    page.selectbox(key="viewer_case").set_value(WITHOUT_PICTURE).run()
    assert quiet(page) and not page.number_input
    page.selectbox(key="viewer_case").set_value(OTHER).run()
    assert covered(page) == [None] * 4


def test_a_files_name_stands_as_it_is(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    for module in (answers, viewed):
        monkeypatch.setattr(module, "offer_png", lambda draw, name: written.append(_words(draw)))
    monkeypatch.setattr(answers, "heat_map_sheet", lambda crop, heat, about, *look: about)
    monkeypatch.setattr(viewed, "panel_sheet", lambda panels, columns, about, colours: about)
    crop = np.random.default_rng(5).integers(0, 255, (128, 128), np.uint8)
    app.session_state["viewer_own_crop"] = crop_picture("left_crop-1.png", Image(crop), 128)
    page = opened(app, source="own", cover=BOX_IN_LINK)
    assert quiet(page)
    assert "left_crop-1.png, 128 x 128 pixels" in texts(page)
    assert len(written) >= 3 and all(text.startswith("left_crop-1.png.") for text in written)


def _words(draw: object) -> str:
    return str(draw()[0])  # type: ignore[operator]
