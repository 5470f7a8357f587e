"""Your own data: a table of films with their lesions, or folders of crops, as prepared crops.

    python -m mammo.prepare --table own.csv --out PREPARED
    python -m mammo.prepare --folders DIR --out PREPARED

A lesion is cut from its film as `mammo.predict` cuts it. The whole table is checked before a film
is read. Unless `partial`, one row that cannot be cut refuses them all, and nothing is written.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

import numpy as np

from mammo.data.csv_table import column_name, read_csv_table, whole_number
from mammo.data.preparation.films import UNRESOLVED, FilmTask, OwnRow
from mammo.data.preparation.notes import CROPS, Notes, check_replaceable
from mammo.data.preparation.run import PrepareSettings, prepare_all
from mammo.data.preparation.tree import files_below, inside, size_of
from mammo.data.splits import test_patients
from mammo.data.table import (
    BOX,
    OPTIONAL,
    REQUIRED,
    SPLITS,
    WHOLE_NUMBERS,
    checked,
    file_in,
    refuse_rows,
)
from mammo.errors import DataError, SettingsError
from mammo.imaging.read import may_be_picture
from mammo.settings import TrainSettings
from mammo.text import SIDE_LETTERS, counted

if TYPE_CHECKING:
    import pandas as pd

OWN = "own"
NEEDED = ("film", "patient", "label")
COLUMNS = {
    "film": "film", "patient": "patient_id", "label": "label", "mask": "mask", "split": "split",
    "laterality": "laterality", "view": "view", "lesion": "abnormality_id",
    **dict(zip(("x", "y", "width", "height"), BOX, strict=True)),
}  # fmt: skip
"""A table's columns and what they become; the descriptors have their names in prepared crops."""
WORDS = {
    "MALIGNANT": ("malignant", "malign", "m", "cancer", "carcinoma", "positive", "pos", "yes",
                  "true"),
    "BENIGN": ("benign", "b", "non-malignant", "not malignant", "non-cancer", "no cancer",
               "negative", "neg", "no", "false"),
    "BENIGN_WITHOUT_CALLBACK": ("benign without callback",),
}  # fmt: skip
"""Spellings of a label besides 1 and 0. N is none of them: in many tables it means normal."""
TEST_SHARE = 0.2


@dataclass(frozen=True)
class OwnSettings:
    """How somebody's own table or folders are read; a SettingsError out of range.

    Parameters
    ----------
    folders : bool, whether the data are folders `benign` and `malignant` of crops, not a table
    films : Path, which the table's paths are relative to; None for the table's own folder
    columns : name of this module's `COLUMNS` -> its name in the table
    words : "MALIGNANT" or "BENIGN" -> further spellings of that label
    test_share : float, 0..1, of the patients to draw for the test split; None for the table's
        column `split`, or without one for 0.2
    seed : int, 0 or more, of the draw
    """

    folders: bool = False
    films: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    test_share: float | None = None
    seed: int = TrainSettings.seed

    def __post_init__(self) -> None:
        if not 0 <= (self.test_share or 0) <= 1 or self.seed < 0:
            raise SettingsError(
                "Expected --test-share from 0 to 1 and --seed of 0 or more. Received: "
                f"{self.test_share} and {self.seed}."
            )

    def pathology(self, label: str) -> str:
        """Return the pathology that a label states in any usual spelling; "" if unknown.

        >>> [OwnSettings().pathology(label) for label in ("1", "Non_malignant", "N", "BENIGN")]
        ['MALIGNANT', 'BENIGN', '', 'BENIGN']
        """
        if (number := whole_number(label, 1)) is not None:
            return "MALIGNANT" if number else "BENIGN"
        for pathology, usual in WORDS.items():
            if _plain(label) in map(_plain, (*self.words.get(pathology, ()), *usual)):
                return pathology
        return ""


def _plain(label: str) -> str:
    return column_name(label.replace("-", " "))


def prepare_own(settings: PrepareSettings, own: OwnSettings, command: str) -> dict[str, Any]:
    """Prepare somebody's own films; return the report that is written beside the crops.

    `settings.data` is the table or the folder. Raises DataError where a row cannot be, a film or a
    mask is missing, a box does not fit its film, or `out` holds other things.
    """
    check_replaceable(settings.out)
    data = settings.data.absolute()  # a cluster's workers stand elsewhere
    table = _crops_in_folders(data, own) if own.folders else _read(data, own)
    table.attrs["name"] = data.name
    table = _checked(table, own, (own.films or (data if own.folders else data.parent)).absolute())
    rows = _rows(table)
    notes = Notes(settings.out, OWN, settings.crop_size, _identity(rows))
    done = prepare_all(settings, rows, _tasks, notes)
    failed = [row for row in rows if done[row.key].origin == UNRESOLVED]
    if failed and (len(failed) == len(rows) or not settings.partial):
        notes.discard()
        first = done[failed[0].key]
        raise DataError(
            f"{len(failed):,} of {counted(len(rows), 'lesion')} cannot be cut. {failed[0].where}: "
            f"{first.detail or first.reason} Nothing was written. Correct the rows, or pass "
            "--partial to leave them out."
        )
    facts = {
        "command": command,
        "layout": "Own data",
        "abnormality": OWN,
        "crop_size": settings.crop_size,
        "patients_in_both_halves": [],
        "count_mismatches": [],
        "missing": [f"{counted(len(failed), 'row')} left out."] if failed else [],
        "remarks": _remarks(table, own),
        "partial": bool(failed),
    }
    return notes.publish(rows, done, facts)


def _read(path: Path, own: OwnSettings) -> "pd.DataFrame":
    """Return the rows of a table as texts, under the names of prepared crops."""
    import pandas as pd

    read = read_csv_table(path)
    yours = {column_name(own.columns.get(name, name)): COLUMNS[name] for name in COLUMNS}
    known = yours | {name: name for name in OPTIONAL if name not in (*BOX, *yours)}
    needed = {COLUMNS[name]: own.columns.get(name, name) for name in (*NEEDED, *own.columns)}
    columns = {name: known[name] for name in read.columns if name in known}
    if missing := [theirs for name, theirs in needed.items() if name not in columns.values()]:
        raise DataError(
            f"{path.name} should have the columns {', '.join(needed.values())}. Missing: "
            f"{', '.join(missing)}. Received: {', '.join(read.columns)[:300]}. If they have other "
            "names, state each, as in --columns film=YOURS."
        )
    rows = [{ours: row[theirs] for theirs, ours in columns.items()} for row in read.rows]
    if not rows:
        raise DataError(f"{path.name} has no rows: expected one row per lesion and view.")
    return pd.DataFrame(rows, dtype="str").assign(line=read.lines)


def _crops_in_folders(folder: Path, own: OwnSettings) -> "pd.DataFrame":
    """Return a row for each picture in folders named by a label; a folder in them is a patient."""
    import pandas as pd

    if not folder.is_dir():
        raise DataError(f"--folders expects a folder. Received: {folder}. Check the path.")
    rows = [
        {
            "film": path.relative_to(folder).as_posix(),
            "patient_id": path.relative_to(label).parts[0] if path.parent != label else path.stem,
            "label": label.name,
        }
        for label in sorted(folder.iterdir())
        if label.is_dir() and own.pathology(label.name)
        for path in files_below(label)
        if may_be_picture(path)
    ]
    if not rows:
        raise DataError(
            "--folders expects cropped lesions in folders named benign and malignant. Received: "
            f"{folder} with {inside(folder)}. Name the folder that holds them."
        )
    return pd.DataFrame(rows, dtype="str").assign(line=range(1, len(rows) + 1))


def _checked(table: "pd.DataFrame", own: OwnSettings, base: Path) -> "pd.DataFrame":
    """Return the rows as those of prepared crops, with their split and the paths of their files.

    What prepared crops are refused for is refused here, before a film is read.
    """
    table["pathology"] = table["label"].map(own.pathology)
    unknown = "has a label that mammo does not know: name its meaning with --benign or --malignant"
    refuse_rows(table, table["pathology"] == "", unknown, "label")
    stems = (re.sub(r"[^\w.-]+", "-", PureWindowsPath(film).stem)[:100] for film in table["film"])
    keys = (f"{stem}_{line}" for stem, line in zip(stems, table["line"], strict=True))
    table["file"] = [f"{CROPS}/{key}.png" for key in keys]
    table["film_series_uid"] = table["film"].str.replace("\\", "/")
    if "laterality" in table:
        sides = {letter: side for side, letter in SIDE_LETTERS.items()}
        table["laterality"] = table["laterality"].str.upper().replace(sides)
    is_split = "split" in table and own.test_share is None
    table = checked(table if is_split else table.drop(columns="split", errors="ignore"))
    for column in ("film", "mask") if "mask" in table else ("film",):
        files = table[column].fillna("")
        paths = np.array([file_in(base, file) if file else "" for file in files])
        absent = (paths == "") & ((files != "") | (column == "film"))
        why = f"names a {column} that is not in {base}: correct it, or name the folder by --films"
        refuse_rows(table, absent, why, column)
        table[f"{column}_path"] = paths
    partly = table[[*BOX]].notna().sum(axis=1).isin((1, 2, 3))
    refuse_rows(table, partly, "has a part of a box: give all of x, y, width and height")
    others = table.groupby("film_path")["patient_id"].transform("nunique") > 1
    refuse_rows(table, others, "names a film that another row has for another patient", "film")
    if not is_split:
        share = TEST_SHARE if own.test_share is None else own.test_share
        patients = table["patient_id"].to_numpy(dtype=object)
        drawn = test_patients(table["label"].to_numpy(), patients, share, own.seed)
        table["split"] = ["test" if patient in drawn else "train" for patient in patients]
    return table


def _rows(table: "pd.DataFrame") -> list[OwnRow]:
    whole = {name: table[name].astype("Int64") for name in WHOLE_NUMBERS}
    cells = table.assign(**whole).astype(object).where(table.notna(), "").to_dict("records")
    return [
        OwnRow(
            row["case_id"],
            row["film_path"],
            row.get("mask_path", ""),
            None if row[BOX[0]] == "" else tuple(row[name] for name in BOX),
            {name: row[name] for name in (*REQUIRED, *OPTIONAL) if name not in BOX},
            f"Row {row['line']} of {table.attrs['name']} ({row['film']})",
        )
        for row in cells
    ]


def _tasks(rows: Sequence[OwnRow]) -> list[FilmTask]:
    """Group rows by film, so that a film with several lesions is read once."""
    by_film: dict[str, list[OwnRow]] = {}
    for row in rows:
        by_film.setdefault(row.film, []).append(row)
    return [
        FilmTask(
            (Path(film),), tuple((row, (Path(row.mask),) if row.mask else ()) for row in lesions)
        )
        for film, lesions in by_film.items()
    ]


def _identity(rows: Sequence[OwnRow]) -> str:
    """Return a digest of all rows and of the sizes of their files."""
    lines = (f"{row} {size_of(Path(row.film))} {size_of(Path(row.mask))}" for row in rows)
    return hashlib.sha256("\n".join(lines).encode(errors="replace")).hexdigest()


def _remarks(table: "pd.DataFrame", own: OwnSettings) -> list[str]:
    """Return how many crops and patients each split has, and what the patients rest on."""
    remarks = [
        f"{split.capitalize()}: {counted(len(crops), 'crop')} of "
        f"{counted(crops['patient_id'].nunique(), 'patient')}, {crops['label'].sum():,} malignant."
        for split in SPLITS
        for crops in [table[table["split"] == split]]
    ]
    if own.folders and table["patient_id"].is_unique:
        remarks.append(
            "Each image counts as a patient of its own. If a patient has several, put them into "
            "a folder of their own: benign/PATIENT/, malignant/PATIENT/."
        )
    return remarks
