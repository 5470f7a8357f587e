"""What a model says of one crop, and the heat map that goes with it.

Used by everything that shows an answer; made by `mammo.inference.Classifier.assess`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Assessment:
    """Hold all that one model says of one crop.

    Attributes
    ----------
    p_malignant : float, 0-1, calibrated, from the logit averaged over the flips
    p_low, p_high : float, 0-1, the smallest and the largest calibrated probability of a flip
    flips_p : calibrated probabilities of the crop as it is, mirrored left-right, up-down, and both
        (of the first, or the first two, where the card says that the model averages no more)
    score : float, 0-1, as `p_malignant` but not calibrated
    threshold : float, 0-1, the card's Youden threshold
    unsure : bool, whether the flips stand on both sides of the threshold
    cam : float32 (h, w), at least 0, the heat map on the network's own grid, averaged over the
        flips after each was turned back
    embedding : float32 (d,), the feature vector before the logit, averaged over the flips
    """

    p_malignant: float
    p_low: float
    p_high: float
    flips_p: tuple[float, ...]
    score: float
    threshold: float
    unsure: bool
    cam: NDArray[np.float32]
    embedding: NDArray[np.float32]

    @property
    def above(self) -> bool:
        """Tell whether the probability reaches the threshold."""
        return self.p_malignant >= self.threshold

    def straddles(self, threshold: float) -> bool:
        """Tell whether the flips stand on both sides of another threshold."""
        return self.p_low < threshold <= self.p_high

    def heat_map(self, size: int) -> NDArray[np.float32]:
        """Enlarge `cam` to float32 (size, size) in 0-1: see the function `heat_map`."""
        return heat_map(self.cam, size)


def heat_map(cam: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Enlarge a class activation map to a crop's size, its peak at 1.

    Parameters
    ----------
    cam : float32 (h, w), at least 0
    size : int, pixels

    Returns
    -------
    float32 (size, size), 0-1, bilinear; all 0 where `cam` is.

    Examples
    --------
    >>> heat_map(np.array([[0, 0], [0, 2]], np.float32), 4).diagonal().tolist()
    [0.0, 0.0625, 0.5625, 1.0]
    >>> heat_map(np.zeros((7, 7), np.float32), 32).max().item()
    0.0
    """
    enlarged = cv2.resize(cam, (size, size), interpolation=cv2.INTER_LINEAR)
    peak = enlarged.max()
    return np.asarray(enlarged / peak if peak > 0 else enlarged, np.float32)
