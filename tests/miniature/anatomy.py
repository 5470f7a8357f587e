"""Draw the films, crops and masks of the miniature: a breast on black, lesions with a texture.

A malignant mass has rays, a benign one a smooth edge; calcifications are grains, fine and crowded
where malignant. All is drawn from the name of the scan, so that it is the same at each run.
"""

import zlib
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.miniature.cases import CASES, Case

CROP_MARGIN = 6
"""Pixels of film around a lesion on its crop."""

Film = NDArray[np.uint16]
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Pictures:
    """The pixels of one row.

    film : uint16 (H, W); crop : uint16 (h, w), stretched to 0-65535; mask : uint8, only 0 and 255,
    at film size but for a few rows; box : x, y, width, height of the lesion on the film.
    """

    film: Film
    crop: Film
    mask: NDArray[np.uint8]
    box: Box


def _random(*names: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(names).encode()))


def _on_scan(scan: str) -> list[Case]:
    return [case for case in CASES if case.scan == scan]


@cache
def film(scan: str) -> Film:
    """Draw a scan with every lesion that any case file knows on it."""
    random = _random(scan)
    rows, columns = int(random.integers(400, 500)), int(random.integers(310, 380))
    breast = _breast(random, rows, columns)
    for case in _on_scan(scan):
        region = outline(case).astype(bool)
        breast[region] += 0.15 + _lesion(case, (rows, columns))[region]
    if "RIGHT" in scan:
        breast = breast[:, ::-1]
    return np.rint(breast.clip(0, 1) * 60_000).astype(np.uint16)


def _breast(random: np.random.Generator, rows: int, columns: int) -> NDArray[np.float64]:
    """Return a breast of a left film, 0 outside and 0.2 to 0.7 inside: light before dark fat."""
    y, x = np.mgrid[:rows, :columns]
    reach = np.hypot(x / (0.88 * columns), (y - rows / 2) / (0.46 * rows))
    tissue = 0.45 + 0.5 * sum(
        scale * cv2.GaussianBlur(random.normal(0, 1, (rows, columns)), None, sigma)
        for scale, sigma in ((0.3, 2), (1.5, 9))
    )
    return np.where(reach < 1, tissue.clip(0.2, 0.7) * (1 - reach**6), 0)


def _place(case: Case, shape: tuple[int, int]) -> tuple[int, int, int]:
    """Return where a lesion lies on a left film: x, y of its middle and its radius."""
    random = _random(case.key)
    beside = [other.key for other in _on_scan(case.scan)].index(case.key)
    x = (0.32 + 0.12 * random.random()) * shape[1]
    y = (0.36 + 0.3 * beside + 0.05 * random.random()) * shape[0]
    if case.patient == 90032:  # a lesion at the chest wall: the window must slide inward
        x = 0.0
    return round(x), round(y), int(random.integers(24, 40))


def _shape(case: Case) -> tuple[int, int]:
    random = _random(case.scan)
    return int(random.integers(400, 500)), int(random.integers(310, 380))


def outline(case: Case) -> NDArray[np.uint8]:
    """Draw the lesion's outline on a left film at its own size: uint8 (H, W), 0 or 255."""
    shape = _shape(case)
    x, y, radius = _place(case, shape)
    drawn = np.zeros(shape, np.uint8)
    flat = _random(case.key, "flat").uniform(0.7, 1.0)
    cv2.ellipse(drawn, (x, y), (radius, round(radius * flat)), 20, 0, 360, 255, -1)
    return drawn


def _lesion(case: Case, shape: tuple[int, int]) -> NDArray[np.float64]:
    x, y, radius = _place(case, shape)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    distance = np.hypot(columns - x, rows - y) / radius
    malignant = case.pathology == "MALIGNANT"
    if case.kind == "mass":
        rays = np.cos(11 * np.arctan2(rows - y, columns - x)) if malignant else 0.0
        return 0.3 * np.exp(-2 * distance**2) + 0.18 * rays * distance.clip(0, 1)
    grains = _random(case.key, "grains").random(shape) > (0.93 if malignant else 0.985)
    return 0.7 * cv2.GaussianBlur(grains.astype(np.float64), None, 0.7 if malignant else 1.2)


@cache
def pictures(case: Case) -> Pictures:
    """Draw film, crop and mask of a row, and measure the lesion's box."""
    scan = film(case.scan)
    mask = outline(case)
    if case.side == "RIGHT":
        mask = np.ascontiguousarray(mask[:, ::-1])
    x, y, width, height = cv2.boundingRect(mask)
    left, top = max(0, x - CROP_MARGIN), max(0, y - CROP_MARGIN)
    around = scan[top : y + height + CROP_MARGIN, left : x + width + CROP_MARGIN]
    crop = cv2.normalize(around, None, 0, 65_535, cv2.NORM_MINMAX)
    return Pictures(scan, crop, _resized(mask, case.mask_off), (x, y, width, height))


def _resized(mask: NDArray[np.uint8], off: tuple[int, int]) -> NDArray[np.uint8]:
    """Cut or pad the mask at its lower right, as a mask that was drawn on another scan is."""
    rows, columns = mask.shape[0] + off[0], mask.shape[1] + off[1]
    padded = np.pad(mask, ((0, max(0, off[0])), (0, max(0, off[1]))))
    return padded[:rows, :columns]
