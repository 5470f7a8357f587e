"""Fit one model on every fold, then on all training crops.

Each fold's network scores the patients that it never saw; calibration and thresholds come from
these scores alone. A fit that is done is kept in the work folder and not repeated.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mammo.errors import TrainingError
from mammo.models.fit import FitData, build_network, fit, ignore_progress, predict_logits
from mammo.models.mobilenetv2 import split
from mammo.models.views import FrozenViews, Views, crop_views
from mammo.settings import RECIPES, Recipe, TrainSettings

FINAL = -1
"""The fold number of the fit that holds no crop out."""


@dataclass(frozen=True, eq=False)
class TrainingCrops:
    """Hold the training half of the data.

    Parameters
    ----------
    crops : uint8 (n, S, S), 0-255.
    labels : int (n,), 0 benign, 1 malignant.
    fold : int (n,), the fold in which each crop is held out.
    fingerprint : str, names the data.
    """

    crops: NDArray[np.uint8]
    labels: NDArray[np.int_]
    fold: NDArray[np.int_]
    fingerprint: str


@dataclass(frozen=True)
class FitPlan:
    """Say which model is fitted how, and where its checkpoints are kept.

    Parameters
    ----------
    name : str, of `mammo.settings.MODELS`.
    recipe : Recipe.
    seed : int.
    imagenet_weights : str, see `mammo.models.mobilenetv2`.
    work : Path, the run's work folder.
    teacher : FitPlan, or None; needed where the recipe distils.
    """

    name: str
    recipe: Recipe
    seed: int
    imagenet_weights: str
    work: Path
    teacher: "FitPlan | None" = None


def fit_plan(name: str, settings: TrainSettings, work: Path) -> FitPlan:
    """Plan the fits of one model of a training; MobileNetV2 is the simple CNN's teacher.

    Both plans share the work folder, so that the teacher's fits serve twice where both are trained.
    """
    recipe = settings.recipes.get(name, RECIPES[name])
    teacher = fit_plan("mobilenetv2", settings, work) if name == "simple_cnn" else None
    return FitPlan(name, recipe, settings.seed, settings.imagenet_weights, work, teacher)


def fit_fold(
    plan: FitPlan,
    data: TrainingCrops,
    fold: int,
    on_epoch: Callable[[int], None] = ignore_progress,
) -> tuple[keras.Model, NDArray[np.float64], list[dict[str, Any]]]:
    """Fit on all crops outside a fold and score those inside.

    Parameters
    ----------
    plan : FitPlan.
    data : TrainingCrops.
    fold : int, or `FINAL` to hold nothing out.
    on_epoch : called with the epochs done so far.

    Returns
    -------
    The fitted keras.Model; float64 (m,), flip-averaged logits of the held-out crops in their order
    (m is 0 for the final fit); the history, see `mammo.models.fit.fit`.
    """
    folder = plan.work / plan.name
    folder.mkdir(parents=True, exist_ok=True)
    label = "final" if fold == FINAL else f"fold_{fold}"
    seed = plan.seed + 1 + fold
    network = build_network(plan.name, plan.recipe, seed, plan.imagenet_weights)
    learning, views = _learning_part(plan, network, data)
    held_out = data.fold == fold
    rows = FitData(
        views, data.labels, np.flatnonzero(~held_out), np.flatnonzero(held_out),
        _targets(plan, data, fold),
    )  # fmt: skip
    history = fit(
        network, learning, rows, plan.recipe, seed, folder / f"{label}.npz",
        _identity(plan, data, fold), on_epoch,
    )  # fmt: skip
    logits = predict_logits(learning, views, rows.held_out) if held_out.any() else np.empty(0)
    return network, logits, [{"fold": label, **row} for row in history]


def _targets(plan: FitPlan, data: TrainingCrops, fold: int) -> NDArray[np.float32]:
    """Return the labels, or their mixture with a teacher that saw no crop of this fold either.

    Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", at temperature 1.
    """
    share = plan.recipe.distillation
    if not share:
        return data.labels.astype(np.float32)
    if plan.teacher is None:
        raise TrainingError("A recipe that distils needs a teacher; there is none for this model.")
    teacher, _, _ = fit_fold(plan.teacher, data, fold)
    learning, views = _learning_part(plan.teacher, teacher, data)
    logits = predict_logits(learning, views, np.arange(len(data.labels)))
    return np.asarray((1 - share) * data.labels + share / (1 + np.exp(-logits)), dtype=np.float32)


def _learning_part(
    plan: FitPlan, network: keras.Model, data: TrainingCrops
) -> tuple[keras.Model, Views]:
    views = crop_views(data.crops, plan.recipe, plan.seed)
    if plan.name == "simple_cnn" or plan.recipe.frozen_blocks == 0:
        return network, views
    frozen, learning = split(network, plan.recipe.frozen_blocks)
    return learning, FrozenViews(views, frozen, plan.work / plan.name)


def _identity(plan: FitPlan | None, data: TrainingCrops, fold: int) -> str:
    if plan is None:
        return ""
    parts = {
        "name": plan.name,
        "recipe": asdict(plan.recipe),
        "teacher": _identity(plan.teacher, data, fold) if plan.recipe.distillation else None,
        "seed": plan.seed,
        "imagenet_weights": Path(plan.imagenet_weights).name,
        "data": data.fingerprint,
        "fold": fold,
        "held_out": hashlib.sha256(data.fold.tobytes()).hexdigest(),
        "keras": keras.__version__,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
