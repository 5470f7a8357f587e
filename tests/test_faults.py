"""What can go wrong around the program: a full disk, a folder that is read-only, absent or gone.

Each ends in a sentence. Limits are set on processes of their own (`prlimit`), where a file above
the limit fails as on a full disk. See `tests/browser` for the network and the running server.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from streamlit.testing.v1 import AppTest

from mammo.artifacts import attach, read_attachment, verify
from mammo.errors import ArtifactError
from mammo.ui.kit.frame import PAGES
from tests.conftest import write_prepared
from tests.inference.tiny_trust import blobs
from tests.miniature import WRITERS
from tests.tiny_artifacts import write_tiny_artifacts

ROOT = Path(__file__).resolve().parents[1]
READ_ONLY = Path("/proc")
"""A folder into which nobody, not even root, can write."""

needs_prlimit = pytest.mark.skipif(
    shutil.which("prlimit") is None, reason="needs prlimit, of util-linux"
)
needs_proc = pytest.mark.skipif(not READ_ONLY.is_dir(), reason="needs /proc")


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_artifacts(tmp_path_factory.mktemp("faults") / "artifacts")


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three crops."""
    folder = tmp_path_factory.mktemp("crops")
    for number, crop in enumerate(blobs(3)):
        cv2.imwrite(str(folder / f"{number}.png"), crop)
    return folder


def predict(artifacts: Path, *arguments: str, bytes_a_file: int | None = None) -> list[str]:
    """Run `mammo.predict` to its end and return the lines of its standard error."""
    limit = [] if bytes_a_file is None else ["prlimit", f"--fsize={bytes_a_file}"]
    command = [*limit, sys.executable, "-m", "mammo.predict", *arguments]
    environment = os.environ | {"MAMMO_ARTIFACTS": str(artifacts)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode in (1, 2), done
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


@needs_prlimit
@pytest.mark.parametrize(
    ("option", "name", "sentence"),
    [
        ("--csv", "out.csv", "it could not be written"),
        ("--heatmap", "maps", "could not be written"),
    ],
)
def test_a_full_disk_under_a_result_is_a_sentence(
    artifacts: Path, crops: Path, tmp_path: Path, option: str, name: str, sentence: str
) -> None:
    said = predict(artifacts, str(crops), option, str(tmp_path / name), bytes_a_file=100)
    assert any(sentence in line for line in said), said
    assert said[-1].endswith(".")


@needs_proc
@pytest.mark.parametrize(("option", "name"), [("--csv", "out.csv"), ("--heatmap", "maps")])
def test_a_read_only_folder_for_a_result_is_a_sentence(
    artifacts: Path, crops: Path, option: str, name: str
) -> None:
    said = predict(artifacts, str(crops), option, str(READ_ONLY / name))
    assert any(str(READ_ONLY / name) in line for line in said), said
    assert said[-1].endswith(".")


_ATTACH = """
import sys
from pathlib import Path
from mammo.artifacts import attach
from mammo.errors import MammoError
try:
    attach("lessons/big.json", b"1" * 50_000, folder=Path(sys.argv[1]))
except MammoError as error:
    print(error)
"""


@needs_prlimit
def test_a_full_disk_under_an_attachment_leaves_the_artifacts_as_they_were(tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts")
    attach("lessons/leak.json", b"{}", folder=folder)
    before = (folder / "manifest.json").read_bytes()
    done = subprocess.run(
        ["prlimit", "--fsize=20000", sys.executable, "-c", _ATTACH, str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "was not added" in done.stdout and "space on the disk" in done.stdout
    assert (folder / "manifest.json").read_bytes() == before
    verify(folder)
    assert read_attachment("lessons/big.json", folder) is None


@needs_proc
def test_artifacts_that_cannot_be_written_are_a_sentence() -> None:
    with pytest.raises(ArtifactError, match="was not added to .* Check the permissions"):
        attach("lessons/leak.json", b"{}", folder=READ_ONLY / "artifacts")


@needs_proc
def test_a_preparation_that_cannot_write_says_so(tmp_path: Path) -> None:
    data = WRITERS["kaggle"](tmp_path / "tree").folder
    arguments = ["--data", str(data), "--out", str(READ_ONLY / "out"), "--partial"]
    done = subprocess.run(
        [sys.executable, "-m", "mammo.prepare", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert str(READ_ONLY / "out") in done.stderr and done.stderr.rstrip().endswith(".")


@pytest.mark.parametrize("page", [page.path for page in PAGES])
def test_a_page_without_artifacts_is_a_sentence(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(tmp_path / "nowhere"))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.session_state["notice_accepted"] = True
    (app if page == "app.py" else app.switch_page(page)).run()
    assert not app.exception
    assert any("There is no artifacts folder" in error.value for error in app.error)


@pytest.mark.parametrize("page", [page.path for page in PAGES])
def test_a_page_whose_data_folder_vanishes_goes_on(
    page: str, artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs with the folder, without it, and with half of it."""
    folder = write_prepared(tmp_path / "prepared")
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(artifacts))
    monkeypatch.setenv("MAMMO_DATA", str(folder))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.session_state["notice_accepted"] = True
    (app if page == "app.py" else app.switch_page(page)).run()
    assert not app.exception
    for crop in sorted((folder / "crops").iterdir())[::2]:
        crop.write_bytes(b"half a pict")
    assert not app.run().exception
    shutil.rmtree(folder)
    assert not app.run().exception
