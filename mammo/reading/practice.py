"""Practice: training cases, the next one chosen by the reader's own errors; the learning curve.

Half of the cases are drawn from the whole pool, half from the kind (a shape, margin or density) in
which the reader has erred most. Each case comes with its weight against a draw from the whole pool
(importance sampling), so that the learning curve measures the reader on the training set and not
on what they find hard. The code and the ratings decide every choice: nothing else is stored.

Run the tests with `pytest tests/reading/test_practice.py`.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from mammo.data.descriptors import meaning
from mammo.errors import DataError
from mammo.evaluation.arithmetic import Booleans, Floats
from mammo.reading.plan import RoundPlan, mixed, passing, shortage
from mammo.reading.score import Sample
from mammo.text import Estimate, counted, parts, percentage, plain

if TYPE_CHECKING:
    import pandas as pd

Kind = tuple[str, str]
"""A column of the case table and one of its descriptors."""

MALIGNANT_FROM = 50
"""The rating from which a case counts as called malignant."""
_COLUMNS = {"mass_shape": "shape", "mass_margins": "margin", "breast_density": "density"}
_TARGETED = 0.5
WINDOW, FIRST = 30, 10
"""A point of the curve has the last so many cases; the first point comes after so many."""
_RESAMPLES = 500
_COMMON = 20


@dataclass(frozen=True)
class Choice:
    """One case of a practice round.

    Attributes
    ----------
    case : str, its id
    weight : float, the probability of a draw from the whole pool over that of this choice
    reason : str, why it was chosen, "" where it was drawn from the whole pool
    """

    case: str
    weight: float = 1.0
    reason: str = ""


class Practice:
    """A practice round as far as it was read: its cases so far, and the next one.

    Parameters
    ----------
    plan : RoundPlan of source "practice"
    cases : DataFrame of `mammo.artifacts.load_cases`
    ratings : int (k,), 0 to 100, in the order of reading

    Attributes
    ----------
    choices : tuple of min(k + 1, n) Choice; a lesion comes once, in one of its views

    Raises
    ------
    DataError
        Fewer lesions pass the filters than the round asks for.
    """

    def __init__(self, plan: RoundPlan, cases: "pd.DataFrame", ratings: Sequence[int] = ()) -> None:
        pool = passing(plan, cases, ())
        if pool["lesion_id"].nunique() < plan.n:
            raise DataError(shortage(plan, pool))
        self._plan = plan
        self._share = 0.5 if plan.balanced else float(pool["label"].mean())
        self._unread = [
            _Row(row["case_id"], row["lesion_id"], row["label"] == 1, frozenset(_kinds(row)))
            for row in pool.sort_values("case_id").to_dict("records")
        ]
        self._tally: dict[Kind, tuple[int, int]] = {}
        self._last: _Row
        self.choices: tuple[Choice, ...] = ()
        self._choose()
        for rating in ratings:
            self.rate(rating)

    def rate(self, rating: int) -> None:
        """Take the rating of the last choice, and choose the next case."""
        wrong = (rating >= MALIGNANT_FROM) != self._last.malignant
        for kind in self._last.kinds:
            errors, read = self._tally.get(kind, (0, 0))
            self._tally[kind] = errors + wrong, read + 1
        if len(self.choices) < self._plan.n:
            self._choose()

    def _choose(self) -> None:
        malignant = self._chance("label") < self._share
        rows = [row for row in self._unread if row.malignant == malignant] or self._unread
        kind = _weakest(self._tally)
        group = [row for row in rows if kind in row.kinds]
        targeted = bool(group) and self._chance("targeted") < _TARGETED
        among = group if targeted else rows
        row = among[int(self._chance("case") * len(among))]
        weight, reason = 1.0, ""
        if group and kind is not None:
            gain = len(rows) / len(group) if kind in row.kinds else 0.0
            weight = 1.0 / (1.0 - _TARGETED + _TARGETED * gain)
            wrong, read = self._tally[kind]
            reason = (
                f"This case was chosen because you were wrong in {wrong} of "
                f"{counted(read, 'case')} with {_COLUMNS[kind[0]]} {_word(*kind)}."
            )
        self.choices = (*self.choices, Choice(row.case, weight, reason if targeted else ""))
        self._unread = [other for other in self._unread if other.lesion != row.lesion]
        self._last = row

    def _chance(self, purpose: str) -> float:
        """Return a number from 0 to below 1 that the round's seed decides."""
        step = str(len(self.choices))
        return int.from_bytes(mixed(self._plan.seed, purpose, step)[:6]) / 2**48


@dataclass(frozen=True)
class _Row:
    case: str
    lesion: str
    malignant: bool
    kinds: frozenset[Kind]


def _weakest(tally: Mapping[Kind, tuple[int, int]]) -> Kind | None:
    """Return the kind with the highest error rate, shrunk to that of all by one case.

    >>> _weakest({("mass_shape", "OVAL"): (1, 1), ("mass_margins", "OBSCURED"): (4, 4)})
    ('mass_margins', 'OBSCURED')
    >>> _weakest({("mass_shape", "OVAL"): (0, 3)})
    """
    erred = {kind: counts for kind, counts in tally.items() if counts[0]}
    if not erred:
        return None
    wrong, read = np.sum(list(tally.values()), axis=0)
    rates = {kind: (w + wrong / read) / (n + 1) for kind, (w, n) in erred.items()}
    return max(rates, key=lambda kind: (rates[kind], erred[kind], kind))


def _kinds(row: Mapping[Hashable, Any]) -> list[Kind]:
    known = [(column, part) for column in _COLUMNS for part in parts(row[column])]
    return [kind for kind in known if kind != ("breast_density", "0")]


def _word(column: str, part: str) -> str:
    return meaning(column, part).partition(":")[0] if column == "breast_density" else plain(part)


def learning_curve(
    labels: Booleans, patients: ArrayLike, ratings: ArrayLike, weights: ArrayLike
) -> tuple[tuple[int, Estimate], ...]:
    """Estimate a reader's AUC after each case of a practice round, from the last `WINDOW` cases.

    Parameters
    ----------
    labels : bool (n,), True for malignant
    patients : str (n,)
    ratings : int (n,), 0 to 100
    weights : float64 (n,), of `Choice`

    Returns
    -------
    tuple of (number of cases read, AUC with its interval), from `FIRST` cases on, where both
    classes have come
    """
    whose, scores = np.asarray(patients), np.asarray(ratings, dtype=np.float64)
    weighed: Floats = np.asarray(weights, dtype=np.float64)
    curve = []
    for end in range(FIRST, labels.size + 1):
        last = slice(max(0, end - WINDOW), end)
        if 0 < labels[last].sum() < labels[last].size:
            sample = Sample(labels[last], whose[last], _RESAMPLES, weighed[last])
            curve.append((end, sample.interval(sample.draws(scores[last]))))
    return tuple(curve)


def why(row: Mapping[Hashable, Any], cases: "pd.DataFrame") -> str:
    """Explain a diagnosis from the recorded shape and margin, in one sentence.

    Of the descriptors that fit the diagnosis, else of all, the one with the most telling share of
    malignant training images is named; one of fewer than 20 images is passed over.

    Parameters
    ----------
    row : of `mammo.artifacts.load_cases`
    cases : DataFrame of `mammo.artifacts.load_cases`
    """
    training = cases[cases["split"] == "train"]
    malignant, base = row["label"] == 1, float(training["label"].mean())
    found: list[tuple[float, int, Kind]] = []
    for column, part in _kinds(row):
        if column != "breast_density":
            same = training.loc[[part in parts(value) for value in training[column]], "label"]
            if len(same) >= _COMMON:
                found.append((float(same.mean()), len(same), (column, part)))
    if not found:
        return "Neither shape nor margin is recorded in a form that explains this diagnosis."
    fitting = [one for one in found if (one[0] > base) == malignant]
    share, count, (column, part) = max(fitting or found, key=lambda one: abs(one[0] - base))
    title = _COLUMNS[column]
    of = f"{percentage(share, 0)} of {count:,} training images with this {title} are malignant"
    if fitting:
        return f"The recorded {title}, {plain(part)}, fits the diagnosis: {of}."
    return f"This case is atypical: its {title} is {plain(part)}, and {of}."
