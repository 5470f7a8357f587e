"""Pictures in rows to keep: titled panels, a colour scale where there is one, words below.

Used by the Grad-CAM viewer's downloads. What leaves a page must say for itself what it is: titles,
legend, caption and notice stand on the picture. One map alone is `mammo.explain.sheet`'s.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mammo.errors import ImageError
from mammo.explain.overlay import ColourMap, colour
from mammo.explain.sheet import GAP, INK, LINE_HEIGHT, SCALE_WORDS, TEXT_SIZE

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
