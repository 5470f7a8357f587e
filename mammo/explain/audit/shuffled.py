"""The untrained network of the randomisation test: the trained one with its weights shuffled.

Each layer's weights are dealt anew among their places, so that the network has learnt nothing but
keeps the size of its numbers; freshly drawn weights let MobileNetV2's answers die out. Built with
Keras and exported as training does, so that its Grad-CAM is as exact as the trained network's.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps", NeurIPS, arXiv 1810.03292, section 4.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

from mammo.artifacts import load_card
from mammo.artifacts.manifest import read_files
from mammo.settings import Recipe


def shuffled_network(model: str, folder: Path, seed: int) -> bytes:
    """Return a trained network with shuffled weights, as an ONNX file.

    Parameters
    ----------
    model : "simple_cnn" or "mobilenetv2"
    folder : Path of the artifacts
    seed : int

    Raises
    ------
    ArtifactError
        The artifacts do not verify.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from mammo.models.export import export_onnx
    from mammo.models.mobilenetv2 import build_mobilenetv2
    from mammo.models.serving import serving_model
    from mammo.models.simple_cnn import build_simple_cnn

    recipe = Recipe(**load_card(model, folder).settings)
    network = (
        build_simple_cnn(recipe) if model == "simple_cnn" else build_mobilenetv2(recipe, "none")
    )
    name = f"{model}/model.weights.h5"
    with tempfile.TemporaryDirectory() as place:
        weights = Path(place) / "model.weights.h5"
        weights.write_bytes(read_files([name], folder)[name])
        network.load_weights(weights)
        random = np.random.default_rng(seed)
        network.set_weights(
            [
                random.permutation(values.ravel()).reshape(values.shape)
                for values in network.get_weights()
            ]
        )
        written = Path(place) / "model.onnx"
        export_onnx(serving_model(network), written)
        return written.read_bytes()
