"""Read a TIFF: which page is the picture, and what its values mean.

Used by `picture`. Every depth, sample format, byte order, plane and block layout is read exactly or
refused by name (`picture_tiff_layout`). Pillow reads only a part, and some of it wrongly: unsigned
as signed, 16-bit colours cut to 8 bits.

References: TIFF 6.0, sections 5 (palette), 8 (fields), 12 (multi-page), 18 (alpha).
"""

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mammo.imaging.limits.tiff import MAX_PAGES, Directory, pages
from mammo.imaging.picture_colour import to_grey
from mammo.imaging.picture_tiff_layout import (
    FLOAT,
    PALETTE,
    UNSIGNED,
    WHITE_IS_ZERO,
    Layout,
    read_layout,
)
from mammo.imaging.picture_tiff_values import strips

_TRANSPARENCY = 2
"""ExtraSamples: alpha by which the colours are not multiplied. Other extra samples leave the
colours as they are over black."""

_REDUCED_OR_MASK = 5
"""Bits of NewSubfileType."""


def decode_tiff(stream: BinaryIO) -> tuple[NDArray[Any], int, tuple[str, ...]]:
    """Decode a TIFF."""
    page, warnings = _picture_page(pages(stream))
    layout = read_layout(page)
    if 262 not in page.entries and layout.colours == 1:
        warnings += ("The file does not state whether 0 is black or white; it was read as black.",)
    palette = _palette(page, layout) if layout.photometric == PALETTE else None
    extras = page.values(338, layout.samples)
    alpha = layout.colours + extras.index(_TRANSPARENCY) if _TRANSPARENCY in extras else None
    if alpha is not None and alpha >= layout.samples:
        alpha = None
    shown = (_shown(values, layout, palette, alpha) for values in strips(page, layout))
    grey, coloured = to_grey(shown, (layout.height, layout.width))
    return grey, page.value(274, 1), (*warnings, *coloured)


def _picture_page(found: list[Directory]) -> tuple[Directory, tuple[str, ...]]:
    """Return the first page that is no preview, by its tag or by its size, and a warning."""
    shown = [page for page in found if not _is_preview(page)] or found
    largest = max(_pixels(page) for page in shown)
    page = next(page for page in shown if 4 * _pixels(page) >= largest)
    if len(shown) == 1 or all(map(_is_preview, shown)):
        return page, ()
    number = shown.index(page) + 1
    which = "the first" if number == 1 else f"number {number}, the first of full size,"
    more = " (or more)" if len(found) == MAX_PAGES else ""
    return page, (f"The file holds {len(shown)} pages or frames{more}; only {which} was read.",)


def _is_preview(page: Directory) -> bool:
    """Check NewSubfileType, or SubfileType, which it replaced."""
    return bool(page.value(254) & _REDUCED_OR_MASK) or page.value(255) == 2


def _pixels(page: Directory) -> int:
    return page.value(256) * page.value(257)


def _palette(page: Directory, layout: Layout) -> NDArray[Any]:
    """Return the colours of a palette, (entries, 3), in the depth that its writer meant."""
    many = 1 << layout.bits
    colours = np.array(page.values(320, 3 * many), dtype=np.uint16).reshape(3, many).T
    if colours.max() < 256:
        return colours.astype(np.uint8)
    high, low = colours >> 8, colours & 255
    is_eight_bit = bool(((low == 0) | (low == high)).all())  # times 256 or times 257
    return high.astype(np.uint8) if is_eight_bit else colours


def _shown(
    values: NDArray[Any], layout: Layout, palette: NDArray[Any] | None, alpha: int | None
) -> NDArray[Any]:
    """Return rows as `to_grey` takes them: grey, RGB or RGBA, 0 or the lowest is black."""
    if palette is None:
        colours = _full_range(values[..., : layout.colours], layout)
    else:
        colours = np.take(palette, values[..., 0], axis=0)
    if layout.photometric == WHITE_IS_ZERO:
        colours = _inverted(colours, layout.form)
    if alpha is None:
        return colours[..., 0] if layout.colours == 1 and palette is None else colours
    opacity = _full_range(values[..., alpha], layout)
    return np.dstack([np.broadcast_to(colours, (*colours.shape[:2], 3)), opacity])


def _full_range(values: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Widen unsigned values of an odd depth to the range of their type."""
    is_alone = layout.samples == 1 and layout.bits > 8
    if layout.form != UNSIGNED or layout.bits in (8, 16, 32, 64) or is_alone:
        return values
    factor = np.iinfo(values.dtype).max / ((1 << layout.bits) - 1)
    return np.rint(values * factor).astype(values.dtype)


def _inverted(values: NDArray[Any], form: int) -> NDArray[Any]:
    """Exchange black and white; a complement keeps distances and cannot overflow."""
    return -values if form == FLOAT else ~values
