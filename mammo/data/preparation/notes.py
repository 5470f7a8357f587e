"""What a preparation leaves: crops, `index.csv` to train on, `report.json` to read, and its notes.

While it runs, its crops and a line per row are in `.prepare/`. The first line of `rows.jsonl`
states what the crops are cut for and from: lesions, size, download. A run that shares it goes on;
any other begins anew, so that no folder mixes the crops of two. Only a whole preparation leaves
`.prepare/` and replaces an older one, which stays usable until then.
"""

import csv
import hashlib
import io
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mammo.data.csv_table import read_csv_table
from mammo.data.preparation.case_files import CaseRow
from mammo.data.preparation.films import PROVIDED, UNRESOLVED, WINDOW, OwnRow, PreparedLesion
from mammo.data.table import BOX, WINDOW_COLUMNS
from mammo.errors import DataError
from mammo.files import is_junk, write_whole

INDEX, REPORT, CROPS = "index.csv", "report.json", "crops"
MISSING = "missing.csv"
MISSING_COLUMNS = ("lesion", "split", "abnormality_type", "missing")

COLUMNS = (
    "file", "split", "patient_id", "laterality", "view", "abnormality_id", "abnormality_type",
    "breast_density", "mass_shape", "mass_margins", "calc_type", "calc_distribution", "assessment",
    "pathology", "subtlety", "film_series_uid", "origin", *BOX, *WINDOW_COLUMNS,
)  # fmt: skip
NOTES = ".prepare"


def write_missing(path: Path, missing: Mapping[CaseRow, str]) -> None:
    """Write the list of rows that lack pictures, each with what it lacks; none removes the list."""
    if path.exists() and not path.read_bytes().startswith(",".join(MISSING_COLUMNS).encode()):
        raise DataError(f"{path} was not written by a preparation. Move it away.")
    if not missing:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ((row.key, row.split, row.abnormality_type, what) for row, what in missing.items())
    write_whole(path, _as_csv(MISSING_COLUMNS, lines))


def missing_in_words(missing: Mapping[CaseRow, str], rows: Sequence[CaseRow]) -> list[str]:
    """Return a sentence per split and kind on how many of its rows lack which pictures."""
    sentences = []
    for (kind, split), number in Counter((r.abnormality_type, r.split) for r in rows).items():
        counts = Counter(
            what for r, what in missing.items() if (r.abnormality_type, r.split) == (kind, split)
        )
        if counts:
            whats = ", ".join(f"{what}: {count:,}" for what, count in counts.most_common())
            sentences.append(
                f"{counts.total():,} of {number:,} {kind} rows of split {split} lack images "
                f"({whats})."
            )
    return sentences


def _as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue().encode()


def _index_row(row: CaseRow | OwnRow, lesion: PreparedLesion) -> list[object]:
    recorded = row.cells if isinstance(row, OwnRow) else {"film_series_uid": row.film_series}
    values = {
        **asdict(row),
        **recorded,
        "file": f"crops/{row.key}.png",
        "origin": lesion.origin,
        **dict(zip(BOX, lesion.box, strict=False)),
        **dict(zip(WINDOW_COLUMNS, lesion.window, strict=False)),
    }
    return [values.get(name, "") for name in COLUMNS]


def is_whole(report: Mapping[str, Any]) -> bool:
    """Return whether every row has a crop and no file of them was unreadable."""
    return not report["unresolved"] and not any(
        "unreadable" in entry["reason"] for entry in report["provided_crops"]
    )


def report_in_words(report: Mapping[str, Any]) -> str:
    """Return on a few lines what a preparation used, and what it could not."""
    lesions = report["lesions"]
    lines = [
        f"{report['layout']}: {lesions[WINDOW]:,} lesions cut from their mammograms, "
        f"{lesions[PROVIDED]:,} taken from the crops provided, {lesions[UNRESOLVED]:,} unresolved."
    ]
    if report["patients_in_both_halves"]:
        lines.append(
            f"{len(report['patients_in_both_halves'])} patients are in training for one kind of "
            f"lesion and in test for the other: their {report['rows_dropped_for_them']} training "
            "rows were dropped."
        )
    lines += [f"Not the official counts: {sentence}" for sentence in report["count_mismatches"]]
    for title, entries in (
        ("Provided crop", report["provided_crops"]),
        ("Unresolved", report["unresolved"]),
        ("Cut from the mammogram with a note", report["notes"]),
    ):
        reasons = Counter(entry["reason"] for entry in entries)
        lines += [f"{title}: {n:,} ({reason})." for reason, n in reasons.most_common()]
    return "\n".join([*lines, *report["missing"], *report.get("remarks", ())])


class Notes:
    """Keep crops and what became of each row, so that a killed run goes on."""

    def __init__(self, out: Path, abnormality: str, crop_size: int, download: str) -> None:
        self._out, self._folder = out, out / NOTES
        self._crops, self._rows = self._folder / CROPS, self._folder / "rows.jsonl"
        self._run = {"abnormality": abnormality, "crop_size": crop_size, "download": download}

    def read(self) -> dict[str, PreparedLesion]:
        """Return the windows that an earlier run cut, by key."""
        if (self._folder / INDEX).is_file() and not self._crops.is_dir():
            (self._out / CROPS).rename(self._crops)  # killed within `publish`
        text = self._rows.read_text("utf-8", errors="replace") if self._rows.is_file() else ""
        head, *lines = text.split("\n")
        goes_on = head == json.dumps(self._run)
        if text and not goes_on:  # an earlier run's crops, of something else
            shutil.rmtree(self._crops, ignore_errors=True)
        self._crops.mkdir(parents=True, exist_ok=True)
        if not goes_on:
            self._rows.write_text(json.dumps(self._run) + "\n", encoding="utf-8")
            return {}
        if not text.endswith("\n"):  # killed within a line
            self._append("")
        return {
            lesion.key: lesion
            for lesion in map(_lesion, lines)
            if lesion and lesion.origin == WINDOW and self._crop(lesion.key).is_file()
        }

    def write(self, lesion: PreparedLesion) -> PreparedLesion:
        """Write the crop, then the line; return the lesion without its pixels."""
        if lesion.png:
            self._crop(lesion.key).write_bytes(lesion.png)
        fields = asdict(lesion)
        del fields["png"]
        self._append(json.dumps(fields))
        return replace(lesion, png=b"")

    def publish(
        self,
        rows: Sequence[CaseRow] | Sequence[OwnRow],
        done: Mapping[str, PreparedLesion],
        facts: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Write index and report, put all in the place of an older preparation; return the report.

        The report holds the facts, how many rows became what, and each that is unusual.
        """
        of: dict[str, list[PreparedLesion]] = {WINDOW: [], PROVIDED: [], UNRESOLVED: []}
        for row in rows:
            of[done[row.key].origin].append(done[row.key])
        crops = [row for row in rows if done[row.key].origin != UNRESOLVED]
        index = _as_csv(COLUMNS, (_index_row(row, done[row.key]) for row in crops))
        report = {
            **facts,
            "index_sha256": hashlib.sha256(index).hexdigest(),
            "lesions": {origin: len(lesions) for origin, lesions in of.items()},
            "provided_crops": _entries(of[PROVIDED]),
            "unresolved": _entries(of[UNRESOLVED]),
            "notes": _entries(lesion for lesion in of[WINDOW] if lesion.reason),
        }
        write_whole(self._folder / INDEX, index)
        write_whole(self._folder / REPORT, (json.dumps(report, indent=1) + "\n").encode())
        self._replace_older()
        return report

    def discard(self) -> None:
        """Remove what this run wrote, and the folder where nothing else is in it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(OSError):
            self._out.rmdir()

    def _replace_older(self) -> None:
        old = self._folder / "old"
        shutil.rmtree(old, ignore_errors=True)
        old.mkdir()
        present = [name for name in (INDEX, REPORT, CROPS) if (self._out / name).exists()]
        moves = [(self._out / name, old / name) for name in present]
        moves += [(self._folder / name, self._out / name) for name in (CROPS, REPORT, INDEX)]
        done: list[tuple[Path, Path]] = []
        try:
            for source, target in moves:
                source.rename(target)
                done.append((source, target))
        except OSError:
            for source, target in reversed(done):
                target.rename(source)
            raise
        shutil.rmtree(self._folder, ignore_errors=True)

    def _append(self, line: str) -> None:
        with self._rows.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _crop(self, key: str) -> Path:
        return self._crops / f"{key}.png"


def _entries(lesions: Iterable[PreparedLesion]) -> list[dict[str, str]]:
    return [
        {"lesion": lesion.key, "reason": lesion.reason, "detail": lesion.detail}
        for lesion in lesions
    ]


def _lesion(line: str) -> PreparedLesion | None:
    """Return the lesion of a line; None where the line is damaged."""
    try:
        fields = json.loads(line)
        tuples = {name: tuple(fields[name]) for name in ("box", "window")}
        return PreparedLesion(**{**fields, **tuples})
    except (ValueError, KeyError, TypeError):
        return None


def read_report(folder: Path) -> dict[str, Any]:
    """Return the report of a preparation; empty where there is none."""
    try:
        report = json.loads((folder / REPORT).read_bytes())
    except (OSError, ValueError):
        return {}
    known = isinstance(report, dict) and {"lesions", "abnormality"} <= report.keys()
    return report if known else {}


def check_replaceable(out: Path) -> None:
    """Refuse a folder in which a preparation would replace what no preparation wrote."""
    if out.exists() and not out.is_dir():
        raise DataError(f"--out expects a folder. Received: {out}, which is a file. Name a folder.")
    if (out / NOTES / INDEX).is_file():
        return  # killed while it replaced an older preparation
    if foreign := next(_foreign(out), None):
        raise DataError(
            f"{foreign} was not written by a preparation, or was changed since, so it is not "
            "replaced. Name another folder with --out, or move this one away."
        )


def _foreign(out: Path) -> Iterator[Path]:
    """Yield what a preparation would replace and that none wrote."""
    index, crops, report = out / INDEX, out / CROPS, read_report(out)
    names = set[str]()
    if not report and (out / REPORT).exists():
        yield out / REPORT
    if index.exists():
        try:
            table = read_csv_table(index)
            digest = hashlib.sha256(index.read_bytes()).hexdigest()
        except (DataError, OSError):
            yield index
            return
        # An older preparation noted no checksum.
        if table.columns != COLUMNS or not report or report.get("index_sha256", digest) != digest:
            yield index
        names = {Path(row.get("file", "")).name for row in table.rows}
    if crops.exists() and not crops.is_dir():
        yield crops
    for path in sorted(crops.iterdir()) if crops.is_dir() else ():
        if path.name not in names and not path.name.startswith(".") and not is_junk(path):
            yield path
