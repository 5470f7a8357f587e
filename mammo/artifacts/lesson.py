"""The lesson on leakage that `python -m mammo.training.lessons leak` attached to the artifacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mammo.artifacts.attachments import read_attachment
from mammo.artifacts.document import Document, parse_document
from mammo.artifacts.manifest import artifacts_folder

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
