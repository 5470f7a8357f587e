"""The classifier: the one path from crops to probabilities, feature vectors and heat maps.

Bring the crop to the size that the card names, stretch and resize it (`mammo.imaging.prepare`), run
the network on each view of it, average, calibrate. The network's contract stands in
`mammo.inference`.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import Card, load_model, sigmoid
from mammo.artifacts.schema import SMALLEST_CROP, logit
from mammo.errors import ArtifactError, ImageError
from mammo.imaging.preprocess import prepare
from mammo.inference.maps import Progress, Views, draw, method_named
from mammo.inference.session import check_weights, open_session
from mammo.settings import VIEWS


@dataclass(frozen=True, eq=False)
class Assessment:
    """One model's result for one crop.

    Attributes
    ----------
    p_malignant : float, 0-1, calibrated, from the logit averaged over the flips
    flips_p : calibrated probabilities of the views that the card names, the upright one first
    score : float, 0-1, as `p_malignant` but not calibrated
    threshold : float, 0-1, the card's Youden threshold
    cam : float32 (h, w), at least 0, the heat map on the network's own grid, averaged over the
        flips after each was turned back
    embedding : float32 (d,), the feature vector before the logit, averaged over the flips
    """

    p_malignant: float
    flips_p: tuple[float, ...]
    score: float
    threshold: float
    cam: NDArray[np.float32]
    embedding: NDArray[np.float32]

    @property
    def p_low(self) -> float:
        """Return the smallest calibrated probability of a flip."""
        return min(self.flips_p)

    @property
    def p_high(self) -> float:
        """Return the largest calibrated probability of a flip."""
        return max(self.flips_p)

    @property
    def above(self) -> bool:
        """Return whether the probability reaches the threshold."""
        return self.p_malignant >= self.threshold

    def heat_map(self, size: int) -> NDArray[np.float32]:
        """Enlarge `cam` to float32 (size, size) in 0-1: see the function `heat_map`."""
        return heat_map(self.cam, size)


def pool_views(views: Sequence[Assessment], card: Card) -> Assessment:
    """Return one model's result for a lesion from its views, by the mean of their logits.

    `card` is that of two views (`Card.for_two_views`). The heat map is that of the first view.
    """
    return Assessment(
        p_malignant=float(card.pooled([view.p_malignant for view in views])),
        flips_p=tuple(card.pooled([view.flips_p for view in views]).tolist()),
        score=float(sigmoid(logit([view.score for view in views]).mean())),
        threshold=card.thresholds["youden"],
        cam=views[0].cam,
        embedding=np.mean([view.embedding for view in views], axis=0),
    )


def heat_map(cam: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Enlarge a class activation map, float32 (h, w), at least 0, to a crop's size, its peak at 1.

    Returns
    -------
    float32 (size, size), 0-1, bilinear; all 0 where `cam` is.

    Examples
    --------
    >>> heat_map(np.array([[0, 0], [0, 2]], np.float32), 4).diagonal().tolist()
    [0.0, 0.0625, 0.5625, 1.0]
    """
    enlarged = cv2.resize(cam, (size, size), interpolation=cv2.INTER_LINEAR)
    peak = enlarged.max()
    return np.asarray(enlarged / peak if peak > 0 else enlarged, np.float32)


def as_batch(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return crops as a batch, or refuse them."""
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


def at_size(crops: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Bring crops, uint8 (n, S, S), to the size that the model learned on: none is sharper then.

    By pixel area where they shrink, as the prepared crops were made; bilinear where they grow.
    """
    side = crops.shape[1]
    if side == size:
        return crops
    kind = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    resized = [cv2.resize(crop, (size, size), interpolation=kind) for crop in crops]
    return np.stack([np.asarray(crop, np.uint8) for crop in resized])


OUTPUTS = ("logit", "embedding", "cam")

# More runs at once than cores gain nothing, and each holds its own activations in memory.
_RUNNING = threading.BoundedSemaphore(min(4, os.cpu_count() or 1))


_Answers = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""What the network says of one crop: logits (f,), embedding (d,), cam (h, w)."""


class Classifier:
    """Classify crops with one trained model. Safe to use from many threads at once.

    Parameters
    ----------
    card : Card
    network : bytes of an ONNX file that follows the contract of `mammo.inference`

    Raises
    ------
    ArtifactError
        The network cannot be loaded, does not fit its card, or has weights that are no numbers.
    """

    def __init__(self, card: Card, network: bytes) -> None:
        self.card = card
        self.onnx = network
        self._session = open_session(card, network)
        self._gives = {held.name for held in self._session.get_outputs()}
        check_weights(card, network)
        self._flips = tuple(VIEWS[view] for view in card.views)

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

    def predict_upright(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Estimate the probability of malignancy, calibrated, from one pass a crop, not mirrored.

        In and out as `predict`, of which it is a rougher and faster form.
        """
        sized = at_size(as_batch(crops), self.card.crop_size)
        logits = self.network("logit", prepare(sized, self.card.preprocessing))
        return self.card.calibration.probability(_mean(logits.reshape(len(sized), -1)))

    def score(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the uncalibrated probability of malignancy; in and out as `predict`."""
        return sigmoid(self._logits(crops))

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the features before the logit, float32 (n, d); in and errors as `predict`."""
        parts = [embedding for _, embedding, _ in self._answers(crops)]
        return np.array(parts, np.float32).reshape(-1, self.card.embedding_size)

    def explain(
        self,
        crop: NDArray[np.uint8],
        method: str = "grad-cam",
        on_progress: Progress | None = None,
    ) -> NDArray[np.float32]:
        """Return the heat map of one crop: where the evidence for malignancy lay.

        The map is the average over the flips, each turned back, as the probability is. It shows
        what the model used, not the extent of the lesion.

        Parameters
        ----------
        crop : uint8 (S, S), 0-255
        method : "grad-cam", "occlusion", "score-cam" or "blur-path" (`mammo.inference.maps`)
        on_progress : function of two int, optional, told inputs done and inputs in all

        Returns
        -------
        float32 (S, S), 0-1, its peak at 1; all 0 where nothing spoke for malignancy, and for a flat
        crop, which has no parts.

        Raises
        ------
        ImageError
            The crop is of another type or shape.
        SettingsError
            There is no such method.
        """
        drawn = draw(method_named(method), self.network, self.views(crop), on_progress)
        return heat_map(drawn, crop.shape[0])

    def views(self, crop: NDArray[np.uint8]) -> Views:
        """Return one crop, uint8 (S, S), as the network sees it, in each view that its card names.

        Raises
        ------
        ImageError
            The crop is of another type or shape.
        """
        if np.ndim(crop) != 2:
            raise ImageError(
                f"A heat map is of one crop of shape (S, S). Received: shape {np.shape(crop)}."
            )
        sized = at_size(as_batch(crop), self.card.crop_size)
        return Views(self._mirrored(sized[0]), self._flips)

    def network(self, output: str, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Ask the network itself, without calibration or averaging.

        Parameters
        ----------
        output : "logit", "embedding", "cam", or "features", the last convolution's maps
        inputs : float32 (n, I, I), 0-255, as `views` prepares them; n at least 1

        Returns
        -------
        float32 (n, ...)
        """
        if output not in self._gives:
            raise ArtifactError(
                f"The network of {self.name} gives no {output}: it was exported by an earlier "
                "version. Rebuild the artifacts with `python -m mammo.train`."
            )
        return self._outputs([output], inputs)[0]

    def assess(self, crops: NDArray[np.uint8]) -> tuple[Assessment, ...]:
        """Return all that the model says of each crop, from one pass through the network.

        In and errors as `predict`.
        """
        return tuple(self._assessment(*answers) for answers in self._answers(crops))

    def _assessment(
        self, logits: NDArray[np.float32], embedding: NDArray[np.float32], cam: NDArray[np.float32]
    ) -> Assessment:
        logit, probability = _mean(logits), self.card.calibration.probability
        return Assessment(
            p_malignant=float(probability(logit)),
            flips_p=tuple(probability(logits).tolist()),
            score=float(sigmoid(logit)),
            threshold=self.card.thresholds["youden"],
            cam=cam,
            embedding=embedding,
        )

    def _logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the logits averaged over the flips, float64 (n,)."""
        return np.array([_mean(logits) for logits, _, _ in self._answers(crops)], np.float64)

    def _answers(self, crops: NDArray[np.uint8]) -> Iterator[_Answers]:
        """Run the network over one crop after the other, so that memory does not grow with them."""
        for crop in as_batch(crops):
            views = self._mirrored(at_size(crop[np.newaxis], self.card.crop_size)[0])
            logits, embedding, cam = self._outputs(OUTPUTS, views)
            upright = [np.flip(one, axes) for one, axes in zip(cam, self._flips, strict=True)]
            yield logits, embedding.mean(axis=0), np.mean(upright, axis=0)

    def _mirrored(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Prepare a crop of the card's size and mirror it: (f, I, I)."""
        prepared = prepare(crop[np.newaxis], self.card.preprocessing)[0]
        return np.stack([np.flip(prepared, axes) for axes in self._flips])

    def _outputs(
        self, names: Sequence[str], inputs: NDArray[np.float32]
    ) -> list[NDArray[np.float32]]:
        """Run the network over one input after the other."""
        runs = []
        for number in range(len(inputs)):
            with _RUNNING:
                runs.append(self._session.run(names, {"crops": inputs[number : number + 1]}))
        return [np.concatenate(outputs) for outputs in zip(*runs, strict=True)]


def load_classifier(name: str, folder: Path | None = None) -> Classifier:
    """Load a trained model, verified against the manifest of its artifacts.

    Parameters
    ----------
    name : "simple_cnn" or "mobilenetv2"
    folder : the artifacts; by default `$MAMMO_ARTIFACTS` or the release beside the package

    Raises
    ------
    ArtifactError
        The artifacts are absent, altered, half written, of another schema, or hold no such model.
    """
    return Classifier(*load_model(name, folder))


def _mean(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(logits.mean(axis=-1, dtype=np.float64))
