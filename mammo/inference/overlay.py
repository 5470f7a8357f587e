"""Lay a heat map over its crop.

Used by the pages and by `mammo.predict --heatmap`. The colour maps rise evenly in lightness, so
that they read the same to colour-blind eyes and in a grey print (Nuñez et al. 2018, doi
10.1371/journal.pone.0199239); rainbow maps are left out on purpose.
"""

from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.errors import ImageError, SettingsError

ColourMap = Literal["viridis", "cividis", "magma"]
COLOUR_MAPS: tuple[ColourMap, ...] = get_args(ColourMap)

_TABLES = {
    "viridis": cv2.COLORMAP_VIRIDIS,
    "cividis": cv2.COLORMAP_CIVIDIS,
    "magma": cv2.COLORMAP_MAGMA,
}


def overlay(
    crop: NDArray[np.uint8],
    heat: NDArray[np.floating],
    opacity: float = 0.5,
    colour_map: ColourMap = "viridis",
) -> NDArray[np.uint8]:
    """Blend a heat map into its crop.

    Parameters
    ----------
    crop : uint8 (H, W), 0-255
    heat : float (H, W), 0-1
    opacity : float, 0 (the crop alone) to 1 (the heat map alone)

    Returns
    -------
    uint8 (H, W, 3), red, green, blue.

    Raises
    ------
    ImageError
        The crop is not uint8 (H, W), or the heat map is not of its shape or leaves 0-1.
    SettingsError
        The opacity leaves 0-1, or there is no such colour map.
    """
    if crop.dtype != np.uint8 or crop.ndim != 2 or heat.shape != crop.shape:
        raise ImageError(
            "A crop of uint8 (H, W) and a heat map of the same shape are needed. Received: "
            f"{crop.dtype} {crop.shape} and {heat.shape}."
        )
    if not 0 <= opacity <= 1:
        raise SettingsError(f"Opacity must lie between 0 and 1. Received: {opacity}.")
    grey = crop[..., np.newaxis].astype(np.float32)
    blend = (1 - opacity) * grey + opacity * colour(heat, colour_map).astype(np.float32)
    return np.rint(blend).astype(np.uint8)


def colour(heat: NDArray[np.floating], colour_map: ColourMap = "viridis") -> NDArray[np.uint8]:
    """Turn a heat map, (H, W) in 0-1, into colours, uint8 (H, W, 3); dark is 0, bright is 1.

    Raises
    ------
    ImageError
        The heat map is not (H, W) or leaves 0-1.
    SettingsError
        There is no such colour map.
    """
    if colour_map not in _TABLES:
        raise SettingsError(
            f"The colour map must be one of {', '.join(COLOUR_MAPS)}. Received: {colour_map!r}."
        )
    if heat.ndim != 2 or not np.all((heat >= 0) & (heat <= 1)):
        raise ImageError(
            f"A heat map must be (H, W) with values from 0 to 1. Received: shape {heat.shape}"
            + (f", {np.min(heat)} to {np.max(heat)}." if heat.size else ".")
        )
    steps = np.rint(heat * 255).astype(np.uint8)
    return np.ascontiguousarray(cv2.applyColorMap(steps, _TABLES[colour_map])[..., ::-1])


def legend(
    colour_map: ColourMap = "viridis", width: int = 256, height: int = 12
) -> NDArray[np.uint8]:
    """Return the scale of a colour map as a picture, 0 on the left, 1 on the right."""
    return colour(_rising(width, height), colour_map)


LOW, FULL = 0.2, 0.75
"""Values of a map below which nothing covers the lesion, and from which its colour is full."""


def see_through(heat: NDArray[np.floating], colour_map: ColourMap = "viridis") -> NDArray[np.uint8]:
    """Turn a heat map into colours to lay over a crop: transparent where its value is low.

    Parameters
    ----------
    heat : float (H, W), 0-1
    colour_map : "viridis", "cividis" or "magma"

    Returns
    -------
    uint8 (H, W, 4), red, green, blue and opacity, which rises from 0 at `LOW` to 255 at `FULL`.

    Raises
    ------
    ImageError, SettingsError
        As `colour`.

    Examples
    --------
    >>> see_through(np.array([[0.0, 0.2, 1.0]]))[0, :, 3].tolist()
    [0, 0, 255]
    """
    opacity = np.clip((heat - LOW) / (FULL - LOW), 0, 1)
    return np.dstack([colour(heat, colour_map), np.rint(255 * opacity).astype(np.uint8)])


def see_through_legend(
    colour_map: ColourMap = "viridis", width: int = 256, height: int = 12
) -> NDArray[np.uint8]:
    """Return the scale of `see_through` as a picture, uint8 (H, W, 4), 0 on the left."""
    return see_through(_rising(width, height), colour_map)


def _rising(width: int, height: int) -> NDArray[np.float64]:
    return np.tile(np.linspace(0, 1, width), (height, 1))
