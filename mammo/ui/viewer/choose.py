"""Which case the viewer shows: an example, a case by id or by group, or the visitor's own crop.

The groups are those of the comparison page, at each model's balanced threshold. Tests:
`pytest tests/ui/test_viewer_cases.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mammo.artifacts import Card
from mammo.errors import DataError
from mammo.ui.kit import cache
from mammo.ui.kit.address import keep_in_link, set_from_link, went_back
from mammo.ui.kit.source import example_name
from mammo.ui.kit.table import (
    OUTCOMES,
    agreement,
    agreement_titles,
    farthest_apart,
    outcomes,
    worst_first,
)
from mammo.ui.kit.widgets import choose_option
from mammo.ui.viewer.viewing import Viewed, view_case, view_own

if TYPE_CHECKING:
    import pandas as pd

SOURCES = {"example": "An example lesion", "case": "A case by id or group", "own": "My own crop"}
EVERY = "test"
TRAINING = "training"
GROUP_HELP = (
    "At each model's balanced threshold. What a model got wrong comes farthest from the truth "
    "first, groups of agreement the farthest apart first."
)
_CASE, _GROUP, _EXAMPLE = "viewer_case", "viewer_group", "viewer_example"


@dataclass(frozen=True)
class Group:
    """Hold a group of cases: what it is called, and its case ids, the most telling first."""

    title: str
    cases: tuple[str, ...]


def choose_case() -> Viewed:
    """Ask which crop to look at, and open it; DataError where there is no such case or crop."""
    asked = st.query_params.get("case")
    kind = choose_option(
        "Look at", "from", SOURCES, "example" if asked is None else _kind_of(asked)
    )
    if kind == "own":
        keep_in_link("case", None)
        return view_own()
    case = _choose_example() if kind == "example" else _choose_case()
    keep_in_link("case", case)
    keep_in_link("from", None if kind == _kind_of(case) else kind)
    return view_case(case)


def _kind_of(case: str) -> str:
    return "example" if case in cache.examples_at_hand() else "case"


def _choose_example() -> str:
    names = {lesion.case_id: example_name(lesion) for lesion in cache.example_lesions()}
    ids = list(names)
    set_from_link(_EXAMPLE, "case", ids, ids[0])
    return str(
        st.selectbox("Example lesion", ids, format_func=names.__getitem__, key=_EXAMPLE, width=320)
    )


def _choose_case() -> str:
    """Ask for a group and for one of its cases; any other id may be typed."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        group = _choose_group(case_groups(cache.cases(), cache.cards()))
        ids = list(group.cases)
        if went_back() or st.session_state.get(_CASE) is None:
            asked = st.query_params.get("case")
            st.session_state[_CASE] = asked or (ids[0] if ids else None)
        if st.session_state[_CASE] is not None and st.session_state[_CASE] not in ids:
            ids = [st.session_state[_CASE], *ids]
        case = st.selectbox(
            f"Case, of {len(group.cases)}",
            ids,
            accept_new_options=True,
            placeholder="Choose, or type an id",
            help="Type to search. Any case id may be typed whole, of training too.",
            key=_CASE,
            width=380,
        )
    if not case:
        raise DataError("No case is chosen: this group is empty. Choose another group of cases.")
    return str(case).strip()


def _choose_group(groups: dict[str, Group]) -> Group:
    set_from_link(_GROUP, "group", groups, EVERY)
    chosen = str(
        st.selectbox(
            "Cases",
            list(groups),
            format_func=lambda name: f"{groups[name].title}: {len(groups[name].cases)}",
            help=GROUP_HELP,
            key=_GROUP,
            on_change=_first_of_group,
            width=460,
        )
    )
    keep_in_link("group", None if chosen == EVERY else chosen)
    return groups[chosen]


def _first_of_group() -> None:
    """Open the first case of a newly chosen group."""
    st.session_state[_CASE] = None
    keep_in_link("case", None)


def case_groups(cases: "pd.DataFrame", cards: Sequence[Card]) -> dict[str, Group]:
    """Sort the cases into groups by the name that the link has for them."""
    of_test = cases["split"] == "test"
    test, training = cases[of_test], cases[~of_test]
    rows = test[test[[f"{card.name}_p" for card in cards]].notna().all(axis=1)]
    ids, labels = rows["case_id"].to_numpy(), (rows["label"] == 1).to_numpy(bool)
    p = [rows[f"{card.name}_p"].to_numpy(np.float64) for card in cards]
    above = [one >= card.thresholds["youden"] for one, card in zip(p, cards, strict=True)]
    groups = {EVERY: Group("All test cases", tuple(test["case_id"]))}
    for card, scores, flags in zip(cards, p, above, strict=True):
        for outcome, cell in outcomes(labels, flags).items():
            title = f"{card.title}: {OUTCOMES[outcome][0].lower()} ({OUTCOMES[outcome][1]})"
            found = tuple(ids[worst_first(cell, labels, scores)])
            groups[f"{card.name}.{outcome}"] = Group(title, found)
    if len(cards) > 1:
        titles = agreement_titles(cards[0].title, cards[1].title)
        for name, inside in agreement(labels, *above[:2]).items():
            groups[name] = Group(titles[name], tuple(ids[farthest_apart(inside, *p[:2])]))
    return groups | {TRAINING: Group("Training cases", tuple(training["case_id"]))}
