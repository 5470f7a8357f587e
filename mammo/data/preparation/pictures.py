"""Of the pictures of one lesion, which is the crop and which the mask, by content alone.

Neither column nor file number nor series name can be trusted. A mask is black and white (JPEG blurs
its edge) and shaped like its film; a crop is neither. A picture of one grey value is an empty mask.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.errors import MammoError
from mammo.imaging import Image, read_image

NEAR_BLACK, NEAR_WHITE = 32, 223
BINARY_SHARE = 0.98
"""The least share of a mask's pixels that is nearly black or nearly white."""
SIZE_TOLERANCE = 0.05
"""How far a mask's sides may differ from its film's."""
SHAPE_TOLERANCE = 0.02
"""How far the ratio of a mask's sides may differ from its film's where it has another size."""
NEAR = 2
"""Pixels around a marked part within which JPEG leaves specks."""
SPANNING = 0.9
"""Share of the film's width or height from which a marked part is a border and no lesion."""

MASK_MISSING = "mask missing"
MASK_EMPTY = "mask empty"
MASK_MISFITS = "mask does not fit the film"

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class LesionPictures:
    """Hold what was found for a lesion."""

    crop: Image | None
    mask: Image | None
    mask_trouble: tuple[str, str]
    unreadable: tuple[str, ...]


def read_or_reason(path: Path) -> Image | str:
    """Read a picture; return a sentence instead where its file or the disk is damaged."""
    try:
        return read_image(path)
    except MammoError as error:
        return str(error)
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return f"{path.name} cannot be read ({reason})."


def read_lesion_pictures(
    paths: Sequence[Path], film_shape: tuple[int, int] | None
) -> LesionPictures:
    """Read the pictures of a lesion and separate crop and mask."""
    crops: list[Image] = []
    masks: list[Image] = []
    unreadable, misfits, blanks = [], [], []
    for path in paths:
        picture = read_or_reason(path)
        if isinstance(picture, str):
            unreadable.append(picture)
        elif picture.pixels.min() == picture.pixels.max():
            blanks.append(f"{path.name} has one grey value all over, so it marks no lesion.")
        elif not (two_valued := _two_valued(picture, film_shape)):
            crops.append(picture)
        elif film_shape is None or fits(picture.shape, film_shape):
            masks.append(two_valued)
        else:
            misfits.append(_misfit(path, picture.shape, film_shape))
    mask = max(masks, key=lambda mask: _likeness(mask, film_shape), default=None)
    trouble = ("", "") if mask else _mask_trouble(misfits, blanks)
    crop = min(crops, key=lambda crop: crop.pixels.size, default=None)
    return LesionPictures(crop, mask, trouble, tuple(unreadable))


def _two_valued(picture: Image, film_shape: tuple[int, int] | None) -> Image | None:
    """Return a mask, white where its lesion is; None where the picture is no mask."""
    pixels = picture.pixels
    if np.count_nonzero(np.bincount(pixels.reshape(-1), minlength=256)) == 2:
        pixels = np.where(pixels == pixels.max(), np.uint8(255), np.uint8(0))
    inverted = 255 - pixels
    if not is_black_and_white(pixels):
        as_large = film_shape is not None and same_size(picture.shape, film_shape)
        if not (as_large and is_black_and_white(inverted)):
            return None
        pixels = inverted
    return replace(picture, pixels=pixels)


def _likeness(mask: Image, film_shape: tuple[int, int] | None) -> float:
    """Return how near a mask's height is to its film's; 0 is equal."""
    return -abs(mask.shape[0] - film_shape[0]) if film_shape else 0.0


def _misfit(path: Path, shape: tuple[int, int], film_shape: tuple[int, int]) -> str:
    (height, width), (film_height, film_width) = shape, film_shape
    return (
        f"Expected a mask shaped like its film ({film_width} x {film_height} pixels), received "
        f"{path.name} of {width} x {height}. Check that both are of the same download."
    )


def _mask_trouble(misfits: Sequence[str], blanks: Sequence[str]) -> tuple[str, str]:
    """Return why there is no mask; one that marks a lesion says more than one that marks none."""
    if misfits:
        return MASK_MISFITS, misfits[0]
    return (MASK_EMPTY, blanks[0]) if blanks else (MASK_MISSING, "")


def is_black_and_white(pixels: NDArray[np.uint8]) -> bool:
    """Say whether a picture is a mask's: nearly all black or white, and some of each.

    >>> is_black_and_white(np.array([[0, 0], [255, 3]], dtype=np.uint8))
    True
    >>> is_black_and_white(np.array([[0, 90], [120, 255]], dtype=np.uint8))
    False
    """
    counts = np.bincount(pixels.reshape(-1), minlength=256)
    black, white = counts[:NEAR_BLACK].sum(), counts[NEAR_WHITE + 1 :].sum()
    return bool(white > 0 and black > white and black + white >= BINARY_SHARE * pixels.size)


def same_size(shape: tuple[int, int], film_shape: tuple[int, int]) -> bool:
    """Say whether a mask may belong to a film, by their heights and widths in pixels.

    >>> same_size((998, 504), (1000, 500)), same_size((300, 300), (1000, 500))
    (True, False)
    """
    return all(
        abs(side - of_film) <= SIZE_TOLERANCE * of_film
        for side, of_film in zip(shape, film_shape, strict=True)
    )


def fits(shape: tuple[int, int], film_shape: tuple[int, int]) -> bool:
    """Return whether a mask is as large as its film, or has its shape at another size.

    >>> fits((870, 435), (1000, 500)), fits((700, 400), (600, 400))
    (True, False)
    """
    ratio = shape[0] * film_shape[1] / (shape[1] * film_shape[0])
    return same_size(shape, film_shape) or abs(ratio - 1) <= SHAPE_TOLERANCE


def lesion_boxes(mask: NDArray[np.uint8], film_shape: tuple[int, int]) -> tuple[list[Box], str]:
    """Return the boxes of the parts that a mask marks on its film, and what is unusual about them.

    >>> mask = np.zeros((20, 20), dtype=np.uint8)
    >>> mask[2:5, 3:9] = 255
    >>> lesion_boxes(mask, (40, 20))
    ([(3.0, 4.0, 6.0, 6.0)], '')
    >>> mask[18, 18] = 255
    >>> lesion_boxes(mask, (20, 20))
    ([(3.0, 2.0, 6.0, 3.0), (18.0, 18.0, 1.0, 1.0)], 'The mask has 2 parts; one of them is used.')
    """
    inside = (mask > 127).astype(np.uint8)
    _, _, statistics, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    parts = statistics[1:][np.argsort(-statistics[1:, cv2.CC_STAT_AREA], kind="stable")]
    kept: list[tuple[int, int, int, int]] = []
    borders = 0
    for x, y, width, height, _ in parts.tolist():
        if width >= SPANNING * mask.shape[1] or height >= SPANNING * mask.shape[0]:
            borders += 1
        elif not any(_touch((x, y, width, height), other) for other in kept):
            kept.append((x, y, width, height))
    tall, wide = (of_film / side for of_film, side in zip(film_shape, mask.shape, strict=True))
    number = len(kept) + borders
    return [
        (float(x * wide), float(y * tall), float(width * wide), float(height * tall))
        for x, y, width, height in kept
    ], f"The mask has {number} parts; one of them is used." if number > 1 else ""


def _touch(part: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Return whether two boxes overlap or lie within `NEAR` pixels."""
    return all(
        part[axis] <= other[axis] + other[axis + 2] + NEAR
        and other[axis] <= part[axis] + part[axis + 2] + NEAR
        for axis in (0, 1)
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
