"""Read a picture file that is not DICOM: from its bytes to an `Image`.

Used by `read`. Each format has a decoder, which gives grey values in the file's own depth; here
they are turned upright and brought to 8 bits. 8-bit grey stays value for value; everything deeper
is scaled by its minimum and maximum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mammo.imaging.damage import damage_refused
from mammo.imaging.depth import to_eight_bit
from mammo.imaging.image import Image
from mammo.imaging.picture_npy import decode_npy
from mammo.imaging.picture_pillow import Decoded, decode_bmp, decode_jpeg, decode_png, decode_webp
from mammo.imaging.picture_pnm import decode_pnm
from mammo.imaging.picture_tiff import decode_tiff
from mammo.imaging.quality import picture_warnings


@dataclass(frozen=True)
class PictureFormat:
    """A format of pictures: its name, and what decodes it."""

    name: str
    decode: Callable[[BinaryIO], Decoded]


_TIFF = PictureFormat("TIFF", decode_tiff)
_FORMATS = {
    b"\x89PNG\r\n\x1a\n": PictureFormat("PNG", decode_png),
    b"\xff\xd8\xff": PictureFormat("JPEG", decode_jpeg),
    b"BM": PictureFormat("BMP", decode_bmp),
    b"\x93NUMPY": PictureFormat("NumPy", decode_npy),
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _TIFF),
    **{
        b"P%d%c" % (number, blank): PictureFormat("PGM or PPM", decode_pnm)
        for number in (2, 3, 5, 6)
        for blank in b" \t\r\n#"
    },
}
_WEBP = PictureFormat("WebP", decode_webp)


def picture_format(head: bytes) -> PictureFormat | None:
    """Return the format of a file that starts with these bytes, or None.

    Examples
    --------
    >>> picture_format(b"BM" + bytes(12)).name
    'BMP'
    """
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _WEBP
    return next((known for magic, known in _FORMATS.items() if head.startswith(magic)), None)


def read_picture(stream: BinaryIO, known: PictureFormat) -> Image:
    """Read a picture file."""
    with damage_refused(f"a whole {known.name} picture", "Save it again as PNG."):
        grey, orientation, warnings = known.decode(stream)
    pixels = _oriented(to_eight_bit(grey), orientation)
    return Image(
        pixels=np.ascontiguousarray(pixels),
        warnings=(*warnings, *picture_warnings(pixels)),
        kind="picture",
    )


def _oriented(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn a picture upright (EXIF 2.32, section 4.6.4, Orientation: 1 to 8)."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values
