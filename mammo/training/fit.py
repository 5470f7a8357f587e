"""Fit one network: a plain loop that can be killed at any moment and goes on where it was.

What an epoch sees depends on the seed and the epoch's number alone, and each epoch ends with a
checkpoint of everything that changes (weights, optimiser, random states), written beside the old
one and swapped in. So the same call after a kill repeats at most one epoch.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mammo.settings import Recipe
from mammo.training.batches import BATCH, FLIPS, FitData, Rows, Views, batches, read_kept
from mammo.training.export import compile_onnx
from mammo.training.networks import (
    build_mobilenetv2,
    build_simple_cnn,
    multitask_loss,
    train_above,
    train_head_only,
    with_descriptors,
)

Answers = NDArray[np.float64]


def targets(
    labels: NDArray[np.int_],
    answers: Answers | None,
    share: float,
    descriptors: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Mix labels with a teacher's answers, and put the descriptors beside them.

    Examples
    --------
    >>> targets(np.array([0, 1]), np.array([[0.5, 0.5]]), 0.5, None)[0, :, 0].tolist()
    [0.25, 0.75]
    """
    truth = labels[np.newaxis].astype(np.float64)
    said = truth if answers is None else (1 - share) * truth + share * answers
    first = said[:, :, np.newaxis]
    if descriptors is None:
        return first.astype(np.float32)
    beside = np.broadcast_to(descriptors, (len(first), *descriptors.shape))
    return np.concatenate([first, beside], axis=2).astype(np.float32)


def answers_on_views(learning: keras.Model, views: Views, crops: int, count: int) -> Answers:
    """Ask a teacher about augmented views 0 to count - 1 of every crop."""
    ask = compile_onnx(learning)
    return np.stack([_each(ask, views.augmented, view, crops) for view in range(count)])


def answers_on_flips(learning: keras.Model, views: Views, crops: int, flips: int) -> Answers:
    """Ask a teacher about every crop, averaged over its flips: float64 (1, crops), logits."""
    ask = compile_onnx(learning)
    said = [_each(ask, views.plain, flip, crops) for flip in range(flips)]
    return np.asarray(np.mean(said, axis=0)[np.newaxis])


def _each(
    ask: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    draw: Callable[[int, Rows], NDArray[np.float32]],
    number: int,
    crops: int,
) -> Answers:
    parts = np.array_split(np.arange(crops), -(-crops // BATCH))
    return np.concatenate([ask(draw(number, rows))[:, 0] for rows in parts]).astype(np.float64)


def mean_answer(logits: Sequence[Answers]) -> Answers:
    """Average what several teachers say, as probabilities."""
    return np.asarray(np.mean([1 / (1 + np.exp(-one)) for one in logits], axis=0))


@dataclass
class _State:
    """Say how far a fit has come: stage and epoch to do next, and the history so far."""

    identity: str
    stage: int = 0
    epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def build_network(
    name: str, recipe: Recipe, seed: int, imagenet_weights: str, descriptors: int = 0
) -> keras.Model:
    """Build an untrained network by its name; the same seed gives the same weights."""
    keras.utils.set_random_seed(seed)
    if name == "simple_cnn":
        network = build_simple_cnn(recipe)
    else:
        network = build_mobilenetv2(recipe, imagenet_weights)
    return with_descriptors(network, descriptors) if descriptors else network


def ignore_progress(_: int) -> None:
    """Take the number of epochs done and do nothing with it."""


def fit(
    network: keras.Model,
    learning: keras.Model,
    data: FitData,
    recipe: Recipe,
    seed: int,
    checkpoint: Path,
    identity: str,
    on_epoch: Callable[[int], None] = ignore_progress,
) -> list[dict[str, Any]]:
    """Train a network by its recipe, from its checkpoint where there is one."""
    saved = read_kept(checkpoint, lambda path: _read_checkpoint(path, identity))
    state = saved[0] if saved else _State(identity)
    on_epoch(len(state.history))
    for stage in _stages(network, recipe)[state.stage :]:
        stage.begin()
        _compile(learning, recipe, stage, len(data.learn))
        if saved:
            _restore(learning, saved[1])
            saved = None
        while state.epoch < stage.epochs:
            row = _run_epoch(learning, data, recipe, seed, len(state.history))
            state.epoch += 1
            state.history.append({"stage": stage.name, "epoch": state.epoch, **row})
            _write_checkpoint(checkpoint, state, learning)
            on_epoch(len(state.history))
        state.stage, state.epoch = stage.number + 1, 0
    if recipe.weight_average:
        learning.optimizer.finalize_variable_values(learning.trainable_variables)
    return state.history


def predict_logits(
    learning: keras.Model, views: Views, rows: Rows, flips: int = FLIPS
) -> NDArray[np.float64]:
    """Score crops, each averaged over its flips.

    Parameters
    ----------
    learning : keras.Model, the part of a network that the views feed.
    views : Views.
    rows : int (m,).
    flips : int, how many, see `Recipe`.

    Returns
    -------
    float64 (m,), logits of malignancy.
    """
    scores = [_logits(learning, views, rows, flip) for flip in range(flips)]
    return np.asarray(np.mean(scores, axis=0), dtype=np.float64)


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
    warm_up = max(1, steps // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=stage.learning_rate / 100,
        decay_steps=max(1, steps - warm_up),
        warmup_target=stage.learning_rate,
        warmup_steps=warm_up,
    )
    network.compile(
        optimizer=keras.optimizers.AdamW(
            schedule,
            weight_decay=recipe.weight_decay,
            global_clipnorm=recipe.gradient_clip,
            use_ema=recipe.weight_average > 0,
            ema_momentum=recipe.weight_average,
        ),
        loss=multitask_loss(recipe.descriptors, recipe.label_smoothing)
        if recipe.descriptors
        else keras.losses.BinaryCrossentropy(
            from_logits=True, label_smoothing=recipe.label_smoothing
        ),
        jit_compile=False,  # XLA on a processor is ten times slower for these networks
    )
    network.optimizer.build(network.trainable_variables)


def _run_epoch(
    learning: keras.Model, data: FitData, recipe: Recipe, seed: int, epoch: int
) -> dict[str, Any]:
    began = time.perf_counter()
    losses, sizes = [], []
    for crops, targets, weights in batches(data, recipe, seed, epoch):
        learning.reset_metrics()  # so that each loss is of its batch alone
        losses.append(float(learning.train_on_batch(crops, targets, sample_weight=weights)))
        sizes.append(len(targets))
    return {
        "loss": float(np.average(losses, weights=sizes)),
        **_watch(learning, data),
        "seconds": round(time.perf_counter() - began, 2),
    }


def _watch(learning: keras.Model, data: FitData) -> dict[str, float | None]:
    """Measure loss and AUC on the held-out crops, unflipped; nothing is chosen by them."""
    if not len(data.held_out):
        return {"held_out_loss": None, "held_out_auc": None}
    from sklearn.metrics import log_loss, roc_auc_score

    labels = data.labels[data.held_out]
    probabilities = 1 / (1 + np.exp(-_logits(learning, data.views, data.held_out, flip=0)))
    return {
        "held_out_loss": float(log_loss(labels, probabilities, labels=[0, 1])),
        "held_out_auc": float(roc_auc_score(labels, probabilities)),
    }


def _logits(learning: keras.Model, views: Views, rows: Rows, flip: int) -> NDArray[np.float64]:
    parts = [
        np.asarray(learning.predict_on_batch(views.plain(flip, rows[start : start + BATCH])))
        for start in range(0, len(rows), BATCH)
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
    # Opened here, because NumPy leaves a damaged file open.
    with path.open("rb") as file, np.load(file) as saved:
        state = _State(**json.loads(str(saved["state"])))
        if state.identity != identity:
            return None
        return state, [saved[f"v{i}"] for i in range(len(saved.files) - 1)]


def _restore(network: keras.Model, arrays: list[NDArray[Any]]) -> None:
    for variable, value in zip(_variables(network), arrays, strict=True):
        variable.assign(value)
