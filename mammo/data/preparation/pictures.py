"""Of the pictures of one lesion, which is the crop and which the mask, by content alone.

Neither column nor file number nor series name can be trusted. A mask is black and white (JPEG blurs
its edge) and shaped like its film; a crop is neither. A picture of one grey value is an empty mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

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

    Examples
    --------
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

    Examples
    --------
    >>> same_size((998, 504), (1000, 500)), same_size((300, 300), (1000, 500))
    (True, False)
    """
    return all(
        abs(side - of_film) <= SIZE_TOLERANCE * of_film
        for side, of_film in zip(shape, film_shape, strict=True)
    )


def fits(shape: tuple[int, int], film_shape: tuple[int, int]) -> bool:
    """Return whether a mask is as large as its film, or has its shape at another size.

    Examples
    --------
    >>> fits((870, 435), (1000, 500)), fits((700, 400), (600, 400))
    (True, False)
    """
    ratio = shape[0] * film_shape[1] / (shape[1] * film_shape[0])
    return same_size(shape, film_shape) or abs(ratio - 1) <= SHAPE_TOLERANCE


def lesion_boxes(mask: NDArray[np.uint8], film_shape: tuple[int, int]) -> tuple[list[Box], str]:
    """Return the boxes of the parts that a mask marks on its film, and what is unusual about them.

    Examples
    --------
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
