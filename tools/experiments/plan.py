"""One experiment: a JSON file that says what is changed, and why.

    {"model": "simple_cnn", "why": "It still underfits after 50 epochs.",
     "recipe": {"epochs": 150}, "folds": [0, 1], "seed": 2026}

`recipe` names only what differs from the released recipe (`mammo.settings.RECIPES`); `folds` are
those of the release that are fitted, two to screen, all to decide. `"from": "first release"` counts
the changes from the recipes of the first release instead, and `"against": NAME` holds the result
against the scores of that name in the same folder (`NAME.csv`) instead of the release's, so that a
file means the same after a later release. With `"shuffle_labels": true` the network learns labels
dealt anew among the lesions, and is scored by these: a control that must end at an AUC of 0.5.
`"window": {"scale": 3.2, "box": true, "blank": false}` trains on wider crop areas of whole films
instead of the crops, see `tools.experiments.windows`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.errors import SettingsError
from mammo.settings import MODELS, RECIPES, REMOVED, Recipe, TrainSettings, with_overrides

KEYS = {"model", "why", "from", "against", "recipe", "folds", "seed", "shuffle_labels", "window"}
WORK_FOLDER = Path(".mammo-experiments")
BASE = "release"
"""What a change is held against by default: the release's scores, in `artifacts/cases.csv`."""
BLANKED = "lesion blanked"

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
class Window:
    """A square crop area of a film, `scale` times the longer side of the lesion box.

    With `box` one of the three input channels shows the box; with `blank` the lesion is erased.
    """

    scale: float
    box: bool = False
    blank: bool = False

    def __str__(self) -> str:
        """Return what the log prints.

        >>> str(Window(3.2, box=True))
        'film at 3.2 times the box; box as a channel'
        """
        more = "; box as a channel" * self.box + f"; {BLANKED}" * self.blank
        return f"film at {self.scale:g} times the box{more}"


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
    window: Window | None = None

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
    """Read an experiment's file, and refuse what cannot be trained before an hour is spent."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is not a readable experiment: {error}.") from error

    def check(right: bool, wanted: str, received: object) -> None:
        if not right:
            raise SettingsError(f"{path} must {wanted}. Received: {received}.")

    given = content if isinstance(content, dict) else {}
    check(
        {"model", "why"} <= set(given) <= KEYS,
        "be a JSON object with model, why and, if wanted, from, against, recipe, folds, seed, "
        "shuffle_labels, window",
        ", ".join(given) if isinstance(content, dict) else type(content),
    )
    model, start = given["model"], given.get("from", "release")
    folds = given.get("folds", list(range(TrainSettings.folds)))
    seed, recipe = given.get("seed", TrainSettings.seed), given.get("recipe", {})
    check(model in MODELS, f"name a model of {', '.join(MODELS)}", repr(model))
    last = TrainSettings.folds - 1
    check(_are_folds(folds), f"name folds from 0 to {last}, each once", repr(folds))
    check(
        type(seed) is int and seed >= 0 and isinstance(recipe, dict),
        "give a whole number from 0 on as seed and an object as recipe",
        f"{seed!r} and {recipe!r}",
    )
    starts = ", ".join(STARTS)
    window = given.get("window")
    check(
        window is None or _is_window(window),
        "describe window as an object of scale (1 to 10) and, if wanted, box and blank (true or "
        "false)",
        repr(window),
    )
    check(start in STARTS, f"count its changes from one of {starts}", repr(start))
    experiment = Experiment(
        path.stem, model, str(given["why"]), recipe, tuple(folds), seed,
        bool(given.get("shuffle_labels", False)), start, str(given.get("against", BASE)),
        Window(**window) if window else None,
    )  # fmt: skip
    if not experiment.removed:
        _ = experiment.recipe  # which refuses a wrong value
    return experiment


def _is_window(value: object) -> bool:
    """Return whether a value describes a crop area."""
    kinds: dict[Any, Any] = {"scale": (int, float), "box": bool, "blank": bool}
    return (
        isinstance(value, dict)
        and all(isinstance(item, kinds.get(name, ())) for name, item in value.items())
        and 1 <= value.get("scale", 0) <= 10
    )


def _are_folds(value: object) -> bool:
    """Return whether a value is a list of the release's folds, each once."""
    every = range(TrainSettings.folds)
    return (
        isinstance(value, list)
        and all(type(one) is int and one in every for one in value)
        and 0 < len(value) == len(set(value))
    )
