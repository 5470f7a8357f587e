"""Settings: what a training refuses before it reads a crop."""

from pathlib import Path

import pytest

from mammo.artifacts import load_card
from mammo.errors import SettingsError
from mammo.settings import (
    HIGHEST_SEED,
    MODELS,
    RECIPES,
    REGISTRY,
    REMOVED,
    Recipe,
    TrainSettings,
    changed_values,
    recipe_of,
)  # fmt: skip


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


@pytest.mark.parametrize("name", MODELS)
def test_the_recipe_of_a_released_card_is_read_without_the_values_that_went(name: str) -> None:
    recorded = load_card(name).settings
    assert any(set(load_card(one).settings) & set(REMOVED) for one in MODELS), "some record some"
    recipe = recipe_of(recorded)
    assert all(getattr(recipe, key) == recorded[key] for key in set(recorded) - set(REMOVED))
    assert changed_values(recipe) == changed_values(RECIPES[name])
    assert recipe_of({**recorded, "mixup": 0.2, "weight_average": 0.99, "of tomorrow": 1}) == recipe


def test_a_removed_value_is_of_no_recipe_and_every_teacher_is_a_model() -> None:
    assert not {*REMOVED} & {*vars(Recipe())}
    assert all(entry.teacher in (None, *MODELS) for entry in REGISTRY.values())


def test_a_value_at_its_default_names_no_fit() -> None:
    assert changed_values(Recipe()) == {}
    assert changed_values(Recipe(distillation=0.2)) == {"distillation": 0.2}


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 0), ("dropout", 0.96), ("flips", 5), ("distillation", -0.1)]
)
def test_a_value_out_of_its_range_is_refused(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=f"{name} must lie between .* Received: {name}={value}"):
        Recipe(**{name: value})  # type: ignore[arg-type]
