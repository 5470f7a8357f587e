"""The server under Community Cloud's memory, and a slice of `benchmarks/server.py`."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import server
from benchmarks.memory_limit import memory_limit
from benchmarks.server_walk import PAGE, open_whole, walk, write_film
from benchmarks.visitor import VisitError, Visitor
from mammo.inference.maps import METHODS
from tests.conftest import run_apart

PROMISED_MB = 690
"""What Community Cloud promises an app."""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="weighs as Linux does"
)


def test_all_pages_and_the_largest_film_fit_into_what_the_cloud_promises(tmp_path: Path) -> None:
    """Under a hard limit, as a container's, where one can be set; else by the process's peak.

    The peak has pages of files in it, which the kernel takes back at need: some systems map more
    of them than others.
    """
    film = write_film(tmp_path / "film.dcm")

    async def visit(address: str) -> list[str]:
        async with Visitor(address) as visitor:
            return [step async for step in walk(visitor, film)]

    with memory_limit(PROMISED_MB) as limit:
        with server.app(limit.under if limit else ()) as running:
            steps = run_apart(visit(running.address))
            peak = limit.peak_mb if limit else server.memory_mb(running.pid)["peak_mb"]
            assert running.complaints() == []
        assert limit is None or limit.kills == 0
    used = " ".join(steps)
    for page in (*server.PAGES.values(), "77 MB", "report", *(method.key for method in METHODS)):
        assert page in used
    assert sum(step.startswith(f"{PAGE} example=") for step in steps) == 10
    assert 100 < peak < PROMISED_MB


def test_what_holds_more_than_the_limit_is_killed() -> None:
    holds = (sys.executable, "-c", "print(len(b'x' * 200_000_000))")
    with memory_limit(100) as limit:
        if limit is None:
            pytest.skip("needs a control group for memory: Linux, as root")
        done = subprocess.run([*limit.under, *holds], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, limit.kills) == (-signal.SIGKILL, "", 1)
        assert 90 < limit.peak_mb <= 100


@pytest.mark.parametrize("key", ["download_result", "report_html"])
def test_a_file_that_was_made_waits_until_it_is_fetched(key: str) -> None:
    """Streamlit forgets one after two runs of anybody's page: sooner than a class lets it by."""

    async def visit(address: str) -> tuple[bytes, bytes]:
        async with Visitor(address) as slow, Visitor(address) as other:
            await open_whole(slow, PAGE)
            made = await slow.have_made(key)
            for _ in range(3):
                await open_whole(other, PAGE)
            return await slow.fetch(made), await slow.download(key)

    with server.app() as running:
        late, at_once = run_apart(visit(running.address))
        assert running.complaints() == []
    assert len(late) > 200
    assert len(late) == len(at_once)


def test_a_start_is_timed_to_its_end_and_weighed() -> None:
    found = run_apart(server.one_start())
    assert 0 < found["listening_s"] < found["probability_s"] <= found["whole_page_s"]
    assert 50 < found["models_pss_mb"] <= found["models_rss_mb"] <= found["models_peak_mb"]


def test_sliders_and_pages_are_timed_and_what_is_missing_is_told() -> None:
    async def visit(address: str) -> None:
        async with Visitor(address) as visitor:
            await open_whole(visitor, PAGE)
            with pytest.raises(VisitError, match="No widget 'Cure'"):
                await visitor.press("Cure")

    with server.app() as running:
        moves = run_apart(server.slider_moves(running, 1))
        run_apart(visit(running.address))
    assert any("Threshold of MobileNetV2" in label for label in moves)
    assert all(len(times) == 1 and times[0] > 0 for times in moves.values())
