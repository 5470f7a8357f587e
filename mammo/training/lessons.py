"""The lesson of the leak: what a split of rows at random makes of the same model.

    python -m mammo.training.lessons leak --data DIR
    python -m mammo.training.lessons leak --data DIR --without-augmentation

`leak` trains the same model by the same trainer under two splits of the same crops, for each of
five seeds: rows at random, as in many public notebooks, and patients at random. Only the official
training crops are used; the test half stays untouched. Each model learns from the labels alone: a
teacher of the simple CNN would double the trainings and teach the lesson no better. The result goes
to `artifacts/lessons/leak.json`, which the page Model comparison shows. The same recipe without
rotation, zoom, shift and change of tone memorises more: its result goes to
`artifacts/lessons/leak-without-augmentation.json`. Killed, the same command goes on where it was.
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

from mammo.artifacts import artifacts_folder, attach, load_manifest, sigmoid
from mammo.artifacts.contents import LEAK, LEAK_WITHOUT_AUGMENTATION, SCHEMA, SPLITS
from mammo.command_line import as_typed, command_parser, exit_status, set_tensorflow_up
from mammo.data.splits import patient_folds, row_folds
from mammo.data.table import fingerprint, load_crops, read_pixels
from mammo.errors import DataError, SettingsError
from mammo.evaluation import PatientBootstrap, auc_interval
from mammo.settings import (
    MODELS,
    RECIPES,
    TITLES,
    Recipe,
    TrainSettings,
    check_seed,
    with_overrides,
)  # fmt: skip
from mammo.training.batches import read_kept

if TYPE_CHECKING:
    import pandas as pd

AUGMENTATION = ("rotation_degrees", "zoom", "shift", "contrast", "brightness")
WORK_FOLDER = ".mammo-lessons"
OVERRIDES = ("head_epochs", "epochs", "input_size", "batch_size")

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
        if self.recipe.distillation:
            raise SettingsError(
                "The lesson's recipe must learn from labels alone. Received: "
                f"distillation={self.recipe.distillation:g}. Set it to 0."
            )


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
    return exit_status("mammo.training.lessons", lambda: _teach(options, command), options.data)


def _teach(options: argparse.Namespace, command: str) -> None:
    out = options.out or artifacts_folder()
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
    lesson = {
        "schema": SCHEMA,
        "lesson": "leak",
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **leak_lesson(load_crops(options.data), settings),
    }
    attach(result, (json.dumps(lesson, indent=1) + "\n").encode(), folder=out)
    shutil.rmtree(settings.work, ignore_errors=True)
    print(summary_in_words(lesson))


def leak_lesson(table: "pd.DataFrame", settings: LeakSettings) -> dict[str, Any]:
    """Train under both splits for every seed, on training rows alone, and compare."""
    rows = table[table["split"] == "train"].reset_index(drop=True)
    if rows.empty:
        raise DataError(
            "The lesson trains on the rows of split `train`. Received: a table without any. Name "
            "a prepared folder of CBIS-DDSM."
        )
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
        "held_out_share": 1 / FOLDS,
        "seeds": list(settings.seeds),
        "runs": runs,
        "summary": summarise(runs),
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
    written = path.with_suffix(".tmp")
    written.write_text(json.dumps({"identity": identity, "run": run}), encoding="utf-8")
    written.replace(path)
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
    return {
        "split": split,
        "seed": seed,
        **count_overlap(crops.rows, fold == 0),
        **_figures(crops.rows, fold == 0, logits),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _figures(
    rows: "pd.DataFrame", held_out: NDArray[np.bool_], logits: NDArray[np.float64]
) -> dict[str, float | None]:
    """Return the AUC of the test crops, its interval, and the AUC of seen and unseen lesions."""
    tested = rows[held_out]
    labels, p = tested["label"].to_numpy(), sigmoid(logits)
    whole = auc_interval(labels, p, PatientBootstrap(tested["patient_id"].to_numpy()))
    seen = tested["lesion_id"].isin(rows.loc[~held_out, "lesion_id"]).to_numpy()
    return {
        "auc": whole.value,
        "auc_low": None if np.isnan(whole.low) else whole.low,
        "auc_high": None if np.isnan(whole.high) else whole.high,
        "auc_seen": _auc(labels[seen], p[seen]),
        "auc_unseen": _auc(labels[~seen], p[~seen]),
    }


def _auc(labels: NDArray[np.int_], p: NDArray[np.float64]) -> float | None:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, p)) if len(np.unique(labels)) == 2 else None


def count_overlap(table: "pd.DataFrame", held_out: NDArray[np.bool_]) -> dict[str, int]:
    """Count what a test set shares with its training set.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"patient_id": ["a", "a", "b"], "lesion_id": ["a1", "a1", "b1"]})
    >>> count_overlap(table, np.array([False, True, True]))["test_crops_with_lesion_in_training"]
    1
    """
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


def summarise(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return mean, lowest and highest AUC of each split, and of the difference seed by seed."""
    auc = {
        split: np.array([run["auc"] for run in runs if run["split"] == split]) for split in SPLITS
    }
    gap = auc["rows"] - auc["patients"]
    shares = [
        run["test_crops_with_lesion_in_training"] / run["n_test"]
        for run in runs
        if run["split"] == "rows"
    ]
    return {
        **{split: _spread(auc[split], "mean_auc", "min_auc", "max_auc") for split in SPLITS},
        "difference": _spread(gap, "mean", "low", "high"),
        "mean_share_seen": float(np.mean(shares)),
    }


def _spread(values: NDArray[np.float64], *names: str) -> dict[str, float]:
    ends = (float(values.mean()), float(values.min()), float(values.max()))
    return dict(zip(names, ends, strict=True))


def summary_in_words(lesson: dict[str, Any]) -> str:
    """Return in one sentence by how much the random split inflates the AUC."""
    summary, gap = lesson["summary"], lesson["summary"]["difference"]
    return (
        f"{lesson['title']}, mean of {len(lesson['seeds'])} seeds: AUC "
        f"{summary['rows']['mean_auc']:.3f} with rows at random, "
        f"{summary['patients']['mean_auc']:.3f} with patients kept together: "
        f"{gap['mean']:+.3f} ({gap['low']:+.3f} to {gap['high']:+.3f}) by the leak."
    )


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("mammo.training.lessons", __doc__)
    add = parser.add_argument
    add("lesson", choices=("leak",))
    add("--data", type=Path, required=True, help="folder of prepared crops")
    add("--out", type=Path, help="artifacts folder to add it to")
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
