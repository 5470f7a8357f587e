"""Preparation on a Dask cluster of real processes, by the commands of docs/data.md."""

import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mammo.data.preparation import cluster
from mammo.prepare import main
from tests.miniature import WRITERS

pytest.importorskip("distributed", reason="needs requirements-cluster.txt")

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def download(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return WRITERS["kaggle"](tmp_path_factory.mktemp("cluster") / "data").folder


@pytest.fixture
def address() -> Iterator[str]:
    """Start the documented scheduler on a free port of this machine; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f" --host 127.0.0.1 --port {port} --no-dashboard"
    with started(readme("python -m dask scheduler") + options, ROOT):
        wait_for_port(port)
        yield f"tcp://127.0.0.1:{port}"


def readme(begin: str) -> str:
    """Return the command of docs/data.md that begins so."""
    found = re.search(rf"^{re.escape(begin)}.*$", GUIDE, re.MULTILINE)
    assert found, f"docs/data.md has no command {begin}"
    return found.group()


@contextmanager
def started(command: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, *shlex.split(command)[1:]]
    quiet = subprocess.DEVNULL
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(words, cwd=folder, env=clean, stdout=quiet, stderr=quiet) as process:
        try:
            yield process
        finally:
            process.terminate()


def wait_for_port(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the scheduler did not start")


def worker(address: str) -> str:
    command = readme("python -m dask worker").replace("tcp://HOST:8786", address)
    return f"{command} --nworkers 1 --nthreads 1 --no-dashboard"


def prepare(download: Path, out: Path, address: str) -> int:
    return main([
        "--data", str(download), "--out", str(out), "--partial", "--crop-size", "64",
        "--jobs", "1", *(["--dask", address] if address else []),
    ])  # fmt: skip


def test_one_worker_gives_the_same_as_this_machine(
    download, address, tmp_path, monkeypatch
) -> None:
    assert "python -m mammo.prepare --data cbis-ddsm --out crops --dask tcp://HOST:8786" in GUIDE
    assert prepare(download, tmp_path / "here", "") == 1
    # What is cut here from now on would not be cut by Dask.
    monkeypatch.setattr("mammo.data.preparation.run.prepare_film", None)
    monkeypatch.setattr(cluster, "WORKERS_S", 60)
    with started(worker(address), ROOT):
        assert prepare(download, tmp_path / "there", address) == 1
    for path in (tmp_path / "here").rglob("*.*"):
        if path.name != "report.json":
            other = tmp_path / "there" / path.relative_to(tmp_path / "here")
            assert other.read_bytes() == path.read_bytes()


def test_a_worker_that_cannot_import_mammo_is_named(
    download, address, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(cluster, "WORKERS_S", 60)
    with started(worker(address), tmp_path):
        assert prepare(download, tmp_path / "out", address) == 1
    told = capsys.readouterr().err
    assert "Expected the worker tcp://127.0.0.1:" in told
    assert "mammo cannot be imported (ModuleNotFoundError" in told
    assert f"python -m dask worker {address}" in told


def test_a_scheduler_without_workers_is_a_sentence(
    download, address, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(cluster, "WORKERS_S", 2)
    assert prepare(download, tmp_path / "out", address) == 1
    assert f"scheduler at {address} has no worker" in capsys.readouterr().err


@pytest.mark.parametrize("silent", [True, False])
def test_where_no_dask_answers_it_ends_within_seconds(
    download, tmp_path, capsys, monkeypatch, silent
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if silent:
            listener.listen()
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        began = time.monotonic()
        assert prepare(download, tmp_path / "out", address) == 1
    assert time.monotonic() - began < 60
    assert f"No Dask scheduler answered at {address}" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["nonsense://nowhere:1", "here", "tcp://"])
def test_an_address_that_is_none_is_a_sentence(
    download, tmp_path, capsys, monkeypatch, address
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 2)
    assert prepare(download, tmp_path / "out", address) == 1
    assert f"No Dask scheduler answered at {address}" in capsys.readouterr().err


HERE = {"mammo": "0.1.0, code 1", "numpy": "2.0", "cv2": "4.10", "film": "seen"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HERE, ""),
        (HERE | {"cv2": "4.5"}, "cv2 4.5 instead of 4.10"),
        (HERE | {"mammo": "0.1.0, code 2"}, "mammo 0.1.0, code 2 instead of 0.1.0, code 1"),
        (HERE | {"film": "/a.jpg is not there"}, "film /a.jpg is not there"),
        (ValueError("lost"), "ValueError: lost"),
    ],
)
def test_a_worker_of_another_version_is_named(answer, words) -> None:
    assert cluster._difference(answer, HERE) == words


def test_a_call_that_does_not_end_is_given_up() -> None:
    never = threading.Event()
    with pytest.raises(TimeoutError):
        cluster._within(0.1, never.wait)
    never.set()
