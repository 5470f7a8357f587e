"""Let a class use the app at once, and measure what each of them gets.

    python -m benchmarks.load                         30 visitors, ten minutes; benchmarks/load.json
    python -m benchmarks.load --visitors 5 --minutes 1 --window 15 --rounds 2 --json OUT.json

Starts the app and visits it by its own protocol (`benchmarks/visitor.py`), from one process beside
it, which shares the processor with it: whose share was how large is measured too. Five parts:

- alone: one visitor; what an act takes by itself;
- class: all visitors with seeded pauses for thought, for the time asked: they upload and classify
  crops of their own, move sliders, compare the models, read every page, and come back now and then
  in a new tab; the server's memory once a second;
- at once: all visitors hand over a crop at the same moment, several rounds;
- one slow visitor: windows of time in which another visitor drips a 50 MB film over a slow line,
  sends such a film again and again, or asks for the dearest explanation again and again, and as
  many without; the others' acts in both.

Every answer is held against the library's, to the digits shown; every byte sent to a visitor is
searched for the names of the others' files. Memory growth is the Theil-Sen slope after the warm-up,
the first third of the class. Let nothing else run meanwhile. Takes five minutes more than asked.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException

from benchmarks.load_acts import COMPARE, OTHERS, UPLOAD, Guest, Log, think
from benchmarks.load_answers import Library, large_film
from benchmarks.load_meter import Meter, latencies, latency, memory, shares
from benchmarks.serving import machine
from benchmarks.visitor import PIECES, VisitError
from mammo.ui.kit.result import OPEN_VIEWER

RESULT = Path(__file__).with_suffix(".json")
CROPS_EACH = 12
WARM_UP_SHARE = 1 / 3
MOST_SENTENCES = 20

Act = Callable[[], Awaitable[None]]
Plan = Callable[[Guest], Iterator[Act]]
"""What a visitor does, without end."""


def main() -> int:
    """Run the command."""
    from mammo.artifacts import artifacts_folder
    from tests.browser.conftest import running_server

    options = read_options()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(artifacts_folder(), Path(folder) / "server.log") as server,
    ):
        result = asyncio.run(Load(server.address, server.pid, Library(), options).measure_all())
        result["server_complaints"] = server.complaints()[:MOST_SENTENCES]
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_table(result)
    amiss = (
        result["answers"]["wrong"], result["failed_acts"], result["cross_talk"]["overheard"],
        result["server_complaints"],
    )  # fmt: skip
    return 1 if any(amiss) else 0


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command's arguments, or those given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--visitors", type=int, default=30, help="(default: %(default)s)")
    add("--minutes", type=float, default=10, help="of the class (default: %(default)s)")
    add("--rounds", type=int, default=5, help="all at once (default: %(default)s)")
    add("--alone", type=int, default=20, help="times each act alone (default: %(default)s)")
    add("--window", type=float, default=45, help="s, of the slow visitor's (default: %(default)s)")
    add("--film", type=float, default=50, help="MB, of theirs (default: %(default)s)")
    add("--think", type=float, nargs=2, default=(2, 12), help="s, least and most (default: 2 12)")
    add("--seed", type=int, default=2026, help="(default: %(default)s)")
    add("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    return parser.parse_args(arguments)


class Load:
    """Visit a running app with many visitors, part by part.

    Parameters
    ----------
    address : str, of the server
    pid : int, of its process
    library : Library
    options : as `read_options` gives them
    """

    def __init__(
        self, address: str, pid: int, library: Library, options: argparse.Namespace
    ) -> None:
        self._address, self._library, self._options = address, library, options
        self.meter = Meter(pid)
        self.logs: list[Log] = []
        self.guests = [self._guest(number) for number in range(options.visitors)]
        self._slow = self._guest(options.visitors)

    def _guest(self, number: int) -> Guest:
        seed = self._options.seed
        brought = [self._library.bring(number, one, seed) for one in range(CROPS_EACH)]
        return Guest(number, self._address, self._library, Log(), brought, seed)

    def _new_log(self) -> Log:
        """Let all write into a new log."""
        log = Log()
        for guest in self.guests:
            guest.log = log
        self.logs.append(log)
        return log

    async def measure_all(self) -> dict[str, Any]:
        """Measure every part, and gather what was wrong in any."""
        options = self._options
        pool = ThreadPoolExecutor(len(self.guests) + 8)
        asyncio.get_running_loop().set_default_executor(pool)
        before = machine()
        async with self.meter.watching():
            parts = {
                "alone": await self.alone(options.alone),
                "class": await self.attend(60 * options.minutes),
                "at_once": await self.at_once(options.rounds),
                "slow_visitor": await self.slow_visitor(options.window, options.film),
            }
            for guest in self.guests:
                await guest.leave()
        logs = [*self.logs, self._slow.log]
        return {
            "visitors": len(self.guests),
            "minutes": options.minutes,
            "seed": options.seed,
            "think_seconds": list(options.think),
            "answers": {
                "checked": sum(log.checked for log in logs),
                "wrong": [one for log in logs for one in log.wrong][:MOST_SENTENCES],
            },
            "failed_acts": [one for log in logs for one in log.failed][:MOST_SENTENCES],
            "acts": sum(len(taken) for log in logs for taken in log.seconds.values()),
            "cross_talk": {
                "megabytes_heard": round(sum(log.received for log in logs) / 1e6, 1),
                "overheard": [one for log in logs for one in log.overheard][:MOST_SENTENCES],
            },
            **parts,
            "machine": before,
        }

    async def _part(self, doing: Awaitable[object]) -> dict[str, Any]:
        """Do a part of the measurement; return its latencies and whose the processor was."""
        log, first = self._new_log(), self.meter.look()
        await doing
        print(f"{len(self.logs)} parts, {len(log.wrong)} wrong", file=sys.stderr, flush=True)
        return {
            "seconds": round(time.perf_counter() - first.at, 1),
            "latency": latencies(log.seconds),
            "processor": shares(first, self.meter.look()),
        }

    async def alone(self, times: int) -> dict[str, Any]:
        """Time each act of one visitor by itself, everything warm."""
        guest = self.guests[0]
        self._new_log()
        await guest.arrive()
        uploading = (guest.classify, guest.choose_prevalence, guest.choose_threshold)
        comparing = (guest.move_threshold, guest.move_prevalence)

        async def twice(page: str, acts: Sequence[Act], count: int) -> None:
            await guest.open(page)
            if page == UPLOAD:
                await guest.own_files()
            for _ in range(count):
                for act in acts:
                    await act()

        async def both(count: int) -> None:
            await twice(UPLOAD, uploading, count)
            await twice(COMPARE, comparing, count)

        await both(1)
        found = await self._part(both(times))
        await guest.leave()
        return found

    async def attend(self, seconds: float) -> dict[str, Any]:
        """Let all use the app for a time, each as they like; measure the server's memory."""
        start = time.perf_counter()

        async def come(guest: Guest) -> None:
            await asyncio.sleep(guest.number / len(self.guests) * min(30.0, seconds / 10))
            await guest.arrive()
            await self._follow(guest, whole_visit, start + seconds)

        found = await self._part(gather(come, self.guests))
        return found | {"memory": memory(self.meter.since(start), WARM_UP_SHARE)}

    async def at_once(self, rounds: int) -> dict[str, Any]:
        """Let all hand over a crop at the same moment, several times."""
        self._new_log()
        await gather(turn_to_own_files, self.guests)

        async def all_rounds() -> None:
            for _ in range(rounds):
                await gather(Guest.take_back, self.guests)
                await gather(Guest.classify, self.guests)

        return await self._part(all_rounds()) | {"rounds": rounds}

    async def slow_visitor(self, window: float, megabytes: float) -> dict[str, Any]:
        """Measure the others without and with one slow visitor, kind by kind."""
        found: dict[str, Any] = {"film_megabytes": megabytes, "window_seconds": window}
        film = large_film(megabytes)
        for kind, be_slow in SLOW.items():
            without = await self._window(window)
            await turn_to_own_files_anew(self._slow)
            self._slow.log.seconds.clear()
            task = asyncio.create_task(be_slow(self._slow, film, window))
            with_slow = await self._window(window)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._slow.leave()
            found[kind] = {"without": without, "with": with_slow}
            found[kind]["slow_acts"] = latencies(self._slow.log.seconds)
        return found

    async def _window(self, seconds: float) -> dict[str, Any]:
        """Let all go on for a while, half of them classifying, half comparing."""
        until = time.perf_counter() + seconds

        async def go_on(guest: Guest) -> None:
            await self._follow(guest, one_thing, until)

        found = await self._part(gather(go_on, self.guests))
        taken = [second for act in self.logs[-1].seconds.values() for second in act]
        return found | {"all_acts": latency(taken)}

    async def _follow(self, guest: Guest, plan: Plan, until: float) -> None:
        """Do one act or more with pauses for thought; after a failure begin anew in a new tab."""
        acts = plan(guest)
        while True:
            await think(guest, self._options.think)
            try:
                await next(acts)()
            except (VisitError, OSError, WebSocketException) as error:
                guest.log.failed.append(f"visitor {guest.number}: {error!r}")
                await come_back(guest)
                acts = plan(guest)
            if time.perf_counter() >= until:
                return


async def gather(doing: Callable[[Guest], Awaitable[None]], guests: Sequence[Guest]) -> None:
    """Let all do the same at once."""
    await asyncio.gather(*(doing(guest) for guest in guests))


async def come_back(guest: Guest) -> None:
    """Close the tab and open the app in a new one, as a reload does."""
    await guest.leave()
    await guest.arrive()


async def turn_to_own_files(guest: Guest) -> None:
    """Open the upload page at one's own files."""
    await guest.open(UPLOAD)
    await guest.own_files()


async def turn_to_own_files_anew(guest: Guest) -> None:
    """Do so in a new tab."""
    await guest.arrive()
    await turn_to_own_files(guest)


def whole_visit(guest: Guest) -> Iterator[Act]:
    """Plan a visit without end: every page once, then whatever comes to mind."""
    pages = [UPLOAD, COMPARE, *OTHERS]
    guest.random.shuffle(pages)
    yield from (_opening(guest, page) for page in pages)
    while True:
        (episode,) = guest.random.choices(tuple(EPISODES), tuple(EPISODES.values()))
        yield from episode(guest)


def _opening(guest: Guest, page: str) -> Act:
    async def open_page() -> None:
        await guest.open(page)

    return open_page


def _uploading(guest: Guest) -> Iterator[Act]:
    yield _opening(guest, UPLOAD)
    yield guest.own_files
    for _ in range(guest.random.randint(2, 4)):
        yield guest.classify
        looks = [
            guest.choose_prevalence,
            guest.choose_prevalence,
            guest.choose_threshold,
            guest.export,
        ]
        yield from guest.random.sample(looks, guest.random.randint(1, 4))
    if guest.random.random() < 0.5:
        yield guest.classify_many


def _trying_examples(guest: Guest) -> Iterator[Act]:
    yield _opening(guest, UPLOAD)
    for _ in range(guest.random.randint(1, 4)):
        yield guest.choose_example
        yield guest.choose_prevalence


def _comparing(guest: Guest) -> Iterator[Act]:
    yield _opening(guest, COMPARE)
    moves = [guest.move_threshold, guest.move_threshold, guest.move_prevalence]
    yield from guest.random.choices(moves, k=guest.random.randint(3, 8))


def _reading(guest: Guest) -> Iterator[Act]:
    yield _opening(guest, guest.random.choice(OTHERS))


def _coming_back(guest: Guest) -> Iterator[Act]:
    async def do_so() -> None:
        await come_back(guest)

    yield do_so


EPISODES = {_uploading: 4, _trying_examples: 2, _comparing: 3, _reading: 1, _coming_back: 0.5}
"""What a visitor does next, and how often in proportion."""


def one_thing(guest: Guest) -> Iterator[Act]:
    """Plan to do one thing without end: classify, or compare."""
    classifying = guest.number % 2 == 0
    yield _opening(guest, UPLOAD if classifying else COMPARE)
    if classifying:
        yield guest.own_files
    while True:
        if classifying:
            yield guest.classify
            yield guest.choose_prevalence
        else:
            yield guest.move_threshold
            yield guest.move_prevalence


async def drip(guest: Guest, film: bytes, window: float) -> None:
    """Send a film over a line so slow that it takes the whole window."""
    pause = window / PIECES
    await guest.timed("send a film slowly", guest.visitor.upload("files", {"film": film}, pause))


async def send_films(guest: Guest, film: bytes, _: float) -> None:
    """Send a film, let it be read, take it back, and again."""
    while True:
        await guest.timed("send a film", guest.visitor.upload("files", {"film.tif": film}))
        await guest.take_back()


async def explain_again(guest: Guest, _film: bytes, _: float) -> None:
    """Ask for all maps of a new crop by both models, and again."""
    while True:
        await guest.classify()
        await guest.timed("look closer", guest.visitor.follow(OPEN_VIEWER))
        await guest.timed("all maps", guest.visitor.change("comparison_row", "Show"))
        await turn_to_own_files(guest)


SLOW = {"drips_a_film": drip, "sends_films": send_films, "asks_for_all_maps": explain_again}


def print_table(result: dict[str, Any]) -> None:
    """Print the latencies of each part, memory, and what was wrong."""
    windows = {
        f"{kind}, {which}": result["slow_visitor"][kind][which]
        for kind in SLOW
        for which in ("without", "with")
    }
    for part, found in {one: result[one] for one in ("alone", "class", "at_once")}.items():
        print(f"{part}: {found['seconds']} s, {found['processor']}")
        for act, taken in found["latency"].items():
            print(_line(act, taken))
    for part, found in windows.items():
        print(_line(f"{part} slow visitor", found["all_acts"]))
    kept = {name: value for name, value in result["class"]["memory"].items() if "curve" not in name}
    print(f"memory: {kept}")
    print(f"answers: {result['answers']}")
    print(f"acts that failed: {result['failed_acts']} of {result['acts']}")
    print(f"cross-talk: {result['cross_talk']}")
    print(f"the server's log complains: {result['server_complaints']}")
    print(", ".join(f"{name} {value}" for name, value in result["machine"].items()))


def _line(name: str, taken: dict[str, float]) -> str:
    figures = "".join(f"{taken[f'p{share}_ms']:>9.0f}" for share in (50, 95, 99))
    return f"  {name:<46}{taken['times']:>6}{figures} ms"


if __name__ == "__main__":
    sys.exit(main())
