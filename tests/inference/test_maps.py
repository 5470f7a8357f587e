"""Every method on every model; and each against a plain second implementation."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mammo.errors import ImageError, SettingsError
from mammo.inference import Classifier, load_classifier
from mammo.inference.maps import METHODS, Method, Views, method_named
from mammo.inference.maps.base import draw
from mammo.inference.maps.blur_path import BLUR_PATH, SIGMAS, blurred
from mammo.inference.maps.occlusion import GRID, OCCLUSION, SQUARES, drops, tilings
from mammo.inference.maps.score_cam import CHANNELS, SCORE_CAM
from mammo.settings import VIEWS
from tests.tiny_artifacts import MODELS, write_tiny_artifacts

SIZE = 32
UPRIGHT: tuple[Callable[[NDArray[np.float64]], NDArray[np.float64]], ...] = (
    lambda grid: grid, np.fliplr, np.flipud, lambda grid: np.flipud(np.fliplr(grid))
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_artifacts(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture(scope="module", params=[model.name for model in MODELS])
def model(request: pytest.FixtureRequest, folder: Path) -> Classifier:
    return load_classifier(request.param, folder)


def crop_of(seed: int, size: int = 128) -> NDArray[np.uint8]:
    """Draw a smooth bright spot beside the middle, on a noisy ground."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size] / size
    spot = 120 * np.exp(-((rows - 0.3) ** 2 + (columns - 0.6) ** 2) / 0.02)
    return (60 + spot + rng.normal(0, 5, (size, size))).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.key)
def test_every_method_on_every_model(model: Classifier, method: Method) -> None:
    told: list[tuple[int, int]] = []
    heat = model.explain(crop_of(1), method.key, lambda done, of: told.append((done, of)))
    assert heat.dtype == np.float32 and heat.shape == (128, 128)
    assert heat.min() >= 0 and heat.max() in (0, 1)
    assert np.array_equal(heat, model.explain(crop_of(1), method=method.key))
    done = [step[0] for step in told]
    assert done == sorted(done) and told[-1] == (method.passes(4), method.passes(4))
    rows, columns = method.grid_of(model.card)
    size = model.card.preprocessing.input_size
    assert f"{rows} x {columns} cells" in method.resolution(model.card)
    assert f"{size} pixels" in method.resolution(model.card)
    assert method.sentence.count(".") == 1 and method.reference


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.key)
@pytest.mark.parametrize(
    "crop",
    [
        np.full((128, 128), 77, np.uint8),
        np.zeros((64, 64), np.uint8),
        255 - crop_of(2),
        np.kron(crop_of(3, 10), np.ones((13, 13), np.uint8)),
        np.where(np.arange(128) < 40, 0, crop_of(4)).astype(np.uint8),
        np.random.default_rng(0).integers(0, 256, (300, 300), np.uint8),
    ],
    ids=["flat", "black", "inverted", "10 pixels upsampled", "film's edge", "noise"],
)
def test_odd_crops_get_a_finite_map(
    model: Classifier, method: Method, crop: NDArray[np.uint8]
) -> None:
    heat = model.explain(crop, method=method.key)
    assert heat.shape == crop.shape and np.isfinite(heat).all()
    assert heat.min() >= 0 and heat.max() <= 1
    if np.ptp(crop) == 0:
        assert heat.max() == 0, "a flat crop has no parts to tell apart"


def test_a_mirrored_crop_gets_the_mirrored_map(model: Classifier) -> None:
    """The flips are averaged, so only the tilings, dealt to other flips, may differ."""
    crop = crop_of(5)
    for key in ("grad-cam", "score-cam"):
        mirrored = model.explain(np.ascontiguousarray(crop[:, ::-1]), key)
        assert np.allclose(mirrored[:, ::-1], model.explain(crop, key), atol=1e-4)


def test_methods_have_keys_of_their_own_and_unknown_ones_are_refused(model: Classifier) -> None:
    assert [method_named(method.key) for method in METHODS] == list(METHODS)
    assert [method.key for method in METHODS] == ["grad-cam", "occlusion", "score-cam", "blur-path"]
    with pytest.raises(SettingsError, match=r"one of grad-cam, occlusion, score-cam, blur-path\."):
        model.explain(crop_of(1), method="lime")
    with pytest.raises(ImageError, match="one crop"):
        model.explain(np.stack([crop_of(1)] * 2), method="occlusion")


# --- each method against a plain second implementation


def made_up_network(seed: int) -> Callable[[str, NDArray[np.float32]], NDArray[np.float32]]:
    """Return a network that is not linear and not symmetric: a square, a product, two maps."""
    weights = np.random.default_rng(seed).normal(0, 1e-3, (3, SIZE, SIZE))

    def network(output: str, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        sums = np.stack([(inputs * weight).sum(axis=(1, 2)) for weight in weights])
        if output == "logit":
            return (sums[0] + sums[1] * sums[2]).astype(np.float32)
        shrunk = inputs.reshape(len(inputs), 8, 4, 8, 4).mean(axis=(2, 4))
        maps = [np.maximum(shrunk - level, 0) for level in range(0, 200, 10)]
        return np.stack(maps, axis=1).astype(np.float32)

    return network


def views_of(seed: int, count: int = 4) -> Views:
    picture = np.random.default_rng(seed).uniform(0, 255, (SIZE, SIZE)).astype(np.float32)
    picture = cv2.GaussianBlur(picture, (0, 0), 2) * 2
    flips = tuple(VIEWS.values())[:count]
    return Views(np.stack([np.flip(picture, axes) for axes in flips]), flips)


def naive_square_drops(
    network: Callable[[str, NDArray[np.float32]], NDArray[np.float32]],
    picture: NDArray[np.float32],
    replacement: NDArray[np.float32],
    down: int,
    right: int,
) -> NDArray[np.float64]:
    """Replace square after square by loops over pixels, starting half a square outside."""
    side = SIZE // 4
    grid = np.zeros((GRID, GRID))
    whole = float(network("logit", picture[np.newaxis])[0])
    for top in range(-down * side // 2, SIZE, side):
        for left in range(-right * side // 2, SIZE, side):
            area = (
                slice(max(top, 0), min(top + side, SIZE)),
                slice(max(left, 0), min(left + side, SIZE)),
            )
            changed = picture.copy()
            changed[area] = replacement[area]
            drop = whole - float(network("logit", changed[np.newaxis])[0])
            cell = SIZE // GRID
            for row in range(area[0].start // cell, area[0].stop // cell):
                for column in range(area[1].start // cell, area[1].stop // cell):
                    grid[row, column] = drop
    return grid


@pytest.mark.parametrize("count", [1, 4])
def test_occlusion_is_the_mean_drop_under_four_shifted_tilings(count: int) -> None:
    network, views = made_up_network(0), views_of(1, count)
    expected = np.zeros((GRID, GRID))
    for number, (down, right) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        picture = views.pictures[number % count]
        grey = np.full_like(picture, np.median(picture))
        grid = naive_square_drops(network, picture, grey, down, right)
        expected += UPRIGHT[number % count](grid) / 4
    assert expected.max() > 0.1
    assert np.allclose(draw(OCCLUSION, network, views), np.maximum(expected, 0), atol=1e-4)


@pytest.mark.parametrize("count", [1, 4])
def test_blur_path_adds_up_what_each_step_gave_each_square(count: int) -> None:
    network, views = made_up_network(2), views_of(3, count)
    expected = np.zeros((GRID, GRID))
    for number, (down, right) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        picture = views.pictures[number % count]
        sharper, smoother = (
            picture if share == 0
            else cv2.GaussianBlur(picture, (0, 0), share * SIZE, borderType=cv2.BORDER_REFLECT)
            for share in SIGMAS[number : number + 2]
        )  # fmt: skip
        grid = naive_square_drops(network, sharper, smoother, down, right)
        expected += UPRIGHT[number % count](grid)
    assert expected.max() > 0.01
    assert np.allclose(draw(BLUR_PATH, network, views), np.maximum(expected, 0), atol=1e-4)


def test_squares_of_a_linear_network_add_up_to_the_whole_change() -> None:
    """Completeness (Xu et al. 2020, section 3): a step's squares share out what the step gave."""
    weights = np.random.default_rng(4).normal(0, 1e-3, (SIZE, SIZE))

    def linear(_: str, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray((inputs * weights).sum(axis=(1, 2)), np.float32)

    sharper = views_of(5).pictures[0]
    smoother = blurred(sharper, 1 / 8)
    expected = np.subtract(*linear("logit", np.stack([sharper, smoother])))
    for tiling in tilings():
        shared = drops(linear, sharper, smoother, tiling)
        each = [shared[square][0] for square in tiling]
        assert sum(each) == pytest.approx(float(expected), abs=1e-3)


def test_score_cam_weighs_the_most_active_maps_by_a_softmax_of_their_scores() -> None:
    network, views = made_up_network(6), views_of(7)
    black = float(network("logit", np.zeros((1, SIZE, SIZE), np.float32))[0])
    expected = np.zeros((8, 8))
    for turn, picture in zip(UPRIGHT, views.pictures, strict=True):
        features = network("features", picture[np.newaxis])[0]
        order = sorted(range(len(features)), key=lambda k: -float(features[k].mean()))[:CHANNELS]
        scores = []
        for channel in order:
            mask = cv2.resize(features[channel], (SIZE, SIZE))
            mask = (mask - mask.min()) / (mask.max() - mask.min())
            scores.append(float(network("logit", (picture * mask)[np.newaxis])[0]) - black)
        weights = np.exp(scores) / np.exp(scores).sum()
        summed = sum(w * features[k] for w, k in zip(weights, order, strict=True))
        expected += turn(summed) / 4
    assert np.allclose(draw(SCORE_CAM, network, views), expected, rtol=1e-4, atol=1e-4)


def test_the_tilings_cover_every_cell_once_each() -> None:
    assert sum(len(tiling) for tiling in tilings()) == SQUARES
    for tiling in tilings():
        assert np.array_equal(tiling.sum(axis=0), np.ones((GRID, GRID)))
        assert np.array_equal(tiling.any(axis=0)[:, ::-1], tiling.any(axis=0))
