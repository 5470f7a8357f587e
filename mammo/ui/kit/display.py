"""Pictures for the screen: scaled down and encoded. Never what a model sees.

A film has up to 30 million pixels; a browser gets at most `LONGEST_SIDE` of them a side.

Pictures go to the browser inside the page's messages. Streamlit would keep each under an address of
its own, and drops those of a visitor's last run as soon as the next begins and anybody's run ends:
on a slow line, or in a full class, a picture was gone when the browser asked for it.
"""

import base64
from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

LONGEST_SIDE = 1200
THUMBNAIL_SIDE = 96
GALLERY_SIDE = 256
NARROW = 140
"""Least pixels of a picture's column: two stand side by side on a telephone."""


def scaled_down(picture: NDArray[np.uint8], longest: int = LONGEST_SIDE) -> NDArray[np.uint8]:
    """Shrink a picture, uint8 (H, W) or (H, W, 3), to at most `longest` pixels a side."""
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def data_uri(picture: NDArray[np.uint8], lossless: bool = False) -> str:
    """Encode a picture, uint8 (H, W), (H, W, 3) RGB or (H, W, 4) RGBA, as a `data:` address.

    As PNG where `lossless`, else as JPEG: a film preview is then a fifth of the size.
    """
    if picture.ndim == 3:
        swap = cv2.COLOR_RGB2BGR if picture.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        picture = np.asarray(cv2.cvtColor(picture, swap), np.uint8)
    kind, options = ("png", []) if lossless else ("jpeg", [cv2.IMWRITE_JPEG_QUALITY, 88])
    encoded = cv2.imencode(f".{kind}", picture, options)[1].tobytes()
    return f"data:image/{kind};base64,{base64.b64encode(encoded).decode('ascii')}"


def thumbnail_uri(picture: NDArray[np.uint8]) -> str:
    """Encode a small copy of a picture for a table cell."""
    return data_uri(scaled_down(picture, THUMBNAIL_SIDE))


def enlarged(picture: NDArray[np.uint8], side: int = 512) -> NDArray[np.uint8]:
    """Enlarge a small square picture smoothly, so that a wide column does not show its blocks."""
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def show_picture(
    picture: NDArray[np.uint8], alternative: str, side: int | None = 512, **options: Any
) -> None:
    """Show a square picture enlarged to `side` pixels, or any as it is where `side` is None.

    `options` are more of `st.image`; it fills its column unless they give a width.
    """
    shown = picture if side is None else enlarged(picture, side)
    st.image(data_uri(shown), alt=alternative, **{"width": "stretch", **options})


def show_side_by_side(
    shown: Iterable[tuple[NDArray[np.uint8], str, str]], columns: int, side: int = GALLERY_SIDE
) -> None:
    """Show square pictures in columns, each with its caption in Markdown and alternative text."""
    with st.grid(columns, min_column_width=NARROW):
        for picture, caption, alternative in shown:
            show_picture(picture, alternative, side, caption=caption)
