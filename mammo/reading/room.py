"""Merge a class's result files into one room: same round, each reader once, all else named.

A file that cannot be used is left out with the reason; nothing is left out silently.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo.errors import MammoError
from mammo.reading.code import write_code
from mammo.reading.plan import RoundPlan
from mammo.reading.record import Record
from mammo.reading.results_file import Result, read_result

MOST_FILES = 300
UNNAMED = "reader"


@dataclass(frozen=True)
class RoomReader:
    """Hold one reader of the room: a name that no other has, and the record."""

    name: str
    record: Record


@dataclass(frozen=True)
class Room:
    """Hold the readers of one round, and the files that were left out, each with its reason."""

    plan: RoundPlan | None
    readers: tuple[RoomReader, ...]
    left_out: tuple[tuple[str, str], ...]

    def ratings(self, after_advice: bool = False) -> NDArray[np.float64]:
        """Return the room's ratings, float64 (readers, cases), before or after advice."""
        rows = [
            [reading.second if after_advice else reading.rating for reading in one.record.readings]
            for one in self.readers
        ]
        return np.asarray(rows, dtype=np.float64)

    def seconds(self) -> NDArray[np.float64]:
        """Return the room's times, float64 (readers, cases), seconds a case."""
        rows = [[reading.seconds for reading in one.record.readings] for one in self.readers]
        return np.asarray(rows, dtype=np.float64)


def merge(files: Sequence[tuple[str, bytes]], artifacts: str) -> Room:
    """Merge result files.

    The round that most files hold is the room's (of equals, the first). Left out are files that
    cannot be read, of another round or other artifacts, and a second copy of the same readings.

    Parameters
    ----------
    files : (name, content) of each file, at most `MOST_FILES`; further ones are left out
    artifacts : str, fingerprint of the models and cases that the app serves
    """
    left: list[tuple[str, str]] = []
    read: list[tuple[str, Result]] = []
    for place, (name, content) in enumerate(files):
        try:
            if place >= MOST_FILES:
                left.append((name, f"A room takes {MOST_FILES} files; this is one more."))
                continue
            read.append((name, read_result(content)))
        except MammoError as error:
            left.append((name, str(error)))
    fitting = [(name, one) for name, one in read if one.artifacts == artifacts]
    left += [
        (name, other_artifacts(one, artifacts)) for name, one in read if (name, one) not in fitting
    ]
    if not fitting:
        return Room(None, (), tuple(left))
    codes = Counter(write_code(one.record.plan) for _, one in fitting)
    code = codes.most_common(1)[0][0]
    readers: list[RoomReader] = []
    known: dict[object, str] = {}
    for name, one in fitting:
        other = write_code(one.record.plan)
        same = known.get(one.record.readings)
        if other != code:
            left.append((name, f"It is of the round {other}; the room reads {code}."))
        elif same is not None:
            left.append((name, f"The same ratings and times as {same}, which is taken once."))
        else:
            known[one.record.readings] = name
            readers.append(RoomReader(_unused(one.nickname, readers), one.record))
    plan = readers[0].record.plan
    return Room(plan, tuple(readers), tuple(left))


def other_artifacts(result: Result, artifacts: str) -> str:
    """Say that a file was read with other models or cases than the app serves."""
    return (
        f"It was read with other models or cases (fingerprint {result.artifacts[:12]}, app "
        f"{result.app_version[:12]}) than this app serves ({artifacts}). Open it where it was made."
    )


def _unused(nickname: str, readers: Sequence[RoomReader]) -> str:
    """Return a nickname with a number behind it where somebody has it already."""
    taken = {one.name for one in readers}
    wanted = nickname or f"{UNNAMED} {len(readers) + 1}"
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted} ({number})", number + 1
    return name
