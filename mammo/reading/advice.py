"""What the models' advice changed: ratings before and after it, for better and for worse.

"Better" is a case that the reader, at their own cut, sorted wrongly before and rightly after.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.evaluation import RESAMPLES, PatientBootstrap
from mammo.reading.cases import RoundCases
from mammo.reading.score import difference, steady_auc
from mammo.text import Estimate


@dataclass(frozen=True)
class AdviceEffect:
    """Hold what advice changed in one reader's round."""

    changed: int
    toward: int
    away: int
    better: int
    worse: int
    mean_move: float
    before: Estimate
    after: Estimate
    gain: Estimate


def advice_effect(
    cases: RoundCases, first: ArrayLike, second: ArrayLike, cut: int, resamples: int = RESAMPLES
) -> AdviceEffect:
    """Compare a reader's ratings before and after advice.

    Parameters
    ----------
    cases : RoundCases, n of them
    first, second : int (n,), 0 to 100
    cut : int, 0 to 100; flagged where rating >= cut
    resamples : int, of patients
    """
    before, after = (np.asarray(ratings, dtype=np.float64) for ratings in (first, second))
    labels, patients = cases.labels, cases.patients
    right_before, right_after = (before >= cut) == labels, (after >= cut) == labels
    gained = np.where(labels, after - before, before - after)
    bootstrap = PatientBootstrap(patients, resamples=resamples)
    return AdviceEffect(
        changed=int((after != before).sum()),
        toward=int((gained > 0).sum()),
        away=int((gained < 0).sum()),
        better=int((~right_before & right_after).sum()),
        worse=int((right_before & ~right_after).sum()),
        mean_move=float(np.abs(after - before).mean()),
        before=steady_auc(labels, before, patients, bootstrap),
        after=steady_auc(labels, after, patients, bootstrap),
        gain=difference(labels, after, before, patients, bootstrap),
    )
