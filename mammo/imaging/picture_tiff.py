"""What is peculiar to TIFF: its directory, its types, its planes, its two polarities.

Used by `picture`, where Pillow reads a TIFF differently from what the file says or would warn.

Reference: TIFF 6.0, sections 2 (structure), 4 and 8 (PhotometricInterpretation, SampleFormat,
PlanarConfiguration).
"""

import struct
from typing import BinaryIO

from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from mammo.errors import ImageError

_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_PLANAR_CONFIGURATION, _SEPARATE = 284, (2,)
_ENTRY = 12


def directory_is_whole(stream: BinaryIO) -> bool:
    """Tell whether the first directory of a TIFF lies inside the file.

    Pillow warns on the console about one that does not, before it fails.

    Parameters
    ----------
    stream : binary file
        Seekable, at its start, and left there.
    """
    header = stream.read(8)
    size = stream.seek(0, 2)
    order = "<" if header[:2] == b"II" else ">"
    if len(header) < 8 or header[2:4] in (b"+\0", b"\0+"):  # a BigTIFF has another layout
        stream.seek(0)
        return len(header) == 8
    (start,) = struct.unpack(order + "L", header[4:])
    stream.seek(start)
    count = stream.read(2).ljust(2, b"\xff")
    stream.seek(0)
    entries = struct.unpack(order + "H", count)[0]
    return bool(start + 2 + entries * _ENTRY + 4 <= size)


def is_deep_colour_tiff(picture: ImageFile) -> bool:
    """Tell whether a picture is a TIFF of several channels with more than 8 bits each."""
    bits = _values(picture, _BITS_PER_SAMPLE)
    return len(bits) > 1 and max(bits) > 8


def check_planes(picture: ImageFile) -> None:
    """Refuse deep colour whose channels follow one another: OpenCV reads one as if it held all.

    Raises
    ------
    ImageError
        If a TIFF's PlanarConfiguration is 2.
    """
    if _values(picture, _PLANAR_CONFIGURATION) == _SEPARATE:
        raise ImageError(
            "Expected 16-bit colours pixel by pixel, received a TIFF that keeps each colour in a "
            "plane of its own (PlanarConfiguration 2). Save it as a grey PNG."
        )


def is_white_zero_left_alone(picture: ImageFile) -> bool:
    """Tell whether "zero is white" holds where Pillow does not turn it over: above 8 bits."""
    is_deep = picture.mode.startswith("I;16") or picture.mode in {"I", "F"}
    return is_deep and _values(picture, _PHOTOMETRIC) == (0,)


def is_unsigned_32_bit(picture: ImageFile) -> bool:
    """Tell whether the values are unsigned although Pillow hands them out as signed."""
    return (
        picture.mode == "I"
        and _values(picture, _BITS_PER_SAMPLE) == (32,)
        and _values(picture, _SAMPLE_FORMAT) in ((), (1,))
    )


def _values(picture: ImageFile, tag: int) -> tuple[int, ...]:
    """Return a TIFF tag's values; () for other files and absent tags."""
    if not isinstance(picture, TiffImageFile):
        return ()
    value = picture.tag_v2.get(tag, ())
    return value if isinstance(value, tuple) else (int(value),)
