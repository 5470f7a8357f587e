"""A slice of `benchmarks/load.py`, and that it would notice a wrong answer or another's file name.

Over tiny artifacts: three visitors, seconds instead of minutes, no word on how fast.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.load import UPLOAD, Load, print_table, read_options
from benchmarks.load_acts import COMPARE, Guest, Log
from benchmarks.load_answers import Library
from benchmarks.visitor import VisitError
from tests.browser.conftest import Server, running_server
from tests.conftest import run_apart
from tests.inference.tiny_trust import attach_tiny_trust
from tests.tiny_artifacts import write_tiny_artifacts

FEW = (
    "--visitors=3", "--minutes=0.05", "--rounds=1", "--alone=1", "--window=0.3", "--film=3",
    "--think", "0.05", "0.2",
)  # fmt: skip


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_tiny_artifacts(tmp_path_factory.mktemp("load") / "artifacts")
    attach_tiny_trust(folder)
    return folder


@pytest.fixture(scope="module")
def server(artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(artifacts, tmp_path_factory.mktemp("load") / "server.log") as running:
        yield running


@pytest.fixture(scope="module")
def library(artifacts: Path) -> Library:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAMMO_ARTIFACTS", str(artifacts))
        return Library()


def test_three_visitors_get_their_own_right_answers(
    server: Server, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    load = Load(server.address, server.pid, library, read_options(FEW))
    found = json.loads(json.dumps(run_apart(load.measure_all())))
    print_table(found | {"server_complaints": server.complaints()})
    assert "the server's log complains: []" in capsys.readouterr().out
    assert found["answers"]["checked"] > 15 and found["answers"]["wrong"] == []
    assert found["failed_acts"] == [] and found["acts"] > 15
    assert found["cross_talk"]["megabytes_heard"] > 1 and found["cross_talk"]["overheard"] == []
    assert found["at_once"]["latency"]["classify a crop"]["times"] == 3
    for part in ("alone", "class", "at_once"):
        assert found[part]["processor"]["server_cores"] > 0
        for taken in found[part]["latency"].values():
            assert 0 < taken["p50_ms"] <= taken["p95_ms"] <= taken["p99_ms"] <= taken["max_ms"]
    assert {"move a threshold", "choose a threshold"} <= found["alone"]["latency"].keys()
    for kind in ("drips_a_film", "sends_films", "asks_for_all_maps"):
        both = found["slow_visitor"][kind]
        assert both["without"]["all_acts"]["times"] and both["with"]["all_acts"]["times"]
    kept = found["class"]["memory"]
    assert 50 < kept["start_mb"] <= kept["peak_mb"] and kept["curve_s_mb"]
    growth = kept["growth_mb_an_hour"]
    assert growth["low"] <= growth["slope"] <= growth["high"]


def test_a_wrong_answer_is_noticed(server: Server, library: Library) -> None:
    brought = library.bring(0, 0, seed=1)
    foreign = replace(brought, content=library.bring(1, 0, seed=1).content)
    assert foreign.content != brought.content

    async def visit() -> tuple[int, list[str]]:
        guest = Guest(0, server.address, library, Log(), [brought], seed=1)
        await guest.arrive()
        await guest.open(UPLOAD)
        await guest.own_files()
        await guest.classify()
        right = len(guest.log.wrong)
        guest._brought = [foreign]
        await guest.classify()
        await guest.export()
        await guest.leave()
        return right, guest.log.wrong

    right, wrong = run_apart(visit())
    assert right == 0
    assert wrong and all("visitor 0" in sentence for sentence in wrong)


def test_a_name_of_another_is_noticed(server: Server, library: Library) -> None:
    """A file of visitor 1, handed over by visitor 0, comes back in what visitor 0 is sent."""

    async def visit() -> list[str]:
        guest = Guest(0, server.address, library, Log(), [library.bring(1, 0, seed=1)], seed=1)
        await guest.arrive()
        await guest.open(UPLOAD)
        await guest.own_files()
        before = list(guest.log.overheard)
        await guest.classify()
        await guest.leave()
        return [str(before), *guest.log.overheard]

    before, *overheard = run_apart(visit())
    assert before == "[]" and overheard


def test_what_is_not_on_the_page_is_an_error(server: Server, library: Library) -> None:
    async def visit() -> None:
        guest = Guest(0, server.address, library, Log(), [library.bring(0, 0, seed=1)], seed=1)
        await guest.arrive()
        await guest.open(COMPARE)
        try:
            await guest.classify()
        finally:
            await guest.leave()

    with pytest.raises(VisitError, match="No widget 'files'"):
        run_apart(visit())


def test_moved_thresholds_are_those_of_the_library(server: Server, library: Library) -> None:
    async def visit() -> Log:
        guest = Guest(0, server.address, library, Log(), [library.bring(0, 0, seed=1)], seed=1)
        await guest.arrive()
        await guest.open(COMPARE)
        await guest.move_threshold()
        await guest.move_prevalence()
        await guest.leave()
        return guest.log

    log = run_apart(visit())
    assert log.wrong == [] and log.checked >= 2
