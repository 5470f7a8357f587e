"""What a threshold does: the confusion matrix and every rate that is read from it.

table = confusion_at(labels, p, threshold=0.42)
table.rates()["sensitivity"]
"""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from mammo.evaluation.arithmetic import Floats, ratio
from mammo.evaluation.checks import as_labels, as_probabilities, as_threshold

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


@dataclass(frozen=True)
class Confusion:
    """Hold the four counts at a threshold."""

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
    flagged = as_probabilities(p, malignant.size) >= as_threshold(threshold)
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
