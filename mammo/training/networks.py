"""The networks: layers, stages of training, and the closed form of each one's Grad-CAM.

Grad-CAM (Selvaraju et al. 2017) weights the last convolution's feature maps A_k by the mean
gradient of the score and keeps the positive part: relu(sum_k mean(d logit / d A_k) A_k). For both
networks that gradient has a closed form (`grad_cam_weights`), so the map is part of the graph.
Every graph is flat (no nested model), so that every layer can be asked for its output.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from mammo.errors import TrainingError
from mammo.settings import Recipe


@dataclass(frozen=True)
class Stage:
    """A stage of a training: `begin` chooses which layers of a network learn."""

    name: str
    epochs: int
    learning_rate: float
    begin: Callable[[keras.Model], None]


def build_simple_cnn(recipe: Recipe, _: str = "none", channels: int = 1) -> keras.Model:
    """Build two Conv2D layers, max pooling, dropout, dense layers: the baseline, untrained."""
    crops, signal = _scaled_crops(recipe, channels)  # (I, I, channels)
    # Shapes as with the released step of 2 and 32 filters.
    signal = _convolution("conv_1", recipe.filters, recipe.kernel_size, recipe.stride)(signal)
    signal = keras.layers.MaxPooling2D(2, name="pool_1")(signal)  # (I/2, I/2, 32) -> (I/4, I/4, 32)
    signal = _convolution("conv_2", 2 * recipe.filters, size=3)(signal)  # (I/4, I/4, 64)
    signal = keras.layers.MaxPooling2D(4, name="pool_2")(signal)  # (I/16, I/16, 64)
    signal = keras.layers.Flatten(name="flatten")(signal)
    signal = keras.layers.Dropout(recipe.dropout, name="dropout_1")(signal)
    signal = keras.layers.Dense(
        recipe.hidden, activation="relu", kernel_initializer="he_normal", name="embedding"
    )(signal)
    signal = keras.layers.Dropout(recipe.dropout, name="dropout_2")(signal)
    return keras.Model(crops, keras.layers.Dense(1, name="logit")(signal), name="simple_cnn")


def build_mobilenetv2(
    recipe: Recipe, imagenet_weights: str = "imagenet", channels: int = 1
) -> keras.Model:
    """Build MobileNetV2, global average pooling, dropout and an untrained dense head.

    Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR.

    `imagenet_weights` is "imagenet" for Keras' own download, "none" for random weights, or the path
    of an .h5 file of the network without its classifier. Three channels are used as they are.
    """
    crops, signal = _scaled_crops(recipe, channels)
    if channels == 1:
        signal = keras.layers.Concatenate(name="grey_to_rgb")([signal, signal, signal])
    base = _imagenet_base(signal, imagenet_weights)
    signal = keras.layers.GlobalAveragePooling2D(name="pooled")(base.output)  # (1280,)
    signal = keras.layers.Dropout(recipe.dropout, name="dropout")(signal)
    return keras.Model(crops, keras.layers.Dense(1, name="logit")(signal), name="mobilenetv2")


def _one_stage(recipe: Recipe) -> list[Stage]:
    return [Stage("all", recipe.epochs, recipe.learning_rate, lambda _: None)]


def _head_then_tuning(recipe: Recipe) -> list[Stage]:
    """Return MobileNetV2's stages: the head alone, then the network above the frozen blocks.

    Every batch normalisation keeps its ImageNet statistics throughout: 32 crops are too few to
    measure new ones. In Keras 3 `base(x, training=False)` does not hold them still under `fit` once
    the base is unfrozen; `trainable = False` on each of the 52 layers does.
    """
    return [
        Stage("head", recipe.head_epochs, recipe.head_learning_rate, train_head_only),
        Stage(
            "fine-tuning", recipe.epochs, recipe.learning_rate,
            lambda network: train_above(network, recipe.frozen_blocks),
        ),
    ]  # fmt: skip


def _simple_cnn_weights(
    network: keras.Model, embedding: keras.KerasTensor, features: keras.KerasTensor
) -> keras.KerasTensor:
    """Sum over the pooled map: max pooling passes each gradient to one pixel of A_k.

    The pooled gradient is W1 (step(hidden) * w2).
    """
    channels = features.shape[-1]
    hidden_kernel = network.get_layer("embedding").kernel.numpy()  # (cells k, d)
    per_channel = hidden_kernel.reshape(-1, channels, hidden_kernel.shape[1]).sum(axis=0)  # (k, d)
    last_kernel = network.get_layer("logit").kernel.numpy()[:, 0]  # (d,)
    backward = (per_channel * last_kernel).T / _pixels(features)  # (d, k)
    active = ops.cast(embedding > 0, "float32")  # (n, d), the step of the hidden layer
    return ops.reshape(ops.matmul(active, backward), (-1, 1, 1, channels))


def _mobilenetv2_weights(
    network: keras.Model, _: keras.KerasTensor, features: keras.KerasTensor
) -> NDArray[np.float32]:
    """Return w_k / (h w): global average pooling and one dense layer with weights w follow."""
    kernel = network.get_layer("logit").kernel.numpy()  # (k, 1)
    weights: NDArray[np.float32] = kernel.reshape(1, 1, 1, -1) / _pixels(features)
    return weights


@dataclass(frozen=True)
class Architecture:
    """How a model is built, trained and explained.

    Parameters
    ----------
    build : function of a Recipe, the ImageNet weights and the channels of the input.
    embedding, last_convolution : the layers that give the embedding and Grad-CAM's maps.
    grad_cam_weights : from network, embedding and features to mean(d logit / d A_k), shape
        (n or 1, 1, 1, k).
    frozen_blocks : how many blocks never learn and can be split off.
    """

    build: Callable[[Recipe, str, int], keras.Model]
    stages: Callable[[Recipe], list[Stage]]
    embedding: str
    last_convolution: str
    grad_cam_weights: Callable[[keras.Model, keras.KerasTensor, keras.KerasTensor], Any]
    frozen_blocks: Callable[[Recipe], int] = lambda _: 0


def build_network(
    name: str, recipe: Recipe, seed: int = 0, imagenet_weights: str = "none", channels: int = 1
) -> keras.Model:
    """Build an untrained network by its name; the same seed gives the same weights.

    float32 (n, I, I, channels) in 0-255 -> logit of malignancy, float32 (n, 1).

    Raises
    ------
    TrainingError
        The ImageNet weights cannot be loaded or do not fit.
    """
    keras.utils.set_random_seed(seed)
    return ARCHITECTURES[name].build(recipe, imagenet_weights, channels)


def train_head_only(network: keras.Model) -> None:
    """Train only MobileNetV2's head: the first stage."""
    for layer in network.layers:
        layer.trainable = layer.name in ("pooled", "dropout", "logit")


def train_above(network: keras.Model, frozen_blocks: int) -> None:
    """Train everything above the frozen blocks, but no batch normalisation."""
    for layer in network.layers:
        layer.trainable = _block(layer.name) >= frozen_blocks and not isinstance(
            layer, keras.layers.BatchNormalization
        )


def split(network: keras.Model, frozen_blocks: int) -> tuple[keras.Model, keras.Model]:
    """Split MobileNetV2 into the part that never changes and the part that learns."""
    features = network.get_layer(f"block_{frozen_blocks}_expand").input
    return keras.Model(network.input, features), keras.Model(features, network.output)


def _scaled_crops(recipe: Recipe, channels: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    crops = keras.Input((recipe.input_size, recipe.input_size, channels), name="crops")
    return crops, keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(crops)


def _convolution(name: str, filters: int, size: int, strides: int = 1) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(
        filters, size, strides=strides, padding="same", activation="relu",
        kernel_initializer="he_normal", name=name,
    )  # fmt: skip


def _imagenet_base(pictures: keras.KerasTensor, imagenet_weights: str) -> keras.Model:
    weights: str | None = None if imagenet_weights == "none" else imagenet_weights
    if weights not in (None, "imagenet") and not Path(str(weights)).is_file():
        raise TrainingError(
            f"--imagenet-weights expects imagenet, none or the path of an .h5 file. "
            f"Received: {imagenet_weights}, which is not a file."
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


def _block(layer_name: str) -> int:
    """Number a layer's block: the stem and `expanded_conv` 0, `block_5_*` 5, the top 17."""
    if match := re.match(r"block_(\d+)_", layer_name):
        return int(match.group(1))
    return 0 if layer_name.startswith(("Conv1", "bn_Conv1", "expanded_conv")) else 17


def _pixels(features: keras.KerasTensor) -> int:
    return int(features.shape[1] * features.shape[2])


ARCHITECTURES = {
    "simple_cnn": Architecture(
        build_simple_cnn, _one_stage, "embedding", "conv_2", _simple_cnn_weights
    ),
    "mobilenetv2": Architecture(
        build_mobilenetv2, _head_then_tuning, "pooled", "out_relu", _mobilenetv2_weights,
        lambda recipe: recipe.frozen_blocks,
    ),
}  # fmt: skip
"""By the names of `mammo.settings.REGISTRY`; a network's own name is the same."""
