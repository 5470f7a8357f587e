"""What a preparation leaves beside the crops: `index.csv` to train on, `report.json` to read."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    lines = (
        (row.key, row.split, row.abnormality_type, lacking) for row, lacking in missing.items()
    )
    _write_table(
        path, MISSING_COLUMNS, (dict(zip(MISSING_COLUMNS, line, strict=True)) for line in lines)
    )


def missing_in_words(missing: Mapping[CaseRow, str], rows: Sequence[CaseRow]) -> list[str]:
    """Return a sentence per split and kind on how many of its rows lack which pictures."""
    sentences = []
    of_parts = Counter((row.abnormality_type, row.split) for row in rows)
    for (kind, split), number in of_parts.items():
        lacking = Counter(
            what
            for row, what in missing.items()
            if (row.abnormality_type, row.split) == (kind, split)
        )
        if lacking:
            counts = ", ".join(f"{what}: {count:,}" for what, count in lacking.most_common())
            sentences.append(
                f"{lacking.total():,} of {number:,} {kind} rows of split {split} lack pictures "
                f"({counts})."
            )
    return sentences


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    written = path.with_suffix(".tmp")
    with written.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
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
    origins = Counter(done[row.key].origin for row in rows)
    report = {
        **head,
        "lesions": {name: origins.get(name, 0) for name in (WINDOW, PROVIDED, UNRESOLVED)},
        "provided_crops": [_entry(done[row.key]) for row in rows if _is(done, row, PROVIDED)],
        "unresolved": [_entry(done[row.key]) for row in rows if _is(done, row, UNRESOLVED)],
        "notes": [
            _entry(done[row.key]) for row in rows if _is(done, row, WINDOW) and done[row.key].reason
        ],
    }
    written = path.with_suffix(".tmp")
    written.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    written.replace(path)
    return report


def _is(done: Mapping[str, PreparedLesion], row: CaseRow, origin: str) -> bool:
    return done[row.key].origin == origin


def _entry(lesion: PreparedLesion) -> dict[str, str]:
    return {"lesion": lesion.key, "reason": lesion.reason, "detail": lesion.detail}


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
