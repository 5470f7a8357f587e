"""What a threshold does: the confusion matrix, every rate that is read from it, and a clinic.

table = confusion_at(labels, p, threshold=0.42)
table.rates()["sensitivity"]
predictive_values(0.90, 0.60, prevalence=0.05)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import SettingsError
from mammo.evaluation.arithmetic import Floats, as_labels, as_probabilities, as_share, ratio

RATE_NAMES = (
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "accuracy",
    "balanced_accuracy",
    "f1",
    "positive_likelihood_ratio",
    "negative_likelihood_ratio",
)
CLINIC_NAMES = ("ppv", "npv", "flagged_per_1000", "missed_per_1000", "false_alarms_per_1000")


@dataclass(frozen=True)
class Confusion:
    """The four counts at a threshold."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def total(self) -> int:
        """Return the number of cases."""
        return self.flagged + self.false_negative + self.true_negative

    @property
    def flagged(self) -> int:
        """Return the number of cases at or above the threshold."""
        return self.true_positive + self.false_positive

    @property
    def malignant(self) -> int:
        """Return the number of malignant cases."""
        return self.true_positive + self.false_negative

    @property
    def benign(self) -> int:
        """Return the number of benign cases."""
        return self.false_positive + self.true_negative

    def rates(self) -> dict[str, float]:
        """Return every rate of `RATE_NAMES`; NaN where its denominator is 0.

        Examples
        --------
        >>> rates = Confusion(8, 5, 2, 5).rates()
        >>> rates["sensitivity"], rates["specificity"], rates["positive_likelihood_ratio"]
        (0.8, 0.5, 1.6)
        """
        counts = (self.true_positive, self.false_positive, self.false_negative, self.true_negative)
        return {name: float(value) for name, value in rates_of_counts(*counts).items()}


def confusion_at(labels: ArrayLike, p: ArrayLike, threshold: float) -> Confusion:
    """Return the confusion matrix; a case is flagged where p >= threshold.

    At threshold 0 every case is flagged; at 1 only those with p = 1.

    Examples
    --------
    >>> confusion_at([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.4)
    Confusion(true_positive=1, false_positive=1, false_negative=1, true_negative=1)
    """
    malignant = as_labels(labels)
    flagged = as_probabilities(p, malignant.size) >= as_share(threshold, "threshold")
    return Confusion(
        int((malignant & flagged).sum()),
        int((~malignant & flagged).sum()),
        int((malignant & ~flagged).sum()),
        int((~malignant & ~flagged).sum()),
    )


def rates_of_counts(
    true_positive: ArrayLike,
    false_positive: ArrayLike,
    false_negative: ArrayLike,
    true_negative: ArrayLike,
) -> dict[str, Floats]:
    """Return every rate of one or of many confusion matrices.

    sensitivity = TP / (TP + FN); specificity = TN / (TN + FP); PPV = TP / (TP + FP);
    NPV = TN / (TN + FN); accuracy = (TP + TN) / n; balanced accuracy = (sensitivity +
    specificity) / 2; F1 = 2 TP / (2 TP + FP + FN); LR+ = sensitivity / (1 - specificity);
    LR- = (1 - sensitivity) / specificity.

    References
    ----------
    D. G. Altman, J. M. Bland (1994), BMJ 308:1552 and 309:102; J. J. Deeks, D. G. Altman (2004),
    BMJ 329:168-169 (likelihood ratios).

    Examples
    --------
    >>> rates_of_counts([1, 0], [0, 0], [1, 0], [2, 4])["sensitivity"].tolist()
    [0.5, nan]
    """
    tp, fp, fn, tn = (
        ratio(count, 1.0)
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


@dataclass(frozen=True)
class ClassFigures:
    """Precision, recall, F1 and the number of cases of one class, or their average."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class ClassificationReport:
    """The figures of both classes, their plain and their weighted average, and accuracy."""

    benign: ClassFigures
    malignant: ClassFigures
    macro_average: ClassFigures
    weighted_average: ClassFigures
    accuracy: float


def classification_report(table: Confusion) -> ClassificationReport:
    """Return precision, recall and F1 of both classes.

    precision = right of those called so; recall = found of those that are so; F1 = their harmonic
    mean. The macro average counts the classes equally, the weighted one by their cases. Recall of a
    class that is absent, precision of one that is never called, and any average with it, are NaN.

    References
    ----------
    C. J. van Rijsbergen (1979), Information Retrieval, chapter 7.

    Examples
    --------
    >>> report = classification_report(Confusion(8, 5, 2, 5))
    >>> round(report.malignant.precision, 3), report.malignant.recall, report.malignant.support
    (0.615, 0.8, 10)
    >>> report.accuracy
    0.65
    """
    malignant = _figures(table.true_positive, table.flagged, table.malignant)
    benign = _figures(table.true_negative, table.total - table.flagged, table.benign)
    return ClassificationReport(
        benign,
        malignant,
        _average(benign, malignant, 0.5),
        _average(benign, malignant, float(ratio(table.malignant, table.total))),
        float(ratio(table.true_positive + table.true_negative, table.total)),
    )


def _figures(right: int, called: int, support: int) -> ClassFigures:
    precision, recall, f1 = (
        float(ratio(*shares))
        for shares in ((right, called), (right, support), (2 * right, called + support))
    )
    return ClassFigures(precision, recall, f1, support)


def _average(benign: ClassFigures, malignant: ClassFigures, share: float) -> ClassFigures:
    weights = np.array([1.0 - share, share])
    rows = np.array([[one.precision, one.recall, one.f1] for one in (benign, malignant)])
    precision, recall, f1 = (weights @ rows).tolist()
    return ClassFigures(precision, recall, f1, benign.support + malignant.support)


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


def clinic_figures(
    sensitivity: ArrayLike, specificity: ArrayLike, prevalence: float
) -> dict[str, Floats]:
    """Return the figures of `CLINIC_NAMES` for one or for many sensitivities and specificities.

    Examples
    --------
    >>> clinic_figures([1.0, 0.5], [0.5, 1.0], 0.5)["ppv"].round(3).tolist()
    [0.667, 1.0]
    """
    share = as_share(prevalence, "prevalence")
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
    odds = [_odds(as_share(share, "prevalence")) for share in (learned, stated)]
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
