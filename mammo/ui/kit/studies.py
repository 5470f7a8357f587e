"""What the comparison page reads, kept for all visitors: studies a unit, and training curves.

Everything here is public data of the artifacts. The artifacts' date is part of each key, so that a
new training shows without a restart.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from mammo.artifacts import Card, artifacts_folder, load_card, load_cases, load_history
from mammo.errors import ArtifactError
from mammo.evaluation import EvaluatedModel, Unit
from mammo.evaluation.comparison import Study, build_study
from mammo.ui.kit import cache

if TYPE_CHECKING:
    import pandas as pd


def study(unit: Unit) -> Study:
    """Return the study of a unit; seconds the first time, then at once.

    Raises
    ------
    MammoError
        The artifacts cannot be read, or hold nothing to evaluate.
    """
    return _study(unit, str(artifacts_folder()), cache.manifest().created)


@cache.shared(6, "Evaluating the models")
def _study(unit: Unit, folder: str, created: str) -> Study:  # noqa: ARG001
    cards, notes = _cards(Path(folder))
    models = [EvaluatedModel(card.name, card.title, dict(card.thresholds)) for card in cards]
    built = build_study(load_cases(Path(folder)), models, unit)
    return built if not notes else built.with_notes(notes)


def _cards(folder: Path) -> tuple[list[Card], list[str]]:
    """Read the cards of those models that are at hand, and a sentence for each that is not."""
    cards, notes = [], []
    for model in cache.manifest().models:
        try:
            cards.append(load_card(model, folder))
        except ArtifactError as error:
            notes.append(f"{model} is left out. {error}")
    if not cards:
        raise ArtifactError(" ".join(notes))
    return cards, notes


def history(model: str) -> "pd.DataFrame":
    """Return a model's training curves.

    Raises
    ------
    ArtifactError
        They cannot be read.
    """
    return _history(model, str(artifacts_folder()), cache.manifest().created)


@cache.shared(6)
def _history(model: str, folder: str, created: str) -> "pd.DataFrame":  # noqa: ARG001
    return load_history(model, Path(folder))
