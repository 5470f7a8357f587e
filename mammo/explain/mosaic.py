"""Many small maps in one picture: filters and feature maps of a network, side by side.

Used by the Grad-CAM viewer. Maps of one stage share one scale, so that a quiet map looks quiet.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.errors import ImageError

MOST_TILES = 24
_GAP = 4


def most_active(maps: NDArray[np.float32], most: int = MOST_TILES) -> list[int]:
    """Return the places of the maps, float32 (k, h, w), with the highest mean, the highest first.

    Examples
    --------
    >>> most_active(np.array([[[1.0]], [[5.0]], [[3.0]]], np.float32), most=2)
    [1, 2]
    """
    means = maps.reshape(len(maps), -1).mean(axis=1)
    return [int(place) for place in np.argsort(-means, kind="stable")[:most]]


def shares(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale maps of at least 0 by their common peak: 0-1, all 0 where nothing is active."""
    peak = float(maps.max(initial=0))
    return np.asarray(np.clip(maps / peak, 0, 1) if peak > 0 else np.zeros_like(maps), np.float32)


def signed_shares(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale weights about 0 by their common peak: 0 is the most negative, 0.5 none, 1 the most.

    Examples
    --------
    >>> signed_shares(np.array([[[-2.0, 0.0, 1.0]]], np.float32)).tolist()
    [[[0.0, 0.5, 0.75]]]
    """
    peak = float(np.abs(weights).max(initial=0))
    scaled = weights / (2 * peak) if peak > 0 else np.zeros_like(weights)
    return np.asarray(0.5 + scaled, np.float32)


def mosaic(
    tiles: NDArray[np.float32], columns: int, side: int, ground: float = 1.0
) -> NDArray[np.float32]:
    """Lay tiles out in rows, each enlarged without smoothing.

    Parameters
    ----------
    tiles : float32 (k, h, w), 0-1
    columns : int, tiles in a row
    side : int, pixels of a tile
    ground : float, 0-1, between the tiles and where the last row ends early

    Returns
    -------
    float32 (H, W), 0-1

    Raises
    ------
    ImageError
        There is no tile.
    """
    if tiles.ndim != 3 or not len(tiles):
        raise ImageError(f"A mosaic needs tiles of (k, h, w). Received: shape {tiles.shape}.")
    rows = -(-len(tiles) // columns)
    step = side + _GAP
    picture = np.full((rows * step - _GAP, columns * step - _GAP), ground, np.float32)
    for place, tile in enumerate(tiles):
        top, left = place // columns * step, place % columns * step
        large = cv2.resize(tile, (side, side), interpolation=cv2.INTER_NEAREST)
        picture[top : top + side, left : left + side] = large
    return picture
