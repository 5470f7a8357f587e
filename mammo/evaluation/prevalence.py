"""What sensitivity and specificity come to in a clinic with another share of malignant lesions.

predictive_values(0.90, 0.60, prevalence=0.05)
per_thousand(0.90, 0.60, prevalence=0.05)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import SettingsError
from mammo.evaluation.arithmetic import Floats, ratio
from mammo.evaluation.checks import as_prevalence

CLINIC_NAMES = ("ppv", "npv", "flagged_per_1000", "missed_per_1000", "false_alarms_per_1000")


@dataclass(frozen=True)
class PerThousand:
    """Hold what happens to 1,000 lesions: flagged, found, missed, false alarms, left in peace."""

    flagged: float
    found: float
    missed: float
    false_alarms: float
    spared: float


def predictive_values(
    sensitivity: float, specificity: float, prevalence: float
) -> tuple[float, float]:
    """Return PPV and NPV by Bayes' theorem.

    PPV = se pr / (se pr + (1 - sp)(1 - pr));  NPV = sp (1 - pr) / (sp (1 - pr) + (1 - se) pr).

    References
    ----------
    D. G. Altman, J. M. Bland (1994), BMJ 309:102.

    Examples
    --------
    >>> [round(value, 3) for value in predictive_values(0.9, 0.6, 0.05)]
    [0.106, 0.991]
    """
    figures = clinic_figures(sensitivity, specificity, prevalence)
    return float(figures["ppv"]), float(figures["npv"])


def per_thousand(sensitivity: float, specificity: float, prevalence: float) -> PerThousand:
    """Return what happens to 1,000 lesions at a threshold.

    Examples
    --------
    >>> per_thousand(0.9, 0.6, 0.05)
    PerThousand(flagged=425.0, found=45.0, missed=5.0, false_alarms=380.0, spared=570.0)
    """
    figures = clinic_figures(sensitivity, specificity, prevalence)
    return PerThousand(
        _tidy(figures["flagged_per_1000"]),
        _tidy(1000.0 * sensitivity * prevalence),
        _tidy(figures["missed_per_1000"]),
        _tidy(figures["false_alarms_per_1000"]),
        _tidy(1000.0 * specificity * (1.0 - prevalence)),
    )


def _tidy(count: ArrayLike) -> float:
    # 1 - 0.9 leaves 5.000000000000001 of 1,000 lesions; a millionth of a lesion is rounding.
    return round(float(ratio(count, 1.0)), 6)


def clinic_figures(
    sensitivity: ArrayLike, specificity: ArrayLike, prevalence: float
) -> dict[str, Floats]:
    """Return the figures of `CLINIC_NAMES` for one or for many sensitivities and specificities.

    Examples
    --------
    >>> clinic_figures([1.0, 0.5], [0.5, 1.0], 0.5)["ppv"].round(3).tolist()
    [0.667, 1.0]
    """
    share = as_prevalence(prevalence)
    hit, peace = ratio(sensitivity, 1.0), ratio(specificity, 1.0)
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
    odds = [_odds(as_prevalence(share)) for share in (learned, stated)]
    values = np.asarray(p, dtype=np.float64)
    suspicion = values * odds[1]
    return np.asarray(suspicion / (suspicion + (1.0 - values) * odds[0]), dtype=np.float64)


def _odds(share: float) -> float:
    if share in (0.0, 1.0):
        raise SettingsError(
            f"expected a share of malignant cases above 0 and below 1, received {share:g}: its "
            "odds are none"
        )
    return share / (1.0 - share)
