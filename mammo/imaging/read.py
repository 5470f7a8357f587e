"""Read a mammogram from any file: DICOM, PNG, JPEG, TIFF, BMP, WebP, PGM or NumPy array.

Used by the app, by `python -m mammo.predict`, by preparation and by users of the library:

    film = mammo.read_image("film.dcm")

What a file is follows from its content, never from its name.
"""

import os
import re
import zlib
from contextlib import AbstractContextManager, nullcontext, suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from mammo.errors import ImageError
from mammo.imaging.grey import decoders_silenced
from mammo.imaging.image import Image
from mammo.imaging.picture import picture_format, read_picture

_HEAD = 352  # bytes by which a file is told: a NIfTI header names itself at byte 344
_DICOM_GROUPS = (2, 8)  # groups of tags with which a DICOM file without preamble starts

# The length of its header, 348, with which an Analyze or NIfTI file starts.
_ANALYZE = (b"\x5c\x01\0\0", b"\0\0\x01\x5c")

_SUFFIXES = frozenset((
    ".bmp", ".dcm", ".dicom", ".jpeg", ".jpg", ".npy", ".pgm", ".png", ".pnm", ".ppm", ".tif",
    ".tiff", ".webp",
))  # fmt: skip
_PREAMBLE = 128
"""Bytes before the letters DICM in a DICOM file (PS3.10 section 7.1)."""

_FORMATS = "DICOM, PNG, JPEG, TIFF, BMP, WebP, PGM, PPM or a NumPy array (.npy)"
_MEDICAL = "Export a slice of it as a 16-bit PNG or TIFF."
_ARCHIVE, _FILM = "Unpack it first.", "Export one still image."

# Place, first bytes, name and remedy of formats that are named and not read.
_OTHER_FORMATS: tuple[tuple[int, tuple[bytes, ...], str, str], ...] = (
    (0, (b"GIF8",), "a GIF, which has at most 256 colours", ""),
    (0, (b"%PDF",), "a PDF document", ""),
    (0, (b"PK\x03\x04",), "a ZIP archive (.zip, .npz or office document)", _ARCHIVE),
    (0, (b"\x1f\x8b",), "a gzip archive", _ARCHIVE),
    (0, (b"7z\xbc\xaf",), "a 7-Zip archive", _ARCHIVE),
    (0, (b"Rar!",), "a RAR archive", _ARCHIVE),
    (0, (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), "a bare JPEG 2000 image (.jp2, .j2k)", ""),
    (0, (b"\0\0\0\x0cJXL ", b"\xff\x0a"), "a JPEG XL image", ""),
    (0, (b"\x89HDF",), "an HDF5 file (also MATLAB's .mat)", _MEDICAL),
    (0, (b"MATLAB ",), "a MATLAB file (.mat)", _MEDICAL),
    (0, (b"NRRD",), "an NRRD file", _MEDICAL),
    (0, (b"ObjectType", b"NDims"), "a MetaImage file (.mha, .mhd)", _MEDICAL),
    (344, (b"n+1\0",), "a NIfTI file", _MEDICAL),
    (344, (b"ni1\0",), "the header of a NIfTI file", _MEDICAL),
    (4, (b"n+2\0",), "a NIfTI file", _MEDICAL),
    (0, _ANALYZE, "an Analyze or NIfTI header", _MEDICAL),
    (0, (b"v/1\x01",), "an OpenEXR image", ""),
    (0, (b"8BPS",), "a Photoshop document", ""),
    (0, (b"\0\0\x01\0",), "an icon", ""),
    (4, (b"ftypavif", b"ftypavis"), "an AVIF image", ""),
    (4, (b"ftyphe",), "a HEIC image, as phones take", ""),
    (4, (b"ftypmif1", b"ftypmsf1"), "a HEIC or AVIF image", ""),
    (4, (b"ftyp", b"moov", b"mdat"), "a video", _FILM),
    (0, (b"RIFF",), "a video or sound (RIFF)", _FILM),
    (0, (b"\x1a\x45\xdf\xa3",), "a video (Matroska or WebM)", _FILM),
    (0, (b"\0\0\x01\xba",), "a video (MPEG)", _FILM),
)


def read_image(source: str | os.PathLike[str] | bytes | BinaryIO) -> Image:
    """Read a film or crop as a grey 8-bit picture.

    DICOM films pass modality LUT, VOI LUT and MONOCHROME1 inversion, then min-max to 8 bit.
    8-bit grey pictures stay as they are; deeper ones are scaled by min-max; coloured ones become
    luminance, with a warning. Nothing that identifies a patient is read.

    Parameters
    ----------
    source : path, bytes or binary file
        A `str` is a path. A file is read from its start.

    Raises
    ------
    ImageError
        If there is no such file, or it cannot be read as a grey picture; the message says why.
    TypeError
        If `source` is none of these types.
    """
    with _opened(source) as stream, decoders_silenced():
        head = stream.read(_HEAD)
        stream.seek(0)
        if _is_dicom(head):
            # pydicom is slow to import, and most pictures do not need it.
            from mammo.imaging.dicom import read_dicom

            return read_dicom(stream)
        known = picture_format(head)
        if known is None:
            raise _unknown(head)
        return read_picture(stream, *known)


def may_be_picture(path: Path) -> bool:
    """Recognise an image by its suffix, or a DICOM file without one by its first bytes."""
    if path.name.startswith("."):
        return False
    if path.suffix.lower() in _SUFFIXES:
        return True
    try:
        if not path.is_file():  # a pipe would never end, and a device is no picture
            return False
        with path.open("rb") as file:
            return file.read(_PREAMBLE + 4)[_PREAMBLE:] == b"DICM"
    except OSError:
        return False


def _opened(
    source: str | os.PathLike[str] | bytes | BinaryIO,
) -> AbstractContextManager[BinaryIO]:
    """Return a seekable binary file at its start; close it only if it was opened here."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return BytesIO(source)
    if isinstance(source, (str, os.PathLike)):
        return _open_path(Path(source))
    if hasattr(source, "read"):
        return nullcontext(_rewound(source))
    raise TypeError(
        f"Expected a path, bytes or a binary file. Received: source={type(source).__name__}."
    )


def _open_path(path: Path) -> BinaryIO:
    try:
        if path.is_file():
            return path.open("rb")
        found = "a folder" if path.is_dir() else "no such file"
    except (OSError, ValueError) as error:
        found = f"a path that cannot be opened ({type(error).__name__})"
    raise ImageError(
        f"Expected an image file, received {found}: {str(path)!r}. Check the path and its spelling."
    )


def _rewound(file: BinaryIO) -> BinaryIO:
    if file.seekable():
        file.seek(0)
    probe = file.read(0 if file.seekable() else -1)
    if not isinstance(probe, bytes):
        raise ImageError(
            "Expected a binary file, received one opened as text. Open it with mode 'rb'."
        )
    return file if file.seekable() else BytesIO(probe)


def _is_dicom(head: bytes) -> bool:
    """Recognise DICOM by "DICM" after the preamble (PS3.10 section 7.1), or by a first element."""
    if head[_PREAMBLE : _PREAMBLE + 4] == b"DICM" or head.startswith(b"\0\0\0\0\4\0\0\0"):
        return True
    if len(head) < 16:
        return False
    for order in ("little", "big"):
        if int.from_bytes(head[:2], order) in _DICOM_GROUPS:
            vr, length = head[4:6], int.from_bytes(head[4:8], "little")
            return (vr.isalpha() and vr.isupper()) or (order == "little" and length < 128)
    return False


def _unknown(head: bytes) -> ImageError:
    if not head:
        return ImageError(
            "The file is empty (0 bytes): expected an image. Export or download it again."
        )
    name, remedy = _kind(head)
    return ImageError(
        f"Expected {_FORMATS}, received {name}. "
        + (
            remedy
            or "The content of a file counts, not its name: export the mammogram in one of these."
        )
    )


def _kind(head: bytes) -> tuple[str, str]:
    """Return what a file is, and what to do with it, if that is special."""
    if head.startswith(b"\x1f\x8b") and _unpacked(head, 4) in _ANALYZE:
        return "a compressed NIfTI file (.nii.gz)", _MEDICAL
    for place, starts, name, remedy in _OTHER_FORMATS:
        if head.startswith(starts, place):
            return name, remedy
    if re.match(rb"P[1-47Ff]\s", head):
        return "a PBM, PAM, PFM or text PGM image", "Save it as PNG or binary PGM."
    lowered = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if lowered.startswith((b"<svg", b"<?xml", b"<!doctype")):
        is_drawing = b"<svg" in lowered
        return ("a drawing (SVG)" if is_drawing else "a text file (XML or HTML)"), ""
    printable = sum(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head)
    return ("a text file" if printable >= 0.95 * len(head) else "something else"), ""


def _unpacked(head: bytes, size: int) -> bytes:
    with suppress(zlib.error):
        return zlib.decompressobj(31).decompress(head, size)
    return b""
