"""The score of a room: every reader, their mean, and the models and radiologists on the same cases.

Intervals resample patients with the readers as they are: they speak for these readers on other
cases, not for other readers. The mean curve is the mean sensitivity at each rate of false alarms.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mammo.evaluation import RESAMPLES, PatientBootstrap, roc_curve
from mammo.evaluation.arithmetic import Booleans, Floats
from mammo.evaluation.bootstrap import rarer_patients
from mammo.reading.cases import RoundCases
from mammo.reading.room import Room
from mammo.reading.score import (
    Rival,
    Standing,
    auc_draws,
    held,
    held_difference,
    reader_standing,
    rival_standing,
    rivals,
    steady_auc,
)
from mammo.text import Estimate

GRID = 101


@dataclass(frozen=True, eq=False)
class RoomScore:
    """Hold a room of r readers on n cases.

    Attributes
    ----------
    readers : tuple of Standing, r of them, in the room's order
    others : tuple of Standing, models and radiologists; `reader_minus` is the readers' mean AUC
        minus theirs
    mean_auc : Estimate, the mean of the readers' AUCs
    mean_rating_auc : Estimate, the AUC of the mean rating of each case
    after_advice : Estimate or None, mean AUC of the second ratings
    advice_gain : Estimate or None, that minus `mean_auc`, paired
    grid, mean_curve : float64 (g,), false positive rates, and mean sensitivity at each
    """

    readers: tuple[Standing, ...]
    others: tuple[Standing, ...]
    mean_auc: Estimate
    mean_rating_auc: Estimate
    after_advice: Estimate | None
    advice_gain: Estimate | None
    grid: NDArray[np.float64]
    mean_curve: NDArray[np.float64]


def score_room(cases: RoundCases, room: Room, cut: int, resamples: int = RESAMPLES) -> RoomScore:
    """Score a room's readers at one cut.

    Parameters
    ----------
    cases : RoundCases, n of them
    room : Room with one reader or more
    cut : int, 0 to 100
    resamples : int, of patients
    """
    ratings = room.ratings()
    bootstrap = PatientBootstrap(cases.patients, resamples=resamples)
    patients = rarer_patients(cases.labels, cases.patients)
    mean = _mean_draws(cases.labels, ratings, bootstrap)
    after = None
    if room.plan is not None and room.plan.advice:
        after = _mean_draws(cases.labels, room.ratings(after_advice=True), bootstrap)
    grid = np.linspace(0.0, 1.0, GRID)
    return RoomScore(
        tuple(reader_standing(cases, one, cut, bootstrap) for one in ratings),
        tuple(_beside(cases, ratings, rival, resamples) for rival in rivals(cases)),
        held(mean, patients),
        steady_auc(cases.labels, ratings.mean(axis=0), cases.patients, bootstrap),
        None if after is None else held(after, patients),
        None if after is None else held_difference(after, mean, patients),
        grid,
        np.mean([curve_heights(cases.labels, one, grid) for one in ratings], axis=0),
    )


def _mean_draws(labels: Booleans, ratings: Floats, bootstrap: PatientBootstrap) -> Floats:
    """Return the readers' mean AUC, of the cases and under each resample."""
    return np.asarray(np.mean([auc_draws(labels, one, bootstrap) for one in ratings], axis=0))


def _beside(cases: RoundCases, ratings: Floats, rival: Rival, resamples: int) -> Standing:
    labels, patients = cases.labels[rival.chosen], cases.patients[rival.chosen]
    bootstrap = PatientBootstrap(patients, resamples=resamples)
    mean = _mean_draws(labels, ratings[:, rival.chosen], bootstrap)
    theirs = auc_draws(labels, rival.scores, bootstrap)
    return replace(
        rival_standing(cases, rival, bootstrap),
        reader_minus=held_difference(mean, theirs, rarer_patients(labels, patients)),
    )


def curve_heights(labels: Booleans, scores: Floats, grid: Floats) -> Floats:
    """Return a curve's sensitivity at each false positive rate of a grid, NaN with one class.

    Examples
    --------
    >>> curve_heights(np.array([True, False]), np.array([2.0, 1.0]), np.array([0.0, 0.5])).tolist()
    [1.0, 1.0]
    """
    curve = roc_curve(labels, scores)
    if np.isnan(curve.sensitivity).any() or np.isnan(curve.false_positive_rate).any():
        return np.full(grid.size, np.nan)
    # At a vertical step np.interp takes the upper end, as `mammo.evaluation.roc_band` does.
    return np.interp(grid, curve.false_positive_rate, curve.sensitivity)
