"""Read a picture file that is not DICOM: from its bytes to an `Image`.

Used by `read`. Each format has a decoder, which gives grey values in the file's own depth; here
they are turned upright and brought to 8 bits. 8-bit grey stays value for value; everything deeper
is scaled by its minimum and maximum.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from mammo.errors import ImageError
from mammo.imaging.grey import damage_refused, to_eight_bit, to_grey
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS, Image, check_size
from mammo.imaging.limits.pictures import Essence, jpeg_essence, png_essence, webp_essence
from mammo.imaging.limits.tiff import exif_orientation
from mammo.imaging.picture_plain import decode_npy, decode_pnm
from mammo.imaging.picture_tiff import decode_tiff
from mammo.imaging.quality import picture_warnings

_STRIP_ROWS = 256
_GREY_MODES = {"L", "I;16", "I;16B", "I;16L", "I;16N", "I"}
_ALPHA_MODES = {"LA", "La", "PA", "RGBA", "RGBa"}
_COLOUR_MODES = {"RGB", "RGBX", "YCbCr", "P"}
_SEVERAL_CHANNELS = {2, 4, 6}
"""Colour types of a PNG: RGB, grey + alpha, RGB + alpha."""

_BMP_RUN_LENGTHS = {1, 2}
"""Compressions of a BMP that jump over millions of pixels in a few bytes."""

_BMP_SHORT_HEADER = b"\x0c\0\0\0"
"""The length of the one header that names no compression."""

Decoded = tuple[NDArray[Any], int, tuple[str, ...]]
"""Grey (H, W) in the file's own depth; orientation; warnings."""


def _decoded(
    stream: BinaryIO, reader: type[ImageFile], essence_of: Callable[[bytes], Essence]
) -> Decoded:
    """Decode a picture; any exception but `ImageError` means damage."""
    essence = essence_of(stream.read())
    try:
        picture = reader(BytesIO(essence.content))
    except PillowImage.DecompressionBombError:  # WebP is measured by Pillow's own limit
        raise ImageError(
            f"The picture is too large: expected at most {MAX_PIXELS // 10**6} million pixels, "
            "received more. Cut out the breast or export it smaller."
        ) from None
    _check_mode(picture.mode)
    is_deep = reader is PngImageFile and _is_deep_colour_png(essence.content)
    is_costly = is_deep or essence.is_buffered or reader is WebPImageFile
    check_size(picture.height, picture.width, MAX_COSTLY_PIXELS if is_costly else MAX_PIXELS)
    shape = (picture.height, picture.width)
    if is_deep:
        grey, warnings = to_grey(_deep_strips(essence.content), shape)
    else:
        transparent = _transparent_value(picture, essence.content)
        picture.load()
        grey, warnings = to_grey(_strips(picture, transparent), shape)
    if essence.frames > 1:
        many = f"The file holds {essence.frames:,} pages or frames; only the first was read."
        warnings = (many, *warnings)
    return grey, exif_orientation(essence.exif), warnings


def _bmp_essence(content: bytes) -> Essence:
    size, compression = content[14:18], int.from_bytes(content[30:34], "little")
    if compression in _BMP_RUN_LENGTHS and size != _BMP_SHORT_HEADER:
        raise ImageError(
            "Expected an uncompressed BMP, received one with run-length compression (RLE). "
            "Save it as a grey PNG."
        )
    return Essence(content)


decode_png = partial(_decoded, reader=PngImageFile, essence_of=png_essence)
decode_jpeg = partial(_decoded, reader=JpegImageFile, essence_of=jpeg_essence)
decode_bmp = partial(_decoded, reader=BmpImageFile, essence_of=_bmp_essence)
decode_webp = partial(_decoded, reader=WebPImageFile, essence_of=webp_essence)


def _check_mode(mode: str) -> None:
    if mode == "CMYK":
        raise ImageError(
            "Expected a grey or RGB picture, received CMYK (printing inks), whose greys depend on "
            "the printer. Save it again as a grey picture."
        )
    if mode not in _GREY_MODES | _ALPHA_MODES | _COLOUR_MODES | {"1"}:
        raise ImageError(
            f"Expected a grey or RGB picture, received one of kind {mode!r}. "
            "Save it again as a grey PNG."
        )


def _transparent_value(picture: ImageFile, content: bytes) -> int | None:
    """Return the grey that a PNG calls transparent, unless it has 8 bits, as Pillow expects."""
    if not isinstance(picture, PngImageFile) or content[25] != 0 or content[24] == 8:
        return None
    value: int | None = picture.info.pop("transparency", None)
    if value is None or content[24] == 16:
        return value
    return min(255, int(value) * (255 // ((1 << content[24]) - 1)))


def _strips(picture: ImageFile, transparent: int | None) -> Iterator[NDArray[Any]]:
    """Yield the rows of a loaded picture from the top on; a copy of each strip, not of it all."""
    mode = _array_mode(picture)
    for top in range(0, picture.height, _STRIP_ROWS):
        bottom = min(top + _STRIP_ROWS, picture.height)
        strip = picture.crop((0, top, picture.width, bottom))
        values = np.asarray(strip if mode is None else strip.convert(mode))
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        yield values if transparent is None else np.where(values == transparent, 0, values)


def _array_mode(picture: ImageFile) -> str | None:
    """Return the mode in which Pillow hands out the values; None where as they are."""
    if picture.mode == "1":
        return "L"
    if isinstance(picture, BmpImageFile) and not _has_visible_pixels(picture):
        return "RGB"
    if picture.mode in _ALPHA_MODES or (
        "transparency" in picture.info and picture.mode in {"L", "P", "RGB"}
    ):
        return "RGBA"
    return "RGB" if picture.mode in _COLOUR_MODES else None


def _has_visible_pixels(picture: ImageFile) -> bool:
    """Check the alpha of a BMP: many writers reserve its bits and leave them 0."""
    return picture.mode != "RGBA" or picture.getchannel("A").getbbox() is not None


def _is_deep_colour_png(content: bytes) -> bool:
    """Tell whether Pillow would cut 16 bits per channel to 8 (PNG 11.2.1, IHDR)."""
    return content[24] == 16 and content[25] in _SEVERAL_CHANNELS


def _deep_strips(content: bytes) -> Iterator[NDArray[Any]]:
    """Yield rows of uint16 RGB or RGBA."""
    colours = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if colours is None or colours.dtype != np.uint16 or colours.ndim != 3:
        raise ValueError("16-bit colour that OpenCV does not read")
    order = cv2.COLOR_BGRA2RGBA if colours.shape[2] == 4 else cv2.COLOR_BGR2RGB
    for top in range(0, len(colours), _STRIP_ROWS):
        yield np.asarray(cv2.cvtColor(colours[top : top + _STRIP_ROWS], order))


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
