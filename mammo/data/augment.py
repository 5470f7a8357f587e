"""Augmentation: each training crop is seen rotated, zoomed, shifted and flipped, never twice alike.

A crop goes from its own pixels to the network's input in one affine interpolation, so that
augmenting blurs no more than plain resizing does; the identity draws exactly what
`mammo.imaging.prepare` gives. Lesion windows of CBIS-DDSM lie off-centre and at varying scale:
shift and zoom cover both.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """How far a crop may be moved: each value is the largest, drawn evenly up to it.

    Parameters
    ----------
    rotation_degrees : float, either way.
    zoom : float, 0.2 draws scales from 1/1.2 to 1.2, evenly in the logarithm.
    shift : float, share of the crop's side, either way on both axes.
    contrast : float, 0.2 multiplies the distance from mid-grey by 0.8 to 1.2.
    brightness : float, grey levels added or taken away, of 255.
    """

    rotation_degrees: float = 180.0
    zoom: float = 0.2
    shift: float = 0.1
    contrast: float = 0.2
    brightness: float = 20.0


def affine(
    crop_size: int,
    input_size: int,
    *,
    degrees: float = 0.0,
    scale: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
    mirrored: bool = False,
) -> NDArray[np.float64]:
    """Return the matrix that takes crop pixels to input pixels, about the crop's centre.

    It is float64 (2, 3), pixel centres at whole numbers, as `cv2.warpAffine` takes it.

    Parameters
    ----------
    crop_size, input_size : int, pixels.
    degrees : float, counter-clockwise.
    scale : float, above 1 enlarges the lesion.
    shift : (float, float), share of the side, to the right and down.
    mirrored : bool, flip left and right first.

    Examples
    --------
    >>> (affine(128, 128) + 0.0).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    factor = scale * input_size / crop_size
    angle = np.deg2rad(degrees)
    turn = factor * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    if mirrored:
        turn = turn @ np.diag([-1.0, 1.0])
    centre = np.full(2, (crop_size - 1) / 2)
    target = np.full(2, (input_size - 1) / 2) + np.asarray(shift) * input_size
    return np.column_stack([turn, target - turn @ centre])


def augment(
    stretched: NDArray[np.float32],
    input_size: int,
    augmentation: Augmentation,
    random: np.random.Generator,
) -> NDArray[np.float32]:
    """Draw one augmented view of a crop.

    Parameters
    ----------
    stretched : float32 (S, S), 0-255, a crop after `mammo.imaging.preprocess.stretch`.
    input_size : int, pixels.
    augmentation : Augmentation, the ranges to draw from.
    random : numpy Generator; the same state draws the same view.

    Returns
    -------
    float32 (input_size, input_size), 0-255; beyond the crop's edge its pixels are mirrored.
    """

    def draw(limit: float) -> float:
        return random.uniform(-limit, limit)

    limit = augmentation
    matrix = affine(
        stretched.shape[0],
        input_size,
        degrees=draw(limit.rotation_degrees),
        scale=float(np.exp(draw(1) * np.log1p(limit.zoom))),
        shift=(draw(limit.shift), draw(limit.shift)),
        mirrored=bool(random.integers(2)),
    )
    view = cv2.warpAffine(
        stretched, matrix, (input_size, input_size),
        flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    gain, offset = 1 + draw(limit.contrast), draw(limit.brightness)
    toned = (view - 127.5) * np.float32(gain) + np.float32(127.5 + offset)
    return np.clip(toned, 0.0, 255.0, out=toned)
