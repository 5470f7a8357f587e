"""What an epoch of a fit consists of: views, targets and weights of the crops, in its own order.

Everything drawn depends on the seed and the epoch's number alone, so that a fit which was stopped
goes on as if it had not been.
"""

import ctypes
import hashlib
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING, Protocol, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mammo.data.augment import Augmentation, augment
from mammo.imaging.preprocess import Preprocessing, prepare, stretch
from mammo.settings import Recipe

if TYPE_CHECKING:
    import keras

Content = TypeVar("Content")

DAMAGED = (
    BadZipFile, EOFError, ValueError, LookupError, TypeError, RuntimeError, TokenError,
)  # fmt: skip
"""What NumPy, zipfile and json raise on damaged files; not the disk's own errors."""


def read_kept(path: Path, read: Callable[[Path], Content]) -> Content | None:
    """Read a kept file; None where it is not there, or, with a line that says so, is damaged."""
    if not path.is_file():
        return None
    try:
        return read(path)
    except DAMAGED as error:
        print(
            f"{path} cannot be read ({error}) and is not used: what it kept is made anew.",
            file=sys.stderr,
        )
        return None


def keep_freed_memory() -> None:
    """Let the C library keep what TensorFlow frees each step, instead of asking for it anew.

    Without it a third of the processor's time on Linux goes into page faults. Elsewhere than on
    glibc nothing happens. mallopt(3): M_TRIM_THRESHOLD is -1, M_MMAP_MAX is -4.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    library = ctypes.CDLL(None)
    library.mallopt(-4, 0)
    library.mallopt(-1, 2**31 - 1)


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
        frozen: "keras.Model",
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
        from mammo.training.export import compile_onnx

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


def _fingerprint(views: CropViews, frozen: "keras.Model") -> str:
    digest = hashlib.sha256(repr((views.augmentation, views.seed)).encode())
    for array in (views.stretched, views.prepared, *frozen.get_weights()):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


Batch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Views (b, ...), targets (b, 1 + k) and class weights (b,)."""


@dataclass(frozen=True, eq=False)
class FitData:
    """Say what a fit learns from, and what it is watched on."""

    views: Views
    labels: NDArray[np.int_]
    learn: Rows
    held_out: Rows
    targets: NDArray[np.float32]


def batches(data: FitData, recipe: Recipe, seed: int, epoch: int) -> Iterator[Batch]:
    """Yield the batches of an epoch."""
    learnt = data.labels[data.learn]
    class_weights = len(learnt) / (2 * np.bincount(learnt, minlength=2))
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(data.learn)
    view = epoch % len(data.targets) if len(data.targets) > 1 else epoch
    for start in range(0, len(order), recipe.batch_size):
        rows = order[start : start + recipe.batch_size]
        batch = (
            data.views.augmented(view, rows),
            data.targets[view % len(data.targets), rows],
            class_weights[data.labels[rows]].astype(np.float32),
        )
        yield mixed(batch, recipe.mixup, random) if recipe.mixup else batch


def mixed(batch: Batch, concentration: float, random: np.random.Generator) -> Batch:
    """Mix each crop of a batch with another: views, targets and weights by the same share.

    A descriptor that one of the two lacks is unknown of the mixture.

    Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization".

    Examples
    --------
    >>> two = np.array([[0.0], [1.0]], dtype=np.float32)
    >>> views, targets, _ = mixed((two, two, two[:, 0]), 1.0, np.random.default_rng(1))
    >>> bool((views == targets).all())
    True
    """
    size = len(batch[0])
    partner = random.permutation(size)
    share = random.beta(concentration, concentration, size=size).astype(np.float32)

    def mix(values: NDArray[np.float32]) -> NDArray[np.float32]:
        kept = share.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(kept * values + (1 - kept) * values[partner], dtype=np.float32)

    views, targets, weights = batch
    return mix(views), mix(targets), mix(weights)
