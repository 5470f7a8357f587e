"""A round's cases with their truth, both models' probabilities and the recorded assessments.

Everything that scoring needs, and nothing that the page may show before the round is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mammo.evaluation import EvaluatedModel, suspicion

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class RoundCases:
    """Hold the n cases of a round, in the order in which they are read.

    Attributes
    ----------
    ids : tuple of case ids
    labels : bool (n,), True for malignant
    patients : str (n,)
    models : tuple of EvaluatedModel, those that scored every case
    p : model name -> float64 (n,), 0..1
    ranks : float64 (n,), the radiologists' suspicion, NaN where no assessment is recorded
    rows : DataFrame (n rows) of `mammo.artifacts.load_cases`
    """

    ids: tuple[str, ...]
    labels: NDArray[np.bool_]
    patients: NDArray[np.str_]
    models: tuple[EvaluatedModel, ...]
    p: dict[str, NDArray[np.float64]]
    ranks: NDArray[np.float64]
    rows: "pd.DataFrame"

    def threshold(self, model: EvaluatedModel) -> float:
        """Return the balanced threshold of a model, 0..1: its card's first."""
        return model.thresholds.get("youden", next(iter(model.thresholds.values()), 0.5))


def round_cases(
    ids: Sequence[str], cases: "pd.DataFrame", models: Sequence[EvaluatedModel]
) -> RoundCases:
    """Look up the cases of a round.

    Parameters
    ----------
    ids : case ids of `draw_round`
    cases : DataFrame of `mammo.artifacts.load_cases`
    models : sequence of EvaluatedModel, with thresholds; one that did not score every case is
        left out
    """
    rows = cases.set_index("case_id", drop=False).loc[list(ids)].reset_index(drop=True)
    p = {model.name: rows[f"{model.name}_p"].to_numpy(dtype=np.float64) for model in models}
    scored = tuple(model for model in models if not np.isnan(p[model.name]).any())
    return RoundCases(
        ids=tuple(ids),
        labels=rows["label"].to_numpy(dtype=np.int64) == 1,
        patients=rows["patient_id"].to_numpy(dtype=np.str_),
        models=scored,
        p={model.name: p[model.name] for model in scored},
        ranks=suspicion(rows["assessment"]),
        rows=rows,
    )
