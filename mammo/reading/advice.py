"""Advice that follows a first rating: what it is, how far readers follow it, who should answer.

In a round with wrong advice a stated share is wrong on purpose, as in the studies of automation
bias: the model's probability is reflected at its threshold where it lies on the side that is not
wanted. All other advice is right, whatever the model found.

References
----------
T. Dratsch et al. (2023), Radiology 307:e222176. Run the tests with
`pytest tests/reading/test_advice.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.evaluation import RESAMPLES
from mammo.evaluation.arithmetic import Booleans, Floats
from mammo.reading.plan import RoundCases, RoundPlan, mixed
from mammo.reading.score import Sample
from mammo.text import Estimate

SIMULATED = "Simulated advice"
SURE_POINTS = 25
"""A reader who rates at least this far from the threshold is sure."""
SURE_SHARE = 0.2
"""A model whose probability is at most this, or at least 1 minus this, is sure."""
_CLEAR = 0.05
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Opinion:
    """What an adviser shows: its title, its probability of each case, float64 (n,), its threshold.

    `wrong` is bool (n,), where it is wrong on purpose.
    """

    title: str
    p: Floats
    threshold: float
    wrong: Booleans

    @property
    def flags(self) -> Booleans:
        """Return where it advises "malignant", bool (n,)."""
        return np.asarray(self.p >= self.threshold)


def opinions(plan: RoundPlan, cases: RoundCases) -> tuple[Opinion, ...]:
    """Return the advice of a round: every model's, or one that is wrong in a stated share."""
    as_found = np.zeros(cases.labels.size, dtype=np.bool_)
    models = tuple(
        Opinion(model.title, cases.p[model.name], cases.threshold(model), as_found)
        for model in cases.models
    )
    if not plan.wrong or not models:
        return models
    order = sorted(range(plan.n), key=lambda at: mixed(plan.seed, "wrong", cases.ids[at]))
    wrong = np.isin(np.arange(plan.n), order[: plan.wrong_cases])
    p, threshold = models[-1].p, models[-1].threshold
    distance = np.maximum(np.abs(_margin(p, threshold, 1.0)), _CLEAR)
    shown = np.where(
        cases.labels != wrong, threshold + distance * (1 - threshold), threshold * (1 - distance)
    )
    as_found = (p >= threshold) == (cases.labels != wrong)
    return (Opinion(SIMULATED, np.where(as_found, p, shown), threshold, wrong),)


def _margin(values: ArrayLike, threshold: float, top: float) -> Floats:
    """Scale values from 0 to `top` so that the threshold is 0 and the ends are -1 and 1.

    >>> _margin([0, 20, 60, 100], 20, 100).tolist()
    [-1.0, 0.0, 0.5, 1.0]
    """
    far = np.asarray(values, dtype=np.float64) - threshold
    return np.asarray(
        np.where(far < 0, far / max(threshold, 1e-9), far / max(top - threshold, 1e-9))
    )


@dataclass(frozen=True)
class Following:
    """How far advice was followed in some readings.

    Attributes
    ----------
    title : str
    opposed : int, readings whose first call the advice contradicted
    followed : Estimate, the share of these that changed to the advice
    better, worse : int, calls that became right or wrong (benefit and harm)
    """

    title: str
    opposed: int
    followed: Estimate
    better: int
    worse: int


def following(
    cases: RoundCases,
    advice: tuple[Opinion, ...],
    first: ArrayLike,
    second: ArrayLike,
    cut: int,
    resamples: int = RESAMPLES,
) -> tuple[Following, ...]:
    """Count how often readers followed advice: of all, by whether it was right, by confidence.

    Cases in which the models contradict one another have no advice to follow.

    Parameters
    ----------
    cases : RoundCases, n of them
    advice : tuple of Opinion, one or more
    first, second : int (n,) or (r, n), 0 to 100, the ratings before and after it
    cut : int, 0 to 100; a reader calls a case malignant where rating >= cut
    """
    before, after = (np.atleast_2d(np.asarray(one, dtype=np.float64)) for one in (first, second))
    side, labels = advice[0].flags, cases.labels
    agreed = np.all([one.flags == side for one in advice], axis=0)
    opposed = agreed & ((before >= cut) != side)
    moved = (after >= cut) != (before >= cut)
    sure = np.abs(before - cut) >= SURE_POINTS
    everything = np.ones_like(opposed)
    groups = {
        "All advice": everything,
        "Right advice": everything & (side == labels),
        "Wrong advice": everything & (side != labels),
        "Reader was sure": sure,
        "Reader was unsure": ~sure,
    }
    right, sample = (after >= cut) == labels, Sample(labels, cases.patients, resamples)
    return tuple(
        Following(
            title,
            int((opposed & chosen).sum()),
            sample.share(moved, opposed & chosen),
            int((moved & right & agreed & chosen).sum()),
            int((moved & ~right & agreed & chosen).sum()),
        )
        for title, chosen in groups.items()
    )


@dataclass(frozen=True)
class Answerer:
    """One way to answer: how many answers are correct, per reader, and the shares with intervals.

    `correct` is the mean number per reader; `auc` the mean of the readers'.
    """

    title: str
    correct: float
    accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate
    auc: Estimate


def answerers(
    cases: RoundCases,
    opinion: Opinion,
    first: ArrayLike,
    second: ArrayLike | None,
    cut: int,
    resamples: int = RESAMPLES,
) -> tuple[Answerer, ...]:
    """Compare ways to answer: the model, the reader, their average, the reader unless it is sure.

    Ratings and probabilities are averaged as their distances from their own thresholds.

    Parameters
    ----------
    cases : RoundCases, n of them
    opinion : Opinion, the model's
    first : int (n,) or (r, n), 0 to 100, without advice
    second : the same with advice; None in a round without
    cut : int, 0 to 100
    """
    reader = np.atleast_2d(_margin(first, cut, 100.0))
    model = np.broadcast_to(_margin(opinion.p, opinion.threshold, 1.0), reader.shape)
    is_sure = (opinion.p <= SURE_SHARE) | (opinion.p >= 1.0 - SURE_SHARE)
    ways = {
        opinion.title: model[:1],
        "Reader": reader,
        "Reader after the advice": np.atleast_2d(_margin(second, cut, 100.0))
        if second is not None
        else None,
        "Average of both": (reader + model) / 2.0,
        "Reader, unless the model is sure": np.where(is_sure, model, reader),
    }
    sample = Sample(cases.labels, cases.patients, resamples)
    return tuple(
        _answerer(title, scores, sample) for title, scores in ways.items() if scores is not None
    )


def _answerer(title: str, scores: Floats, sample: Sample) -> Answerer:
    labels = np.broadcast_to(sample.labels, scores.shape)
    right = (scores >= 0) == labels
    return Answerer(
        title,
        float(right.sum(axis=1).mean()),
        sample.share(right, np.ones_like(right)),
        sample.share(right, labels),
        sample.share(right, ~labels),
        sample.interval(sample.draws(*scores)),
    )
