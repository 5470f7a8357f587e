"""The arithmetic and the checks that every figure shares.

An undefined ratio (0 / 0) is NaN, never a numpy warning. Every public function of
`mammo.evaluation` passes its input through the checks, so that bad input gets one sentence
(`DataError` or `SettingsError`) and the formulas behind need no guards.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.errors import DataError, SettingsError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

# A probability of exactly 0 or 1 has no finite logit. Scores are stored with about seven digits, so
# anything nearer to 0 or 1 than this is rounding.
SMALLEST_PROBABILITY = 1e-7


def ratio(numerator: ArrayLike, denominator: ArrayLike) -> Floats:
    """Divide, with 0 / 0 as NaN and a positive number / 0 as infinity, without a warning.

    >>> ratio([1, 0, 3], [2, 0, 0]).tolist()
    [0.5, nan, inf]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.true_divide(numerator, denominator, dtype=np.float64)


def logit(p: ArrayLike) -> Floats:
    """Return log(p / (1 - p)), with p held `SMALLEST_PROBABILITY` away from 0 and 1."""
    held = off_the_ends(p)
    return np.asarray(np.log(held) - np.log1p(-held))


def off_the_ends(p: ArrayLike) -> Floats:
    """Return probabilities at least `SMALLEST_PROBABILITY` away from 0 and 1."""
    return np.clip(np.asarray(p, np.float64), SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)


def sigmoid(logits: ArrayLike) -> Floats:
    """Return 1 / (1 + exp(-logit)) without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(np.asarray(logits, dtype=np.float64) / 2.0)))


def as_labels(labels: ArrayLike) -> Booleans:
    """Return labels as booleans, True for malignant."""
    values = np.asarray(labels)
    if values.ndim != 1:
        raise DataError(f"expected one label a case, received an array of shape {values.shape}")
    if values.size == 0:
        raise DataError("no case to evaluate: expected at least one label, received none")
    strange = ~np.isin(values, (0, 1))
    if strange.any():
        raise DataError(
            "expected labels of 0 (benign) and 1 (malignant), received "
            f"{values[strange].tolist()[0]!r} in row {int(np.flatnonzero(strange)[0])}: "
            "map the pathology to 0 and 1 first"
        )
    return np.asarray(values, dtype=np.bool_)


def as_scores(scores: ArrayLike, n: int) -> Floats:
    """Return one finite score a case."""
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (n,):
        raise DataError(f"expected {n} scores, one a label, received shape {values.shape}")
    unusable = ~np.isfinite(values)
    if unusable.any():
        raise DataError(
            f"{int(unusable.sum())} of {n} scores are NaN or infinite (first in row "
            f"{int(np.flatnonzero(unusable)[0])}): leave those cases out, or score them again"
        )
    return values


def as_probabilities(p: ArrayLike, n: int) -> Floats:
    """Return one probability a case."""
    values = as_scores(p, n)
    if values.min() < 0.0 or values.max() > 1.0:
        raise DataError(
            "expected probabilities from 0 to 1, received values from "
            f"{values.min():.4g} to {values.max():.4g}: calibrate the scores first"
        )
    return values


def as_cases(labels: ArrayLike, p: ArrayLike) -> tuple[Booleans, Floats]:
    """Return labels as booleans, and one probability a case."""
    malignant = as_labels(labels)
    return malignant, as_probabilities(p, malignant.size)


def as_groups(groups: ArrayLike, n: int, noun: str) -> NDArray[np.str_]:
    """Return one patient or lesion name a case, as text."""
    values = np.asarray(groups, dtype=object)
    if values.shape != (n,):
        raise DataError(f"expected {n} {noun} names, one a case, received shape {values.shape}")
    missing = [row for row, value in enumerate(values) if is_missing(value)]
    if missing:
        raise DataError(
            f"{len(missing)} cases have no {noun} (first in row {missing[0]}): name the {noun} "
            "of each case, because intervals are taken over patients"
        )
    return np.asarray([str(value) for value in values])


def is_missing(value: object) -> bool:
    """Return whether a table's cell is empty: None, NaN, pandas' NA or blank text.

    >>> [is_missing(value) for value in (None, float("nan"), " ", 0, "OVAL")]
    [True, True, True, False, False]
    """
    if isinstance(value, str):
        return not value.strip()
    # By name, so that pandas need not be imported; its NA answers no comparison.
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def as_share(value: float, noun: str) -> float:
    """Return a threshold on a probability, or a prevalence, from 0 to 1."""
    share = float(value)
    if math.isnan(share) or not 0.0 <= share <= 1.0:
        example = "0.5" if noun == "threshold" else "0.05 for 5%"
        raise SettingsError(f"expected a {noun} from 0 to 1, such as {example}, received {value!r}")
    return share
