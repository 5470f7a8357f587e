"""What an epoch of a fit consists of: views, targets and weights of the crops, in its own order.

Everything drawn depends on the seed and the epoch's number alone, so that a fit which was stopped
goes on as if it had not been.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo.settings import Recipe
from mammo.training.views import Rows, Views

Batch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Views (b, ...), targets (b, 1 + k) and class weights (b,)."""


@dataclass(frozen=True, eq=False)
class FitData:
    """Say what a fit learns from, and what it is watched on."""

    views: Views
    labels: NDArray[np.int_]
    learn: Rows
    held_out: Rows
    targets: NDArray[np.float32]


def batches(data: FitData, recipe: Recipe, seed: int, epoch: int) -> Iterator[Batch]:
    """Yield the batches of an epoch."""
    learnt = data.labels[data.learn]
    class_weights = len(learnt) / (2 * np.bincount(learnt, minlength=2))
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(data.learn)
    view = epoch % len(data.targets) if len(data.targets) > 1 else epoch
    for start in range(0, len(order), recipe.batch_size):
        rows = order[start : start + recipe.batch_size]
        batch = (
            data.views.augmented(view, rows),
            data.targets[view % len(data.targets), rows],
            class_weights[data.labels[rows]].astype(np.float32),
        )
        yield mixed(batch, recipe.mixup, random) if recipe.mixup else batch


def mixed(batch: Batch, concentration: float, random: np.random.Generator) -> Batch:
    """Mix each crop of a batch with another: views, targets and weights by the same share.

    A descriptor that one of the two lacks is unknown of the mixture.

    Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization".

    Examples
    --------
    >>> two = np.array([[0.0], [1.0]], dtype=np.float32)
    >>> views, targets, _ = mixed((two, two, two[:, 0]), 1.0, np.random.default_rng(1))
    >>> bool((views == targets).all())
    True
    """
    size = len(batch[0])
    partner = random.permutation(size)
    share = random.beta(concentration, concentration, size=size).astype(np.float32)

    def mix(values: NDArray[np.float32]) -> NDArray[np.float32]:
        kept = share.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(kept * values + (1 - kept) * values[partner], dtype=np.float32)

    views, targets, weights = batch
    return mix(views), mix(targets), mix(weights)
