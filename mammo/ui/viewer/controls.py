"""The viewer's sliders, whose numbers stand in the link."""

import math
from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.imaging.region import Region
from mammo.inference import Classifier, ModelResult
from mammo.inference.maps import Method
from mammo.inference.overlay import ColourMap
from mammo.inference.pictures import Panel, heat_map_sheet, panel_sheet
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.table import csv_of
from mammo.ui.kit.widgets import offer_file
from mammo.ui.viewer.viewing import Crop, Viewed


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


def choose_number(
    label: str,
    name: str,
    limits: tuple[float, float, float],
    default: float,
    text_format: str,
    help_text: str | None = None,
) -> float:
    """Ask for a number by a slider."""
    key = f"viewer_{name}"
    low, high, step = limits
    held = st.session_state.get(key)
    if went_back() or held is None or not low <= held <= high:
        asked = st.query_params.get(name)
        st.session_state[key] = float(number_from_link(asked, low, high, step, default))
    number = st.slider(label, low, high, step=step, format=text_format, key=key, help=help_text)
    keep_in_link(name, number_in_link(float(number), default))
    return float(number)


SHORT_OF_LESION = "A map shows what the model used, not the extent of the lesion."


def png(picture: NDArray[np.uint8]) -> bytes:
    """Encode a picture, uint8 (H, W, 3) in red, green, blue, as PNG."""
    return cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes()


def titled(model: Classifier, title: str, picture: NDArray[np.uint8]) -> Panel:
    """Name a picture by its model and by what it is."""
    return Panel(f"{model.card.title}: {title}", picture)


def offer_map(
    viewed: Viewed,
    crop: Crop,
    answer: ModelResult,
    method: Method,
    heat: NDArray[np.float32],
    look: tuple[ColourMap, float],
) -> None:
    """Offer one map as a picture: the crop, the crop under the map, the scale, the words."""
    about = (
        f"{viewed.name}. {answer.card.title}, {method.title} ({method.reference}). "
        f"{method.resolution(answer.card)}.",
        f"{estimate(answer)} {SHORT_OF_LESION}",
        text.NOTICE_SHORT,
    )
    offer_png(
        lambda: heat_map_sheet(crop, heat, about, look[1], look[0]),
        f"{method.key}-{answer.card.name}",
    )


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
    offer_file(
        "Download as PNG",
        lambda: png(draw()),
        f"mammo-{name}.png",
        "image/png",
        key=f"png_{name}",
    )


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


def estimate(answer: ModelResult) -> str:
    """Say a model's estimate for a caption."""
    p_malignant = text.percent(answer.assessment.p_malignant)
    return f"{answer.card.title}: estimated probability of malignancy {p_malignant}."
