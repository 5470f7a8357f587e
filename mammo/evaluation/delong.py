"""Two readers of the same cases: DeLong's test of their AUCs, and McNemar's of their answers.

DeLong's comes in two forms: cases as independent (DeLong; what other packages print), and cases
clustered by patient (Obuchowski), which two views of one lesion call for. With one case a patient
they agree.

    delong_interval(labels, p, patients)
    paired_delong(labels, p_cnn, p_mobilenet, patients).p_value
    mcnemar(labels, p_cnn >= 0.5, p_mobilenet >= 0.4).p_value
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.evaluation.arithmetic import (
    Booleans,
    Floats,
    Integers,
    as_groups,
    as_labels,
    as_scores,
)
from mammo.evaluation.bootstrap import REACH, rarer_patients, widen_at_the_edge
from mammo.text import Estimate

_ROUNDING = 1e-9


@dataclass(frozen=True)
class PairedDelong:
    """Test of one AUC against another; the difference is first minus second."""

    difference: Estimate
    z: float
    p_value: float
    clustered: bool


def delong_interval(
    labels: ArrayLike, scores: ArrayLike, patients: ArrayLike | None = None
) -> Estimate:
    """Return the AUC with its normal interval, cut at 0 and 1.

    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson (1988), Biometrics 44:837-845;
    N. A. Obuchowski (1997), Biometrics 53:567-578 (clusters);
    X. Sun, W. Xu (2014), IEEE Signal Processing Letters 21:1389-1393 (by ranks).
    """
    areas, covariance = auc_covariance(labels, [scores], patients)
    value, error = float(areas[0]), _error(covariance[0, 0])
    if error == 0.0:
        malignant = as_labels(labels)
        rarer = rarer_patients(malignant, _patient_codes(patients, malignant.size))
        return widen_at_the_edge(Estimate(value, math.nan, math.nan), rarer)
    return Estimate(value, *np.clip([value - REACH * error, value + REACH * error], 0, 1).tolist())


def paired_delong(
    labels: ArrayLike, first: ArrayLike, second: ArrayLike, patients: ArrayLike | None = None
) -> PairedDelong:
    """Test whether two scores of the same cases have the same AUC (two-sided).

    z = (AUC1 - AUC2) / sqrt(V11 + V22 - 2 V12).

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    first, second : float (n,), higher is more suspicious
    patients : str or int (n,), or None for independent cases

    Returns
    -------
    PairedDelong; NaN where the variance is zero

    References
    ----------
    As `delong_interval`.

    Examples
    --------
    >>> test = paired_delong([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.9, 0.2, 0.3, 0.4])
    >>> round(test.difference.value, 2), round(test.p_value, 3)
    (0.25, 0.752)
    """
    areas, covariance = auc_covariance(labels, [first, second], patients)
    difference = float(areas[0] - areas[1])
    variance = covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1]
    error = _error(variance) or math.nan
    interval = Estimate(difference, difference - REACH * error, difference + REACH * error)
    z = difference / error
    return PairedDelong(interval, z, math.erfc(abs(z) / math.sqrt(2.0)), patients is not None)


def _error(variance: float) -> float:
    """Return the root of a variance; 0 where rounding alone makes it differ from 0."""
    error = math.sqrt(max(float(variance), 0.0))
    return 0.0 if error < _ROUNDING else error


def auc_covariance(
    labels: ArrayLike, scores: list[ArrayLike], patients: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Return the AUCs of several scores of the same cases, and their covariance.

    With V10 a malignant case's share of benign cases below it, V01 a benign case's share of
    malignant cases above it, and sums over each patient of V - AUC:
    S10 = I10 / (I10 - 1) sum(..) and S01 alike, S11 = I / (I - 1) sum(malignant x benign sums);
    covariance = S10 / M^2 + S01 / N^2 + (S11 + S11') / (M N), for I patients, I10 with a malignant
    and I01 with a benign case, M malignant and N benign cases.
    """
    malignant = as_labels(labels)
    table = [as_scores(one, malignant.size) for one in scores]
    undefined = np.full((len(table),) * 2, np.nan)
    if malignant.all() or not malignant.any():
        return np.full(len(table), np.nan), undefined
    patient = _patient_codes(patients, malignant.size)
    with_malignant, with_benign, everyone = (
        np.unique(some).size for some in (patient[malignant], patient[~malignant], patient)
    )
    parts = [_structural_components(malignant, one) for one in table]
    areas = np.array([above.mean() for above, _ in parts])
    if min(with_malignant, with_benign) < 2:
        return areas, undefined
    found, quiet = (
        np.stack([
            np.bincount(owners, weights=part - part.mean(), minlength=int(patient.max()) + 1)
            for part in components
        ])
        for owners, components in zip(
            (patient[malignant], patient[~malignant]), zip(*parts, strict=True), strict=True
        )
    )  # fmt: skip
    m, n = malignant.sum(), (~malignant).sum()
    s10 = with_malignant / (with_malignant - 1) * (found @ found.T)
    s01 = with_benign / (with_benign - 1) * (quiet @ quiet.T)
    s11 = everyone / (everyone - 1) * (found @ quiet.T)
    return areas, np.asarray(s10 / m**2 + s01 / n**2 + (s11 + s11.T) / (m * n))


def _patient_codes(patients: ArrayLike | None, n: int) -> Integers:
    if patients is None:
        return np.arange(n, dtype=np.int64)
    return np.unique(as_groups(patients, n, "patient"), return_inverse=True)[1].astype(np.int64)


def _structural_components(malignant: Booleans, scores: Floats) -> tuple[Floats, Floats]:
    """Return V10 (m,) and V01 (n,) from ranks among all and within the class."""
    among_all = _midranks(scores)
    benign_below = among_all[malignant] - _midranks(scores[malignant])
    malignant_below = among_all[~malignant] - _midranks(scores[~malignant])
    return benign_below / (~malignant).sum(), 1.0 - malignant_below / malignant.sum()


def _midranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2.0)[inverse])


@dataclass(frozen=True)
class McNemar:
    """Discordant counts and the two-sided p-value; NaN where no case is discordant."""

    only_first_right: int
    only_second_right: int
    p_value: float


def mcnemar(labels: ArrayLike, first_flagged: ArrayLike, second_flagged: ArrayLike) -> McNemar:
    """Test whether two sets of answers are right equally often on the same cases.

    Under the null hypothesis the smaller discordant count b of n is binomial(n, 1/2):
    p = min(1, 2 sum over i <= b of C(n, i) / 2^n). Cases count as independent.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    first_flagged, second_flagged : bool (n,), True where a model calls the case malignant

    Returns
    -------
    McNemar; p is NaN where the two never differ in being right, which leaves nothing to test

    References
    ----------
    Q. McNemar (1947), Psychometrika 12:153-157; exact form: A. Agresti (2002), Categorical Data
    Analysis, section 10.1.

    Examples
    --------
    >>> mcnemar([1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 1, 0])
    McNemar(only_first_right=2, only_second_right=0, p_value=0.5)
    """
    malignant = as_labels(labels)
    first, second = (np.asarray(flags, dtype=np.bool_) for flags in (first_flagged, second_flagged))
    wins = int(((first == malignant) & (second != malignant)).sum())
    losses = int(((first != malignant) & (second == malignant)).sum())
    n = wins + losses
    if n == 0:
        return McNemar(0, 0, math.nan)
    # Whole numbers throughout: 2^n has no float from n = 1,024 on, their quotient has.
    tail = sum(math.comb(n, count) for count in range(min(wins, losses) + 1))
    return McNemar(wins, losses, min(1.0, float(2 * tail / 2**n)))
