"""Let the pages' tests run on tiny artifacts."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.tiny_artifacts import write_tiny_artifacts
from tests.ui.reading_room import write_crops

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def tiny_artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny trained artifacts, shared; a test that breaks some writes its own."""
    return write_tiny_artifacts(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture
def app(tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app at its home page, not yet run."""
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(tiny_artifacts))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)


@pytest.fixture(scope="session")
def room_crops(tiny_artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared folder with a picture for each of the tiny artifacts' test rows."""
    return write_crops(tiny_artifacts, tmp_path_factory.mktemp("crops"))


@pytest.fixture
def room(app: AppTest, room_crops: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app with the test set's pictures at hand and the notice accepted."""
    monkeypatch.setenv("MAMMO_DATA", str(room_crops))
    app.session_state["notice_accepted"] = True
    return app
