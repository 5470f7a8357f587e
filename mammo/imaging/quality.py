"""Warnings about an image or a crop, before a model reads it.

Used by both readers (`picture_warnings`) and beside each answer (`quality_warnings`). The
thresholds were set on the 1,696 real mass crops of CBIS-DDSM so that real lesions rarely trip
them: 4 of them (0.2%) are flagged, all for their low contrast.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.imaging.image import Image, grey_pixels

# What a film says that is marked so in its header; here, so that reading it imports no pydicom.
BURNED_IN_TEXT = (
    "The image contains burned-in text, which may identify the patient and mislead the models. "
    "Keep it out of the lesion box, and do not pass the image on."
)
FLAT_DEVIATION = 5.0  # in grey levels; real crops: median 19.6, lowest 4.3; 4 of 1,696 are lower
FEW_LEVELS = 16  # real crops have at least 26; masks and line drawings have 2 to 8
WHITE_LEVEL = 236  # from here on a pixel counts as near white
# Share of near-white pixels. Real films have under 0.3%, real crops at most 18%; a film with
# inverted greys has over 60%, because its background (air) is white.
WHITE_SHARE = 0.25
BLACK_LEVEL = 5  # up to here a pixel counts as black
BLACK_SHARE = 0.6  # of black pixels in a crop; real crops: at most 50%
FEW_SOURCE_PIXELS = 64  # side of the cut window; the models' training windows have at least 128


def picture_warnings(pixels: NDArray[np.uint8]) -> tuple[str, ...]:
    """Check whether a whole film or picture is empty, a mask, or inverted."""
    shares, levels = _histogram(pixels)
    if levels == 1:
        return ("Every pixel has the same value: the image is empty.",)
    return _applying(*_mask_or_inverted(shares, levels))


def quality_warnings(
    crop: Image | NDArray[np.uint8], *, source_side: int | None = None
) -> tuple[str, ...]:
    """Check a crop, as the models will see it; return sentences, none for a good one.

    Parameters
    ----------
    crop : Image, or uint8 (S, S), 0-255
        As `cut_lesion` or `whole_crop` returns it.
    source_side : int, optional
        Side in pixels of the window in the film, or of the ready crop, before it was resized; by
        default the crop's own.

    Examples
    --------
    >>> quality_warnings(np.zeros((128, 128), dtype=np.uint8))
    ('The crop is empty: every pixel has the same value.',)
    """
    pixels = grey_pixels(crop)
    shares, levels = _histogram(pixels)
    if levels == 1:
        return ("The crop is empty: every pixel has the same value.",)
    side = min(pixels.shape) if source_side is None else source_side
    mask, inverted = _mask_or_inverted(shares, levels)
    black = float(shares[: BLACK_LEVEL + 1].sum())
    few = (
        f"The crop area has only {side} pixels per side (the training crops have at least 128); "
        "use the mammogram at its full resolution."
    )
    flat = "The crop is nearly flat: the contrast is too low to see a lesion."
    dark = f"{black:.0%} of the crop is black: the crop area lies mostly outside the breast."
    return _applying(
        (few, side < FEW_SOURCE_PIXELS),
        mask,
        (flat, float(pixels.std()) < FLAT_DEVIATION),
        inverted,
        (dark, black > BLACK_SHARE),
    )


def _applying(*doubts: tuple[str, bool]) -> tuple[str, ...]:
    return tuple(sentence for sentence, applies in doubts if applies)


def _histogram(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], int]:
    """Return the share of each of the 256 grey values, and how many of them occur."""
    counts = cv2.calcHist([pixels], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    return counts / pixels.size, int(np.count_nonzero(counts))


def _mask_or_inverted(shares: NDArray[np.float64], levels: int) -> list[tuple[str, bool]]:
    """Return what may be wrong with any picture, and whether it is."""
    white = float(shares[WHITE_LEVEL:].sum())
    mask = f"The image has only {levels} grey levels, like a mask or a drawing, not a mammogram."
    inverted = (
        f"{white:.0%} of the pixels are near white: the greys look inverted (on a mammogram air is "
        "black) or overexposed."
    )
    return [(mask, levels < FEW_LEVELS), (inverted, white > WHITE_SHARE)]
