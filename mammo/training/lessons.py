"""The lessons: what a split of rows at random makes of a model, and effect of a teacher to one.

    python -m mammo.training.lessons leak --data DIR
    python -m mammo.training.lessons leak --data DIR --without-augmentation
    python -m mammo.training.lessons film-size
    python -m mammo.train --data DIR --models simple_cnn --distillation 0.7 --out taught
    python -m mammo.training.lessons teacher --taught taught

`leak` trains the same model by the same trainer under two splits of the same crops, for each of
five seeds: rows at random, as in many public notebooks, and patients at random. Only the official
training crops are used; the test half stays untouched. Each model learns from the labels alone. The
result goes to `artifacts/lessons/leak.json`, which the page Model comparison shows. The same recipe
without rotation, zoom, shift and change of tone memorises more: its result goes to
`artifacts/lessons/leak-without-augmentation.json`. Killed, the same command goes on where it was.

`film-size` fits two models to width and height of the film alone, and tests whether the released
networks follow these: `artifacts/lessons/film-size.json`. With `--films` it first reads the sizes
from the `index.csv` of a folder of films.

`teacher` trains nothing: it holds the scores of artifacts whose simple CNN learned from MobileNetV2
as well as from the labels against those of the release, crop by crop, and writes
`artifacts/lessons/teacher.json`.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import (
    artifacts_folder,
    attach,
    load_card,
    load_cases,
    load_leak_lesson,
    load_manifest,
    sigmoid,
)
from mammo.artifacts.contents import (
    FILM_SIZE,
    LEAK,
    LEAK_WITHOUT_AUGMENTATION,
    SCHEMA,
    SIZE_TESTS,
    SPLITS,
    TEACHER,
)
from mammo.command_line import as_typed, command_parser, exit_status, set_tensorflow_up
from mammo.data.splits import patient_folds, row_folds
from mammo.data.table import fingerprint, load_crops, read_pixels
from mammo.errors import DataError, SettingsError
from mammo.evaluation import PatientBootstrap, auc_interval
from mammo.evaluation.curves import Scores
from mammo.evaluation.evaluation import as_json
from mammo.files import write_whole
from mammo.plots.comparison import result_sentence, set_up_sentence
from mammo.settings import (
    MODELS,
    RECIPES,
    REGISTRY,
    TITLES,
    Recipe,
    TrainSettings,
    check_seed,
    with_overrides,
)  # fmt: skip
from mammo.text import estimate, signed_estimate
from mammo.training.batches import read_kept
from mammo.training.film_size import film_size_lesson, write_film_sizes

if TYPE_CHECKING:
    import pandas as pd

AUGMENTATION = ("rotation_degrees", "zoom", "shift", "contrast", "brightness")
WORK_FOLDER = ".mammo-lessons"
OVERRIDES = ("head_epochs", "epochs", "input_size", "batch_size")

PUPIL = "simple_cnn"

FOLDS = 4
"""The held-out part is one of four: a quarter of the crops."""


@dataclass(frozen=True)
class LeakSettings:
    """What the lesson of the leak trains; `work` keeps each finished run."""

    model: str
    recipe: Recipe
    seeds: tuple[int, ...]
    imagenet_weights: str
    work: Path

    def __post_init__(self) -> None:
        if not self.seeds:
            raise SettingsError("The lesson needs at least one seed. Received: none.")
        for seed in self.seeds:
            check_seed(seed)


@dataclass(frozen=True, eq=False)
class LeakCrops:
    """The crops that the lesson learns from: their rows, pixels and fingerprint."""

    rows: "pd.DataFrame"
    pixels: NDArray[np.uint8]
    fingerprint: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    set_tensorflow_up()
    command = as_typed("mammo.training.lessons", given)
    source = getattr(options, "taught", None) or getattr(options, "data", None) or Path()
    return exit_status("mammo.training.lessons", lambda: _teach(options, command), source)


def _teach(options: argparse.Namespace, command: str) -> None:
    out = options.out or artifacts_folder()
    if options.lesson == "film-size":
        if options.films:
            print(f"Sizes of {write_film_sizes(options.films / 'index.csv')} films written.")
        titles = {name: TITLES[name] for name in load_manifest(out).models}
        lesson = film_size_lesson(load_cases(out), titles)
        _attach(FILM_SIZE, lesson, command, out, depends_on=["cases.csv"])
        for half in lesson["halves"]:
            for one in half["sizes"]:
                print(f"{half['split']}, {one['title']}: AUC {estimate(one['auc'])} by film size.")
            for one in half["networks"]:
                figures = {name: estimate(one[name]) for name in SIZE_TESTS}
                print(f"{half['split']}, {one['title']}: {figures}")
        return
    if options.lesson == "teacher":
        lesson = teacher_lesson(out, options.taught)
        _attach(TEACHER, lesson, command, out, depends_on=[f"{PUPIL}/model.onnx"])
        for half in lesson["halves"]:
            gap = signed_estimate(half["difference"])
            print(f"{half['split']}: AUC {gap} by the teacher.")
        return
    work = options.work or out.resolve().parent / WORK_FOLDER
    load_manifest(out)  # refuses before the trainings what could not be added to at their end
    overrides = {name: getattr(options, name) for name in OVERRIDES} | {"distillation": 0.0}
    result = LEAK
    if options.without_augmentation:
        overrides |= dict.fromkeys(AUGMENTATION, 0.0)
        result = LEAK_WITHOUT_AUGMENTATION
    settings = LeakSettings(
        options.model, with_overrides(RECIPES[options.model], overrides),
        tuple(range(options.seed, options.seed + options.seeds)), options.imagenet_weights,
        work / Path(result).stem,
    )  # fmt: skip
    lesson = {"lesson": "leak"} | leak_lesson(load_crops(options.data), settings)
    _attach(result, lesson, command, out)
    shutil.rmtree(settings.work, ignore_errors=True)
    if read := load_leak_lesson(result, out):
        print(set_up_sentence(read), result_sentence(read), sep="\n")


def _attach(
    name: str, lesson: dict[str, Any], command: str, out: Path, depends_on: Sequence[str] = ()
) -> None:
    """Add a lesson to the artifacts, with the command that gave it."""
    created = datetime.now(UTC).isoformat(timespec="seconds")
    document = {"schema": SCHEMA, "command": command, "created": created, **lesson}
    content = json.dumps(as_json(document), indent=1, allow_nan=False) + "\n"
    attach(name, content.encode(), depends_on=depends_on, folder=out)


def teacher_lesson(out: Path, taught: Path) -> dict[str, Any]:
    """Compare a model that learned from a teacher (`taught`) with that of `out` without one.

    Raises
    ------
    DataError
        The second learned from labels alone, the first did not, or they saw other data or folds.
    """
    share, other = (_share(folder) for folder in (taught, out))
    if other or not share:
        raise DataError(
            f"{TITLES[PUPIL]} should have a teacher in {taught} and none in {out}. Received: "
            f"distillation {share:g} and {other:g}. Train the first with `python -m mammo.train "
            f"--models {PUPIL} --distillation 0.7 --out {taught}`."
        )
    columns = ["case_id", "split", "label", "patient_id", f"{PUPIL}_fold", f"{PUPIL}_score"]
    alone, with_teacher = (load_cases(folder)[columns] for folder in (out, taught))
    if not alone[columns[:-1]].equals(with_teacher[columns[:-1]]):
        raise DataError(
            f"{taught} and {out} should hold the same cases in the same folds. Train both from the "
            "same data, with the same --seed and --folds."
        )
    halves = []
    for split, words in (("train", "out_of_fold"), ("test", "test")):
        rows = alone["split"] == split
        malignant = alone["label"][rows].to_numpy() == 1
        patients = alone["patient_id"][rows].to_numpy(dtype=str)
        bootstrap = PatientBootstrap(patients)
        own, taught_too = (
            Scores(PUPIL, malignant, patients, cases[columns[-1]][rows].to_numpy(), bootstrap)
            for cases in (alone, with_teacher)
        )
        halves.append(
            {"split": words, "crops": int(rows.sum()), "labels": own.auc}
            | {"taught": taught_too.auc, "difference": taught_too.auc_minus(own)}
        )
    names = {"title": TITLES[PUPIL], "teacher": TITLES[str(REGISTRY[PUPIL].teacher)]}
    return {"lesson": "teacher", **names, "share": share, "halves": halves}


def _share(folder: Path) -> float:
    """Return how much of its target the pupil's teacher gave, 0-1, by its card."""
    return float(load_card(PUPIL, folder).settings.get("distillation", 0.0))


def leak_lesson(table: "pd.DataFrame", settings: LeakSettings) -> dict[str, Any]:
    """Train under both splits for every seed, on training rows alone, and compare."""
    rows = table[table["split"] == "train"].reset_index(drop=True)
    pixels = read_pixels(rows)
    crops = LeakCrops(rows, pixels, fingerprint(rows, pixels))
    runs = [_kept_run(crops, settings, split, seed) for seed in settings.seeds for split in SPLITS]
    return {
        "model": settings.model,
        "title": TITLES[settings.model],
        "recipe": asdict(settings.recipe),
        "data": {
            "fingerprint": crops.fingerprint,
            "crops": len(rows),
            "patients": int(rows["patient_id"].nunique()),
            "lesions": int(rows["lesion_id"].nunique()),
        },
        "runs": runs,
    }


def _kept_run(crops: LeakCrops, settings: LeakSettings, split: str, seed: int) -> dict[str, Any]:
    """Return a run's result, from the work folder where a run of the same settings left it."""
    identity = {
        "data": crops.fingerprint,
        "model": settings.model,
        "recipe": asdict(settings.recipe),
        "weights": Path(settings.imagenet_weights).name,
    }
    path = settings.work / f"{split}-{seed}.json"
    kept = read_kept(path, lambda path: dict(json.loads(path.read_text(encoding="utf-8"))))
    if kept and kept.get("identity") == identity:
        return dict(kept["run"])
    run = _run(crops, settings, split, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"identity": identity, "run": run}).encode())
    if split == SPLITS[-1]:
        shutil.rmtree(settings.work / str(seed), ignore_errors=True)  # its features: a gigabyte
    return run


def _run(crops: LeakCrops, settings: LeakSettings, split: str, seed: int) -> dict[str, Any]:
    from tqdm import tqdm

    from mammo.training.crossfit import FitPlan, TrainingCrops, fit_fold, follow

    began = time.perf_counter()
    labels = crops.rows["label"].to_numpy()
    if split == "rows":
        fold = row_folds(labels, FOLDS, seed)
    else:
        fold = patient_folds(labels, crops.rows["patient_id"].to_numpy(), FOLDS, seed)
    work = settings.work / str(seed)  # both splits of a seed draw the same views
    plan = FitPlan(settings.model, settings.recipe, seed, settings.imagenet_weights, work)
    data = TrainingCrops(crops.pixels, labels, fold, crops.fingerprint)
    with tqdm(unit="epoch") as bar:
        _, logits, _ = fit_fold(plan, data, 0, follow(bar, f"{split} at random, seed {seed}"))
    tested = PatientBootstrap(crops.rows["patient_id"].to_numpy()[fold == 0])
    area = auc_interval(labels[fold == 0], sigmoid(logits), tested)
    return {
        "split": split,
        "seed": seed,
        **count_overlap(crops.rows, fold == 0),
        "auc": area.value,
        "auc_low": area.low,
        "auc_high": area.high,
        "seconds": round(time.perf_counter() - began, 1),
    }


def count_overlap(table: "pd.DataFrame", held_out: NDArray[np.bool_]) -> dict[str, int]:
    """Count what a test set shares with its training set."""
    learnt, tested = table[~held_out], table[held_out]
    seen_lesions = tested.loc[tested["lesion_id"].isin(learnt["lesion_id"]), "lesion_id"]
    seen_patient = tested["patient_id"].isin(learnt["patient_id"])
    return {
        "n_train": len(learnt),
        "n_test": len(tested),
        "n_test_lesions": int(tested["lesion_id"].nunique()),
        "test_crops_with_patient_in_training": int(seen_patient.sum()),
        "test_crops_with_lesion_in_training": len(seen_lesions),
        "test_lesions_with_other_view_in_training": int(seen_lesions.nunique()),
    }


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("mammo.training.lessons", __doc__)
    lessons = parser.add_subparsers(dest="lesson", required=True)
    teacher = lessons.add_parser("teacher", help="effect of a teacher")
    teacher.add_argument("--taught", type=Path, required=True, help="artifacts with a teacher")
    size = lessons.add_parser("film-size", help="AUC of film size alone; the networks tested")
    size.add_argument("--films", type=Path, metavar="DIR", help="read the sizes from its index.csv")
    leak = lessons.add_parser("leak", help="effect of splitting rows at random (data leakage)")
    for one in (teacher, leak, size):
        one.add_argument("--out", type=Path, help="artifacts folder to add it to")
    add = leak.add_argument
    add("--data", type=Path, required=True, help="folder of prepared crops")
    place = f"(default: {WORK_FOLDER} beside --out)"
    add("--work", type=Path, help=f"folder for finished runs and checkpoints {place}")
    words = "draw each crop as it is, flips apart"
    add("--without-augmentation", action="store_true", help=words)
    add("--model", default="mobilenetv2", choices=MODELS)
    add("--seed", type=int, default=TrainSettings.seed, help="the first seed")
    add("--seeds", type=int, default=5, help="how many seeds; default: 5")
    weights = TrainSettings.imagenet_weights
    add("--imagenet-weights", default=weights, metavar="imagenet|PATH|none")
    for name in OVERRIDES:
        add("--" + name.replace("_", "-"), type=int, help="default: the recipe's")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
