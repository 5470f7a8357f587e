"""A reader's record of a round: one reading a case, added in order, never changed.

Frozen values: going back shows a reading and cannot replace it. Used by the page and by everything
that writes or reads results.
"""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass, replace

from mammo.data.descriptors import ASSESSMENTS, MARGINS, SHAPES
from mammo.errors import DataError, MammoError, SettingsError
from mammo.reading.plan import RoundPlan, write_code

DESCRIPTORS = {
    "shape": ("", *SHAPES),
    "margin": ("", *MARGINS),
    "assessment": ("", *ASSESSMENTS),
}
"""What a reader may describe, each with its options; "" is not described."""
LONGEST_SECONDS = 6553.5
"""A slower reading counts as this: what two bytes of tenths of a second hold."""


@dataclass(frozen=True)
class Reading:
    """What a reader said of one case.

    Parameters
    ----------
    rating : int, 0 (surely benign) to 100 (surely malignant), before any advice
    seconds : float, from the case's showing to the rating; kept to tenths, at most 6553.5
    second : int or None, 0 to 100, the rating after advice
    shape, margin, assessment : str, options of `DESCRIPTORS`
    """

    rating: int
    seconds: float
    second: int | None = None
    shape: str = ""
    margin: str = ""
    assessment: str = ""

    def __post_init__(self) -> None:
        for value in (self.rating, 0 if self.second is None else self.second):
            if type(value) is not int or not 0 <= value <= 100:
                raise DataError(
                    f"A rating is a whole number from 0 to 100. Received: {value!r}. Rate every "
                    "case; none may be skipped."
                )
        if not self.seconds >= 0:
            raise DataError(f"A time is 0 seconds or more. Received: {self.seconds!r}.")
        object.__setattr__(self, "seconds", round(min(self.seconds, LONGEST_SECONDS), 1))
        for name, options in DESCRIPTORS.items():
            if getattr(self, name) not in options:
                raise DataError(
                    f"The {name} must be one of {', '.join(options[1:])}, or nothing. "
                    f"Received: {getattr(self, name)!r}."
                )


@dataclass(frozen=True)
class Record:
    """A round as far as it was read.

    `readings` are in the round's order; in a round with advice the last may still wait for its
    second rating. `resumed` counts how often it was picked up again from a link, up to 255.
    """

    plan: RoundPlan
    readings: tuple[Reading, ...] = ()
    resumed: int = 0

    def __post_init__(self) -> None:
        if len(self.readings) > self.plan.n:
            raise DataError(
                f"The round has {self.plan.n} cases. Received: {len(self.readings)} readings."
            )
        settled = self.readings[:-1] if self.awaits_second else self.readings
        if any((reading.second is not None) != self.plan.advice for reading in settled):
            raise DataError(
                "In a round with advice every case has a second rating, in one without none has. "
                f"Received otherwise in one {'with' if self.plan.advice else 'without'} advice."
            )

    @property
    def awaits_second(self) -> bool:
        """Whether the last case was rated once and its advice is on show."""
        return self.plan.advice and bool(self.readings) and self.readings[-1].second is None

    @property
    def at(self) -> int:
        """Return the place, from 0, of the case to read now; n where the round is whole."""
        return len(self.readings) - self.awaits_second

    @property
    def whole(self) -> bool:
        """Whether every case has all its ratings."""
        return self.at == self.plan.n

    def rated(self, reading: Reading) -> "Record":
        """Return the record with one more first rating; refuse one that is not due."""
        if self.whole or self.awaits_second:
            raise DataError(
                "This case has its first rating already: a confirmed rating cannot be changed. "
                f"Received: another of {reading.rating}."
            )
        return replace(self, readings=(*self.readings, reading))

    def advised(self, second: int) -> "Record":
        """Return the record with the second rating of its last case; refuse one that is not due."""
        if not self.awaits_second:
            raise DataError(
                "No second rating is due here: a confirmed rating cannot be changed. "
                f"Received: another of {second}."
            )
        *earlier, last = self.readings
        return replace(self, readings=(*earlier, replace(last, second=second)))

    def picked_up(self) -> "Record":
        """Return the record as read anew from a link, and counted as such."""
        return replace(self, resumed=min(self.resumed + 1, 255))


_NONE = 255
_READING = struct.Struct(">5BH")
_CHECK_BYTES = 2


def pack(record: Record) -> str:
    """Write a record for the link.

    >>> plan = RoundPlan(5, 1)
    >>> unpack(plan, pack(Record(plan, (Reading(70, 4.2),)))).readings
    (Reading(rating=70, seconds=4.2, second=None, shape='', margin='', assessment=''),)
    """
    content = bytes([record.resumed])
    for reading in record.readings:
        described = [options.index(getattr(reading, name)) for name, options in DESCRIPTORS.items()]
        second = _NONE if reading.second is None else reading.second
        content += _READING.pack(reading.rating, second, *described, round(10 * reading.seconds))
    whole = _check(record.plan, content) + content
    return base64.urlsafe_b64encode(whole).decode("ascii").rstrip("=")


def unpack(plan: RoundPlan, text: str) -> Record:
    """Read a record from the link; refuse one that is broken or of another round."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        check, resumed, readings = content[:_CHECK_BYTES], content[2:3], content[3:]
        if check != _check(plan, content[_CHECK_BYTES:]) or not resumed:
            raise ValueError
        found = tuple(_reading(fields) for fields in _READING.iter_unpack(readings))
        return Record(plan, found, resumed[0])
    except (ValueError, IndexError, binascii.Error, struct.error, MammoError) as error:
        raise SettingsError(
            "The ratings in this link cannot be read: expected those of the round "
            f"{write_code(plan)}, received {text[:24]!r}, which is cut short, changed or of "
            "another round. Open the original link again, or start from the first case."
        ) from error


def _check(plan: RoundPlan, content: bytes) -> bytes:
    return hashlib.sha256(write_code(plan).encode() + content).digest()[:_CHECK_BYTES]


def _reading(fields: tuple[int, ...]) -> Reading:
    rating, second, *places, tenths = fields
    described = [options[at] for options, at in zip(DESCRIPTORS.values(), places, strict=True)]
    return Reading(rating, tenths / 10, None if second == _NONE else second, *described)
