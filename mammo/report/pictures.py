"""Pictures of a case report: a small film with its window, enlarged crops, the colour scale.

A film is shrunk to `FILM_LONGEST` pixels: enough to see where the window lies, and too few to read
a name that may be burned into it.
"""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mammo.inference.overlay import colour

FILM_LONGEST = 320
CROP_SIDE = 360
WINDOW_COLOUR = (240, 228, 66)
"""Yellow of Okabe and Ito 2008, as on the page."""


def film_preview(
    film: NDArray[np.uint8], window: tuple[int, int, int, int] | None
) -> NDArray[np.uint8]:
    """Shrink a film and draw the window on it.

    Examples
    --------
    >>> film_preview(np.zeros((640, 320), np.uint8), (0, 0, 64, 64))[0, 0].tolist()
    [240, 228, 66]
    """
    height, width = film.shape
    scale = min(1.0, FILM_LONGEST / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(film, size, interpolation=cv2.INTER_AREA)
    drawn = np.repeat(small[..., np.newaxis], 3, axis=2)
    if window is not None:
        x, y, across, down = (round(number * scale) for number in window)
        corner = min(x + across, size[0]) - 1, min(y + down, size[1]) - 1
        cv2.rectangle(drawn, (x, y), corner, WINDOW_COLOUR, 2)
    return np.asarray(drawn, np.uint8)


def enlarged(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Enlarge a square crop smoothly to `CROP_SIDE` pixels, so that print shows no blocks."""
    side = (CROP_SIDE, CROP_SIDE)
    return np.asarray(cv2.resize(picture, side, interpolation=cv2.INTER_CUBIC), np.uint8)


def colour_scale() -> NDArray[np.uint8]:
    """Draw the colours of a heat map from 0 to 1, uint8 (8, 256, 3)."""
    return colour(np.tile(np.linspace(0, 1, 256), (8, 1)))


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """Encode a picture, uint8 (H, W) or (H, W, 3) in RGB order, without any metadata."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()
