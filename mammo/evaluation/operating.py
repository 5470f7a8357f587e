"""The named thresholds, and one threshold in full: rates with intervals, and what a clinic sees.

Quick enough for a slider: the bootstrap is drawn once and kept, a point costs milliseconds.

    bootstrap = PatientBootstrap(patients)
    operating_point(labels, p, 0.42, bootstrap, prevalences=(0.05,))
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import DataError
from mammo.evaluation.arithmetic import (
    Booleans,
    Floats,
    as_labels,
    as_probabilities,
    as_share,
    ratio,
)
from mammo.evaluation.bootstrap import (
    CONFIDENCE,
    PatientBootstrap,
    edge_ends,
    percentile_interval,
    reaching,
    widen_at_the_edge,
)
from mammo.evaluation.ranking import Ranking
from mammo.evaluation.rates import CLINIC_NAMES, Confusion, clinic_figures, rates_of_counts
from mammo.text import Estimate

_TARGET = 0.9 - 1e-12


@dataclass(frozen=True)
class NamedThreshold:
    """A threshold that apps and cards offer by name.

    `title` is printed in tables. `choose` takes the sensitivity and the specificity of each
    threshold, from the one that flags nothing to the one that flags all, and returns the place of
    the chosen one. The app's words for it are in `mammo.text`, under the same name.
    """

    title: str
    choose: Callable[[Floats, Floats], int]


def _most_balanced(sensitivity: Floats, specificity: Floats) -> int:
    gain = sensitivity + specificity
    # Thresholds fall along the array: of equal gains the last is the most sensitive.
    return int(np.flatnonzero(gain >= gain.max() - 1e-12)[-1])


NAMED_THRESHOLDS = {
    "youden": NamedThreshold("Youden", _most_balanced),
    "sensitivity_90": NamedThreshold(
        "sensitivity 90%", lambda sensitivity, _: int(np.argmax(sensitivity >= _TARGET))
    ),
    "specificity_90": NamedThreshold(
        "specificity 90%", lambda _, specificity: int(np.flatnonzero(specificity >= _TARGET)[-1])
    ),
}
"""The highest sensitivity + specificity - 1 (of equals, the more sensitive), the highest threshold
with sensitivity >= 90%, and the lowest with specificity >= 90%. A new one is a row here and its
name and aim in `mammo.text`."""


def threshold_title(name: str) -> str:
    """Return what tables call a named threshold."""
    return NAMED_THRESHOLDS[name].title if name in NAMED_THRESHOLDS else name


def named_thresholds(labels: ArrayLike, p: ArrayLike) -> dict[str, float]:
    """Return the thresholds of `NAMED_THRESHOLDS`; a case is flagged where p >= threshold.

    Each lies midway between two observed p, so that rounding in a file flips no case. No threshold
    leaves out a p of exactly 1: where benign cases have it, specificity_90 may end below 90%.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant, both classes present
    p : float (n,), 0..1, calibrated, out-of-fold

    Returns
    -------
    dict of float, 0..1, keys `NAMED_THRESHOLDS`

    Raises
    ------
    DataError
        Empty, one class only, another length, p NaN or outside 0..1.

    References
    ----------
    W. J. Youden (1950), Cancer 3:32-35.

    Examples
    --------
    >>> thresholds = named_thresholds([0, 0, 1, 0, 1], [0.1, 0.2, 0.4, 0.6, 0.8])
    >>> {name: round(value, 3) for name, value in thresholds.items()}
    {'youden': 0.3, 'sensitivity_90': 0.3, 'specificity_90': 0.7}
    """
    malignant = as_labels(labels)
    values = as_probabilities(p, malignant.size)
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
        name: float(cuts[named.choose(sensitivity, 1.0 - alarms)])
        for name, named in NAMED_THRESHOLDS.items()
    }


@dataclass(frozen=True)
class Clinic:
    """What a threshold does where `prevalence` of the lesions are malignant."""

    prevalence: float
    figures: dict[str, Estimate]


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold, its counts, its rates by name (`RATE_NAMES`) and its clinics.

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
    confidence: float = CONFIDENCE,
) -> OperatingPoint:
    """Return everything that a threshold brings, with intervals over patients.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    p : float (n,), 0..1; a case is flagged where p >= threshold
    threshold : float, 0..1
    bootstrap : PatientBootstrap over the n cases
    name : str, what to call the point
    prevalences : sequence of float, 0..1, a clinic each
    confidence : float, above 0 and below 1

    Returns
    -------
    OperatingPoint

    Raises
    ------
    DataError
        Empty, another length, labels other than 0 and 1, p NaN or outside 0..1.
    SettingsError
        Threshold or prevalence outside 0..1.

    Examples
    --------
    >>> cases = PatientBootstrap(["a", "b", "c", "d"])
    >>> point = operating_point([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.4, cases, prevalences=(0.1,))
    >>> point.rates["sensitivity"].value, round(point.clinics[0].figures["ppv"].value, 3)
    (0.5, 0.1)
    """
    malignant = as_labels(labels)
    flagged = as_probabilities(p, malignant.size) >= as_share(threshold, "threshold")
    return point_of_flags(
        malignant,
        flagged,
        bootstrap,
        name=name,
        threshold=float(threshold),
        prevalences=prevalences,
        confidence=confidence,
    )


def point_of_flags(
    labels: ArrayLike,
    flagged: ArrayLike,
    bootstrap: PatientBootstrap,
    *,
    name: str = "",
    threshold: float = float("nan"),
    prevalences: Sequence[float] = (),
    confidence: float = CONFIDENCE,
) -> OperatingPoint:
    """Return everything that a set of flagged cases brings, however they were flagged.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    flagged : bool (n,)
    bootstrap, name, prevalences, confidence
        As `operating_point`.
    threshold : float, to be recorded with the point

    Returns
    -------
    OperatingPoint

    Raises
    ------
    DataError
        Empty, another length, labels other than 0 and 1.
    SettingsError
        Prevalence outside 0..1.

    Examples
    --------
    >>> cases = PatientBootstrap(["a", "b", "c", "d"])
    >>> point_of_flags([0, 0, 1, 1], [False, False, True, True], cases).confusion
    Confusion(true_positive=2, false_positive=0, false_negative=0, true_negative=2)
    """
    malignant = as_labels(labels)
    called = np.asarray(flagged, dtype=np.bool_)
    if called.shape != malignant.shape:
        raise DataError(f"expected {malignant.size} flags, one a label, received {called.shape}")
    outcomes = np.column_stack(
        [malignant & called, ~malignant & called, malignant & ~called, ~malignant & ~called]
    )
    table = Confusion(*(int(count) for count in outcomes.sum(axis=0)))
    resampled = rates_of_counts(*bootstrap.sums(outcomes.astype(np.float64)).T)
    rates = _rates(table, resampled, outcomes, bootstrap, confidence)
    clinics = tuple(_clinic(rates, resampled, share, confidence) for share in prevalences)
    return OperatingPoint(name, threshold, table, rates, clinics)


def _rates(
    table: Confusion,
    resampled: dict[str, Floats],
    outcomes: Booleans,
    bootstrap: PatientBootstrap,
    confidence: float,
) -> dict[str, Estimate]:
    found, alarm, missed, spared = outcomes.T
    counted = {
        "sensitivity": found | missed,
        "specificity": alarm | spared,
        "ppv": found | alarm,
        "npv": missed | spared,
        "accuracy": found | alarm | missed | spared,
    }
    rates = {}
    for name, value in table.rates().items():
        interval = percentile_interval(value, resampled[name], confidence)
        if name in counted:
            patients = bootstrap.patients_among(counted[name])
            interval = widen_at_the_edge(interval, patients, confidence)
        rates[name] = interval
    for name, corner in _corner_rates(rates["sensitivity"], rates["specificity"]).items():
        rates[name] = reaching(rates[name], corner, rates["sensitivity"], rates["specificity"])
    rates["f1"] = _f1_at_the_edge(rates["f1"], found | alarm | missed, bootstrap, confidence)
    return rates


def _corner_rates(sensitivity: Estimate, specificity: Estimate) -> dict[str, list[float]]:
    """Return what follows from sensitivity and specificity at the Wilson ends of an edge rate."""
    corners = _corners(sensitivity, specificity)
    return {
        "balanced_accuracy": [(se + sp) / 2.0 for se, sp in corners],
        "positive_likelihood_ratio": [float(ratio(se, 1.0 - sp)) for se, sp in corners],
        "negative_likelihood_ratio": [float(ratio(1.0 - se, sp)) for se, sp in corners],
    }


def _f1_at_the_edge(
    f1: Estimate, counted: Booleans, bootstrap: PatientBootstrap, confidence: float
) -> Estimate:
    """Widen an F1 of exactly 0 or 1 as the share J that are right of those found, missed or false.

    F1 = 2 J / (1 + J), and J is 0 or 1 with it.
    """
    share = widen_at_the_edge(f1, bootstrap.patients_among(counted), confidence)
    if share is f1:
        return f1
    return Estimate(f1.value, *(2.0 * end / (1.0 + end) for end in (share.low, share.high)))


def _clinic(
    rates: Mapping[str, Estimate],
    resampled: dict[str, Floats],
    prevalence: float,
    confidence: float,
) -> Clinic:
    """Return the figures of a clinic; where a rate is 0 or 1, its Wilson end widens them too."""
    sensitivity, specificity = rates["sensitivity"], rates["specificity"]
    share = as_share(prevalence, "prevalence")
    values = clinic_figures(sensitivity.value, specificity.value, share)
    spread = clinic_figures(resampled["sensitivity"], resampled["specificity"], share)
    corners = [clinic_figures(*one, share) for one in _corners(sensitivity, specificity)]
    figures = {}
    for name in CLINIC_NAMES:
        drawn = percentile_interval(float(values[name]), spread[name], confidence)
        reached = [float(corner[name]) for corner in corners]
        figures[name] = reaching(drawn, reached, sensitivity, specificity)
        if share in (0.0, 1.0) and np.ptp(spread[name]) == 0.0:
            # Where all lesions are of one kind, this figure follows without an estimate.
            figures[name] = Estimate(drawn.value, drawn.value, drawn.value)
    return Clinic(share, figures)


def _corners(sensitivity: Estimate, specificity: Estimate) -> list[tuple[float, float]]:
    """Return pairs of the two rates in which one that is exactly 0 or 1 stands at a Wilson end."""
    return [
        *((end, specificity.value) for end in edge_ends(sensitivity)),
        *((sensitivity.value, end) for end in edge_ends(specificity)),
    ]
