"""Does a heat map lie on the lesion? Three measures against a known box, and three baselines.

Used by `python -m mammo.training.audit` where a crop's lesion box is recorded, as
`python -m mammo.prepare` does. A heat map shows what the network used, which need not be the
lesion; and a lesion fills the middle of its crop, so that a map of nothing but the middle scores
well. Hence the baselines.

Pointing game: Zhang et al. 2018, arXiv 1608.00507. Energy: Wang et al. 2020, arXiv 1910.01279.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

QUANTILE = 0.8
"""A map's highest fifth is what is laid over the box."""

COLUMNS = ("box_x", "box_y", "box_width", "box_height")


@dataclass(frozen=True)
class OnLesion:
    """Hold how a map lies on the lesion: peak inside (0 or 1), energy inside, overlap, all 0-1."""

    pointing: float
    energy: float
    overlap: float


def box_in_crop(row: Mapping[str, object], size: int) -> NDArray[np.bool_] | None:
    """Return where in its crop the lesion's box lies.

    Parameters
    ----------
    row : a row of prepared crops, which gives the box in pixels of the crop
    size : int, side of the crop in pixels

    Returns
    -------
    bool (size, size), or None where the box is not recorded

    Examples
    --------
    >>> row = dict(box_x=1.0, box_y=2.0, box_width=2.0, box_height=1.0)
    >>> np.argwhere(box_in_crop(row, 4)).tolist()
    [[2, 1], [2, 2]]
    """
    left, top, width, height = (_number(row.get(name)) for name in COLUMNS)
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


def on_lesion(heat: NDArray[np.floating], box: NDArray[np.bool_]) -> OnLesion:
    """Measure how a map lies on the lesion's box.

    Parameters
    ----------
    heat : float (S, S), at least 0
    box : bool (S, S)

    Returns
    -------
    OnLesion: whether the map's peak is inside (of equal peaks, the share inside); the share of the
    map's sum inside; and the overlap, intersection over union, of the box with the map's highest
    fifth. All 0 for a map of nothing.
    """
    if heat.max() <= 0:
        return OnLesion(0.0, 0.0, 0.0)
    high = heat >= max(np.quantile(heat, QUANTILE), np.finfo(np.float32).tiny)
    return OnLesion(
        pointing=float(box[heat == heat.max()].mean()),
        energy=float(heat[box].sum() / heat.sum()),
        overlap=float((high & box).sum() / (high | box).sum()),
    )


def baselines(crop: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return maps that know nothing of any network: "centre" and "brightest tissue".

    Parameters
    ----------
    crop : uint8 (S, S)

    Returns
    -------
    float32 (S, S) each: a bell around the middle, a quarter of the crop wide; and the crop itself,
    a little blurred, above its darkest level
    """
    size = len(crop)
    away = (np.arange(size) - (size - 1) / 2) / (size / 4)
    bell = np.exp(-(away[:, np.newaxis] ** 2 + away**2) / 2).astype(np.float32)
    smooth = cv2.GaussianBlur(crop.astype(np.float32), (0, 0), size / 32)
    return {"centre": bell, "brightest tissue": np.asarray(smooth - smooth.min(), np.float32)}
