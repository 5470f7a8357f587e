"""The verified card and network of one trained model, read together.

Used by `mammo.inference`. Both come from one state of the artifacts: a training that ends between
two reads must not pair the old card with the new network.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mammo.artifacts.manifest import (
    artifacts_folder,
    load_manifest,
    read_attachment,
    read_files,
    require_model,
)
from mammo.artifacts.schema import MARKUP, RETRAIN, Card, Document, parse_card, parse_document
from mammo.data.csv_table import read_csv_table
from mammo.errors import ArtifactError, DataError

if TYPE_CHECKING:
    import pandas


def load_card(model: str, folder: Path | None = None) -> Card:
    """Read the verified card of a model ("simple_cnn", "mobilenetv2").

    Raises
    ------
    ArtifactError
        The artifacts do not verify, hold no such model, or the card is not valid.
    """
    folder = artifacts_folder() if folder is None else Path(folder)
    require_model(model, load_manifest(folder), folder)
    name = f"{model}/card.json"
    return parse_card(read_files([name], folder)[name], folder / name, model)


def load_model(model: str, folder: Path | None = None) -> tuple[Card, bytes]:
    """Read the verified card of a model and its network, as the bytes of an ONNX file.

    Raises
    ------
    ArtifactError
        As `load_card`.
    """
    folder = artifacts_folder() if folder is None else Path(folder)
    require_model(model, load_manifest(folder), folder)
    card, network = f"{model}/card.json", f"{model}/model.onnx"
    contents = read_files([card, network], folder)
    return parse_card(contents[card], folder / card, model), contents[network]


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


LEAK = "lessons/leak.json"
LEAK_WITHOUT_AUGMENTATION = "lessons/leak-without-augmentation.json"
SPLITS = ("rows", "patients")
SCHEMA = 1


@dataclass(frozen=True)
class LeakRun:
    """Hold one training of the lesson: its split and seed, what it shared, and its AUC.

    `seen_lesions` counts the test lesions whose other view was in training, of `test_lesions`;
    `auc_low` and `auc_high` are the ends of the 95 % interval over patients, NaN where there is
    none.
    """

    split: str
    seed: int
    train_crops: int
    test_crops: int
    test_lesions: int
    seen_lesions: int
    seen_patient_crops: int
    auc: float
    auc_low: float
    auc_high: float


@dataclass(frozen=True)
class LeakLesson:
    """Hold the lesson: the same recipe under both splits, a run of each for every seed."""

    title: str
    command: str
    crops: int
    patients: int
    runs: tuple[LeakRun, ...]

    def of(self, split: str) -> tuple[LeakRun, ...]:
        """Return the runs of "rows" or "patients", in the order of their seeds."""
        return tuple(run for run in self.runs if run.split == split)

    def mean_auc(self, split: str) -> float:
        """Return the mean AUC of a split over the seeds."""
        return _mean([run.auc for run in self.of(split)])

    @property
    def differences(self) -> tuple[float, ...]:
        """Return AUC with rows at random minus AUC with patients, seed by seed."""
        pairs = zip(self.of("rows"), self.of("patients"), strict=True)
        return tuple(rows.auc - patients.auc for rows, patients in pairs)

    @property
    def mean_difference(self) -> float:
        """Return by how much rows at random flatter, on average."""
        return _mean(self.differences)


def load_leak_lesson(name: str = LEAK, folder: Path | None = None) -> LeakLesson | None:
    """Return a lesson of the artifacts; None where it was not taught.

    Parameters
    ----------
    name : `LEAK` or `LEAK_WITHOUT_AUGMENTATION`
    folder : Path, `artifacts_folder()` by default

    Raises
    ------
    ArtifactError
        The file is altered, not whole, of another schema, or its runs do not pair.
    """
    folder = artifacts_folder() if folder is None else Path(folder)
    content = read_attachment(name, folder)
    if content is None:
        return None
    document = parse_document(content, folder / name, SCHEMA)
    data = document.section("data")
    runs = tuple(_run(section) for section in document.sections("runs"))
    lesson = LeakLesson(
        document.text("title"), document.text("command"), data.integer("crops", low=1),
        data.integer("patients", low=1), runs,
    )  # fmt: skip
    seeds = [[run.seed for run in lesson.of(split)] for split in SPLITS]
    if not runs or seeds[0] != seeds[1] or len(runs) != 2 * len(seeds[0]):
        raise document.refusal("runs", "a run of rows and one of patients for each seed", seeds)
    return lesson


def _run(section: Document) -> LeakRun:
    counts = (
        "n_train", "n_test", "n_test_lesions", "test_lesions_with_other_view_in_training",
        "test_crops_with_patient_in_training",
    )  # fmt: skip
    figures = [section.number("auc", low=0, high=1)]
    figures += [section.number_or_nan(name) for name in ("auc_low", "auc_high")]
    return LeakRun(
        section.text("split"),
        section.integer("seed", low=0),
        *(section.integer(name, low=0) for name in counts),
        *figures,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
