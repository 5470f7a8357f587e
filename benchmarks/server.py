"""Measure the running app: from its start to the first probability, its memory, its answers.

    python -m benchmarks.server                      a table, and benchmarks/server.json
    python -m benchmarks.server --starts 1 --moves 3 --browser-starts 0 --json OUT.json
    python -m benchmarks.server --first-loads        those anew, the other figures as they are

Each start is a new process of `streamlit run app.py`. The visitor opens Upload and classify,
accepts the notice as soon as it is there, and gets both models' answers for an example lesion:
over the server's own websocket (`visitor`), so that the server is timed, and, where
Playwright and Chromium are at hand, in a browser beside it, on the same cores. Memory is the
server's own, after both models have answered, and at the end of a visit to all seven pages
(`server_walk`). Times are by the clock; figures are medians, with quartiles beside them. Let
nothing else run meanwhile.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.memory_limit import memory_limit
from benchmarks.server_walk import PAGE, hold_to_silence, open_whole, walk, write_film
from benchmarks.serving import Figures, machine, megabytes, quartiles
from benchmarks.visitor import Visitor
from mammo.artifacts import artifacts_folder
from mammo.settings import TITLES
from mammo.text import ACCEPT
from mammo.ui.kit import frame
from tests.browser.conftest import CHROMIUM, OPTIONS, Server, running_server

RESULT = Path(__file__).with_suffix(".json")
TARGETS = {"probability_s": 3.0, "models_rss_mb": 350.0, "slider_ms": 100.0, "peak_mb": 690.0}
FIRST_LOAD_TARGETS = {"Home": 20.0, "Upload and classify": 30.0, "Model comparison": 45.0}
"""Seconds until a visitor with an empty browser sees what the page is for, over a slow line."""

SLOW_LINE = {"downloadThroughput": 125_000, "uploadThroughput": 125_000, "latency": 20}
"""1 Mbit/s in bytes per second, and milliseconds; as Chromium's development tools take them."""
PAGES = {page.title: Path(page.path).stem.partition("_")[2] for page in frame.PAGES}
"""Title of each page, and its address; "" for home."""


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=5, help="cold starts (default: 5)")
    parser.add_argument("--browser-starts", type=int, default=5, help="in Chromium (default: 5)")
    parser.add_argument("--moves", type=int, default=20, help="of each slider (default: 20)")
    parser.add_argument("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    parser.add_argument("--first-loads", action="store_true", help="measure first loads only")
    options = parser.parse_args()
    if options.first_loads:
        result = json.loads(options.json.read_text(encoding="utf-8"))
        runs = measure_first_loads(3)
        result["figures"]["first_load"], result["quartiles"]["first_load"] = (
            middle(runs),
            spread(runs),
        )
        result["targets"]["first_load_s"] = FIRST_LOAD_TARGETS
    else:
        result = measure_all(options.starts, options.browser_starts, options.moves)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_table(result)


def measure_all(starts: int, browser_starts: int, moves: int) -> dict[str, Any]:
    """Measure everything, and put the targets and the machine beside it."""
    before = machine()
    runs = {"start": [asyncio.run(one_start()) for _ in range(starts)]}
    if browser_starts and find_spec("playwright") and Path(CHROMIUM).exists():
        runs["browser"] = [browser_start() for _ in range(browser_starts)]
        runs["first_load"] = measure_first_loads(min(browser_starts, 3))
    with app() as server:
        sliders = asyncio.run(slider_moves(server, moves))
        pages = asyncio.run(page_loads(server, moves))
    return {
        "figures": {name: middle(of_runs) for name, of_runs in runs.items()},
        "quartiles": {name: spread(of_runs) for name, of_runs in runs.items()},
        "slider_ms": {label: statistics.median(times) for label, times in sliders.items()},
        "slider_quartiles": {label: quartiles(times) for label, times in sliders.items()},
        "page_ms": {title: statistics.median(times) for title, times in pages.items()},
        "page_quartiles": {title: quartiles(times) for title, times in pages.items()},
        "walk": asyncio.run(whole_walk()),
        "targets": TARGETS | {"first_load_s": FIRST_LOAD_TARGETS},
        "starts": starts,
        "moves": moves,
        "machine": before,
    }


@contextmanager
def app(under: Sequence[str] = ()) -> Iterator[Server]:
    """Run the app on the released artifacts until the block ends; `under` is what starts it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(artifacts_folder(), Path(folder) / "log", under=under) as server,
    ):
        yield server


async def one_start() -> Figures:
    """Start the server, take its first answer by the websocket, and weigh it."""
    start = time.perf_counter()
    with app() as server:
        listening = time.perf_counter() - start
        async with Visitor(server.address) as visitor:
            await visitor.arrive(PAGE)
            await visitor.press(ACCEPT)
            whole = time.perf_counter() - start
            probability = visitor.widget(TITLES["simple_cnn"]).came - start
            hold_to_silence(visitor, PAGE)
            memory = memory_mb(server.pid)
    return {
        "listening_s": listening,
        "probability_s": probability,
        "whole_page_s": whole,
        **{f"models_{name}": value for name, value in memory.items()},
    }


def browser_start() -> Figures:
    """Start the server, and take its first answer in a Chromium that is open already."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as client:
        browser = client.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        page = browser.new_page()
        page.goto("about:blank")
        start = time.perf_counter()
        with app() as server:
            page.goto(f"{server.address}/{PAGE}", wait_until="commit")
            page.get_by_role("button", name=ACCEPT).click()
            page.get_by_test_id("stMetricValue").first.wait_for()
            probability = time.perf_counter() - start
        browser.close()
    return {"probability_s": probability}


def measure_first_loads(times: int) -> list[Figures]:
    """Return several measurements of `first_loads` of one server."""
    with app() as server:
        return [first_loads(server.address) for _ in range(times)]


def first_loads(address: str) -> Figures:
    """Open pages over a slow line in a browser that knows nothing; return seconds for each."""
    from playwright.sync_api import sync_playwright

    seconds = {}
    with sync_playwright() as client:
        browser = client.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        for title in FIRST_LOAD_TARGETS:
            page = browser.new_context().new_page()
            page.set_default_timeout(300_000)
            line = page.context.new_cdp_session(page)
            line.send("Network.emulateNetworkConditions", {"offline": False, **SLOW_LINE})
            start = time.perf_counter()
            page.goto(f"{address}/{PAGES[title]}", wait_until="commit")
            if title == "Upload and classify":
                page.get_by_role("button", name=ACCEPT).click()
            shown = ".js-plotly-plot .main-svg, [data-testid=stMetricValue]"
            page.locator(shown).first.wait_for()
            seconds[title] = time.perf_counter() - start
            page.context.close()
        browser.close()
    return seconds


async def slider_moves(server: Server, moves: int) -> dict[str, list[float]]:
    """Move each slider of the comparison page and of a result; return milliseconds a move."""
    times: dict[str, list[float]] = {}
    async with Visitor(server.address) as visitor:
        for page, steps in (("Model_comparison", 0.01), (PAGE, 5.0)):
            await open_whole(visitor, page)
            for slider in visitor.elements("slider"):
                times[f"{page.replace('_', ' ')}: {slider.label}"] = [
                    await clocked(
                        visitor, visitor.change(slider.label, slider.min + steps * (n + 1))
                    )
                    for n in range(moves)
                ]
    return times


async def page_loads(server: Server, times: int) -> dict[str, list[float]]:
    """Run each page again in the same visit; return milliseconds a run."""
    found = {}
    async with Visitor(server.address) as visitor:
        for title, page in PAGES.items():
            await open_whole(visitor, page)
            found[title] = [await clocked(visitor, visitor.rerun()) for _ in range(times)]
    return found


async def clocked(visitor: Visitor, act: Awaitable[None]) -> float:
    """Return the milliseconds from a message to the end of the server's answer."""
    start = time.perf_counter()
    await act
    taken = 1000 * (time.perf_counter() - start)
    hold_to_silence(visitor, "while it was timed")
    return taken


async def whole_walk() -> dict[str, Any]:
    """Visit all pages of a new server once, under a hard limit where the system lets us set one.

    Returns
    -------
    The server's memory at each step and at the end; with a limit, the most that the kernel counted
    against it, and how many processes it killed.
    """
    with tempfile.TemporaryDirectory() as folder, memory_limit(int(TARGETS["peak_mb"])) as limit:
        film = write_film(Path(folder) / "film.dcm")
        with app(limit.under if limit else ()) as server:
            async with Visitor(server.address) as visitor:
                steps = {step: memory_mb(server.pid) async for step in walk(visitor, film)}
            found: dict[str, Any] = {**memory_mb(server.pid), "steps": steps}
        counted = {"counted_mb": limit.peak_mb, "killed": limit.kills} if limit else {}
        return found | counted


def memory_mb(pid: int) -> Figures:
    """Return a process's memory in MB (10^6 bytes): resident, its share of it, and its peak.

    The first two are one count, page by page. The kernel keeps the peak, and the resident memory of
    its `status`, as running sums that lag by some pages: the peak is never told below what is held.
    """
    status, rollup = (Path(f"/proc/{pid}/{name}") for name in ("status", "smaps_rollup"))
    counts = rollup.read_text(encoding="utf-8")
    resident = megabytes(counts, "Rss")
    return {
        "rss_mb": resident,
        "pss_mb": megabytes(counts, "Pss"),
        "peak_mb": max(megabytes(status.read_text(encoding="utf-8"), "VmHWM"), resident),
    }


def middle(runs: Sequence[Figures]) -> Figures:
    """Return the median of each figure over several runs."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def spread(runs: Sequence[Figures]) -> dict[str, list[float]]:
    """Return the quartiles of each figure over several runs."""
    return {name: quartiles([run[name] for run in runs]) for name in runs[0]}


def print_table(result: dict[str, Any]) -> None:
    """Print every figure, and the machine under them."""
    for way, figures in result["figures"].items():
        for name, value in figures.items():
            low, high = result["quartiles"][way][name]
            print(f"{way + ': ' + name:<60}{value:>9.2f}  ({low:.2f} to {high:.2f})")
    for kind in ("slider", "page"):
        for label, value in result[f"{kind}_ms"].items():
            low, high = result[f"{kind}_quartiles"][label]
            print(f"{kind + ', ms: ' + label:<60}{value:>9.1f}  ({low:.1f} to {high:.1f})")
    for name in ("rss_mb", "pss_mb", "peak_mb"):
        print(f"{'all pages visited: ' + name:<60}{result['walk'][name]:>9.0f}")
    print(", ".join(f"{name} {value}" for name, value in result["machine"].items()))


if __name__ == "__main__":
    main()
