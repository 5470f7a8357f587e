"""A reader beside both models and the radiologists, all on the same cases of one round.

AUC, sensitivity and specificity with intervals over patients; the difference in AUC by a paired
bootstrap, its test by DeLong's method clustered by patient, or of a class with random readers and
cases, where enough carry it; kappa.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.evaluation import (
    RANDOM_PATIENTS,
    RANDOM_READERS,
    RESAMPLES,
    OperatingPoint,
    PatientBootstrap,
    RandomReaders,
    auc_statistic,
    biopsy,
    paired_delong,
    point_of_flags,
    readers_minus,
    wilson,
)
from mammo.evaluation.arithmetic import Booleans, Floats, ratio
from mammo.evaluation.bootstrap import (
    Statistic,
    difference_interval,
    percentile_interval,
    rarer_patients,
    widen_at_the_edge,
)
from mammo.reading.plan import RoundCases
from mammo.text import Estimate


def kappa(first: ArrayLike, second: ArrayLike, bootstrap: PatientBootstrap) -> Estimate:
    """Return Cohen's kappa of two sets of flags on the same cases.

    >>> kappa([1, 1, 0, 0], [1, 0, 0, 0], PatientBootstrap(list("abcd"))).value
    0.5
    """
    one, two = (np.asarray(flags, dtype=np.bool_) for flags in (first, second))
    n = bootstrap.sample.shape[1]
    cells = np.column_stack([one & two, one & ~two, ~one & two, ~one & ~two]).astype(np.float64)
    both, only_first, only_second, neither = np.vstack([cells.sum(axis=0), bootstrap.sums(cells)]).T
    both_flag = (both + only_first) * (both + only_second)
    neither_flags = (only_second + neither) * (only_first + neither)
    chance = (both_flag + neither_flags) / n**2
    kappas = ratio((both + neither) / n - chance, 1.0 - chance)
    return percentile_interval(float(kappas[0]), kappas[1:])


FEW_PATIENTS = 5
"""Below this many patients in the rarer class resampling them tells nothing."""
DELONG_PATIENTS = 10
"""From this many patients in each class on the normal approximation of DeLong's test is used."""
RADIOLOGISTS = "radiologists"
_UNDEFINED = float("nan")


@dataclass(frozen=True, eq=False)
class Standing:
    """How one of those compared does on a round's cases.

    Attributes
    ----------
    name : str, "reader", a model's name, or "radiologists"
    scores, labels : float64 (n,), higher is more suspicious; bool (n,): of the cases they scored
    auc : Estimate
    point : OperatingPoint, at the reader's cut, the model's balanced threshold, or biopsy
    reader_minus : Estimate or None, the readers' mean AUC minus this one, on these n cases
    p_value : float, of that difference; NaN where too few readers or patients carry a test
    agreement : Estimate or None, kappa of their flags with the reader's
    """

    name: str
    scores: Floats
    labels: Booleans
    auc: Estimate
    point: OperatingPoint
    reader_minus: Estimate | None = None
    p_value: float = _UNDEFINED
    agreement: Estimate | None = None


class Sample:
    """Some cases of a round, whose patients are resampled; `weights`, float64 (n,), of an AUC."""

    def __init__(
        self,
        labels: Booleans,
        patients: NDArray[np.str_],
        resamples: int = RESAMPLES,
        weights: Floats | float = 1.0,
    ) -> None:
        self.labels, self.patients, self.weights = labels, patients, weights
        self.bootstrap = PatientBootstrap(patients, resamples=resamples)
        self.rarer = rarer_patients(labels, patients)

    def draws(self, *scores: Floats) -> Floats:
        """Return the mean AUC of some readers: of the cases, then under each resample."""
        every = [
            np.concatenate([one(self.bootstrap.sample), self.bootstrap.distribution(one)])
            for one in (self._weighted(auc_statistic(self.labels, row)) for row in scores)
        ]
        return np.asarray(np.mean(every, axis=0))

    def _weighted(self, statistic: Statistic) -> Statistic:
        return lambda draws: statistic(draws * self.weights)

    def share(self, hits: Booleans, of: Booleans) -> Estimate:
        """Return how many of some readings, bool (r, n), are hits, with its interval."""
        hits = hits & of
        counts = np.column_stack([hits.sum(axis=0), of.sum(axis=0)]).astype(np.float64)
        value = float(hits.sum() / of.sum()) if of.any() else _UNDEFINED
        found = percentile_interval(value, ratio(*self.bootstrap.sums(counts).T))
        patients = self.bootstrap.patients_among(np.asarray(of.any(axis=0)))
        return _steady(widen_at_the_edge(found, patients), patients)

    def interval(self, draws: Floats) -> Estimate:
        """Return a share 0..1 with an interval that few patients cannot make look sure.

        >>> sample = Sample(np.array([True, False, False]), np.array(["a", "b", "c"]))
        >>> area = sample.interval(sample.draws(np.array([3.0, 1, 2])))
        >>> area.value, round(area.low, 2), area.high
        (1.0, 0.21, 1.0)
        """
        found = percentile_interval(float(draws[0]), draws[1:])
        return _steady(widen_at_the_edge(found, self.rarer), self.rarer)

    def difference(self, first: Floats, second: Floats) -> Estimate:
        """Return the first of two figures minus the second, from the `draws` of both."""
        ends = self.interval(first), self.interval(second)
        return _known(difference_interval(*ends, (first - second)[1:]), self.rarer >= FEW_PATIENTS)

    def minus(self, first: Floats, second: Floats) -> RandomReaders:
        """Return the readers' mean AUC in `first` minus `second`, both (r, n) or (1, n).

        Where enough readers and patients carry it, both are samples and the difference is tested;
        else the interval resamples patients alone.
        """
        if len(first) >= RANDOM_READERS and self.rarer >= RANDOM_PATIENTS:
            return readers_minus(self.labels, first, second, self.patients)
        return RandomReaders(self.difference(self.draws(*first), self.draws(*second)))

    def standing(self, name: str, scores: Floats, flags: Booleans) -> Standing:
        """Score a reader, a model or the radiologists alone."""
        point = point_of_flags(self.labels, flags, self.bootstrap)
        rates = dict(point.rates)
        for rate, group in (("sensitivity", self.labels), ("specificity", ~self.labels)):
            rates[rate] = _steady(rates[rate], int(np.unique(self.patients[group]).size))
        area = self.interval(self.draws(scores))
        return Standing(name, scores, self.labels, area, replace(point, rates=rates))


def _steady(interval: Estimate, patients: int) -> Estimate:
    if np.isnan(interval.value) or not 0 < patients < FEW_PATIENTS:
        return interval
    return wilson(interval.value * patients, patients)


def _known(figure: Estimate, enough: bool) -> Estimate:
    return figure if enough else Estimate(figure.value, _UNDEFINED, _UNDEFINED)


def rivals(cases: RoundCases, ratings: Floats, cut: int, resamples: int) -> Iterator[Standing]:
    """Score the models and the radiologists on the cases that they scored, beside r readers.

    `ratings` are (r, n). Of one reader the difference is tested and the agreement given: DeLong's
    paired test needs `DELONG_PATIENTS`, an interval of kappa enough patients to be resampled.
    """
    assessed = ~np.isnan(cases.ranks)
    everyone = np.ones_like(assessed)
    found: list[tuple[str, Booleans, Floats, Booleans]] = [
        (model.name, everyone, p, p >= cases.threshold(model))
        for model in cases.models
        for p in [cases.p[model.name]]
    ]
    if assessed.any():
        ranks = cases.ranks[assessed]
        found.append((RADIOLOGISTS, assessed, ranks, biopsy(ranks)))
    for name, chosen, scores, flags in found:
        readers = ratings[:, chosen]
        sample = Sample(cases.labels[chosen], cases.patients[chosen], resamples)
        gap = sample.minus(readers, scores[np.newaxis])
        one = replace(
            sample.standing(name, scores, flags), reader_minus=gap.mean, p_value=gap.p_value
        )
        if len(readers) == 1:
            agreed = kappa(readers[0] >= cut, flags, sample.bootstrap)
            enough = sample.bootstrap.draws.shape[1] >= 2 * FEW_PATIENTS
            one = replace(one, agreement=_known(agreed, enough))
            if sample.rarer >= DELONG_PATIENTS:
                test = paired_delong(sample.labels, readers[0], scores, sample.patients)
                one = replace(one, p_value=test.p_value)
        yield one


def standings(
    cases: RoundCases, ratings: ArrayLike, cut: int, resamples: int = RESAMPLES
) -> tuple[Standing, ...]:
    """Score a reader, each model, and the radiologists (where any case is assessed).

    Parameters
    ----------
    cases : RoundCases, n of them
    ratings : int (n,), 0 to 100
    cut : int, 0 to 100; the reader flags a case where rating >= cut
    resamples : int, of patients
    """
    scores = np.asarray(ratings, dtype=np.float64)
    own = Sample(cases.labels, cases.patients, resamples)
    reader = own.standing("reader", scores, scores >= cut)
    return (reader, *rivals(cases, scores[np.newaxis], cut, resamples))


def cases_for(half_width: float, area: Estimate, n: int) -> int | None:
    """Return about how many cases like these would narrow an AUC's interval to +- `half_width`.

    >>> cases_for(0.05, Estimate(0.8, 0.6, 1.0), 20)
    320
    """
    width = (area.high - area.low) / 2.0
    return int(np.ceil(n * round((width / half_width) ** 2, 6))) if width > 0 else None


@dataclass(frozen=True)
class AdviceEffect:
    """What advice changed in one reader's round: counts of ratings, points, and the AUC."""

    changed: int
    toward: int
    away: int
    mean_move: float
    before: Estimate
    after: Estimate
    gain: Estimate


def advice_effect(
    cases: RoundCases, first: ArrayLike, second: ArrayLike, resamples: int = RESAMPLES
) -> AdviceEffect:
    """Compare a reader's first ratings, int (n,), with those after advice."""
    before, after = (np.asarray(ratings, dtype=np.float64) for ratings in (first, second))
    labels, sample = cases.labels, Sample(cases.labels, cases.patients, resamples)
    gained = np.where(labels, after - before, before - after)
    draws_before, draws_after = sample.draws(before), sample.draws(after)
    return AdviceEffect(
        changed=int((after != before).sum()),
        toward=int((gained > 0).sum()),
        away=int((gained < 0).sum()),
        mean_move=float(np.abs(after - before).mean()),
        before=sample.interval(draws_before),
        after=sample.interval(draws_after),
        gain=sample.difference(draws_after, draws_before),
    )
