"""What plain pixels say of a crop: contrast, grain at five scales, tails of the greys, direction.

Used by `mammo.inference.trust` beside the network's embedding, which is blind to much that was
never in its training.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

_SCALES = 5
_BINS = 32
_LEAST = 1e-4
"""Kept away from the logarithm of zero, in shares of the crop's contrast."""


def texture(crop: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Describe a crop by 16 numbers.

    Parameters
    ----------
    crop : uint8 (S, S), 0-255

    Returns
    -------
    float64 (16,): log of the contrast (1st to 99th percentile); for each of five octaves the log of
    its strength and of its fourth standardised moment; mean, deviation and entropy of the stretched
    greys; log of their number; how much rows and columns differ

    Examples
    --------
    >>> texture(np.zeros((128, 128), np.uint8)).shape
    (16,)
    """
    low, high = np.percentile(crop, [1, 99])
    stretched = np.clip((crop - low) / max(high - low, 1.0), 0, 1)
    shares = np.histogram(stretched, _BINS, (0, 1))[0] / stretched.size
    across, down = (np.diff(stretched, axis=axis).std() + _LEAST for axis in (1, 0))
    return np.array([
        np.log(max(high - low, 0.5)),
        *_octaves(stretched),
        stretched.mean(),
        stretched.std(),
        np.log(len(np.unique(crop))),
        -(shares * np.log(shares + 1e-9)).sum(),
        abs(np.log(across / down)),
    ])  # fmt: skip


def _octaves(level: NDArray[np.float64]) -> list[float]:
    """Return strength and peakedness of each octave of a Laplacian pyramid (Burt, Adelson 1983)."""
    numbers: list[float] = []
    for _ in range(_SCALES):
        smooth = np.asarray(cv2.GaussianBlur(level, (0, 0), 1.0), np.float64)
        detail = level - smooth
        spread = float(detail.std()) + _LEAST
        numbers += [float(np.log(spread)), float(np.log((detail**4).mean() / spread**4 + 1))]
        halved = cv2.resize(smooth, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        level = np.asarray(halved, np.float64)
    return numbers
