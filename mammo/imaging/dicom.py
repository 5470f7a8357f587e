"""Read a DICOM mammogram: from a file's bytes to an `Image`.

Used by `read`. Steps: whitelisted header, checks on what it claims, first frame, grey chain.
Nothing here warns, logs or stores; what is doubtful comes back as sentences in `Image.warnings`.
"""

from typing import BinaryIO

from mammo.imaging.dicom_facts import film_warnings, laterality, pixel_spacing_mm, view
from mammo.imaging.dicom_format import pixel_format
from mammo.imaging.dicom_grey import to_grey
from mammo.imaging.dicom_header import read_header
from mammo.imaging.dicom_pixels import read_stored_values
from mammo.imaging.image import Image
from mammo.imaging.quality import picture_warnings


def read_dicom(stream: BinaryIO) -> Image:
    """Read the first frame of a DICOM film from a seekable file."""
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
