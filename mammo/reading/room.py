"""Merge a class's result files into one room: same round, each reader once, all else named.

A file that cannot be used is left out with the reason; nothing is left out silently.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mammo.errors import MammoError
from mammo.evaluation import RESAMPLES, roc_curve
from mammo.evaluation.arithmetic import Booleans, Floats
from mammo.reading.plan import RoundCases, RoundPlan, write_code
from mammo.reading.record import Record
from mammo.reading.results_file import Result, read_result
from mammo.reading.score import Rival, Sample, Standing, rivals
from mammo.text import Estimate

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


GRID = 101


@dataclass(frozen=True, eq=False)
class RoomScore:
    """Hold a room of r readers on n cases.

    Attributes
    ----------
    readers : tuple of Standing, r of them, in the room's order
    others : tuple of Standing, models and radiologists; `reader_minus` is the readers' mean AUC
        minus theirs
    mean_auc : Estimate, the mean of the readers' AUCs
    mean_rating_auc : Estimate, the AUC of the mean rating of each case
    after_advice : Estimate or None, mean AUC of the second ratings
    advice_gain : Estimate or None, that minus `mean_auc`, paired
    grid, mean_curve : float64 (g,), false positive rates, and mean sensitivity at each
    """

    readers: tuple[Standing, ...]
    others: tuple[Standing, ...]
    mean_auc: Estimate
    mean_rating_auc: Estimate
    after_advice: Estimate | None
    advice_gain: Estimate | None
    grid: NDArray[np.float64]
    mean_curve: NDArray[np.float64]


def score_room(cases: RoundCases, room: Room, cut: int, resamples: int = RESAMPLES) -> RoomScore:
    """Score a room's readers at one cut.

    Parameters
    ----------
    cases : RoundCases, n of them
    room : Room with one reader or more
    cut : int, 0 to 100
    resamples : int, of patients
    """
    ratings = room.ratings()
    sample = Sample(cases.labels, cases.patients, resamples)
    mean = sample.draws(*ratings)
    after = None
    if room.plan is not None and room.plan.advice:
        after = sample.draws(*room.ratings(after_advice=True))
    grid = np.linspace(0.0, 1.0, GRID)
    return RoomScore(
        tuple(sample.standing("reader", one, one >= cut) for one in ratings),
        tuple(_beside(ratings, rival) for rival in rivals(cases, resamples)),
        sample.interval(mean),
        sample.auc(ratings.mean(axis=0)),
        None if after is None else sample.interval(after),
        None if after is None else sample.difference(after, mean),
        grid,
        np.mean([curve_heights(cases.labels, one, grid) for one in ratings], axis=0),
    )


def _beside(ratings: Floats, rival: Rival) -> Standing:
    """Compare the readers' mean AUC with a model's or the radiologists'."""
    sample = rival.sample
    mean = sample.draws(*ratings[:, rival.chosen])
    gap = sample.difference(mean, sample.draws(rival.standing.scores))
    return replace(rival.standing, reader_minus=gap)


def curve_heights(labels: Booleans, scores: Floats, grid: Floats) -> Floats:
    """Return a curve's sensitivity at each false positive rate of a grid, NaN with one class.

    Examples
    --------
    >>> curve_heights(np.array([True, False]), np.array([2.0, 1.0]), np.array([0.0, 0.5])).tolist()
    [1.0, 1.0]
    """
    curve = roc_curve(labels, scores)
    if np.isnan(curve.sensitivity).any() or np.isnan(curve.false_positive_rate).any():
        return np.full(grid.size, np.nan)
    # At a vertical step np.interp takes the upper end, as `mammo.evaluation.curves.roc_band` does.
    return np.interp(grid, curve.false_positive_rate, curve.sensitivity)
