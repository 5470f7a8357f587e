"""What a threshold does: counts, rates with intervals, a clinic; and the named thresholds.

Quick enough for a slider: the bootstrap is drawn once and kept, a point costs milliseconds.

    bootstrap = PatientBootstrap(patients)
    operating_point(labels, p, 0.42, bootstrap, prevalences=(0.05,))
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import DataError, SettingsError
from mammo.evaluation.arithmetic import Booleans, Floats, as_cases, as_labels, as_share, ratio
from mammo.evaluation.bootstrap import (
    PatientBootstrap,
    edge_ends,
    percentile_interval,
    reaching,
    widen_at_the_edge,
)
from mammo.evaluation.ranking import HIGH, Ranking
from mammo.text import Estimate


@dataclass(frozen=True)
class Confusion:
    """The four counts at a threshold."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def malignant(self) -> int:
        """Return the number of malignant cases."""
        return self.true_positive + self.false_negative

    @property
    def benign(self) -> int:
        """Return the number of benign cases."""
        return self.false_positive + self.true_negative


def rates_of_counts(
    true_positive: ArrayLike,
    false_positive: ArrayLike,
    false_negative: ArrayLike,
    true_negative: ArrayLike,
) -> dict[str, Floats]:
    """Return every rate by name, of one or of many confusion matrices.

    D. G. Altman, J. M. Bland (1994), BMJ 308:1552 and 309:102; J. J. Deeks, D. G. Altman (2004),
    BMJ 329:168-169 (likelihood ratios).

    >>> rates_of_counts([1, 0], [0, 0], [1, 0], [2, 4])["sensitivity"].tolist()
    [0.5, nan]
    """
    tp, fp, fn, tn = (
        np.asarray(count, dtype=np.float64)
        for count in (true_positive, false_positive, false_negative, true_negative)
    )
    sensitivity, specificity = ratio(tp, tp + fn), ratio(tn, tn + fp)
    return {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "ppv": ratio(tp, tp + fp),
        "npv": ratio(tn, tn + fn),
        "accuracy": ratio(tp + tn, tp + fp + fn + tn),
        "balanced_accuracy": (sensitivity + specificity) / 2.0,
        "f1": ratio(2.0 * tp, 2.0 * tp + fp + fn),
        # From shares of false answers, not from 1 - specificity, whose rounding would hide a zero.
        "positive_likelihood_ratio": ratio(sensitivity, ratio(fp, tn + fp)),
        "negative_likelihood_ratio": ratio(ratio(fn, tp + fn), specificity),
    }


def classification_report(table: Confusion) -> dict[str, Any]:
    """Return precision, recall, F1 and cases of both classes and of their averages, and accuracy.

    precision = right of those called so; recall = found of those that are so; F1 = their harmonic
    mean. The macro average counts the classes equally, the weighted one by their cases. Recall of a
    class that is absent, precision of one that is never called, and any average with it, are NaN.

    C. J. van Rijsbergen (1979), Information Retrieval, chapter 7.
    """
    called = table.true_positive + table.false_positive
    total = table.malignant + table.benign
    classes = {
        "benign": (table.true_negative, total - called, table.benign),
        "malignant": (table.true_positive, called, table.malignant),
    }
    rows = {
        name: np.array([ratio(right, flagged), ratio(right, n), ratio(2 * right, flagged + n)])
        for name, (right, flagged, n) in classes.items()
    }
    shares = {"macro_average": 0.5, "weighted_average": float(ratio(table.malignant, total))}
    both = np.stack(list(rows.values()))
    rows |= {name: np.array([1.0 - share, share]) @ both for name, share in shares.items()}
    report: dict[str, Any] = {
        name: dict(zip(("precision", "recall", "f1"), row.tolist(), strict=True))
        | {"support": classes[name][2] if name in classes else total}
        for name, row in rows.items()
    }
    return report | {"accuracy": float(ratio(table.true_positive + table.true_negative, total))}


def clinic_figures(
    sensitivity: ArrayLike, specificity: ArrayLike, prevalence: float
) -> dict[str, Floats]:
    """Return what a clinic sees, for one or for many sensitivities and specificities.

    PPV and NPV are by Bayes' theorem: D. G. Altman, J. M. Bland (1994), BMJ 309:102.

    >>> clinic_figures([1.0, 0.5], [0.5, 1.0], 0.5)["ppv"].round(3).tolist()
    [0.667, 1.0]
    """
    share = as_share(prevalence, "prevalence")
    hit, peace = (np.asarray(rate, dtype=np.float64) for rate in (sensitivity, specificity))
    found, missed = hit * share, (1.0 - hit) * share
    alarms, spared = (1.0 - peace) * (1.0 - share), peace * (1.0 - share)
    return {
        "ppv": ratio(found, found + alarms),
        "npv": ratio(spared, spared + missed),
        "flagged_per_1000": 1000.0 * (found + alarms),
        "missed_per_1000": 1000.0 * missed,
        "false_alarms_per_1000": 1000.0 * alarms,
    }


def moved_to_prevalence(p: ArrayLike, learned: float, stated: float) -> Floats:
    """Return calibrated probabilities for a place where another share of lesions is malignant.

    Bayes' theorem with the likelihood ratios left as they are: the odds are multiplied by
    [stated / (1 - stated)] / [learned / (1 - learned)].

    Parameters
    ----------
    p : float (n,), 0..1, calibrated where the share was `learned`
    learned, stated : float, above 0 and below 1

    Returns
    -------
    float64 (n,), in the same order of suspicion

    Raises
    ------
    SettingsError
        A share of 0 or 1, or outside 0..1.

    References
    ----------
    M. Saerens, P. Latinne, C. Decaestecker (2002), Neural Computation 14:21-41, equation 2.4.

    Examples
    --------
    >>> moved_to_prevalence([0.5, 0.9], learned=0.5, stated=0.1).round(3).tolist()
    [0.1, 0.5]
    """
    odds = [_odds(as_share(share, "prevalence")) for share in (learned, stated)]
    values = np.asarray(p, dtype=np.float64)
    suspicion = values * odds[1]
    return np.asarray(suspicion / (suspicion + (1.0 - values) * odds[0]))


def _odds(share: float) -> float:
    if share in (0.0, 1.0):
        raise SettingsError(
            f"expected a share of malignant cases above 0 and below 1, received {share:g}: its "
            "odds are none"
        )
    return share / (1.0 - share)


def _most_balanced(sensitivity: Floats, specificity: Floats) -> int:
    gain = sensitivity + specificity
    # Thresholds fall along the array: of equal gains the last is the most sensitive.
    return int(np.flatnonzero(gain >= gain.max() - 1e-12)[-1])


NAMED_THRESHOLDS: dict[str, tuple[str, Callable[[Floats, Floats], int]]] = {
    "youden": ("Youden", _most_balanced),
    "sensitivity_90": (
        "sensitivity 90%",
        lambda sensitivity, _: int(np.argmax(sensitivity >= HIGH - 1e-12)),
    ),
    "specificity_90": (
        "specificity 90%",
        lambda _, specificity: int(np.flatnonzero(specificity >= HIGH - 1e-12)[-1]),
    ),
}
"""The title in tables, and the rule. It takes the sensitivity and the specificity of each
threshold, from the one that flags nothing to the one that flags all, and returns the place of the
highest sensitivity + specificity - 1 (of equals, the more sensitive), of the highest threshold with
sensitivity >= 90%, and of the lowest with specificity >= 90%. A new one is a row here and its name
and aim in `mammo.text`."""


def named_thresholds(labels: ArrayLike, p: ArrayLike) -> dict[str, float]:
    """Return the thresholds of `NAMED_THRESHOLDS`; a case is flagged where p >= threshold.

    Each lies midway between two observed p, so that rounding in a file flips no case. No threshold
    leaves out a p of exactly 1: where benign cases have it, specificity_90 may end below 90%.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant, both classes present
    p : float (n,), 0..1, calibrated, out-of-fold

    Raises
    ------
    DataError
        One class only.

    References
    ----------
    W. J. Youden (1950), Cancer 3:32-35.

    Examples
    --------
    >>> thresholds = named_thresholds([0, 0, 1, 0, 1], [0.1, 0.2, 0.4, 0.6, 0.8])
    >>> {name: round(value, 3) for name, value in thresholds.items()}
    {'youden': 0.3, 'sensitivity_90': 0.3, 'specificity_90': 0.7}
    """
    malignant, values = as_cases(labels, p)
    if malignant.all() or not malignant.any():
        raise DataError(
            f"expected malignant and benign cases to choose thresholds on, received "
            f"{int(malignant.sum())} malignant and {int((~malignant).sum())} benign"
        )
    ranking = Ranking(malignant, values)
    sensitivity, alarms = (rates[0] for rates in ranking.rates())
    # Thresholds that flag nothing, the first distinct p, the first two, and so on.
    neighbours = np.concatenate([[1.0], ranking.thresholds, [0.0]])
    cuts = (neighbours[1:] + neighbours[:-1]) / 2.0
    return {
        name: float(cuts[choose(sensitivity, 1.0 - alarms)])
        for name, (_, choose) in NAMED_THRESHOLDS.items()
    }


@dataclass(frozen=True)
class Clinic:
    """What a threshold does where `prevalence` of the lesions are malignant."""

    prevalence: float
    figures: dict[str, Estimate]


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold, its counts, its rates by name (see `rates_of_counts`) and its clinics.

    `threshold` is NaN where the cases were not flagged by a probability (the radiologists' point).
    """

    name: str
    threshold: float
    confusion: Confusion
    rates: dict[str, Estimate]
    clinics: tuple[Clinic, ...]


def operating_point(
    labels: ArrayLike,
    p: ArrayLike,
    threshold: float,
    bootstrap: PatientBootstrap,
    *,
    name: str = "",
    prevalences: Sequence[float] = (),
) -> OperatingPoint:
    """Return everything that a threshold brings, with intervals over patients.

    As `point_of_flags`, of the cases with a probability p at or above the threshold.

    >>> cases = PatientBootstrap(["a", "b", "c", "d"])
    >>> point = operating_point([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.4, cases, prevalences=(0.1,))
    >>> point.rates["sensitivity"].value, round(point.clinics[0].figures["ppv"].value, 3)
    (0.5, 0.1)
    """
    malignant, values = as_cases(labels, p)
    cut = as_share(threshold, "threshold")
    return point_of_flags(
        malignant, values >= cut, bootstrap, name=name, threshold=cut, prevalences=prevalences
    )


def point_of_flags(
    labels: ArrayLike,
    flagged: ArrayLike,
    bootstrap: PatientBootstrap,
    *,
    name: str = "",
    threshold: float = float("nan"),
    prevalences: Sequence[float] = (),
) -> OperatingPoint:
    """Return everything that a set of flagged cases brings, however they were flagged.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    flagged : bool (n,)
    bootstrap : PatientBootstrap over the n cases
    name, threshold : to be recorded with the point
    prevalences : sequence of float, 0..1, a clinic each

    Examples
    --------
    >>> cases = PatientBootstrap(["a", "b", "c", "d"])
    >>> point_of_flags([0, 0, 1, 1], [False, False, True, True], cases).confusion
    Confusion(true_positive=2, false_positive=0, false_negative=0, true_negative=2)
    """
    malignant = as_labels(labels)
    called = np.asarray(flagged, dtype=np.bool_)
    outcomes = np.column_stack(
        [malignant & called, ~malignant & called, malignant & ~called, ~malignant & ~called]
    )
    table = Confusion(*outcomes.sum(axis=0).tolist())
    resampled = rates_of_counts(*bootstrap.sums(outcomes.astype(np.float64)).T)
    rates = _rates(table, resampled, outcomes, bootstrap)
    clinics = tuple(_clinic(rates, resampled, share) for share in prevalences)
    return OperatingPoint(name, threshold, table, rates, clinics)


def _rates(
    table: Confusion, resampled: dict[str, Floats], outcomes: Booleans, bootstrap: PatientBootstrap
) -> dict[str, Estimate]:
    found, alarm, missed, spared = outcomes.T
    plain = rates_of_counts(*vars(table).values())
    rates = {
        name: percentile_interval(float(value), resampled[name]) for name, value in plain.items()
    }
    counted = {
        "sensitivity": found | missed,
        "specificity": alarm | spared,
        "ppv": found | alarm,
        "npv": missed | spared,
        "accuracy": found | alarm | missed | spared,
    }
    for name, among in counted.items():
        rates[name] = widen_at_the_edge(rates[name], bootstrap.patients_among(among))
    ends = rates["sensitivity"], rates["specificity"]
    corners = _corners(*ends)
    reached = {
        "balanced_accuracy": [(se + sp) / 2.0 for se, sp in corners],
        "positive_likelihood_ratio": [float(ratio(se, 1.0 - sp)) for se, sp in corners],
        "negative_likelihood_ratio": [float(ratio(1.0 - se, sp)) for se, sp in corners],
    }
    rates |= {name: reaching(rates[name], corner, *ends) for name, corner in reached.items()}
    # F1 = 2 J / (1 + J), where J is the share that are right of those found, missed or false.
    f1 = rates["f1"]
    share = widen_at_the_edge(f1, bootstrap.patients_among(found | alarm | missed))
    if share is not f1:
        rates["f1"] = Estimate(f1.value, *(2.0 * j / (1.0 + j) for j in (share.low, share.high)))
    return rates


def _clinic(rates: dict[str, Estimate], resampled: dict[str, Floats], prevalence: float) -> Clinic:
    """Return the figures of a clinic; where a rate is 0 or 1, its Wilson end widens them too."""
    ends = rates["sensitivity"], rates["specificity"]
    values = clinic_figures(ends[0].value, ends[1].value, prevalence)
    spread = clinic_figures(resampled["sensitivity"], resampled["specificity"], prevalence)
    corners = [clinic_figures(*corner, prevalence) for corner in _corners(*ends)]
    figures = {}
    for name, value in values.items():
        drawn = percentile_interval(float(value), spread[name])
        figures[name] = reaching(drawn, [float(corner[name]) for corner in corners], *ends)
        if prevalence in (0.0, 1.0) and np.ptp(spread[name]) == 0.0:
            # Where all lesions are of one kind, this figure follows without an estimate.
            figures[name] = Estimate(drawn.value, drawn.value, drawn.value)
    return Clinic(float(prevalence), figures)


def _corners(sensitivity: Estimate, specificity: Estimate) -> list[tuple[float, float]]:
    """Return pairs of the two rates in which one that is exactly 0 or 1 stands at a Wilson end."""
    return [
        *((end, specificity.value) for end in edge_ends(sensitivity)),
        *((sensitivity.value, end) for end in edge_ends(specificity)),
    ]
