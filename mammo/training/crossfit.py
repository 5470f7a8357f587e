"""Fit one model on every fold, then on all training crops.

Each fold's network scores the patients that it never saw; calibration and thresholds come from
these scores alone. A fit that is done is kept in the work folder and not repeated.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mammo.errors import TrainingError
from mammo.settings import RECIPES, Recipe, TrainSettings, changed_values
from mammo.training.batches import FLIPS, FitData, FrozenViews, Views, crop_views, read_kept
from mammo.training.fit import (
    Answers,
    answers_on_flips,
    answers_on_views,
    build_network,
    fit,
    ignore_progress,
    mean_answer,
    predict_logits,
    targets,
)
from mammo.training.networks import split, without_descriptors

FINAL = -1
"""The fold number of the fit that holds no crop out."""

MEMBER_STEP = 1000
"""How far apart the seeds of several fits of one fold lie."""


@dataclass(frozen=True, eq=False)
class TrainingCrops:
    """Hold the training half of the data.

    Parameters
    ----------
    crops : uint8 (n, S, S), 0-255.
    labels : int (n,), 0 benign, 1 malignant.
    fold : int (n,), the fold in which each crop is held out.
    fingerprint : str, names the data.
    descriptors : float32 (n, k), see `mammo.data.findings`; or None.
    """

    crops: NDArray[np.uint8]
    labels: NDArray[np.int_]
    fold: NDArray[np.int_]
    fingerprint: str
    descriptors: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class FitPlan:
    """Say which model is fitted how, and where its checkpoints are kept.

    Parameters
    ----------
    name : str, of `mammo.settings.MODELS`.
    recipe : Recipe.
    seed : int.
    imagenet_weights : str, see `mammo.training.networks`.
    work : Path, the run's work folder.
    teacher : FitPlan, or None; needed where the recipe distils.
    member : int, which of several fits that differ by weights and order alone.
    features : Path, or None: where the features of frozen blocks are kept, if not under `work`.
    """

    name: str
    recipe: Recipe
    seed: int
    imagenet_weights: str
    work: Path
    teacher: "FitPlan | None" = None
    member: int = 0
    features: Path | None = None


def fit_plan(name: str, settings: TrainSettings, work: Path) -> FitPlan:
    """Plan the fits of one model of a training; MobileNetV2 is the simple CNN's teacher.

    Both plans share the work folder, so that the teacher's fits serve twice where both are trained.
    Where MobileNetV2 distils, its teacher is a first generation that learns from labels alone.
    """
    recipe = settings.recipes.get(name, RECIPES[name])
    plan = FitPlan(name, recipe, settings.seed, settings.imagenet_weights, work)
    if name == "simple_cnn":
        return replace(plan, teacher=fit_plan("mobilenetv2", settings, work))
    if not recipe.distillation:
        return plan
    first = replace(recipe, distillation=0.0, teachers=1, teacher_views=0, descriptors=0.0)
    return replace(plan, teacher=replace(plan, recipe=first, work=work / "first-generation"))


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
    (m is 0 for the final fit); the history, see `mammo.training.fit.fit`.
    """
    folder = plan.work / plan.name
    folder.mkdir(parents=True, exist_ok=True)
    label = "final" if fold == FINAL else f"fold_{fold}"
    seed = plan.seed + 1 + fold + MEMBER_STEP * plan.member
    descriptors = _descriptors(plan, data)
    network = build_network(
        plan.name, plan.recipe, seed, plan.imagenet_weights,
        0 if descriptors is None else descriptors.shape[1],
    )  # fmt: skip
    learning, views = _learning_part(plan, network, data)
    held_out = data.fold == fold
    rows = FitData(
        views, data.labels, np.flatnonzero(~held_out), np.flatnonzero(held_out),
        targets(data.labels, _answers(plan, data, fold), plan.recipe.distillation, descriptors),
    )  # fmt: skip
    history = fit(
        network, learning, rows, plan.recipe, seed, folder / f"{label}{_member(plan)}.npz",
        _identity(plan, data, fold), on_epoch,
    )  # fmt: skip
    logits = np.empty(0)
    if held_out.any():
        logits = predict_logits(learning, views, rows.held_out, plan.recipe.flips)
    if descriptors is not None:
        network = without_descriptors(network)
    return network, logits, [{"fold": label, **row} for row in history]


def _descriptors(plan: FitPlan, data: TrainingCrops) -> NDArray[np.float32] | None:
    if not plan.recipe.descriptors:
        return None
    if data.descriptors is None:
        raise TrainingError("A recipe with descriptors needs those of the table; there are none.")
    return data.descriptors


def _answers(plan: FitPlan, data: TrainingCrops, fold: int) -> Answers | None:
    """Ask the teachers, fitted on the same crops: they saw none of this fold either."""
    if not plan.recipe.distillation:
        return None
    if plan.teacher is None:
        raise TrainingError("A recipe that distils needs a teacher; there is none for this model.")
    teachers = [replace(plan.teacher, member=member) for member in range(plan.recipe.teachers)]
    return mean_answer([_asked(teacher, plan, data, fold) for teacher in teachers])


def _asked(teacher: FitPlan, pupil: FitPlan, data: TrainingCrops, fold: int) -> Answers:
    """Return a teacher's logits, float64 (v, n), and keep them: fitting and asking take minutes."""
    views = pupil.recipe.teacher_views
    moved = teacher
    if views:
        moved = replace(teacher, recipe=_moved_alike(teacher.recipe, pupil.recipe))
    identity = f"{_identity(teacher, data, fold)} {changed_values(moved.recipe)} {views}"
    name = hashlib.sha256(identity.encode()).hexdigest()[:16]
    path = (pupil.features or pupil.work / pupil.name) / f"answers-{name}.npy"
    said = read_kept(path, np.load)
    if said is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        network, _, _ = fit_fold(teacher, data, fold)
        part, crops = _learning_part(moved, network, data), len(data.labels)
        flips = teacher.recipe.flips
        said = (
            answers_on_views(*part, crops, views)
            if views
            else answers_on_flips(*part, crops, flips)
        )
        written = path.with_suffix(f".{os.getpid()}.npy")
        np.save(written, said)
        written.replace(path)
    return np.asarray(said)


def _moved_alike(teacher: Recipe, pupil: Recipe) -> Recipe:
    return replace(
        teacher,
        **{
            name: getattr(pupil, name)
            for name in (
                "rotation_degrees", "zoom", "shift", "contrast", "brightness", "cutout",
            )
        },
    )  # fmt: skip


def _learning_part(
    plan: FitPlan, network: keras.Model, data: TrainingCrops
) -> tuple[keras.Model, Views]:
    views = crop_views(data.crops, plan.recipe, plan.seed)
    if plan.name == "simple_cnn" or plan.recipe.frozen_blocks == 0:
        return network, views
    frozen, learning = split(network, plan.recipe.frozen_blocks)
    return learning, FrozenViews(views, frozen, plan.features or plan.work / plan.name)


def _member(plan: FitPlan) -> str:
    return f"_{plan.member}" if plan.member else ""


def _additions(plan: FitPlan, data: TrainingCrops) -> dict[str, Any]:
    """Name what a fit depends on besides, where it does: old fits keep their names."""
    member = {"member": plan.member} if plan.member else {}
    descriptors = _descriptors(plan, data)
    if descriptors is None:
        return member
    return member | {"descriptors": hashlib.sha256(descriptors.tobytes()).hexdigest()}


def _identity(plan: FitPlan | None, data: TrainingCrops, fold: int) -> str:
    if plan is None:
        return ""
    parts = {
        "name": plan.name,
        "recipe": changed_values(replace(plan.recipe, flips=FLIPS)),  # they are of the score alone
        "teacher": _identity(plan.teacher, data, fold) if plan.recipe.distillation else None,
        "seed": plan.seed,
        "imagenet_weights": Path(plan.imagenet_weights).name,
        "data": data.fingerprint,
        "fold": fold,
        **_additions(plan, data),
        "held_out": hashlib.sha256(data.fold.tobytes()).hexdigest(),
        "keras": keras.__version__,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
