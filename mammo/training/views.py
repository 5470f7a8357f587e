"""What a network sees of each crop: augmented views for learning, plain flips for scoring.

View number v of crop i depends on the seed, v and i alone, not on the fold or the order. So where
the first blocks of a network are frozen, their features of a view are computed once, kept in the
work folder, and serve every fold and the final fit: that makes a training on two cores three times
faster.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from mammo.data.augment import Augmentation, augment
from mammo.imaging.preprocess import Preprocessing, prepare, stretch
from mammo.settings import Recipe
from mammo.training.export import compile_onnx
from mammo.training.kept import read_kept

FLIPS = 4
"""Upright, left-right, up-down, both: the plain views that a score averages over."""

BATCH = 64

Rows = NDArray[np.int_]


class Views(Protocol):
    """Give what the learning part of a network takes in, for chosen crops."""

    def augmented(self, view: int, rows: Rows) -> NDArray[np.float32]:
        """Return augmented view number `view` of crops `rows`, float32 (b, ...)."""

    def plain(self, flip: int, rows: Rows) -> NDArray[np.float32]:
        """Return flip number `flip`, 0 to 3, of crops `rows`, float32 (b, ...)."""


@dataclass(frozen=True, eq=False)
class CropViews:
    """Draw the views from the crops each time."""

    stretched: NDArray[np.float32]
    prepared: NDArray[np.float32]
    augmentation: Augmentation
    seed: int

    def augmented(self, view: int, rows: Rows) -> NDArray[np.float32]:
        """Return float32 (b, I, I, 1), 0-255."""
        size = self.prepared.shape[1]
        drawn = [
            augment(
                self.stretched[row], size, self.augmentation,
                np.random.default_rng([self.seed, view, int(row)]),
            )
            for row in rows
        ]  # fmt: skip
        return np.stack(drawn)[..., np.newaxis]

    def plain(self, flip: int, rows: Rows) -> NDArray[np.float32]:
        """Return float32 (b, I, I, 1), 0-255."""
        upright = self.prepared[rows]
        mirrored = upright[:, :, ::-1] if flip % 2 else upright
        turned = mirrored[:, ::-1] if flip >= 2 else mirrored
        return np.ascontiguousarray(turned)[..., np.newaxis]


def crop_views(crops: NDArray[np.uint8], recipe: Recipe, seed: int) -> CropViews:
    """Prepare the views of crops, uint8 (n, S, S), as a recipe says."""
    preprocessing = preprocessing_of(recipe)
    augmentation = Augmentation(
        recipe.rotation_degrees, recipe.zoom, recipe.shift, recipe.contrast, recipe.brightness,
        recipe.cutout,
    )  # fmt: skip
    stretched = np.stack([stretch(crop, preprocessing) for crop in crops])
    return CropViews(stretched, prepare(crops, preprocessing), augmentation, seed)


def preprocessing_of(recipe: Recipe) -> Preprocessing:
    """Take a recipe's preprocessing, the part that serving must repeat."""
    return Preprocessing(recipe.input_size, recipe.low_percentile, recipe.high_percentile)


class FrozenViews:
    """Pass the views through the frozen part of a network once, and keep the features on disk."""

    def __init__(
        self,
        views: CropViews,
        frozen: keras.Model,
        folder: Path,
    ) -> None:
        """Name the folder by what the features depend on; compute nothing yet."""
        self._views = views
        self._frozen = frozen
        self._folder = folder / f"features-{_fingerprint(views, frozen)[:16]}"
        self._run: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None
        self._open: dict[str, NDArray[np.float16]] = {}

    def augmented(self, view: int, rows: Rows) -> NDArray[np.float32]:
        """Return float32 (b, h, w, k), features of augmented views."""
        return self._features(f"view_{view:03d}", lambda part: self._views.augmented(view, part))[
            rows
        ].astype(np.float32)

    def plain(self, flip: int, rows: Rows) -> NDArray[np.float32]:
        """Return float32 (b, h, w, k), features of plain flips."""
        return self._features(f"flip_{flip}", lambda part: self._views.plain(flip, part))[
            rows
        ].astype(np.float32)

    def _features(
        self, name: str, draw: Callable[[Rows], NDArray[np.float32]]
    ) -> NDArray[np.float16]:
        if name not in self._open:
            path = self._folder / f"{name}.npy"
            kept = read_kept(path, _opened)
            if kept is None:
                self._write(path, draw)
                kept = _opened(path)
            self._open[name] = kept
        return self._open[name]

    def _write(self, path: Path, draw: Callable[[Rows], NDArray[np.float32]]) -> None:
        self._run = self._run or compile_onnx(self._frozen)
        path.parent.mkdir(parents=True, exist_ok=True)
        everything = np.arange(len(self._views.prepared))
        parts = [
            self._run(draw(everything[start : start + BATCH])).astype(np.float16)
            for start in range(0, len(everything), BATCH)
        ]
        written = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
        with written.open("wb") as file:
            np.save(file, np.concatenate(parts))
        written.replace(path)


def _opened(path: Path) -> NDArray[np.float16]:
    return np.asarray(np.load(path, mmap_mode="r"))


def _fingerprint(views: CropViews, frozen: keras.Model) -> str:
    digest = hashlib.sha256(repr((views.augmentation, views.seed)).encode())
    for array in (views.stretched, views.prepared, *frozen.get_weights()):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
