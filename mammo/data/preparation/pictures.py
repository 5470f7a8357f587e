"""Of the pictures of one lesion, which is the crop and which the mask, told by content alone.

Neither column nor file number nor series name can be trusted. A mask is black and white (JPEG blurs
its edge) and as large as its film; a crop is neither. A picture of one grey value is an empty mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mammo.errors import MammoError
from mammo.imaging import Image, read_image

NEAR_BLACK, NEAR_WHITE = 32, 223
BINARY_SHARE = 0.98
"""The least share of a mask's pixels that is nearly black or nearly white."""
SIZE_TOLERANCE = 0.05
"""How far a mask's sides may differ from its film's."""

MASK_MISSING = "mask missing"
MASK_EMPTY = "mask empty"
MASK_MISFITS = "mask does not fit the film"

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class LesionPictures:
    """Hold what was found for a lesion.

    Attributes
    ----------
    crop : Image, or None where there is none
    mask : Image that marks a lesion and is as large as its film, or None where there is none
    mask_trouble : (reason, sentence) why there is no mask, the reason `MASK_MISSING`, `MASK_EMPTY`
        or `MASK_MISFITS`; both empty where there is one
    unreadable : sentences, one a file that could not be read
    """

    crop: Image | None
    mask: Image | None
    mask_trouble: tuple[str, str]
    unreadable: tuple[str, ...]


def read_lesion_pictures(
    paths: Sequence[Path], film_shape: tuple[int, int] | None
) -> LesionPictures:
    """Read the pictures of a lesion and tell crop from mask.

    Parameters
    ----------
    paths : the lesion's files, in any order
    film_shape : (height, width) of the film in pixels; None where there is no film
    """
    crop = mask = None
    unreadable, misfits, blanks = [], [], []
    for path in paths:
        try:
            picture = read_image(path)
        except MammoError as error:
            unreadable.append(str(error))
            continue
        if picture.pixels.min() == picture.pixels.max():
            blanks.append(f"{path.name} has one grey value all over, so it marks no lesion.")
        elif not is_black_and_white(picture.pixels):
            crop = picture
        elif film_shape is None or same_size(picture.shape, film_shape):
            mask = picture
        else:
            misfits.append(_misfit(path, picture.shape, film_shape))
    trouble = ("", "") if mask else _mask_trouble(misfits, blanks)
    return LesionPictures(crop, mask, trouble, tuple(unreadable))


def _misfit(path: Path, shape: tuple[int, int], film_shape: tuple[int, int]) -> str:
    (height, width), (film_height, film_width) = shape, film_shape
    return (
        f"Expected a mask as large as its film ({film_width} x {film_height} pixels), received "
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


def lesion_box(mask: NDArray[np.uint8], film_shape: tuple[int, int]) -> Box:
    """Return the lesion's box on its film.

    A mask a few pixels off its film's size is brought to it.

    Parameters
    ----------
    mask : uint8 (H, W), 0-255; lesion above 127, at least one pixel
    film_shape : (height, width) in pixels

    Returns
    -------
    (x, y, width, height), film pixels, fractions where the sizes differ

    Examples
    --------
    >>> mask = np.zeros((10, 10), dtype=np.uint8)
    >>> mask[2:5, 3:9] = 255
    >>> lesion_box(mask, (10, 10)), lesion_box(mask, (20, 10))
    ((3.0, 2.0, 6.0, 3.0), (3.0, 4.0, 6.0, 6.0))
    """
    inside = mask > 127
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    tall, wide = (of_film / side for of_film, side in zip(film_shape, mask.shape, strict=True))
    return (
        float(columns[0] * wide),
        float(rows[0] * tall),
        float((columns[-1] + 1 - columns[0]) * wide),
        float((rows[-1] + 1 - rows[0]) * tall),
    )
