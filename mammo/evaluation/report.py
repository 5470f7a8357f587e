"""The classification report that every student knows, for both classes at a threshold.

classification_report(confusion_at(labels, p, 0.42))
"""

from dataclasses import dataclass

import numpy as np

from mammo.evaluation.arithmetic import ratio
from mammo.evaluation.confusion import Confusion


@dataclass(frozen=True)
class ClassFigures:
    """Hold precision, recall, F1 and the number of cases of one class, or their average."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class ClassificationReport:
    """Hold the figures of both classes, their plain and their weighted average, and accuracy."""

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
        ratio(right, called),
        ratio(right, support),
        ratio(2 * right, called + support),
    )
    return ClassFigures(float(precision), float(recall), float(f1), support)


def _average(benign: ClassFigures, malignant: ClassFigures, share: float) -> ClassFigures:
    weights = np.array([1.0 - share, share])
    rows = np.array([[one.precision, one.recall, one.f1] for one in (benign, malignant)])
    precision, recall, f1 = (weights @ rows).tolist()
    return ClassFigures(precision, recall, f1, benign.support + malignant.support)
