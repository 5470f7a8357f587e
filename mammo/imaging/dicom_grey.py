"""From a film's pixel cells to 8-bit grey, in the order that DICOM prescribes.

Used by `dicom`. The order is modality LUT, VOI LUT, MONOCHROME1 inversion, min-max to 8 bit:

1. Modality LUT (PS3.3 section C.11.1): a table, or rescale slope and intercept.
2. VOI LUT (PS3.3 section C.11.2): a table or a window; where a file offers both they are
   alternatives, and the table, which the maker drew for this film, is taken if it is whole. Of
   several windows the first is the default.
3. MONOCHROME1 (PS3.3 section C.7.6.3.1.2): its minimum is white "after any VOI grey scale
   transformations"; inverting earlier would apply the window to the wrong end.
4. Min-max over the film, as the training films were scaled. Without steps 1 to 3, as for all films
   of CBIS-DDSM, this is the training data's own rule, to the grey value.

Pixel padding (PS3.3 section C.7.5.1.1.2) takes part in none of it and becomes black. Presentation
LUT Shape adds nothing: INVERSE belongs to MONOCHROME1, and would invert twice.

Each step maps one cell to one grey, so the chain runs over the cells that occur, at most 65,536.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_windowing

from mammo.imaging.depth import min_max
from mammo.imaging.dicom_format import PixelFormat
from mammo.imaging.dicom_header import Header

_Step = tuple[NDArray[Any], tuple[str, ...]]


def to_grey(
    stored: NDArray[np.integer[Any]], header: Header, layout: PixelFormat
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Apply the chain to one film's cells; return greys (0 is black), and warnings."""
    size = stored.dtype.itemsize
    unsigned = stored.view(np.dtype(f"u{size}").newbyteorder(stored.dtype.byteorder))
    film = np.ascontiguousarray(unsigned, dtype=f"=u{size}")
    bins = 1 << 8 * size
    cells = np.flatnonzero(cv2.calcHist([film], [0], None, [bins], [0, bins])).astype(np.int32)
    values = layout.values(cells)
    with np.errstate(over="ignore", invalid="ignore"):
        # The limits go along: what a table maps depends on the values that could occur.
        modality, warnings = _modality(np.append(values, layout.limits).astype(np.int32), header)
        greys, more = _voi(modality, header)
        table = np.zeros((1, bins), dtype=np.uint8)
        table[0, cells] = _eight_bit(greys[:-2], _padding(values, header, layout), layout)
    return np.asarray(cv2.LUT(film, table), dtype=np.uint8), warnings + more


def _eight_bit(
    greys: NDArray[Any], padding: NDArray[np.bool_], layout: PixelFormat
) -> NDArray[np.uint8]:
    """Invert and scale the greys of the cells that occur; padding becomes 0 (black)."""
    shown = ~padding if not padding.all() else padding  # all padding is shown as it is
    film_greys = greys[shown]
    if layout.photometric == "MONOCHROME1":
        film_greys = film_greys.max() - film_greys
    if film_greys.dtype.kind == "i":  # at most 16 bits apart: scaled as the stored values would be
        film_greys = (film_greys - film_greys.min()).astype(np.uint16)
    table = np.zeros(len(greys), dtype=np.uint8)
    table[shown] = min_max(film_greys).ravel()
    return table


def _modality(values: NDArray[np.int32], header: Header) -> _Step:
    """Apply PS3.3 section C.11.1; return the very same array where there is nothing to do."""
    looked_up, warnings = _looked_up(values, header, "ModalityLUTSequence", "modality")
    if looked_up is not None:
        return looked_up, ()
    slope = header.decimals("RescaleSlope")
    intercept = header.decimals("RescaleIntercept") or (0.0,)
    if not header.raw.get("RescaleSlope") or (slope, intercept) == ((1.0,), (0.0,)):
        return values, warnings
    rescaled = values * slope[0] + intercept[0] if slope and slope[0] else np.array(np.inf)
    if not np.isfinite(rescaled).all():
        return values, (*warnings, _left_out("rescale slope"))
    return rescaled, warnings


def _voi(values: NDArray[Any], header: Header) -> _Step:
    """Apply PS3.3 section C.11.2; return the very same array where there is nothing to do."""
    looked_up, warnings = _looked_up(values, header, "VOILUTSequence", "VOI")
    if looked_up is not None:
        return looked_up, ()
    if not header.raw.get("WindowCenter") and not header.raw.get("WindowWidth"):
        return values, warnings
    centres, widths = header.decimals("WindowCenter"), header.decimals("WindowWidth")
    shape = header.text("VOILUTFunction")
    shape = shape if shape in ("LINEAR_EXACT", "SIGMOID") else "LINEAR"
    if not centres or not widths or widths[0] < (1 if shape == "LINEAR" else 1e-9):
        return values, (*warnings, _left_out("grey window"))
    window = Dataset()
    window.PhotometricInterpretation, window.VOILUTFunction = "MONOCHROME2", shape
    window.PixelRepresentation, window.BitsStored = 0, 16
    # FD instead of DS, which is text of at most 16 letters: pydicom warns about others.
    window.add_new("WindowCenter", "FD", centres[0])
    window.add_new("WindowWidth", "FD", widths[0])
    return apply_windowing(values, window), warnings


def _looked_up(
    values: NDArray[Any], header: Header, sequence: str, name: str
) -> tuple[NDArray[np.float64] | None, tuple[str, ...]]:
    """Look values up in a LUT sequence's first item (PS3.3 sections C.11.1.1, C.11.2.1.1)."""
    if not header.items.get(sequence):
        return None, ()
    item = header.items[sequence][0]
    broken = None, (_left_out(f"{name} look-up table"),)
    descriptor, data = (item.raw.get(part, b"") for part in ("LUTDescriptor", "LUTData"))
    order = "<" if item.little_endian else ">"
    if len(descriptor) != 6:
        return broken
    entries, first, _bits = np.frombuffer(descriptor, dtype=order + "u2").tolist()
    entries = entries or 65_536
    if first > values.max():  # a negative number in 16 bits (the VR may be SS or unknown)
        first -= 65_536
    if len(data) >= 2 * entries:
        lut = np.frombuffer(data, dtype=order + "u2", count=entries)
    elif len(data) >= entries:
        lut = np.frombuffer(data, dtype=np.uint8, count=entries)
    else:
        return broken
    index = np.clip(np.rint(values) - first, 0, entries - 1).astype(np.intp)
    greys = np.asarray(lut[index], dtype=np.float64)
    if np.ptp(greys[:-2]) == 0 < np.ptp(values[:-2]):  # without the limits: not made for this film
        return broken
    return greys, ()


def _padding(values: NDArray[np.int32], header: Header, layout: PixelFormat) -> NDArray[np.bool_]:
    """Return for each value whether it is padding."""
    value = header.whole("PixelPaddingValue", signed=layout.signed)
    limit = header.whole("PixelPaddingRangeLimit", signed=layout.signed)
    if value is None:
        return np.zeros(len(values), dtype=np.bool_)
    limit = value if limit is None else limit
    return (values >= min(value, limit)) & (values <= max(value, limit))


def _left_out(step: str) -> str:
    return (
        f"The file's {step} is not usable and was left out; the greys may differ from what the "
        "maker intended."
    )
