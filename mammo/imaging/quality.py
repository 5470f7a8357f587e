"""Say in plain words what is wrong with a picture or a crop before a model judges it.

Used by both readers (`picture_warnings`) and beside each answer (`quality_warnings`). The
thresholds were set on the 1,696 real mass crops of CBIS-DDSM so that real lesions rarely trip
them: 4 of them (0.2 %) are flagged, all for their low contrast.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.imaging.image import Image, grey_pixels

BURNED_IN_TEXT = (
    "The picture holds burned-in text, which may identify the patient and mislead the models. "
    "Keep it out of the lesion box, and do not pass the picture on."
)
"""What a film says that is marked so in its header; here, so that reading it imports no pydicom."""

FLAT_DEVIATION = 5.0
"""Standard deviation in grey levels. Real crops: median 19.6, lowest 4.3; 4 of 1,696 are lower."""

FEW_LEVELS = 16
"""Different grey values. Real crops have at least 26; masks and line drawings have 2 to 8."""

WHITE_LEVEL = 236
"""From here on a pixel counts as near white."""

WHITE_SHARE = 0.25
"""Share of near-white pixels. Real films have under 0.3 %, real crops at most 18 %; a film with
inverted greys has over 60 %, because its background (air) is white."""

BLACK_LEVEL = 5
"""Up to here a pixel counts as black."""

BLACK_SHARE = 0.6
"""Share of black pixels in a crop. Real crops: at most 50 %."""

FEW_SOURCE_PIXELS = 64
"""Side of the cut window in source pixels; the models' training windows have at least 128."""


def picture_warnings(pixels: NDArray[np.uint8]) -> tuple[str, ...]:
    """Check whether a whole film or picture is empty, a mask, or inverted."""
    counts = _histogram(pixels)
    levels = int(np.count_nonzero(counts))
    if levels == 1:
        return ("Every pixel has the same value: the picture is empty.",)
    found = (_mask_warning(levels), _white_warning(counts))
    return tuple(sentence for sentence in found if sentence)


def quality_warnings(
    crop: Image | NDArray[np.uint8], *, source_side: int | None = None
) -> tuple[str, ...]:
    """Check a crop, as the models will see it.

    Of the 1,696 real CBIS-DDSM mass crops 4 (0.2 %) get a warning.

    Parameters
    ----------
    crop : Image, or uint8 (S, S), 0-255
        As `cut_lesion` or `whole_crop` returns it.
    source_side : int, optional
        Side in pixels of the window in the film, or of the ready crop, before it was resized; by
        default the crop's own.

    Returns
    -------
    tuple of str
        Sentences; empty for a good crop.

    Raises
    ------
    ImageError
        If `crop` is not a grey uint8 picture.

    Examples
    --------
    >>> quality_warnings(np.zeros((128, 128), dtype=np.uint8))
    ('The crop is empty: every pixel has the same value.',)
    """
    pixels = grey_pixels(crop)
    counts = _histogram(pixels)
    levels = int(np.count_nonzero(counts))
    if levels == 1:
        return ("The crop is empty: every pixel has the same value.",)
    side = min(pixels.shape) if source_side is None else source_side
    found = (
        _few_pixels_warning(side),
        _mask_warning(levels),
        _flat_warning(pixels),
        _white_warning(counts),
        _black_warning(counts),
    )
    return tuple(sentence for sentence in found if sentence)


def _histogram(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the share of each of the 256 grey values."""
    counts = cv2.calcHist([pixels], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    return np.asarray(counts / pixels.size)


def _few_pixels_warning(side: int) -> str:
    if side >= FEW_SOURCE_PIXELS:
        return ""
    return (
        f"The lesion window has only {side} pixels a side (the models learned on at least 128); "
        "use the film at its full resolution."
    )


def _mask_warning(levels: int) -> str:
    if levels >= FEW_LEVELS:
        return ""
    return f"The picture has only {levels} grey levels, like a mask or a drawing, not a film."


def _flat_warning(pixels: NDArray[np.uint8]) -> str:
    if float(pixels.std()) >= FLAT_DEVIATION:
        return ""
    return "The crop is nearly flat: there is hardly any contrast in which to see a lesion."


def _white_warning(counts: NDArray[np.float64]) -> str:
    white = float(counts[WHITE_LEVEL:].sum())
    if white <= WHITE_SHARE:
        return ""
    return (
        f"{white:.0%} of the pixels are near white: the greys look inverted (on a mammogram air is "
        "black) or overexposed."
    )


def _black_warning(counts: NDArray[np.float64]) -> str:
    black = float(counts[: BLACK_LEVEL + 1].sum())
    if black <= BLACK_SHARE:
        return ""
    return f"{black:.0%} of the crop is black: the window lies mostly outside the breast."
