"""Settings: what a training refuses before it reads a crop."""

from pathlib import Path

import pytest

from mammo.errors import SettingsError
from mammo.settings import HIGHEST_SEED, RECIPES, Recipe, TrainSettings


def settings(**values: object) -> TrainSettings:
    return TrainSettings(Path(), Path(), Path(), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [-1, HIGHEST_SEED + 1, 2**32])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(SettingsError, match=f"seed must lie between 0 .* Received: seed={seed}"):
        settings(seed=seed)


@pytest.mark.parametrize("seed", [0, HIGHEST_SEED])
def test_the_seeds_at_both_ends_are_taken(seed: int) -> None:
    assert settings(seed=seed).seed == seed


@pytest.mark.parametrize(("size", "stride"), [(48, 8), (56, 8), (48, 7), (32, 5)])
def test_a_simple_cnn_that_pools_its_input_away_is_refused(size: int, stride: int) -> None:
    recipes = dict(RECIPES, simple_cnn=Recipe(input_size=size, stride=stride))
    with pytest.raises(SettingsError, match=f"input_size={size}, stride={stride}, which leaves"):
        settings(models=("simple_cnn",), recipes=recipes)
    # The stride is of the simple CNN alone.
    assert settings(models=("mobilenetv2",), recipes=recipes).models == ("mobilenetv2",)


@pytest.mark.parametrize(("size", "stride"), [(57, 8), (64, 8), (32, 4), (33, 4)])
def test_the_smallest_simple_cnn_can_be_built(size: int, stride: int) -> None:
    recipe = Recipe(input_size=size, stride=stride)
    settings(models=("simple_cnn",), recipes={"simple_cnn": recipe})
    pytest.importorskip("tensorflow", reason="needs requirements-train.txt")
    from mammo.training.networks import build_simple_cnn

    assert build_simple_cnn(recipe).output_shape == (None, 1)
