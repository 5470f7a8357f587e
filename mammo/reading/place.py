"""The ratings so far as a text of the link, so that a reload of the browser loses none.

Two bytes of check (over the round's code too: a place belongs to one round), one of how often the
round was picked up, then seven a reading: rating, second rating (255: none), three descriptors,
and tenths of a second in two. Base64 for links (RFC 4648, section 5): fifty cases take 471 signs.
The truth is not in it, nor anything from which it could be told.
"""

import base64
import binascii
import hashlib
import struct

from mammo.errors import MammoError, SettingsError
from mammo.reading.code import write_code
from mammo.reading.plan import RoundPlan
from mammo.reading.record import DESCRIPTORS, Reading, Record

_NONE = 255
_READING = struct.Struct(">5BH")
_CHECK_BYTES = 2


def pack(record: Record) -> str:
    """Write a record for the link.

    Examples
    --------
    >>> plan = RoundPlan(5, 1)
    >>> unpack(plan, pack(Record(plan, (Reading(70, 4.2),)))).readings
    (Reading(rating=70, seconds=4.2, second=None, shape='', margin='', assessment=''),)
    """
    content = bytes([record.resumed]) + b"".join(map(_bytes_of, record.readings))
    whole = _check(record.plan, content) + content
    return base64.urlsafe_b64encode(whole).decode("ascii").rstrip("=")


def unpack(plan: RoundPlan, text: str) -> Record:
    """Read a record from the link.

    Raises
    ------
    SettingsError
        It is broken, or the place in another round.
    """
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
            "another round. Open the link once more as it was, or start from the first case."
        ) from error


def _check(plan: RoundPlan, content: bytes) -> bytes:
    return hashlib.sha256(write_code(plan).encode() + content).digest()[:_CHECK_BYTES]


def _bytes_of(reading: Reading) -> bytes:
    described = [options.index(getattr(reading, name)) for name, options in DESCRIPTORS.items()]
    second = _NONE if reading.second is None else reading.second
    return _READING.pack(reading.rating, second, *described, round(10 * reading.seconds))


def _reading(fields: tuple[int, ...]) -> Reading:
    rating, second, *described, tenths = fields
    named = {
        name: options[place]
        for (name, options), place in zip(DESCRIPTORS.items(), described, strict=True)
    }
    return Reading(rating, tenths / 10, None if second == _NONE else second, **named)
