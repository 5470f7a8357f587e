"""Where a lesion lies on its film: by its mask, checked by matching the provided crop on the film.

The data set cut each crop from its film, so that grey levels find the crop again. A mask of another
size, a mirrored mask or one with a border or a speck is so noticed, and a lesion without a usable
mask still has a place. The crop's rectangle is about the lesion's box (Lee et al. 2017, Scientific
Data 4:170177: "the bounding rectangle of the abnormality").
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.data.preparation.pictures import (
    MASK_MISFITS,
    Box,
    LesionPictures,
    lesion_boxes,
    same_size,
)

GOOD_MATCH = 0.9
"""Correlation at which a crop counts as found. Real crops reach 0.92 at least, nearly all 0.99."""

LEAD = 0.02
"""By how much the best place must exceed every other, or the crop could lie at either."""

FLAT = 2.0
"""Standard deviation, grey levels of 255, below which a crop has nothing to match."""

LEAST_PIXELS, LARGEST_STEP = 24, 8
"""The search first reduces film and crop, the crop's shorter side to at least so many pixels."""

CANDIDATES = 4
TOLERANCE = 0.1
"""By what share of the crop's longer side a mask may pass the crop's edge."""

LEAST_SHARE = 0.1
"""Share of the crop's width or height that the marked lesion has at least."""

SCALED = "mask scaled to the film"
PARTS = "mask has several parts"
CONTRADICTED = "mask contradicts the crop"
UNCHECKED = "crop not found on the film"
SPANS = "The mask marks no lesion: what it marks spans the film."
NO_MATCH = "The provided crop was not found on the film either."


class Place(NamedTuple):
    """A lesion's box in film pixels, None where unknown; a reason and a sentence to note."""

    box: Box | None
    reason: str = ""
    detail: str = ""


class Match(NamedTuple):
    """The rectangle of a crop on its film, film pixels, and the correlation there."""

    box: Box
    correlation: float


def place_lesion(film: NDArray[np.uint8], found: LesionPictures) -> Place:
    """Return where a lesion lies, with the reason and the sentence where that is not as usual."""
    shape = (film.shape[0], film.shape[1])
    boxes, note, scale = list[Box](), ("", ""), 1.0
    if found.mask:
        boxes, parts = lesion_boxes(found.mask.pixels, shape)
        scale = shape[0] / found.mask.shape[0]
        note = _note(found.mask.shape, shape, parts)
    match = find_crop(film, found.crop.pixels, (1.0, scale)) if found.crop else None
    agreeing = [box for box in boxes if match is None or _agrees(box, match.box)]
    if match and not agreeing:
        return _at_the_crop(match, found)
    if not agreeing:
        reason, detail = found.mask_trouble if not found.mask else (MASK_MISFITS, SPANS)
        return Place(None, reason, f"{detail} {NO_MATCH}".strip() if found.crop else detail)
    if match or not found.crop:
        return Place(agreeing[0], *note)
    if note[0] == SCALED:
        return Place(None, MASK_MISFITS, f"{note[1]} {NO_MATCH}")
    return Place(agreeing[0], note[0] or UNCHECKED, f"{note[1]} {NO_MATCH}".strip())


def _at_the_crop(match: Match, found: LesionPictures) -> Place:
    reason, detail = found.mask_trouble
    if found.mask:
        reason, detail = CONTRADICTED, "The mask marks another place than the provided crop shows."
    at = f"Placed where the provided crop lies on the film (correlation {match.correlation:.2f})."
    return Place(match.box, reason, f"{detail} {at}".strip())


def _note(mask: tuple[int, int], film: tuple[int, int], parts: str) -> tuple[str, str]:
    """Return what is unusual about a mask that is used: the reason and the sentence."""
    if not same_size(mask, film):
        return SCALED, (
            f"The mask has {mask[1]} x {mask[0]} pixels, its film {film[1]} x {film[0]}. {parts}"
        ).strip()
    return (PARTS, parts) if parts else ("", "")


def _agrees(box: Box, crop: Box) -> bool:
    """Return whether a marked lesion lies on the crop's rectangle and is no speck on it."""
    margin = TOLERANCE * max(crop[2:])
    inside = all(
        crop[axis] - margin <= box[axis]
        and box[axis] + box[axis + 2] <= crop[axis] + crop[axis + 2] + margin
        for axis in (0, 1)
    )
    return inside and max(box[2] / crop[2], box[3] / crop[3]) >= LEAST_SHARE


def find_crop(
    film: NDArray[np.uint8], crop: NDArray[np.uint8], scales: Sequence[float] = (1.0,)
) -> Match | None:
    """Find the rectangle of a film that a crop was cut from, whatever its contrast.

    Examples
    --------
    >>> film = np.random.default_rng(0).integers(0, 256, (300, 200), dtype=np.uint8)
    >>> find_crop(film, film[50:110, 70:120] // 2).box
    (70.0, 50.0, 50.0, 60.0)
    """
    matches: list[Match] = []
    for scale in dict.fromkeys(scales):
        sized = crop
        if scale != 1:
            sized = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale), dtype=np.uint8)
        if all(side <= of for side, of in zip(sized.shape, film.shape, strict=True)):
            matches += _matches(film, sized)
    ranked = sorted(matches, key=lambda match: -match.correlation)
    if not ranked or ranked[0].correlation < GOOD_MATCH:
        return None
    rivals = (match for match in ranked[1:] if _elsewhere(match.box, ranked[0].box))
    rival = next(rivals, None)
    if rival and ranked[0].correlation - rival.correlation < LEAD:
        return None
    return ranked[0]


def _matches(film: NDArray[np.uint8], crop: NDArray[np.uint8]) -> Iterator[Match]:
    """Yield the most alike places: found on reduced pictures, then placed to the pixel."""
    if crop.std() < FLAT:
        return
    height, width = crop.shape
    step = min(max(min(height, width) // LEAST_PIXELS, 1), LARGEST_STEP)
    for x, y in _likely(_reduced(film, step), _reduced(crop, step)):
        left = min(max(step * x - step, 0), film.shape[1] - width)
        top = min(max(step * y - step, 0), film.shape[0] - height)
        near = film[top : top + height + 2 * step + 1, left : left + width + 2 * step + 1]
        _, correlation, _, (right, down) = cv2.minMaxLoc(_correlations(near, crop))
        box = (float(left + right), float(top + down), float(width), float(height))
        yield Match(box, round(float(correlation), 4))


def _reduced(picture: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    height, width = (side - side % step for side in picture.shape)
    size = (width // step, height // step)
    reduced = cv2.resize(picture[:height, :width], size, interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, dtype=np.uint8)


def _likely(film: NDArray[np.uint8], crop: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Yield the best places (x, y), none within half a crop of a better one."""
    alike = _correlations(film, crop)
    height, width = (max(side // 2, 1) for side in crop.shape)
    for _ in range(CANDIDATES):
        _, highest, _, (x, y) = cv2.minMaxLoc(alike)
        if highest <= 0:
            return
        yield x, y
        alike[max(y - height, 0) : y + height + 1, max(x - width, 0) : x + width + 1] = -1


def _correlations(film: NDArray[np.uint8], crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Correlate a crop with every place of a film; -1 where the film is flat, as on its border."""
    alike = cv2.matchTemplate(film, crop, cv2.TM_CCOEFF_NORMED)
    height, width = crop.shape
    mean, square = (
        cv2.boxFilter(
            film.astype(np.float32) ** power, -1, (width, height), anchor=(0, 0),
            borderType=cv2.BORDER_REPLICATE,
        )[: alike.shape[0], : alike.shape[1]]
        for power in (1, 2)
    )  # fmt: skip
    flat = square - mean**2 < 1
    return np.where(flat | ~np.isfinite(alike), np.float32(-1), alike)


def _elsewhere(box: Box, other: Box) -> bool:
    """Return whether two rectangles lie half a side or more apart."""
    return any(abs(box[axis] - other[axis]) > 0.5 * other[axis + 2] for axis in (0, 1))
