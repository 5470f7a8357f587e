"""What the server allows and says: its settings, its answers to bad requests, its silence."""

import gzip
import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import streamlit

from tests.browser.conftest import PATIENCE_MS, ROOT, Server, Visit, running_server
from tests.browser.test_walk import UPLOAD, accept, answered

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Visit]
DETAIL = "a sentence for the log alone"
DEAD_PROXY = "http://127.0.0.1:9"


def ask(server: Server, method: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Ask the server without a browser; return the status and the headers in small letters."""
    return answer(server, method, path, **headers)[:2]


def answer(
    server: Server, method: str, path: str, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Ask the server without a browser; return the status, the headers and the body."""
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=60)
    try:
        connection.request(
            method, path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        response = connection.getresponse()
        body = response.read()
        names = {name.lower(): value for name, value in response.getheaders()}
        return response.status, names, body
    finally:
        connection.close()


def test_the_settings_are_those_of_a_server_for_strangers() -> None:
    wanted = {
        "server.enableXsrfProtection": "true",
        "server.enableCORS": "true",
        "server.maxUploadSize": "100",
        "server.enableStaticServing": "false",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": '"none"',
        "client.showErrorLinks": "false",
        "client.toolbarMode": '"minimal"',
    }
    done = subprocess.run(
        [sys.executable, "-m", "streamlit", "config", "show"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert {name: shown(done.stdout, name) for name in wanted} == wanted


def shown(text: str, name: str) -> str:
    """Read an option of `streamlit config show`, where defaults stand behind a comment's sign."""
    section, option = name.split(".")
    part = text.split(f"[{section}]")[1].split("\n[", maxsplit=1)[0]
    lines = [line.lstrip("# ").strip() for line in part.splitlines()]
    return next(line.partition("=")[2].strip() for line in lines if line.startswith(f"{option} ="))


def test_the_large_scripts_arrive_compressed(server: Server) -> None:
    scripts = Path(streamlit.__file__).parent / "static/static/js"
    largest = next(scripts.glob("PlotlyChart.*.js"))
    path = f"/static/js/{largest.name}"
    for _ in range(2):  # the second answer comes from memory
        status, names, body = answer(server, "GET", path, Accept_Encoding="gzip, br")
        assert status == 200 and names["content-encoding"] == "gzip"
        assert "accept-encoding" in names["vary"].lower()
        assert len(body) < largest.stat().st_size / 3
        assert gzip.decompress(body) == largest.read_bytes()
    assert answer(server, "GET", path)[2] == largest.read_bytes()
    status, names, part = answer(server, "GET", path, Accept_Encoding="gzip", Range="bytes=0-9")
    assert (status, part) == (206, largest.read_bytes()[:10])


def test_an_upload_without_the_visitors_token_is_refused(server: Server) -> None:
    status, _ = ask(server, "PUT", "/_stcore/upload_file/somebody/file", Content_Length="0")
    assert status == http.HTTPStatus.FORBIDDEN
    status, headers = ask(server, "GET", "/_stcore/health")
    assert status == http.HTTPStatus.OK
    assert "_streamlit_xsrf=" in headers["set-cookie"]


def test_an_answer_to_another_site_is_not_its_to_read(server: Server) -> None:
    _, headers = ask(server, "GET", "/_stcore/host-config", Origin="https://elsewhere.example")
    assert headers.get("access-control-allow-origin") not in {"*", "https://elsewhere.example"}


@pytest.mark.parametrize("path", ["/../mammo/errors.py", "/%2e%2e/%2e%2e/etc/passwd", "/app.py"])
def test_no_file_of_the_server_can_be_asked_for(server: Server, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=60)
    connection.request("GET", path)
    content = connection.getresponse().read()
    connection.close()
    assert b"root:" not in content and b"MammoError" not in content
    assert b"import streamlit" not in content


@pytest.fixture(scope="module")
def offline(artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose every way into the world leads to a proxy that is not there."""
    names = ("http_proxy", "https_proxy", "all_proxy")
    more = {form: DEAD_PROXY for name in names for form in (name, name.upper())}
    log = tmp_path_factory.mktemp("offline") / "server.log"
    with running_server(artifacts, log, more) as running:
        yield running


def test_it_answers_without_a_network_and_asks_nobody(offline: Server, visit: Open) -> None:
    visitor = visit("about:blank")
    asked: set[str] = set()
    visitor.page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    visitor.page.goto(offline.address + UPLOAD)
    accept(visitor)
    assert all(answer.endswith("%") for answer in answered(visitor))
    assert asked - {""} == {urlsplit(offline.address).netloc}
    assert offline.complaints() == []


def test_a_defect_shows_no_details_to_a_visitor(
    artifacts: Path, tmp_path: Path, visit: Open
) -> None:
    shutil.copytree(ROOT / ".streamlit", tmp_path / ".streamlit")
    (tmp_path / "defect.py").write_text(f"raise ValueError({json.dumps(DETAIL)})\n")
    with running_server(
        artifacts, tmp_path / "server.log", script=tmp_path / "defect.py"
    ) as server:
        visitor = visit(server.address)
        expect(visitor.page.get_by_test_id("stException")).to_be_visible()
        shown_to_visitor = visitor.page.content()
        assert DETAIL not in shown_to_visitor and "defect.py" not in shown_to_visitor
        assert DETAIL in server.log.read_text()
