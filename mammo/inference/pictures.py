"""Pictures to keep: crop and heat map side by side, panels in rows; with scale, caption and notice.

Used by `mammo.predict --heatmap` and by the viewer; a picture leaves its page, so what it says must
stand on it. Also the tiles of a network's inner maps.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mammo.errors import ImageError
from mammo.inference.overlay import ColourMap, legend, overlay

PANEL = 384
"""Pixels of a picture on the sheet of one heat map, and of a panel among others."""
SIDE = 224
GAP = 16
LINE_HEIGHT = 21
SCALE_WORDS = ("no evidence for malignancy", "strongest in this crop")
MOST_TILES = 24

_TEXT_SIZE = 15
_CHARACTERS_A_LINE = 96
_PIXELS_A_CHARACTER = 8
_INK = (32, 32, 32)
_BETWEEN_TILES = 4


@dataclass(frozen=True, eq=False)
class Panel:
    """One picture, uint8 (H, W) or (H, W, 3) in red, green, blue, and its title."""

    title: str
    picture: NDArray[np.uint8]


def heat_map_sheet(
    crop: NDArray[np.uint8],
    heat: NDArray[np.floating],
    words: Sequence[str],
    opacity: float = 0.5,
    colour_map: ColourMap = "viridis",
) -> NDArray[np.uint8]:
    """Draw a crop, the same crop under its heat map, the colour scale, and paragraphs of words.

    In and errors as `mammo.inference.overlay.overlay`; gives uint8 (H, W, 3), on white.
    """
    lines = _wrapped(words, _CHARACTERS_A_LINE)
    top = PANEL + 2 * GAP
    size = 2 * PANEL + 3 * GAP, top + LINE_HEIGHT * (len(lines) + 2) + GAP
    sheet = Image.new("RGB", size, "white")
    right = 2 * GAP + PANEL
    _paste(sheet, crop, (GAP, GAP), PANEL)
    _paste(sheet, overlay(crop, heat, opacity, colour_map), (right, GAP), PANEL)
    _draw_scale(sheet, colour_map, (right, top - GAP // 2), PANEL, LINE_HEIGHT // 2 + GAP // 2)
    _write(sheet, lines, top + 2 * LINE_HEIGHT)
    return np.asarray(sheet, np.uint8)


def panel_sheet(
    panels: Sequence[Panel],
    columns: int,
    words: Sequence[str],
    colour_map: ColourMap | None = None,
) -> NDArray[np.uint8]:
    """Draw panels in rows, each under its title, then the colour scale, then paragraphs of words.

    Parameters
    ----------
    panels : square pictures, enlarged or shrunk to `SIDE`
    columns : panels in a row
    colour_map : whose scale is drawn; None draws none

    Returns
    -------
    uint8 (H, W, 3), red, green, blue, on white.

    Raises
    ------
    ImageError
        There is no panel.
    """
    if not panels:
        raise ImageError("A sheet needs at least one panel. Received: none.")
    rows = -(-len(panels) // columns)
    width = max(columns * (SIDE + GAP) + GAP, 480)
    lines = _wrapped(words, (width - 2 * GAP) // _PIXELS_A_CHARACTER)
    row_height = SIDE + LINE_HEIGHT + GAP
    top = GAP + rows * row_height
    words_top = top + (2 * LINE_HEIGHT if colour_map else 0)
    sheet = Image.new("RGB", (width, words_top + LINE_HEIGHT * len(lines) + GAP), "white")
    font = ImageFont.load_default(_TEXT_SIZE - 2)
    for place, panel in enumerate(panels):
        left, above = GAP + place % columns * (SIDE + GAP), GAP + place // columns * row_height
        title = textwrap.shorten(panel.title, SIDE // (_PIXELS_A_CHARACTER - 1), placeholder="…")
        ImageDraw.Draw(sheet).text((left, above), title, fill=_INK, font=font)
        _paste(sheet, panel.picture, (left, above + LINE_HEIGHT), SIDE)
    if colour_map:
        _draw_scale(sheet, colour_map, (GAP, top), width - 2 * GAP, LINE_HEIGHT // 2 + 2)
    _write(sheet, lines, words_top)
    return np.asarray(sheet, np.uint8)


def _wrapped(words: Sequence[str], characters: int) -> list[str]:
    return [line for paragraph in words for line in textwrap.wrap(paragraph, characters)]


def _paste(
    sheet: Image.Image, picture: NDArray[np.uint8], corner: tuple[int, int], side: int
) -> None:
    enlarged = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC)
    sheet.paste(enlarged, corner)


def _draw_scale(
    sheet: Image.Image, colour_map: ColourMap, corner: tuple[int, int], length: int, words: int
) -> None:
    """Draw a colour scale, its two ends in words, which begin `words` pixels below its top."""
    sheet.paste(Image.fromarray(legend(colour_map, length, LINE_HEIGHT // 2)), corner)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT_SIZE - 3)
    (left, top), (low, high) = corner, SCALE_WORDS
    draw.text((left, top + words), low, fill=_INK, font=font)
    draw.text((left + length, top + words), high, fill=_INK, font=font, anchor="ra")


def _write(sheet: Image.Image, lines: Sequence[str], top: int) -> None:
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT_SIZE)
    for row, line in enumerate(lines):
        draw.text((GAP, top + row * LINE_HEIGHT), line, fill=_INK, font=font)


def most_active(maps: NDArray[np.float32], most: int = MOST_TILES) -> list[int]:
    """Return the places of the maps (k, h, w) with the highest mean, the highest first."""
    means = maps.reshape(len(maps), -1).mean(axis=1)
    return [int(place) for place in np.argsort(-means, kind="stable")[:most]]


def shares(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale maps of at least 0 by their common peak: 0-1, all 0 where nothing is active."""
    peak = float(maps.max(initial=0))
    return np.asarray(np.clip(maps / peak, 0, 1) if peak > 0 else np.zeros_like(maps), np.float32)


def signed_shares(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale weights about 0 by their common peak: 0 is the most negative, 0.5 none, 1 the most.

    Examples
    --------
    >>> signed_shares(np.array([[[-2.0, 0.0, 1.0]]], np.float32)).tolist()
    [[[0.0, 0.5, 0.75]]]
    """
    peak = float(np.abs(weights).max(initial=0))
    scaled = weights / (2 * peak) if peak > 0 else np.zeros_like(weights)
    return np.asarray(0.5 + scaled, np.float32)


def mosaic(
    tiles: NDArray[np.float32], columns: int, side: int, ground: float = 1.0
) -> NDArray[np.float32]:
    """Lay tiles, float32 (k, h, w) in 0-1, out in rows, each enlarged to `side` without smoothing.

    `ground` lies between the tiles and where the last row ends early.

    Raises
    ------
    ImageError
        There is no tile.
    """
    if tiles.ndim != 3 or not len(tiles):
        raise ImageError(f"A mosaic needs tiles of (k, h, w). Received: shape {tiles.shape}.")
    rows = -(-len(tiles) // columns)
    step = side + _BETWEEN_TILES
    size = (rows * step - _BETWEEN_TILES, columns * step - _BETWEEN_TILES)
    picture = np.full(size, ground, np.float32)
    for place, tile in enumerate(tiles):
        top, left = place // columns * step, place % columns * step
        large = cv2.resize(tile, (side, side), interpolation=cv2.INTER_NEAREST)
        picture[top : top + side, left : left + side] = large
    return picture
