"""From a crop to the network's input: one function for training and serving.

Two steps, both stated on the model's card: each crop is stretched between two of its own
percentiles (a film scaled by its minimum and maximum leaves crops with little contrast), then
resized to the network's input size. Scaling to the network's range lives inside the network.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.errors import ImageError, SettingsError

MINIMUM_SPREAD = 1.0  # grey levels between the percentiles; a flatter crop stays black


@dataclass(frozen=True)
class Preprocessing:
    """State how a crop becomes the network's input.

    Parameters
    ----------
    input_size : int, pixels, the side of the network's square input.
    low_percentile, high_percentile : float, 0 to 100, the crop's percentiles that become 0 and 255.
    """

    input_size: int = 224
    low_percentile: float = 1.0
    high_percentile: float = 99.0

    def __post_init__(self) -> None:
        if self.input_size < 32:
            raise SettingsError(
                f"The network's input size must be at least 32 pixels. Received: {self.input_size}."
            )
        if not 0 <= self.low_percentile < self.high_percentile <= 100:
            raise SettingsError(
                "The percentiles of the stretch must satisfy 0 <= low < high <= 100. "
                f"Received: low={self.low_percentile}, high={self.high_percentile}."
            )


def stretch(crop: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Stretch a crop's contrast, uint8 (H, W), between two of its percentiles to float32 0-255.

    A flat crop (percentiles less than one grey level apart) gives zeros.

    >>> crop = np.array([[100, 110], [120, 130]], dtype=np.uint8)
    >>> stretch(crop, Preprocessing(low_percentile=0, high_percentile=100)).tolist()
    [[0.0, 85.0], [170.0, 255.0]]
    """
    low, high = np.percentile(crop, [preprocessing.low_percentile, preprocessing.high_percentile])
    if high - low < MINIMUM_SPREAD:
        return np.zeros(crop.shape, dtype=np.float32)
    scaled = (crop.astype(np.float32) - np.float32(low)) * np.float32(255.0 / (high - low))
    return np.asarray(np.clip(scaled, 0.0, 255.0), dtype=np.float32)


def prepare(crops: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Bring crops to the network's input: stretch each, then resize.

    Parameters
    ----------
    crops : uint8 (n, S, S), 0-255.
    preprocessing : Preprocessing, as the model's card states it.

    Returns
    -------
    float32 (n, I, I), 0-255, where I is the input size. Resized bilinearly where the crop grows,
    by pixel area where it shrinks.
    """
    if crops.ndim != 3 or crops.shape[1] != crops.shape[2] or crops.dtype != np.uint8:
        raise ImageError(
            "Crops must be uint8 of shape (n, S, S), grey and square. "
            f"Received: {crops.dtype} of shape {crops.shape}. Cut them with mammo.cut_lesion."
        )
    size = preprocessing.input_size
    prepared = np.empty((len(crops), size, size), dtype=np.float32)
    for crop, target in zip(crops, prepared, strict=True):
        stretched = stretch(crop, preprocessing)
        kind = cv2.INTER_AREA if crop.shape[0] > size else cv2.INTER_LINEAR
        cv2.resize(stretched, (size, size), dst=target, interpolation=kind)
    return prepared
