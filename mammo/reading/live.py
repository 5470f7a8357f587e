"""Live rooms: a class reads one round at the same time, in this process's memory alone.

Who has a room's secret leads it. Its public code is a digest of the secret, the round and the
served artifacts: nobody can open a room from its code, a restarted server needs nothing on disk to
open it again, and the link of another release names another room. Safe for threads, free of
Streamlit. Run the tests with `pytest tests/reading/test_live.py`.
"""

import base64
import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from mammo.errors import DataError, SettingsError
from mammo.reading.plan import RoundPlan, write_code
from mammo.reading.record import Record
from mammo.reading.results_file import clean_nickname
from mammo.reading.room import Room, RoomReader, unused

LASTS = 2 * 60 * 60
"""A room ends this many seconds after it was opened."""
MOST_ROOMS, MOST_READERS = 30, 100
MOST_UNKNOWN, UNKNOWN_SECONDS = 60, 60
"""After so many unknown codes within so many seconds a further unknown one is refused."""
_LETTERS, _GROUP = 12, 4  # 60 bits
_CLOCK_ERROR = 60
_SHOWN = 40


def new_secret(now: float) -> str:
    """Make the secret of a room that opens now; it contains the time."""
    return f"{int(now):x}-{secrets.token_urlsafe(16)}"


def room_code(secret: str, plan: RoundPlan, artifacts: str) -> str:
    """Return a room's public code, 60 bits in groups of four.

    >>> room_code("65a0-x", RoundPlan(5, 1), "0123")
    'VWOJ-MBGX-UTQ4'
    """
    digest = hashlib.sha256(f"{secret}/{write_code(plan)}/{artifacts}".encode()).digest()
    return _grouped(base64.b32encode(digest).decode("ascii")[:_LETTERS])


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LETTERS, _GROUP))


def read_room_code(text: str) -> str:
    """Read a room's code as somebody typed it: 0 and 1, which no code has, become O and I.

    >>> read_room_code(" vw0j mbgx utq4 ")
    'VWOJ-MBGX-UTQ4'
    """
    letters = re.sub(r"[\s-]", "", text).upper().replace("0", "O").replace("1", "I")
    if not re.fullmatch(rf"[A-Z2-7]{{{_LETTERS}}}", letters):
        raise SettingsError(
            f"Expected the code of a live room such as ABCD-EFGH-IJ23. Received: "
            f"{text[:_SHOWN]!r}. Copy the code or the link again."
        )
    return _grouped(letters)


class LiveRoom:
    """One room: its readers' ratings, and what the lecturer has decided.

    Attributes
    ----------
    code : str, public
    plan : RoundPlan
    ends : float, seconds since 1970
    title : str, "" where the lecturer gave none
    revealed : bool, the diagnoses are shown to everyone; ratings after that do not count
    closed : bool, no reader can come in
    """

    def __init__(self, code: str, plan: RoundPlan, ends: float) -> None:
        self.code, self.plan, self.ends = code, plan, ends
        self.title, self.revealed, self.closed = "", False, False
        self._readers: dict[str, RoomReader] = {}
        self._lock = threading.Lock()

    def join(self, token: str, nickname: str) -> str:
        """Let a reader in by a nickname, once per token; return the nickname as it is shown.

        Raises
        ------
        DataError
            The nickname is empty or taken, the room is full, or the diagnoses are shown.
        """
        name = clean_nickname(nickname)
        with self._lock:
            if token in self._readers:
                return self._readers[token].name
            if not name:
                raise DataError(
                    "Enter a nickname of letters or digits. The lecturer sees it beside your "
                    "ratings."
                )
            if self.revealed:
                raise DataError("This room takes no more readers, because its diagnoses are shown.")
            if name.casefold() in {one.name.casefold() for one in self._readers.values()}:
                raise DataError(
                    f"The nickname {name} is taken in this room. Enter another one. If you chose "
                    "it yourself, open the link of the page on which you rated."
                )
            self._admit(token, RoomReader(name, Record(self.plan)))
        return name

    def put(self, token: str, nickname: str, record: Record) -> Record:
        """Take a reader's whole record, and return the one that holds.

        A confirmed rating cannot be changed: of two records the longer one holds if it continues
        the other, else the one that was here first. An unknown token brings its reader back, as
        after a restart of the server.
        """
        with self._lock:
            here = self._readers.get(token)
            if here is None:
                if not self.revealed:
                    taken = [one.name for one in self._readers.values()]
                    name = unused(clean_nickname(nickname), taken)
                    self._admit(token, RoomReader(name, record))
                return record
            if not _continues(record, here.record):
                return here.record
            if not self.revealed:
                self._readers[token] = replace(here, record=record)
            return record

    def room(self, whole: bool = False) -> Room:
        """Return the readers as a class's files give them; where `whole`, those who are done."""
        with self._lock:
            readers = tuple(self._readers.values())
        return Room(self.plan, tuple(r for r in readers if r.record.whole or not whole), ())

    def _admit(self, token: str, reader: RoomReader) -> None:
        if len(self._readers) >= MOST_READERS:
            raise DataError(
                f"This room is full: it has {MOST_READERS} readers. Ask the lecturer for another."
            )
        self._readers[token] = reader


def _ratings(record: Record) -> int:
    return record.at + len(record.readings)


def _continues(record: Record, earlier: Record) -> bool:
    """Return whether a record has every rating of an earlier one, and perhaps more."""
    count = len(earlier.readings)
    if _ratings(record) < _ratings(earlier):
        return False
    begun = record.readings[:count]
    if earlier.awaits_second:
        begun = (*begun[:-1], replace(begun[-1], second=None))
    return begun == earlier.readings


class Rooms:
    """The open rooms of a server, at most `MOST_ROOMS`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._rooms: dict[str, LiveRoom] = {}
        self._unknown: dict[str, float] = {}
        self._lock = threading.Lock()

    def lead(self, secret: str, plan: RoundPlan, artifacts: str, code: str | None) -> LiveRoom:
        """Return the room of a secret; open it where this server has none.

        Raises
        ------
        SettingsError
            The secret is none of ours, `code` is not its code, the room has ended, or there are
            too many rooms.
        """
        own, now = room_code(secret, plan, artifacts), self._clock()
        begun = re.fullmatch(r"([0-9a-f]{1,12})-[\w-]{22}", secret)
        opened_at = int(begun[1], 16) if begun else now + LASTS
        if code not in (None, own) or opened_at > now + _CLOCK_ERROR:
            raise SettingsError(
                "This link does not lead the room that it names: it was changed, or is of another "
                "release of mammo, which has other cases or models. Open a new room."
            )
        if plan.source == "practice":
            raise SettingsError(
                "A practice round chooses each reader's cases by their own errors, so it has no "
                "live room. Open a round with feedback instead."
            )
        if now >= opened_at + LASTS:
            raise SettingsError(
                "This room has ended: a room is open for two hours. Open a new room."
            )
        with self._lock:
            self._drop_ended()
            if own not in self._rooms:
                self._make_way()
                self._rooms[own] = LiveRoom(own, plan, opened_at + LASTS)
            return self._rooms[own]

    def find(self, code: str) -> LiveRoom | None:
        """Return a room by its public code, closed or not; None where this server has none.

        The code of an open room always opens it: 60 bits protect it from guessing. Unknown codes
        are remembered, so that a page that waits may ask again, and no more than `MOST_UNKNOWN`.

        Raises
        ------
        SettingsError
            The code is unknown, and too many others were tried.
        """
        now = self._clock()
        with self._lock:
            self._drop_ended()
            if code in self._rooms:
                return self._rooms[code]
            tried = self._unknown.items()
            self._unknown = {one: at for one, at in tried if now - at < UNKNOWN_SECONDS}
            if len(self._unknown) >= MOST_UNKNOWN and code not in self._unknown:
                raise SettingsError(
                    "Too many codes of rooms that do not exist were tried on this server. Wait a "
                    "minute, then open the link again."
                )
            self._unknown.setdefault(code, now)
            return None

    def _drop_ended(self) -> None:
        now = self._clock()
        self._rooms = {code: room for code, room in self._rooms.items() if now < room.ends}

    def _make_way(self) -> None:
        if len(self._rooms) < MOST_ROOMS:
            return
        rooms = self._rooms.items()
        idle = [code for code, room in rooms if room.closed or not room.room().readers]
        if not idle:
            raise SettingsError(
                f"This server has {MOST_ROOMS} open rooms, which is the most it takes. Close one, "
                "or wait until one ends."
            )
        del self._rooms[idle[0]]
