"""What one visitor has read so far: in the session, with a copy in the link against a reload.

A reader of a live room (`mammo.reading.live`) has the room's code and a seat in the link in place
of the round's code, and every confirmed rating goes to the room as well.

A reload of the browser begins a new session; the link then still holds the round's code and every
confirmed rating (`mammo.reading.record`), and the round goes on there. Of two records of one round
the longer one holds, so that the browser's way back takes no rating away and re-rates nothing.
"""

import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

import mammo
from mammo.data.table import BOX
from mammo.errors import DataError, MammoError
from mammo.evaluation import EvaluatedModel
from mammo.imaging import Window, whole_crop
from mammo.imaging.region import Region
from mammo.reading import (
    Reading,
    Record,
    RoundCases,
    RoundPlan,
    draw_round,
    pack,
    passing,
    read_code,
    round_cases,
    unpack,
    write_code,
)
from mammo.reading.advice import Opinion, opinions
from mammo.reading.live import Rooms
from mammo.reading.plan import Source
from mammo.reading.practice import Choice, Practice
from mammo.reading.results_file import fingerprint
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.cases import film_of
from mammo.ui.kit.display import data_uri, enlarged, scaled_down
from mammo.ui.kit.frame import sentences
from mammo.ui.kit.settings import FOLDER_VARIABLE
from mammo.ui.kit.source import Picture
from mammo.ui.kit.viewer import View

if TYPE_CHECKING:
    from mammo.data.examples import ExampleLesion


ROUND, PLACE, LIVE, SEAT, LEAD, TITLE = "round", "place", "room", "me", "lead", "title"
_OPENERS = (ROUND, LIVE, LEAD)
_PLAYS, _OPEN, _LEFT = "reading_plays", "reading_open", "reading_left"
_TOKEN, _GIVEN_UP = "reading_token", "reading_given_up"
ENDED = (
    "The live room has ended. Your ratings are still here: you can finish the round and see your "
    "results."
)
SETUP_FIELD = "reading_n"
"""Key of the first field that asks for another round."""


@cache.shared(1)
def rooms() -> Rooms:
    """Return the live rooms of this server."""
    return Rooms()


@dataclass(frozen=True)
class Seat:
    """A reader's place in a live room; the token is known to this reader and the server alone."""

    room: str
    nickname: str
    token: str


@dataclass
class Play:
    """A visitor's round."""

    record: Record
    seat: Seat | None = None
    started: bool = False
    truth_asked: bool = False
    looking_back: int | None = None
    complaint: str = ""
    _shown: dict[int, float] = field(default_factory=dict)

    def mark_shown(self) -> None:
        """Start the clock of the displayed case, unless it is running."""
        self._shown.setdefault(self.record.at, time.monotonic())

    def seconds(self) -> float:
        """Return for how many seconds the case to rate has been displayed."""
        return time.monotonic() - self._shown.get(self.record.at, time.monotonic())

    def rate(self, index: int, rating: int, described: dict[str, str]) -> None:
        """Add the first rating of the case at `index`, once: Enter may be pressed twice."""
        if self.record.at == index and not self.record.awaits_second:
            self.record = self.record.rated(Reading(rating, self.seconds(), None, **described))
            self._answer(index)

    def rate_again(self, index: int, rating: int) -> None:
        """Add the rating after advice of the case at `index`, once."""
        if self.record.at == index and self.record.awaits_second:
            self.record = self.record.advised(rating)
            self._answer(index)

    def _answer(self, index: int) -> None:
        """Show the diagnosis of a case that has all its ratings, in a round with feedback."""
        if self.record.plan.feedback and self.record.at > index:
            self.looking_back = index

    @property
    def done(self) -> bool:
        """Whether every case is rated and the last diagnosis was seen."""
        return self.record.whole and self.looking_back is None


def asked() -> dict[str, str]:
    """Return what the link asks for, or what was left open: a round, a room, or one to lead."""
    link = {name: st.query_params[name] for name in _OPENERS if name in st.query_params}
    opened: dict[str, str] = link or st.session_state.get(_OPEN, {})
    # An act that the browser sent before it heard that its round was left.
    late = opened and opened == st.session_state.get(_LEFT) and SETUP_FIELD in st.session_state
    if late and not went_back():
        leave()
        return {}
    return opened


def current(opened: dict[str, str]) -> Play | None:
    """Return the visitor's round that the link asks for; None where it asks for none."""
    if ROUND not in opened:
        return None
    plan = read_code(opened[ROUND])
    code = write_code(plan)
    plays = _plays()
    if code not in plays:
        plays[code] = from_link(plan)
    keep(plays[code])
    return plays[code]


def reading_now() -> bool:
    """Return whether a case is displayed, so that nothing else is shown above it."""
    opened = st.session_state.get(_OPEN, {})
    play = _plays().get(opened.get(LIVE) or opened.get(ROUND, ""))
    return play is not None and play.started and not play.done


def _plays() -> dict[str, Play]:
    plays: dict[str, Play] = st.session_state.setdefault(_PLAYS, {})
    return plays


def from_link(plan: RoundPlan, seat: Seat | None = None) -> Play:
    """Begin a round with the ratings that the link contains."""
    packed = st.query_params.get(PLACE)
    if not packed:
        return Play(Record(plan), seat)
    try:
        return Play(unpack(plan, packed).picked_up(), seat)
    except MammoError as error:
        return Play(Record(plan), seat, complaint=str(error))


def seated(room: str) -> Play | None:
    """Return this session's play in a live room."""
    return _plays().get(room)


def sit(play: Play) -> None:
    """Keep a play in its live room as this session's."""
    if play.seat is not None:
        _plays()[play.seat.room] = play
        keep(play)


def own_token() -> str:
    """Return the token by which this session joins a room, once however often it is pressed."""
    return str(st.session_state.setdefault(_TOKEN, secrets.token_hex(8)))


def seat_in_link(room: str) -> Seat | None:
    """Return the seat that the link contains; None where it has none, or it was given up."""
    token, _, nickname = st.query_params.get(SEAT, "").partition(".")
    if not re.fullmatch("[0-9a-f]{16}", token) or token == st.session_state.get(_GIVEN_UP):
        return None
    return Seat(room, nickname, token)


def stand_up(seat: Seat) -> None:
    """Give up a seat in a live room, so that somebody else can take one."""
    _plays().pop(seat.room, None)
    st.session_state.pop(_TOKEN, None)
    st.session_state[_GIVEN_UP] = seat.token
    for name in (SEAT, PLACE):
        keep_in_link(name, None)


def keep(play: Play) -> None:
    """Write the round, or the room and the seat, and the ratings into the link; and to the room."""
    if play.seat is not None:
        _bring(play, play.seat)
    seat, code = play.seat, write_code(play.record.plan)
    st.session_state[_OPEN] = {LIVE: seat.room} if seat else {ROUND: code}
    st.session_state.pop(_LEFT, None)
    keep_in_link(ROUND, None if seat else code)
    keep_in_link(LIVE, seat.room if seat else None)
    keep_in_link(SEAT, f"{seat.token}.{seat.nickname}" if seat else None)
    keep_in_link(PLACE, pack(play.record) if play.record.readings else None)


def _bring(play: Play, seat: Seat) -> None:
    """Bring a reader's ratings to the room; where it has ended, the round goes on without."""
    room = rooms().find(seat.room)
    if room is None or room.closed:
        play.seat = None
        _plays().pop(seat.room, None)
        _plays()[write_code(play.record.plan)] = play
        st.toast(ENDED, icon=":material/meeting_room:")
        return
    play.record = room.put(seat.token, seat.nickname, play.record)
    play.truth_asked |= room.revealed and play.record.whole


def has_news(seat: Seat) -> bool:
    """Return whether the lecturer has shown the diagnoses, or the room has ended."""
    room = rooms().find(seat.room)
    return room is None or room.closed or room.revealed


def go_to(opened: dict[str, str]) -> None:
    """Open a round, a live room, or a room to lead, as a link asks for it.

    A round that this session has begun continues where it stopped.
    """
    st.session_state[_OPEN] = opened
    st.session_state.pop(_LEFT, None)
    for name in _OPENERS:
        keep_in_link(name, opened.get(name))


@st.fragment(run_every=2)
def watch(changed: Callable[[], bool]) -> None:
    """Look every two seconds for something new to show; then run the page."""
    with sentences():
        if changed():
            st.rerun()


def leave() -> None:
    """Close the open round or room, to choose another; its ratings stay in this session."""
    st.session_state[_LEFT] = st.session_state.pop(_OPEN, st.session_state.get(_LEFT))
    for name in (*_OPENERS, SEAT, TITLE, PLACE):
        keep_in_link(name, None)


def share_link(plan: RoundPlan) -> str:
    """Return the address that gives the round to others, without anybody's ratings."""
    return f"{page_address()}?{ROUND}={write_code(plan)}"


def page_address() -> str:
    """Return this page's address as the visitor's browser has it."""
    return (st.context.url or "Reading_room").partition("?")[0]


CROP_SIDE = 896
FILM_LONGEST = 2000


@dataclass(frozen=True, eq=False)
class Round:
    """A round that can be read: its plan, its code, its cases with their truth, its advice.

    `choices` are of a practice round, whose cases are those that were read and the next one.
    """

    plan: RoundPlan
    code: str
    cases: RoundCases
    advice: tuple[Opinion, ...]
    choices: tuple[Choice, ...] = ()


def artifacts_fingerprint() -> str:
    """Return what results are marked with, see `mammo.reading.results_file`."""
    return fingerprint(cache.manifest())


def source_at_hand() -> Source:
    """Return where cases come from: the test set where a data folder is set, else the examples."""
    return "examples" if case_folder.folder_or_sentence()[0] is None else "test"


def open_round(plan: RoundPlan, name: str = "", readings: Sequence[Reading] = ()) -> Round:
    """Draw a round's cases; `name` is a live room's, whose readers are not told the code.

    `readings` decide the cases of a practice round.
    """
    every = cache.cases()
    models = [EvaluatedModel.of_card(card) for card in cache.cards()]
    choices: tuple[Choice, ...] = ()
    if plan.source == "practice":
        choices = Practice(plan, every, [reading.rating for reading in readings]).choices
        ids = tuple(one.case for one in choices)
    else:
        ids = draw_round(plan, every, list(cache.examples()) if plan.source == "examples" else ())
    cases = round_cases(ids, every, models)
    return Round(plan, name or write_code(plan), cases, opinions(plan, cases), choices)


def require_pictures(opened: Round) -> None:
    """Refuse a round whose images are not all here."""
    missing = cases_without_images(opened)
    if missing:
        case_folder.folder()  # one that cannot be read has its sentence
        whose = f"{opened.plan.n} test cases"
        if opened.plan.source == "practice":
            whose = "all training cases that pass its filters"
        raise DataError(
            f"The round {opened.code} needs the images of {whose}, and "
            f"{len(missing)} of them are not here. Get the images first, or start a round of "
            "the ten example lesions."
        )


def cases_without_images(opened: Round) -> list[str]:
    """Return the cases of a round whose images are not here; practice may choose any."""
    ids: Sequence[str] = opened.cases.ids
    if opened.plan.source == "examples":
        return []
    if opened.plan.source == "practice":
        ids = list(passing(opened.plan, cache.cases(), ())["case_id"])
    at_hand, _ = case_folder.folder_or_sentence()
    return [case for case in ids if at_hand is None or case not in at_hand.files]


def views(opened: Round, index: int) -> list[View]:
    """Return the pictures of the case at a place, without a word that names it or its truth."""
    case, number = opened.cases.ids[index], f"case {index + 1} of {opened.plan.n}"
    if opened.plan.source == "examples":
        return _example_views(cache.examples()[case], number)
    uri, side = _crop_view(*_crop_file(case))
    return [View("Lesion", f"Crop of the lesion, {number}", uri, side, side)]


def place_in_crop(opened: Round, index: int) -> Region | None:
    """Return the lesion's box in its crop, where the data folder has one."""
    at_hand, case = case_folder.folder(), opened.cases.ids[index]
    if opened.plan.source == "examples" or at_hand is None or BOX[0] not in at_hand.table:
        return None
    box = at_hand.table.set_index("case_id").loc[case, list(BOX)]
    if box.isna().any():
        return None
    scale = CROP_SIDE / min(mammo.read_image(at_hand.files[case]).shape)
    x, y, width, height = (round(scale * end) for end in np.asarray(box, dtype=np.float64).tolist())
    return x, y, width, height


def film_words(opened: Round, index: int) -> str:
    """Name the side and view of a case's film."""
    return film_of(opened.cases.rows.iloc[index].to_dict())


def _crop_file(case: str) -> tuple[str, int]:
    """Return where a case's crop is, and when its folder was written."""
    at_hand = case_folder.folder()
    if at_hand is None or case not in at_hand.files:
        raise DataError(
            "The image of this case is no longer available: expected it in the data folder. "
            f"Set {FOLDER_VARIABLE} as before and open the link again. Your ratings are in it."
        )
    return at_hand.files[case], at_hand.stamp


@cache.shared(400)
def _crop_view(path: str, stamp: int) -> tuple[str, int]:  # noqa: ARG001
    picture = mammo.read_image(path)
    crop = whole_crop(picture, size=min(picture.shape))
    return data_uri(enlarged(crop, CROP_SIDE)), CROP_SIDE


@cache.shared(12, "Reading the film")
def _example_pictures(case: str) -> tuple[str, str]:
    """Encode an example's film, scaled down, and its window at full resolution."""
    lesion = cache.examples()[case]
    film = cache.example_film(lesion.film).pixels
    x, y, width, height = lesion.window
    small = scaled_down(film, FILM_LONGEST)
    close = enlarged(np.ascontiguousarray(film[y : y + height, x : x + width]), CROP_SIDE)
    return data_uri(small), data_uri(close)


def _example_views(lesion: "ExampleLesion", number: str) -> list[View]:
    film, close = _example_pictures(lesion.case_id)
    rows, columns = cache.example_film(lesion.film).shape
    alt = f"Film with the lesion outlined, {number}"
    return [
        View("Film", alt, film, columns, rows, lesion.window),
        View("Lesion", f"Lesion at full resolution, {number}", close, CROP_SIDE, CROP_SIDE),
    ]


def picture_of(opened: Round, index: int) -> tuple[Picture, Window | None]:
    """Return the case at a place as the models read it: an area of a film, or a ready crop."""
    case = opened.cases.ids[index]
    if opened.plan.source == "examples":
        lesion = cache.examples()[case]
        return Picture(case, case, None, lesion), Window(*lesion.window)
    return Picture(case, case, mammo.read_image(_crop_file(case)[0])), None
