"""MobileNetV2 with ImageNet weights, global average pooling, dropout and a dense head.

Fine-tuned in two stages: first the head alone, then the network above the frozen blocks. Every
batch normalisation keeps its ImageNet statistics throughout: 32 crops are too few to measure
new ones. In Keras 3 `base(x, training=False)` does not hold them still under `fit` once the base
is unfrozen; `trainable = False` on each of the 52 layers does.
The graph is flat (the base is no nested model), so that every layer can be asked for its output.

Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR.
"""

import re
from pathlib import Path

import keras

from mammo.errors import TrainingError
from mammo.settings import Recipe

LAST_CONVOLUTION = "out_relu"
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
