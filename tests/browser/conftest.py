"""A real server and a real browser for the app's tests; skipped with a reason where one is absent.

The browser is Chromium as Debian packages it, driven by Playwright's Python client: no browser is
downloaded. What the server and the page's console say is collected, and held to silence.
"""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.tiny_artifacts import write_tiny_artifacts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS, QUIET_MS = 60_000, 250
STILL = """([quiet, patience]) => new Promise((resolve, reject) => {
    const awaited = "[data-testid=stSkeleton], [data-testid=stAppSkeleton], [data-stale=true]";
    const undrawn = () => [...document.querySelectorAll(".stPlotlyChart")]
        .some(chart => !chart.querySelector(".main-svg"));
    const fading = () => document.getAnimations().some(one => one instanceof CSSTransition);
    const standing = () => document.querySelector("[data-test-script-state=notRunning]")
        && !document.querySelector(awaited) && !undrawn() && !fading();
    const end = performance.now() + patience;
    let timer;
    const begin = () => { clearTimeout(timer); timer = setTimeout(look, quiet); };
    const watch = new MutationObserver(begin);
    const look = () => {
        if (!standing() && performance.now() < end) return begin();
        watch.disconnect();
        standing() ? resolve() : reject(new Error("the page did not come to stand still"));
    };
    watch.observe(document.body,
        {subtree: true, childList: true, attributes: true, characterData: true});
    begin();
})"""
"""Wait until the script has ended, all is drawn, and nothing changed for a while."""


@dataclass
class Server:
    """Hold a running app: its address, the file that its log goes to, and its process."""

    address: str
    log: Path
    pid: int

    def complaints(self) -> list[str]:
        """Give the lines of the log that speak of a defect or of a deprecated call."""
        signs = ("Traceback", "Error", "deprecat", "Warning")
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if any(sign in line for sign in signs)]


@dataclass
class Visit:
    """Hold one visitor's page and what its console said."""

    page: "Page"
    console: list[str] = field(default_factory=list)


@contextmanager
def running_server(
    artifacts: Path,
    log: Path,
    more: Mapping[str, str] | None = None,
    under: Sequence[str] = (),
    script: Path = ROOT / "app.py",
    port: int = 0,
    app: Sequence[str] = (),
) -> Iterator[Server]:
    """Run the app on a port, a free one if 0, until the block ends.

    `more` are variables of its environment; `under` is a command that starts it, as a limit
    does; another `script` runs in its own folder, another command for the app, `app`, in the log's.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        port = probe.getsockname()[1]
    run = app or (sys.executable, "-m", "streamlit", "run", script.name)
    command = [*under, *run, f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true"]
    command += ["--server.fileWatcherType=none"]
    environment = os.environ | {"MAMMO_ARTIFACTS": str(artifacts)} | dict(more or {})
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=log.parent if app else script.parent, env=environment, stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait_for(port, process)
            yield Server(f"http://127.0.0.1:{port}", log, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.02)
        finally:
            connection.close()
    pytest.fail("The server of the app did not start.")


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_artifacts(tmp_path_factory.mktemp("browser") / "artifacts")


@pytest.fixture(scope="session")
def server(artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(artifacts, tmp_path_factory.mktemp("log") / "server.log") as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    if not Path(CHROMIUM).exists():
        pytest.skip("needs chromium, as in Debian's package of that name")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as client:
        started = client.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: "Browser") -> Iterator[Callable[..., Visit]]:
    """Open an address as a new visitor: `visit(address, width=1400, is_mobile=True)`."""
    contexts = []

    def open_page(address: str, width: int = 1400, height: int = 1000, **more: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        visit = Visit(context.new_page())
        visit.page.on("console", lambda message: _note(visit, message))
        visit.page.goto(address)
        return visit

    yield open_page
    for context in contexts:
        context.close()


def still(visit: Visit) -> Visit:
    """Wait until a page stands still, as its reader does.

    On a busy machine parts come in any order: the first button of a kind may be the second's.
    """
    visit.page.evaluate(STILL, [QUIET_MS, PATIENCE_MS])
    return visit


def spilling(visit: Visit, *may_scroll: str) -> list[str]:
    """Return the parts of the page, as HTML, that reach beyond the window's right edge.

    Parameters
    ----------
    may_scroll : CSS selectors of parts that scroll within themselves, and so may
    """
    found = visit.page.evaluate(
        "allowed => [...document.querySelectorAll('[data-testid=stMain] *')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(allowed))"
        ".map(e => e.outerHTML.slice(0, 200))",
        ", ".join(may_scroll),
    )
    return [str(one) for one in found]


CHART, TABLE, DATA_FRAME, PROGRESS, CODE = (
    f"[data-testid=st{name}]" for name in ("PlotlyChart", "Table", "DataFrame", "Progress", "Code")
)
CHOICE = "[role=radiogroup]"


def _note(visit: Visit, message: "ConsoleMessage") -> None:
    """Note what the console says of trouble.

    Streamlit itself asks `<page>/_stcore/...` first on a deep link, and is told 404: not the app's.
    """
    own = "/_stcore/" in message.location.get("url", "")
    if message.type in {"error", "warning"} and not own:
        visit.console.append(f"{message.type}: {message.text}")
