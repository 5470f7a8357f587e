"""What a round is: how many cases, from where, by which seed and filters, with advice or without.

A plan says everything that decides which cases are drawn and in which order, and nothing else;
`code` writes it as a few letters. Filters name descriptors only: one by pathology would tell the
truth.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from mammo.data import descriptors
from mammo.data.descriptors import (
    ASSESSMENTS,
    DENSITIES,
    MARGINS,
    NOT_RECORDED,
    SHAPES,
    SUBTLETIES,
    Filter,
)
from mammo.errors import DataError, SettingsError
from mammo.evaluation import EvaluatedModel, suspicion

if TYPE_CHECKING:
    import pandas as pd


Source = Literal["test", "examples", "practice"]
SHORTEST, LONGEST, LONGEST_PRACTICE = 5, 50, 99
MOST_WRONG = 50
_LETTERS: Mapping[str, Source] = {"T": "test", "E": "examples", "P": "practice"}
LARGEST_SEED = 999_999


SOURCE_WORDS: Mapping[Source, str] = {
    "test": "the official test set",
    "examples": "the example lesions",
    "practice": "the official training set",
}


@dataclass(frozen=True)
class RoundFilter(Filter):
    """A filter of the data set's cases, with its letter in a code and its options in order."""

    letter: str
    options: tuple[str, ...]


def _options(values: Mapping[str, str], without: str = "") -> tuple[str, ...]:
    return (*(value for value in values if value != without), NOT_RECORDED)


FILTERS = (
    RoundFilter("shape", "Shape", "mass_shape", "S", _options(SHAPES)),
    RoundFilter("margin", "Margin", "mass_margins", "M", _options(MARGINS)),
    RoundFilter("density", "Density", "breast_density", "D", _options(DENSITIES, without="0")),
    RoundFilter("birads", "Recorded BI-RADS", "assessment", "R", _options(ASSESSMENTS)),
    RoundFilter("subtlety", "Subtlety", "subtlety", "U", _options(SUBTLETIES, without="0")),
    RoundFilter("view", "View", "view", "V", ("CC", "MLO", NOT_RECORDED)),
)


@dataclass(frozen=True)
class RoundPlan:
    """What decides a round.

    Parameters
    ----------
    n : int, 5 to 50 cases, of practice to 99
    seed : int, 0 to 999,999
    source : "test" (the official test split), "examples" (the ten example lesions), or "practice"
        (the training split, each case chosen by the reader's errors, see `reading.practice`)
    balanced : bool, half malignant; else as the cases fall
    advice : bool, whether the models' advice follows the first rating, and a second one it
    filters : letter of `FILTERS` -> the options that pass; a filter left out lets all pass
    wrong : int, per cent, 0 to 50 in tens: this share of the advice is wrong on purpose and the
        rest right, see `reading.advice`; 0 for what the models found
    maps : bool, whether heat maps come with the advice
    feedback : bool, whether the diagnosis follows each case; practice always has it
    """

    n: int
    seed: int
    source: Source = "test"
    balanced: bool = False
    advice: bool = False
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    wrong: int = 0
    maps: bool = False
    feedback: bool = False

    def __post_init__(self) -> None:
        longest = LONGEST_PRACTICE if self.source == "practice" else LONGEST
        if not SHORTEST <= self.n <= longest:
            raise SettingsError(
                f"A round has {SHORTEST} to {longest} cases. Received: {self.n}. "
                "Choose a number in this range."
            )
        if not 0 <= self.seed <= LARGEST_SEED:
            raise SettingsError(
                f"A round's seed lies between 0 and {LARGEST_SEED:,}. Received: {self.seed}."
            )
        if self.balanced and self.source == "examples":
            raise SettingsError(
                "The example lesions cannot be balanced: two of the ten are malignant, and a "
                f"round has at least {SHORTEST} cases. Choose the natural case mix."
            )
        if self.source == "practice" and (self.advice or not self.feedback):
            raise SettingsError("A practice round has feedback after each case, and no advice.")
        if self.wrong not in range(0, MOST_WRONG + 1, 10):
            raise SettingsError(
                f"The share of wrong advice is 0% to {MOST_WRONG}% in steps of 10. Received: "
                f"{self.wrong}%."
            )
        if (self.wrong or self.maps) and not self.advice:
            raise SettingsError("A round without advice has no wrong advice and no heat maps.")
        object.__setattr__(self, "filters", _in_order(self.filters))

    @property
    def wrong_cases(self) -> int:
        """Return in how many cases the advice is wrong on purpose."""
        return max(1, round(self.n * self.wrong / 100)) if self.wrong else 0


def _in_order(filters: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Order a plan's filters as `FILTERS` has them; drop what is empty, refuse what is unknown."""
    known = {one.letter: one.options for one in FILTERS}
    for letter, chosen in filters.items():
        strange = [value for value in chosen if value not in known.get(letter, ())]
        if letter not in known or strange:
            raise SettingsError(
                f"Filters are {', '.join(known)} with their own options. Received: {letter!r} with "
                f"{', '.join(map(str, chosen))}."
            )
    return {
        letter: tuple(value for value in options if value in filters[letter])
        for letter, options in known.items()
        if filters.get(letter)
    }


_HEAD = re.compile(
    r"([TEP])(\d{1,2})([BN])(A?)([1-5]?)(H?)(F?)-(\d{1,6})((?:-[A-Z][0-9A-F]{1,4})*)"
)
_CHECK_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_LONGEST_SHOWN = 40


def write_code(plan: RoundPlan) -> str:
    """Write a plan as its code.

    Examples
    --------
    >>> write_code(RoundPlan(20, 4711, balanced=True))
    'T20B-4711-T3'
    >>> write_code(RoundPlan(10, 7, "examples", advice=True, filters={"V": ["CC"]}))
    'E10NA-7-V1-RF'
    >>> write_code(RoundPlan(20, 7, advice=True, wrong=30, maps=True, feedback=True))
    'T20NA3HF-7-4A'
    """
    source = next(letter for letter, source in _LETTERS.items() if source == plan.source)
    head = f"{source}{plan.n}{'B' if plan.balanced else 'N'}{'A' * plan.advice}"
    head += f"{plan.wrong // 10 or ''}{'H' * plan.maps}{'F' * plan.feedback}"
    masks = [
        f"{one.letter}{sum(1 << one.options.index(v) for v in plan.filters[one.letter]):X}"
        for one in FILTERS
        if one.letter in plan.filters
    ]
    body = "-".join([head, str(plan.seed), *masks])
    return f"{body}-{_check(body)}"


def _check(body: str) -> str:
    number = int.from_bytes(hashlib.sha256(body.encode()).digest()[:4], "big")
    first, second = divmod(number % len(_CHECK_ALPHABET) ** 2, len(_CHECK_ALPHABET))
    return _CHECK_ALPHABET[first] + _CHECK_ALPHABET[second]


def read_code(text: str) -> RoundPlan:
    """Read a code, however its letters and spaces were typed.

    Raises
    ------
    SettingsError
        It is none, or was mistyped.
    """
    code = re.sub(r"\s", "", text).upper()
    body, _, check = code.rpartition("-")
    found = _HEAD.fullmatch(body)
    if found is None or check != _check(body):
        raise SettingsError(
            f"Expected a round's code such as {write_code(RoundPlan(20, 4711, balanced=True))}. "
            f"Received: {text[:_LONGEST_SHOWN]!r}, which is not a code or is mistyped. Copy the "
            "code or the link again."
        )
    source, n, balance, advice, tenths, maps, feedback, seed, masks = found.groups()
    filters = dict(_filter(mask) for mask in masks.split("-") if mask)
    return RoundPlan(
        int(n),
        int(seed),
        _LETTERS[source],
        balance == "B",
        advice == "A",
        filters,
        10 * int(tenths or 0),
        maps == "H",
        feedback == "F",
    )


def _filter(mask: str) -> tuple[str, list[str]]:
    options = {one.letter: one.options for one in FILTERS}.get(mask[0], ())
    bits = int(mask[1:], 16)
    if bits >= 1 << len(options):
        raise SettingsError(
            f"The code contains a filter that this version does not know: {mask!r}. Open the round "
            "in the version that made it."
        )
    return mask[0], [option for place, option in enumerate(options) if bits >> place & 1]


def draw_round(
    plan: RoundPlan, cases: "pd.DataFrame", examples: Collection[str]
) -> tuple[str, ...]:
    """Draw the ids of a round's cases, in the order in which they are read.

    Parameters
    ----------
    plan : RoundPlan
    cases : DataFrame of `mammo.artifacts.load_cases`; training rows are not drawn here, see
        `reading.practice`
    examples : case ids of the example lesions, the pool of a plan of that source

    Raises
    ------
    DataError
        Fewer cases pass the filters than the round asks for.
    """
    pool = passing(plan, cases, examples)
    columns = (pool[name] for name in ("case_id", "patient_id", "lesion_id", "label"))
    rows = sorted(zip(*columns, strict=True), key=lambda row: mixed(plan.seed, "case", row[0]))
    # Of a balanced round with an odd number the seed settles how many are malignant.
    malignant = plan.n // 2 + plan.n % 2 * (mixed(plan.seed, "odd", "")[0] % 2)
    wanted = {1: malignant, 0: plan.n - malignant} if plan.balanced else {None: plan.n}
    lesions: Counter[str] = Counter()
    patients: Counter[str] = Counter()
    drawn: list[str] = []
    for label, count in wanted.items():
        group = [row[:3] for row in rows if label is None or row[3] == label]
        if len(group) < count:
            raise DataError(shortage(plan, pool))
        drawn += _spread(group, count, lesions, patients)
    return tuple(sorted(drawn, key=lambda case: mixed(plan.seed, "order", case)))


def passing(plan: RoundPlan, cases: "pd.DataFrame", examples: Collection[str]) -> "pd.DataFrame":
    """Return the rows that a plan may draw from: of its source, past its filters."""
    keep = cases["split"] == ("train" if plan.source == "practice" else "test")
    if plan.source == "examples":
        keep &= cases["case_id"].isin(list(examples))
    chosen = {one.name: plan.filters.get(one.letter, ()) for one in FILTERS}
    return descriptors.passing(cases[keep], chosen)


def mixed(seed: int, purpose: str, case: str) -> bytes:
    """Return 32 bytes that a round's seed decides for a purpose and a case."""
    return hashlib.sha256(f"{seed}/{purpose}/{case}".encode()).digest()


def _spread(
    rows: list[tuple[str, str, str]], count: int, lesions: Counter[str], patients: Counter[str]
) -> list[str]:
    """Take `count` rows (case, patient, lesion), those of new lesions and patients first."""
    places = []
    for place, (case, patient, lesion) in enumerate(rows):
        if lesions[lesion] == 0:
            patients[patient] += 1
        places.append((lesions[lesion], patients[patient], place, case))
        lesions[lesion] += 1
    return [case for *_, case in sorted(places)[:count]]


def shortage(plan: RoundPlan, pool: "pd.DataFrame") -> str:
    """Explain that too few cases pass a plan's filters."""
    malignant = int((pool["label"] == 1).sum())
    share = "half of them malignant" if plan.balanced else "in the natural case mix"
    where = SOURCE_WORDS[plan.source]
    filtered = " pass its filters" if plan.filters else " are available"
    return (
        f"The round {write_code(plan)} asks for {plan.n} cases of {where}, {share}, but only "
        f"{malignant} malignant and {len(pool) - malignant} benign ones{filtered}. Ask for fewer "
        "cases, remove filters, or choose the natural case mix."
    )


@dataclass(frozen=True, eq=False)
class RoundCases:
    """The n cases of a round, in the order in which they are read.

    Attributes
    ----------
    ids : tuple of case ids
    labels : bool (n,), True for malignant
    patients : str (n,)
    models : tuple of EvaluatedModel, those that scored every case
    p : model name -> float64 (n,), 0..1
    ranks : float64 (n,), the radiologists' suspicion, NaN where no assessment is recorded
    rows : DataFrame (n rows) of `mammo.artifacts.load_cases`
    """

    ids: tuple[str, ...]
    labels: NDArray[np.bool_]
    patients: NDArray[np.str_]
    models: tuple[EvaluatedModel, ...]
    p: dict[str, NDArray[np.float64]]
    ranks: NDArray[np.float64]
    rows: "pd.DataFrame"

    def threshold(self, model: EvaluatedModel) -> float:
        """Return the balanced threshold of a model, 0..1: its card's first."""
        return model.thresholds.get("youden", next(iter(model.thresholds.values()), 0.5))


def round_cases(
    ids: Sequence[str], cases: "pd.DataFrame", models: Sequence[EvaluatedModel]
) -> RoundCases:
    """Look up the cases of `draw_round`; a model that did not score every one is left out."""
    rows = cases.set_index("case_id", drop=False).loc[list(ids)].reset_index(drop=True)
    p = {model.name: rows[f"{model.name}_p"].to_numpy(dtype=np.float64) for model in models}
    scored = tuple(model for model in models if not np.isnan(p[model.name]).any())
    return RoundCases(
        ids=tuple(ids),
        labels=rows["label"].to_numpy(dtype=np.int64) == 1,
        patients=rows["patient_id"].to_numpy(dtype=np.str_),
        models=scored,
        p={model.name: p[model.name] for model in scored},
        ranks=suspicion(rows["assessment"]),
        rows=rows,
    )
