"""The "not sure" zone: probabilities so near the threshold that the side says little.

The zone is set on out-of-fold scores of training patients and measured on the test split (selective
classification: El-Yaniv, Wiener 2010, JMLR 11:1605-1641; Geifman, El-Yaniv 2017, arXiv 1705.08500).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Zone:
    """Hold the calibrated probabilities around a threshold that count as not sure.

    Attributes
    ----------
    low, high : float, 0-1; inside is low < p < high
    """

    low: float
    high: float

    def holds(self, p_malignant: float) -> bool:
        """Tell whether a probability is in the zone."""
        return self.low < p_malignant < self.high


def margins(p_malignant: ArrayLike, threshold: float) -> NDArray[np.float64]:
    """Return how far probabilities stand from a threshold, in logits, at least 0.

    Examples
    --------
    >>> margins([0.5, 0.25, 0.75], 0.5).round(2).tolist()
    [0.0, 1.1, 1.1]
    """
    return np.asarray(np.abs(_logit(p_malignant) - _logit(threshold)), np.float64)


def zone_of(margin: float, threshold: float) -> Zone:
    """Return the probabilities nearer to the threshold than a margin in logits.

    Examples
    --------
    >>> zone = zone_of(np.log(3), 0.5)
    >>> round(zone.low, 2), round(zone.high, 2)
    (0.25, 0.75)
    """
    middle = float(_logit(threshold))
    low, high = (1 / (1 + np.exp(-(middle + step))) for step in (-margin, margin))
    return Zone(float(low), float(high))


def _logit(share: ArrayLike) -> NDArray[np.float64]:
    clipped = np.clip(np.asarray(share, np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float64)
