"""Read a CSV table as any spreadsheet of any locale saves it: one reader for every table.

    table = read_csv_table(folder / "index.csv")
    table.rows[0]["patient_id"], table.lines[0]

Separators comma, semicolon, tab and bar; UTF-8, UTF-16 and Windows-1252; any line ends. Cells stay
texts; `decimal_number` and `whole_number` read numbers with a decimal point or a decimal comma.
"""

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mammo.data.cells import BLANKS, shown
from mammo.errors import DataError

LARGEST_BYTES = 64_000_000
"""The largest published table, `dicom_info.csv`, has about 8 MB."""
MOST_CELLS = 10_000_000
"""A header of many columns multiplies even short rows."""
SEPARATORS = ",;\t|"

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
    largest_bytes: int = LARGEST_BYTES,
    whole_rows: bool = False,
) -> CsvTable:
    r"""Read a table from a file or from its bytes.

    Parameters
    ----------
    source : path or bytes
    name : str, what to call the table in an error; by default the path
    needed : names of columns that must be there
    largest_bytes : int, bound of what is read
    whole_rows : bool, True to refuse a row with fewer cells than the header; a spreadsheet may
        leave out empty cells at the end of a row

    Returns
    -------
    CsvTable

    Raises
    ------
    DataError
        The file cannot be read, is larger, is no text, has no header, lacks a needed column, or
        a row does not fit its header; the sentence names the line.

    Examples
    --------
    >>> table = read_csv_table(b"File;Patient id;;\n a.png ;P_1;;\n;;;\nb.png;P_2;;\n")
    >>> table.columns, table.rows[1], table.lines
    (('file', 'patient_id'), {'file': 'b.png', 'patient_id': 'P_2'}, (2, 4))
    """
    name = name or (str(source) if isinstance(source, Path) else "The table")
    text = _decoded(_content(source, name, largest_bytes), name)
    try:
        first, separator = _start(text)
        records = _records(text, separator)
    except csv.Error as error:
        raise DataError(
            f"{name} cannot be read as a CSV table: {error}. Check the quotation marks."
        ) from error
    records = [(line, cells) for line, cells in records if line > first]
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


def _content(source: Path | bytes, name: str, largest_bytes: int) -> bytes:
    if isinstance(source, Path):
        try:
            if source.exists() and not source.is_file():
                raise DataError(f"{name} cannot be read: expected a file, received another thing.")
            with source.open("rb") as file:
                source = file.read(largest_bytes + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"{name} cannot be read: {reason}.") from error
    if len(source) > largest_bytes:
        raise DataError(f"{name} is too large: expected at most {largest_bytes / 1e6:g} MB.")
    return source


def _decoded(content: bytes, name: str) -> str:
    kind = next((kind for start, kind in _OTHER_FILES.items() if content.startswith(start)), "")
    if kind:
        raise DataError(
            f"{name} is {kind}: expected a CSV table. Open it in a spreadsheet and save it as CSV."
        )
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _NOT_TEXT.search(text):
            return text.removeprefix("\ufeff")
    raise DataError(
        f"{name} cannot be read as a CSV table: it is no text in UTF-8, UTF-16 or Windows-1252. "
        "Save it as CSV UTF-8."
    )


def _encodings(content: bytes) -> tuple[str, ...]:
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return ("utf-16",)
    if b"\0" in content[:2]:
        return ("utf-16-be" if content[:1] == b"\0" else "utf-16-le",)
    return ("utf-8-sig", "cp1252")


def _start(text: str) -> tuple[int, str]:
    """Return the line that states the separator (0 for none) and the separator."""
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        header = line.strip("\r\n ")
        stated = _SEPARATOR_LINE.fullmatch(header)
        if stated:
            return number, stated[1]
        if header.strip(BLANKS + SEPARATORS + '"'):
            return 0, max(SEPARATORS, key=lambda sign: _cell_count(header, sign))
    return 0, SEPARATORS[0]


def _cell_count(header: str, separator: str) -> int:
    return len(next(csv.reader([header], delimiter=separator), []))


def _records(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Return the cells of each record that has any, with the line on which it starts."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records, line = [], 1
    for cells in reader:
        stripped = [cell.strip(BLANKS) for cell in cells]
        if any(stripped):
            records.append((line, stripped))
        line = reader.line_num + 1
    return records


def _columns(header: list[str], where: str) -> tuple[str, ...]:
    """Return the columns' names; "" for one without a name."""
    columns = tuple(
        re.sub(r"[\s_]+", "_", cell.strip(BLANKS + SEPARATORS)).casefold() for cell in header
    )
    twice = next((name for name, count in Counter(columns).items() if name and count > 1), "")
    if twice:
        raise DataError(f"{where} names the column {shown(twice)} twice: rename or remove one.")
    return columns


def _row(cells: list[str], columns: Sequence[str], where: str, whole_rows: bool) -> dict[str, str]:
    if whole_rows and len(cells) < len(columns):
        raise DataError(f"{where} should have {len(columns)} cells. Received: {len(cells)}.")
    padded = cells + [""] * (len(columns) - len(cells))
    for number, cell in enumerate(padded, start=1):
        # A first column without a name holds the row numbers that some programs write.
        if cell and number > 1 and not (number <= len(columns) and columns[number - 1]):
            raise DataError(
                f"{where} has a value in cell {number}, where the header names no column: "
                f"{shown(cell)}. Put a value with a separator in it into quotation marks."
            )
    return {name: cell for name, cell in zip(columns, padded, strict=False) if name}
