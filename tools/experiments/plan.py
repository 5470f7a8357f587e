"""One experiment: a JSON file that says what is changed, and why.

    {"model": "simple_cnn", "why": "It still underfits after 50 epochs.",
     "recipe": {"epochs": 150}, "folds": [0, 1], "seed": 2026}

`recipe` names only what differs from the released recipe (`mammo.settings.RECIPES`); `folds` are
those of the release that are fitted, two to screen, all to decide. `"from": "first release"` counts
the changes from the recipes of the first release instead, and `"against": NAME` holds the result
against the scores of that name in the same folder (`NAME.csv`) instead of the release's, so that a
file means the same after a later release. With `"shuffle_labels": true` the network learns labels
dealt anew among the lesions, and is scored by these: a control that must end at an AUC of 0.5.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.errors import SettingsError
from mammo.settings import MODELS, RECIPES, REMOVED, Recipe, TrainSettings, with_overrides

KEYS = {"model", "why", "from", "against", "recipe", "folds", "seed", "shuffle_labels"}
WORK_FOLDER = Path(".mammo-experiments")
BASE = "release"
"""What a change is held against by default: the release's scores, in `artifacts/cases.csv`."""

FIRST_RECIPES = {
    "simple_cnn": Recipe(
        epochs=50, learning_rate=1e-3, rotation_degrees=15.0, contrast=0.0, brightness=0.0
    ),
    "mobilenetv2": RECIPES["mobilenetv2"],
}
"""The recipes of the first release, from which the experiments of its time count their changes."""

STARTS = {"release": RECIPES, "first release": FIRST_RECIPES}
"""The recipes that an experiment may change."""


@dataclass(frozen=True)
class Experiment:
    """One experiment."""

    name: str
    model: str
    why: str
    changes: dict[str, Any]
    folds: tuple[int, ...]
    seed: int
    shuffle_labels: bool = False
    start: str = "release"
    base: str = BASE

    @property
    def removed(self) -> list[str]:
        """Return the changed values that recipes no longer have."""
        return [name for name in self.changes if name in REMOVED]

    @property
    def recipe(self) -> Recipe:
        """Return the whole recipe; it refuses values that recipes no longer have."""
        if self.removed:
            raise SettingsError(
                f"{self.name} changes {', '.join(self.removed)}, which recipes no longer have, so "
                "it cannot be trained anew. Its scores are kept: compare them with --scored."
            )
        return with_overrides(STARTS[self.start][self.model], self.changes)


def shuffle_by_lesion(
    labels: NDArray[np.int_], lesions: NDArray[np.object_], seed: int
) -> NDArray[np.int_]:
    """Deal the labels anew among the lesions, all views of one alike.

    Examples
    --------
    >>> lesions = np.array(["a", "a", "b", "b"], dtype=object)
    >>> sorted(shuffle_by_lesion(np.array([1, 1, 0, 0]), lesions, seed=1).tolist())
    [0, 0, 1, 1]
    """
    _, first, owner = np.unique(lesions.astype(str), return_index=True, return_inverse=True)
    dealt = np.random.default_rng(seed).permutation(labels[first])
    return np.asarray(dealt[owner])


def read_experiment(path: Path) -> Experiment:
    """Read an experiment's file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is not a readable experiment: {error}.") from error
    if not isinstance(content, dict) or not {"model", "why"} <= set(content) <= KEYS:
        raise SettingsError(
            f"{path} must be a JSON object with model, why and, if wanted, from, against, "
            f"recipe, folds, seed, shuffle_labels. "
            f"Received: {', '.join(content) if isinstance(content, dict) else type(content)}."
        )
    if content["model"] not in MODELS:
        raise SettingsError(
            f"{path} must name a model of {', '.join(MODELS)}. Received: {content['model']!r}."
        )
    folds = content.get("folds", list(range(TrainSettings.folds)))
    if not _are_folds(folds):
        raise SettingsError(
            f"{path} must name folds from 0 to {TrainSettings.folds - 1}, each once. "
            f"Received: {folds!r}."
        )
    seed, recipe = content.get("seed", TrainSettings.seed), content.get("recipe", {})
    if type(seed) is not int or seed < 0 or not isinstance(recipe, dict):
        raise SettingsError(
            f"{path} must give a whole number from 0 on as seed and an object as recipe. "
            f"Received: {seed!r} and {recipe!r}."
        )
    start = content.get("from", "release")
    if start not in STARTS:
        raise SettingsError(
            f"{path} must count its changes from one of {', '.join(STARTS)}. Received: {start!r}."
        )
    experiment = Experiment(
        path.stem, content["model"], str(content["why"]), recipe, tuple(folds), seed,
        bool(content.get("shuffle_labels", False)), start, str(content.get("against", BASE)),
    )  # fmt: skip
    if not experiment.removed:
        _ = experiment.recipe  # a wrong value is refused here, not after an hour
    return experiment


def _are_folds(value: object) -> bool:
    """Tell a list of the release's folds, each once."""
    every = range(TrainSettings.folds)
    return (
        isinstance(value, list)
        and all(type(one) is int and one in every for one in value)
        and 0 < len(value) == len(set(value))
    )
