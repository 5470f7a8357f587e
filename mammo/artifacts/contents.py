"""What the artifacts hold, verified and parsed: cards, networks, cases, training curves, lessons.

`cases.csv` holds one row per crop: its ids, split, label and descriptors from the CBIS-DDSM case
table, then for each model `<model>_score` (flip-averaged, uncalibrated), `<model>_p` (calibrated)
and `<model>_fold`. Training rows carry out-of-fold scores; test rows carry no fold.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Literal

from mammo.artifacts.manifest import artifacts_folder, load_manifest, read_attachment, read_files
from mammo.artifacts.schema import (
    MARKUP,
    RETRAIN,
    Card,
    Document,
    Positive,
    parse_card,
    parse_document,
)
from mammo.data.csv_table import read_csv_table
from mammo.errors import ArtifactError, DataError
from mammo.text import Estimate

if TYPE_CHECKING:
    import pandas

CASES_NAME = "cases.csv"
CASE_COLUMNS = (
    "case_id", "split", "patient_id", "laterality", "view", "abnormality_id", "abnormality_type",
    "breast_density", "mass_shape", "mass_margins", "assessment", "pathology", "subtlety",
    "published_split", "label", "lesion_id",
)  # fmt: skip
NUMBER_COLUMNS = ("abnormality_id", "breast_density", "assessment", "subtlety", "label")
MISSING = ("", "NaN", "nan")
HISTORY_TEXTS = ("fold", "stage")
"""Columns of the training curves that hold no number."""

LEAK = "lessons/leak.json"
LEAK_WITHOUT_AUGMENTATION = "lessons/leak-without-augmentation.json"
TEACHER = "lessons/teacher.json"
FILM_SIZE = "lessons/film-size.json"
SIZE_TESTS = ("auc", "within", "benign", "malignant")
"""Of a network in that lesson: AUC, AUC within fifths of film size, correlations by class."""
SPLITS = ("rows", "patients")
SCHEMA = 1


def load_card(model: str, folder: Path | None = None) -> Card:
    """Read the verified card of a model ("simple_cnn", "mobilenetv2").

    Raises
    ------
    ArtifactError
        The artifacts do not verify, hold no such model, or the card is not valid.
    """
    root, (card,) = _files_of(model, ["card.json"], folder)
    return parse_card(card, root / "card.json", model)


def load_model(model: str, folder: Path | None = None) -> tuple[Card, bytes]:
    """Read the verified card of a model and its network, as the bytes of an ONNX file.

    Both come from one state of the artifacts: a training that ends between two reads must not pair
    the old card with the new network. Raises as `load_card`.
    """
    root, (card, network) = _files_of(model, ["card.json", "model.onnx"], folder)
    return parse_card(card, root / "card.json", model), network


def _files_of(model: str, names: Sequence[str], folder: Path | None) -> tuple[Path, list[bytes]]:
    """Return a model's folder and the verified bytes of some of its files."""
    folder = artifacts_folder() if folder is None else Path(folder)
    known = load_manifest(folder).models
    if model not in known:
        raise ArtifactError(
            f"There is no trained model {model!r} in {folder}: it contains "
            f"{', '.join(known) or 'none'}. Choose one of these, or train it with "
            f"`python -m mammo.train --models {model}`."
        )
    contents = read_files([f"{model}/{name}" for name in names], folder)
    return folder / model, list(contents.values())


def load_cases(folder: Path | None = None) -> "pandas.DataFrame":
    """Read the verified `cases.csv`, one row per crop, in the order of the file.

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
    """Read the verified training curves of a model, one row per epoch; raises as `load_card`."""
    import pandas

    root, (content,) = _files_of(model, ["history.csv"], folder)
    path = root / "history.csv"
    table = pandas.DataFrame(read_rows(content, path))
    figures = table.columns.difference([*HISTORY_TEXTS])
    try:
        table[figures] = table[figures].apply(pandas.to_numeric)
    except ValueError as error:
        raise ArtifactError(f"{path} is not a table ({error}). {RETRAIN}") from error
    return table


def parse_cases(content: bytes, path: Path, models: Sequence[str]) -> "pandas.DataFrame":
    """Parse and check the bytes of a `cases.csv` that should hold the scores of `models`."""
    import pandas

    rows = read_rows(content, path)
    whole = [*NUMBER_COLUMNS, *(f"{model}_fold" for model in models)]
    shares = [f"{model}_{kind}" for model, kind in product(models, ("score", "p"))]
    absent = [name for name in (*CASE_COLUMNS, *whole, *shares) if name not in rows[0]]
    if absent:
        raise ArtifactError(f"{path} should have the columns {', '.join(absent)}. {RETRAIN}")
    _check_cells(
        rows, path,
        {
            **dict.fromkeys(whole, ("a whole number or nothing", _is_whole)),
            **dict.fromkeys(shares, ("a number from 0 to 1", _is_share)),
            "split": ("train or test", ("train", "test").__contains__),
            "label": ("0 or 1", ("0", "1").__contains__),
        },
    )  # fmt: skip
    table = pandas.DataFrame(rows, dtype="str")
    table = table.mask(table.isin(MISSING))
    table = table.astype(dict.fromkeys(whole, "Int64"))
    for name in shares:
        # Not by read_csv, which in some versions of pandas loses the last digit.
        table[name] = [float(row[name] or "nan") for row in rows]
    return table


def _check_cells(
    rows: Sequence[Mapping[str, str]],
    path: Path,
    expected: Mapping[str, tuple[str, Callable[[str], bool]]],
) -> None:
    """Refuse a case that stands twice, and a cell that is not what its column should hold."""
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        where = f"{path}, line {number} ({row['case_id']}), holds"
        for name, cell in row.items():
            what, fits = expected.get(name, ("a text without markup", _is_plain))
            if not fits(cell):
                raise ArtifactError(f"{where} {name} {cell[:60]!r}, expected {what}.")
        if row["case_id"] in seen:
            raise ArtifactError(f"{where} a case that is listed twice.")
        seen.add(row["case_id"])


def _is_plain(text: str) -> bool:
    return not MARKUP.search(text)


def _is_whole(text: str) -> bool:
    return not text or text.isdecimal()


def _is_share(text: str) -> bool:
    try:
        return text in MISSING or 0 <= float(text) <= 1
    except ValueError:
        return False


def read_rows(content: bytes, path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file as texts; refuse one without rows, or with ragged ones."""
    try:
        rows = list(read_csv_table(content, str(path), whole_rows=True).rows)
    except DataError as error:
        raise ArtifactError(f"{error} {RETRAIN}") from error
    if not rows:
        raise ArtifactError(f"{path} has no rows. {RETRAIN}")
    return rows


def merge_columns(
    rows: Sequence[Mapping[str, str]], older: Sequence[Mapping[str, str]], models: Sequence[str]
) -> list[dict[str, str]]:
    """Add the columns of `models` from `older` rows to `rows`, case by case, as texts unchanged."""
    by_case = {row["case_id"]: row for row in older}
    if by_case.keys() != {row["case_id"] for row in rows}:
        raise ArtifactError(
            f"The scores of {', '.join(models)} cannot be kept, because the new table holds other "
            f"cases than the old one. Train all models together."
        )
    columns = [f"{model}_{kind}" for model, kind in product(models, ("score", "p", "fold"))]
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


def attached_document(name: str, folder: Path | None, schema: int) -> Document | None:
    """Parse an attachment that is a JSON object; None where the artifacts list none."""
    folder = artifacts_folder() if folder is None else Path(folder)
    content = read_attachment(name, folder)
    return None if content is None else parse_document(content, folder / name, schema)


Share = Annotated[float, (0, 1)]


@dataclass(frozen=True)
class LeakRun:
    """One training of the lesson on leakage: its split and seed, what it shared, and its AUC.

    The names are those of the file. `auc_low` and `auc_high` are the ends of the 95% interval over
    patients, NaN where there is none.
    """

    split: Literal["rows", "patients"]
    seed: int
    n_train: int
    n_test: int
    n_test_lesions: Positive
    test_lesions_with_other_view_in_training: int
    test_crops_with_patient_in_training: int
    auc: Share
    auc_low: float
    auc_high: float


@dataclass(frozen=True)
class LeakData:
    """What the lesson was trained on."""

    crops: Positive
    patients: Positive


@dataclass(frozen=True)
class LeakLesson:
    """The same recipe under both splits, a run of each for every seed.

    `python -m mammo.training.lessons leak` attaches it to the artifacts.
    """

    title: str
    data: LeakData
    runs: tuple[LeakRun, ...]

    def of(self, split: str) -> tuple[LeakRun, ...]:
        """Return the runs of "rows" or "patients", in the order of their seeds."""
        return tuple(run for run in self.runs if run.split == split)

    def mean_auc(self, split: str) -> float:
        """Return the mean AUC of a split over the seeds."""
        return fmean(run.auc for run in self.of(split))

    @property
    def differences(self) -> tuple[float, ...]:
        """Return AUC with rows at random minus AUC with patients, seed by seed."""
        pairs = zip(self.of("rows"), self.of("patients"), strict=True)
        return tuple(rows.auc - patients.auc for rows, patients in pairs)

    @property
    def mean_difference(self) -> float:
        """Return by how much rows at random inflate the AUC, on average."""
        return fmean(self.differences)


def load_leak_lesson(name: str = LEAK, folder: Path | None = None) -> LeakLesson | None:
    """Return a lesson (`LEAK`, `LEAK_WITHOUT_AUGMENTATION`); None where it was not taught.

    Raises
    ------
    ArtifactError
        The file is altered, not whole, of another schema, or its runs do not pair.
    """
    document = attached_document(name, folder, SCHEMA)
    if document is None:
        return None
    lesson = document.build(LeakLesson)
    seeds = [[run.seed for run in lesson.of(split)] for split in SPLITS]
    if not lesson.runs or seeds[0] != seeds[1] or len(lesson.runs) != 2 * len(seeds[0]):
        raise document.refusal("runs", "a run of rows and one of patients for each seed", seeds)
    return lesson


@dataclass(frozen=True)
class TaughtHalf:
    """AUC of the crops of "out_of_fold" or "test": from labels, with a teacher, and by how much."""

    split: Literal["out_of_fold", "test"]
    crops: Positive
    labels: Estimate
    taught: Estimate
    difference: Estimate


@dataclass(frozen=True)
class TeacherLesson:
    """A model beside itself with a teacher, which gave `share` of its target.

    `python -m mammo.training.lessons teacher` attaches it to the artifacts.
    """

    title: str
    teacher: str
    share: Share
    halves: tuple[TaughtHalf, ...]


def load_teacher_lesson(folder: Path | None = None) -> TeacherLesson | None:
    """Return what a teacher adds; None where it was not measured.

    Raises
    ------
    ArtifactError
        The file is altered, not whole, or of another schema.
    """
    document = attached_document(TEACHER, folder, SCHEMA)
    return None if document is None else document.build(TeacherLesson)


@dataclass(frozen=True)
class SizeModel:
    """A model of width and height of the film alone, and its AUC."""

    title: str
    auc: Estimate


@dataclass(frozen=True)
class SizeTest:
    """Whether a network follows film size.

    `within` is its AUC over pairs in the same fifth of the film-size score; `benign` and
    `malignant` are Spearman's rank correlations of its score and that score within a class.
    """

    title: str
    auc: Estimate
    within: Estimate
    benign: Estimate
    malignant: Estimate


@dataclass(frozen=True)
class SizeHalf:
    """Crops of "out_of_fold" or "test"; `shares` malignant of each fifth, 0-1, from the lowest."""

    split: Literal["out_of_fold", "test"]
    crops: Positive
    sizes: tuple[SizeModel, ...]
    shares: tuple[float, ...]
    networks: tuple[SizeTest, ...]


@dataclass(frozen=True)
class FilmSizeLesson:
    """What film size alone predicts: `python -m mammo.training.lessons film-size` attaches it."""

    halves: tuple[SizeHalf, ...]

    @property
    def strongest(self) -> tuple[SizeModel, ...]:
        """Return in each half the model of film size that has the highest AUC out of fold."""
        first = self.halves[0].sizes
        best = max(range(len(first)), key=lambda number: first[number].auc.value)
        return tuple(half.sizes[best] for half in self.halves)


def load_film_size_lesson(folder: Path | None = None) -> FilmSizeLesson | None:
    """Return the lesson on film size; None where it was not measured.

    Raises
    ------
    ArtifactError
        The file is altered, not whole, or of another schema.
    """
    document = attached_document(FILM_SIZE, folder, SCHEMA)
    return None if document is None else document.build(FilmSizeLesson)
