"""Squares that cover a picture, four times over, each time shifted by half a square.

Used by `occlusion` and `blur_path`: each of the crop's four views is covered by a tiling of its
own, so that for the price of one fine tiling all views count and every cell is covered four times.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mammo.inference.maps.base import Grid, Inputs, Network

GRID = 8
"""Cells a side. A square is two cells wide, so that the shifted tilings meet at every cell."""

SHIFTS = ((0, 0), (0, 1), (1, 0), (1, 1))
SQUARES = 81
"""Squares of all four tilings: 16 + 20 + 20 + 25."""

Tiling = NDArray[np.bool_]


@cache
def tilings() -> tuple[Tiling, ...]:
    """Return the four tilings: bool (t, GRID, GRID), one square each, every cell in one square.

    Examples
    --------
    >>> [len(tiling) for tiling in tilings()]
    [16, 20, 20, 25]
    """
    return tuple(_tiling(*shift) for shift in SHIFTS)


def _tiling(down: int, right: int) -> Tiling:
    cells = np.arange(GRID)
    numbers = ((cells + down) // 2)[:, np.newaxis] * GRID + ((cells + right) // 2)
    return np.stack([numbers == number for number in np.unique(numbers)])


def drops(network: Network, picture: Inputs, replacement: Inputs, tiling: Tiling) -> Grid:
    """Return by how much the logit drops when a square is replaced, one square after the other."""
    cell = np.arange(len(picture)) * GRID // len(picture)
    changed = [np.where(square[np.ix_(cell, cell)], replacement, picture) for square in tiling]
    logits = network("logit", np.stack([picture, *changed])).astype(np.float64)
    return np.tensordot(logits[0] - logits[1:], tiling.astype(np.float64), axes=1)
