"""The viewer's settings that are numbers or a box, as texts of its link. Free of Streamlit.

Run the tests with `pytest tests/ui/test_viewer_cases.py`; options with names are
`mammo.ui.kit.link`'s.
"""

import math

from mammo.imaging.region import Region


def number_from_link(
    text: str | None, low: float, high: float, step: float, default: float
) -> float:
    """Read a number, put onto its slider's steps; what is none or outside falls back.

    Examples
    --------
    >>> number_from_link("2.6", 0, 8, 0.5, 0), number_from_link("-3", 0, 8, 0.5, 0)
    (2.5, 0)
    >>> [number_from_link(text, 0, 8, 1, 5) for text in (None, "nan", "<b>", "9")]
    [5, 5, 5, 5]
    """
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return default
    if not low <= number <= high:
        return default
    return round(low + round((number - low) / step) * step, 6)


def number_in_link(number: float, default: float) -> str | None:
    """Write a number for the link; None where it is the default.

    Examples
    --------
    >>> number_in_link(2.5, 0), number_in_link(0.0, 0)
    ('2.5', None)
    """
    return None if number == default else f"{number:g}"


def box_from_link(text: str | None, side: int) -> Region | None:
    """Read a box on a crop of `side` pixels; None where it is none, or not on the crop.

    Examples
    --------
    >>> box_from_link("10,20,30,40", 128)
    (10, 20, 30, 40)
    >>> [box_from_link(text, 128) for text in (None, "1,2,3", "a,b,c,d", "200,0,9,9", "0,0,0,5")]
    [None, None, None, None, None]
    """
    parts = (text or "").split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() and len(part) < 6 for part in parts):
        return None
    x, y, width, height = (int(part) for part in parts)
    if x >= side or y >= side or width < 1 or height < 1:
        return None
    return x, y, min(width, side - x), min(height, side - y)


def box_in_link(box: Region | None) -> str | None:
    """Write a box for the link.

    Examples
    --------
    >>> box_in_link((1, 2, 3, 4)), box_in_link(None)
    ('1,2,3,4', None)
    """
    return None if box is None else ",".join(map(str, box))
