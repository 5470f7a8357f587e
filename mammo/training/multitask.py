"""Let a network say the radiologists' descriptors too while it learns, and forget them after.

The answers come from one more dense layer beside the logit, on the same features; the loss of the
logit and the mean loss of the known answers are added. See `mammo.data.findings`.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from mammo.training.mobilenetv2 import DESCRIPTORS


def with_descriptors(network: keras.Model, count: int) -> keras.Model:
    """Give a network one more output layer: logit and descriptors, float32 (n, 1 + count)."""
    features = network.get_layer("logit").input
    answers = keras.layers.Dense(count, name=DESCRIPTORS)(features)
    joined = keras.layers.Concatenate(name="answers")([network.output, answers])
    return keras.Model(network.input, joined, name=network.name)


def without_descriptors(network: keras.Model) -> keras.Model:
    """Drop that layer; the rest is shared, so it has learnt what the network learnt."""
    return keras.Model(network.input, network.get_layer("logit").output, name=network.name)


def multitask_loss(weight: float, label_smoothing: float) -> Callable[[Any, Any], Any]:
    """Return the loss of targets and outputs, both float32 (b, 1 + k): a number a crop, (b,)."""

    def loss(targets: Any, outputs: Any) -> Any:
        truth = targets[:, 0] * (1 - label_smoothing) + 0.5 * label_smoothing
        of_logit = ops.binary_crossentropy(truth, outputs[:, 0], from_logits=True)
        known = ops.cast(targets[:, 1:] == targets[:, 1:], "float32")  # NaN differs from itself
        answers = ops.where(known > 0, targets[:, 1:], 0.0)
        each = ops.binary_crossentropy(answers, outputs[:, 1:], from_logits=True)
        mean = ops.sum(known * each, axis=1) / ops.maximum(ops.sum(known, axis=1), 1.0)
        return of_logit + weight * mean

    return loss
