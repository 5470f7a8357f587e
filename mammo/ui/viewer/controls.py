"""The viewer's sliders, whose numbers stand in the link, and the files that leave it.

Options with names are `mammo.ui.kit.widgets.choose_option`'s. Tests:
`pytest tests/ui/test_viewer_cases.py tests/ui/test_viewer_visits.py`.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.imaging.region import Region
from mammo.inference.overlay import ColourMap
from mammo.inference.pictures import Panel, panel_sheet
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.table import csv_of
from mammo.ui.kit.widgets import offer_file
from mammo.ui.viewer.viewing import Viewed


def choose_number(
    label: str, name: str, limits: tuple[float, float, float], default: float, form: str = "%g"
) -> float:
    """Ask for a number by a slider, whose limits are its low and high end and its step."""
    key = f"viewer_{name}"
    low, high, step = limits
    held = st.session_state.get(key)
    if went_back() or held is None or not low <= held <= high:
        asked = st.query_params.get(name)
        st.session_state[key] = float(number_from_link(asked, low, high, step, default))
    number = float(st.slider(label, low, high, step=step, format=form, key=key))
    keep_in_link(name, None if number == default else f"{number:g}")
    return number


def number_from_link(
    link: str | None, low: float, high: float, step: float, default: float
) -> float:
    """Read a number, put onto its slider's steps; what is none or outside falls back.

    Examples
    --------
    >>> number_from_link("2.6", 0, 8, 0.5, 0), number_from_link("-3", 0, 8, 0.5, 0)
    (2.5, 0)
    >>> [number_from_link(link, 0, 8, 1, 5) for link in (None, "nan", "<b>", "9")]
    [5, 5, 5, 5]
    """
    try:
        number = math.nan if link is None else float(link)
    except ValueError:
        return default
    if not low <= number <= high:
        return default
    return round(low + round((number - low) / step) * step, 6)


def box_from_link(link: str | None, side: int) -> Region | None:
    """Read a box on a crop of `side` pixels; None where it is none, or not on the crop.

    Examples
    --------
    >>> box_from_link("10,20,30,40", 128)
    (10, 20, 30, 40)
    >>> [box_from_link(link, 128) for link in (None, "1,2,3", "a,b,c,d", "200,0,9,9", "0,0,0,5")]
    [None, None, None, None, None]
    """
    parts = (link or "").split(",")
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


def offer_panels(
    viewed: Viewed,
    panels: Sequence[Panel],
    columns: int,
    name: str,
    about: Sequence[str],
    colour_map: ColourMap | None = None,
) -> None:
    """Offer pictures in rows, with the case above all words, and the notice below."""
    paragraphs = (f"{viewed.name}.", *about, text.NOTICE_SHORT)
    offer_png(lambda: panel_sheet(panels, columns, paragraphs, colour_map), name)


def offer_png(draw: Callable[[], NDArray[np.uint8]], name: str) -> None:
    """Offer a picture, drawn once somebody asks for it, as `mammo-<name>.png`."""

    def png() -> bytes:
        return cv2.imencode(".png", np.ascontiguousarray(draw()[..., ::-1]))[1].tobytes()

    offer_file("Download as PNG", png, f"mammo-{name}.png", "image/png", key=f"png_{name}")


def offer_csv(columns: Mapping[str, Sequence[object]], name: str) -> None:
    """Offer columns of figures as `mammo-<name>.csv`; the notice stands in every row."""
    import pandas as pd

    offer_file(
        "Download as CSV",
        lambda: csv_of(pd.DataFrame(dict(columns))),
        f"mammo-{name}.csv",
        "text/csv",
        key=f"csv_{name}",
    )
