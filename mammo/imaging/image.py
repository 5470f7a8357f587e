"""The value that every reader returns: one grey picture and what is safely known about it.

Used by the readers, the window, the app and the commands. It carries no name, id or date: a reader
fills it from a whitelist of DICOM tags only (see `dicom_header`).
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mammo.errors import ImageError

MAX_PIXELS = 45_000_000
"""Pixels a picture may have. The largest mammograms have about 38 million (7,000 x 5,500); at this
size no kind of picture takes more than 400 MB to read (`benchmarks/fuzz.py`)."""

# The same for kinds that take several times as much memory or time: colours of 16 bits a channel,
# greys of 32 bits, progressive JPEG and WebP.
MAX_COSTLY_PIXELS = MAX_PIXELS // 3

# Pixels that the longer side may have: pictures are read in strips of rows, and a row of millions
# of pixels, or millions of rows, takes several times the memory or time of its pixels.
MAX_SIDE = 20_000

MIN_SIDE = 16
"""Pixels that the shorter side must have. A smaller picture cannot show a lesion."""


@dataclass(frozen=True, eq=False)
class Image:
    """One grey film or picture, read-only.

    Attributes
    ----------
    pixels : uint8 (H, W), 0-255
        Grey values, 0 is black (air), 255 is white (dense). The array cannot be written to.
    laterality : "LEFT", "RIGHT" or None
        The breast, where the file states it.
    view : str or None
        "CC", "MLO" or another view name of DICOM PS3.16 CID 4014, where the file states it.
    pixel_spacing_mm : float or None
        Distance of two pixels' centres at the film or detector, in mm, where the file states it.
    warnings : tuple of str
        Sentences for the user: what is doubtful about this picture.
    kind : "dicom" or "picture"
        Which reader read it.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    laterality: Literal["LEFT", "RIGHT"] | None = None
    view: str | None = None
    pixel_spacing_mm: float | None = None
    warnings: tuple[str, ...] = ()
    kind: Literal["dicom", "picture"] = "picture"

    def __post_init__(self) -> None:
        """Check the pixels and lock them: films are cached and shared between visitors."""
        locked = grey_pixels(self.pixels).view()
        locked.setflags(write=False)
        object.__setattr__(self, "pixels", locked)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.pixels.shape
        return height, width


def grey_pixels(picture: "Image | NDArray[np.uint8]") -> NDArray[np.uint8]:
    """Return the pixels of an image or of an array that already is one."""
    if isinstance(picture, Image):
        return picture.pixels
    if not isinstance(picture, np.ndarray) or picture.ndim != 2 or picture.dtype != np.uint8:
        received = type(picture).__name__
        if isinstance(picture, np.ndarray):
            received = f"{picture.dtype} array of shape {picture.shape}"
        raise ImageError(
            "Expected a grey image: a uint8 array of shape (height, width) or what read_image "
            f"returns. Received: {received}. Read the file with mammo.read_image."
        )
    return picture


def check_size(height: int, width: int, most: int = MAX_PIXELS) -> None:
    """Refuse a picture by the size that its header states, before any pixel is decoded."""
    if min(height, width) < MIN_SIDE:
        raise ImageError(
            f"The image is too small: expected at least {MIN_SIDE} x {MIN_SIDE} pixels, "
            f"received {width} x {height}. Use the mammogram or crop at its full resolution."
        )
    if height * width > most:
        remedy = "Cut out the breast or export it smaller."
        if most != MAX_PIXELS:
            remedy = "Save it as a grey PNG, or cut out the breast."
        raise ImageError(
            f"The image is too large: expected at most {most // 10**6} million pixels, "
            f"received {width:,} x {height:,}. {remedy}"
        )
    if max(height, width) > MAX_SIDE:
        raise ImageError(
            f"The image is too long: expected at most {MAX_SIDE:,} pixels per side, received "
            f"{width:,} x {height:,}. Cut out the breast."
        )


def refusal(
    expected: str, received: str, remedy: str = "Save the image as a grey PNG."
) -> ImageError:
    """Return the error of a file that is not what can be read."""
    return ImageError(f"Expected {expected}, received {received}. {remedy}")
