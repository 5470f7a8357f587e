"""The lesion window: where a lesion's crop is cut from its film, and the cutting itself.

One function for preparation and app: a square, centred on the lesion's box, the longer side of the
box plus a margin on each side, at least 128 pixels, slid inward where it would leave the film,
never padded; then resized by pixel area. An explicit window reproduces the crops of the
published data set to the pixel. The published crops, from which the released models learned, are
not centred: their centres lie 80 film pixels above and 26 left of the lesion's (medians), and half
of them cut the lesion's lower margin.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.errors import WindowError
from mammo.imaging.image import Image, grey_pixels

MARGIN_PIXELS = 60  # on each side, without a pixel spacing (as the data set was cut)
MARGIN_MM = 3.0  # on each side, with one: 60 pixels of a film digitised at 0.05 mm
MINIMUM_SIDE = 128  # of a window in film pixels, unless the film itself is smaller
CROP_SIZE = 128  # side in pixels of a crop, as in the published data set
SQUARE_TOLERANCE = 1.2  # longest ratio of sides of a ready crop, which is cut to a square


class Window(NamedTuple):
    """A rectangle in film pixels: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int


def lesion_window(
    film_shape: tuple[int, int], box: Sequence[float], pixel_spacing_mm: float | None = None
) -> Window:
    """Return the square window around a lesion's box.

    Parameters
    ----------
    film_shape : (int, int)
        Height and width of the film in pixels.
    box : (x, y, width, height)
        The lesion in film pixels, left and top first; fractions are widened to whole pixels. It
        may pass the film's edge by less than one pixel, as a mouse selection does.
    pixel_spacing_mm : float, optional
        Distance of two pixels' centres in mm; the margin is then 3 mm instead of 60 pixels.

    Returns
    -------
    Window
        Square, inside the film, holding the whole box. Where the square would be larger than the
        film's shorter side it has that side's length, and a box longer than that is cut off evenly
        at both ends.

    Raises
    ------
    WindowError
        If the box is not four finite numbers, has no area, is larger than the film or lies
        outside it, or if the spacing is not a positive number.

    Examples
    --------
    >>> lesion_window((4000, 3000), (1000, 2000, 200, 300))
    Window(x=890, y=1940, width=420, height=420)
    """
    height, width = film_shape
    left, top, right, bottom = _whole_box(_four_numbers(box, "box"), height, width)
    longer = max(right - left, bottom - top)
    side = max(longer + 2 * _margin(pixel_spacing_mm), MINIMUM_SIDE)
    side = min(side, height, width)
    return Window(
        x=_slid((left + right - side) // 2, side, width),
        y=_slid((top + bottom - side) // 2, side, height),
        width=side,
        height=side,
    )


def cut_lesion(
    film: Image | NDArray[np.uint8],
    box: Sequence[float] | None = None,
    *,
    window: Sequence[float] | None = None,
    size: int = CROP_SIZE,
) -> NDArray[np.uint8]:
    """Cut a lesion's crop from its film.

    Parameters
    ----------
    film : Image, or uint8 (H, W), 0-255
        An `Image` brings its pixel spacing along.
    box : (x, y, width, height), optional
        The lesion in film pixels; `lesion_window` puts the window around it.
    window : (x, y, width, height), optional
        Cut exactly there: whole numbers, square, inside the film. Give `box` or `window`, not
        both; with neither the picture is a ready crop and used whole, as by `whole_crop`.
    size : int
        Side of the crop in pixels.

    Returns
    -------
    uint8 (size, size), 0-255
        Resized by pixel area (`cv2.INTER_AREA`).

    Raises
    ------
    WindowError
        If the box or window does not fit the film, both are given, or the size is not positive.
    """
    pixels = grey_pixels(film)
    if box is not None and window is not None:
        raise WindowError("Expected a lesion box or a window, received both. Pass one of them.")
    if window is not None:
        place = _explicit_window(window, pixels.shape)
    elif box is not None:
        spacing = film.pixel_spacing_mm if isinstance(film, Image) else None
        height, width = pixels.shape
        place = lesion_window((height, width), box, spacing)
    else:
        return whole_crop(pixels, size)
    return _resized(pixels[place.y : place.y + place.height, place.x : place.x + place.width], size)


def whole_crop(picture: Image | NDArray[np.uint8], size: int = CROP_SIZE) -> NDArray[np.uint8]:
    """Use a ready crop, its longer side at most 1.2 times the shorter, whole: square and resized.

    A picture that is further from square is refused: it is a film, and the lesion must be marked.
    """
    pixels = grey_pixels(picture)
    height, width = pixels.shape
    side = min(height, width)
    if side == 0 or max(height, width) > SQUARE_TOLERANCE * side:
        raise WindowError(
            "Expected a cropped lesion, square or nearly so (sides at most 1 : 1.2), received "
            f"{width} x {height} pixels. Mark the lesion with a box on the mammogram."
        )
    return _resized(middle_square(pixels), size)


def middle_square(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the largest square in the middle of a picture, uint8 (H, W)."""
    side = min(pixels.shape)
    top, left = ((length - side) // 2 for length in pixels.shape)
    return pixels[top : top + side, left : left + side]


def _resized(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    if size < 1:
        raise WindowError(f"The crop's size must be at least 1 pixel. Received: size={size}.")
    resized = cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.uint8)


def _margin(pixel_spacing_mm: float | None) -> int:
    if pixel_spacing_mm is None:
        return MARGIN_PIXELS
    if not (math.isfinite(pixel_spacing_mm) and pixel_spacing_mm > 0):
        raise WindowError(
            "The pixel spacing must be a positive number of mm, or None where it is unknown. "
            f"Received: pixel_spacing_mm={pixel_spacing_mm}."
        )
    return round(MARGIN_MM / pixel_spacing_mm)


def _slid(start: int, side: int, length: int) -> int:
    """Move a window's start so that it lies within 0..length."""
    return min(max(start, 0), length - side)


def _four_numbers(values: Sequence[float], name: str) -> tuple[float, float, float, float]:
    try:
        numbers = x, y, width, height = tuple(map(float, values))
        if not all(map(math.isfinite, numbers)):
            raise ValueError
    except (TypeError, ValueError):
        raise WindowError(
            f"The {name} must be four finite numbers: x, y, width, height in pixels of the "
            f"mammogram. Received: {name}={values!r}."
        ) from None
    if width <= 0 or height <= 0:
        raise WindowError(
            f"The {name} has no area: width and height must be above 0. "
            f"Received: {name}={numbers}. Drag it over the lesion."
        )
    return x, y, width, height


def _whole_box(
    box: tuple[float, float, float, float], film_height: int, film_width: int
) -> tuple[int, int, int, int]:
    """Widen a box to whole pixels: left, top, right, bottom (exclusive), all inside the film."""
    x, y, width, height = box
    if width > film_width + 2 or height > film_height + 2:
        raise WindowError(
            f"The box is larger than the mammogram ({film_width} x {film_height} pixels). "
            f"Received: box={box}. Draw it around the lesion alone."
        )
    is_outside = x <= -1 or y <= -1 or x + width >= film_width + 1 or y + height >= film_height + 1
    left, top = max(math.floor(x), 0), max(math.floor(y), 0)
    right, bottom = min(math.ceil(x + width), film_width), min(math.ceil(y + height), film_height)
    if is_outside or right <= left or bottom <= top:
        raise WindowError(
            f"The box lies outside the mammogram ({film_width} x {film_height} pixels). "
            f"Received: box={box}. Move it into the image."
        )
    return left, top, right, bottom


def _explicit_window(values: Sequence[float], shape: tuple[int, ...]) -> Window:
    x, y, width, height = _four_numbers(values, "window")
    film_height, film_width = shape
    if not all(value.is_integer() for value in (x, y, width, height)):
        raise WindowError(f"A window needs whole pixels. Received: window={tuple(values)}.")
    if width != height:
        raise WindowError(
            f"A window must be square, as all training crops are. Received: {width:.0f} x "
            f"{height:.0f} pixels. Pass a box instead; mammo puts the square around it."
        )
    if x < 0 or y < 0 or x + width > film_width or y + height > film_height:
        raise WindowError(
            f"The window leaves the mammogram ({film_width} x {film_height} pixels). "
            f"Received: window={tuple(values)}. Move it into the image."
        )
    return Window(int(x), int(y), int(width), int(height))
