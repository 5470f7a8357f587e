"""Read a CSV table as any spreadsheet of any locale saves it: one reader for every table.

    table = read_csv_table(folder / "index.csv")
    table.rows[0]["patient_id"], table.lines[0]

Separators comma, semicolon, tab and bar; UTF-8, UTF-16 and Windows-1252; any line ends. Cells stay
texts; `decimal_number` and `whole_number` read numbers with a decimal point or a decimal comma.
"""

import csv
import io
import math
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from mammo.errors import DataError
from mammo.files import reason_of

BLANKS = " \t\r\n\v\f\u00a0\u2007\u202f\u200b\ufeff"
"""Signs without ink, also those that `str.strip` leaves."""
MISSING = frozenset(("", "na", "n/a", "#n/a", "#nv", "nan", "-nan", "null", "none", "<na>"))
"""What spreadsheets and programs write where nothing is known, in small letters."""

LARGEST_BYTES = 64_000_000
"""The largest published table, `dicom_info.csv`, has about 8 MB."""
MOST_CELLS = 10_000_000
"""A header of many columns multiplies even short rows."""
SEPARATORS = ",;\t|"

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

    >>> [is_missing_text(text) for text in ("", "N/A", "#NV", "OVAL")]
    [True, True, True, False]
    """
    return text.casefold() in MISSING


def decimal_number(text: str) -> float | None:
    """Read a number with a decimal point or a decimal comma; None where it is no finite one.

    A separator of thousands is never assumed: "1.318" and "1,318" are both a little over 1.

    >>> [decimal_number(text) for text in ("1", "1,0", "1.318", "-2,5e-3", "1,318.0")]
    [1.0, 1.0, 1.318, -0.0025, None]
    """
    plain = text.strip(BLANKS).replace("\u2212", "-")
    if len(plain) > _LONGEST_SHOWN or not _NUMBER.fullmatch(plain):
        return None
    number = float(plain.replace(",", "."))
    return number if math.isfinite(number) else None


def whole_number(text: str, most: int) -> int | None:
    """Read a whole number from 0 to `most`, else None; a spreadsheet may have added ".0" or ",0".

    >>> [whole_number(text, 100) for text in ("70", "70,0", "101", "-1", "3.5", "", "9" * 5000)]
    [70, 70, None, None, None, None, None]
    """
    number = decimal_number(text)
    if number is None or number % 1 or not 0 <= number <= most:
        return None
    return int(number)


def not_a_number(text: str) -> str:
    """Return why a text is no number where a spreadsheet is the cause, to end a sentence.

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

    >>> [looks_mangled(text) for text in ("01.01.2000", "1,23E+11", "0.1.0", "Ada")]
    [True, True, False, False]
    """
    return bool(_DATE.fullmatch(text) or _ROUNDED.fullmatch(text))


def as_word(text: str, words: Sequence[str]) -> str:
    """Return the word of a list that a text is but for case and blanks; else the text.

    >>> as_word("benign without callback", ["BENIGN", "BENIGN_WITHOUT_CALLBACK"])
    'BENIGN_WITHOUT_CALLBACK'
    """
    plain = re.sub(r"[\s_]+", "_", text.strip(BLANKS)).casefold()
    return next((word for word in words if word.casefold() == plain), text)


_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[,;\t]*', re.IGNORECASE)
_NOT_TEXT = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_OTHER_FILES = {
    b"PK\x03\x04": "an Excel or OpenDocument workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"%PDF": "a PDF document",
}


@dataclass(frozen=True)
class CsvTable:
    """The rows of a table as texts without blanks around."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]


def read_csv_table(
    source: Path | bytes,
    name: str = "",
    *,
    needed: Sequence[str] = (),
    whole_rows: bool = False,
) -> CsvTable:
    r"""Read a table from a file or from its bytes.

    Parameters
    ----------
    source : path or bytes, of at most 64 MB
    name : str, what to call the table in an error; by default the path
    needed : names of columns that must be there
    whole_rows : bool, True to refuse a row with fewer cells than the header; a spreadsheet may
        leave out empty cells at the end of a row

    Raises
    ------
    DataError
        It cannot be read as a table, lacks a needed column, or a row does not fit the header.

    Examples
    --------
    >>> table = read_csv_table(b"File;Patient id;;\n a.png ;P_1;;\n;;;\nb.png;P_2;;\n")
    >>> table.columns, table.rows[1], table.lines
    (('file', 'patient_id'), {'file': 'b.png', 'patient_id': 'P_2'}, (2, 4))
    """
    name = name or (str(source) if isinstance(source, Path) else "The table")
    text = _decoded(_content(source, name), name)
    try:
        records = _records(text, *_start(text))
    except csv.Error as error:
        raise DataError(
            f"{name} cannot be read as a CSV table: {error}. Check the quotation marks."
        ) from error
    if not records:
        raise DataError(
            f"{name} cannot be read as a CSV table: expected a header line, received an empty file."
        )
    header_line, header = records[0]
    if len(header) * len(records) > MOST_CELLS:
        raise DataError(
            f"{name} is too large: expected at most {MOST_CELLS:,} cells. Received: "
            f"{len(header):,} columns and {len(records):,} rows. Delete those that are not needed."
        )
    columns = _columns(header, f"Line {header_line} of {name}")
    missing = [column for column in needed if column not in columns]
    if missing:
        raise DataError(
            f"{name} should have the columns {', '.join(needed)}. Missing: {', '.join(missing)}. "
            f"Received: {', '.join(columns)[:300]}."
        )
    rows = tuple(
        _row(cells, columns, f"Line {line} of {name}", whole_rows) for line, cells in records[1:]
    )
    named = tuple(column for column in columns if column)
    return CsvTable(named, rows, tuple(line for line, _ in records[1:]))


def _content(source: Path | bytes, name: str) -> bytes:
    if isinstance(source, Path):
        try:
            if source.exists() and not source.is_file():
                raise DataError(
                    f"{name} cannot be read: expected a file, received something else. Choose a "
                    "CSV file."
                )
            with source.open("rb") as file:
                source = file.read(LARGEST_BYTES + 1)
        except (OSError, ValueError) as error:
            raise DataError(f"{name} cannot be read: {reason_of(error)}.") from error
    if len(source) > LARGEST_BYTES:
        raise DataError(f"{name} is too large: expected at most {LARGEST_BYTES / 1e6:g} MB.")
    return source


def _decoded(content: bytes, name: str) -> str:
    kind = next((kind for start, kind in _OTHER_FILES.items() if content.startswith(start)), "")
    if kind:
        raise DataError(
            f"{name} is {kind}: expected a CSV table. Open it in a spreadsheet and save it as CSV."
        )
    encodings = ["utf-8-sig", "cp1252"]
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\0" in content[:2]:
        encodings = ["utf-16-be" if content[:1] == b"\0" else "utf-16-le"]
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            if not _NOT_TEXT.search(text):
                return text.removeprefix("\ufeff")
    raise DataError(
        f"{name} cannot be read as a CSV table: it is not text in UTF-8, UTF-16 or Windows-1252. "
        "Save it as CSV UTF-8."
    )


def _start(text: str) -> tuple[int, str]:
    """Return the line that states the separator (0 for none) and the separator."""
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        header = line.strip("\r\n ")
        if stated := _SEPARATOR_LINE.fullmatch(header):
            return number, stated[1]
        if header.strip(BLANKS + SEPARATORS + '"'):
            return 0, max(
                SEPARATORS, key=lambda sign: len(next(csv.reader([header], delimiter=sign), []))
            )
    return 0, SEPARATORS[0]


def _records(text: str, first: int, separator: str) -> list[tuple[int, list[str]]]:
    """Return the cells of each record after a line that has any, with the line of its start."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records, line = [], 1
    for cells in reader:
        stripped = [cell.strip(BLANKS) for cell in cells]
        if any(stripped) and line > first:
            records.append((line, stripped))
        line = reader.line_num + 1
    return records


def _columns(header: list[str], where: str) -> tuple[str, ...]:
    """Return the columns' names; "" for one without a name."""
    columns = tuple(map(column_name, header))
    twice = next((name for name, count in Counter(columns).items() if name and count > 1), "")
    if twice:
        raise DataError(f"{where} names the column {shown(twice)} twice: rename or remove one.")
    return columns


def column_name(cell: str) -> str:
    """Return a column's name as `CsvTable` has it.

    >>> column_name(" Patient ID")
    'patient_id'
    """
    return re.sub(r"[\s_]+", "_", cell.strip(BLANKS + SEPARATORS)).casefold()


def _row(cells: list[str], columns: Sequence[str], where: str, whole_rows: bool) -> dict[str, str]:
    if whole_rows and len(cells) < len(columns):
        raise DataError(f"{where} should have {len(columns)} cells. Received: {len(cells)}.")
    row = list(zip_longest(columns, cells, fillvalue=""))
    for number, (name, cell) in enumerate(row, start=1):
        # A first column without a name holds the row numbers that some programs write.
        if cell and number > 1 and not name:
            raise DataError(
                f"{where} has a value in cell {number}, where the header names no column: "
                f"{shown(cell)}. Put a value with a separator in it into quotation marks."
            )
    return {name: cell for name, cell in row if name}


FORMULA_SIGNS = "=+-@＝＋－＠"  # noqa: RUF001 (spreadsheets take the wide forms, too)
_FORMULA = re.compile(rf"[\t\r\n]|[\s'\"]*[{re.escape(FORMULA_SIGNS)}]")
_VALUE = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
_FIGURE = re.compile(rf"{_VALUE}(?: \({_VALUE} to {_VALUE}\)| \([a-z ]+\))?(?:; p [=<] {_VALUE})?")


def harmless(cell: str) -> str:
    r"""Return a cell's text, behind an apostrophe where a spreadsheet would run it as a formula.

    A number, and a number with its interval and p-value, stays as it is.

    >>> harmless("=1+1.png"), harmless(' "@SUM(A1)'), harmless("-2+3+cmd|' /C calc'!A0")
    ("'=1+1.png", '\' "@SUM(A1)', "'-2+3+cmd|' /C calc'!A0")
    >>> harmless("-0.05"), harmless("-0.05 (-0.10 to +0.01); p = 0.12"), harmless("film.dcm")
    ('-0.05', '-0.05 (-0.10 to +0.01); p = 0.12', 'film.dcm')
    """
    if _FORMULA.match(cell) and not _FIGURE.fullmatch(cell):
        return f"'{cell}"
    return cell
