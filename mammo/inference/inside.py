"""Look inside a network: what its convolutions make of a crop, their filters, and its last sum.

    inside = open_inside(model)
    maps = inside.maps(crop)  # key of a stage -> float32 (k, h, w)
    last = inside.last_step(crop)  # last.parts.sum() + last.bias == last.logit

Used by the Grad-CAM viewer. A stage is the rectified output of a convolution: the first one, and
the last one at each size, which in MobileNetV2 are the five that its hand-over to segmentation
networks made customary, and in the simple CNN are all that there are. The last sum: both networks
end in one dense layer on the embedding, each feature times its weight, plus a bias: the logit.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mammo.errors import ArtifactError
from mammo.inference import Classifier
from mammo.inference.session import (
    Activation,
    convolution_activations,
    open_session,
    read_nodes,
    read_weights,
)


@dataclass(frozen=True, eq=False)
class Stage:
    """Describe one stage of a network.

    Attributes
    ----------
    key : str, the layer's name, as "conv_1" or "block_3_expand_relu"
    channels : int, maps that it gives
    grid : (rows, columns) of each map
    kernel : float32 (channels, channels in, height, width), the weights of its convolution
    """

    key: str
    channels: int
    grid: tuple[int, int]
    kernel: NDArray[np.float32]

    @property
    def filters(self) -> NDArray[np.float32]:
        """Return the weights as pictures, (channels, height, width), added up over what goes in.

        For the first stage, whose inputs are one grey picture (or three times the same), this is
        exactly what slides over the crop. Further in it is a summary.
        """
        return np.asarray(self.kernel.sum(axis=1), np.float32)


@dataclass(frozen=True, eq=False)
class LastStep:
    """Hold how one crop, as it is and not mirrored, becomes a logit.

    Attributes
    ----------
    features : float32 (d,), at least 0, the embedding
    parts : float32 (d,), each feature times its weight
    logit : float
    p_malignant : float, 0-1, calibrated
    """

    features: NDArray[np.float32]
    parts: NDArray[np.float32]
    logit: float
    p_malignant: float

    @property
    def bias(self) -> float:
        """Return what the logit holds besides the parts."""
        return self.logit - float(self.parts.sum(dtype=np.float64))

    def largest(self, most: int) -> list[int]:
        """Return the places of the parts that are farthest from 0, the farthest first."""
        order = np.argsort(-np.abs(self.parts), kind="stable")
        return [int(place) for place in order[:most] if self.parts[place] != 0]


@dataclass(frozen=True, eq=False)
class Inside:
    """Hold a network opened at its stages, and the weights of its last layer, float32 (d,)."""

    stages: tuple[Stage, ...]
    weights: NDArray[np.float32]
    _model: Classifier
    _session: onnxruntime.InferenceSession
    _outputs: Mapping[str, str]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def maps(self, crop: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Return what each stage makes of a crop, as it is and not mirrored.

        Parameters
        ----------
        crop : uint8 (S, S), 0-255

        Returns
        -------
        dict, a stage's key -> float32 (channels, rows, columns), at least 0

        Raises
        ------
        ImageError
            The crop is of another type or shape.
        """
        picture = self._model.views(crop).pictures[:1]
        with self._lock:
            found = self._session.run(list(self._outputs.values()), {"crops": picture})
        return {key: maps[0] for key, maps in zip(self._outputs, found, strict=True)}

    def last_step(self, crop: NDArray[np.uint8]) -> LastStep:
        """Return how a crop, uint8 (S, S), becomes a logit.

        Raises
        ------
        ImageError
            The crop is of another type or shape.
        """
        picture = self._model.views(crop).pictures[:1]
        features = self._model.network("embedding", picture)[0]
        logit = float(self._model.network("logit", picture)[0])
        p_malignant = float(self._model.card.calibration.probability(np.array(logit)))
        return LastStep(features, features * self.weights, logit, p_malignant)


def open_inside(model: Classifier) -> Inside:
    """Open the network of a classifier a second time, so that it shows its stages.

    Parameters
    ----------
    model : Classifier

    Returns
    -------
    Inside; it keeps a network of its own in memory, so keep one a model.

    Raises
    ------
    ArtifactError
        The network does not end in one dense layer on its embedding.
    """
    weights = _last_weights(model)
    every = convolution_activations(model.onnx)
    shapes = _shapes(model, every)
    last = {shapes[one.output][1:]: one.output for one in every}
    kept = {every[0].output, *last.values()}
    chosen = {_layer(one): one for one in every if one.output in kept}
    stages = tuple(
        Stage(key, shapes[one.output][0], shapes[one.output][1:], one.kernel)
        for key, one in chosen.items()
    )
    outputs = {key: one.output for key, one in chosen.items()}
    session = open_session(model.card, model.onnx, list(outputs.values()))
    return Inside(stages, weights, model, session, outputs)


def _last_weights(model: Classifier) -> NDArray[np.float32]:
    for node in read_nodes(model.onnx):
        if node.operation == "MatMul" and node.inputs[0] == "embedding":
            weights = read_weights(model.onnx).get(node.inputs[1])
            if weights is not None and weights.size == model.card.embedding_size:
                return weights.reshape(-1)
    raise ArtifactError(
        f"The network of {model.name} should end in one dense layer on its embedding; there is "
        "none. Rebuild the artifacts with `python -m mammo.train`."
    )


def _shapes(model: Classifier, every: tuple[Activation, ...]) -> dict[str, tuple[int, int, int]]:
    """Return the size of each activation, (k, h, w), which only a run tells."""
    names = [one.output for one in every]
    size = model.card.preprocessing.input_size
    session = open_session(model.card, model.onnx, names)
    found = session.run(names, {"crops": np.zeros((1, size, size), np.float32)})
    return {name: maps.shape[1:] for name, maps in zip(names, found, strict=True)}


def _layer(activation: Activation) -> str:
    """Return a node's layer: "net_1/functional_1/conv_1_1/Relu" gives "conv_1"."""
    parts = activation.name.split("/")
    return re.sub(r"_\d+$", "", parts[-2]) if len(parts) > 1 else activation.output
