"""Does a picture look like a mammogram crop? The answer and its words.

Made by `mammo.trust.Trust.familiarity`; both thresholds come from training patients.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo.imaging.quality import FEW_LEVELS

NOT_A_CROP = "This does not look like a mammogram crop; the score means nothing."


@dataclass(frozen=True)
class Familiarity:
    """Hold how far a picture lies from the training crops.

    Attributes
    ----------
    distance : float, 0-1, one minus the mean cosine to the nearest training crops
    threshold : float, above which the picture is questioned
    texture_distance : float, at least 0, of its pixels' statistics (Mahalanobis)
    texture_threshold : float, above which the picture is questioned
    reason : str, empty unless it is questioned
    """

    distance: float
    threshold: float
    texture_distance: float
    texture_threshold: float
    reason: str

    @property
    def questioned(self) -> bool:
        """Tell whether the picture does not look like a mammogram crop."""
        return bool(self.reason)

    @property
    def sentence(self) -> str:
        """Return the warning with its reason; empty for a familiar crop."""
        return f"{NOT_A_CROP} {self.reason}" if self.reason else ""


def judge(
    crop: NDArray[np.uint8],
    distance: float,
    threshold: float,
    texture_distance: float,
    texture_threshold: float,
) -> Familiarity:
    """Decide whether a picture is questioned, and say why.

    Examples
    --------
    >>> crop = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).astype(np.uint8)
    >>> judge(crop, 0.1, 0.2, 3.0, 9.0).questioned
    False
    >>> judge(crop, 0.4, 0.2, 3.0, 9.0).reason
    'The network knows nothing like it from training.'
    """
    levels = len(np.unique(crop))
    reasons = (
        (levels == 1, "Every pixel has the same value."),
        (levels < FEW_LEVELS, f"It has only {levels} grey levels."),
        (
            distance > threshold and texture_distance > texture_threshold,
            "Neither its greys and textures nor what the network sees in it occur in training.",
        ),
        (distance > threshold, "The network knows nothing like it from training."),
        (
            texture_distance > texture_threshold,
            "Its greys and textures are unlike those of the crops in training.",
        ),
    )
    reason = next((sentence for holds, sentence in reasons if holds), "")
    return Familiarity(distance, threshold, texture_distance, texture_threshold, reason)
