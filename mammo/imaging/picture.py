"""Read a picture file that is not DICOM: from its bytes to an `Image`.

Used by `read`. Each format has a decoder, which gives grey values in the file's own depth; here
they are turned upright and brought to 8 bits. 8-bit grey stays value for value; everything deeper
is scaled by its minimum and maximum. Pillow opens the header, so that a size beyond the limits is
refused before a pixel is decoded, and decodes everything that has 8 bits per channel or one
channel. Colours of 16 bits, which Pillow would cut to 8 without a word, are decoded by OpenCV.
Neither sees metadata (`essence`). PGM (as mini-MIAS has), PPM and NumPy arrays are read
here; TIFF has its own module.

References: EXIF 2.32; Netpbm's manual pages pgm(5) and ppm(5); numpy.lib.format.
"""

import math
import re
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from mammo.errors import ImageError
from mammo.imaging.essence import Essence, jpeg_essence, png_essence, webp_essence
from mammo.imaging.grey import STRIP_ROWS, damage_refused, in_strips, min_max, to_grey
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS, Image, check_size, refusal
from mammo.imaging.picture_tiff import decode_tiff, exif_orientation
from mammo.imaging.quality import picture_warnings

Decoded = tuple[NDArray[Any], int, tuple[str, ...]]  # grey in the file's depth; orientation; doubts
_Decoder = Callable[[BinaryIO], Decoded]

_GREY_MODES = {"1", "L", "I;16", "I;16B", "I;16L", "I;16N", "I"}
_ALPHA_MODES = {"LA", "La", "PA", "RGBA", "RGBa"}
_COLOUR_MODES = {"RGB", "RGBX", "YCbCr", "P"}
_SEVERAL_CHANNELS = {2, 4, 6}  # colour types of a PNG: RGB, grey + alpha, RGB + alpha
_BMP_RUN_LENGTHS = {1, 2}  # compressions that jump over millions of pixels in a few bytes
_BMP_SHORT_HEADER = b"\x0c\0\0\0"  # the length of the one header that names no compression


def _decoded(
    stream: BinaryIO, reader: type[ImageFile], essence_of: Callable[[bytes], Essence]
) -> Decoded:
    """Decode a picture; any exception but `ImageError` means damage."""
    essence = essence_of(stream.read())
    content = essence.content  # of a PNG, byte 24 is the depth and byte 25 the colour type
    try:
        picture = reader(BytesIO(content))
    except PillowImage.DecompressionBombError:  # WebP is measured by Pillow's own limit
        raise ImageError(
            f"The image is too large: expected at most {MAX_PIXELS // 10**6} million pixels, "
            "received more. Cut out the breast or export it smaller."
        ) from None
    _check_mode(picture.mode)
    is_deep = reader is PngImageFile and content[24] == 16 and content[25] in _SEVERAL_CHANNELS
    is_costly = is_deep or essence.is_buffered or reader is WebPImageFile
    shape = (picture.height, picture.width)
    check_size(*shape, MAX_COSTLY_PIXELS if is_costly else MAX_PIXELS)
    strips = _deep_strips(content) if is_deep else _strips(picture, content)
    grey, warnings = to_grey(strips, shape)
    if essence.frames > 1:
        many = f"The file holds {essence.frames:,} pages or frames; only the first was read."
        warnings = (many, *warnings)
    return grey, exif_orientation(essence.exif), warnings


def _bmp_essence(content: bytes) -> Essence:
    size, compression = content[14:18], int.from_bytes(content[30:34], "little")
    if compression in _BMP_RUN_LENGTHS and size != _BMP_SHORT_HEADER:
        received = "one with run-length compression (RLE)"
        raise refusal("an uncompressed BMP", received, "Save it as a grey PNG.")
    return Essence(content)


def _check_mode(mode: str) -> None:
    received, remedy = f"one of kind {mode!r}", "Save it again as a grey PNG."
    if mode == "CMYK":
        received = "CMYK (printing inks), whose greys depend on the printer"
        remedy = "Save it again as a grey image."
    if mode not in _GREY_MODES | _ALPHA_MODES | _COLOUR_MODES:
        raise refusal("a grey or RGB image", received, remedy)


def _strips(picture: ImageFile, content: bytes) -> Iterator[NDArray[Any]]:
    """Yield the rows of a picture from the top on; a copy of each strip, not of it all."""
    transparent = _transparent_value(picture, content)
    picture.load()
    mode = _array_mode(picture)
    for top in range(0, picture.height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, picture.height)
        strip = picture.crop((0, top, picture.width, bottom))
        values = np.asarray(strip if mode is None else strip.convert(mode))
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        yield values if transparent is None else np.where(values == transparent, 0, values)


def _transparent_value(picture: ImageFile, content: bytes) -> int | None:
    """Return the grey that a PNG calls transparent, unless it has 8 bits, as Pillow expects."""
    depth = content[24]
    if not isinstance(picture, PngImageFile) or content[25] != 0 or depth == 8:
        return None
    value: int | None = picture.info.pop("transparency", None)
    if value is None or depth == 16:
        return value
    return min(255, int(value) * (255 // ((1 << depth) - 1)))


def _array_mode(picture: ImageFile) -> str | None:
    """Return the mode in which Pillow hands out the values; None where as they are."""
    if picture.mode == "1":
        return "L"
    if isinstance(picture, BmpImageFile) and picture.mode == "RGBA":
        # Many writers reserve the bits of alpha and leave them 0.
        return "RGBA" if picture.getchannel("A").getbbox() else "RGB"
    has_key = "transparency" in picture.info and picture.mode in {"L", "P", "RGB"}
    if picture.mode in _ALPHA_MODES or has_key:
        return "RGBA"
    return "RGB" if picture.mode in _COLOUR_MODES else None


def _deep_strips(content: bytes) -> Iterator[NDArray[Any]]:
    """Yield rows of uint16 RGB or RGBA."""
    colours = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if colours is None or colours.dtype != np.uint16 or colours.ndim != 3:
        raise ValueError("16-bit colour that OpenCV does not read")
    order = cv2.COLOR_BGRA2RGBA if colours.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return (np.asarray(cv2.cvtColor(strip, order)) for strip in in_strips(colours))


_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_PNM_HEADER = re.compile(rb"P([56])" + (_GAP + rb"(\d{1,9})") * 3 + rb"(?:#[^\r\n]*[\r\n]|\s)")
_MAX_PNM_HEADER = 65_536  # bytes up to the first pixel, comments included


def _decode_pnm(stream: BinaryIO) -> tuple[NDArray[Any], int, tuple[str, ...]]:
    """Decode a binary PGM or PPM file."""
    header = _PNM_HEADER.match(stream.read(_MAX_PNM_HEADER))
    if not header:
        raise ValueError
    kind, width, height, most = (int(number) for number in header.groups())
    if not 1 <= most <= 65_535:
        raise ValueError
    is_costly = kind == 6 and most > 255
    check_size(height, width, MAX_COSTLY_PIXELS if is_costly else MAX_PIXELS)
    stream.seek(header.end())
    shape = (height, width) if kind == 5 else (height, width, 3)
    binary = np.dtype(np.uint8 if most < 256 else ">u2")
    values = np.frombuffer(stream.read(math.prod(shape) * binary.itemsize), binary).reshape(shape)
    shown = (_full_range(strip, most) for strip in in_strips(values))
    grey, warnings = to_grey(shown, (height, width))
    return grey, 1, warnings


def _full_range(strip: NDArray[Any], most: int) -> NDArray[Any]:
    """Widen rows of 0 to `most` to 8 bits, colours of more (they are compared) to 16."""
    if strip.max() > most:
        expected = f"values up to {most:,}, as the header states"
        raise refusal(expected, f"{strip.max():,}", "Save the image as PNG.")
    if most < 255:
        return np.rint(strip * (255 / most)).astype(np.uint8)
    if strip.ndim == 3 and most > 255:
        return np.rint(strip * (65_535 / most)).astype(np.uint16)
    return strip.astype(np.uint8 if most == 255 else np.uint16)


_MAX_NPY_HEADER = 4_096  # letters that describe type and shape; NumPy writes 64 to 128
_MAX_WIDTH = 8  # bytes per number; longer floats differ between machines


def _decode_npy(stream: BinaryIO) -> tuple[NDArray[Any], int, tuple[str, ...]]:
    """Decode a .npy file."""
    is_first = npy.read_magic(stream) == (1, 0)
    read_header = npy.read_array_header_1_0 if is_first else npy.read_array_header_2_0
    shape, is_fortran, kind = read_header(stream, max_header_size=_MAX_NPY_HEADER)
    if kind.kind not in "uif" or kind.itemsize > _MAX_WIDTH:
        raise _npy_refused("whole or floating-point numbers of at most 64 bits", kind.name[:40])
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        expected = "shape (height, width), or with 1, 3 or 4 channels"
        raise _npy_refused(expected, f"shape {shape[:6]}")
    is_colour = len(shape) == 3 and shape[2] > 1
    is_costly = kind.itemsize > 2 or (is_colour and (kind.itemsize > 1 or is_fortran))
    check_size(shape[0], shape[1], MAX_COSTLY_PIXELS if is_costly else MAX_PIXELS)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    content = stream.read(size)
    if len(content) < size:
        raise EOFError
    values = np.frombuffer(content, kind).reshape(shape, order="F" if is_fortran else "C")
    values = values[..., 0] if len(shape) == 3 and not is_colour else values
    native = np.dtype(np.float32) if kind.name == "float16" else kind.newbyteorder("=")
    shown = (np.ascontiguousarray(strip, dtype=native) for strip in in_strips(values))
    grey, warnings = to_grey(shown, (shape[0], shape[1]))
    return grey, 1, warnings


def _npy_refused(expected: str, received: str) -> ImageError:
    remedy = "Save the image as uint8 or uint16 of shape (height, width)."
    return refusal(f"a NumPy array of {expected}", received, remedy)


_FORMATS: dict[bytes, tuple[str, _Decoder]] = {
    b"\x89PNG\r\n\x1a\n": ("PNG", partial(_decoded, reader=PngImageFile, essence_of=png_essence)),
    b"\xff\xd8\xff": ("JPEG", partial(_decoded, reader=JpegImageFile, essence_of=jpeg_essence)),
    b"BM": ("BMP", partial(_decoded, reader=BmpImageFile, essence_of=_bmp_essence)),
    b"\x93NUMPY": ("NumPy", _decode_npy),
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), ("TIFF", decode_tiff)),
    **{
        b"P%d%c" % (number, blank): ("PGM or PPM", _decode_pnm)
        for number in (5, 6)
        for blank in b" \t\r\n#"
    },
}
_WEBP = ("WebP", partial(_decoded, reader=WebPImageFile, essence_of=webp_essence))


def picture_format(head: bytes) -> tuple[str, _Decoder] | None:
    """Return name and decoder of a file that starts with these bytes, or None.

    >>> picture_format(b"BM" + bytes(12))[0]
    'BMP'
    """
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _WEBP
    return next((known for magic, known in _FORMATS.items() if head.startswith(magic)), None)


def read_picture(stream: BinaryIO, name: str, decode: _Decoder) -> Image:
    """Read a picture file."""
    with damage_refused(f"a whole {name} image", "Save it again as PNG."):
        grey, orientation, warnings = decode(stream)
    pixels = np.asarray(grey, np.uint8) if grey.dtype == np.uint8 else min_max(grey)
    pixels = np.ascontiguousarray(_oriented(pixels, orientation))
    return Image(pixels, warnings=(*warnings, *picture_warnings(pixels)), kind="picture")


def _oriented(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn a picture upright (EXIF 2.32, section 4.6.4, Orientation: 1 to 8)."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values
