"""Read a picture file (PNG, JPEG, TIFF, BMP, WebP): from its bytes to an `Image`.

Used by `read`. Pillow opens the header, so that a size beyond the limits is refused before a pixel
is decoded, and decodes everything that has 8 bits a channel or one channel. Colour with 16 bits a
channel, which Pillow would cut to 8 in silence, is decoded by OpenCV after Pillow found it whole.

8-bit grey stays value for value; everything deeper is scaled to 8 bit by its minimum and maximum.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from mammo.errors import ImageError
from mammo.imaging.damage import damage_refused
from mammo.imaging.depth import to_eight_bit
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS, Image, check_size
from mammo.imaging.picture_colour import to_grey
from mammo.imaging.picture_png import PNG_SIGNATURE, chunks_fit, is_deep_colour_png
from mammo.imaging.picture_tiff import (
    check_planes,
    directory_is_whole,
    is_deep_colour_tiff,
    is_unsigned_32_bit,
    is_white_zero_left_alone,
)
from mammo.imaging.quality import picture_warnings

_STRIP_ROWS = 256
_EXIF_ORIENTATION = 0x0112
_GREY_MODES = {"L", "I;16", "I;16B", "I;16L", "I;16N", "I", "F"}
_32_BIT_MODES = {"I", "F"}
_ALPHA_MODES = {"LA", "La", "PA", "RGBA", "RGBa"}
_COLOUR_MODES = {"RGB", "RGBX", "YCbCr", "LAB", "HSV", "P"}


def picture_format(head: bytes) -> type[ImageFile] | None:
    """Return the Pillow class that reads a file starting with these bytes, or None.

    The class is called itself rather than through `PIL.Image.open`, which warns about sizes by its
    own limit.

    Parameters
    ----------
    head : bytes
        The first 12 bytes or more.

    Examples
    --------
    >>> picture_format(b"BM" + bytes(12)).__name__
    'BmpImageFile'
    """
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WebPImageFile
    classes: dict[bytes, type[ImageFile]] = {
        PNG_SIGNATURE: PngImageFile,
        b"\xff\xd8\xff": JpegImageFile,
        b"II*\0": TiffImageFile,
        b"MM\0*": TiffImageFile,
        b"II+\0": TiffImageFile,
        b"BM": BmpImageFile,
    }
    return next((value for magic, value in classes.items() if head.startswith(magic)), None)


def read_picture(stream: BinaryIO, reader: type[ImageFile]) -> Image:
    """Read a picture file.

    Parameters
    ----------
    stream : binary file
        Seekable, at its start.
    reader : type
        As `picture_format` returned it.

    Returns
    -------
    Image
        Of kind "picture".

    Raises
    ------
    ImageError
        If the file is damaged, truncated, too large or too small, in printing colours (CMYK), or
        has pixels that are no numbers.
    """
    picture = _open(stream, reader)
    check_size(picture.height, picture.width)
    frames = _frames(picture)
    grey, colour_warnings = _decode(picture, stream)
    # Both decoders turn a TIFF themselves.
    orientation = 1 if isinstance(picture, TiffImageFile) else _orientation(picture)
    del picture  # its pixels, up to four times those of the result
    pixels = _oriented(to_eight_bit(grey), orientation)
    return Image(
        pixels=np.ascontiguousarray(pixels),
        warnings=(*_frames_warning(frames), *colour_warnings, *picture_warnings(pixels)),
        kind="picture",
    )


def _open(stream: BinaryIO, reader: type[ImageFile]) -> ImageFile:
    with damage_refused(*_whole(reader)):
        if reader is TiffImageFile and not directory_is_whole(stream):
            raise EOFError
        try:
            return reader(stream)
        except PillowImage.DecompressionBombError:  # WebP is measured by Pillow's own limit
            raise ImageError(
                "The picture is too large: expected at most "
                f"{MAX_PIXELS // 10**6} million pixels, received more. "
                "Cut out the breast or export it smaller."
            ) from None


def _frames(picture: ImageFile) -> int:
    """Return the number of pages or frames; 1 where the chain of pages is broken."""
    frames = 1
    with suppress(Exception):
        frames = int(getattr(picture, "n_frames", 1))
    picture.seek(0)
    return frames


def _frames_warning(frames: int) -> tuple[str, ...]:
    if frames == 1:
        return ()
    return (f"The file holds {frames} pages or frames; only the first was read.",)


def _decode(picture: ImageFile, stream: BinaryIO) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return grey (H, W) in the file's own depth, and warnings about colours."""
    _check_mode(picture.mode)
    is_deep = _is_deep_colour(picture, stream)
    if is_deep:
        check_planes(picture)
    if is_deep or picture.mode in _32_BIT_MODES or isinstance(picture, WebPImageFile):
        check_size(picture.height, picture.width, MAX_COSTLY_PIXELS)
    unsigned, inverted = is_unsigned_32_bit(picture), is_white_zero_left_alone(picture)
    with damage_refused(*_whole(type(picture))):
        if is_deep:
            colours = _deep_colour(stream, type(picture))
            grey, warnings = to_grey(_deep_strips(colours), colours.shape[:2])
        else:
            picture.load()
            grey, warnings = to_grey(_strips(picture), (picture.height, picture.width))
    if unsigned:
        grey = grey.view(np.uint32)
    if inverted:
        np.subtract(grey.max(), grey, out=grey)
    return grey, warnings


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


def _strips(picture: ImageFile) -> Iterator[NDArray[Any]]:
    """Yield the rows of a loaded picture from the top on; a copy of each strip, not of it all."""
    mode = _array_mode(picture)
    for top in range(0, picture.height, _STRIP_ROWS):
        bottom = min(top + _STRIP_ROWS, picture.height)
        strip = picture.crop((0, top, picture.width, bottom))
        values = np.asarray(strip if mode is None else strip.convert(mode))
        yield values.astype(values.dtype.newbyteorder("="), copy=False)


def _array_mode(picture: ImageFile) -> str | None:
    """Return the mode in which Pillow hands out the values; None where as they are."""
    if picture.mode == "1":
        return "L"
    if picture.mode in _ALPHA_MODES or (
        "transparency" in picture.info and picture.mode in {"L", "P", "RGB"}
    ):
        return "RGBA"
    return "RGB" if picture.mode in _COLOUR_MODES else None


def _is_deep_colour(picture: ImageFile, stream: BinaryIO) -> bool:
    """Tell whether Pillow would cut 16 bits a channel to 8."""
    if isinstance(picture, PngImageFile):
        position = stream.tell()
        stream.seek(0)
        head = stream.read(32)
        stream.seek(position)
        return is_deep_colour_png(head)
    return is_deep_colour_tiff(picture)


def _deep_colour(stream: BinaryIO, reader: type[ImageFile]) -> NDArray[Any]:
    """Return uint16 (H, W, 3) BGR or (H, W, 4) BGRA, once Pillow has found the file whole."""
    stream.seek(0)
    reader(stream).load()
    stream.seek(0)
    content = stream.read()
    if content.startswith(PNG_SIGNATURE) and not chunks_fit(content):
        raise ValueError("a PNG chunk that leaves the file")
    values = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        raise ValueError("16-bit colour that OpenCV does not read")
    return np.asarray(values)


def _deep_strips(colours: NDArray[Any]) -> Iterator[NDArray[Any]]:
    order = cv2.COLOR_BGRA2RGBA if colours.shape[2] == 4 else cv2.COLOR_BGR2RGB
    for top in range(0, len(colours), _STRIP_ROWS):
        yield np.asarray(cv2.cvtColor(colours[top : top + _STRIP_ROWS], order))


def _orientation(picture: ImageFile) -> int:
    with suppress(Exception):  # a damaged EXIF block says nothing about the pixels
        return int(picture.getexif().get(_EXIF_ORIENTATION, 1))
    return 1


def _oriented(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn a picture upright (EXIF 2.32, section 4.6.4, Orientation: 1 to 8)."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values


def _whole(reader: type[ImageFile]) -> tuple[str, str]:
    """Return what is expected of a file of this format, and what to do if it is not so."""
    return f"a whole {reader.format} picture", "Save it again as PNG."
