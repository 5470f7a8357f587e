"""A reader beside both models and the radiologists, all on the same cases of one round.

AUC, sensitivity and specificity with intervals over patients; the difference in AUC by a paired
bootstrap, its test by DeLong's method clustered by patient where enough patients carry it; kappa.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.errors import DataError
from mammo.evaluation import (
    RESAMPLES,
    OperatingPoint,
    PatientBootstrap,
    auc_statistic,
    biopsy,
    paired_delong,
    point_of_flags,
    wilson,
)
from mammo.evaluation.arithmetic import Booleans, Floats, ratio
from mammo.evaluation.bootstrap import (
    difference_interval,
    percentile_interval,
    rarer_patients,
    widen_at_the_edge,
)
from mammo.reading.plan import RoundCases
from mammo.text import Estimate


def kappa(first: ArrayLike, second: ArrayLike, bootstrap: PatientBootstrap) -> Estimate:
    """Return Cohen's kappa of two sets of flags on the same cases.

    Examples
    --------
    >>> kappa([1, 1, 0, 0], [1, 0, 0, 0], PatientBootstrap(list("abcd"))).value
    0.5
    """
    one, two = (np.asarray(flags, dtype=np.bool_) for flags in (first, second))
    n = bootstrap.sample.shape[1]
    if one.shape != (n,) or two.shape != (n,):
        raise DataError(f"expected {n} flags a reader, received {one.shape} and {two.shape}")
    cells = np.column_stack([one & two, one & ~two, ~one & two, ~one & ~two]).astype(np.float64)
    return percentile_interval(
        float(_kappa(cells.sum(axis=0)[np.newaxis])[0]), _kappa(bootstrap.sums(cells))
    )


def _kappa(counts: Floats) -> NDArray[np.float64]:
    """Return kappa of counts (r, 4): both, only the first, only the second, neither."""
    both, only_first, only_second, neither = counts.T
    n = counts.sum(axis=1)
    agreed = (both + neither) / n
    both_flag = (both + only_first) * (both + only_second)
    neither_flags = (only_second + neither) * (only_first + neither)
    chance = (both_flag + neither_flags) / n**2
    return ratio(agreed - chance, 1.0 - chance)


FEW_PATIENTS = 5
"""Below this many patients in the rarer class resampling them tells nothing."""
DELONG_PATIENTS = 10
"""From this many patients in each class on the normal approximation of DeLong's test is used."""
RADIOLOGISTS = "radiologists"
_UNDEFINED = float("nan")


@dataclass(frozen=True, eq=False)
class Standing:
    """Hold how one of those compared stands on a round's cases.

    Attributes
    ----------
    name : str, "reader", a model's name, or "radiologists"
    n : int, of the round's cases those with a score of theirs
    scores : float64 (n,), higher is more suspicious
    labels : bool (n,)
    auc : Estimate
    point : OperatingPoint, at the reader's cut, the model's balanced threshold, or biopsy
    reader_minus : Estimate or None, the reader's AUC minus this one, on these n cases
    p_value : float, of that difference; NaN where too few patients carry a test
    agreement : Estimate or None, kappa of their flags with the reader's
    """

    name: str
    n: int
    scores: NDArray[np.float64]
    labels: NDArray[np.bool_]
    auc: Estimate
    point: OperatingPoint
    reader_minus: Estimate | None = None
    p_value: float = _UNDEFINED
    agreement: Estimate | None = None


@dataclass(frozen=True, eq=False)
class Rival:
    """Hold whom a reader is compared with, on the k of a round's cases that they scored."""

    name: str
    chosen: Booleans
    scores: Floats
    flags: Booleans


def rivals(cases: RoundCases) -> tuple[Rival, ...]:
    """Return each model, and the radiologists where any case of the round is assessed."""
    everyone = np.ones(cases.labels.size, dtype=np.bool_)
    found = [
        Rival(one.name, everyone, cases.p[one.name], cases.p[one.name] >= cases.threshold(one))
        for one in cases.models
    ]
    assessed = ~np.isnan(cases.ranks)
    if assessed.any():
        ranks = cases.ranks[assessed]
        found.append(Rival(RADIOLOGISTS, assessed, ranks, biopsy(ranks)))
    return tuple(found)


def standings(
    cases: RoundCases, ratings: ArrayLike, cut: int, resamples: int = RESAMPLES
) -> tuple[Standing, ...]:
    """Score a reader and everyone else on the cases of a round.

    Parameters
    ----------
    cases : RoundCases, n of them
    ratings : int (n,), 0 to 100
    cut : int, 0 to 100; the reader flags a case where rating >= cut
    resamples : int, of patients

    Returns
    -------
    tuple of Standing: the reader, each model, the radiologists (where any case is assessed)
    """
    scores = np.asarray(ratings, dtype=np.float64)
    bootstrap = PatientBootstrap(cases.patients, resamples=resamples)
    found = [reader_standing(cases, scores, cut, bootstrap)]
    for rival in rivals(cases):
        labels, patients = cases.labels[rival.chosen], cases.patients[rival.chosen]
        own = scores[rival.chosen]
        own_bootstrap = PatientBootstrap(patients, resamples=resamples)
        gap = difference(labels, own, rival.scores, patients, own_bootstrap)
        found.append(
            replace(
                rival_standing(cases, rival, own_bootstrap),
                reader_minus=gap,
                p_value=paired_p_value(labels, own, rival.scores, patients),
                agreement=_agreement(own >= cut, rival.flags, own_bootstrap),
            )
        )
    return tuple(found)


def _agreement(first: Booleans, second: Booleans, bootstrap: PatientBootstrap) -> Estimate:
    """Return kappa, without ends where the patients are too few to be resampled."""
    found = kappa(first, second, bootstrap)
    if bootstrap.draws.shape[1] < 2 * FEW_PATIENTS:
        return Estimate(found.value, _UNDEFINED, _UNDEFINED)
    return found


def reader_standing(
    cases: RoundCases, ratings: ArrayLike, cut: int, bootstrap: PatientBootstrap
) -> Standing:
    """Score a reader alone; `bootstrap` over the n cases, the rest as `standings`."""
    scores = np.asarray(ratings, dtype=np.float64)
    return _standing("reader", cases.labels, scores, scores >= cut, cases.patients, bootstrap)


def rival_standing(cases: RoundCases, rival: Rival, bootstrap: PatientBootstrap) -> Standing:
    """Score somebody else alone; `bootstrap` over the cases that they scored."""
    labels, patients = cases.labels[rival.chosen], cases.patients[rival.chosen]
    return _standing(rival.name, labels, rival.scores, rival.flags, patients, bootstrap)


def _standing(
    name: str,
    labels: Booleans,
    scores: Floats,
    flags: Booleans,
    patients: NDArray[np.str_],
    bootstrap: PatientBootstrap,
) -> Standing:
    area = steady_auc(labels, scores, patients, bootstrap)
    point = _steady_point(point_of_flags(labels, flags, bootstrap), labels, patients)
    return Standing(name, scores.size, scores, labels, area, point)


def auc_draws(labels: Booleans, scores: Floats, bootstrap: PatientBootstrap) -> Floats:
    """Return an AUC, float64 (1 + resamples,): of the cases, then under each resample."""
    statistic = auc_statistic(labels, scores)
    return np.concatenate([statistic(bootstrap.sample), bootstrap.distribution(statistic)])


def held(draws: Floats, patients: int) -> Estimate:
    """Return a share 0..1 with an interval that few patients cannot make look sure."""
    return _steady(
        widen_at_the_edge(percentile_interval(float(draws[0]), draws[1:]), patients), patients
    )


def steady_auc(
    labels: Booleans, scores: Floats, patients: NDArray[np.str_], bootstrap: PatientBootstrap
) -> Estimate:
    """Return an AUC with its interval, see `held`.

    Examples
    --------
    >>> labels, patients = np.array([True, False, False]), np.array(["a", "b", "c"])
    >>> area = steady_auc(labels, np.array([3.0, 1, 2]), patients, PatientBootstrap(patients))
    >>> area.value, round(area.low, 2), area.high
    (1.0, 0.21, 1.0)
    """
    return held(auc_draws(labels, scores, bootstrap), rarer_patients(labels, patients))


def _steady(interval: Estimate, patients: int) -> Estimate:
    if np.isnan(interval.value) or not 0 < patients < FEW_PATIENTS:
        return interval
    return wilson(interval.value * patients, patients)


def _steady_point(
    point: OperatingPoint, labels: Booleans, patients: NDArray[np.str_]
) -> OperatingPoint:
    rates = dict(point.rates)
    for name, group in (("sensitivity", labels), ("specificity", ~labels)):
        rates[name] = _steady(rates[name], int(np.unique(patients[group]).size))
    return replace(point, rates=rates)


def difference(
    labels: Booleans,
    first: Floats,
    second: Floats,
    patients: NDArray[np.str_],
    bootstrap: PatientBootstrap,
) -> Estimate:
    """Return the first AUC minus the second, under the same resamples of patients."""
    own, theirs = (auc_draws(labels, scores, bootstrap) for scores in (first, second))
    return held_difference(own, theirs, rarer_patients(labels, patients))


def held_difference(first: Floats, second: Floats, patients: int) -> Estimate:
    """Return the first of two figures minus the second, with its interval."""
    gap = difference_interval(held(first, patients), held(second, patients), (first - second)[1:])
    return gap if patients >= FEW_PATIENTS else Estimate(gap.value, _UNDEFINED, _UNDEFINED)


def paired_p_value(
    labels: Booleans, first: Floats, second: Floats, patients: NDArray[np.str_]
) -> float:
    """Return DeLong's paired p-value, clustered by patient; NaN where too few carry it."""
    if rarer_patients(labels, patients) < DELONG_PATIENTS:
        return _UNDEFINED
    return paired_delong(labels, first, second, patients).p_value


def cases_for(half_width: float, area: Estimate, n: int) -> int | None:
    """Return about how many cases like these would narrow an AUC's interval to +- `half_width`.

    Examples
    --------
    >>> cases_for(0.05, Estimate(0.8, 0.6, 1.0), 20)
    320
    """
    width = (area.high - area.low) / 2.0
    if not width > 0:
        return None
    return int(np.ceil(n * round((width / half_width) ** 2, 6)))


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
