"""The table of all cases with each model's scores, and the training curves, as the pages read them.

`cases.csv` holds one row a crop: its ids, split, label and descriptors from the CBIS-DDSM case
table, then for each model `<model>_score` (flip-averaged, uncalibrated), `<model>_p` (calibrated)
and `<model>_fold`. Training rows carry out-of-fold scores; test rows carry no fold.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mammo.artifacts.document import MARKUP, RETRAIN
from mammo.artifacts.manifest import artifacts_folder, load_manifest, read_files, require_model
from mammo.data.csv_table import read_csv_table
from mammo.errors import ArtifactError, DataError

if TYPE_CHECKING:
    import pandas

CASES_NAME = "cases.csv"
CASE_COLUMNS = (
    "case_id",
    "split",
    "patient_id",
    "laterality",
    "view",
    "abnormality_id",
    "abnormality_type",
    "breast_density",
    "mass_shape",
    "mass_margins",
    "assessment",
    "pathology",
    "subtlety",
    "published_split",
    "label",
    "lesion_id",
)
NUMBER_COLUMNS = ("abnormality_id", "breast_density", "assessment", "subtlety", "label")
MODEL_COLUMNS = ("score", "p", "fold")
MISSING = ("", "NaN", "nan")
TEXTS = ("fold", "stage")
"""Columns of the training curves that hold no number."""


def load_cases(folder: Path | None = None) -> "pandas.DataFrame":
    """Read the verified `cases.csv`, one row a crop, in the order of the file.

    Returns
    -------
    DataFrame
        Texts as str, missing descriptors as NaN; `breast_density`, `assessment`, `subtlety`,
        `abnormality_id`, `label` (0 benign, 1 malignant) as Int64; `<model>_score` and
        `<model>_p` as float64 in 0..1; `<model>_fold` as Int64, missing in test rows.

    Raises
    ------
    ArtifactError
        The artifacts do not verify, or a column is missing, a case doubled or a value out of range.
    """
    folder = artifacts_folder() if folder is None else Path(folder)
    models = load_manifest(folder).models
    return parse_cases(read_files([CASES_NAME], folder)[CASES_NAME], folder / CASES_NAME, models)


def load_history(model: str, folder: Path | None = None) -> "pandas.DataFrame":
    """Read the verified training curves of a model, one row an epoch.

    Raises
    ------
    ArtifactError
        The artifacts do not verify, or the model is not among them.
    """
    import pandas

    folder = artifacts_folder() if folder is None else Path(folder)
    require_model(model, load_manifest(folder), folder)
    name = f"{model}/history.csv"
    content = read_files([name], folder)[name]
    table = pandas.DataFrame(read_rows(content, folder / name))
    try:
        for column in table.columns.difference([*TEXTS]):
            table[column] = pandas.to_numeric(table[column])
    except ValueError as error:
        raise ArtifactError(f"{folder / name} is no table ({error}). {RETRAIN}") from error
    return table


def parse_cases(content: bytes, path: Path, models: Sequence[str]) -> "pandas.DataFrame":
    """Parse and check the bytes of a `cases.csv` that should hold the scores of `models`."""
    import pandas

    rows = read_rows(content, path)
    _check_rows(rows, path, models)
    table = pandas.DataFrame(rows, dtype="str")
    for name in table.columns:
        table[name] = table[name].mask(table[name].isin(MISSING))
    for name in (*NUMBER_COLUMNS, *(f"{model}_fold" for model in models)):
        table[name] = table[name].astype("Int64")
    for name in (f"{model}_{kind}" for model in models for kind in ("score", "p")):
        # Not by read_csv, which in some versions of pandas loses the last digit.
        table[name] = [float(row[name] or "nan") for row in rows]
    return table


def read_rows(content: bytes, path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file as texts.

    Raises
    ------
    ArtifactError
        The content is no table, has no row, or a row of another length than the header.
    """
    try:
        rows = list(read_csv_table(content, str(path), whole_rows=True).rows)
    except DataError as error:
        raise ArtifactError(f"{error} {RETRAIN}") from error
    if not rows:
        raise ArtifactError(f"{path} holds no row. {RETRAIN}")
    return rows


def merge_columns(
    rows: Sequence[Mapping[str, str]], older: Sequence[Mapping[str, str]], models: Sequence[str]
) -> list[dict[str, str]]:
    """Add the columns of `models` from `older` rows to `rows`, case by case, as texts unchanged."""
    columns = [f"{model}_{kind}" for model in models for kind in MODEL_COLUMNS]
    by_case = {row["case_id"]: row for row in older}
    if by_case.keys() != {row["case_id"] for row in rows}:
        raise ArtifactError(
            f"The scores of {', '.join(models)} cannot be kept, because the new table holds other "
            f"cases than the old one. Train all models together."
        )
    return [
        {**row, **{column: by_case[row["case_id"]].get(column, "") for column in columns}}
        for row in rows
    ]


def write_rows(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write rows as CSV with the same line ends on every system, so that checksums agree."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _check_rows(rows: Sequence[Mapping[str, str]], path: Path, models: Sequence[str]) -> None:
    wanted = (*CASE_COLUMNS, *(f"{model}_{kind}" for model in models for kind in MODEL_COLUMNS))
    absent = [name for name in wanted if name not in rows[0]]
    if absent:
        raise ArtifactError(f"{path} should hold the columns {', '.join(absent)}. {RETRAIN}")
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        fault = _fault(row, models) or ("a case that stands twice" * (row["case_id"] in seen))
        if fault:
            raise ArtifactError(f"{path}, line {number} ({row['case_id']}), holds {fault}.")
        seen.add(row["case_id"])


def _fault(row: Mapping[str, str], models: Sequence[str]) -> str:
    """Say what is wrong with a row of cases.csv, or nothing."""
    for name, value in row.items():
        if MARKUP.search(value):
            return f"{name} {value[:60]!r}, expected a text without markup"
    if row["split"] not in ("train", "test"):
        return f"the split {row['split']!r}, expected train or test"
    if row["label"] not in ("0", "1"):
        return f"the label {row['label']!r}, expected 0 or 1"
    for name in (*NUMBER_COLUMNS, *(f"{model}_fold" for model in models)):
        if row[name] and not row[name].isdecimal():
            return f"{name} {row[name]!r}, expected a whole number or nothing"
    for name in (f"{model}_{kind}" for model in models for kind in ("score", "p")):
        if row[name] not in MISSING and not _is_share(row[name]):
            return f"{name} {row[name]!r}, expected a number from 0 to 1"
    return ""


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False
