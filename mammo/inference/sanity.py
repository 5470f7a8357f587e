"""Can a heat map be trusted? Likeness of two maps, what hiding its bright parts does, its box.

Used by `python -m mammo.training.audit` on the whole test set; plain functions of arrays.

- A map should change when the network's weights are shuffled (Adebayo et al. 2018, "Sanity Checks
  for Saliency Maps", arXiv 1810.03292): `rank_correlation` of both maps.
- What is bright should matter (Petsiuk et al. 2018, "RISE", arXiv 1806.07421): deleting the bright
  cells first should make the probability fall early, inserting them first make it rise early.
- Where the lesion's box in the crop is recorded, a map may be compared with it (pointing game:
  Zhang et al. 2018, arXiv 1608.00507; energy: Wang et al. 2020, arXiv 1910.01279). A heat map shows
  what the network used, which need not be the lesion; and a lesion fills the middle of its crop, so
  that a map of nothing but the middle scores well. Hence the `baselines`.
"""

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.data.table import BOX
from mammo.inference.maps.blur_path import SIGMAS, blurred

CELLS = 14
"""Cells a side in which a crop is deleted and inserted, and on which methods are compared."""

STEPS = 6
"""Steps in which the cells go or come, a sixth of them each."""

QUANTILE = 0.8
"""A map's highest fifth is what is laid over the box."""

MEASURES = ("pointing", "energy", "overlap")

Picture = NDArray[np.float32]
Order = NDArray[np.int64]
Answer = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""Pictures float32 (n, I, I) -> probabilities float64 (n,)."""


def rank_correlation(one: ArrayLike, other: ArrayLike) -> float:
    """Return Spearman's rank correlation of two maps of one shape; ties share their mean rank.

    NaN where a map is the same everywhere.

    Examples
    --------
    >>> round(rank_correlation([[0, 1], [2, 3]], [[0, 10], [20, 900]]), 6)
    1.0
    """
    import pandas as pd

    ranks = pd.DataFrame({"one": np.ravel(one), "other": np.ravel(other)}).rank()
    return float(ranks["one"].corr(ranks["other"]))


def on_cells(heat: NDArray[np.floating]) -> NDArray[np.float32]:
    """Bring a map (h, w) to float32 (CELLS, CELLS): by area where it shrinks, else bilinear."""
    kind = cv2.INTER_AREA if len(heat) > CELLS else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(heat.astype(np.float32), (CELLS, CELLS), interpolation=kind))


def brightest_first(heat: NDArray[np.floating], random: np.random.Generator) -> Order:
    """Return the numbers of the CELLS x CELLS cells, the brightest first, ties by chance."""
    cells = on_cells(heat).ravel()
    return np.lexsort((random.random(cells.size), -cells))


def curve_areas(
    answer: Answer, picture: Picture, orders: Mapping[str, Order]
) -> dict[str, tuple[float, float]]:
    """Return the areas under the deletion and the insertion curve of each order, each 0 to 1.

    Deleted cells become the median grey of the picture, (I, I); cells are inserted into the blurred
    picture. A good order has a small deletion area and a large insertion area.
    """
    grey = np.full_like(picture, np.median(picture))
    smooth = blurred(picture, SIGMAS[-1])
    whole, empty, smeared = answer(np.stack([picture, grey, smooth])).tolist()
    areas = {}
    for name, order in orders.items():
        chosen = [_pixels(order, step, len(picture)) for step in range(1, STEPS)]
        deleted = [np.where(gone, grey, picture) for gone in chosen]
        inserted = [np.where(there, picture, smooth) for there in chosen]
        between = answer(np.stack([*deleted, *inserted])).tolist()
        areas[name] = (
            _area([whole, *between[: len(chosen)], empty]),
            _area([smeared, *between[len(chosen) :], whole]),
        )
    return areas


def _pixels(order: Order, step: int, size: int) -> NDArray[np.bool_]:
    """Return which pixels, bool (size, size), the first `step` of `STEPS` parts of cells hold."""
    cells = np.zeros(CELLS * CELLS, bool)
    cells[order[: round(step * order.size / STEPS)]] = True
    place = np.arange(size) * CELLS // size
    return cells.reshape(CELLS, CELLS)[np.ix_(place, place)]


def _area(curve: Sequence[float]) -> float:
    """Return the area under a curve of equal steps from 0 to 1, by trapezia."""
    return (sum(curve) - (curve[0] + curve[-1]) / 2) / (len(curve) - 1)


def box_in_crop(row: Mapping[str, object], size: int) -> NDArray[np.bool_] | None:
    """Return where in its crop the lesion's box lies, bool (S, S); None where it is not recorded.

    The row of prepared crops gives it in pixels of the crop.

    Examples
    --------
    >>> row = dict(box_x=1.0, box_y=2.0, box_width=2.0, box_height=1.0)
    >>> np.argwhere(box_in_crop(row, 4)).tolist()
    [[2, 1], [2, 2]]
    """
    left, top, width, height = (_number(row.get(name)) for name in BOX)
    if not np.isfinite([left, top, width, height]).all():
        return None
    middle = np.arange(size) + 0.5
    rows = (middle >= top) & (middle < top + height)
    columns = (middle >= left) & (middle < left + width)
    box = np.asarray(rows[:, np.newaxis] & columns, bool)
    return box if box.any() else None


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return float("nan")


def on_lesion(heat: NDArray[np.floating], box: NDArray[np.bool_]) -> dict[str, float]:
    """Measure how a map, float (S, S), at least 0, lies on the lesion's box, bool (S, S).

    Returns
    -------
    "pointing", whether the map's peak is inside (of equal peaks, the share inside); "energy", the
    share of its sum inside; "overlap", intersection over union of the box with its highest fifth.
    All 0 for a map of nothing.
    """
    if heat.max() <= 0:
        return dict.fromkeys(MEASURES, 0.0)
    high = heat >= max(np.quantile(heat, QUANTILE), np.finfo(np.float32).tiny)
    return {
        "pointing": float(box[heat == heat.max()].mean()),
        "energy": float(heat[box].sum() / heat.sum()),
        "overlap": float((high & box).sum() / (high | box).sum()),
    }


def baselines(crop: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return maps of a crop, uint8 (S, S), that know nothing of any network.

    A bell around the middle, a quarter of the crop wide; the crop itself, a little blurred, above
    its darkest level; and noise.
    """
    size = len(crop)
    away = (np.arange(size) - (size - 1) / 2) / (size / 4)
    bell = np.exp(-(away[:, np.newaxis] ** 2 + away**2) / 2).astype(np.float32)
    smooth = cv2.GaussianBlur(crop.astype(np.float32), (0, 0), size / 32)
    noise = np.random.default_rng(int(crop.sum())).random(crop.shape, np.float32)
    tissue = np.asarray(smooth - smooth.min(), np.float32)
    return {"centre": bell, "brightest tissue": tissue, "random": noise}
