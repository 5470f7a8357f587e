"""Changes of a crop and the curves over them: `pytest tests/inference/test_perturb.py`."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mammo.errors import SettingsError, WindowError
from mammo.inference import Classifier, load_classifier
from mammo.inference.perturb import CHANGES, FILLS, Change, change_named, covered, curve, turned
from tests.tiny_artifacts import write_tiny_artifacts


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Classifier]:
    folder: Path = write_tiny_artifacts(tmp_path_factory.mktemp("perturb"))
    return [load_classifier(name, folder) for name in ("simple_cnn", "mobilenetv2")]


@pytest.fixture(scope="module")
def crop() -> NDArray[np.uint8]:
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:128, :128]
    blob = 90 * np.exp(-((np.hypot(rows - 50, columns - 70) / 25) ** 2))
    return (70 + blob + random.normal(0, 5, (128, 128))).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.key)
def test_the_neutral_amount_leaves_the_crop_and_the_estimate_as_they_are(
    change: Change, crop: NDArray[np.uint8], models: list[Classifier]
) -> None:
    assert np.array_equal(change.apply(crop, change.neutral), crop)
    place = change.amounts.tolist().index(change.neutral)
    for model in models:
        assert curve(model, crop, change)[place] == pytest.approx(model.predict(crop)[0], abs=1e-9)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.key)
def test_a_curve_is_the_models_answer_amount_by_amount(
    change: Change, crop: NDArray[np.uint8], models: list[Classifier]
) -> None:
    drawn = curve(models[1], crop, change)
    one_by_one = [models[1].predict(change.apply(crop, amount))[0] for amount in change.amounts]
    assert drawn == pytest.approx(one_by_one, abs=1e-9)
    assert change.amounts[0] == change.low and change.amounts[-1] == change.high


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.key)
@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_constant_crop_survives_every_change(change: Change, level: int) -> None:
    flat = np.full((64, 64), level, np.uint8)
    for amount in (change.low, change.high):
        changed = change.apply(flat, amount)
        assert changed.dtype == np.uint8 and changed.shape == flat.shape
        if change.key != "noise":
            assert (changed == level).all()


def test_more_blur_fewer_pixels_and_more_noise_do_what_they_say(crop: NDArray[np.uint8]) -> None:
    def roughness(picture: NDArray[np.uint8]) -> float:
        return float(np.abs(np.diff(picture.astype(float), axis=1)).mean())

    def along(key: str) -> list[float]:
        change = change_named(key)
        return [roughness(change.apply(crop, amount)) for amount in change.amounts]

    assert along("blur")[0] > along("blur")[2] > along("blur")[-1]
    assert along("noise")[0] < along("noise")[5] < along("noise")[-1]
    assert along("resolution")[0] < along("resolution")[10] < along("resolution")[-1]


def test_a_quarter_turn_is_numpys_own(crop: NDArray[np.uint8]) -> None:
    assert np.array_equal(turned(crop, 90), np.rot90(crop))
    assert np.array_equal(turned(crop, 180), np.rot90(crop, 2))


@settings(max_examples=30)
@given(
    st.tuples(st.integers(-40, 80), st.integers(-40, 80), st.integers(1, 100), st.integers(1, 100)),
    st.sampled_from(FILLS),
)
def test_covering_changes_the_box_alone(box: tuple[int, int, int, int], fill: str) -> None:
    crop = np.random.default_rng(1).integers(1, 255, (64, 64), np.uint8)
    x, y, width, height = box
    inside = np.zeros((64, 64), bool)
    for row in range(64):
        for column in range(64):
            inside[row, column] = x <= column < x + width and y <= row < y + height
    if not inside.any():
        with pytest.raises(WindowError, match="should cover a part of the crop of 64 x 64"):
            covered(crop, box, fill)  # type: ignore[arg-type]
        return
    result = covered(crop, box, fill)  # type: ignore[arg-type]
    assert np.array_equal(result[~inside], crop[~inside])
    if fill == "black":
        assert (result[inside] == 0).all()
    if fill == "mean":
        assert (result[inside] == round(float(crop.mean()))).all()


def test_what_there_is_not_is_a_sentence(crop: NDArray[np.uint8]) -> None:
    with pytest.raises(SettingsError, match="one of blur, noise, contrast, rotation, resolution"):
        change_named("melt")
    with pytest.raises(SettingsError, match="covered by mean, black, blur"):
        covered(crop, (0, 0, 4, 4), "gold")  # type: ignore[arg-type]
