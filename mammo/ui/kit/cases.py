"""The evaluated test split and its cases, kept for all visitors, and tables to download.

Everything here is public data of the artifacts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mammo.artifacts import load_card, load_cases
from mammo.errors import ArtifactError, DataError
from mammo.evaluation import (
    RESAMPLES,
    EvaluatedModel,
    Evaluation,
    Unit,
    evaluate,
    tables,
)
from mammo.ui.kit import cache
from mammo.ui.kit.address import Share
from mammo.ui.kit.table import csv_of
from mammo.ui.kit.widgets import offer_file

if TYPE_CHECKING:
    import pandas as pd


@cache.of_artifacts(6, "Evaluating the models")
def evaluation(unit: Unit) -> Evaluation:
    """Return the models evaluated on the test split; seconds the first time, then at once.

    Raises
    ------
    MammoError
        The artifacts cannot be read, or hold nothing to evaluate.
    """
    models, notes = [], []
    for name in cache.manifest().models:
        try:
            card = load_card(name)
        except ArtifactError as error:
            notes.append(f"{name} is left out. {error}")
        else:
            models.append(EvaluatedModel(card.name, card.title, dict(card.thresholds)))
    if not models:
        raise ArtifactError(" ".join(notes))
    found = evaluate_test_split(load_cases(), models, unit)
    for model in found.splits["test"].models.values():
        _ = model.scores.roc_band  # computed here, behind the spinner
    return replace(found, notes=(*notes, *found.notes))


@cache.of_artifacts(6)
def evaluated_cases(unit: Unit) -> "pd.DataFrame":
    """Return a row a case of the evaluated test split."""
    return tables.cases(evaluation(unit).splits["test"])


def evaluate_test_split(
    cases: "pd.DataFrame",
    models: Sequence[EvaluatedModel],
    unit: Unit,
    resamples: int = RESAMPLES,
) -> Evaluation:
    """Evaluate models on the test rows of a table of cases.

    Parameters
    ----------
    cases : DataFrame of `mammo.artifacts.load_cases`
    models : sequence of EvaluatedModel, with thresholds; one whose every score is missing is left
        out, with a note
    unit : "crop", "lesion" or "patient"
    resamples : int, of patients

    Raises
    ------
    DataError
        No test row, or no crop that every remaining model scored.
    """
    rows = cases[cases["split"] == "test"]
    if rows.empty:
        raise DataError(
            "expected cases of the official test split in cases.csv, received none: train with "
            "data that hold the test split"
        )
    scored = [model for model in models if rows[f"{model.name}_p"].notna().any()]
    found = evaluate(rows, scored, unit, resamples=resamples)
    lost = [
        f"{model.title} has no score here and is left out."
        for model in models
        if model not in scored
    ]
    return replace(found, notes=(*lost, *found.notes))


def download(
    table: "pd.DataFrame", name: str, thresholds: Mapping[str, Share] | None = None
) -> None:
    """Offer a table as `mammo-<name>.csv`; the research notice stands in every row."""
    offer_file(
        "Download as CSV",
        lambda: csv_of(table, thresholds),
        f"mammo-{name}.csv",
        "text/csv",
        key=f"download_{name}",
    )
