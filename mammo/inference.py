"""Serve a trained model: crops in, calibrated probabilities and heat maps out, without TensorFlow.

Used by the app, by `mammo.predict` and by `mammo.evaluate`.

    model = load_classifier("mobilenetv2")
    p_malignant = model.predict(crops)

One path for every answer: bring the crop to the size that the card names, stretch and resize it
(`mammo.imaging.prepare`), run the network on the crop and its mirror images, average. The network
is an ONNX graph: "crops" float32 (n, I, I) in 0-255 gives "logit" (n,), "embedding" (n, d) and
"cam" (n, h, w), the Grad-CAM of the logit at the last convolution (Selvaraju et al. 2017, arXiv
1610.02391), at least zero and not scaled.
"""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mammo.artifacts import Card, load_model, sigmoid
from mammo.errors import ArtifactError, ImageError, SettingsError
from mammo.imaging.preprocess import prepare

SMALLEST_CROP = 32
METHODS = ("grad-cam",)
OUTPUTS = ("logit", "embedding", "cam")

FLIPS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1))
"""The crop as it is, mirrored left-right, up-down, and both, as axes to reverse."""

INPUTS_PER_RUN = 4
"""Network inputs in one run: one crop with its flips.

More is no faster on one core and dear: MobileNetV2 peaks at 0.18 GB with 4 inputs, 0.9 GB with 64.
And a run of the same size each time gives a crop the same digits in any batch.
"""

# More runs at once than cores gain nothing, and each holds its own activations in memory.
_RUNNING = threading.BoundedSemaphore(min(4, os.cpu_count() or 1))


@dataclass(frozen=True, eq=False)
class Assessment:
    """Hold all that one model says of one crop.

    Attributes
    ----------
    p_malignant : float, 0-1, calibrated, from the logit averaged over the flips
    p_low, p_high : float, 0-1, the smallest and the largest calibrated probability of a flip
    flips_p : calibrated probabilities of the crop as it is, mirrored left-right, up-down, and both
        (of the crop as it is alone, where the card says that the model averages no flips)
    score : float, 0-1, as `p_malignant` but not calibrated
    threshold : float, 0-1, the card's Youden threshold
    unsure : bool, whether the flips stand on both sides of the threshold
    cam : float32 (h, w), at least 0, the heat map on the network's own grid, averaged over the
        flips after each was turned back
    """

    p_malignant: float
    p_low: float
    p_high: float
    flips_p: tuple[float, ...]
    score: float
    threshold: float
    unsure: bool
    cam: NDArray[np.float32]

    @property
    def above(self) -> bool:
        """Tell whether the probability reaches the threshold."""
        return self.p_malignant >= self.threshold

    def straddles(self, threshold: float) -> bool:
        """Tell whether the flips stand on both sides of another threshold."""
        return self.p_low < threshold <= self.p_high

    def heat_map(self, size: int) -> NDArray[np.float32]:
        """Enlarge `cam` to float32 (size, size) in 0-1: see the function `heat_map`."""
        return heat_map(self.cam, size)


@dataclass(frozen=True, eq=False)
class _Answers:
    """Hold what the network says of some crops: logits (n, f), embedding (n, d), cam (n, h, w)."""

    logits: NDArray[np.float32]
    embedding: NDArray[np.float32]
    cam: NDArray[np.float32]


class Classifier:
    """Classify crops with one trained model. Safe to use from many threads at once.

    Parameters
    ----------
    card : Card
    network : bytes of an ONNX file that follows the contract of this module

    Raises
    ------
    ArtifactError
        The network cannot be loaded, or does not fit its card.
    """

    def __init__(self, card: Card, network: bytes) -> None:
        self.card = card
        self._session = _open_session(card, network)
        self._flips = FLIPS if card.test_time_flips else FLIPS[:1]

    @property
    def name(self) -> str:
        """Return the model's key, such as "mobilenetv2"."""
        return self.card.name

    def predict(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Estimate the probability of malignancy, calibrated.

        Parameters
        ----------
        crops : uint8 (n, S, S) or (S, S), 0-255, S at least 32, any n

        Returns
        -------
        float64 (n,), 0-1; (1,) for a single crop.

        Raises
        ------
        ImageError
            The crops are of another type or shape.
        """
        return self.card.calibration.probability(self._logits(crops))

    def score(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the uncalibrated probability of malignancy; in and out as `predict`."""
        return sigmoid(self._logits(crops))

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the feature vectors before the logit, averaged over the flips.

        Parameters
        ----------
        crops : uint8 (n, S, S) or (S, S), 0-255

        Returns
        -------
        float32 (n, d), d being the card's `embedding_size`.

        Raises
        ------
        ImageError
            The crops are of another type or shape.
        """
        parts = [answers.embedding for answers in self._answers(crops)]
        return np.concatenate([np.empty((0, self.card.embedding_size), np.float32), *parts])

    def explain(self, crop: NDArray[np.uint8], method: str = "grad-cam") -> NDArray[np.float32]:
        """Return the heat map of one crop: where the evidence for malignancy lay.

        The map is the average over the flips, each turned back, as the probability is. It shows
        what the model used, not the extent of the lesion.

        Parameters
        ----------
        crop : uint8 (S, S), 0-255
        method : "grad-cam"

        Returns
        -------
        float32 (S, S), 0-1, its peak at 1; all 0 where nothing spoke for malignancy.

        Raises
        ------
        ImageError
            The crop is of another type or shape.
        SettingsError
            There is no such method.
        """
        if method not in METHODS:
            raise SettingsError(
                f"A heat map is made by one of {', '.join(METHODS)}. Received: method={method!r}."
            )
        if np.ndim(crop) != 2:
            raise ImageError(
                f"A heat map is of one crop of shape (S, S). Received: shape {np.shape(crop)}."
            )
        return self.assess(crop)[0].heat_map(crop.shape[0])

    def assess(self, crops: NDArray[np.uint8]) -> tuple[Assessment, ...]:
        """Return all that the model says of each crop, from one pass through the network.

        Parameters
        ----------
        crops : uint8 (n, S, S) or (S, S), 0-255

        Returns
        -------
        tuple of n Assessments; of one for a single crop.

        Raises
        ------
        ImageError
            The crops are of another type or shape.
        """
        return tuple(
            self._assessment(logits, cam)
            for answers in self._answers(crops)
            for logits, cam in zip(answers.logits, answers.cam, strict=True)
        )

    def _assessment(self, logits: NDArray[np.float32], cam: NDArray[np.float32]) -> Assessment:
        logit = _mean(logits)
        flips_p = self.card.calibration.probability(logits)
        low, high = float(flips_p.min()), float(flips_p.max())
        threshold = self.card.thresholds["youden"]
        return Assessment(
            p_malignant=float(self.card.calibration.probability(logit)),
            p_low=low,
            p_high=high,
            flips_p=tuple(flips_p.tolist()),
            score=float(sigmoid(logit)),
            threshold=threshold,
            unsure=low < threshold <= high,
            cam=cam,
        )

    def _logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the logits averaged over the flips, float64 (n,)."""
        parts = [_mean(answers.logits) for answers in self._answers(crops)]
        return np.concatenate([np.empty(0), *parts])

    def _answers(self, crops: NDArray[np.uint8]) -> Iterator[_Answers]:
        """Run the network over the crops in parts, so that memory does not grow with them."""
        checked = _as_batch(crops)
        step = INPUTS_PER_RUN // len(self._flips)
        for start in range(0, len(checked), step):
            yield self._run(_at_size(checked[start : start + step], self.card.crop_size))

    def _run(self, crops: NDArray[np.uint8]) -> _Answers:
        prepared = prepare(crops, self.card.preprocessing)  # (n, I, I)
        views = np.stack([np.flip(prepared, axes) for axes in self._flips], axis=1)  # (n, f, I, I)
        with _RUNNING:
            outputs = self._session.run(
                list(OUTPUTS), {"crops": views.reshape(-1, *views.shape[2:])}
            )
        logits, embedding, cam = (
            np.asarray(output).reshape(*views.shape[:2], *np.shape(output)[1:])
            for output in outputs
        )
        upright = [np.flip(cam[:, flip], axes) for flip, axes in enumerate(self._flips)]
        return _Answers(logits, embedding.mean(axis=1), np.mean(upright, axis=0))


def load_classifier(name: str, folder: Path | None = None) -> Classifier:
    """Load a trained model, verified against the manifest of its artifacts.

    Parameters
    ----------
    name : "simple_cnn" or "mobilenetv2"
    folder : Path, the artifacts; by default `$MAMMO_ARTIFACTS` or the release beside the package

    Raises
    ------
    ArtifactError
        The artifacts are absent, altered, half written, of another schema, or hold no such model.
    """
    card, network = load_model(name, folder)
    return Classifier(card, network)


def heat_map(cam: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Enlarge a class activation map to a crop's size, its peak at 1.

    Parameters
    ----------
    cam : float32 (h, w), at least 0
    size : int, pixels

    Returns
    -------
    float32 (size, size), 0-1, bilinear; all 0 where `cam` is.

    Examples
    --------
    >>> heat_map(np.array([[0, 0], [0, 2]], np.float32), 4).diagonal().tolist()
    [0.0, 0.0625, 0.5625, 1.0]
    >>> heat_map(np.zeros((7, 7), np.float32), 32).max().item()
    0.0
    """
    enlarged = cv2.resize(cam, (size, size), interpolation=cv2.INTER_LINEAR)
    peak = enlarged.max()
    return np.asarray(enlarged / peak if peak > 0 else enlarged, np.float32)


def _mean(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(logits.mean(axis=-1, dtype=np.float64))


def _as_batch(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return crops as (n, S, S), or refuse them."""
    if not isinstance(crops, np.ndarray) or crops.dtype != np.uint8:
        raise ImageError(
            "Crops must be an array of uint8, grey levels from 0 to 255. Received: "
            f"{getattr(crops, 'dtype', type(crops).__name__)}. Read files with mammo.read_image."
        )
    batch = crops[np.newaxis] if crops.ndim == 2 else crops
    if batch.ndim != 3 or batch.shape[1] != batch.shape[2]:
        raise ImageError(
            "Crops must be square and grey, of shape (S, S) or (n, S, S). Received: shape "
            f"{crops.shape}. Cut them with mammo.cut_lesion."
        )
    if batch.shape[1] < SMALLEST_CROP:
        raise ImageError(
            f"A crop must have at least {SMALLEST_CROP} x {SMALLEST_CROP} pixels. Received: shape "
            f"{crops.shape}. Cut a larger window."
        )
    return batch


def _at_size(crops: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Bring crops to the size that the model learned on, so that none is sharper than those.

    By pixel area where they shrink, as the prepared crops were made; bilinear where they grow.
    """
    side = crops.shape[1]
    if side == size:
        return crops
    kind = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    resized = [cv2.resize(crop, (size, size), interpolation=kind) for crop in crops]
    return np.stack([np.asarray(crop, np.uint8) for crop in resized])


def _open_session(card: Card, network: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One thread a run: visitors share the cores, and the answers do not depend on their number.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a dozen classes without a common base
        raise ArtifactError(
            f"The network of {card.name} cannot be loaded by ONNX Runtime "
            f"{onnxruntime.__version__} ({_first_line(error)}). Update onnxruntime, or rebuild the "
            "artifacts with `python -m mammo.train`."
        ) from error
    _check_graph(card, session)
    return session


def _check_graph(card: Card, session: onnxruntime.InferenceSession) -> None:
    """Hold the graph's names and sizes against the card."""
    size = card.preprocessing.input_size
    expected: dict[str, tuple[int, ...]] = {
        "crops": (size, size),
        "logit": (),
        "embedding": (card.embedding_size,),
        "cam": card.cam_grid,
    }
    found = {node.name: node.shape for node in (*session.get_inputs(), *session.get_outputs())}
    for name, shape in expected.items():
        if name not in found or not _fits(found[name], shape):
            raise ArtifactError(
                f"The network of {card.name} does not fit its card: {name} should be of shape "
                f"{('n', *shape)}, but is {found.get(name, 'absent')}. Rebuild the artifacts "
                "with `python -m mammo.train`."
            )


def _fits(found: list[Any], expected: tuple[int, ...]) -> bool:
    """Compare a shape of the graph, whose batch axis must be free; other axes may be."""
    return (
        len(found) == len(expected) + 1
        and not isinstance(found[0], int)
        and all(
            not isinstance(size, int) or size == wanted
            for size, wanted in zip(found[1:], expected, strict=True)
        )
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
