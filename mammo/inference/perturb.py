"""Change a crop step by step and see what the estimate does: what a model is sensitive to.

A question that needs neither gradient nor heat map: cover a part, blur, add noise, change the
contrast, turn, or take pixels away, and ask again. Used by the Grad-CAM viewer. Covering a part
follows Zeiler and Fergus 2014 (arXiv 1311.2901, section 4.2).

    change = change_named("blur")
    p_malignant = curve(model, crop, change)        # float64 (k,), at each of change.amounts
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.data.augment import affine
from mammo.errors import SettingsError, WindowError
from mammo.inference import Classifier

Pixels = NDArray[np.uint8]
Fill = Literal["mean", "black", "blur"]
FILLS: tuple[Fill, ...] = get_args(Fill)

NOISE_SEED = 2026
_HEAVY_BLUR = 12.0


@dataclass(frozen=True)
class Change:
    """Describe one way to change a crop, by an amount.

    Attributes
    ----------
    low, high, step : the amounts that are tried
    neutral : the amount that leaves the crop as it is
    sentence : what is done and what to expect
    apply : (crop uint8 (S, S), amount) -> uint8 (S, S)
    """

    key: str
    title: str
    unit: str
    low: float
    high: float
    step: float
    neutral: float
    sentence: str
    apply: Callable[[Pixels, float], Pixels]

    @property
    def amounts(self) -> NDArray[np.float64]:
        """Return every amount from `low` to `high`, float64 (k,)."""
        count = round((self.high - self.low) / self.step) + 1
        return np.round(np.linspace(self.low, self.high, count), 6)


def blurred(crop: Pixels, sigma: float) -> Pixels:
    """Blur a crop by a Gaussian of `sigma` pixels."""
    if sigma <= 0:
        return crop.copy()
    soft = cv2.GaussianBlur(crop, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(soft, np.uint8)


def noisy(crop: Pixels, deviation: float) -> Pixels:
    """Add the same Gaussian noise each time, its standard deviation in grey levels."""
    grain = np.random.default_rng(NOISE_SEED).standard_normal(crop.shape)
    return _grey(crop + deviation * grain)


def contrasted(crop: Pixels, factor: float) -> Pixels:
    """Spread the greys about the crop's mean; 1 leaves them, 2 doubles their distance to it.

    Examples
    --------
    >>> contrasted(np.array([[90, 110]], np.uint8), 2).tolist()
    [[80, 120]]
    """
    mean = float(crop.mean())
    return _grey((crop - mean) * factor + mean)


def turned(crop: Pixels, degrees: float) -> Pixels:
    """Turn a crop counter-clockwise about its centre; its edge is mirrored, as in training."""
    side = crop.shape[0]
    rotated = cv2.warpAffine(
        crop, affine(side, side, degrees=degrees), (side, side),
        flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    return np.asarray(rotated, np.uint8)


def coarsened(crop: Pixels, percent: float) -> Pixels:
    """Keep `percent` of the pixels a side (at least 4), and enlarge again to the crop's size."""
    side = crop.shape[0]
    kept = max(4, round(side * percent / 100))
    if kept >= side:
        return crop.copy()
    small = cv2.resize(crop, (kept, kept), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


CHANGES = (
    Change(
        "blur", "Blur", "pixels", 0.0, 6.0, 0.5, 0.0,
        "Fine detail goes first: spicules and the margin. A model that reads them changes early.",
        blurred,
    ),
    Change(
        "noise", "Noise", "grey levels", 0.0, 30.0, 2.0, 0.0,
        "Grain as of a poor exposure, the same grain each time. You would still see the lesion.",
        noisy,
    ),
    Change(
        "contrast", "Contrast", "times", 0.2, 3.0, 0.2, 1.0,
        "Each model stretches the greys before it looks, and so undoes most of this; what remains "
        "is rounding below 1, and greys cut off at black and white above.",
        contrasted,
    ),
    Change(
        "rotation", "Rotation", "degrees", -90.0, 90.0, 10.0, 0.0,
        "A lesion has no upright orientation: an ideal model would draw a flat line. Larger turns "
        "add little, because the models average over mirrored or turned crops.",
        turned,
    ),
    Change(
        "resolution", "Resolution", "% of the pixels per side", 5.0, 100.0, 5.0, 100.0,
        "As if the mammogram had been digitised more coarsely, then enlarged again.",
        coarsened,
    ),
)  # fmt: skip


def change_named(key: str) -> Change:
    """Return a change by its key; a SettingsError names the known ones."""
    for change in CHANGES:
        if change.key == key:
            return change
    known = ", ".join(change.key for change in CHANGES)
    raise SettingsError(f"A change must be one of {known}. Received: {key!r}.")


def curve(model: Classifier, crop: Pixels, change: Change) -> NDArray[np.float64]:
    """Estimate the probability of malignancy of a crop, uint8 (S, S), at each amount of a change.

    Returns
    -------
    float64 (k,), 0-1, in the order of `change.amounts`.

    Raises
    ------
    ImageError
        The crop is of another type or shape.
    """
    return model.predict(np.stack([change.apply(crop, amount) for amount in change.amounts]))


def covered(crop: Pixels, box: tuple[int, int, int, int], fill: Fill = "mean") -> Pixels:
    """Cover a part of a crop.

    Parameters
    ----------
    crop : uint8 (S, S), 0-255
    box : (x, y, width, height) in crop pixels; what lies outside the crop is cut off
    fill : "mean" (the crop's mean grey), "black", or "blur" (its own greys, heavily blurred)

    Raises
    ------
    WindowError
        The box covers no pixel of the crop.
    SettingsError
        There is no such fill.

    Examples
    --------
    >>> covered(np.full((4, 4), 9, np.uint8), (2, 0, 9, 1), "black")[0].tolist()
    [9, 9, 0, 0]
    """
    if fill not in FILLS:
        raise SettingsError(f"A part is covered by {', '.join(FILLS)}. Received: {fill!r}.")
    x, y, width, height = box
    rows = slice(max(y, 0), max(y + height, 0))
    columns = slice(max(x, 0), max(x + width, 0))
    result = crop.copy()
    if result[rows, columns].size == 0:
        raise WindowError(
            f"The box should cover a part of the crop of {crop.shape[1]} x {crop.shape[0]} pixels. "
            f"Received: x {x}, y {y}, width {width}, height {height}."
        )
    paints = {
        "mean": lambda: np.full_like(crop, round(float(crop.mean()))),
        "black": lambda: np.zeros_like(crop),
        "blur": lambda: blurred(crop, _HEAVY_BLUR),
    }
    result[rows, columns] = paints[fill]()[rows, columns]
    return result


def _grey(levels: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)
