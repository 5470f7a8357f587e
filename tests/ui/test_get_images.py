"""One click brings the images of the public cases: by AppTest, against a stub of the repository."""

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from mammo.data.download import crops
from mammo.data.table import load_crops
from mammo.reading import write_code
from mammo.ui.kit import get_images
from tests.published_crops import write_published
from tests.stub_servers import Stub, serving
from tests.tiny_artifacts import EXAMPLES
from tests.ui.conftest import ROOT
from tests.ui.reading_room import PLAN, quiet, texts
from tests.ui.test_explorer_page import opening_buttons

EXPLORER, COMPARISON = "pages/3_Dataset_explorer.py", "pages/2_Model_comparison.py"
VIEWER, ROOM = "pages/4_Grad-CAM_viewer.py", "pages/5_Reading_room.py"


@pytest.fixture
def cases(tiny_artifacts: Path) -> list[dict[str, str]]:
    with (tiny_artifacts / "cases.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def stub(
    cases: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stub]:
    """Serve an image for each case of the tiny artifacts; the server lets everybody get them."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    table = tmp_path / "crops.csv.xz"
    with serving(Stub(write_published(table, cases))) as served:
        monkeypatch.setattr(crops, "TABLE", table)
        monkeypatch.setattr(crops, "_FIRST_PAUSE", 0.01)
        monkeypatch.setattr(get_images, "DOWNLOAD", get_images.Download())
        monkeypatch.setenv("MAMMO_CROPS_URL", served.address)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("MAMMO_DATA", "download")
        yield served
        finish()


def opened(app: AppTest, path: str, **link: str) -> AppTest:
    app.session_state["notice_accepted"] = True
    app.run()
    app.switch_page(path)
    for name, value in link.items():
        app.query_params[name] = value
    return app.run()


def offers(page: AppTest) -> list[str]:
    return [one.label for one in page.button if one.label.startswith("Get the images")]


def click(page: AppTest) -> AppTest:
    (button,) = [one for one in page.button if one.label.startswith("Get the images")]
    return button.click().run()


def finish() -> None:
    until = time.monotonic() + 30
    while get_images.DOWNLOAD.is_running and time.monotonic() < until:
        time.sleep(0.02)


def test_one_click_brings_the_test_images_and_the_next_those_of_training(
    app: AppTest, stub: Stub, cases: list[dict[str, str]]
) -> None:
    page = opened(app, EXPLORER)
    n_test = sum(one["split"] == "test" for one in cases)
    assert quiet(page) and offers(page) == [f"Get the images ({crops.size_of('test')})"]
    said = texts(page)
    assert f"images of all {n_test} test cases" in said
    assert "CBIS-DDSM (CC BY 3.0)" in said and "(Apache-2.0)" in said
    assert f"Images are available for {len(EXAMPLES)} of these {len(cases)} crops" in said
    assert len(opening_buttons(page)) == len(EXAMPLES) and not stub.asked, (
        "the licence is shown before"
    )
    click(page)
    finish()
    page.run()
    assert quiet(page) and len(stub.asked) == n_test
    assert f"Images are available for {n_test} of these {len(cases)} crops" in texts(page)
    assert offers(page) == [f"Get the images ({crops.size_of('train')})"]
    click(page)
    finish()
    page.run()
    assert quiet(page) and offers(page) == [] and len(stub.asked) == len(cases)
    assert "Images are available for" not in texts(page)
    assert len(load_crops(crops.default_folder())) == len(cases)


def test_the_other_pages_use_them_at_once(
    app: AppTest, stub: Stub, cases: list[dict[str, str]]
) -> None:
    case = next(
        one["case_id"]
        for one in cases
        if one["split"] == "test" and one["case_id"] not in [example[0] for example in EXAMPLES]
    )
    page = opened(app, VIEWER, case=case)
    assert "so there is no heat map" in texts(page) and len(offers(page)) == 1
    click(page)
    finish()
    page.run()
    assert quiet(page) and "so there is no heat map" not in texts(page)
    room = opened(app, ROOM, round=write_code(PLAN))
    assert quiet(room) and "5 cases of the official test set" in texts(room)
    matrix = opened(app, COMPARISON, cell="mobilenetv2.missed")
    assert quiet(matrix) and offers(matrix) == []


@pytest.mark.parametrize(
    ("path", "link"),
    [
        (EXPLORER, {}),
        (COMPARISON, {"cell": "mobilenetv2.missed"}),
        (ROOM, {}),
        (ROOM, {"round": write_code(PLAN)}),
    ],
)
def test_each_page_offers_them_once_and_only_where_it_may(
    app: AppTest, stub: Stub, monkeypatch: pytest.MonkeyPatch, path: str, link: dict[str, str]
) -> None:
    assert len(offers(opened(app, path, **link))) == 1
    monkeypatch.delenv("MAMMO_DATA")
    monkeypatch.setattr(ContextProxy, "ip_address", None)
    monkeypatch.setattr(ContextProxy, "url", "https://class.example/")
    assert offers(app.run()) == [], "a public server without the setting"
    monkeypatch.setattr(ContextProxy, "url", "http://localhost:8501/")
    assert len(offers(app.run())) == 1, "on one's own machine"
    monkeypatch.setattr(ContextProxy, "ip_address", "10.0.0.7")
    assert offers(app.run()) == [], "somebody else's browser"
    app.secrets["data"] = "download"
    assert len(offers(app.run())) == 1, "allowed by the secret"
    app.secrets["data"] = "some/folder"
    assert offers(app.run()) == [], "whoever starts the server set a folder"


def test_a_second_click_joins_the_first(
    app: AppTest, stub: Stub, cases: list[dict[str, str]], tiny_artifacts: Path
) -> None:
    go = Event()
    stub.on_get = lambda: go.wait(30) and None
    other = opened(AppTest.from_file(app._script_path, default_timeout=60), EXPLORER)
    page = click(opened(app, EXPLORER))
    assert get_images.DOWNLOAD.is_running and offers(page) == []
    assert page.get("progress")
    click(other)
    assert offers(other) == [] and other.get("progress")
    go.set()
    finish()
    assert len(stub.asked) == sum(one["split"] == "test" for one in cases)
    assert quiet(other.run()) and offers(other) == [f"Get the images ({crops.size_of('train')})"]


def test_what_goes_wrong_is_one_sentence_and_the_button_stays(app: AppTest, stub: Stub) -> None:
    path = next(path for path in stub.files if "/cbis-ddsm/test/" in path)
    right, stub.files[path] = stub.files[path], b"<html>Please log in</html>"
    page = click(opened(app, EXPLORER))
    finish()
    page.run()
    assert len(page.error) == 1 and "sent another file, which was discarded" in page.error[0].value
    assert str(crops.default_folder()) not in texts(page)
    assert not (crops.default_folder() / "index.csv").exists() and len(offers(page)) == 1
    stub.files[path] = right
    click(page)
    finish()
    assert quiet(page.run()) and len(load_crops(crops.default_folder())) > len(EXAMPLES)


def test_similar_cases_need_the_images_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAMMO_DATA", "download")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page = opened(app, "pages/1_Upload_and_classify.py")
    assert quiet(page) and offers(page) == ["Get the images (9.3 MB)"]
    assert "images of the 1,318 training cases too" in texts(page)


def test_no_home_folder_is_a_sentence(
    app: AppTest, stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    page = click(opened(app, EXPLORER))
    finish()
    page.run()
    assert len(page.error) == 1 and "Not a directory" in page.error[0].value
    assert str(tmp_path) not in texts(page)
