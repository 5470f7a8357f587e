"""What is peculiar to PNG: the header that Pillow hides and chunks that lie about their length.

Used by `picture`.

Reference: PNG specification (third edition), sections 5.3 (chunks) and 11.2.1 (IHDR).
"""

import struct

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SEVERAL_CHANNELS = {2, 4, 6}
"""Colour types RGB, grey + alpha, RGB + alpha."""


def is_deep_colour_png(head: bytes) -> bool:
    """Tell whether a PNG has several channels of 16 bits, which Pillow would cut to 8.

    Parameters
    ----------
    head : bytes
        The first 26 bytes or more.
    """
    return len(head) >= 26 and head[24] == 16 and head[25] in _SEVERAL_CHANNELS


def chunks_fit(content: bytes) -> bool:
    r"""Tell whether every chunk of a PNG up to its end lies inside the file.

    OpenCV reserves and clears whatever a chunk claims, up to 2 GB.

    Parameters
    ----------
    content : bytes
        The whole file.

    Examples
    --------
    >>> chunks_fit(PNG_SIGNATURE + b"\0\0\0\0IEND" + bytes(4))
    True
    >>> chunks_fit(PNG_SIGNATURE + b"\x7f\0\0\0IDAT" + bytes(9))
    False
    """
    place = len(PNG_SIGNATURE)
    while place + 12 <= len(content):
        length, name = struct.unpack(">L4s", content[place : place + 8])
        if name == b"IEND":
            return True
        place += 12 + length
    return False
