"""Crops on their way in: one array of the right kind, at the size that the model learned on.

Used by `mammo.inference.Classifier` before every run.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.artifacts.schema import SMALLEST_CROP
from mammo.errors import ImageError


def as_batch(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return crops as a batch, or refuse them."""
    if not isinstance(crops, np.ndarray) or crops.dtype != np.uint8:
        raise ImageError(
            "Crops must be an array of uint8, grey levels from 0 to 255. Received: "
            f"{getattr(crops, 'dtype', type(crops).__name__)}. Read files with mammo.read_image."
        )
    batch = crops[np.newaxis] if crops.ndim == 2 else crops
    if batch.ndim != 3 or batch.shape[1] != batch.shape[2]:
        raise ImageError(
            "Crops must be square and grey, of shape (S, S) or (n, S, S). Received: shape "
            f"{crops.shape}. Cut them with mammo.cut_lesion."
        )
    if batch.shape[1] < SMALLEST_CROP:
        raise ImageError(
            f"A crop must have at least {SMALLEST_CROP} x {SMALLEST_CROP} pixels. Received: shape "
            f"{crops.shape}. Cut a larger window."
        )
    return batch


def at_size(crops: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Bring crops to the size that the model learned on, so that none is sharper than those.

    Parameters
    ----------
    crops : uint8 (n, S, S), 0-255
    size : int, pixels, the card's `crop_size`

    Returns
    -------
    uint8 (n, size, size), by pixel area where they shrink, as the prepared crops were made;
    bilinear where they grow.
    """
    side = crops.shape[1]
    if side == size:
        return crops
    kind = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    resized = [cv2.resize(crop, (size, size), interpolation=kind) for crop in crops]
    return np.stack([np.asarray(crop, np.uint8) for crop in resized])
