"""The simple CNN: two Conv2D layers, max pooling, dropout, dense layers; read it in a minute.

The baseline of the app: what a small network learns from the crops alone, without ImageNet.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from keras import ops

from mammo.errors import TrainingError
from mammo.settings import Recipe

SIMPLE_CNN_CONVOLUTION = "conv_2"


def build_simple_cnn(recipe: Recipe) -> keras.Model:
    """Build the untrained network.

    Parameters
    ----------
    recipe : Recipe, whose input size, dropout, filters, kernel size, stride and units are used.

    Returns
    -------
    keras.Model, float32 (n, I, I, 1) in 0-255 -> logit of malignancy, float32 (n, 1).
    """
    size = recipe.input_size
    crops = keras.Input((size, size, 1), name="crops")
    signal = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(crops)  # (I, I, 1)
    # Shapes as with the released step of 2 and 32 filters.
    signal = _convolution("conv_1", recipe.filters, recipe.kernel_size, recipe.stride)(signal)
    signal = keras.layers.MaxPooling2D(2, name="pool_1")(signal)  # (I/2, I/2, 32) -> (I/4, I/4, 32)
    signal = _convolution(SIMPLE_CNN_CONVOLUTION, 2 * recipe.filters, size=3)(
        signal
    )  # (I/4, I/4, 64)
    signal = keras.layers.MaxPooling2D(4, name="pool_2")(signal)  # (I/16, I/16, 64)
    signal = keras.layers.Flatten(name="flatten")(signal)
    signal = keras.layers.Dropout(recipe.dropout, name="dropout_1")(signal)
    signal = keras.layers.Dense(
        recipe.hidden, activation="relu", kernel_initializer="he_normal", name="embedding"
    )(signal)
    signal = keras.layers.Dropout(recipe.dropout, name="dropout_2")(signal)
    return keras.Model(crops, keras.layers.Dense(1, name="logit")(signal), name="simple_cnn")


def _convolution(name: str, filters: int, size: int, strides: int = 1) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )


MOBILENETV2_CONVOLUTION = "out_relu"
DESCRIPTORS = "descriptors"
_HEAD = ("pooled", "dropout", "logit", DESCRIPTORS)


def build_mobilenetv2(recipe: Recipe, imagenet_weights: str = "imagenet") -> keras.Model:
    """Build the network with its head untrained.

    Parameters
    ----------
    recipe : Recipe, whose input size and dropout are used.
    imagenet_weights : str, "imagenet" for Keras' own download, "none" for random weights, or the
        path of an .h5 file of the network without its classifier.

    Returns
    -------
    keras.Model, float32 (n, I, I, 1) in 0-255 -> logit of malignancy, float32 (n, 1).

    Raises
    ------
    TrainingError
        If the weights cannot be had or do not fit.
    """
    size = recipe.input_size
    crops = keras.Input((size, size, 1), name="crops")
    signal = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(crops)
    grey_thrice = keras.layers.Concatenate(name="grey_to_rgb")([signal, signal, signal])
    base = _base(grey_thrice, imagenet_weights)
    signal = keras.layers.GlobalAveragePooling2D(name="pooled")(base.output)  # (1280,)
    signal = keras.layers.Dropout(recipe.dropout, name="dropout")(signal)
    return keras.Model(crops, keras.layers.Dense(1, name="logit")(signal), name="mobilenetv2")


def _base(pictures: keras.KerasTensor, imagenet_weights: str) -> keras.Model:
    weights: str | None = None if imagenet_weights == "none" else imagenet_weights
    if weights not in (None, "imagenet") and not Path(str(weights)).is_file():
        raise TrainingError(
            f"--imagenet-weights expects imagenet, none or the path of an .h5 file. "
            f"Received: {imagenet_weights}, which is no file."
        )
    try:
        return keras.applications.MobileNetV2(
            weights=weights, include_top=False, input_tensor=pictures
        )
    except Exception as error:  # Keras raises bare Exception for a failed download
        raise TrainingError(
            f"The ImageNet weights ({imagenet_weights}) could not be loaded: {error} "
            "Without a network connection pass --imagenet-weights PATH with the file "
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5, "
            "or --imagenet-weights none to begin from random weights."
        ) from error


def train_head_only(network: keras.Model) -> None:
    """Let only the head learn: the first stage."""
    for layer in network.layers:
        layer.trainable = layer.name in _HEAD


def train_above(network: keras.Model, frozen_blocks: int) -> None:
    """Let everything above the frozen blocks learn, but no batch normalisation."""
    for layer in network.layers:
        layer.trainable = _block(layer.name) >= frozen_blocks and not isinstance(
            layer, keras.layers.BatchNormalization
        )


def split(network: keras.Model, frozen_blocks: int) -> tuple[keras.Model, keras.Model]:
    """Split the network into the part that never changes and the part that learns."""
    features = network.get_layer(f"block_{frozen_blocks}_expand").input
    return keras.Model(network.input, features), keras.Model(features, network.output)


def _block(layer_name: str) -> int:
    """Number a layer's block: the stem and `expanded_conv` 0, `block_5_*` 5, the top 17."""
    match = re.match(r"block_(\d+)_", layer_name)
    if match:
        return int(match.group(1))
    return 0 if layer_name.startswith(("Conv1", "bn_Conv1", "expanded_conv")) else 17


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
