"""The inside of a network, as pictures and sums: `pytest tests/ui/test_viewer_inside.py`."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from mammo.errors import ArtifactError, ImageError
from mammo.inference import Classifier, ModelResult, load_classifier
from mammo.inference.inside import LastStep, open_inside
from mammo.inference.pictures import mosaic, most_active, shares, signed_shares
from mammo.plots.viewer import parts_figure
from mammo.ui.viewer.probes import last_step_sentences, stage_words
from tests.inference.tiny_trust import blobs

NAMES = ("simple_cnn", "mobilenetv2")


@pytest.fixture(scope="module")
def crop() -> NDArray[np.uint8]:
    crop: NDArray[np.uint8] = blobs(1)[0]
    return crop


@pytest.fixture(params=NAMES)
def tiny(request: pytest.FixtureRequest, tiny_artifacts: Path) -> Classifier:
    return load_classifier(request.param, tiny_artifacts)


@pytest.fixture(params=NAMES)
def released(request: pytest.FixtureRequest) -> Classifier:
    return load_classifier(request.param)


def test_the_parts_and_the_bias_are_the_logit(released: Classifier) -> None:
    inside = open_inside(released)
    one, two = (inside.last_step(crop) for crop in blobs(2, seed=3))
    assert one.logit != two.logit
    assert one.bias == pytest.approx(two.bias, abs=1e-4)  # so that the head is one dense layer
    assert one.parts == pytest.approx(one.features * inside.weights)


def test_the_last_step_is_the_models_own_answer_to_the_crop_as_it_is(
    tiny: Classifier, crop: NDArray[np.uint8]
) -> None:
    last = open_inside(tiny).last_step(crop)
    answer = ModelResult(tiny.card, crop, tiny.assess(crop)[0])
    assert last.p_malignant == pytest.approx(answer.assessment.flips_p[0], abs=1e-6)
    first, second = last_step_sentences(last, answer)
    assert f"of {tiny.card.embedding_size} features are active" in first
    assert f"a logit of **{last.logit:+.2f}**" in first
    assert "Averaged over all its views" in second


def test_a_network_without_such_a_head_is_a_sentence(tiny: Classifier) -> None:
    network = onnx.load_from_string(tiny.onnx)
    (dense,) = (node for node in network.graph.node if node.op_type == "MatMul")
    place = list(network.graph.node).index(dense)
    network.graph.node.insert(place, onnx.helper.make_node("Relu", ["embedding"], ["between"]))
    dense.input[0] = "between"
    tiny.onnx = network.SerializeToString()
    with pytest.raises(ArtifactError, match="one dense layer on its embedding"):
        open_inside(tiny)


def test_the_largest_parts_are_drawn_with_their_signs() -> None:
    parts = np.array([0.5, -2.0, 0.0, 1.0], np.float32)
    last = LastStep(np.ones(4, np.float32), parts, 0.25, 0.5)
    assert last.largest(12) == [1, 3, 0] and last.bias == pytest.approx(0.75)
    bar = parts_figure(last).data[0]
    assert list(bar.y) == ["feature 0", "feature 3", "feature 1"]
    assert list(bar.x) == [0.5, 1.0, -2.0]
    assert list(bar.marker.pattern.shape) == ["/", "/", ""]
    silent = LastStep(np.zeros(2, np.float32), np.zeros(2, np.float32), 0.1, 0.5)
    assert len(parts_figure(silent).data[0].x) == 0


def test_a_stage_in_words_counts_what_is_silent(tiny: Classifier, crop: NDArray[np.uint8]) -> None:
    inside = open_inside(tiny)
    stage, maps = inside.stages[0], inside.maps(crop)[inside.stages[0].key]
    maps = maps.copy()
    maps[0] = 0
    sentence = stage_words(stage, maps, most_active(maps, 2))
    silent = sum(not one.any() for one in maps)
    assert f"{stage.channels} filters of 3 x 3" in sentence
    assert f"{silent} are empty for this crop" in sentence
    assert "the 2 most active" in sentence


def test_a_mosaic_puts_each_tile_in_its_place() -> None:
    tiles = np.linspace(0, 1, 5, dtype=np.float32).reshape(5, 1, 1).repeat(2, 1).repeat(2, 2)
    picture = mosaic(tiles, columns=2, side=10, ground=0.3)
    assert picture.shape == (3 * 14 - 4, 2 * 14 - 4)
    for place, tile in enumerate(tiles):
        row, column = place // 2 * 14 + 5, place % 2 * 14 + 5
        assert picture[row, column] == pytest.approx(tile[0, 0])
    assert picture[-1, -1] == pytest.approx(0.3)
    with pytest.raises(ImageError, match="needs tiles"):
        mosaic(np.empty((0, 2, 2), np.float32), 2, 10)


def test_scales_keep_zero_in_its_place() -> None:
    maps = np.array([[[0.0, 2.0]], [[1.0, 0.0]]], np.float32)
    assert shares(maps).tolist() == [[[0.0, 1.0]], [[0.5, 0.0]]]
    assert not shares(np.zeros((2, 3, 3), np.float32)).any()
    weights = np.random.default_rng(0).normal(size=(4, 3, 3)).astype(np.float32)
    scaled = signed_shares(weights)
    assert scaled.min() >= 0 and scaled.max() <= 1
    assert np.array_equal(scaled > 0.5, weights > 0)
    assert (signed_shares(np.zeros((1, 2, 2), np.float32)) == 0.5).all()
