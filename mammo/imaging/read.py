"""Read a mammogram from any file: DICOM, PNG, JPEG, TIFF, BMP, WebP, PGM or NumPy array.

Used by the app, by `python -m mammo.predict`, by preparation and by users of the library:

    film = mammo.read_image("film.dcm")

What a file is follows from its content, never from its name.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from mammo.errors import ImageError
from mammo.imaging.image import Image
from mammo.imaging.picture import picture_format, read_picture

_HEAD = 160
_FORMATS = "DICOM, PNG, JPEG, TIFF, BMP or WebP"
_OTHER_FORMATS = {
    b"GIF8": "a GIF",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\x1f\x8b": "a gzip archive",
    b"\x93NUMPY": "a NumPy array",
    b"\0\0\0\x0cjP": "a bare JPEG 2000 picture",
    b"\xff\x4f\xff\x51": "a bare JPEG 2000 picture",
}
_DICOM_GROUPS = (2, 8)
"""Groups of tags with which a DICOM file without preamble starts."""


def read_image(source: str | os.PathLike[str] | bytes | BinaryIO) -> Image:
    """Read a film or crop as a grey 8-bit picture.

    DICOM films pass modality LUT, VOI LUT and MONOCHROME1 inversion, then min-max to 8 bit.
    8-bit grey pictures stay as they are; deeper ones are scaled by min-max; coloured ones become
    luminance, with a warning. Nothing that identifies a patient is read.

    Parameters
    ----------
    source : path, bytes or binary file
        A `str` is a path. A file is read from its start.

    Returns
    -------
    Image
        uint8 (H, W) with laterality, view, pixel spacing and warnings, as far as the file has them.

    Raises
    ------
    ImageError
        If there is no such file, or it cannot be read as a grey picture; the message says why.
    TypeError
        If `source` is none of these types.
    """
    with _opened(source) as stream:
        head = stream.read(_HEAD)
        stream.seek(0)
        if _is_dicom(head):
            # pydicom is slow to import, and most pictures do not need it.
            from mammo.imaging.dicom import read_dicom

            return read_dicom(stream)
        known = picture_format(head)
        if known is None:
            raise _unknown(head)
        return read_picture(stream, known)


@contextmanager
def _opened(source: str | os.PathLike[str] | bytes | BinaryIO) -> Iterator[BinaryIO]:
    """Give a seekable binary file at its start; close it only if it was opened here."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield BytesIO(source)
    elif isinstance(source, (str, os.PathLike)):
        with _open_path(Path(source)) as stream:
            yield stream
    elif hasattr(source, "read"):
        yield _rewound(source)
    else:
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
        probe = file.read(0)
    else:
        probe = file.read()
    if not isinstance(probe, bytes):
        raise ImageError(
            "Expected a binary file, received one opened as text. Open it with mode 'rb'."
        )
    return file if file.seekable() else BytesIO(probe)


def _is_dicom(head: bytes) -> bool:
    """Tell DICOM by "DICM" after the preamble (PS3.10 section 7.1), or by a first data element.

    Without a preamble, the first element must be of group 2 or 8 and have a VR, or under implicit
    VR a length that a first element can have.
    """
    if head[128:132] == b"DICM":
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
            "The file is empty (0 bytes): expected a picture. Export or download it again."
        )
    return ImageError(
        f"Expected {_FORMATS}, received {_kind(head)}. Its name does not matter, its content does: "
        "export the film in one of these formats."
    )


def _kind(head: bytes) -> str:
    for magic, name in _OTHER_FORMATS.items():
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        return "a HEIC, AVIF or video file"
    printable = sum(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head)
    return "a text file" if printable >= 0.95 * len(head) else "something else"
