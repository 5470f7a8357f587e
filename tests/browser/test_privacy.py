"""Nothing that names a patient leaves an uploaded film: not to pages, exports, logs or the disk.

The film is marked in every element (`tests/marked_film.py`). The server may write no file above
100 kB here, so that a film that went to the disk, for however short, would break the upload.
"""

import base64
import csv
import io
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.browser.conftest import PATIENCE_MS, ROOT, Server, Visit, running_server
from tests.browser.test_walk import OWN_FILES, accept, answered, upload
from tests.inference.tiny_trust import attach_tiny_trust, blobs
from tests.marked_film import DIGITS, MARKER, found_in, marked_film
from tests.tiny_artifacts import write_tiny_artifacts

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs prlimit, of util-linux"),
]
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)
NO_LARGE_FILES = ("prlimit", "--fsize=100000")
NAME = "Dulcinea_Quixote"
"""A file name that holds a name: its own visitor sees it, nobody else, and no log."""

Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A marked crop of 1,000 x 1,000 pixels and 16 bits: 2 MB, more than a small upload."""
    crop = np.repeat(np.repeat(blobs(1, 5)[0], 8, axis=0), 8, axis=1)[:1000, :1000]
    path = tmp_path_factory.mktemp("film") / f"{NAME}.dcm"
    path.write_bytes(marked_film(crop.astype(np.uint16) * 200))
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("private")


@pytest.fixture(scope="module")
def private(place: Path) -> Iterator[Server]:
    """A server with a home and a folder for temporary files that a test can look through."""
    artifacts = write_tiny_artifacts(place / "artifacts")
    attach_tiny_trust(artifacts)
    (place / "home").mkdir()
    (place / "tmp").mkdir()
    more = {"HOME": str(place / "home"), "TMPDIR": str(place / "tmp")}
    with running_server(artifacts, place / "server.log", more, NO_LARGE_FILES) as server:
        yield server


class Wire:
    """Collect everything that a browser is sent."""

    def __init__(self, visit: Visit) -> None:
        self.received: list[bytes] = []
        self.hosts: set[str] = set()
        visit.page.on("websocket", self._listen)
        visit.page.on("response", self._keep)
        visit.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def _listen(self, socket) -> None:
        def keep(payload: bytes | str) -> None:
            self.received.append(payload if isinstance(payload, bytes) else payload.encode())

        socket.on("framereceived", keep)

    def _keep(self, response) -> None:
        self.received.append(repr(response.all_headers()).encode())

    def everything(self) -> bytes:
        return b"\n".join(self.received)


def open_and_listen(private: Server, visit: Open) -> tuple[Visit, Wire]:
    """Open the page anew under the ears of a wire, which must be there before the socket is."""
    visitor = visit("about:blank")
    wire = Wire(visitor)
    visitor.page.goto(private.address + OWN_FILES)
    return visitor, wire


def exports(visit: Visit) -> dict[str, bytes]:
    """Press every download button of the page and return the files."""
    buttons = visit.page.get_by_test_id("stDownloadButton")
    found = {}
    for number in range(buttons.count()):
        with visit.page.expect_download() as download:
            buttons.nth(number).get_by_role("button").click()
        name = download.value.suggested_filename
        found[name] = inflated(Path(download.value.path()).read_bytes())
    return found


def inflated(content: bytes) -> bytes:
    """Add to a PDF what its compressed streams hold."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    texts = [content]
    for stream in streams:
        with suppress(zlib.error):
            texts.append(zlib.decompress(stream))
    return b"\n".join(texts)


def files_below(*folders: Path) -> dict[str, bytes]:
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in paths}


def test_the_film_is_marked(film: Path) -> None:
    content = film.read_bytes()
    assert len(set(re.findall(rf"{MARKER}\d+".encode(), content))) > 300
    assert content.count(DIGITS.encode()) > 50
    for hidden in (
        b"a QXZJW b",
        b"a qxzjw b",
        base64.b64encode(b"12QXZJW3"),
        "QXZJW".encode("utf-16"),
    ):
        assert found_in(hidden) == [MARKER]
    assert found_in(b"a film, 1864, QXZ") == []


def test_nothing_of_a_patient_leaves_an_uploaded_film(
    private: Server, visit: Open, film: Path, place: Path
) -> None:
    bystander, overheard = open_and_listen(private, visit)
    before = set(ROOT.glob("*"))
    visitor, wire = open_and_listen(private, visit)
    upload(visitor, film)
    accept(visitor)
    answered(visitor)
    said = {"page": visitor.page.content().encode(), "wire": wire.everything()} | exports(visitor)
    reports = {"mammo-case-report.pdf", "mammo-case-report.html"}
    assert {"mammo-result.csv", "page", "wire", *reports} <= said.keys()
    said |= {"log": private.log.read_bytes(), **files_below(place / "tmp", place / "home")}
    assert {name: found_in(content) for name, content in said.items() if found_in(content)} == {}

    assert found_in(said["page"], NAME) == [NAME]
    rows = list(csv.DictReader(io.StringIO(said["mammo-result.csv"].decode())))
    assert rows[0]["file"] == f"{NAME}.dcm"
    theirs = bystander.page.content().encode() + overheard.everything()
    assert found_in(theirs + said["log"], NAME) == []
    assert found_in(b"".join(said[name] for name in reports), NAME) == []

    assert set(ROOT.glob("*")) - before == set()
    assert wire.hosts == {private.address.split("/")[2]}
    assert private.complaints() == []


def test_a_broken_film_says_nothing_of_a_patient_either(
    private: Server, visit: Open, film: Path, tmp_path: Path
) -> None:
    (tmp_path / f"{NAME}.dcm").write_bytes(film.read_bytes()[:-1_000_000])
    visitor, wire = open_and_listen(private, visit)
    upload(visitor, tmp_path / f"{NAME}.dcm")
    expect(visitor.page.get_by_text("The pixel data are truncated")).to_be_visible()
    said = visitor.page.content().encode() + wire.everything() + private.log.read_bytes()
    assert found_in(said) == []
    assert found_in(private.log.read_bytes(), NAME) == []


def test_the_command_prints_and_writes_nothing_of_a_patient(film: Path, tmp_path: Path) -> None:
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "-m", "mammo.predict", str(film), "--csv", str(out / "a.csv")]
    command += ["--heatmap", str(out / "heat"), "--artifacts", str(artifacts)]
    environment = os.environ | {"TMPDIR": str(out), "HOME": str(out)}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr
    written = files_below(out)
    assert len(written) >= 3
    said = {"output": done.stdout, "errors": done.stderr} | written
    assert {name: found_in(content) for name, content in said.items() if found_in(content)} == {}
