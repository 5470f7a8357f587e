"""Fit one model on every fold, then on all training crops.

Each fold's network scores the patients that it never saw; calibration and thresholds come from
these scores alone. A fit that is done is kept in the work folder and not repeated.
"""

import ctypes
import hashlib
import json
import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import sigmoid
from mammo.errors import TrainingError
from mammo.settings import RECIPES, REGISTRY, Recipe, TrainSettings, changed_values
from mammo.training.batches import (
    CropViews,
    FitData,
    FrozenViews,
    Views,
    crop_views,
    read_kept,
    write_array,
)  # fmt: skip
from mammo.training.export import compile_onnx
from mammo.training.fit import fit, ignore_progress, predict_logits
from mammo.training.networks import ARCHITECTURES, build_network, split

if TYPE_CHECKING:
    from tqdm import tqdm

FINAL = -1
"""The fold number of the fit that holds no crop out."""


@dataclass(frozen=True, eq=False)
class TrainingCrops:
    """The training half of the data; `fingerprint` names it.

    Parameters
    ----------
    crops : uint8 (n, S, S), 0-255.
    labels : int (n,), 0 benign, 1 malignant.
    fold : int (n,), the fold in which each crop is held out.
    views : function of crops, recipe and seed that prepares what the network sees.
    channels : int, of these views; 1 is grey.
    """

    crops: NDArray[np.uint8]
    labels: NDArray[np.int_]
    fold: NDArray[np.int_]
    fingerprint: str
    views: Callable[[NDArray[np.uint8], Recipe, int], CropViews] = crop_views
    channels: int = 1


@dataclass(frozen=True)
class FitPlan:
    """Which model is fitted how, and in which work folder its checkpoints are kept.

    Parameters
    ----------
    imagenet_weights : see `mammo.training.networks`.
    teacher : needed where the recipe distils.
    features : where the features of frozen blocks are kept, if not under `work`.
    """

    name: str
    recipe: Recipe
    seed: int
    imagenet_weights: str
    work: Path
    teacher: "FitPlan | None" = None
    features: Path | None = None

    @property
    def kept(self) -> Path:
        """The folder of features and of a teacher's answers."""
        return self.features or self.work / self.name


def fit_plan(name: str, settings: TrainSettings, work: Path) -> FitPlan:
    """Plan the fits of one model of a training, and those of its teacher where it distils.

    Both plans share the work folder, so that the teacher's fits serve twice where both are trained.
    The teacher of a model without one is a first generation of its own that learns from labels.
    """
    recipe = settings.recipes.get(name, RECIPES[name])
    plan = FitPlan(name, recipe, settings.seed, settings.imagenet_weights, work)
    if not recipe.distillation:
        return plan
    if teacher := REGISTRY[name].teacher:
        return replace(plan, teacher=fit_plan(teacher, settings, work))
    first = replace(plan, recipe=replace(recipe, distillation=0.0), work=work / "first-generation")
    return replace(plan, teacher=first)


def fit_fold(
    plan: FitPlan,
    data: TrainingCrops,
    fold: int,
    on_epoch: Callable[[int], None] = ignore_progress,
) -> tuple[keras.Model, NDArray[np.float64], list[dict[str, Any]]]:
    """Fit on all crops outside a fold, or on all (`FINAL`), and score those inside.

    Returns
    -------
    The fitted network; float64 (m,), flip-averaged logits of the held-out crops in their order
    (m is 0 for the final fit); the history, a dict per epoch.
    """
    _keep_freed_memory()
    folder = plan.work / plan.name
    folder.mkdir(parents=True, exist_ok=True)
    label = "final" if fold == FINAL else f"fold_{fold}"
    seed = plan.seed + 1 + fold
    network = build_network(plan.name, plan.recipe, seed, plan.imagenet_weights, data.channels)
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
    logits = np.empty(0)
    if held_out.any():
        logits = predict_logits(learning.predict_on_batch, views, rows.held_out, plan.recipe.views)
    return network, logits, [{"fold": label, **row} for row in history]


def follow(bar: "tqdm[None]", words: str, begin: int = 0) -> Callable[[int], None]:
    """Return an `on_epoch` that shows a fit on a bar, after the epochs of the fits before it."""

    def on_epoch(done: int) -> None:
        bar.set_description(words)
        bar.update(begin + done - bar.n)

    return on_epoch


def _keep_freed_memory() -> None:
    """Make the C library keep what TensorFlow frees each step, instead of asking for it anew.

    Without it a third of the processor's time on Linux goes into page faults. Elsewhere than on
    glibc nothing happens. mallopt(3): M_TRIM_THRESHOLD is -1, M_MMAP_MAX is -4.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(-4, 0)
        library.mallopt(-1, 2**31 - 1)


def _learning_part(
    plan: FitPlan, network: keras.Model, data: TrainingCrops
) -> tuple[keras.Model, Views]:
    views = data.views(data.crops, plan.recipe, plan.seed)
    blocks = ARCHITECTURES[plan.name].frozen_blocks(plan.recipe)
    if not blocks:
        return network, views
    frozen, learning = split(network, blocks)
    return learning, FrozenViews(views, frozen, plan.kept)


def _targets(plan: FitPlan, data: TrainingCrops, fold: int) -> NDArray[np.float32]:
    """Return labels, moved towards the teacher's probabilities by the recipe's share: (n, 1)."""
    truth, share = data.labels.astype(np.float64), plan.recipe.distillation
    if share:
        truth = (1 - share) * truth + share * sigmoid(_answers(plan, data, fold))
    return truth[:, np.newaxis].astype(np.float32)


def _answers(plan: FitPlan, data: TrainingCrops, fold: int) -> NDArray[np.float64]:
    """Return the teacher's logits, float64 (n,), and keep them: fitting and asking take minutes.

    The teacher is fitted on the same crops: it saw none of this fold either. Its answers are soft
    targets at temperature 1 (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network").
    """
    teacher = plan.teacher
    if teacher is None:
        raise TrainingError("A recipe that distils needs a teacher; there is none for this model.")
    path = plan.kept / f"answers-{_identity(teacher, data, fold, flips=True)[:16]}.npy"
    answers = read_kept(path, np.load)
    if answers is None:
        network, _, _ = fit_fold(teacher, data, fold)
        learning, views = _learning_part(teacher, network, data)
        every = np.arange(len(data.labels))
        answers = predict_logits(compile_onnx(learning), views, every, teacher.recipe.views)
        write_array(path, answers)
    return np.asarray(answers)


def _identity(plan: FitPlan | None, data: TrainingCrops, fold: int, flips: bool = False) -> str:
    """Name a fit by all that it depends on; flips are of the score alone."""
    if plan is None:
        return ""
    parts = {
        "name": plan.name,
        "recipe": changed_values(
            plan.recipe if flips else replace(plan.recipe, flips=Recipe.flips)
        ),
        "teacher": _identity(plan.teacher, data, fold) if plan.recipe.distillation else None,
        "seed": plan.seed,
        "imagenet_weights": Path(plan.imagenet_weights).name,
        "data": data.fingerprint,
        "fold": fold,
        "held_out": hashlib.sha256(data.fold.tobytes()).hexdigest(),
        "keras": keras.__version__,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
