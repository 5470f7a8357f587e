"""Merge a class's result files into one room: same round, each reader once, all else named.

A file that cannot be used is left out with the reason; nothing is left out silently.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo.errors import DataError, MammoError
from mammo.evaluation import RESAMPLES, RandomReaders, roc_curve
from mammo.evaluation.curves import height
from mammo.reading.plan import RoundCases, RoundPlan, write_code
from mammo.reading.record import Record
from mammo.reading.results_file import Result, read_result
from mammo.reading.score import Sample, Standing, rivals
from mammo.text import Estimate

MOST_FILES = 300
UNNAMED = "reader"


@dataclass(frozen=True)
class RoomReader:
    """One reader of the room: a name that no other has, and the record."""

    name: str
    record: Record


@dataclass(frozen=True)
class Room:
    """The readers of one round, and the files that were left out, each with its reason."""

    plan: RoundPlan | None
    readers: tuple[RoomReader, ...]
    left_out: tuple[tuple[str, str], ...]

    def ratings(self, after_advice: bool = False) -> NDArray[np.float64]:
        """Return the room's ratings, float64 (readers, cases), before or after advice.

        NaN where a case is not rated yet, as in a live room.
        """
        table = np.full((len(self.readers), self.plan.n if self.plan else 0), np.nan)
        for row, one in zip(table, self.readers, strict=True):
            for place, reading in enumerate(one.record.readings):
                rating = reading.second if after_advice else reading.rating
                row[place] = np.nan if rating is None else rating
        return table

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
    fitting: list[tuple[str, Result]] = []
    for place, (name, content) in enumerate(files):
        try:
            if place >= MOST_FILES:
                raise DataError(f"A room takes {MOST_FILES} files; this is one more.")
            one = read_result(content)
            if one.artifacts != artifacts:
                raise DataError(
                    "It was read with other models or cases (fingerprint "
                    f"{one.artifacts[:12]}, app {one.app_version[:12]}) than this app serves "
                    f"({artifacts}). Open it where it was made."
                )
            fitting.append((name, one))
        except MammoError as error:
            left.append((name, str(error)))
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
        elif readers and one.record.plan.source == "practice":
            left.append((name, "A practice round adapts to its reader. Open one file at a time."))
        elif same is not None:
            left.append((name, f"The same ratings and times as {same}, which is taken once."))
        else:
            known[one.record.readings] = name
            taken = [reader.name for reader in readers]
            readers.append(RoomReader(unused(one.nickname, taken), one.record))
    return Room(readers[0].record.plan, tuple(readers), tuple(left))


def unused(nickname: str, taken: Sequence[str]) -> str:
    """Return a nickname with a number behind it where somebody has it already.

    >>> unused("Ada", ["Ada", "Bo"]), unused("", ["Ada"])
    ('Ada (2)', 'reader 2')
    """
    wanted = nickname or f"{UNNAMED} {len(taken) + 1}"
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted} ({number})", number + 1
    return name


@dataclass(frozen=True, eq=False)
class RoomScore:
    """The figures of a room of r readers on n cases.

    Attributes
    ----------
    readers : tuple of Standing, r of them, in the room's order
    others : tuple of Standing, models and radiologists; `reader_minus` is the readers' mean AUC
        minus theirs
    mean_auc : Estimate, the mean of the readers' AUCs
    mean_rating_auc : Estimate, the AUC of the mean rating of each case
    after_advice : Estimate or None, mean AUC of the second ratings
    advice_gain : RandomReaders or None, that minus `mean_auc`, paired
    mean_curve : float64 (g,), mean sensitivity at each false positive rate of `curves.GRID`
    """

    readers: tuple[Standing, ...]
    others: tuple[Standing, ...]
    mean_auc: Estimate
    mean_rating_auc: Estimate
    after_advice: Estimate | None
    advice_gain: RandomReaders | None
    mean_curve: NDArray[np.float64]


def score_room(cases: RoundCases, room: Room, cut: int, resamples: int = RESAMPLES) -> RoomScore:
    """Score a room of one reader or more on its round's cases, at one cut from 0 to 100."""
    ratings = room.ratings()
    sample = Sample(cases.labels, cases.patients, resamples)
    mean = sample.draws(*ratings)
    after = gain = None
    if room.plan is not None and room.plan.advice:
        second = room.ratings(after_advice=True)
        after, gain = sample.interval(sample.draws(*second)), sample.minus(second, ratings)
    curves = [roc_curve(cases.labels, one) for one in ratings]
    return RoomScore(
        tuple(sample.standing("reader", one, one >= cut) for one in ratings),
        tuple(rivals(cases, ratings, cut, resamples)),
        sample.interval(mean),
        sample.interval(sample.draws(ratings.mean(axis=0))),
        after,
        gain,
        np.mean([height(one.false_positive_rate, one.sensitivity) for one in curves], axis=0),
    )
