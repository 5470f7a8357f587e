"""Read a DICOM mammogram: from a file's bytes to an `Image`.

Used by `read`. Steps: whitelisted header, checks on what it claims, first frame, grey chain.
Nothing here warns, logs or stores; what is doubtful comes back as sentences in `Image.warnings`.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import BinaryIO

from mammo.imaging.dicom_facts import film_warnings, laterality, pixel_spacing_mm, view
from mammo.imaging.dicom_format import pixel_format
from mammo.imaging.dicom_grey import to_grey
from mammo.imaging.dicom_header import read_header
from mammo.imaging.dicom_pixels import read_stored_values
from mammo.imaging.image import Image
from mammo.imaging.quality import picture_warnings

_lock = Lock()
_readers = 0
_silence = ExitStack()


def read_dicom(stream: BinaryIO) -> Image:
    """Read the first frame of a DICOM film from a seekable file."""
    with _pydicom_silenced():
        header = read_header(stream)
        layout = pixel_format(header)
        stored, pixel_warnings = read_stored_values(stream, header, layout)
        pixels, chain_warnings = to_grey(stored, header, layout)
    spacing, spacing_warnings = pixel_spacing_mm(header)
    return Image(
        pixels=pixels,
        laterality=laterality(header),
        view=view(header),
        pixel_spacing_mm=spacing,
        warnings=(
            *film_warnings(header, layout),
            *spacing_warnings,
            *pixel_warnings,
            *chain_warnings,
            *picture_warnings(pixels),
        ),
        kind="dicom",
    )


@contextmanager
def _pydicom_silenced() -> Iterator[None]:
    """Keep pydicom from warning and logging: its texts quote values of the file.

    Threads share the filters, so the first reader sets them and the last one puts them back.
    """
    global _readers  # noqa: PLW0603 - the filters are global too
    with _lock:
        if not _readers:
            _silence.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            logger = logging.getLogger("pydicom")
            _silence.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL + 1)
        _readers += 1
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if not _readers:
                _silence.close()
