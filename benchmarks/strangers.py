"""Attack the running app under a hard limit of memory, while one visitor keeps classifying.

    python -m benchmarks.strangers                a table, and benchmarks/strangers.json
    python -m benchmarks.strangers --films 12 --json OUT.json

The app runs in a control group of 690 MB, with an empty home. Strangers upload every aimed file of
the tests (`AIMED_DICOM`, `AIMED_PICTURES`) and close their tabs at once; then twelve visitors open
a film of 38 MB each, mark a lesion and stay. Reported are what the kernel counted, whether the same
process still answers, the other visitor's times before and meanwhile, the processor time that the
server spends after all have left, and the files in its home.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import psutil

import mammo
from benchmarks.memory_limit import memory_limit
from benchmarks.server_walk import PAGE, open_whole
from benchmarks.serving import machine
from benchmarks.visitor import VisitError, Visitor
from mammo.artifacts import artifacts_folder
from mammo.settings import TITLES
from mammo.text import ACCEPT
from mammo.ui.kit.source import UPLOAD, example_name
from tests.browser.conftest import Server, running_server
from tests.imaging.aimed_dicom import AIMED_DICOM
from tests.imaging.aimed_pictures import AIMED_PICTURES
from tests.imaging.makers import dicom_bytes

RESULT = Path(__file__).with_suffix(".json")
LIMIT_MB = 690
FILM_SIDES = (5000, 3800)
"""Rows and columns of a common film: 38 MB at 16 bits."""

AT_ONCE = 4
"""Strangers who upload at the same moment."""

ALONE = 20
"""Answers that are timed before anybody else comes."""


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=12, help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    options = parser.parse_args()
    aimed = {name: make() for name, make in (AIMED_DICOM | AIMED_PICTURES).items()}
    result = attack(aimed, options.films) | {"machine": machine()}
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for name, value in result.items():
        print(f"{name:<24}{value}")


def attack(aimed: dict[str, bytes], films: int) -> dict[str, Any]:
    """Run the whole attack against a new server; return what was measured."""
    with tempfile.TemporaryDirectory() as folder, memory_limit(LIMIT_MB) as limit:
        home = Path(folder) / "home"
        home.mkdir()
        log = Path(folder) / "log"
        more, under = {"HOME": str(home)}, limit.under if limit else ()
        with running_server(artifacts_folder(), log, more, under) as server:
            found = asyncio.run(_attack(server, aimed, films))
            found["complaints"] = server.complaints()
            found["counted_mb"] = round(limit.peak_mb) if limit else None
            found["killed"] = limit.kills if limit else None
        found["files_in_home"] = sorted(str(path.relative_to(home)) for path in home.rglob("*"))
    return found


async def _attack(server: Server, aimed: dict[str, bytes], films: int) -> dict[str, Any]:
    async with Visitor(server.address) as steady:
        await open_whole(steady, PAGE)
        alone = [await _answered(steady, number) for number in range(ALONE)]
        asked = asyncio.create_task(_keep_asking(steady))
        start = time.perf_counter()
        await _upload_and_leave(server, list(aimed.values()))
        attacked_s = time.perf_counter() - start
        content = dicom_bytes(
            np.random.default_rng(2026).integers(0, 1 << 12, FILM_SIDES, np.uint16)
        )
        visitors = [Visitor(server.address) for _ in range(films)]
        outcomes = await asyncio.gather(*(_open_film(visitor, content) for visitor in visitors))
        resident = {"server": _resident_mb(server.pid, own=True)}
        resident["with decoder"] = _resident_mb(server.pid, own=False)
        asked.cancel()
        meanwhile = (await asyncio.gather(asked, return_exceptions=True))[0]
        await asyncio.gather(*(visitor.leave() for visitor in visitors))
        await asyncio.sleep(5)
        idle = await _busy_share(server.pid)
        after = [await _answered(steady, number) for number in range(ALONE // 2)]
    return {
        "aimed_files": len(aimed),
        "aimed_seconds": round(attacked_s, 1),
        "films": films,
        "film_mb": round(len(content) / 1e6),
        "film_outcomes": {outcome: outcomes.count(outcome) for outcome in set(outcomes)},
        "resident_mb": resident,
        "alone_s": _times(alone),
        "meanwhile_s": _times(meanwhile if isinstance(meanwhile, list) else []),
        "after_s": _times(after),
        "busy_share_after": idle,
    }


async def _answered(visitor: Visitor, number: int) -> float:
    """Choose another example, and return the seconds until both models have answered."""
    names = [example_name(lesion) for lesion in mammo.example_lesions()]
    start = time.perf_counter()
    await visitor.change("example", names[(number + 1) % len(names)])
    visitor.widget(TITLES["simple_cnn"])
    return time.perf_counter() - start


async def _keep_asking(visitor: Visitor) -> list[float]:
    """Ask for one example after the other until cancelled; return each one's seconds."""
    times: list[float] = []
    try:
        while True:
            times.append(await _answered(visitor, len(times)))
            await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        return times


async def _upload_and_leave(server: Server, contents: Sequence[bytes]) -> None:
    """Let strangers upload files, a few at the same moment, and close each tab at once."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(content: bytes) -> None:
        async with places, Visitor(server.address) as stranger:
            await open_whole(stranger, PAGE, f"source={quote(UPLOAD)}")
            upload = asyncio.create_task(stranger.upload("files", {"film": content}))
            await asyncio.wait((upload,), timeout=0.5)
            upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)

    await asyncio.gather(*map(one, contents))


async def _open_film(visitor: Visitor, content: bytes) -> str:
    """Open a film, mark a lesion, and stay; return what the page says then."""
    await open_whole(visitor, PAGE, f"source={quote(UPLOAD)}")
    await visitor.upload("files", {"film.dcm": content})
    if visitor.complaints():
        return visitor.complaints()[0]
    for name, value in zip(("X", "Y", "Width", "Height"), (1500, 2000, 400, 400), strict=True):
        await visitor.change(name, value)
    if any(button.label == ACCEPT for button in visitor.elements("button")):
        await visitor.press(ACCEPT)
    try:
        visitor.widget(TITLES["simple_cnn"])
    except VisitError as error:
        return str(error)
    return "answered"


def _resident_mb(pid: int, *, own: bool) -> int:
    """Return the proportional memory of the server, alone or with its children, in MB."""
    server = psutil.Process(pid)
    processes = [server] if own else [server, *server.children(recursive=True)]
    return round(sum(process.memory_full_info().pss for process in processes) / 1e6)


async def _busy_share(pid: int, seconds: float = 2.0) -> float:
    """Return the share of one core that the server and its children use, without visitors' acts."""

    def spent() -> float:
        server = psutil.Process(pid)
        times = [one.cpu_times() for one in (server, *server.children(recursive=True))]
        return sum(time.user + time.system for time in times)

    before = spent()
    await asyncio.sleep(seconds)
    return round((spent() - before) / seconds, 3)


def _times(times: Sequence[float]) -> dict[str, float]:
    if not times:
        return {}
    worst = sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]
    return {
        "answers": len(times),
        "median": round(statistics.median(times), 3),
        "p95": round(worst, 3),
    }


if __name__ == "__main__":
    main()
