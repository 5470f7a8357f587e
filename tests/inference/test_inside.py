"""The stages inside both models, held against the network's own answers."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from mammo.errors import ArtifactError
from mammo.inference import Classifier, load_classifier
from mammo.inference.inside import open_inside
from mammo.settings import MODELS
from tests.tiny_artifacts import write_tiny_artifacts

CROP = np.random.default_rng(0).integers(0, 256, (128, 128), np.uint8)
STAGES = {
    "simple_cnn": ["conv_1", "conv_2"],
    "mobilenetv2": [
        "Conv1_relu", "block_1_expand_relu", "block_3_expand_relu", "block_6_expand_relu",
        "block_13_expand_relu", "out_relu",
    ],
}  # fmt: skip


def _graph(network: bytes) -> onnx.GraphProto:
    return onnx.load_from_string(network).graph


@pytest.mark.parametrize("name", MODELS)
def test_the_stages_of_the_released_models(name: str) -> None:
    model = load_classifier(name)
    inside = open_inside(model)
    assert [stage.key for stage in inside.stages] == STAGES[name]
    maps = inside.maps(CROP)
    for stage in inside.stages:
        assert maps[stage.key].shape == (stage.channels, *stage.grid)
        assert maps[stage.key].min() >= 0 and maps[stage.key].max() > 0
        assert stage.kernel.shape[0] == stage.channels
    picture = model.views(CROP).pictures[:1]
    assert np.allclose(maps[STAGES[name][-1]], model.network("features", picture)[0], atol=1e-4)
    if name == "mobilenetv2":  # global average pooling: the last stage is the embedding
        pooled = maps["out_relu"].mean(axis=(1, 2))
        assert np.allclose(pooled, model.network("embedding", picture)[0], atol=1e-4)


def test_the_first_maps_of_the_simple_cnn_are_its_filters_slid_over_the_crop() -> None:
    model = load_classifier("simple_cnn")
    inside = open_inside(model)
    first = inside.stages[0]
    held = {one.name: numpy_helper.to_array(one) for one in _graph(model.onnx).initializer}
    (bias,) = (v for k, v in held.items() if "conv_1" in k and v.shape == (first.channels,))
    picture = model.views(CROP).pictures[0].astype(np.float64) / 127.5 - 1
    stride, side = len(picture) // first.grid[0], first.filters.shape[-1]
    before = (((first.grid[0] - 1) * stride + side) - len(picture)) // 2  # TensorFlow's "same"
    padded = np.pad(picture, ((before, side), (before, side)))
    found = inside.maps(CROP)["conv_1"]
    for row, column in ((0, 0), (3, 17), (30, 41), (55, 55)):
        area = padded[row * stride :, column * stride :][:side, :side]
        expected = (first.filters * area).sum(axis=(1, 2)) + bias
        assert np.allclose(found[:, row, column], np.maximum(expected, 0), atol=1e-3)


def test_tiny_models_open_too(tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path)
    for name in MODELS:
        model = load_classifier(name, folder)
        inside = open_inside(model)
        (stage,) = inside.stages
        assert stage.grid == model.card.cam_grid and stage.filters.shape[1:] == (3, 3)
        assert inside.maps(CROP)[stage.key].shape == (stage.channels, *stage.grid)


@pytest.mark.parametrize("network", [b"", b"no network", b"\xff" * 40])
def test_what_is_no_network_is_refused_by_a_sentence(tmp_path: Path, network: bytes) -> None:
    card = load_classifier("simple_cnn", write_tiny_artifacts(tmp_path)).card
    with pytest.raises(ArtifactError, match="cannot be loaded by ONNX Runtime"):
        Classifier(card, network)
