"""The untrained network of the randomisation test: the trained one with its weights shuffled.

The weights of each convolution and dense layer are dealt anew among their places, so that the
network has learnt nothing but keeps the size of its numbers. MobileNetV2's batch normalisations
then measure their means and spreads anew, on some crops: with the old ones most maps stand still at
0 or 6 whatever the crop, and any method would pass against a network that sees nothing. Built with
Keras and exported as training does, so that its Grad-CAM is as exact as the trained network's.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps", NeurIPS, arXiv 1810.03292, section 4.
"""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import load_card
from mammo.artifacts.manifest import read_files
from mammo.settings import Recipe

if TYPE_CHECKING:
    import keras


def shuffled_network(model: str, folder: Path, seed: int, pictures: NDArray[np.float32]) -> bytes:
    """Return a trained network with shuffled weights, as an ONNX file."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from mammo.training.export import export_onnx
    from mammo.training.serving import serving_model

    name = f"{model}/model.weights.h5"
    network = _built(model, Recipe(**load_card(model, folder).settings))
    with tempfile.TemporaryDirectory() as place:
        weights = Path(place) / "model.weights.h5"
        weights.write_bytes(read_files([name], folder)[name])
        network.load_weights(weights)
        _shuffle(network, np.random.default_rng(seed))
        _measure_anew(network, pictures)
        written = Path(place) / "model.onnx"
        export_onnx(serving_model(network), written)
        return written.read_bytes()


def _built(model: str, recipe: Recipe) -> "keras.Model":
    from mammo.training.mobilenetv2 import build_mobilenetv2
    from mammo.training.simple_cnn import build_simple_cnn

    return build_simple_cnn(recipe) if model == "simple_cnn" else build_mobilenetv2(recipe, "none")


def _shuffle(network: "keras.Model", random: np.random.Generator) -> None:
    """Deal the numbers of each kernel anew among its places; biases stay."""
    for weight in network.weights:
        values = weight.numpy()
        if values.ndim > 1:
            weight.assign(random.permutation(values.ravel()).reshape(values.shape))


def _measure_anew(network: "keras.Model", pictures: NDArray[np.float32]) -> None:
    """Let each batch normalisation take its mean and spread from some pictures."""
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(pictures[..., np.newaxis], training=True)
