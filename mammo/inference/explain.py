"""Draw the heat map of one crop, by any method and with progress.

Used by the pages; the same as `Classifier.explain`, as a function.
"""

import numpy as np
from numpy.typing import NDArray

from mammo.inference import Classifier
from mammo.inference.maps import Progress


def explain(
    model: Classifier,
    crop: NDArray[np.uint8],
    method: str = "grad-cam",
    on_progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return the heat map of one crop.

    Parameters
    ----------
    model : Classifier
    crop : uint8 (S, S), 0-255
    method : a key of `METHODS`
    on_progress : function of two int, optional, told inputs done and inputs in all

    Returns
    -------
    float32 (S, S), 0-1, its peak at 1; all 0 where nothing spoke for malignancy.

    Raises
    ------
    ImageError
        The crop is of another type or shape.
    SettingsError
        There is no such method.
    """
    return model.explain(crop, method, on_progress)
