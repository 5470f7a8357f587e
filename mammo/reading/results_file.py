"""A reader's results as CSV: written once, read back strictly.

One row a case, by its place in the round; the round's code finds the case, so that a file tells
nobody the truth. No name but a free nickname. A check over the values notices what was changed
after the download; a spreadsheet that saves the same values with another separator passes.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from mammo.artifacts import Manifest
from mammo.data.csv_table import (
    FORMULA_SIGNS,
    as_word,
    decimal_number,
    looks_mangled,
    not_a_number,
    read_csv_table,
    shown,
    whole_number,
)
from mammo.errors import DataError, MammoError
from mammo.reading.plan import LONGEST_PRACTICE, read_code, write_code
from mammo.reading.record import DESCRIPTORS, Reading, Record

DIGITS = 12


def fingerprint(manifest: Manifest) -> str:
    """Name the cases, scores and models that a round is scored with: 12 hexadecimal digits."""
    of_models = product(manifest.models, ("model.onnx", "card.json"))
    names = ["cases.csv", *(f"{model}/{name}" for model, name in of_models)]
    lines = [f"{name} {manifest.files[name].sha256}" for name in sorted(names)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:DIGITS]


LARGEST_BYTES = 100_000
LONGEST_NICKNAME = 30
_CHECK_LENGTH = 12
_LONGEST_SHOWN = 40
_SHARED = ("round", "artifacts", "app_version", "nickname", "resumed", "check")
COLUMNS = (
    "round", "artifacts", "app_version", "nickname", "resumed", "case", "rating", "seconds",
    "rating_after_advice", *DESCRIPTORS, "check", "notice",
)  # fmt: skip
_UNCHECKED = ("check", "notice")
Number = TypeVar("Number", int, float)
_NOT_OURS = "Expected a results file (CSV) downloaded from the reading room."


@dataclass(frozen=True)
class Result:
    """One reader's whole round as a file has it.

    `nickname` is "" where none was given, `artifacts` the fingerprint of the models and cases that
    it was read with.
    """

    record: Record
    nickname: str
    artifacts: str
    app_version: str


def clean_nickname(text: str) -> str:
    r"""Make a nickname fit for a table: one line, printable, no formula, 30 characters at most.

    Examples
    --------
    >>> clean_nickname("  Ada\n "), clean_nickname("=1+1"), clean_nickname("-@Bo")
    ('Ada', '1+1', 'Bo')
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line.lstrip(f"{FORMULA_SIGNS} '\"").strip()[:LONGEST_NICKNAME].strip()


def write_result(result: Result, notice: str) -> bytes:
    """Write a result as CSV, UTF-8; `notice` stands in every row and cannot get lost."""
    rows = _rows(result)
    check = _check(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "check": check, "notice": notice} for row in rows)
    return text.getvalue().encode("utf-8")


def _rows(result: Result) -> list[dict[str, str]]:
    record = result.record
    shared = {
        "round": write_code(record.plan),
        "artifacts": result.artifacts,
        "app_version": result.app_version,
        "nickname": clean_nickname(result.nickname),
        "resumed": str(record.resumed),
    }
    return [
        {
            **shared,
            "case": str(place),
            "rating": str(reading.rating),
            "seconds": f"{reading.seconds:.1f}",
            "rating_after_advice": "" if reading.second is None else str(reading.second),
            **{name: getattr(reading, name) for name in DESCRIPTORS},
        }
        for place, reading in enumerate(record.readings, start=1)
    ]


def _check(rows: Sequence[dict[str, str]]) -> str:
    names = [name for name in COLUMNS if name not in _UNCHECKED]
    lines = ["\x1f".join(row[name] for name in names) for row in rows]
    return hashlib.sha256("\x1e".join(lines).encode()).hexdigest()[:_CHECK_LENGTH]


def read_result(content: bytes) -> Result:
    """Read a result, and refuse what is not one as mammo wrote it."""
    if len(content) > LARGEST_BYTES:
        raise DataError(
            f"A results file has at most {LARGEST_BYTES // 1000} kB. Received: "
            f"{len(content) / 1000:,.0f} kB. Choose the CSV file downloaded from the reading room."
        )
    rows = _table(content)
    first = rows[0]
    for row in rows:
        changed = next((name for name in _SHARED if row[name] != first[name]), None)
        if changed:
            raise DataError(
                f"Line {row['line']} has another {changed} ({shown(row[changed])}) than line "
                f"{first['line']} ({shown(first[changed])}): expected one reader and one round "
                "per file."
            )
    nickname = clean_nickname(first["nickname"])
    result = Result(_record(rows), nickname, first["artifacts"], first["app_version"])
    # A spreadsheet drops zeros at the start of a check that has digits only.
    if _check(_rows(result)) != first["check"].casefold().zfill(_CHECK_LENGTH):
        names = ", ".join(n for n in (*_SHARED, *DESCRIPTORS) if looks_mangled(first[n]))
        mangled = f" A spreadsheet program seems to have changed {names} into a date or a number."
        raise DataError(
            "This file was changed after mammo wrote it: its values do not match the check "
            f"{first['check'][:20]!r} in the file.{mangled if names else ''} Use the file as "
            "it was downloaded."
        )
    return result


def _table(content: bytes) -> list[dict[str, str]]:
    try:
        table = read_csv_table(content, "the results file", whole_rows=True)
    except DataError as error:
        raise DataError(f"{_NOT_OURS} {error}") from error
    absent = [name for name in COLUMNS if name not in table.columns]
    if absent:
        received = ", ".join(table.columns)[:60]
        raise DataError(f"{_NOT_OURS} Missing: {', '.join(absent)}. Received: {received}.")
    if not 1 <= len(table.rows) <= LONGEST_PRACTICE:
        raise DataError(
            f"A results file has 1 to {LONGEST_PRACTICE} rows. Received: {len(table.rows)}."
        )
    return [{**row, "line": str(line)} for line, row in zip(table.lines, table.rows, strict=True)]


def _record(rows: Sequence[dict[str, str]]) -> Record:
    plan = read_code(rows[0]["round"])
    places = [row["case"] for row in rows]
    if [whole_number(place, LONGEST_PRACTICE) for place in places] != list(range(1, plan.n + 1)):
        raise DataError(
            f"The round {write_code(plan)} has the cases 1 to {plan.n}, each once and in order. "
            f"Received {len(rows)} rows: {', '.join(place[:20] for place in places[:8])}"
            + (" and so on." if len(places) > 8 else ".")
        )
    readings = tuple(_reading(row) for row in rows)
    return Record(plan, readings, _whole(rows[0], "resumed", 255))


def _reading(row: dict[str, str]) -> Reading:
    try:
        after = row["rating_after_advice"]
        return Reading(
            _whole(row, "rating", 100),
            _number(row, "seconds", "seconds such as 12.5", decimal_number(row["seconds"])),
            None if after == "" else _whole(row, "rating_after_advice", 100),
            **{name: _described(row[name], DESCRIPTORS[name]) for name in DESCRIPTORS},
        )
    except MammoError as error:
        raise DataError(f"Case {row['case']}: {error}") from error


def _described(text: str, options: Sequence[str]) -> str:
    number = whole_number(text, 9)
    return as_word(text if number is None else str(number), options)[:_LONGEST_SHOWN]


def _number(row: dict[str, str], name: str, expected: str, number: Number | None) -> Number:
    if number is None:
        raise DataError(
            f"expected {expected} in {name}, received {row[name][:20]!r}{not_a_number(row[name])}. "
            "Rate every case, and leave the file as it was downloaded."
        )
    return number


def _whole(row: dict[str, str], name: str, most: int) -> int:
    return _number(row, name, f"a whole number from 0 to {most}", whole_number(row[name], most))
