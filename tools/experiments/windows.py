"""Wider crop areas of whole films for an experiment, and the controls that such a network needs.

    python -m tools.experiments docs/experiments/mobilenet-wide-box.json --data DIR --films DIR

`--films` is a folder of films with an `index.csv`: `file` (the crop's name in the prepared folder),
`film` (an 8-bit image, squashed to any shape), and in pixels of the original film `film_width`,
`film_height`, `lesion_x`, `lesion_y`, `lesion_width`, `lesion_height` (the lesion box).

Each crop area is a square around the box, moved inward at the film's edge and never padded. A
squashed film is blurred differently along its two axes, which identifies the scanner and, through
it, the hospital. Both axes are therefore brought to the grid of the coarser one first: a film of
full resolution, reduced to as many pixels along its longer side, gives the same.

A wide crop area shows more than the lesion. `controls` therefore reports the AUC within fifths of
film size, and how closely scores follow film size within each class. Film size (scanner, hospital)
alone predicts the label and is never an input.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.data.augment import augment
from mammo.data.csv_table import decimal_number, read_csv_table
from mammo.data.table import FILM
from mammo.errors import DataError
from mammo.evaluation import PatientBootstrap
from mammo.evaluation.arithmetic import sigmoid
from mammo.evaluation.bootstrap import percentile_interval
from mammo.evaluation.ranking import rank_correlation, stratified_auc
from mammo.settings import VIEWS, Recipe
from mammo.text import Estimate
from mammo.training.batches import CropViews, Kind, Rows, crop_views, read_kept, write_array
from mammo.training.film_size import fifths, film_size_scores
from tools.experiments.log import compare_scores
from tools.experiments.plan import Window

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

BOX = ["lesion_x", "lesion_y", "lesion_width", "lesion_height"]
GEOMETRY = [*FILM, *BOX]
LEAST_SIDE = 128.0
"""Film pixels of the smallest crop area."""
EDGE = 0.05
"""How softly the box's edge falls, as a share of its side: about a Gaussian of 0.085."""
GROWN, AROUND = 1.5, 2.2
"""A blanked lesion: the box grown so much is filled with the mean of what lies around it."""
CENTRE, SMALLEST, LARGEST = 0.15, 0.7, 1.4
"""How inexactly a box is drawn in training: shift and scale, as shares of its sides."""


def read_boxes(folder: Path, cases: Iterable[str]) -> dict[str, list[Any]]:
    """Return the columns `film` (a path) and `GEOMETRY` of a folder of films, a value per case.

    Raises
    ------
    DataError
        A case has no row, or its row has no usable number.
    """
    import pandas as pd

    index, cases = folder / "index.csv", list(cases)
    read = read_csv_table(index, needed=("file", "film", *GEOMETRY)).rows
    table = pd.DataFrame(read, index=[Path(row["file"]).stem for row in read])
    if missing := sorted(set(cases) - set(table.index)):
        raise DataError(
            f"{len(missing)} crops have no row in {index} (the first: {missing[0]}). "
            "Expected one row per training crop."
        )
    numbers = table.loc[cases, GEOMETRY].map(decimal_number).astype(float)
    wrong = numbers.isna().any(axis=1) | (numbers.filter(regex="width|height") <= 0).any(axis=1)
    if wrong.any():
        raise DataError(
            f"{index} should have for {wrong.idxmax()} the numbers {', '.join(GEOMETRY)} in pixels "
            "of the film, widths and heights above 0."
        )
    films = [str(folder / name) for name in table.loc[cases, "film"]]
    return {"film": films, **{name: numbers[name].tolist() for name in GEOMETRY}}


def crop_areas(boxes: "pd.DataFrame", scale: float) -> Floats:
    """Return x, y and side of each crop area in film pixels, float64 (n, 3)."""
    film, box = boxes[FILM].to_numpy(), boxes[BOX].to_numpy()
    least = np.maximum(scale * box[:, 2:].max(axis=1), LEAST_SIDE)
    side = np.minimum(least, film.min(axis=1))[:, np.newaxis]
    start = np.clip(box[:, :2] + box[:, 2:] / 2 - side / 2, 0, film - side)
    return np.hstack([start, side])


def boxes_inside(boxes: "pd.DataFrame", areas: Floats, size: int) -> Floats:
    """Return x, y, width, height of each box in pixels of its crop area, float64 (n, 4)."""
    box = boxes[BOX].to_numpy(dtype=np.float64)
    return np.hstack([box[:, :2] - areas[:, :2], box[:, 2:]]) * size / areas[:, 2:]


def cut(
    film: NDArray[np.uint8], size_on_film: Floats, area: Floats, size: int
) -> NDArray[np.uint8]:
    """Cut a crop area from a squashed film, with both axes blurred alike.

    Parameters
    ----------
    film : uint8 (h, w)
    size_on_film : float64 (2,), width and height of the original film, pixels
    area : float64 (3,), x, y and side in pixels of the original film
    size : int, pixels of the result's side

    Returns
    -------
    uint8 (size, size)
    """
    x, y, side = area
    # One grid for both axes: the coarser axis of the film, or the crop area's own pixels.
    step = max(*(size_on_film / film.shape[::-1]), side / size)
    columns, lines = np.maximum(np.round(size_on_film / step), 1).astype(int)
    even = film.astype(np.float32)
    for shape in ((columns, len(film)), (columns, lines)):
        even = cv2.resize(even, shape, interpolation=cv2.INTER_AREA).astype(np.float32)
    steps = size_on_film / (columns, lines)  # film pixels per pixel
    factors = side / size / steps
    starts = np.array([x, y]) / steps + 0.5 * factors - 0.5
    cropped = cv2.warpAffine(
        even, np.column_stack([np.diag(factors), starts]), (size, size),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.clip(np.round(cropped), 0, 255).astype(np.uint8)


def cut_all(boxes: "pd.DataFrame", areas: Floats, size: int, work: Path) -> NDArray[np.uint8]:
    """Cut every crop area, uint8 (n, size, size), once: the result is stored in `work`."""
    depends = f"{size} {areas.tolist()} {boxes[['film', *GEOMETRY]].to_csv()}"
    path = work / f"windows-{hashlib.sha256(depends.encode()).hexdigest()[:16]}.npy"
    windows = read_kept(path, np.load)
    if windows is None:
        parts = []
        for film, on_film, area in zip(boxes["film"], boxes[FILM].to_numpy(), areas, strict=True):
            image = cv2.imread(film, cv2.IMREAD_GRAYSCALE)
            if image is None:
                raise DataError(f"{film} is not a readable image: expected an 8-bit film.")
            parts.append(cut(image.astype(np.uint8, copy=False), on_film, area, size))
        windows = np.stack(parts)
        write_array(path, windows)
    return np.asarray(windows, dtype=np.uint8)


def grown(box: Floats, factor: float) -> Floats:
    """Scale a box (x, y, width, height) about its centre."""
    return np.concatenate([box[:2] + box[2:] * (1 - factor) / 2, box[2:] * factor])


def soft_box(box: Floats, size: int) -> NDArray[np.float32]:
    """Draw a box with soft edges, float32 (size, size), 0 to 1; one half at its edges."""
    at = np.arange(size) + 0.5
    across, down = (
        sigmoid((at - start) / (EDGE * side)) * sigmoid((start + side - at) / (EDGE * side))
        for start, side in zip(box[:2], box[2:], strict=True)
    )
    return np.outer(down, across).astype(np.float32)


def draw_inexactly(box: Floats, random: np.random.Generator) -> Floats:
    """Draw a box as a user might: its centre moved, both sides scaled."""
    low, high = np.log([SMALLEST, LARGEST])
    sides = box[2:] * np.exp(random.uniform(low, high, 2))
    centre = box[:2] + box[2:] * (0.5 + random.uniform(-CENTRE, CENTRE, 2))
    return np.concatenate([centre - sides / 2, sides])


def blank(window: NDArray[np.uint8], box: Floats) -> NDArray[np.uint8]:
    """Erase the lesion of a crop area: only its surroundings remain."""
    erased = soft_box(grown(box, GROWN), len(window))
    ring = np.clip(soft_box(grown(box, AROUND), len(window)) - erased, 1e-6, 1)
    filled = window * (1 - erased) + erased * np.average(window, weights=ring)
    return np.asarray(np.round(filled), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class WindowViews(CropViews):
    """Draw views of three channels: the crop area twice, then its box or the crop area again.

    In training the box is drawn inexactly; the views that are scored show the recorded one.
    """

    boxes: Floats
    box: bool

    def draw(self, kind: Kind, number: int, rows: Rows) -> NDArray[np.float32]:
        """Return float32 (b, I, I, 3), 0-255."""
        grey = super().draw(kind, number, rows)
        third = grey
        if self.box:
            third = np.stack([self._box(kind, number, int(row)) for row in rows])[..., np.newaxis]
        return np.concatenate([grey, grey, third], axis=-1)

    def _box(self, kind: Kind, number: int, row: int) -> NDArray[np.float32]:
        size, box = self.stretched.shape[1], self.boxes[row]
        if kind == "flip":
            return np.flip(255 * soft_box(box, size), tuple(VIEWS.values())[number])
        drawn = draw_inexactly(box, np.random.default_rng([self.seed, number, row, 1]))
        # The crop area's own random numbers, so that the box is moved with it.
        moved = np.random.default_rng([self.seed, number, row])
        plain = replace(self.augmentation, contrast=0.0, brightness=0.0)
        return augment(255 * soft_box(drawn, size), size, plain, moved)


def window_crops(
    boxes: "pd.DataFrame", window: Window, size: int, work: Path
) -> tuple[NDArray[np.uint8], Callable[[NDArray[np.uint8], Recipe, int], CropViews]]:
    """Return the crop areas of an experiment, uint8 (n, size, size), and what draws their views."""
    areas = crop_areas(boxes, window.scale)
    inside, crops = boxes_inside(boxes, areas, size), cut_all(boxes, areas, size, work)
    if window.blank:
        crops = np.stack([blank(crop, box) for crop, box in zip(crops, inside, strict=True)])

    def views(crops: NDArray[np.uint8], recipe: Recipe, seed: int) -> CropViews:
        plain = crop_views(crops, recipe, seed)
        return WindowViews(**vars(plain), boxes=inside, box=window.box)

    return crops, views


def controls(rows: "pd.DataFrame", logits: "pd.Series", base: "pd.Series") -> dict[str, Any]:
    """Return the AUC of an experiment alone and averaged with its base, and the controls.

    Parameters
    ----------
    rows : table of all training crops with their fold and `GEOMETRY`
    logits, base : by case; they are averaged crop by crop
    """
    rows = rows.assign(film_size=film_size_scores(rows))
    rows = rows[rows["case_id"].isin(logits.index)].set_index("case_id", drop=False)
    own, other, size = logits.loc[rows.index], base.loc[rows.index], rows["film_size"]
    bootstrap, labels = PatientBootstrap(rows["patient_id"]), rows["label"].to_numpy() == 1
    strata = fifths(size)

    def within(scores: "pd.Series") -> Floats:
        """Return the AUC within strata: of the sample, then of each resample."""
        statistic = stratified_auc(labels, scores.to_numpy(), strata)
        return np.concatenate([statistic(bootstrap.sample), bootstrap.distribution(statistic)])

    found: dict[str, Any] = {"film size": {"crop": compare_scores(rows, size, other)[0]}}
    for name, scores in (("base", other), ("alone", own), ("averaged", (own + other) / 2)):
        crop, gain = compare_scores(rows, scores, base)
        lesion, lesion_gain = compare_scores(rows, scores, base, by_lesion=True)
        inside, more = within(scores), within(scores) - within(other)
        found[name] = {
            "crop": crop, "gain": gain, "lesion": lesion, "lesion gain": lesion_gain,
            "within": percentile_interval(float(inside[0]), inside[1:]),
            "within gain": percentile_interval(float(more[0]), more[1:]),
        }  # fmt: skip
        for word, part in (("benign", ~labels), ("malignant", labels)):
            patients = rows["patient_id"][part]
            found[name][word] = rank_correlation(size[part], scores[part], patients)
    return {
        name: {key: _plain(figure) for key, figure in figures.items()}
        for name, figures in found.items()
    }


def _plain(figure: Estimate) -> dict[str, float | None]:
    return {
        name: None if np.isnan(value) else round(value, 4)
        for name, value in figure.as_dict().items()
    }
