"""Let forty readers rate in one live room, kill the server midway, and compare the board.

    python -m benchmarks.room                         benchmarks/room.json
    python -m benchmarks.room --readers 5 --json OUT.json

Starts the app and visits it by its own protocol (`benchmarks/visitor.py`): readers who rate the
example lesions with seeded pauses, and the lecturer's board, which asks for news as often as its
page does in a browser. Measured is the time from a reader's confirmation to the answer that brings
it to the board. Midway the server is killed and started anew at the same port: the board and every
reader open their own links again. At the end the room's result files are compared with the ratings
that were given, and every message to a reader is searched for the other readers' names.
"""

import argparse
import asyncio
import io
import json
import os
import re
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa

from benchmarks.load_meter import latency
from benchmarks.serving import machine
from benchmarks.visitor import Visitor
from mammo.artifacts import artifacts_folder, load_manifest
from mammo.reading import RoundPlan, merge, write_code
from mammo.reading.live import new_secret, room_code
from mammo.reading.results_file import fingerprint

RESULT = Path(__file__).with_suffix(".json")
PAGE, PLAN = "Reading_room", RoundPlan(10, 7, "examples")
BOARD_SECONDS = 0.5
_NAME = re.compile(rb"reader \d{3}")


class Room:
    """A board and its readers on a running server; `seen` is what the board shows, by name."""

    def __init__(self, readers: int, seed: int, think: Sequence[float]) -> None:
        self.names = [f"reader {number:03}" for number in range(readers)]
        self.random, self.think = Random(seed), think
        self.ratings = {name: self._ten_ratings() for name in self.names}
        secret, served = new_secret(time.time()), fingerprint(load_manifest(artifacts_folder()))
        self.served, code = served, room_code(secret, PLAN, served)
        self.own = urlencode({"round": write_code(PLAN), "room": code, "lead": secret})
        self.links = {
            name: urlencode({"room": code, "me": f"{number:016x}.{name}"})
            for number, name in enumerate(self.names)
        }
        self.seen: dict[str, int] = {}
        self.waiting: dict[tuple[str, int], float] = {}
        self.seconds: list[float] = []
        self.overheard = 0

    def _ten_ratings(self) -> list[int]:
        return [10 * self.random.randrange(11) for _ in range(PLAN.n)]

    async def session(self, address: str, first: int, last: int, files: bool) -> bytes:
        """Let everybody rate from case `first` to case `last`; return the room's files if asked."""
        async with Visitor(address) as board:
            await _enter(board, self.own)
            watching = asyncio.create_task(self._watch(board))
            await asyncio.gather(*(self._read(address, name, first, last) for name in self.names))
            while self.waiting and not watching.done():
                await asyncio.sleep(BOARD_SECONDS)
            if watching.done():
                watching.result()  # raises what ended it
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            return await board.download("reading_room_zip") if files else b""

    async def _watch(self, board: Visitor) -> None:
        while True:
            await board.rerun(board.repeated)
            now = time.perf_counter()
            for frame in board.elements("dataframe"):
                table = pa.ipc.open_stream(frame.arrow_data.data).read_pandas()
                self.seen = dict(zip(table["Reader"], table["Cases"], strict=True))
            for (name, case), since in list(self.waiting.items()):
                if self.seen.get(name, 0) >= case:
                    self.seconds.append(now - since)
                    del self.waiting[name, case]
            await asyncio.sleep(BOARD_SECONDS)

    async def _read(self, address: str, name: str, first: int, last: int) -> None:
        def listen(sent: bytes) -> None:
            self.overheard += any(other != name.encode() for other in _NAME.findall(sent))

        async with Visitor(address, listen) as reader:
            await asyncio.sleep(self.random.random() * self.think[1])
            await _enter(reader, self.links[name])
            await reader.press("reading_start")
            for case in range(first, last + 1):
                await asyncio.sleep(self.random.uniform(*self.think))
                key = f"reading_rating_{case}"
                await reader.press(f"{key}_{self.ratings[name][case - 1]}")
                self.waiting[name, case] = time.perf_counter()
                await reader.press(f"{key}_confirm")
            self.links[name] = reader.query


async def _enter(visitor: Visitor, query: str) -> None:
    await visitor.arrive(PAGE, query)
    await visitor.press("accept")


def main() -> int:
    """Run the command."""
    from tests.browser.conftest import running_server

    options = read_options()
    room, half = Room(options.readers, options.seed, options.think), PLAN.n // 2
    complaints: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        with running_server(artifacts_folder(), log) as server:
            asyncio.run(room.session(server.address, 1, half, files=False))
            complaints += server.complaints()
            os.kill(server.pid, signal.SIGKILL)
        port = int(server.address.rpartition(":")[2])
        with running_server(artifacts_folder(), log, port=port) as server:
            zipped = asyncio.run(room.session(server.address, half + 1, PLAN.n, files=True))
            complaints += server.complaints()
            told = log.read_text(encoding="utf-8", errors="replace")
    result = measure(room, zipped) | {
        "nicknames_in_the_log": sum(name in told for name in room.names),
        "server_complaints": complaints[:20],
    }
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    bad = ("lost_or_mixed_up", "overheard", "nicknames_in_the_log", "server_complaints")
    return 1 if any(result[name] for name in bad) else 0


def measure(room: Room, zipped: bytes) -> dict[str, Any]:
    """Compare the room's files with the ratings that its readers gave."""
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        files = [(name, archive.read(name)) for name in archive.namelist()]
    merged = merge(files, room.served)
    found = {
        one.name: [reading.rating for reading in one.record.readings] for one in merged.readers
    }
    return {
        "readers": len(room.names),
        "ratings": PLAN.n * len(room.names),
        "lost_or_mixed_up": sum(found.get(name) != rated for name, rated in room.ratings.items()),
        "overheard": room.overheard,
        "confirmation_to_board": latency(room.seconds),
        "machine": machine(),
    }


def read_options() -> argparse.Namespace:
    """Read the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--readers", type=int, default=40, help="(default: %(default)s)")
    add("--think", type=float, nargs=2, default=(2, 12), help="s, least and most (default: 2 12)")
    add("--seed", type=int, default=2026, help="(default: %(default)s)")
    add("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
