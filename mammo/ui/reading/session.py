"""What one visitor has read so far: in the session, with a copy in the link against a reload.

A reload of the browser begins a new session; the link then still holds the round's code and every
confirmed rating (`mammo.reading.place`), and the round goes on there. Of two records of one round
the longer one holds, so that the browser's way back takes no rating away and re-rates nothing.
"""

import time
from dataclasses import dataclass, field

import streamlit as st

from mammo.errors import MammoError
from mammo.reading import Reading, Record, RoundPlan, pack, read_code, unpack, write_code
from mammo.ui.kit.address import keep_in_link, went_back

ROUND, PLACE = "round", "place"
_PLAYS, _OPEN, _LEFT = "reading_plays", "reading_open", "reading_left"
SETUP_FIELD = "reading_n"
"""Key of the first field that asks for another round."""


@dataclass
class Play:
    """Hold a visitor's round."""

    record: Record
    started: bool = False
    truth_asked: bool = False
    looking_back: int | None = None
    complaint: str = ""
    _shown: dict[int, float] = field(default_factory=dict)

    def mark_shown(self) -> None:
        """Start the clock of the case on show, unless it runs."""
        self._shown.setdefault(self.record.at, time.monotonic())

    def seconds(self) -> float:
        """Return how long the case to rate has been on show."""
        return time.monotonic() - self._shown.get(self.record.at, time.monotonic())

    def rate(self, place: int, rating: int, described: dict[str, str]) -> None:
        """Add the first rating of the case at `place`, once: Enter may be pressed twice."""
        if self.record.at == place and not self.record.awaits_second:
            self.record = self.record.rated(Reading(rating, self.seconds(), None, **described))

    def rate_again(self, place: int, rating: int) -> None:
        """Add the rating after advice of the case at `place`, once."""
        if self.record.at == place and self.record.awaits_second:
            self.record = self.record.advised(rating)


def current() -> Play | None:
    """Return the round that the link asks for, or the one left open; None where there is none.

    Raises
    ------
    SettingsError
        The link's code is none.
    """
    text = st.query_params.get(ROUND) or st.session_state.get(_OPEN)
    if not text:
        return None
    plan = read_code(str(text))
    code = write_code(plan)
    if _has_left(code) and not went_back():
        leave()
        return None
    plays: dict[str, Play] = st.session_state.setdefault(_PLAYS, {})
    if code not in plays:
        plays[code] = _from_link(plan, st.query_params.get(PLACE))
    st.session_state[_OPEN] = code
    keep(plays[code])
    return plays[code]


def _has_left(code: str) -> bool:
    """Recognise an act that the browser sent before it heard that its round was left."""
    return code == st.session_state.get(_LEFT) and SETUP_FIELD in st.session_state


def reading_now() -> bool:
    """Tell whether a case is on show, so that nothing else need stand above it."""
    plays: dict[str, Play] = st.session_state.get(_PLAYS, {})
    play = plays.get(str(st.session_state.get(_OPEN)))
    return play is not None and play.started and not play.record.whole


def _from_link(plan: RoundPlan, place: str | None) -> Play:
    if not place:
        return Play(Record(plan))
    try:
        return Play(unpack(plan, place).picked_up())
    except MammoError as error:
        return Play(Record(plan), complaint=str(error))


def keep(play: Play) -> None:
    """Write the round and its ratings into the link."""
    keep_in_link(ROUND, write_code(play.record.plan))
    keep_in_link(PLACE, pack(play.record) if play.record.readings else None)


def begin(plan: RoundPlan) -> None:
    """Make a round the open one; one that this session has read already goes on as it was."""
    st.session_state[_OPEN] = write_code(plan)
    st.session_state.pop(_LEFT, None)
    keep_in_link(ROUND, write_code(plan))
    keep_in_link(PLACE, None)


def leave() -> None:
    """Close the open round, to choose another; its ratings stay in this session."""
    st.session_state[_LEFT] = st.session_state.pop(_OPEN, st.session_state.get(_LEFT))
    keep_in_link(ROUND, None)
    keep_in_link(PLACE, None)


def share_link(plan: RoundPlan) -> str:
    """Return the address that gives the round to others, without anybody's ratings."""
    page = (st.context.url or "Reading_room").partition("?")[0]
    return f"{page}?{ROUND}={write_code(plan)}"
