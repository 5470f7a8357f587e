"""Read from a compressed frame itself how large it is and whether it is complete.

Used by `dicom_pixels`, which refuses a frame whose size is not that of the DICOM header, and warns
about one without an end: some decoders fill what is missing with grey, without a word.
"""

import struct
from collections.abc import Iterator

_LONGEST_PADDING = 64
_LONGEST_BOXES = 4096


def codestream_size(frame: bytes) -> tuple[int, int] | None:
    """Read (rows, columns) from the header of a JPEG, JPEG-LS or JPEG 2000 frame.

    Parameters
    ----------
    frame : bytes

    Returns
    -------
    (int, int) or None
        None for RLE, which has no such header, and for what cannot be followed.

    References
    ----------
    ITU-T T.81 section B.2.2 (frame header), T.87 section C.2.2, T.800 section A.5.1 (SIZ).

    Examples
    --------
    >>> codestream_size(bytes.fromhex("ffd8 ffc0 000b 08 0010 0020 01 01 11 00"))
    (16, 32)
    """
    start = _jpeg_2000_start(frame)
    if start is not None and len(frame) >= start + 24:
        columns, rows, left, top = struct.unpack(">4L", frame[start + 8 : start + 24])
        return rows - top, columns - left
    if frame[:2] != b"\xff\xd8":
        return None
    for marker, body in _jpeg_segments(frame):
        is_frame = 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)
        if (is_frame or marker == 0xF7) and len(body) >= 5:
            rows, columns = struct.unpack(">HH", body[1:5])
            return rows, columns
    return None


def is_complete(frame: bytes) -> bool:
    r"""Tell whether a JPEG-family frame ends with its end marker; True for other frames.

    Parameters
    ----------
    frame : bytes
        May be padded after its end.

    References
    ----------
    ITU-T T.81 section B.1.1.3 (EOI), T.800 section A.4.4 (EOC): both FFD9.

    Examples
    --------
    >>> is_complete(b"\xff\xd8 picture \xff\xd9\0"), is_complete(b"\xff\xd8 pictu")
    (True, False)
    """
    is_jpeg_family = frame[:2] == b"\xff\xd8" or _jpeg_2000_start(frame) is not None
    return not is_jpeg_family or b"\xff\xd9" in frame[-_LONGEST_PADDING:]


def _jpeg_2000_start(frame: bytes) -> int | None:
    """Return where a JPEG 2000 codestream starts; some writers leave it in its file format."""
    start = frame.find(b"\xff\x4f\xff\x51", 0, _LONGEST_BOXES)
    is_file = frame[4:8] == b"jP  "
    return start if start == 0 or (start > 0 and is_file) else None


def _jpeg_segments(frame: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (marker, body) of a JPEG's segments up to the start of its scan."""
    position = 2
    while position + 4 <= len(frame) and frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        (length,) = struct.unpack(">H", frame[position + 2 : position + 4])
        if marker == 0xDA or length < 2:
            return
        yield marker, frame[position + 4 : position + 2 + length]
        position += 2 + length
