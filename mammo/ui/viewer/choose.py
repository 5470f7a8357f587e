"""Which case the viewer shows: an example, a case by id or by group, or the visitor's own crop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo.artifacts import Card
from mammo.errors import DataError
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.address import keep_in_link, went_back
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
_CASE = "viewer_case"
_GROUP = "viewer_group"
GROUP_HELP = (
    "At each model's balanced threshold. What a model got wrong comes farthest from the truth "
    "first, groups of agreement the farthest apart first."
)


@dataclass(frozen=True)
class Group:
    """Hold a group of cases: what it is called, and its case ids, the most telling first."""

    title: str
    cases: tuple[str, ...]


def choose_case() -> Viewed:
    """Ask which crop to look at, and open it.

    Raises
    ------
    DataError
        The link or the visitor names a case that there is not, or an own crop that is not here.
    MammoError
        A picture or the artifacts cannot be read.
    """
    kind = choose_option("Look at", "from", SOURCES, _asked_kind())
    if kind == "own":
        keep_in_link("case", None)
        return view_own()
    case = _choose_example() if kind == "example" else _choose_case()
    keep_in_link("case", case)
    keep_in_link("from", None if kind == _kind_of(case) else kind)
    return view_case(case)


def _asked_kind() -> str:
    """Take the way in that the link's case stands for; the visitor's own crop where no case."""
    asked = st.query_params.get("case")
    if asked is not None:
        return _kind_of(asked)
    return "example"


def _kind_of(case: str) -> str:
    return "example" if case in cache.examples_at_hand() else "case"


def _choose_example() -> str:
    lesions = cache.example_lesions()
    ids = [lesion.case_id for lesion in lesions]
    names = {lesion.case_id: example_name(lesion) for lesion in lesions}
    key = "viewer_example"
    if went_back() or st.session_state.get(key) not in ids:
        asked = st.query_params.get("case")
        st.session_state[key] = asked if asked in ids else ids[0]
    return str(
        st.selectbox("Example lesion", ids, format_func=names.__getitem__, key=key, width=320)
    )


def _choose_case() -> str:
    """Ask for a group and for one of its cases; any other id may be typed."""
    groups = case_groups(case_folder.cases(), cache.cards())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        group = _choose_group(groups)
        ids = list(group.cases)
        key = _CASE
        if went_back() or st.session_state.get(key) is None:
            asked = st.query_params.get("case")
            st.session_state[key] = asked or (ids[0] if ids else None)
        if st.session_state[key] is not None and st.session_state[key] not in ids:
            ids = [st.session_state[key], *ids]
        case = st.selectbox(
            f"Case, of {len(group.cases)}",
            ids,
            accept_new_options=True,
            placeholder="Choose, or type an id",
            help="Type to search. Any case id may be typed whole, of training too.",
            key=key,
            width=380,
        )
    if not case:
        raise DataError("No case is chosen: this group is empty. Choose another group of cases.")
    return str(case).strip()


def _choose_group(groups: dict[str, Group]) -> Group:
    if went_back() or st.session_state.get(_GROUP) not in groups:
        asked = st.query_params.get("group")
        st.session_state[_GROUP] = asked if asked in groups else EVERY
    chosen = st.selectbox(
        "Cases",
        list(groups),
        format_func=lambda name: f"{groups[name].title}: {len(groups[name].cases)}",
        help=GROUP_HELP,
        key=_GROUP,
        on_change=_first_of_group,
        width=460,
    )
    keep_in_link("group", None if chosen == EVERY else str(chosen))
    return groups[str(chosen)]


def _first_of_group() -> None:
    """Open the first case of a newly chosen group."""
    st.session_state[_CASE] = None
    keep_in_link("case", None)


EVERY = "test"
TRAINING = "training"
BALANCED = "youden"


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
