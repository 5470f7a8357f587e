"""Fit one network: a plain loop that can be killed at any moment and goes on where it was.

What an epoch sees depends on the seed and the epoch's number alone, and each epoch ends with a
checkpoint of everything that changes (weights, optimiser, random states), written beside the old
one and swapped in. So the same call after a kill repeats at most one epoch.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mammo.data.augment import Augmentation, augment
from mammo.models.mobilenetv2 import build_mobilenetv2, train_above, train_head_only
from mammo.models.simple_cnn import build_simple_cnn
from mammo.settings import Recipe

EVALUATION_BATCH = 64


@dataclass(frozen=True, eq=False)
class FitData:
    """Hold what a fit learns from, and what it is watched on.

    Parameters
    ----------
    stretched : float32 (n, S, S), 0-255, training crops after the contrast stretch.
    labels : int (n,), 0 benign, 1 malignant.
    held_out : float32 (m, I, I), 0-255, prepared crops of patients not in training; m may be 0.
    held_out_labels : int (m,).
    """

    stretched: NDArray[np.float32]
    labels: NDArray[np.int_]
    held_out: NDArray[np.float32]
    held_out_labels: NDArray[np.int_]


@dataclass
class _State:
    """Say how far a fit has come: stage and epoch to do next, and the history so far."""

    identity: str
    stage: int = 0
    epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def build_network(name: str, recipe: Recipe, seed: int, imagenet_weights: str) -> keras.Model:
    """Build an untrained network by its name; the same seed gives the same weights."""
    keras.utils.set_random_seed(seed)
    if name == "simple_cnn":
        return build_simple_cnn(recipe)
    return build_mobilenetv2(recipe, imagenet_weights)


def fit(
    network: keras.Model,
    data: FitData,
    recipe: Recipe,
    seed: int,
    checkpoint: Path,
    identity: str,
    on_epoch: Callable[[int], None] = lambda epochs_done: None,
) -> list[dict[str, Any]]:
    """Train a network by its recipe, from its checkpoint where there is one.

    Parameters
    ----------
    network : keras.Model of `build_network`; its weights are changed in place.
    data : FitData.
    recipe : Recipe.
    seed : int, of the order of crops and their augmentation.
    checkpoint : Path of the .npz file to keep; its folder must exist.
    identity : str, names data, recipe, seed and fold: a checkpoint of another identity is ignored.
    on_epoch : called after each epoch, and once at the start, with the epochs done so far.

    Returns
    -------
    list of dict, one an epoch: stage, epoch, loss, held_out_loss, held_out_auc, seconds.
    """
    state = _State(identity)
    saved = _read_checkpoint(checkpoint, identity)
    if saved is not None:
        state = saved[0]
    for stage in _stages(network, recipe):
        if stage.number < state.stage:
            continue
        stage.begin()
        _compile(network, recipe, stage, len(data.labels))
        if saved is not None and saved[0].stage == stage.number:
            _restore(network, saved[1])
        saved = None
        on_epoch(len(state.history))
        while state.epoch < stage.epochs:
            state.history.append(_run_epoch(network, data, recipe, seed, stage, state.epoch))
            state.epoch += 1
            _write_checkpoint(checkpoint, state, network)
            on_epoch(len(state.history))
        state.stage, state.epoch = stage.number + 1, 0
    return state.history


def predict_logits(network: keras.Model, prepared: NDArray[np.float32]) -> NDArray[np.float64]:
    """Score prepared crops, each averaged over its four flips.

    Parameters
    ----------
    network : keras.Model of `build_network`.
    prepared : float32 (n, I, I), 0-255.

    Returns
    -------
    float64 (n,), logits of malignancy.
    """
    flips = [prepared, prepared[:, :, ::-1], prepared[:, ::-1], prepared[:, ::-1, ::-1]]
    return np.mean([_logits(network, flipped) for flipped in flips], axis=0)


@dataclass(frozen=True)
class _Stage:
    number: int
    name: str
    epochs: int
    learning_rate: float
    begin: Callable[[], None]


def _stages(network: keras.Model, recipe: Recipe) -> list[_Stage]:
    if network.name == "simple_cnn":
        return [_Stage(0, "all", recipe.epochs, recipe.learning_rate, lambda: None)]
    head = _Stage(
        0, "head", recipe.head_epochs, recipe.head_learning_rate, lambda: train_head_only(network)
    )
    tuning = _Stage(
        1, "fine-tuning", recipe.epochs, recipe.learning_rate,
        lambda: train_above(network, recipe.frozen_blocks),
    )  # fmt: skip
    return [head, tuning]


def _compile(network: keras.Model, recipe: Recipe, stage: _Stage, crops: int) -> None:
    steps = max(1, stage.epochs * -(-crops // recipe.batch_size))
    warm_up = max(1, steps // 20)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=stage.learning_rate / 100,
        decay_steps=max(1, steps - warm_up),
        warmup_target=stage.learning_rate,
        warmup_steps=warm_up,
    )
    network.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay),
        loss=keras.losses.BinaryCrossentropy(
            from_logits=True, label_smoothing=recipe.label_smoothing
        ),
        jit_compile=False,  # XLA on a processor is ten times slower for these networks
    )
    network.optimizer.build(network.trainable_variables)


def _run_epoch(
    network: keras.Model, data: FitData, recipe: Recipe, seed: int, stage: _Stage, epoch: int
) -> dict[str, Any]:
    began = time.perf_counter()
    network.reset_metrics()
    loss = 0.0
    for crops, labels, weights in _batches(data, recipe, seed, (stage.number, epoch)):
        loss = float(network.train_on_batch(crops, labels, sample_weight=weights))
    return {
        "stage": stage.name,
        "epoch": epoch + 1,
        "loss": loss,
        **_watch(network, data),
        "seconds": round(time.perf_counter() - began, 2),
    }


def _batches(
    data: FitData, recipe: Recipe, seed: int, when: tuple[int, int]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
    """Yield crops (b, I, I, 1), labels (b, 1) and class weights (b,) in an order of the epoch's."""
    random = np.random.default_rng([seed, *when])
    augmentation = Augmentation(
        recipe.rotation_degrees, recipe.zoom, recipe.shift, recipe.contrast, recipe.brightness
    )
    class_weights = len(data.labels) / (2 * np.bincount(data.labels, minlength=2))
    order = random.permutation(len(data.labels))
    for start in range(0, len(order), recipe.batch_size):
        chosen = order[start : start + recipe.batch_size]
        views = [
            augment(data.stretched[row], recipe.input_size, augmentation, random) for row in chosen
        ]
        labels = data.labels[chosen]
        yield (
            np.stack(views)[..., np.newaxis],
            labels[:, np.newaxis].astype(np.float32),
            class_weights[labels].astype(np.float32),
        )


def _watch(network: keras.Model, data: FitData) -> dict[str, float | None]:
    """Measure loss and AUC on the held-out crops, unflipped; nothing is chosen by them."""
    if not len(data.held_out):
        return {"held_out_loss": None, "held_out_auc": None}
    from sklearn.metrics import log_loss, roc_auc_score

    probabilities = 1 / (1 + np.exp(-_logits(network, data.held_out)))
    return {
        "held_out_loss": float(log_loss(data.held_out_labels, probabilities, labels=[0, 1])),
        "held_out_auc": float(roc_auc_score(data.held_out_labels, probabilities)),
    }


def _logits(network: keras.Model, prepared: NDArray[np.float32]) -> NDArray[np.float64]:
    parts = [
        np.asarray(network.predict_on_batch(prepared[start : start + EVALUATION_BATCH, ..., None]))
        for start in range(0, len(prepared), EVALUATION_BATCH)
    ]
    return np.concatenate(parts)[:, 0].astype(np.float64)


def _variables(network: keras.Model) -> list[keras.Variable]:
    return [*network.variables, *network.optimizer.variables]


def _write_checkpoint(path: Path, state: _State, network: keras.Model) -> None:
    arrays = {f"v{i}": variable.numpy() for i, variable in enumerate(_variables(network))}
    written = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
    with written.open("wb") as file:
        np.savez(file, state=np.array(json.dumps(asdict(state))), **arrays)
    written.replace(path)


def _read_checkpoint(path: Path, identity: str) -> tuple[_State, list[NDArray[Any]]] | None:
    if not path.is_file():
        return None
    with np.load(path) as saved:
        state = _State(**json.loads(str(saved["state"])))
        if state.identity != identity:
            return None
        return state, [saved[f"v{i}"] for i in range(len(saved.files) - 1)]


def _restore(network: keras.Model, arrays: list[NDArray[Any]]) -> None:
    for variable, value in zip(_variables(network), arrays, strict=True):
        variable.assign(value)
