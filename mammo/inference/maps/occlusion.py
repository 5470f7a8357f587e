"""Occlusion sensitivity: cover a square with grey, see how far the score falls.

The grey is the picture's own median. A square that the network needed for "malignant" makes the
logit fall; one that spoke against it makes it rise, and counts as 0 in the heat map. The squares
cover the picture four times over, each time shifted by half a square: each of the crop's four views
has a tiling of its own, so that for the price of one fine tiling all views count and every cell is
covered four times.

Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", ECCV, arXiv
1311.2901, section 4.2.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mammo.inference.maps.base import Grid, Inputs, Method, Network, Views

GRID = 8
"""Cells a side. A square is two cells wide, so that the shifted tilings meet at every cell."""

SHIFTS = ((0, 0), (0, 1), (1, 0), (1, 1))
SQUARES = 81
"""Squares of all four tilings: 16 + 20 + 20 + 25."""

NOTHING = 1e-5
"""Change of the logit below which nothing changed: the last digits differ from batch to batch."""

Tiling = NDArray[np.bool_]
Ends = Callable[[int, Inputs], tuple[Inputs, Inputs]]
"""From a tiling's number and a view, (I, I), to the picture whose squares are replaced, and the
picture that replaces them."""


@cache
def tilings() -> tuple[Tiling, ...]:
    """Return the four tilings: bool (t, GRID, GRID), one square each, every cell in one square."""
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


def drops_of_all_tilings(network: Network, views: Views, ends: Ends) -> Grid:
    """Add up the drops of the four tilings, each on another view."""
    found = np.zeros((GRID, GRID))
    for number, tiling in enumerate(tilings()):
        view = number % len(views)
        picture, replacement = ends(number, views.pictures[view])
        found += views.upright(view, drops(network, picture, replacement, tiling))
    return found


def without_noise(grid: Grid) -> Grid:
    """Return a map of logits, all 0 where no cell changed the logit by more than noise."""
    return grid if np.abs(grid).max() >= NOTHING else np.zeros_like(grid)


def _map(network: Network, views: Views) -> Grid:
    def ends(_: int, picture: Inputs) -> tuple[Inputs, Inputs]:
        return picture, np.full_like(picture, np.median(picture))

    return without_noise(drops_of_all_tilings(network, views, ends) / len(SHIFTS))


OCCLUSION = Method(
    key="occlusion",
    title="Occlusion",
    sentence=(
        "covers the squares of the crop with grey, one at a time, and marks those that lower "
        "the score when covered."
    ),
    reference="Zeiler and Fergus 2014, arXiv 1311.2901",
    passes=lambda views: SQUARES + len(SHIFTS),  # noqa: ARG005  the same for any number
    map_of=_map,
    squares=GRID,
)
