"""From a film's stored values to 8-bit grey, in the order that DICOM prescribes.

Used by `dicom`. The order is modality LUT, VOI LUT, MONOCHROME1 inversion, min-max to 8 bit:

1. Modality LUT (PS3.3 section C.11.1): a table, or rescale slope and intercept.
2. VOI LUT (PS3.3 section C.11.2): a table or a window; where a file offers both they are
   alternatives, and the table, which the maker drew for this film, is taken. Of several windows
   the first is the default.
3. MONOCHROME1 (PS3.3 section C.7.6.3.1.2): its minimum is white "after any VOI grey scale
   transformations"; inverting earlier would apply the window to the wrong end.
4. Min-max over the film, as the training films were scaled. Without steps 1 to 3, as for all films
   of CBIS-DDSM, this is the training data's own rule, to the grey value.

Pixel padding (PS3.3 section C.7.5.1.1.2) takes part in none of it and becomes black.
PS3.4 section N.2.1 describes the same chain for presentation states. Presentation LUT Shape adds
nothing: INVERSE belongs to MONOCHROME1 (PS3.3 section C.8.11.3), and would invert twice.

Each step maps one stored value to one grey, so the chain runs over the list of values that occur,
at most 65,536, and then once over the film: a window costs no float for each pixel, and no time.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.imaging.depth import min_max
from mammo.imaging.dicom_format import PixelFormat
from mammo.imaging.dicom_header import Header, Tag

_STRIP_ROWS = 256
"""Rows looked up at once: numpy needs 8 bytes a pixel for the indices of a look-up."""


def to_grey(
    stored: NDArray[np.integer[Any]], header: Header, layout: PixelFormat
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Apply the chain to one film.

    Parameters
    ----------
    stored : int8, uint8, int16 or uint16 (H, W)
    header : Header
    layout : PixelFormat

    Returns
    -------
    uint8 (H, W), 0-255
        0 is black.
    tuple of str
        Warnings about steps that the file describes wrongly and that were left out.
    """
    values = np.arange(1 << layout.bits_stored).astype(np.int32) + layout.lowest
    modality, warnings = _modality(values, header)
    greys, more = _voi(modality, header)
    padding = _padding(values, header, layout)
    if greys is values and padding is None and layout.photometric == "MONOCHROME2":
        return min_max(stored), warnings + more
    table = _eight_bit_table(greys, _occurring(stored, layout), padding, layout)
    film = np.empty(stored.shape, dtype=np.uint8)
    for strip, indices in _strips(stored, layout):
        film[strip] = table[indices]
    return film, warnings + more


def _eight_bit_table(
    greys: NDArray[Any],
    occurring: NDArray[np.bool_],
    padding: NDArray[np.bool_] | None,
    layout: PixelFormat,
) -> NDArray[np.uint8]:
    """Invert and scale the greys of the values that occur; padding and the others get 0 (black).

    All arrays have one entry for each value that can be stored, from the lowest on.
    """
    shown = occurring if padding is None else occurring & ~padding
    if not shown.any():  # a film that is all padding is shown as it is
        shown = occurring
    film_greys = greys[shown]
    if layout.photometric == "MONOCHROME1":
        film_greys = film_greys.max() - film_greys
    if film_greys.dtype.kind == "i":  # at most 16 bits apart: scaled as the stored values would be
        film_greys = (film_greys - film_greys.min()).astype(np.uint16)
    table = np.zeros(len(greys), dtype=np.uint8)
    table[shown] = min_max(film_greys).ravel()
    return table


def _occurring(stored: NDArray[np.integer[Any]], layout: PixelFormat) -> NDArray[np.bool_]:
    """Tell for each value that can be stored whether the film has it."""
    occurring = np.zeros(1 << layout.bits_stored, dtype=np.bool_)
    for _strip, indices in _strips(stored, layout):
        occurring[indices] = True
    return occurring


def _strips(
    stored: NDArray[np.integer[Any]], layout: PixelFormat
) -> Iterator[tuple[slice, NDArray[np.intp]]]:
    """Yield a film in strips of rows, as places in a table that starts at the lowest value."""
    for top in range(0, len(stored), _STRIP_ROWS):
        strip = slice(top, top + _STRIP_ROWS)
        yield strip, stored[strip].astype(np.intp) - layout.lowest


def _modality(values: NDArray[np.int32], header: Header) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Apply PS3.3 section C.11.1; hand back the very same array where there is nothing to do."""
    if header.items.get(Tag.MODALITY_LUT):
        looked_up = _apply_lut(values, header.items[Tag.MODALITY_LUT][0])
        if looked_up is not None:
            return looked_up, ()
        return values, (_left_out("modality look-up table"),)
    slope = header.decimals(Tag.RESCALE_SLOPE)
    intercept = header.decimals(Tag.RESCALE_INTERCEPT) or (0.0,)
    if not header.raw.get(Tag.RESCALE_SLOPE) or (slope, intercept) == ((1.0,), (0.0,)):
        return values, ()
    if not slope or slope[0] == 0:
        return values, (_left_out("rescale slope"),)
    return values * slope[0] + intercept[0], ()


def _voi(values: NDArray[Any], header: Header) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Apply PS3.3 section C.11.2; hand back the very same array where there is nothing to do."""
    if header.items.get(Tag.VOI_LUT):
        looked_up = _apply_lut(values, header.items[Tag.VOI_LUT][0])
        if looked_up is not None:
            return looked_up, ()
        return values, (_left_out("VOI look-up table"),)
    if not header.raw.get(Tag.WINDOW_CENTER) and not header.raw.get(Tag.WINDOW_WIDTH):
        return values, ()
    centres, widths = header.decimals(Tag.WINDOW_CENTER), header.decimals(Tag.WINDOW_WIDTH)
    shape = header.text(Tag.VOI_LUT_FUNCTION) or "LINEAR"
    if not centres or not widths or widths[0] < (1 if shape == "LINEAR" else 1e-9):
        return values, (_left_out("grey window"),)
    return apply_window(values.astype(np.float64), centres[0], widths[0], shape), ()


def apply_window(
    values: NDArray[np.float64], centre: float, width: float, shape: str = "LINEAR"
) -> NDArray[np.float64]:
    """Apply a grey window.

    Parameters
    ----------
    values : float64, any shape
    centre, width : float
        Window Center and Window Width; the width at least 1 for "LINEAR", else above 0.
    shape : "LINEAR", "LINEAR_EXACT" or "SIGMOID"
        VOI LUT Function; anything else counts as "LINEAR".

    Returns
    -------
    float64, same shape, 0-1

    References
    ----------
    DICOM PS3.3 sections C.11.2.1.2.1 (linear), C.11.2.1.3.1 (sigmoid), C.11.2.1.3.2 (exact).

    Examples
    --------
    >>> apply_window(np.array([0.0, 100.0, 200.0]), 100, 100, "LINEAR_EXACT").tolist()
    [0.0, 0.5, 1.0]
    """
    if shape == "SIGMOID":
        exponent = np.clip(-4.0 * (values - centre) / width, -700.0, 700.0)
        return np.asarray(1.0 / (1.0 + np.exp(exponent)))
    if shape == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0.0, 1.0)
    if width == 1:
        return (values > centre - 0.5).astype(np.float64)
    return np.clip((values - (centre - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0)


def _apply_lut(values: NDArray[Any], item: Header) -> NDArray[np.float64] | None:
    """Look values up in a LUT sequence item (PS3.3 sections C.11.1.1, C.11.2.1.1).

    The descriptor holds the number of entries (0 means 65,536), the first value mapped and the
    bits of an entry. Values outside take the first or last entry. None if the item is broken.
    """
    descriptor = item.raw.get(Tag.LUT_DESCRIPTOR, b"")
    data = item.raw.get(Tag.LUT_DATA, b"")
    order = "<" if item.little_endian else ">"
    if len(descriptor) != 6:
        return None
    entries, first, _bits = np.frombuffer(descriptor, dtype=order + "u2").tolist()
    entries = entries or 65_536
    if first > values.max():  # a negative number in 16 bits (the VR may be SS or unknown)
        first -= 65_536
    if len(data) >= 2 * entries:
        lut = np.frombuffer(data, dtype=order + "u2", count=entries)
    elif len(data) >= entries:
        lut = np.frombuffer(data, dtype=np.uint8, count=entries)
    else:
        return None
    place = np.clip(np.rint(values) - first, 0, entries - 1).astype(np.intp)
    return np.asarray(lut[place], dtype=np.float64)


def _padding(
    values: NDArray[np.int32], header: Header, layout: PixelFormat
) -> NDArray[np.bool_] | None:
    """Tell for each stored value whether it is padding; None where the file names no padding."""
    value = header.whole(Tag.PIXEL_PADDING_VALUE, signed=layout.signed)
    if value is None:
        return None
    limit = header.whole(Tag.PIXEL_PADDING_RANGE_LIMIT, signed=layout.signed)
    limit = value if limit is None else limit
    return (values >= min(value, limit)) & (values <= max(value, limit))


def _left_out(step: str) -> str:
    return (
        f"The file's {step} is not usable and was left out; the greys may differ from what the "
        "maker intended."
    )
