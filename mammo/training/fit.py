"""Fit one network: a plain loop that can be stopped at any moment and continues where it was.

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

from mammo.artifacts import sigmoid
from mammo.settings import VIEWS, Recipe
from mammo.training.batches import BATCH, FitData, Rows, Views, batches, read_kept
from mammo.training.networks import ARCHITECTURES, Stage

Logits = NDArray[np.float64]
Ask = Callable[[NDArray[np.float32]], Any]
"""A network, or the part of one that learns: views (b, ...) -> logits (b, 1)."""


@dataclass
class _State:
    """How far a fit has come: stage and epoch to do next, and the history so far."""

    identity: str
    stage: int = 0
    epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


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
    for number, stage in enumerate(ARCHITECTURES[network.name].stages(recipe)):
        if number < state.stage:
            continue
        stage.begin(network)
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
        state.stage, state.epoch = number + 1, 0
    return state.history


def predict_logits(ask: Ask, views: Views, rows: Rows, names: Sequence[str]) -> Logits:
    """Return logits of crops, float64 (m,), each averaged over the named views of `VIEWS`."""
    scores = [_logits(ask, views, rows, [*VIEWS].index(name)) for name in names]
    return np.asarray(np.mean(scores, axis=0), dtype=np.float64)


def _compile(network: keras.Model, recipe: Recipe, stage: Stage, crops: int) -> None:
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
            schedule, weight_decay=recipe.weight_decay, global_clipnorm=recipe.gradient_clip
        ),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
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
    p = sigmoid(_logits(learning.predict_on_batch, data.views, data.held_out, flip=0))
    return {
        "held_out_loss": float(log_loss(labels, p, labels=[0, 1])),
        "held_out_auc": float(roc_auc_score(labels, p)),
    }


def _logits(ask: Ask, views: Views, rows: Rows, flip: int) -> Logits:
    parts = [
        np.asarray(ask(views.draw("flip", flip, rows[start : start + BATCH])))
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
