"""The precision-recall curve and average precision, which depend on the share of malignant cases.

average_precision(labels, scores)
"""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from mammo.evaluation.arithmetic import Floats, ratio
from mammo.evaluation.ranking import Ranking, mean_precision


@dataclass(frozen=True, eq=False)
class PrecisionRecallCurve:
    """Precision (PPV) against recall (sensitivity), one point per distinct score, float64 (k,)."""

    recall: Floats
    precision: Floats
    thresholds: Floats


def precision_recall_curve(labels: ArrayLike, scores: ArrayLike) -> PrecisionRecallCurve:
    """Return the empirical curve; a case is flagged where its score >= threshold.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant
    scores : float (n,), higher is more suspicious

    Returns
    -------
    PrecisionRecallCurve, without the invented point (recall 0, precision 1)

    Raises
    ------
    DataError
        Empty, another length, labels other than 0 and 1, NaN or infinite scores.

    References
    ----------
    J. Davis, M. Goadrich (2006), ICML, 233-240.

    Examples
    --------
    >>> curve = precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve.recall.tolist(), curve.precision.round(3).tolist()
    ([0.5, 0.5, 1.0, 1.0], [1.0, 0.5, 0.667, 0.5])
    """
    ranking = Ranking(labels, scores)
    true_positive, false_positive = (counts[0, 1:] for counts in ranking.flagged())
    return PrecisionRecallCurve(
        ratio(true_positive, true_positive[-1]),
        ratio(true_positive, true_positive + false_positive),
        ranking.thresholds,
    )


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the sum over thresholds of (recall gained) x precision, without interpolation.

    References
    ----------
    K. Boyd, K. H. Eng, C. D. Page (2013), ECML PKDD, LNCS 8190:451-466.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 3)
    0.833
    """
    return float(mean_precision(*Ranking(labels, scores).flagged())[0])
