"""One film at a time: read it once, and cut every lesion that the case files mark on it.

A window is cut by the app's own `mammo.imaging.cut_lesion`, so that models learn from crops as they
will see them. Where the film cannot be read, or the lesion's place on it is not known, the crop
that the data set provides is used, with the reason; where that cannot be read either, the row is
left out with its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mammo.data.preparation.case_files import CaseRow
from mammo.data.preparation.pictures import (
    MASK_MISSING,
    Box,
    LesionPictures,
    Place,
    place_lesion,
    read_lesion_pictures,
    read_or_reason,
)
from mammo.imaging import Image, cut_lesion, lesion_window

WINDOW, PROVIDED, UNRESOLVED = "window", "provided", "unresolved"
"""Where a crop comes from: cut from the film; the data set's own crop; nowhere."""
FAILED = "row could not be prepared"


@dataclass(frozen=True)
class FilmTask:
    """Hold one film's files and the lesions on it, each with its own files."""

    film: tuple[Path, ...]
    lesions: tuple[tuple[CaseRow, tuple[Path, ...]], ...]


@dataclass(frozen=True)
class PreparedLesion:
    """Hold what came of a row."""

    key: str
    origin: str
    reason: str = ""
    detail: str = ""
    box: tuple[float, ...] = ()
    window: tuple[int, ...] = ()
    png: bytes = b""


def prepare_film(task: FilmTask, crop_size: int) -> list[PreparedLesion]:
    """Cut all lesions of one film; a row that fails has its reason."""
    film, trouble = _read_film(task.film)
    return [_prepare(row, paths, film, trouble, crop_size) for row, paths in task.lesions]


def _read_film(paths: Sequence[Path]) -> tuple[Image | None, tuple[str, str]]:
    """Return the film, or the reason and the error's sentence; of several files the largest."""
    pictures = [read_or_reason(path) for path in paths]
    films = [picture for picture in pictures if isinstance(picture, Image)]
    if films:
        return max(films, key=lambda film: film.pixels.size), ("", "")
    return None, ("film unreadable", str(pictures[0])) if pictures else ("film missing", "")


def _prepare(
    row: CaseRow,
    paths: Sequence[Path],
    film: Image | None,
    trouble: tuple[str, str],
    crop_size: int,
) -> PreparedLesion:
    try:
        found = read_lesion_pictures(paths, film.shape if film else None)
        place = place_lesion(film.pixels, found) if film else Place(None, *trouble)
        if film and place.box:
            return _cut(row.key, film, place, place.box, crop_size)
        return _fall_back(row.key, found, place.reason, place.detail, crop_size)
    except Exception as error:  # noqa: BLE001 - one row must not end the others' preparation
        return PreparedLesion(row.key, UNRESOLVED, FAILED, type(error).__name__)


def _cut(key: str, film: Image, place: Place, box: Box, crop_size: int) -> PreparedLesion:
    window = lesion_window(film.shape, box, film.pixel_spacing_mm)
    crop = cut_lesion(film, window=window, size=crop_size)
    scale = crop_size / window.width
    ends = np.array(
        [
            [box[0] - window.x, box[1] - window.y],
            [box[0] + box[2] - window.x, box[1] + box[3] - window.y],
        ]
    )
    (left, top), (right, bottom) = np.clip(ends * scale, 0, crop_size)
    within = tuple(round(float(number), 2) for number in (left, top, right - left, bottom - top))
    return PreparedLesion(
        key, WINDOW, place.reason, place.detail, within, tuple(window), _png(crop)
    )


def _fall_back(
    key: str, found: LesionPictures, reason: str, detail: str, crop_size: int
) -> PreparedLesion:
    if found.crop is not None:
        crop = cut_lesion(_square(found.crop.pixels), size=crop_size)
        return PreparedLesion(key, PROVIDED, reason, detail, png=_png(crop))
    if found.unreadable:
        return PreparedLesion(key, UNRESOLVED, "crop unreadable", found.unreadable[0])
    no_mask, _ = found.mask_trouble
    named = {"": "crop missing", MASK_MISSING: "crop and mask missing"}
    missing = named.get(no_mask, f"crop missing, {no_mask}")
    return PreparedLesion(key, UNRESOLVED, missing, detail)


def _square(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the square in the middle: stretching would change the lesion's shape."""
    height, width = pixels.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _png(crop: NDArray[np.uint8]) -> bytes:
    import cv2

    done, content = cv2.imencode(".png", crop)
    if not done:
        raise RuntimeError("OpenCV could not encode a grey crop as PNG.")
    return bytes(content.tobytes())
