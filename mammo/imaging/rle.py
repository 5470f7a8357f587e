"""Decode a DICOM RLE frame.

Used by `dicom_pixels`. A segment of DICOM RLE is PackBits, which Pillow decodes in C: a film takes
a third of the time of pydicom's own decoder, which is written in Python, and the size of the result
is fixed beforehand, whatever the frame claims.

Reference: DICOM PS3.5 annex G.
"""

import struct
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

_HEADER = 64


def decode_rle(
    frame: bytes, rows: int, columns: int, dtype: np.dtype[np.integer[Any]], samples: int = 1
) -> NDArray[np.integer[Any]]:
    """Decode one frame to (rows, columns), or (rows, columns, samples) if there are several."""
    segments, *starts = struct.unpack("<16L", frame[:_HEADER].ljust(_HEADER, b"\0"))
    if segments != dtype.itemsize * samples:
        raise ValueError("the number of RLE segments does not fit the bits allocated")
    bounds = [*starts[:segments], len(frame)]
    # One long line: runs may then cross the rows, which PS3.5 forbids but some writers do.
    size = (rows * columns, 1)
    planes = [
        np.asarray(PillowImage.frombytes("L", size, frame[start:end], "packbits", "L"))
        for start, end in pairwise(bounds)
    ]
    bytes_first = [i ^ (dtype.itemsize - 1) for i in range(segments)]  # the lowest byte first
    merged = np.asarray(cv2.merge([planes[i] for i in bytes_first]), dtype=np.uint8)
    shape = (rows, columns) if samples == 1 else (rows, columns, samples)
    return merged.reshape(-1).view(dtype.newbyteorder("<")).reshape(shape).astype(dtype, copy=False)
