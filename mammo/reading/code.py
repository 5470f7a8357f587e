"""A round's code: a plan in a few letters that can be read aloud, with a sign that catches typos.

`T20BA-4711-M10-XM`: T for the test split (E for the examples), 20 cases, B balanced (N as they
fall), A with advice; seed 4711; a filter's letter with its options as a hexadecimal mask; two
check characters. Upper and lower case are one.
"""

import hashlib
import re

from mammo.errors import SettingsError
from mammo.reading.plan import FILTERS, RoundPlan, Source

_SOURCES: dict[str, Source] = {"T": "test", "E": "examples"}
_HEAD = re.compile(r"([TE])(\d{1,2})([BN])(A?)-(\d{1,6})((?:-[A-Z][0-9A-F]{1,4})*)")
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
    """
    source = next(letter for letter, name in _SOURCES.items() if name == plan.source)
    head = f"{source}{plan.n}{'B' if plan.balanced else 'N'}{'A' if plan.advice else ''}"
    body = "-".join([head, str(plan.seed), *_masks(plan)])
    return f"{body}-{_check(body)}"


def _masks(plan: RoundPlan) -> list[str]:
    return [
        f"{one.letter}{sum(1 << one.options.index(v) for v in plan.filters[one.letter]):X}"
        for one in FILTERS
        if one.letter in plan.filters
    ]


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

    Examples
    --------
    >>> read_code(" t20b-4711-t3 ") == RoundPlan(20, 4711, balanced=True)
    True
    """
    code = re.sub(r"\s", "", text).upper()
    body, _, check = code.rpartition("-")
    found = _HEAD.fullmatch(body)
    if found is None or check != _check(body):
        raise SettingsError(
            f"Expected a round's code such as {write_code(RoundPlan(20, 4711, balanced=True))}. "
            f"Received: {text[:_LONGEST_SHOWN]!r}, which is none or has a typing error. Copy the "
            "code or the link once more."
        )
    source, n, balance, advice, seed, masks = found.groups()
    filters = dict(_filter(mask) for mask in masks.split("-") if mask)
    return RoundPlan(
        int(n), int(seed), _SOURCES[source], balance == "B", advice == "A", filters=filters
    )


def _filter(mask: str) -> tuple[str, list[str]]:
    options = {one.letter: one.options for one in FILTERS}.get(mask[0], ())
    bits = int(mask[1:], 16)
    if bits >= 1 << len(options):
        raise SettingsError(
            f"The code asks for a filter that this version does not know: {mask!r}. Open the round "
            "in the version that made it."
        )
    return mask[0], [option for place, option in enumerate(options) if bits >> place & 1]
