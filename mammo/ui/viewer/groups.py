"""Which cases to look at: all of the test split, what a model got wrong, where the two disagree.

The cells and groups are those of the comparison page, at each model's balanced threshold. Free of
Streamlit; run the tests with `pytest tests/ui/test_viewer_cases.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import Card
from mammo.ui.kit.table import (
    OUTCOMES,
    agreement,
    agreement_titles,
    farthest_apart,
    outcomes,
    worst_first,
)

if TYPE_CHECKING:
    import pandas as pd

EVERY = "test"
TRAINING = "training"
BALANCED = "youden"


@dataclass(frozen=True)
class Group:
    """Hold a group of cases: what it is called, and its case ids, the most telling first."""

    title: str
    cases: tuple[str, ...]


def case_groups(cases: "pd.DataFrame", cards: Sequence[Card]) -> dict[str, Group]:
    """Sort the cases into groups by the name that the link has for them."""
    test = cases[cases["split"] == "test"]
    scored = test[[f"{card.name}_p" for card in cards]].notna().all(axis=1)
    rows = test[scored]
    found = {EVERY: Group("All test cases", tuple(test["case_id"]))}
    for card in cards:
        found |= _cells(rows, card)
    if len(cards) > 1:
        found |= _agreement(rows, cards)
    training = cases[cases["split"] != "test"]
    return found | {TRAINING: Group("Training cases", tuple(training["case_id"]))}


def _cells(rows: "pd.DataFrame", card: Card) -> dict[str, Group]:
    labels, p = _labels(rows), _p(rows, card)
    cells = outcomes(labels, p >= card.thresholds[BALANCED])
    return {
        f"{card.name}.{outcome}": Group(
            f"{card.title}: {OUTCOMES[outcome][0].lower()} ({OUTCOMES[outcome][1]})",
            _ids(rows, worst_first(cell, labels, p)),
        )
        for outcome, cell in cells.items()
    }


def _agreement(rows: "pd.DataFrame", cards: Sequence[Card]) -> dict[str, Group]:
    first, second = cards[:2]
    p = [_p(rows, card) for card in (first, second)]
    flags = [one >= card.thresholds[BALANCED] for one, card in zip(p, cards, strict=False)]
    titles = agreement_titles(first.title, second.title)
    return {
        name: Group(titles[name], _ids(rows, farthest_apart(inside, *p)))
        for name, inside in agreement(_labels(rows), *flags).items()
    }


def _labels(rows: "pd.DataFrame") -> NDArray[np.bool_]:
    return np.asarray(rows["label"] == 1, np.bool_)


def _p(rows: "pd.DataFrame", card: Card) -> NDArray[np.float64]:
    return rows[f"{card.name}_p"].to_numpy(dtype=np.float64)


def _ids(rows: "pd.DataFrame", places: NDArray[np.intp]) -> tuple[str, ...]:
    return tuple(rows["case_id"].iloc[places])
