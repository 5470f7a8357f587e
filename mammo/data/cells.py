"""The cells of a table as texts: numbers in either notation, our own words, what is missing.

A spreadsheet writes numbers as its country does, and makes dates and rounded numbers of texts.
"""

import math
import re
from collections.abc import Sequence

BLANKS = " \t\r\n\v\f\u00a0\u2007\u202f\u200b\ufeff"
"""Signs without ink, also those that `str.strip` leaves."""
MISSING = frozenset(("", "na", "n/a", "#n/a", "#nv", "nan", "-nan", "null", "none", "<na>"))
"""What spreadsheets and programs write where nothing is known, in small letters."""

_LONGEST_SHOWN = 40
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}([.,'\u2019 \u00a0\u202f]\d{3})+([.,]\d+)?", re.ASCII)
_MONTH = (
    r"(jan|f[eé]v|feb|m[aä]r|mrz|apr|avr|abr|ma[iyj]|jun|jui|jul|aug|ao|sep|o[ck]t|out|nov|"
    r"d[eé][cz]|dic)[^\W\d]*\.?"
)
_DATE = re.compile(
    r"(\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](\d{4}|\d{2}))( .*)?"
    rf"|\d{{1,2}}[-./ ]+{_MONTH}([-./ ]+\d{{2,4}})?|{_MONTH}[-./ ]+\d{{2,4}}",
    re.IGNORECASE,
)
_ROUNDED = re.compile(r"\d[.,]\d+[eE]\+\d+", re.ASCII)


def shown(text: object) -> str:
    """Return a cell as an error shows it: in quotation marks, at most 40 characters."""
    return repr(str(text)[:_LONGEST_SHOWN])


def is_missing_text(text: str) -> bool:
    """Return whether a cell holds nothing, or a word for nothing.

    Examples
    --------
    >>> [is_missing_text(text) for text in ("", "N/A", "#NV", "OVAL")]
    [True, True, True, False]
    """
    return text.casefold() in MISSING


def decimal_number(text: str) -> float | None:
    """Read a number with a decimal point or a decimal comma.

    A separator of thousands is never assumed: "1.318" and "1,318" are both a little over 1.

    Parameters
    ----------
    text : str

    Returns
    -------
    float, finite; None where the text is no such number (see `not_a_number`)

    Examples
    --------
    >>> [decimal_number(text) for text in ("1", "1.0", "1,0", "1.318", "-2,5e-3", "1,318.0")]
    [1.0, 1.0, 1.0, 1.318, -0.0025, None]
    """
    plain = text.strip(BLANKS).replace("\u2212", "-")
    if len(plain) > _LONGEST_SHOWN or not _NUMBER.fullmatch(plain):
        return None
    number = float(plain.replace(",", "."))
    return number if math.isfinite(number) else None


def whole_number(text: str, most: int) -> int | None:
    """Read a whole number from 0 to `most`; a spreadsheet may have added ".0" or ",0".

    Parameters
    ----------
    text : str
    most : int

    Returns
    -------
    int; None where the text is no such number

    Examples
    --------
    >>> [whole_number(text, 100) for text in ("70", "70,0", "101", "-1", "3.5", "", "9" * 5000)]
    [70, 70, None, None, None, None, None]
    """
    number = decimal_number(text)
    if number is None or number % 1 or not 0 <= number <= most:
        return None
    return int(number)


def not_a_number(text: str) -> str:
    """Return why a text is no number where a spreadsheet is the cause, to end a sentence.

    Examples
    --------
    >>> not_a_number("4.Mai"), not_a_number("12 %"), not_a_number("four")
    (' (a date: format the column as text)', ' (a percentage: write 0.5 for 50%)', '')
    """
    plain = text.strip(BLANKS)[:_LONGEST_SHOWN]
    if plain.endswith("%"):
        return " (a percentage: write 0.5 for 50%)"
    if _GROUPED.fullmatch(plain):
        return " (perhaps with a separator of thousands: write 1318 for 1,318)"
    return " (a date: format the column as text)" if _DATE.fullmatch(plain) else ""


def looks_mangled(text: str) -> bool:
    """Return whether a spreadsheet made a date or a rounded number of a text.

    Examples
    --------
    >>> [looks_mangled(text) for text in ("01.01.2000", "1,23E+11", "0.1.0", "Ada")]
    [True, True, False, False]
    """
    return bool(_DATE.fullmatch(text) or _ROUNDED.fullmatch(text))


def as_word(text: str, words: Sequence[str]) -> str:
    """Return the word of a list that a text is but for case and blanks; else the text.

    Examples
    --------
    >>> as_word("benign without callback", ["BENIGN", "BENIGN_WITHOUT_CALLBACK"])
    'BENIGN_WITHOUT_CALLBACK'
    """
    plain = re.sub(r"[\s_]+", "_", text.strip(BLANKS)).casefold()
    return next((word for word in words if word.casefold() == plain), text)
