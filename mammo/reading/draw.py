"""Draw a round's cases: the same code gives the same cases in the same order, on any machine.

Cases are put in order by a hash of seed and case id, not by a random generator, whose streams may
change from version to version. One lesion a patient comes first; a patient's further lesions, then
second views, follow only where the patients do not suffice, since two views are not two witnesses.
A balanced round draws its malignant cases first, and takes benign lesions of patients who have
malignant ones as further lesions, whether those were drawn or not.
"""

import hashlib
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from mammo.errors import DataError
from mammo.reading.code import write_code
from mammo.reading.plan import FILTERS, RoundPlan

if TYPE_CHECKING:
    import pandas as pd


def draw_round(
    plan: RoundPlan, cases: "pd.DataFrame", examples: Collection[str]
) -> tuple[str, ...]:
    """Draw the cases of a round.

    Parameters
    ----------
    plan : RoundPlan
    cases : DataFrame of `mammo.artifacts.load_cases`; training rows are never drawn
    examples : case ids of the example lesions, the pool of a plan of that source

    Returns
    -------
    tuple of n case ids, in the order in which they are read

    Raises
    ------
    DataError
        Fewer cases pass the filters than the round asks for.
    """
    pool = passing(plan, cases, examples)
    rows = list(
        zip(pool["case_id"], pool["patient_id"], pool["lesion_id"], pool["label"], strict=True)
    )
    rows.sort(key=lambda row: _mixed(plan.seed, "case", row[0]))
    wanted = (
        {1: _malignant(plan), 0: plan.n - _malignant(plan)} if plan.balanced else {None: plan.n}
    )
    seen_lesions: Counter[str] = Counter()
    seen_patients: Counter[str] = Counter()
    drawn: list[str] = []
    for label, count in wanted.items():
        group = [row[:3] for row in rows if label is None or row[3] == label]
        if len(group) < count:
            raise DataError(_shortage(plan, pool))
        drawn += _spread(group, count, seen_lesions, seen_patients)
    return tuple(sorted(drawn, key=lambda case: _mixed(plan.seed, "order", case)))


def passing(plan: RoundPlan, cases: "pd.DataFrame", examples: Collection[str]) -> "pd.DataFrame":
    """Return the test rows that a plan may draw from: of its source, past its filters."""
    keep = np.array(cases["split"] == "test", dtype=np.bool_)
    if plan.source == "examples":
        keep &= np.array(cases["case_id"].isin(list(examples)))
    for one in FILTERS:
        if one.letter in plan.filters:
            wanted = frozenset(plan.filters[one.letter])
            keep &= np.array([bool(one.of(value) & wanted) for value in cases[one.column]], bool)
    return cases[keep]


def _mixed(seed: int, purpose: str, case: str) -> bytes:
    return hashlib.sha256(f"{seed}/{purpose}/{case}".encode()).digest()


def _malignant(plan: RoundPlan) -> int:
    """Return how many of a balanced round are malignant; the seed settles an odd number."""
    return plan.n // 2 + plan.n % 2 * (_mixed(plan.seed, "odd", "")[0] % 2)


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


def _shortage(plan: RoundPlan, pool: "pd.DataFrame") -> str:
    malignant = int((pool["label"] == 1).sum())
    share = "half of them malignant" if plan.balanced else "as they fall"
    where = "the official test set" if plan.source == "test" else "the example lesions"
    filtered = " pass its filters" if plan.filters else " are at hand"
    return (
        f"The round {write_code(plan)} asks for {plan.n} cases of {where}, {share}, but only "
        f"{malignant} malignant and {len(pool) - malignant} benign ones{filtered}. Ask for fewer "
        "cases, take filters away, or do not balance."
    )
