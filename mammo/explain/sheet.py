"""A picture to keep: crop and heat map side by side, with scale, caption and notice.

Used by `mammo.predict --heatmap`; a picture leaves its page, so what it says must stand on it.
"""

import textwrap
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mammo.explain.overlay import ColourMap, legend, overlay

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
    opacity, colour_map : see `mammo.explain.overlay`

    Returns
    -------
    uint8 (H, W, 3), red, green, blue, on white.

    Raises
    ------
    ImageError, SettingsError
        As `mammo.explain.overlay`.
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
    _draw_scale(sheet, top, colour_map)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE)
    for row, line in enumerate(lines):
        draw.text((GAP, top + (row + 2) * LINE_HEIGHT), line, fill=INK, font=font)
    return np.asarray(sheet, np.uint8)


def _draw_scale(sheet: Image.Image, top: int, colour_map: ColourMap) -> None:
    """Draw the colour scale below the right panel, its two ends in words."""
    left = 2 * GAP + PANEL
    ramp = legend(colour_map, PANEL, LINE_HEIGHT // 2)
    sheet.paste(Image.fromarray(ramp), (left, top - GAP // 2))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE - 3)
    below = top + LINE_HEIGHT // 2
    draw.text((left, below), SCALE_WORDS[0], fill=INK, font=font)
    draw.text((left + PANEL, below), SCALE_WORDS[1], fill=INK, font=font, anchor="ra")
