"""Two scores of the same cases against each other, and the models against the radiologists."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mammo.evaluation.arithmetic import Booleans, Floats
from mammo.evaluation.bootstrap import PatientBootstrap, auc_statistic, percentile_interval
from mammo.evaluation.delong import delong_interval, paired_delong
from mammo.evaluation.edge import difference_interval, rarer_patients, widen_at_the_edge
from mammo.evaluation.mcnemar import mcnemar
from mammo.evaluation.operating import point_of_flags
from mammo.evaluation.radiologists import biopsy
from mammo.evaluation.roc import auc
from mammo.evaluation.tree import Comparison, Counts, RadiologistEvaluation
from mammo.evaluation.units import Units
from mammo.text import Estimate

RADIOLOGISTS = "radiologists"


@dataclass(frozen=True, eq=False)
class Reader:
    """One reader of the cases: scores (u,), AUC, the AUC of each resample, and flags by name."""

    name: str
    scores: Floats
    auc: Estimate
    auc_resampled: Floats
    flagged: Mapping[str, Booleans]


def compare(
    labels: Booleans, patients: np.ndarray, first: Reader, second: Reader, confidence: float
) -> Comparison:
    """Return first minus second on the same cases, resampled by the same draws.

    References
    ----------
    See `mammo.evaluation.delong` and `mammo.evaluation.mcnemar`.
    """
    gap = first.auc_resampled - second.auc_resampled
    shared = [name for name in first.flagged if name in second.flagged]
    return Comparison(
        first.name,
        second.name,
        difference_interval(first.auc, second.auc, gap, confidence),
        paired_delong(labels, first.scores, second.scores, patients, confidence),
        paired_delong(labels, first.scores, second.scores, None, confidence),
        {name: mcnemar(labels, first.flagged[name], second.flagged[name]) for name in shared},
    )


def compare_pairs(
    labels: Booleans, patients: np.ndarray, readers: list[Reader], confidence: float
) -> tuple[Comparison, ...]:
    """Return each later reader minus each earlier one."""
    return tuple(
        compare(labels, patients, later, earlier, confidence)
        for place, earlier in enumerate(readers)
        for later in readers[place + 1 :]
    )


def evaluate_radiologists(
    units: Units,
    counts: Counts,
    ranks: Floats,
    scores: Mapping[str, Floats],
    bootstrap: PatientBootstrap,
    confidence: float,
) -> RadiologistEvaluation:
    """Return the radiologists' figures on cases that all have an assessment."""
    pooled = units.pool_highest(ranks)
    readers = {
        name: _reader(name, values, units, bootstrap, confidence)
        for name, values in {RADIOLOGISTS: pooled, **scores}.items()
    }
    recorded = readers.pop(RADIOLOGISTS)
    return RadiologistEvaluation(
        counts,
        recorded.auc,
        delong_interval(units.labels, pooled, units.patients, confidence),
        point_of_flags(
            units.labels, biopsy(pooled), bootstrap, name="biopsy", confidence=confidence
        ),
        tuple(
            compare(units.labels, units.patients, model, recorded, confidence)
            for model in readers.values()
        ),
    )


def _reader(
    name: str, scores: Floats, units: Units, bootstrap: PatientBootstrap, confidence: float
) -> Reader:
    resampled = bootstrap.distribution(auc_statistic(units.labels, scores))
    drawn = percentile_interval(auc(units.labels, scores), resampled, confidence)
    patients = rarer_patients(units.labels, units.patients)
    return Reader(name, scores, widen_at_the_edge(drawn, patients, confidence), resampled, {})
