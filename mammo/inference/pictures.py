"""A picture to keep: crop and heat map side by side, with scale, caption and notice.

Used by `mammo.predict --heatmap`; a picture leaves its page, so what it says must stand on it.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mammo.errors import ImageError
from mammo.inference.overlay import ColourMap, colour, legend, overlay

PANEL = 384
GAP = 16
TEXT_SIZE = 15
LINE_HEIGHT = 21
CHARACTERS_A_LINE = 96
INK = (32, 32, 32)
SCALE_WORDS = ("no evidence for malignancy", "strongest in this crop")


def heat_map_sheet(
    crop: NDArray[np.uint8],
    heat: NDArray[np.floating],
    words: Sequence[str],
    opacity: float = 0.5,
    colour_map: ColourMap = "viridis",
) -> NDArray[np.uint8]:
    """Draw a crop, the same crop under its heat map, the colour scale, and lines of words.

    Parameters
    ----------
    crop : uint8 (S, S), 0-255
    heat : float (S, S), 0-1
    words : paragraphs to stand below, each wrapped: caption, notice
    opacity, colour_map : see `mammo.inference.overlay`

    Returns
    -------
    uint8 (H, W, 3), red, green, blue, on white.

    Raises
    ------
    ImageError, SettingsError
        As `mammo.inference.overlay`.
    """
    panels = (crop, overlay(crop, heat, opacity, colour_map))
    lines = [line for paragraph in words for line in textwrap.wrap(paragraph, CHARACTERS_A_LINE)]
    width = 2 * PANEL + 3 * GAP
    top = PANEL + 2 * GAP
    height = top + LINE_HEIGHT * (len(lines) + 2) + GAP
    sheet = Image.new("RGB", (width, height), "white")
    for column, panel in enumerate(panels):
        enlarged = Image.fromarray(panel).resize((PANEL, PANEL), Image.Resampling.BICUBIC)
        sheet.paste(enlarged, (GAP + column * (PANEL + GAP), GAP))
    _draw_sheet_scale(sheet, top, colour_map)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE)
    for row, line in enumerate(lines):
        draw.text((GAP, top + (row + 2) * LINE_HEIGHT), line, fill=INK, font=font)
    return np.asarray(sheet, np.uint8)


def _draw_sheet_scale(sheet: Image.Image, top: int, colour_map: ColourMap) -> None:
    """Draw the colour scale below the right panel, its two ends in words."""
    left = 2 * GAP + PANEL
    ramp = legend(colour_map, PANEL, LINE_HEIGHT // 2)
    sheet.paste(Image.fromarray(ramp), (left, top - GAP // 2))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE - 3)
    below = top + LINE_HEIGHT // 2
    draw.text((left, below), SCALE_WORDS[0], fill=INK, font=font)
    draw.text((left + PANEL, below), SCALE_WORDS[1], fill=INK, font=font, anchor="ra")


PIXELS_A_CHARACTER = 8


@dataclass(frozen=True, eq=False)
class Panel:
    """Hold one picture, uint8 (H, W) or (H, W, 3) in red, green, blue, and its title."""

    title: str
    picture: NDArray[np.uint8]


def panel_sheet(
    panels: Sequence[Panel],
    columns: int,
    words: Sequence[str],
    colour_map: ColourMap | None = None,
    side: int = 224,
    scale_words: tuple[str, str] = SCALE_WORDS,
) -> NDArray[np.uint8]:
    """Draw panels in rows, each under its title, then the colour scale, then lines of words.

    Parameters
    ----------
    panels : square pictures, enlarged or shrunk to `side`
    columns : int, panels in a row
    words : paragraphs to stand below, each wrapped: caption, notice
    colour_map : whose scale is drawn; None draws none
    side : int, pixels of a panel
    scale_words : what the dark and the bright end of the scale mean

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
    width = max(columns * (side + GAP) + GAP, 480)
    lines = _wrapped(words, width)
    row_height = side + LINE_HEIGHT + GAP
    scale_height = 2 * LINE_HEIGHT if colour_map else 0
    top = GAP + rows * row_height
    sheet = Image.new("RGB", (width, top + scale_height + LINE_HEIGHT * len(lines) + GAP), "white")
    for place, panel in enumerate(panels):
        corner = (GAP + place % columns * (side + GAP), GAP + place // columns * row_height)
        _paste(sheet, panel, corner, side)
    if colour_map:
        _draw_scale(sheet, top, colour_map, scale_words)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE)
    for row, line in enumerate(lines):
        draw.text((GAP, top + scale_height + row * LINE_HEIGHT), line, fill=INK, font=font)
    return np.asarray(sheet, np.uint8)


def _wrapped(words: Sequence[str], width: int) -> list[str]:
    characters = (width - 2 * GAP) // PIXELS_A_CHARACTER
    return [line for paragraph in words for line in textwrap.wrap(paragraph, characters)]


def _paste(sheet: Image.Image, panel: Panel, corner: tuple[int, int], side: int) -> None:
    """Put a panel and the title above it onto the sheet; a long title is cut to the panel."""
    font = ImageFont.load_default(TEXT_SIZE - 2)
    title = textwrap.shorten(panel.title, side // (PIXELS_A_CHARACTER - 1), placeholder="…")
    ImageDraw.Draw(sheet).text(corner, title, fill=INK, font=font)
    enlarged = Image.fromarray(panel.picture).resize((side, side), Image.Resampling.BICUBIC)
    sheet.paste(enlarged, (corner[0], corner[1] + LINE_HEIGHT))


def _draw_scale(
    sheet: Image.Image, top: int, colour_map: ColourMap, scale_words: tuple[str, str]
) -> None:
    """Draw the colour scale over the sheet's width, its two ends in words."""
    length = sheet.width - 2 * GAP
    ramp = np.tile(np.linspace(0, 1, length), (LINE_HEIGHT // 2, 1))
    sheet.paste(Image.fromarray(colour(ramp, colour_map)), (GAP, top))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE - 3)
    below = top + LINE_HEIGHT // 2 + 2
    draw.text((GAP, below), scale_words[0], fill=INK, font=font)
    draw.text((GAP + length, below), scale_words[1], fill=INK, font=font, anchor="ra")


MOST_TILES = 24
_GAP = 4


def most_active(maps: NDArray[np.float32], most: int = MOST_TILES) -> list[int]:
    """Return the places of the maps, float32 (k, h, w), with the highest mean, the highest first.

    Examples
    --------
    >>> most_active(np.array([[[1.0]], [[5.0]], [[3.0]]], np.float32), most=2)
    [1, 2]
    """
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
    """Lay tiles out in rows, each enlarged without smoothing.

    Parameters
    ----------
    tiles : float32 (k, h, w), 0-1
    columns : int, tiles in a row
    side : int, pixels of a tile
    ground : float, 0-1, between the tiles and where the last row ends early

    Returns
    -------
    float32 (H, W), 0-1

    Raises
    ------
    ImageError
        There is no tile.
    """
    if tiles.ndim != 3 or not len(tiles):
        raise ImageError(f"A mosaic needs tiles of (k, h, w). Received: shape {tiles.shape}.")
    rows = -(-len(tiles) // columns)
    step = side + _GAP
    picture = np.full((rows * step - _GAP, columns * step - _GAP), ground, np.float32)
    for place, tile in enumerate(tiles):
        top, left = place // columns * step, place % columns * step
        large = cv2.resize(tile, (side, side), interpolation=cv2.INTER_NEAREST)
        picture[top : top + side, left : left + side] = large
    return picture
