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
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mammo.data.preparation.case_files import CaseRow
from mammo.data.preparation.films import PROVIDED, UNRESOLVED, WINDOW, PreparedLesion
from mammo.data.table import BOX, WINDOW_COLUMNS
from mammo.errors import DataError

INDEX, REPORT, CROPS = "index.csv", "report.json", "crops"
MISSING = "missing.csv"
MISSING_COLUMNS = ("lesion", "split", "abnormality_type", "missing")

COLUMNS = (
    "file", "split", "patient_id", "laterality", "view", "abnormality_id", "abnormality_type",
    "breast_density", "mass_shape", "mass_margins", "calc_type", "calc_distribution", "assessment",
    "pathology", "subtlety", "film_series_uid", "origin", *BOX, *WINDOW_COLUMNS,
)  # fmt: skip


NOTES = ".prepare"
JUNK = ("thumbs.db", "desktop.ini")
"""What an operating system leaves in a folder, besides hidden files; it counts for nobody's."""


def write_index(path: Path, rows: Sequence[CaseRow], done: Mapping[str, PreparedLesion]) -> None:
    """Write `index.csv`, one row per crop, in the order of the case files."""
    _write_table(path, COLUMNS, (_index_row(row, done[row.key]) for row in rows))


def write_missing(path: Path, missing: Mapping[CaseRow, str]) -> None:
    """Write the list of rows that lack pictures, each with what it lacks; none removes the list."""
    if path.exists() and not path.read_bytes().startswith(",".join(MISSING_COLUMNS).encode()):
        raise DataError(f"{path} was not written by a preparation. Move it away.")
    if not missing:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ((row.key, row.split, row.abnormality_type, what) for row, what in missing.items())
    _write_table(path, MISSING_COLUMNS, (dict(zip(MISSING_COLUMNS, x, strict=True)) for x in lines))


def missing_in_words(missing: Mapping[CaseRow, str], rows: Sequence[CaseRow]) -> list[str]:
    """Return a sentence per split and kind on how many of its rows lack which pictures."""
    sentences = []
    of_parts = Counter((row.abnormality_type, row.split) for row in rows)
    lacking = Counter((row.abnormality_type, row.split, what) for row, what in missing.items())
    for (kind, split), number in of_parts.items():
        counts = {what: n for (*part, what), n in lacking.most_common() if part == [kind, split]}
        if counts:
            sentences.append(
                f"{sum(counts.values()):,} of {number:,} {kind} rows of split {split} lack "
                f"pictures ({', '.join(f'{what}: {count:,}' for what, count in counts.items())})."
            )
    return sentences


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _write(path, text.getvalue().encode())


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    written = path.with_suffix(".tmp")
    written.write_bytes(content)
    written.replace(path)


def _index_row(row: CaseRow, lesion: PreparedLesion) -> dict[str, object]:
    taken = {name: getattr(row, name) for name in COLUMNS if hasattr(row, name)}
    return {
        **taken,
        "file": f"crops/{row.key}.png",
        "film_series_uid": row.film_series,
        "origin": lesion.origin,
        **dict(zip(BOX, lesion.box, strict=False)),
        **dict(zip(WINDOW_COLUMNS, lesion.window, strict=False)),
    }


def write_report(
    path: Path,
    head: Mapping[str, Any],
    rows: Sequence[CaseRow],
    done: Mapping[str, PreparedLesion],
) -> dict[str, Any]:
    """Write and return the report: how many rows became what, and each that is unusual."""
    of: dict[str, list[PreparedLesion]] = {WINDOW: [], PROVIDED: [], UNRESOLVED: []}
    for row in rows:
        of[done[row.key].origin].append(done[row.key])
    report = {
        **head,
        "lesions": {origin: len(lesions) for origin, lesions in of.items()},
        "provided_crops": _entries(of[PROVIDED]),
        "unresolved": _entries(of[UNRESOLVED]),
        "notes": _entries(lesion for lesion in of[WINDOW] if lesion.reason),
    }
    _write(path, (json.dumps(report, indent=1) + "\n").encode())
    return report


def _entries(lesions: Iterable[PreparedLesion]) -> list[dict[str, str]]:
    return [
        {"lesion": lesion.key, "reason": lesion.reason, "detail": lesion.detail}
        for lesion in lesions
    ]


def is_whole(report: Mapping[str, Any]) -> bool:
    """Return whether every row has a crop and no file of them was unreadable."""
    return not report["unresolved"] and not any(
        "unreadable" in entry["reason"] for entry in report["provided_crops"]
    )


def report_in_words(report: Mapping[str, Any]) -> str:
    """Say on a few lines what a preparation used, and what it could not."""
    lesions = report["lesions"]
    lines = [
        f"{report['layout']}: {lesions[WINDOW]:,} lesions cut from their films, "
        f"{lesions[PROVIDED]:,} taken from the crops provided, {lesions[UNRESOLVED]:,} unresolved."
    ]
    if report["patients_in_both_halves"]:
        lines.append(
            f"{len(report['patients_in_both_halves'])} patients stand in training for one kind of "
            f"lesion and in test for the other: their {report['rows_dropped_for_them']} training "
            "rows were dropped."
        )
    lines += [f"Not the official counts: {sentence}" for sentence in report["count_mismatches"]]
    for title, entries in (
        ("Provided crop", report["provided_crops"]),
        ("Unresolved", report["unresolved"]),
        ("Cut from the film with a note", report["notes"]),
    ):
        reasons = Counter(entry["reason"] for entry in entries)
        lines += [f"{title}: {n:,} ({reason})." for reason, n in reasons.most_common()]
    lines += report["missing"]
    return "\n".join(lines)


class Notes:
    """Keep crops and what became of each row, so that a killed run goes on."""

    def __init__(self, out: Path, abnormality: str, crop_size: int, download: str) -> None:
        self.download = download
        self.folder = out / NOTES
        self._out = out
        self._path = self.folder / "rows.jsonl"
        self._crops, self._old = self.folder / CROPS, self.folder / "old"
        self._head = json.dumps(
            {"abnormality": abnormality, "crop_size": crop_size, "download": download}
        )

    def read(self) -> dict[str, PreparedLesion]:
        """Return the windows that an earlier run cut, by key."""
        if (self.folder / INDEX).is_file() and not self._crops.is_dir():
            (self._out / CROPS).rename(self._crops)  # killed within `publish`
        text = self._path.read_text("utf-8", errors="replace") if self._path.is_file() else ""
        head, *lines = text.split("\n")
        if head != self._head:
            self._begin()
            return {}
        if lines and lines[-1]:
            self._path.write_text("\n".join([head, *lines[:-1]]) + "\n", encoding="utf-8")
        lesions = [lesion for line in lines[:-1] if (lesion := _lesion(line))]
        return {
            lesion.key: lesion
            for lesion in lesions
            if lesion.origin == WINDOW and self._crop(lesion.key).is_file()
        }

    def write(self, lesion: PreparedLesion) -> PreparedLesion:
        """Write the crop, then the line; return the lesion without its pixels."""
        if lesion.png:
            _write(self._crop(lesion.key), lesion.png)
        light = replace(lesion, png=b"")
        fields = {name: value for name, value in asdict(light).items() if name != "png"}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(fields) + "\n")
        return light

    def publish(self) -> None:
        """Put a whole preparation in the place of an older one and remove the notes."""
        shutil.rmtree(self._old, ignore_errors=True)
        self._old.mkdir()
        moves = [
            (self._out / name, self._old / name)
            for name in (INDEX, REPORT, CROPS)
            if (self._out / name).exists()
        ]
        moves += [(self.folder / name, self._out / name) for name in (CROPS, REPORT, INDEX)]
        done: list[tuple[Path, Path]] = []
        try:
            for source, target in moves:
                source.rename(target)
                done.append((source, target))
        except OSError:
            for source, target in reversed(done):
                target.rename(source)
            raise
        shutil.rmtree(self._old, ignore_errors=True)
        self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _begin(self) -> None:
        if self._path.is_file():  # an earlier run's crops, of something else
            shutil.rmtree(self._crops, ignore_errors=True)
        self._crops.mkdir(parents=True, exist_ok=True)
        self._path.write_text(self._head + "\n", encoding="utf-8")

    def _crop(self, key: str) -> Path:
        return self._crops / f"{key}.png"


def _lesion(line: str) -> PreparedLesion | None:
    """Return the lesion of a line; None where the line is damaged."""
    try:
        fields = json.loads(line)
        return PreparedLesion(
            fields["key"], fields["origin"], fields["reason"], fields["detail"],
            tuple(fields["box"]), tuple(fields["window"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        return None


def check_replaceable(out: Path) -> None:
    """Refuse a folder in which a preparation would replace what no preparation wrote."""
    if out.exists() and not out.is_dir():
        raise DataError(f"--out should name a folder. Received: the file {out}. Name another.")
    if (out / NOTES / INDEX).is_file():
        return  # killed while it replaced an older preparation
    foreign = _foreign(out)
    if foreign:
        raise DataError(
            f"{foreign} was not written by a preparation, or was changed since, so it is not "
            "replaced. Name another folder with --out, or move this one away."
        )


def _foreign(out: Path) -> Path | None:
    """Return the first file that a preparation would replace and that none wrote."""
    index, report, crops = (out / name for name in (INDEX, REPORT, CROPS))
    try:
        written = json.loads(report.read_bytes()) if report.exists() else {}
        known = isinstance(written, dict) and {"lesions", "abnormality"} <= written.keys()
    except (OSError, ValueError):
        known = False
    if report.exists() and not known:
        return report
    names: set[str] = set()
    if index.exists():
        try:
            content = index.read_bytes()
            rows = csv.reader(content.decode().splitlines())
            header = next(rows, [])
            names = {Path(row[0]).name for row in rows if row}
        except (OSError, ValueError, csv.Error):
            return index
        digest = written.get("index_sha256") if known else None
        if not report.exists() or tuple(header) != COLUMNS:
            return index
        if digest not in (None, hashlib.sha256(content).hexdigest()):
            return index
    if not crops.exists():
        return None
    if not crops.is_dir():
        return crops
    others = (path for path in sorted(crops.iterdir()) if path.name not in names)
    return next((path for path in others if not _is_junk(path)), None)


def _is_junk(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in JUNK
