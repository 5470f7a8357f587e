"""Class-conditional conformal sets: the diagnoses that a probability is compatible with.

A label is in the set of a case unless 90% of the training cases of that label lie nearer to it. A
set of one label says "malignant" or "benign"; one of both labels, or of none, "cannot tell".

    bounds = conformal_bounds(labels, p, patients)
    set_figures(labels, p, (bounds["malignant_from"], bounds["benign_up_to"]), bootstrap)

V. Vovk (2012), "Conditional validity of inductive conformal predictors", ACML, PMLR 25:475-490
(label-conditional, or Mondrian); M. Sadinle, J. Lei, L. Wasserman (2019), J. Am. Stat. Assoc.
114:223-234.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.evaluation.arithmetic import Booleans, Floats, as_cases, as_groups, ratio
from mammo.evaluation.bootstrap import PatientBootstrap, percentile_interval, widen_at_the_edge
from mammo.text import Estimate

COVERAGE = 0.9
SET_FIGURES = (
    "coverage_malignant", "coverage_benign", "cannot_tell_malignant", "cannot_tell_benign",
    "right_if_told",
)  # fmt: skip


def conformal_bounds(labels: ArrayLike, p: ArrayLike, patients: ArrayLike) -> dict[str, float]:
    """Return from which probability "malignant" is in a set, and up to which "benign" is.

    The bound of a class is the smallest t with sum_i w_i [s_i <= t] >= 0.9 (n + 1), over its cases
    i, where s is 1 - p for malignant and p for benign, n its number of patients, and w_i one over
    the cases of the patient: crops of one patient are not exchangeable with those of others, so
    each patient counts once (R. Dunn, L. Wasserman, A. Ramdas (2022), J. Am. Stat. Assoc.
    118:2491-2502, pooling of distributions). With too few patients the label is in every set.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    p : float (n,), 0..1, calibrated, out of fold
    patients : str or int (n,)

    Returns
    -------
    dict, "malignant_from" and "benign_up_to", each 0..1

    Examples
    --------
    >>> p = np.linspace(0.0, 1.0, 21)
    >>> bounds = conformal_bounds([0] * 21 + [1] * 21, [*p, *p], range(42))
    >>> {name: round(bound, 6) for name, bound in bounds.items()}
    {'malignant_from': 0.05, 'benign_up_to': 0.95}
    """
    malignant, values = as_cases(labels, p)
    owners = as_groups(patients, values.size, "patient")
    return {
        "malignant_from": max(0.0, -_quantile(-values[malignant], owners[malignant])),
        "benign_up_to": min(1.0, _quantile(values[~malignant], owners[~malignant])),
    }


def _quantile(scores: Floats, owners: NDArray[np.str_]) -> float:
    """Return the conformal quantile of one class, or infinity."""
    _, owner, cases = np.unique(owners, return_inverse=True, return_counts=True)
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(1.0 / cases[owner[order]])
    place = np.searchsorted(reached, COVERAGE * (cases.size + 1) - 1e-9)
    return float(scores[order[place]]) if place < scores.size else float("inf")


def set_figures(
    labels: Booleans,
    p: Floats,
    bounds: tuple[float, float],
    bootstrap: PatientBootstrap,
    among: Booleans,
) -> dict[str, Estimate]:
    """Return how often sets contain the diagnosis, and how often they cannot tell, by class.

    Parameters
    ----------
    labels, p : bool (n,), float64 (n,)
    bounds : as `conformal_bounds` returns them
    bootstrap : PatientBootstrap over the n cases
    among : bool (n,), the cases that the bounds are for

    Returns
    -------
    dict of Estimate, 0..1, by `SET_FIGURES`: the share of each class whose sets contain it, and
    that cannot be told; the share of cases that are told and rightly so
    """
    malignant, benign = p >= bounds[0], p <= bounds[1]
    told = malignant != benign

    def share(holds: Booleans, of: Booleans) -> Estimate:
        totals = bootstrap.sums(np.column_stack([holds & of, of]).astype(np.float64))
        value = float(ratio(float((holds & of).sum()), float(of.sum())))
        interval = percentile_interval(value, ratio(*totals.T))
        return widen_at_the_edge(interval, bootstrap.patients_among(of))

    shares = (
        share(malignant, among & labels),
        share(benign, among & ~labels),
        share(~told, among & labels),
        share(~told, among & ~labels),
        share(malignant == labels, among & told),
    )
    return dict(zip(SET_FIGURES, shares, strict=True))
