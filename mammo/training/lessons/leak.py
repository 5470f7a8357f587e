"""The lesson of the leak: what a split of rows at random makes of the same model.

For each seed the same recipe is trained twice on three quarters of the official training crops and
scored on the last quarter: once with rows dealt at random, once with patients. Each finished run is
kept in the work folder, so that a killed lesson goes on where it was.
"""

import dataclasses
import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts.contents import SPLITS
from mammo.data.splits import patient_folds, row_folds
from mammo.data.table import fingerprint, read_pixels
from mammo.errors import DataError, SettingsError
from mammo.evaluation import PatientBootstrap, auc_interval
from mammo.settings import TITLES, Recipe, check_seed
from mammo.training.kept import read_kept
from mammo.training.lessons.overlap import count_overlap, summarise

if TYPE_CHECKING:
    import pandas as pd


FOLDS = 4
"""The held-out part is one of four: a quarter of the crops."""


@dataclasses.dataclass(frozen=True)
class LeakSettings:
    """Say what the lesson of the leak trains."""

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


def leak_lesson(table: "pd.DataFrame", settings: LeakSettings) -> dict[str, Any]:
    """Train under both splits for every seed, and compare."""
    rows = table[table["split"] == "train"].reset_index(drop=True)
    if rows.empty:
        raise DataError(
            "The lesson trains on the rows of split `train`. Received: a table without any. Name "
            "a prepared folder of CBIS-DDSM."
        )
    crops = read_pixels(rows)
    name_of_data = fingerprint(rows, crops)
    runs = [
        _kept_run(rows, crops, name_of_data, settings, split, seed)
        for seed in settings.seeds
        for split in SPLITS
    ]
    return {
        "model": settings.model,
        "title": TITLES[settings.model],
        "recipe": dataclasses.asdict(settings.recipe),
        "data": {
            "fingerprint": name_of_data,
            "crops": len(rows),
            "patients": int(rows["patient_id"].nunique()),
            "lesions": int(rows["lesion_id"].nunique()),
        },
        "held_out_share": 1 / FOLDS,
        "seeds": list(settings.seeds),
        "runs": runs,
        "summary": summarise(runs),
    }


def _kept_run(
    rows: "pd.DataFrame",
    crops: NDArray[np.uint8],
    name_of_data: str,
    settings: LeakSettings,
    split: str,
    seed: int,
) -> dict[str, Any]:
    """Return a run's result, from the work folder if it is there already."""
    identity = {
        "data": name_of_data,
        "model": settings.model,
        "recipe": dataclasses.asdict(settings.recipe),
        "weights": Path(settings.imagenet_weights).name,
    }
    path = settings.work / f"{split}-{seed}.json"
    kept = read_kept(path, lambda path: _run_of(path, identity))
    if kept:
        return kept
    run = _run(rows, crops, name_of_data, settings, split, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".tmp")
    written.write_text(json.dumps({"identity": identity, "run": run}), encoding="utf-8")
    written.replace(path)
    if split == SPLITS[-1]:
        shutil.rmtree(settings.work / str(seed), ignore_errors=True)  # its features: a gigabyte
    return run


def _run_of(path: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    kept = json.loads(path.read_text(encoding="utf-8"))
    return dict(kept["run"]) if kept["identity"] == identity else None


def _run(
    rows: "pd.DataFrame",
    crops: NDArray[np.uint8],
    name_of_data: str,
    settings: LeakSettings,
    split: str,
    seed: int,
) -> dict[str, Any]:
    from tqdm import tqdm

    from mammo.training.crossfit import FitPlan, TrainingCrops, fit_fold
    from mammo.training.memory import keep_freed_memory

    keep_freed_memory()
    began = time.perf_counter()
    labels = rows["label"].to_numpy()
    if split == "rows":
        fold = row_folds(labels, FOLDS, seed)
    else:
        fold = patient_folds(labels, rows["patient_id"].to_numpy(), FOLDS, seed)
    work = settings.work / str(seed)  # both splits of a seed draw the same views
    plan = FitPlan(settings.model, settings.recipe, seed, settings.imagenet_weights, work)
    data = TrainingCrops(crops, labels, fold, name_of_data)
    with tqdm(desc=f"{split} at random, seed {seed}", unit="epoch") as bar:

        def show(epochs_done: int) -> None:
            bar.update(epochs_done - bar.n)

        _, logits, _ = fit_fold(plan, data, 0, show)
    held_out = fold == 0
    overlap = count_overlap(rows, held_out)
    return {
        "split": split,
        "seed": seed,
        **overlap,
        **_figures(rows, held_out, logits),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _figures(
    rows: "pd.DataFrame", held_out: NDArray[np.bool_], logits: NDArray[np.float64]
) -> dict[str, float | None]:
    """Return the AUC of the test crops, its interval, and the AUC of seen and unseen lesions."""
    tested = rows[held_out]
    labels = tested["label"].to_numpy()
    p = 1 / (1 + np.exp(-logits))
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
    if len(np.unique(labels)) < 2:
        return None
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, p))
