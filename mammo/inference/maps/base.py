"""What every method is made of: a network to ask, the views of one crop, and a function between.

A map explains the answer that the app shows: the logit of malignancy, averaged over the crop's
views. Every method gives each view its share and turns it back before averaging.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import Card

Inputs = NDArray[np.float32]
Grid = NDArray[np.float64]

Network = Callable[[str, Inputs], NDArray[np.float32]]
"""Ask the network for "logit" (n,), "cam" (n, h, w) or "features" (n, k, h, w), the last
convolution's maps, of inputs float32 (n, I, I) in 0-255; any n."""

Progress = Callable[[int, int], None]
"""Is told how many inputs the network has seen, and of how many."""

COARSE_GRID = 14
"""Cells a side up to which a map is called coarse: a small lesion fills one or two of them."""

PROGRESS_STEP = 4
"""Inputs between two words of progress."""


@dataclass(frozen=True, eq=False)
class Views:
    """One crop as the network sees it, in each view that its card names."""

    pictures: Inputs
    flips: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.pictures)

    def upright(self, view: int, grid: NDArray[np.floating]) -> NDArray[np.floating]:
        """Turn what was found on a view, (h, w), back to how the crop lies."""
        return np.flip(grid, self.flips[view])


@dataclass(frozen=True)
class Method:
    """Describe one method and hold the function that draws its map.

    Attributes
    ----------
    key : as in links and files
    sentence : how it works, in one plain sentence
    passes : from the number of views to how many inputs the network sees
    map_of : from network and views to the map, float (h, w), evidence for malignancy above 0
    squares : cells a side where the map is made of squares two cells wide; 0 for a method that
        draws on the grid of the network's last convolution
    """

    key: str
    title: str
    sentence: str
    reference: str
    passes: Callable[[int], int]
    map_of: Callable[[Network, Views], NDArray[np.floating]]
    squares: int = 0

    def grid_of(self, card: Card) -> tuple[int, int]:
        """Return the map's own grid on a model, (rows, columns)."""
        return (self.squares, self.squares) if self.squares else card.cam_grid

    def resolution(self, card: Card) -> str:
        """Write how fine a map is, as "7 x 7 cells for an input of 224 x 224 pixels (coarse)"."""
        rows, columns = self.grid_of(card)
        squares = ", from squares two cells wide," if self.squares else ""
        coarse = " (coarse)" if rows <= COARSE_GRID else ""
        size = card.preprocessing.input_size
        area = f"{size} x {size} pixels"
        return f"{rows} x {columns} cells{squares} for an input of {area}{coarse}"


def draw(
    method: Method, network: Network, views: Views, on_progress: Progress | None = None
) -> NDArray[np.float32]:
    """Draw the map of one crop on the method's own grid.

    Returns
    -------
    float32 (h, w), at least 0: evidence for malignancy; all 0 where there was none. A flat crop
    has no parts to tell apart: (1, 1), 0, whatever the network answers.
    """
    total = method.passes(len(views))
    if np.ptp(views.pictures) == 0:
        return np.zeros((1, 1), np.float32)
    seen = 0

    def counted(output: str, inputs: Inputs) -> NDArray[np.float32]:
        nonlocal seen
        answers = []
        for start in range(0, len(inputs), PROGRESS_STEP):
            part = inputs[start : start + PROGRESS_STEP]
            answers.append(network(output, part))
            seen += len(part)
            if on_progress:
                on_progress(min(seen, total), total)
        return np.concatenate(answers)

    found = np.asarray(np.maximum(method.map_of(counted, views), 0), np.float32)
    if on_progress and seen != total:
        on_progress(total, total)
    return found


def mean_upright(views: Views, grids: list[NDArray[np.floating]]) -> NDArray[np.floating]:
    """Return the mean of what was found on each view, turned back to how the crop lies."""
    return np.asarray(
        np.mean([views.upright(view, grid) for view, grid in enumerate(grids)], axis=0)
    )
