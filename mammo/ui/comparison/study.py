"""Everything that the comparison page knows of one unit: figures, curves, and the cases themselves.

Built once a unit from `artifacts/cases.csv`, kept by `loading`, shared by all visitors and never
changed. The figures are those of `python -m mammo.evaluate`: same code, same seed. Free of
Streamlit; run the tests with `pytest tests/ui/test_comparison_study.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mammo.errors import DataError
from mammo.evaluation import (
    CONFIDENCE,
    RESAMPLES,
    SEED,
    EvaluatedModel,
    OperatingPoint,
    PatientBootstrap,
    RocBand,
    RocCurve,
    SplitEvaluation,
    Unit,
    biopsy,
    evaluate,
    operating_point,
    point_of_flags,
    roc_band,
    roc_curve,
    suspicion,
)
from mammo.evaluation.cases import CropTable, read_cases
from mammo.evaluation.sample import Plan, Sample, draw_sample
from mammo.ui.comparison.records import case_records

if TYPE_CHECKING:
    import pandas as pd

SPLIT = "test"


@dataclass(frozen=True, eq=False)
class Readers:
    """Hold the radiologists' recorded assessments of those cases that have one, v of them.

    Attributes
    ----------
    labels : bool (v,), True for malignant
    ranks : float64 (v,), suspicion 0..5
    bootstrap : PatientBootstrap over the v cases
    curve : RocCurve of the ranks
    """

    labels: NDArray[np.bool_]
    ranks: NDArray[np.float64]
    bootstrap: PatientBootstrap
    curve: RocCurve

    @lru_cache(maxsize=64)  # noqa: B019 - readers live as long as the server
    def point(self, prevalence: float) -> OperatingPoint:
        """Return what "biopsy" (4 or 5) brings where `prevalence` (0..1) are malignant."""
        return point_of_flags(
            self.labels, biopsy(self.ranks), self.bootstrap, prevalences=(prevalence,)
        )


@dataclass(frozen=True, eq=False)
class Study:
    """Hold the models on the official test split, u cases of one unit.

    Attributes
    ----------
    models : tuple of EvaluatedModel, with thresholds, in the manifest's order
    split : SplitEvaluation, every figure with its interval
    sample : Sample, labels, pooled p and the bootstrap's draws
    bands : model name -> RocBand
    readers : Readers, or None where no assessment is recorded
    cases : DataFrame of `records.case_records`, a row a case
    notes : tuple of str, what was left out
    """

    models: tuple[EvaluatedModel, ...]
    split: SplitEvaluation
    sample: Sample
    bands: dict[str, RocBand]
    readers: Readers | None
    cases: "pd.DataFrame"
    notes: tuple[str, ...]

    @property
    def unit(self) -> Unit:
        """Return what counts as one case."""
        return self.sample.units.unit

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Return bool (u,), True for malignant."""
        return self.sample.units.labels

    @property
    def has_both_classes(self) -> bool:
        """Tell whether malignant and benign cases are there, so that they can be told apart."""
        return bool(self.labels.any() and not self.labels.all())

    def with_notes(self, notes: Sequence[str]) -> "Study":
        """Return the same study with further notes of what was left out."""
        return replace(self, notes=(*notes, *self.notes))

    def flagged(self, model: str, threshold: float) -> NDArray[np.bool_]:
        """Return which cases a model flags, bool (u,): p at or above the threshold, 0..1."""
        return self.sample.p[model] >= threshold

    # One slider moves one reader: the others' intervals need not be counted again.
    @lru_cache(maxsize=64)  # noqa: B019 - a study lives as long as the server
    def point(self, model: str, threshold: float, prevalence: float) -> OperatingPoint:
        """Return all that a threshold brings where `prevalence` are malignant; milliseconds."""
        return operating_point(
            self.labels,
            self.sample.p[model],
            threshold,
            self.sample.bootstrap,
            prevalences=(prevalence,),
        )


def build_study(
    cases: "pd.DataFrame",
    models: Sequence[EvaluatedModel],
    unit: Unit,
    resamples: int = RESAMPLES,
) -> Study:
    """Evaluate models on the test rows of a table of cases; seconds, for `loading` to keep.

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
    rows = cases[cases["split"] == SPLIT]
    if rows.empty:
        raise DataError(
            "expected cases of the official test split in cases.csv, received none: train with "
            "data that hold the test split"
        )
    scored = [model for model in models if rows[f"{model.name}_p"].notna().any()]
    lost = [f"{model.title} has no score here and is left out." for model in models if
            model not in scored]  # fmt: skip
    split = evaluate(rows, scored, unit, resamples=resamples).splits[SPLIT]
    table, notes = read_cases(rows, scored)
    sample = draw_sample(table, Plan(unit, tuple(scored), resamples, SEED, CONFIDENCE))
    bands = {
        name: roc_band(sample.units.labels, p, sample.bootstrap) for name, p in sample.p.items()
    }
    crops = rows.set_index("case_id", drop=False).loc[table.ids.tolist()].reset_index(drop=True)
    readers = _readers(table, unit, resamples)
    records = case_records(crops, sample, scored)
    return Study(tuple(scored), split, sample, bands, readers, records, (*lost, *notes))


def _readers(table: CropTable, unit: Unit, resamples: int) -> Readers | None:
    """Pool the recorded assessments as `mammo.evaluation` does, on the cases that have one."""
    ranks = suspicion(table.descriptors["assessment"])
    assessed = ~np.isnan(ranks)
    if not assessed.any():
        return None
    units = table.take(assessed).units(unit)
    pooled = units.pool_highest(ranks[assessed])
    bootstrap = PatientBootstrap(units.patients, resamples=resamples)
    return Readers(units.labels, pooled, bootstrap, roc_curve(units.labels, pooled))
