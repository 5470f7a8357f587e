"""Grad-CAM of the released networks, against a gradient tape and against tf-keras-vis.

The graph holds Grad-CAM in closed form; here Keras computes it from the released weights by the
gradient that the closed form stands for.
"""

import warnings
from typing import Any

import numpy as np
import onnx
import pytest

pytest.importorskip("keras", reason="needs requirements-train.txt")
pytest.importorskip("tensorflow", reason="needs requirements-train.txt")

import keras
import tensorflow as tf

from mammo.artifacts import artifacts_folder, load_card
from mammo.inference import Classifier, load_classifier
from mammo.settings import MODELS, recipe_of
from mammo.training.audit import shuffled_network
from mammo.training.networks import build_network
from tests.inference.test_maps import crop_of

pytestmark = pytest.mark.training

LAST_CONVOLUTION = {"simple_cnn": "conv_2", "mobilenetv2": "out_relu"}


@pytest.fixture(scope="module", params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def network(name: str) -> keras.Model:
    """The trained network as Keras has it, rebuilt from the released weights."""
    built = build_network(name, recipe_of(load_card(name).settings))
    built.load_weights(artifacts_folder() / name / "model.weights.h5")
    return built


@pytest.fixture(scope="module")
def crops(name: str) -> np.ndarray:
    """A crop and its mirror images, prepared: float32 (4, I, I)."""
    return load_classifier(name).views(crop_of(1)).pictures


def difference(found: Any, expected: Any) -> float:
    """Return the largest difference, as a share of the largest value."""
    assert np.shape(found) == np.shape(expected) and np.max(expected) > 0
    return float(np.abs(np.asarray(found) - expected).max() / np.max(expected))


def test_grad_cam_is_what_a_gradient_tape_computes(name, network, crops) -> None:
    layer = network.get_layer(LAST_CONVOLUTION[name])
    both = keras.Model(network.input, [layer.output, network.output])
    with tf.GradientTape() as tape:
        maps, logits = both(tf.constant(crops[..., np.newaxis]), training=False)
        total = tf.reduce_sum(logits)
    weights = tape.gradient(total, maps).numpy().mean(axis=(1, 2), keepdims=True)
    expected = np.maximum((maps.numpy() * weights).sum(axis=-1), 0)
    assert difference(load_classifier(name).network("cam", crops), expected) < 1e-4


def test_grad_cam_is_what_tf_keras_vis_computes(name, network, crops) -> None:
    with warnings.catch_warnings():
        # tf-keras-vis 0.8.7 asks for scipy.ndimage.interpolation, which SciPy 2 will take away.
        warnings.simplefilter("ignore", DeprecationWarning)
        from tf_keras_vis.gradcam import Gradcam

    expected = Gradcam(network, clone=False)(
        lambda logits: logits[:, 0], crops[..., np.newaxis],
        penultimate_layer=LAST_CONVOLUTION[name], seek_penultimate_conv_layer=False,
        expand_cam=False, normalize_cam=False,
    )  # fmt: skip
    assert difference(load_classifier(name).network("cam", crops), expected) < 1e-4


def test_the_shuffled_network_has_the_same_weights_elsewhere() -> None:
    trained = load_classifier("simple_cnn")
    pictures = trained.views(crop_of(1)).pictures
    network = shuffled_network("simple_cnn", artifacts_folder(), 0, pictures)
    shuffled = Classifier(trained.card, network)
    ours, theirs = (_convolutions(model) for model in (trained, shuffled))
    assert ours.keys() == theirs.keys() and len(ours) == 2
    for shape in ours:
        assert not np.array_equal(ours[shape], theirs[shape])
        assert np.array_equal(np.sort(ours[shape].ravel()), np.sort(theirs[shape].ravel()))
    logits = [model.network("logit", pictures) for model in (trained, shuffled)]
    assert np.abs(logits[0] - logits[1]).max() > 1e-2


def test_shuffled_mobilenetv2_still_sees_its_crops() -> None:
    """With the old batch normalisations over 90% of its last maps stand still at 0 or 6."""
    trained = load_classifier("mobilenetv2")
    pictures = np.concatenate([trained.views(crop_of(seed)).pictures[:2] for seed in range(8)])
    network = shuffled_network("mobilenetv2", artifacts_folder(), 0, pictures)
    maps = Classifier(trained.card, network).network("features", pictures)
    assert (maps >= 6).mean() < 0.1 and 0.02 < (maps > 0).mean() < 0.9
    assert maps.std(axis=0).mean() > 0.1, "another crop, another map"


def _convolutions(model: Classifier) -> dict[tuple[int, ...], np.ndarray]:
    graph = onnx.load_from_string(model.onnx).graph
    weights = [onnx.numpy_helper.to_array(held) for held in graph.initializer]
    return {weight.shape: weight for weight in weights if weight.ndim == 4}
