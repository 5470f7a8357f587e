"""One film at a time: read it once, and cut every lesion that the case files mark on it.

A window is cut by the app's own `mammo.imaging.cut_lesion`, so that models learn from crops as they
will see them. Where the film cannot be read, or the lesion's place on it is not known, the crop
that the data set provides is used, with the reason; where that cannot be read either, the row is
left out with its reason.

Which picture of a lesion is the crop and which the mask is told by content alone: neither column
nor file number nor series name can be trusted. A mask is black and white (JPEG blurs its edge) and
shaped like its film; a crop is neither. A picture of one grey value is an empty mask.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.data.preparation.case_files import CaseRow
from mammo.errors import DataError, MammoError, WindowError, sentence_of
from mammo.files import reason_of
from mammo.imaging import Image, cut_lesion, lesion_window, read_image
from mammo.imaging.region import looks_like_crop, not_a_crop
from mammo.imaging.window import middle_square

WINDOW, PROVIDED, UNRESOLVED = "window", "provided", "unresolved"
"""Where a crop comes from: cut from the film; the data set's own crop; nowhere."""
FAILED = "row could not be prepared"

MASK_MISSING, MASK_EMPTY = "mask missing", "mask empty"
MASK_MISFITS = "mask does not fit the mammogram"
SCALED = "mask scaled to the mammogram"
PARTS = "mask has several parts"
CONTRADICTED = "mask contradicts the crop"
UNCHECKED = "crop not found on the mammogram"
SPANS = "The mask marks no lesion: the marked area spans the mammogram."
NO_MATCH = "The provided crop was not found on the mammogram either."

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class OwnRow:
    """A lesion of somebody's own data: its film, and its box in film pixels, its mask, or neither.

    `cells` are its columns of `index.csv`; `where` names its row in an error.
    """

    key: str
    film: str
    mask: str
    box: Box | None
    cells: Mapping[str, Any]
    where: str


@dataclass(frozen=True)
class FilmTask:
    """One film's files and the lesions on it, each with its own files."""

    film: tuple[Path, ...]
    lesions: tuple[tuple[CaseRow | OwnRow, tuple[Path, ...]], ...]


@dataclass(frozen=True)
class PreparedLesion:
    """What came of a row: `box` in crop pixels, `window` in film pixels."""

    key: str
    origin: str
    reason: str = ""
    detail: str = ""
    box: tuple[float, ...] = ()
    window: tuple[int, ...] = ()
    png: bytes = b""


def prepare_film(task: FilmTask, crop_size: int) -> list[PreparedLesion]:
    """Cut all lesions of one film; a row that fails has its reason."""
    pictures = [_read_or_reason(path) for path in task.film]
    films = [picture for picture in pictures if isinstance(picture, Image)]
    film = max(films, key=lambda film: film.pixels.size, default=None)
    errors = [picture for picture in pictures if isinstance(picture, str)]
    trouble = ("mammogram unreadable", errors[0]) if errors else ("mammogram missing", "")
    return [
        _prepare_own(row, paths, film, trouble, crop_size)
        if isinstance(row, OwnRow)
        else _prepare(row.key, paths, film, trouble, crop_size)
        for row, paths in task.lesions
    ]


def _read_or_reason(path: Path) -> Image | str:
    """Read a picture; return a sentence instead where its file or the disk is damaged."""
    try:
        return read_image(path)
    except MammoError as error:
        return str(error)
    except (OSError, MemoryError) as error:
        return f"{path.name} cannot be read ({reason_of(error) or type(error).__name__})."


def _prepare(
    key: str, paths: Sequence[Path], film: Image | None, trouble: tuple[str, str], crop_size: int
) -> PreparedLesion:
    try:
        found = _read_lesion_pictures(paths, film.shape if film else None)
        box, reason, detail = _place(film.pixels, found) if film else Place(None, *trouble)
        if film and box:
            return PreparedLesion(key, WINDOW, reason, detail, *_cut(film, box, crop_size))
        if found.crop:
            crop = cut_lesion(middle_square(found.crop.pixels), size=crop_size)
            return PreparedLesion(key, PROVIDED, reason, detail, png=_png(crop))
        if found.unreadable:
            return PreparedLesion(key, UNRESOLVED, "crop unreadable", found.unreadable[0])
        named = {"": "crop missing", MASK_MISSING: "crop and mask missing"}
        missing = named.get(found.trouble, f"crop missing, {found.trouble}")
        return PreparedLesion(key, UNRESOLVED, missing, detail)
    except Exception as error:  # noqa: BLE001 - one row must not end the others' preparation
        return PreparedLesion(key, UNRESOLVED, FAILED, type(error).__name__)


def _prepare_own(
    row: OwnRow, paths: Sequence[Path], film: Image | None, trouble: tuple[str, str], crop_size: int
) -> PreparedLesion:
    """Cut where the row states, as `mammo.predict` does; a picture without a place is a crop."""
    try:
        if film is None:
            return PreparedLesion(row.key, UNRESOLVED, *trouble)
        box, detail = row.box, ""
        if paths and box is None:
            box, detail = _marked_box(paths[0], film.shape)
        if box is not None:
            reason = PARTS if detail else ""
            return PreparedLesion(row.key, WINDOW, reason, detail, *_cut(film, box, crop_size))
        if not looks_like_crop(film.shape):
            raise WindowError(f"{not_a_crop(film.shape)}. Mark the lesion: a box or a mask.")
        return PreparedLesion(row.key, PROVIDED, png=_png(cut_lesion(film, size=crop_size)))
    except Exception as error:  # noqa: BLE001 - one row must not end the others' preparation
        return PreparedLesion(row.key, UNRESOLVED, FAILED, sentence_of(error))


def _marked_box(path: Path, film_shape: tuple[int, int]) -> tuple[Box, str]:
    """Return the box of the largest part that a mask marks, and a sentence where it has more."""
    found = _read_lesion_pictures([path], film_shape)
    boxes, detail = lesion_boxes(found.mask.pixels, film_shape) if found.mask else ([], "")
    if boxes:
        return boxes[0], detail
    no_mask = f"{path.name} is not a mask: expected black, with the lesion in white."
    raise DataError(
        next(filter(None, (*found.unreadable, found.detail, found.mask and SPANS, no_mask)))
    )


def _cut(film: Image, box: Box, crop_size: int) -> tuple[tuple[float, ...], tuple[int, ...], bytes]:
    """Return the lesion's box in its crop, the window, and the crop as PNG."""
    window = lesion_window(film.shape, box, film.pixel_spacing_mm)
    x, y, width, height = box
    corners = np.array([[x, y], [x + width, y + height]]) - (window.x, window.y)
    (left, top), (right, bottom) = np.clip(corners * (crop_size / window.width), 0, crop_size)
    within = tuple(round(float(side), 2) for side in (left, top, right - left, bottom - top))
    return within, tuple(window), _png(cut_lesion(film, window=window, size=crop_size))


def _png(crop: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", crop)[1].tobytes())


# --- which picture is the crop, and which the mask

NEAR_BLACK, NEAR_WHITE = 32, 223
BINARY_SHARE = 0.98
"""The least share of a mask's pixels that is nearly black or nearly white."""
SIZE_TOLERANCE = 0.05
"""How far a mask's sides may differ from its film's."""
SHAPE_TOLERANCE = 0.02
"""How far the ratio of a mask's sides may differ from its film's where it has another size."""


@dataclass(frozen=True, eq=False)
class LesionPictures:
    """What was found for a lesion, and why there is no mask where there is none."""

    crop: Image | None
    mask: Image | None
    trouble: str
    detail: str
    unreadable: Sequence[str]


def _read_lesion_pictures(
    paths: Sequence[Path], film_shape: tuple[int, int] | None
) -> LesionPictures:
    """Read the pictures of a lesion: its crop, the smallest; its mask, the one nearest its film."""
    crops, masks = list[Image](), list[Image]()
    unreadable, misfits, blanks = list[str](), list[str](), list[str]()
    for path in paths:
        picture = _read_or_reason(path)
        if isinstance(picture, str):
            unreadable.append(picture)
        elif picture.pixels.min() == picture.pixels.max():
            blanks.append(f"{path.name} has one grey value all over, so it marks no lesion.")
        elif not (mask := _as_mask(picture, film_shape)):
            crops.append(picture)
        elif film_shape is None or fits(picture.shape, film_shape):
            masks.append(mask)
        else:
            misfits.append(
                f"Expected a mask shaped like its mammogram ({film_shape[1]} x {film_shape[0]} "
                f"pixels), received {path.name} of {picture.shape[1]} x {picture.shape[0]}. "
                "Check that both are of the same download."
            )
    trouble = MASK_EMPTY if blanks else MASK_MISSING
    if masks or misfits:  # a mask that marks a lesion says more than one that marks none
        trouble = "" if masks else MASK_MISFITS
    height = film_shape[0] if film_shape else 0
    return LesionPictures(
        min(crops, key=lambda crop: crop.pixels.size, default=None),
        min(masks, key=lambda mask: abs(mask.shape[0] - height) if height else 0, default=None),
        trouble,
        (*misfits, *blanks, "")[0],
        unreadable,
    )


def _as_mask(picture: Image, film_shape: tuple[int, int] | None) -> Image | None:
    """Return a mask, white where its lesion is; None where the picture is no mask."""
    pixels = picture.pixels
    if np.count_nonzero(np.bincount(pixels.reshape(-1), minlength=256)) == 2:
        pixels = np.where(pixels == pixels.max(), np.uint8(255), np.uint8(0))
    if is_black_and_white(pixels):
        return replace(picture, pixels=pixels)
    as_large = film_shape is not None and same_size(picture.shape, film_shape)
    inverted = as_large and is_black_and_white(255 - pixels)
    return replace(picture, pixels=255 - pixels) if inverted else None


def is_black_and_white(pixels: NDArray[np.uint8]) -> bool:
    """Return whether nearly all of a picture is black or white, and some of it white.

    >>> is_black_and_white(np.array([[0, 0], [255, 3]], dtype=np.uint8))
    True
    >>> is_black_and_white(np.array([[0, 90], [120, 255]], dtype=np.uint8))
    False
    """
    counts = np.bincount(pixels.reshape(-1), minlength=256)
    black, white = counts[:NEAR_BLACK].sum(), counts[NEAR_WHITE + 1 :].sum()
    return bool(white > 0 and black > white and black + white >= BINARY_SHARE * pixels.size)


def same_size(shape: tuple[int, int], film_shape: tuple[int, int]) -> bool:
    """Return whether a mask is about as large as its film, both as (height, width).

    >>> same_size((998, 504), (1000, 500)), same_size((300, 300), (1000, 500))
    (True, False)
    """
    return all(
        abs(side - of_film) <= SIZE_TOLERANCE * of_film
        for side, of_film in zip(shape, film_shape, strict=True)
    )


def fits(shape: tuple[int, int], film_shape: tuple[int, int]) -> bool:
    """Return whether a mask is as large as its film, or has its shape at another size.

    >>> fits((870, 435), (1000, 500)), fits((700, 400), (600, 400))
    (True, False)
    """
    ratio = shape[0] * film_shape[1] / (shape[1] * film_shape[0])
    return same_size(shape, film_shape) or abs(ratio - 1) <= SHAPE_TOLERANCE


# --- where the lesion lies on its film

NEAR = 2
"""Pixels around a marked part within which JPEG leaves specks."""
SPANNING = 0.9
"""Share of the film's width or height from which a marked part is a border and no lesion."""
TOLERANCE = 0.1
"""By what share of the crop's longer side a mask may pass the crop's edge."""
LEAST_SHARE = 0.1
"""Share of the crop's width or height that the marked lesion has at least."""
GOOD_MATCH = 0.9
"""Correlation at which a crop counts as found. Real crops reach 0.92 at least, nearly all 0.99."""
LEAD = 0.02
"""By how much the best place must exceed every other, or the crop could lie at either."""
FLAT = 2.0
"""Standard deviation, grey levels of 255, below which a crop has nothing to match."""
LEAST_PIXELS, LARGEST_STEP = 24, 8
"""The search first reduces film and crop, the crop's shorter side to at least so many pixels."""
CANDIDATES = 4


class Place(NamedTuple):
    """A lesion's box in film pixels, None where unknown; a reason and a sentence to note."""

    box: Box | None
    reason: str = ""
    detail: str = ""


class Match(NamedTuple):
    """The rectangle of a crop on its film, film pixels, and the correlation there."""

    box: Box
    correlation: float


def _place(film: NDArray[np.uint8], found: LesionPictures) -> Place:
    """Return where a lesion lies, with the reason and the sentence where that is not as usual."""
    shape = (film.shape[0], film.shape[1])
    boxes, reason, detail, scale = list[Box](), "", "", 1.0
    if found.mask:
        height, width = found.mask.shape
        boxes, detail = lesion_boxes(found.mask.pixels, shape)
        reason, scale = PARTS if detail else "", shape[0] / height
        if not same_size(found.mask.shape, shape):
            sizes = (
                f"The mask has {width} x {height} pixels, its mammogram {shape[1]} x {shape[0]}."
            )
            reason, detail = SCALED, f"{sizes} {detail}".strip()
    match = find_crop(film, found.crop.pixels, (1.0, scale)) if found.crop else None
    agreeing = [box for box in boxes if match is None or _agrees(box, match.box)]
    if match and not agreeing:
        reason, detail = found.trouble, found.detail
        if found.mask:
            reason = CONTRADICTED
            detail = "The mask marks another area than the provided crop shows."
        at = f"lies on the mammogram (correlation {match.correlation:.2f})."
        return Place(match.box, reason, f"{detail} Placed where the provided crop {at}".strip())
    if not agreeing:
        reason, detail = (MASK_MISFITS, SPANS) if found.mask else (found.trouble, found.detail)
        return Place(None, reason, f"{detail} {NO_MATCH}".strip() if found.crop else detail)
    if match or not found.crop:
        return Place(agreeing[0], reason, detail)
    if reason == SCALED:
        return Place(None, MASK_MISFITS, f"{detail} {NO_MATCH}")
    return Place(agreeing[0], reason or UNCHECKED, f"{detail} {NO_MATCH}".strip())


def lesion_boxes(mask: NDArray[np.uint8], film_shape: tuple[int, int]) -> tuple[list[Box], str]:
    """Return the boxes of the parts that a mask marks on its film, and what is unusual about them.

    >>> mask = np.zeros((20, 20), dtype=np.uint8)
    >>> mask[2:5, 3:9] = 255
    >>> lesion_boxes(mask, (40, 20))
    ([(3.0, 4.0, 6.0, 6.0)], '')
    >>> mask[18, 18] = 255
    >>> lesion_boxes(mask, (20, 20))
    ([(3.0, 2.0, 6.0, 3.0), (18.0, 18.0, 1.0, 1.0)], 'The mask has 2 parts; one of them is used.')
    """
    inside = (mask > 127).astype(np.uint8)
    _, _, statistics, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    parts = statistics[1:][np.argsort(-statistics[1:, cv2.CC_STAT_AREA], kind="stable")]
    kept: list[tuple[int, int, int, int]] = []
    borders = 0
    for x, y, width, height, _ in parts.tolist():
        if width >= SPANNING * mask.shape[1] or height >= SPANNING * mask.shape[0]:
            borders += 1
        elif not any(_touch((x, y, width, height), other) for other in kept):
            kept.append((x, y, width, height))
    tall, wide = (of_film / side for of_film, side in zip(film_shape, mask.shape, strict=True))
    number = len(kept) + borders
    return [
        (float(x * wide), float(y * tall), float(width * wide), float(height * tall))
        for x, y, width, height in kept
    ], f"The mask has {number} parts; one of them is used." if number > 1 else ""


def _touch(part: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Return whether two boxes overlap or lie within `NEAR` pixels."""
    return all(
        part[axis] <= other[axis] + other[axis + 2] + NEAR
        and other[axis] <= part[axis] + part[axis + 2] + NEAR
        for axis in (0, 1)
    )


def _agrees(box: Box, crop: Box) -> bool:
    """Return whether a marked lesion lies on the crop's rectangle and is no speck on it."""
    margin = TOLERANCE * max(crop[2:])
    inside = all(
        crop[axis] - margin <= box[axis]
        and box[axis] + box[axis + 2] <= crop[axis] + crop[axis + 2] + margin
        for axis in (0, 1)
    )
    return inside and max(box[2] / crop[2], box[3] / crop[3]) >= LEAST_SHARE


def find_crop(
    film: NDArray[np.uint8], crop: NDArray[np.uint8], scales: Sequence[float] = (1.0,)
) -> Match | None:
    """Find the rectangle of a film that a crop was cut from, whatever its contrast.

    >>> film = np.random.default_rng(0).integers(0, 256, (300, 200), dtype=np.uint8)
    >>> find_crop(film, film[50:110, 70:120] // 2).box
    (70.0, 50.0, 50.0, 60.0)
    """
    matches: list[Match] = []
    for scale in dict.fromkeys(scales):
        sized = crop
        if scale != 1:
            sized = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale), dtype=np.uint8)
        if all(side <= of for side, of in zip(sized.shape, film.shape, strict=True)):
            matches += _matches(film, sized)
    best = max(matches, key=lambda match: match.correlation, default=None)
    if best is None or best.correlation < GOOD_MATCH:
        return None
    elsewhere = [match.correlation for match in matches if _are_apart(match.box, best.box)]
    return best if best.correlation - max(elsewhere, default=-1.0) >= LEAD else None


def _matches(film: NDArray[np.uint8], crop: NDArray[np.uint8]) -> Iterator[Match]:
    """Yield the most alike places: found on reduced pictures, then placed to the pixel."""
    if crop.std() < FLAT:
        return
    height, width = crop.shape
    step = min(max(min(height, width) // LEAST_PIXELS, 1), LARGEST_STEP)
    for x, y in _likely(_reduced(film, step), _reduced(crop, step)):
        left = min(max(step * x - step, 0), film.shape[1] - width)
        top = min(max(step * y - step, 0), film.shape[0] - height)
        near = film[top : top + height + 2 * step + 1, left : left + width + 2 * step + 1]
        _, correlation, _, (right, down) = cv2.minMaxLoc(_correlations(near, crop))
        box = (float(left + right), float(top + down), float(width), float(height))
        yield Match(box, round(float(correlation), 4))


def _reduced(picture: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    height, width = (side // step for side in picture.shape)
    whole = picture[: height * step, : width * step]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _likely(film: NDArray[np.uint8], crop: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Yield the best places (x, y), none within half a crop of a better one."""
    alike = _correlations(film, crop)
    height, width = (max(side // 2, 1) for side in crop.shape)
    for _ in range(CANDIDATES):
        _, highest, _, (x, y) = cv2.minMaxLoc(alike)
        if highest <= 0:
            return
        yield x, y
        alike[max(y - height, 0) : y + height + 1, max(x - width, 0) : x + width + 1] = -1


def _correlations(film: NDArray[np.uint8], crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Correlate a crop with every place of a film; -1 where the film is flat, as on its border."""
    alike = cv2.matchTemplate(film, crop, cv2.TM_CCOEFF_NORMED)
    mean, square = (
        cv2.boxFilter(
            film.astype(np.float32) ** power, -1, crop.shape[::-1], anchor=(0, 0),
            borderType=cv2.BORDER_REPLICATE,
        )[: alike.shape[0], : alike.shape[1]]
        for power in (1, 2)
    )  # fmt: skip
    flat = square - mean**2 < 1
    return np.where(flat | ~np.isfinite(alike), np.float32(-1), alike)


def _are_apart(box: Box, other: Box) -> bool:
    """Return whether two rectangles lie half a side or more apart."""
    return any(abs(box[axis] - other[axis]) > 0.5 * other[axis + 2] for axis in (0, 1))
