"""Every number that a training depends on, in one place: recipes and runs.

The command `python -m mammo.train` mirrors both as flags, and the manifest and the cards of the
artifacts record them. A model is added here (`REGISTRY`) and in `mammo.training.networks`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from mammo.errors import SettingsError

VIEWS: dict[str, tuple[int, ...]] = {
    "upright": (), "mirrored": (-1,), "upside down": (-2,), "turned": (-2, -1),
}  # fmt: skip
"""The views over which a score can be averaged, as axes of (..., H, W) to reverse: as it is,
left-right, up-down, and both, which is a turn by 180 degrees."""

HIGHEST_SEED = 4_294_000_000
"""Somewhat below 2**32, where NumPy's seeds end: folds count on from it."""

LEAST_AFTER_STEP = 8
"""So many pixels of a side the simple CNN's first step must leave: it pools by 2, then by 4."""

REMOVED = (
    "label_smoothing", "weight_average", "teachers", "teacher_views", "descriptors", "mixup",
    "cutout",
)  # fmt: skip
"""Values that recipes had until they were measured without a gain; cards still record them."""


def _between(default: float, low: float, high: float) -> Any:
    """Return a field of a dataclass with its default and its range."""
    return field(default=default, metadata={"range": (low, high)})


@dataclass(frozen=True)
class Recipe:
    """How one model is trained.

    Parameters
    ----------
    input_size : int, pixels, the side of the network's input.
    low_percentile, high_percentile : float, 0 to 100, the contrast stretch of each crop.
    batch_size : int, crops per step.
    head_epochs : int, epochs in which only the new head learns (MobileNetV2; 0 for none).
    epochs : int, epochs of the main stage.
    head_learning_rate, learning_rate : float, peaks of the two stages; the main one falls to zero
        along a cosine after its first tenth, in which it rises.
    weight_decay : float, decoupled (AdamW).
    gradient_clip : float, the largest norm of all gradients together. Without it one fold of three
        collapsed to a constant answer at a learning rate of 2e-4.
    dropout : float, 0 to 1, before each dense layer.
    distillation : float, 0 to 1, how far the targets move from the labels towards the probability
        that a teacher gives, see `ModelEntry`. A model without a teacher learns from a first
        generation of its own.
    frozen_blocks : int, 0 to 16, the first inverted-residual blocks of MobileNetV2 (with its stem)
        that keep their ImageNet weights; 0 trains all.
    flips : int, over how many views a score is averaged, see `views`.
    filters, kernel_size, stride, hidden : int, of the simple CNN: filters, window and step of its
        first convolution (the second has twice the filters), and the units of its dense layer.
    rotation_degrees, zoom, shift, contrast, brightness : float, see `mammo.data.augment`.

    Raises
    ------
    SettingsError
        A value lies outside its range.
    """

    input_size: int = _between(224, 32, 1024)
    low_percentile: float = _between(1.0, 0, 49)
    high_percentile: float = _between(99.0, 51, 100)
    batch_size: int = _between(32, 1, 1024)
    head_epochs: int = _between(0, 0, 1000)
    epochs: int = _between(16, 1, 10000)
    head_learning_rate: float = _between(1e-3, 1e-8, 1)
    learning_rate: float = _between(1e-4, 1e-8, 1)
    weight_decay: float = _between(1e-4, 0, 1)
    gradient_clip: float = _between(1.0, 1e-3, 1e6)
    dropout: float = _between(0.3, 0, 0.95)
    distillation: float = _between(0.0, 0, 1)
    frozen_blocks: int = _between(0, 0, 16)
    flips: int = _between(4, 1, 4)
    filters: int = _between(32, 1, 1024)
    kernel_size: int = _between(9, 1, 31)
    stride: int = _between(4, 1, 8)
    hidden: int = _between(64, 1, 4096)
    rotation_degrees: float = _between(180.0, 0, 180)
    zoom: float = _between(0.2, 0, 2)
    shift: float = _between(0.1, 0, 0.5)
    contrast: float = _between(0.2, 0, 1)
    brightness: float = _between(20.0, 0, 128)

    def __post_init__(self) -> None:
        for item in fields(self):
            (low, high), value = item.metadata["range"], getattr(self, item.name)
            if not low <= value <= high:
                raise SettingsError(
                    f"{item.name} must lie between {low} and {high}. Received: {item.name}={value}."
                )
        if self.flips == 3:
            raise SettingsError("flips must be 1, 2 or 4. Received: flips=3.")

    @property
    def views(self) -> tuple[str, ...]:
        """Name the views of a crop over which a score is averaged, the upright one first.

        The second of two is the crop turned by 180 degrees, or mirrored left-right where the
        network never learned from crops upside down: augmentation mirrors and rotates.
        """
        if self.flips == 2 and self.rotation_degrees == 180:
            return ("upright", "turned")
        return tuple(VIEWS)[: self.flips]


@dataclass(frozen=True)
class ModelEntry:
    """A model of the release: its title, kind, first weights, recipe, and who can teach it."""

    title: str
    kind: str
    begins: str
    recipe: Recipe
    teacher: str | None = None


REGISTRY = {
    "simple_cnn": ModelEntry(
        "Simple CNN",
        "two convolutional layers with max pooling, dropout and dense layers",
        "random weights",
        Recipe(
            input_size=128, kernel_size=5, stride=2, epochs=150, learning_rate=3e-3,
            flips=2, rotation_degrees=15.0, contrast=0.0, brightness=0.0,
        ),
        teacher="mobilenetv2",
    ),
    "mobilenetv2": ModelEntry(
        "MobileNetV2",
        "MobileNetV2 (Sandler et al. 2018) with ImageNet weights, global average pooling, dropout "
        "and one dense layer, fine-tuned in two stages",
        "ImageNet weights",
        Recipe(epochs=14, head_epochs=2, learning_rate=1e-4, frozen_blocks=6),
    ),
}  # fmt: skip
"""The models in the order in which they are shown; docs/experiments.md explains their recipes."""

MODELS = tuple(REGISTRY)
TITLES = {name: entry.title for name, entry in REGISTRY.items()}
RECIPES = {name: entry.recipe for name, entry in REGISTRY.items()}


@dataclass(frozen=True)
class TrainSettings:
    """What a run of `python -m mammo.train` does.

    Parameters
    ----------
    data : Path, a prepared-crops folder.
    out : Path, the artifacts folder to write.
    work : Path, where the run keeps its checkpoints until it is whole.
    models : tuple of str, of `MODELS`.
    seed : int, 0 to `HIGHEST_SEED`, of folds, weights, order and augmentation.
    folds : int, patient-grouped folds of the training split, at least 2.
    imagenet_weights : str, "imagenet" (Keras downloads them), "none", or the path of an .h5 file.
    recipes : a Recipe for each model of `models`.

    Raises
    ------
    SettingsError
        If a model is unknown or named twice, there are fewer than two folds, the seed is out of
        range, or the simple CNN's input is too small for its first step.
    """

    data: Path
    out: Path
    work: Path
    models: tuple[str, ...] = MODELS
    seed: int = 2026
    folds: int = 4
    imagenet_weights: str = "imagenet"
    recipes: dict[str, Recipe] = field(default_factory=lambda: dict(RECIPES))

    def __post_init__(self) -> None:
        unknown = [name for name in self.models if name not in MODELS]
        if unknown or not self.models or len(set(self.models)) != len(self.models):
            raise SettingsError(
                f"models must name one or more of {', '.join(MODELS)}, each once. "
                f"Received: {', '.join(self.models) or 'none'}."
            )
        if self.folds < 2:
            raise SettingsError(f"folds must be at least 2. Received: folds={self.folds}.")
        check_seed(self.seed)
        if "simple_cnn" in self.models:
            _check_first_step(self.recipes.get("simple_cnn", RECIPES["simple_cnn"]))

    def plain(self) -> dict[str, Any]:
        """Return the settings as JSON values; of paths the name alone, for privacy."""
        return asdict(self) | {
            "data": self.data.name,
            "out": self.out.name,
            "work": self.work.name,
            "models": list(self.models),
            "imagenet_weights": Path(self.imagenet_weights).name,
        }

    def run_key(self, fingerprint: str) -> str:
        """Name the run by all that its result depends on: 16 hexadecimal digits.

        Parameters
        ----------
        fingerprint : str, of the data, see `mammo.data.table.fingerprint`.
        """
        parts = self.plain() | {"data": fingerprint, "out": "", "work": ""}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def check_seed(seed: int) -> None:
    """Refuse a seed from which a training cannot draw: below 0 or above `HIGHEST_SEED`.

    Raises
    ------
    SettingsError
    """
    if not 0 <= seed <= HIGHEST_SEED:
        raise SettingsError(f"seed must lie between 0 and {HIGHEST_SEED}. Received: seed={seed}.")


def _check_first_step(recipe: Recipe) -> None:
    left = -(-recipe.input_size // recipe.stride)
    if left < LEAST_AFTER_STEP:
        raise SettingsError(
            f"The simple CNN's stride must leave at least {LEAST_AFTER_STEP} pixels of its "
            f"input_size, which it pools. Received: input_size={recipe.input_size}, "
            f"stride={recipe.stride}, which leaves {left}. Choose a larger input or a smaller "
            "stride."
        )


def recipe_of(recorded: Mapping[str, Any]) -> Recipe:
    """Return the recipe that a card records; values which recipes no longer have are ignored.

    Examples
    --------
    >>> recipe_of({"epochs": 3, "mixup": 0.2, "unknown": 1}) == Recipe(epochs=3)
    True
    """
    known = {item.name for item in fields(Recipe)}
    return Recipe(**{name: value for name, value in recorded.items() if name in known})


def changed_values(recipe: Recipe) -> dict[str, Any]:
    """Return the values of a recipe that differ from `Recipe()`.

    They name a fit: a value that is added later, at its default, does not make the old fits void.

    Examples
    --------
    >>> changed_values(Recipe(epochs=3))
    {'epochs': 3}
    """
    plain = asdict(Recipe())
    return {name: value for name, value in asdict(recipe).items() if value != plain[name]}


def with_overrides(recipe: Recipe, overrides: dict[str, float | int | None]) -> Recipe:
    """Replace the values of a recipe that are named and not None.

    Examples
    --------
    >>> with_overrides(Recipe(), {"epochs": 3, "dropout": None}).epochs
    3
    """
    known = {item.name for item in fields(Recipe)}
    given = {name: value for name, value in overrides.items() if value is not None}
    unknown = sorted(set(given) - known)
    if unknown:
        raise SettingsError(f"A recipe has no value named {', '.join(unknown)}.")
    return replace(recipe, **given)  # type: ignore[arg-type]
