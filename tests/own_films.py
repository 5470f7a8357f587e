"""Make a small data set of somebody's own: films with a lesion each, their masks, and a table.

The films are drawn: noise and a bright lesion, with rays in three of four malignant and in one of
four benign ones. They resemble mammograms only as far as the commands need.
"""

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

HEADER = ("film", "x", "y", "width", "height", "patient", "label", "laterality", "view", "lesion")


def write_own_films(folder: Path, patients: int = 30, seed: int = 0) -> Path:
    """Write two films a patient into `folder/films/`, and `own.csv`; return the table's path."""
    random = np.random.default_rng(seed)
    (folder / "films").mkdir(parents=True)
    rows = []
    for number in range(patients):
        malignant = number % 3 == 0
        for view in ("CC", "MLO"):
            film, box = draw_film(random, malignant)
            name = f"films/{number:02d}-{view}.png"
            cv2.imwrite(str(folder / name), film)
            label = "malignant" if malignant else "benign"
            rows.append((name, *box, f"A{number}", label, "L", view, 1))
    return write_table(folder / "own.csv", rows)


def write_table(
    path: Path, rows: list[tuple[object, ...]], header: tuple[str, ...] = HEADER
) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def draw_film(
    random: np.random.Generator, malignant: bool
) -> tuple[NDArray[np.uint8], tuple[int, int, int, int]]:
    """Return a film, uint8 (600, 450), and its lesion's box."""
    film = cv2.GaussianBlur(random.normal(90, 60, (600, 450)).astype(np.float32), (0, 0), 6)
    x, y, radius = (int(random.integers(*ends)) for ends in ((150, 300), (150, 450), (20, 50)))
    cv2.circle(film, (x, y), radius, 170.0, -1)
    has_rays = random.random() < (0.75 if malignant else 0.25)
    for angle in np.arange(0, 2 * np.pi, 0.4) if has_rays else ():
        end = x + 1.6 * radius * np.cos(angle), y + 1.6 * radius * np.sin(angle)
        cv2.line(film, (x, y), (round(end[0]), round(end[1])), 190.0, 3)
    film = cv2.GaussianBlur(film, (0, 0), 2) + random.normal(0, 4, film.shape)
    side = round(1.2 * radius)
    return film.clip(0, 255).astype(np.uint8), (x - side, y - side, 2 * side, 2 * side)
