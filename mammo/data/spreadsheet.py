"""Text for a CSV file that a spreadsheet opens: no cell of it may run as a formula.

Used by every writer of results: `mammo.predict`, the tables of the app, the reading room.

Reference: OWASP, "CSV injection".
"""

import re

FORMULA_SIGNS = "=+-@＝＋－＠"  # noqa: RUF001 (spreadsheets take the wide forms, too)
_FORMULA = re.compile(rf"[\t\r\n]|[\s'\"]*[{re.escape(FORMULA_SIGNS)}]")
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
_FIGURE = re.compile(
    rf"{_NUMBER}(?: \({_NUMBER} to {_NUMBER}\)| \([a-z ]+\))?(?:; p [=<] {_NUMBER})?"
)


def harmless(cell: str) -> str:
    r"""Return a cell's text, behind an apostrophe where a spreadsheet would run it as a formula.

    A number, and a number with its interval and p-value, stays as it is.

    Examples
    --------
    >>> harmless("=1+1.png"), harmless(' "@SUM(A1)'), harmless("-2+3+cmd|' /C calc'!A0")
    ("'=1+1.png", '\' "@SUM(A1)', "'-2+3+cmd|' /C calc'!A0")
    >>> harmless("-0.05"), harmless("-0.05 (-0.10 to +0.01); p = 0.12"), harmless("film.dcm")
    ('-0.05', '-0.05 (-0.10 to +0.01); p = 0.12', 'film.dcm')
    """
    if _FORMULA.match(cell) and not _FIGURE.fullmatch(cell):
        return f"'{cell}"
    return cell
