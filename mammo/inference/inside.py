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
import onnx
import onnxruntime
from numpy.typing import NDArray

from mammo.errors import ArtifactError
from mammo.inference import Classifier
from mammo.inference.session import open_session, unreadable

ACTIVATIONS = ("Relu", "Clip")

Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Stage:
    """Describe one stage of a network.

    Attributes
    ----------
    key : the layer's name, as "conv_1" or "block_3_expand_relu"
    grid : (rows, columns) of each map
    kernel : float32 (channels, channels in, height, width), the weights of its convolution
    """

    key: str
    grid: tuple[int, int]
    kernel: NDArray[np.float32]

    @property
    def channels(self) -> int:
        """Return how many maps it gives."""
        return len(self.kernel)

    @property
    def filters(self) -> NDArray[np.float32]:
        """Return the weights as pictures, (channels, height, width), added up over what goes in.

        For the first stage, whose inputs are one grey picture (or three times the same), this is
        exactly what slides over the crop. Further in it is a summary.
        """
        return np.asarray(self.kernel.sum(axis=1), np.float32)


@dataclass(frozen=True, eq=False)
class LastStep:
    """How one crop, as it is and not mirrored, becomes a logit.

    Attributes
    ----------
    features : float32 (d,), at least 0, the embedding
    parts : float32 (d,), each feature times its weight
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
    """A network opened at its stages, and the weights of its last layer, float32 (d,)."""

    stages: tuple[Stage, ...]
    weights: NDArray[np.float32]
    _model: Classifier
    _session: onnxruntime.InferenceSession
    _outputs: Mapping[str, str]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def maps(self, crop: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Return what each stage makes of a crop, uint8 (S, S), as it is and not mirrored.

        Returns
        -------
        a stage's key -> float32 (channels, rows, columns), at least 0

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
        """Return how a crop, uint8 (S, S), becomes a logit; errors as `maps`."""
        picture = self._model.views(crop).pictures[:1]
        features = self._model.network("embedding", picture)[0]
        logit = float(self._model.network("logit", picture)[0])
        p_malignant = float(self._model.card.calibration.probability(np.array(logit)))
        return LastStep(features, features * self.weights, logit, p_malignant)


def open_inside(model: Classifier) -> Inside:
    """Open the network of a classifier a second time, so that it shows its stages.

    It keeps a network of its own in memory, so keep one a model.

    Raises
    ------
    ArtifactError
        The network cannot be read, or does not end in one dense layer on its embedding.
    """
    try:
        network = onnx.shape_inference.infer_shapes(onnx.load_from_string(model.onnx))
    except Exception as error:  # protobuf and ONNX raise classes without a common base
        raise unreadable(model.card, error) from error
    graph = network.graph
    weights = {held.name: onnx.numpy_helper.to_array(held) for held in graph.initializer}
    grids = {
        value.name: tuple(side.dim_value for side in value.type.tensor_type.shape.dim[2:])
        for value in (*graph.value_info, *graph.output)
    }
    every = _activations(graph, weights)
    if not every:
        raise ArtifactError(
            f"The network of {model.name} should hold a rectified convolution; there is none. "
            "Rebuild the artifacts with `python -m mammo.train`."
        )
    last = {grids[node.output[0]]: node.output[0] for node, _ in every}
    kept = {every[0][0].output[0], *last.values()}
    shown = [(_layer(node), node.output[0], kernel) for node, kernel in every]
    shown = [one for one in shown if one[1] in kept]
    stages = tuple(Stage(key, grids[output], kernel) for key, output, kernel in shown)
    outputs = {key: output for key, output, _ in shown}
    there = {value.name for value in graph.output}
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in {*outputs.values()} - there)
    session = open_session(model.card, network.SerializeToString())
    return Inside(stages, _last_weights(model, graph, weights), model, session, outputs)


def _activations(
    graph: onnx.GraphProto, weights: Weights
) -> list[tuple[onnx.NodeProto, NDArray[np.float32]]]:
    """Return the rectifier of each convolution with its kernel, in the order of the run."""
    found, kernel = [], None
    for node in graph.node:
        if node.op_type == "Conv":
            kernel = weights.get(node.input[1])
        elif node.op_type in ACTIVATIONS and kernel is not None:
            found.append((node, kernel))
            kernel = None
    return found


def _last_weights(
    model: Classifier, graph: onnx.GraphProto, weights: Weights
) -> NDArray[np.float32]:
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[0] == "embedding":
            found = weights.get(node.input[1])
            if found is not None and found.size == model.card.embedding_size:
                return found.reshape(-1)
    raise ArtifactError(
        f"The network of {model.name} should end in one dense layer on its embedding; there is "
        "none. Rebuild the artifacts with `python -m mammo.train`."
    )


def _layer(node: onnx.NodeProto) -> str:
    """Return a node's layer: "net_1/functional_1/conv_1_1/Relu" gives "conv_1"."""
    parts = node.name.split("/")
    return re.sub(r"_\d+$", "", parts[-2]) if len(parts) > 1 else str(node.output[0])
