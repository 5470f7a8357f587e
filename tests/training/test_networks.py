"""The two networks: their shape, what learns in each stage, and what serving adds to them."""

from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs requirements-train.txt")
pytest.importorskip("tensorflow", reason="needs requirements-train.txt")

import onnxruntime  # noqa: E402
import tensorflow as tf  # noqa: E402

from mammo.errors import TrainingError  # noqa: E402
from mammo.settings import MODELS, Recipe  # noqa: E402
from mammo.training.export import OUTPUTS, export_onnx, serving_model  # noqa: E402
from mammo.training.networks import (  # noqa: E402
    ARCHITECTURES,
    build_network,
    split,
    train_above,
    train_head_only,
)  # fmt: skip

pytestmark = pytest.mark.training

RECIPE = Recipe(input_size=64)
LAST_CONVOLUTIONS = {"simple_cnn": "conv_2", "mobilenetv2": "out_relu"}


def test_every_model_of_the_settings_has_its_network():
    assert tuple(ARCHITECTURES) == MODELS


@pytest.fixture(scope="module", params=MODELS)
def network(request: pytest.FixtureRequest) -> "keras.Model":
    return build_network(request.param, RECIPE, seed=1, imagenet_weights="none")


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (3, 64, 64)).astype(np.float32)


def layers_of(network: "keras.Model", kind: type) -> list["keras.Layer"]:
    return [layer for layer in network.layers if type(layer) is kind]


def test_both_networks_are_flat_and_end_in_one_logit(network):
    assert not [layer for layer in network.layers if isinstance(layer, keras.Model)]
    assert network.output_shape == (None, 1)
    assert network.layers[-1].activation is keras.activations.linear
    assert layers_of(network, keras.layers.Dropout)


def test_the_simple_cnn_has_exactly_two_convolutions():
    network = build_network("simple_cnn", Recipe(), seed=1, imagenet_weights="none")
    assert len(layers_of(network, keras.layers.Conv2D)) == 2
    assert layers_of(network, keras.layers.MaxPooling2D)
    assert len(layers_of(network, keras.layers.Dense)) == 2


def test_the_head_stage_trains_the_head_alone():
    network = build_network("mobilenetv2", RECIPE, seed=1, imagenet_weights="none")
    train_head_only(network)
    assert [weight.path for weight in network.trainable_weights] == ["logit/kernel", "logit/bias"]


@pytest.mark.parametrize("blocks", [0, 6])
def test_fine_tuning_frees_the_blocks_above_and_no_batch_normalisation(blocks):
    network = build_network("mobilenetv2", RECIPE, seed=1, imagenet_weights="none")
    train_above(network, blocks)
    free = {weight.path.split("/")[0] for weight in network.trainable_weights}
    assert len(layers_of(network, keras.layers.BatchNormalization)) == 52
    assert not [name for name in free if "BN" in name or name.startswith("bn_")]
    assert ("block_5_expand" in free) == (blocks == 0)
    assert {"block_6_expand", "Conv_1", "logit"} <= free


def test_batch_normalisation_keeps_its_statistics_while_everything_learns(crops):
    network = build_network("mobilenetv2", RECIPE, seed=1, imagenet_weights="none")
    train_above(network, 0)
    network.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=False)
    norms = layers_of(network, keras.layers.BatchNormalization)
    before = [weight.numpy() for norm in norms for weight in norm.weights]
    kernel = network.get_layer("Conv1").kernel.numpy()
    network.fit(crops[..., None], np.array([[0.0], [1.0], [1.0]]), epochs=1, verbose=0)
    after = [weight.numpy() for norm in norms for weight in norm.weights]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert not np.array_equal(kernel, network.get_layer("Conv1").kernel.numpy())


def test_the_two_parts_of_a_split_network_are_the_network(crops):
    network = build_network("mobilenetv2", RECIPE, seed=1, imagenet_weights="none")
    frozen, learning = split(network, 6)
    whole = network(crops[..., None], training=False)
    parts = learning(frozen(crops[..., None], training=False), training=False)
    np.testing.assert_allclose(whole, parts, atol=1e-6)
    assert not {weight.path for weight in frozen.weights} & {w.path for w in learning.weights}


def test_the_served_map_is_the_gradient_tape_s_grad_cam(network, crops):
    convolution = network.get_layer(LAST_CONVOLUTIONS[network.name])
    both = keras.Model(network.input, [convolution.output, network.output])
    with tf.GradientTape() as tape:
        features, logits = both(tf.constant(crops[..., None]), training=False)
        total = tf.reduce_sum(logits)
    weights = tf.reduce_mean(tape.gradient(total, features), axis=(1, 2))
    expected = tf.nn.relu(tf.einsum("nhwk,nk->nhw", features, weights)).numpy()
    assert expected.max() > 0
    served = serving_model(network)(crops, training=False)[2].numpy()
    np.testing.assert_allclose(served, expected, rtol=1e-4, atol=1e-5 * expected.max())


def test_onnx_and_keras_agree(network, crops, tmp_path):
    path = tmp_path / "model.onnx"
    served = serving_model(network)
    export_onnx(served, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = served(crops, training=False)
    for count in (1, 3):
        answers = session.run(list(OUTPUTS), {"crops": crops[:count]})
        for name, answer, value in zip(OUTPUTS, answers, expected, strict=True):
            np.testing.assert_allclose(
                answer, value.numpy()[:count], rtol=1e-4, atol=1e-5, err_msg=name
            )


def test_imagenet_weights_load_from_a_file(imagenet_weights: Path):
    network = build_network("mobilenetv2", Recipe(), 1, str(imagenet_weights))
    other = build_network("mobilenetv2", Recipe(), 2, str(imagenet_weights))
    first, second = (model.get_layer("Conv1").kernel.numpy() for model in (network, other))
    assert np.array_equal(first, second)
    assert np.abs(first).max() > 0.5


@pytest.mark.parametrize("content", [None, b"no weights"])
def test_weights_that_do_not_fit_get_a_sentence(tmp_path, content):
    path = tmp_path / "weights.h5"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TrainingError, match=r"(?i)imagenet.*weights\.h5"):
        build_network("mobilenetv2", RECIPE, 1, str(path))
