"""The last step of a network, read as a sum: each feature times its weight, plus a bias: the logit.

Both networks end in one dense layer on the embedding. Used by the Grad-CAM viewer, to follow a crop
through to its estimate.

    head = open_head(model)
    last = head.of(crop)  # last.parts.sum() + last.bias == last.logit
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo.errors import ArtifactError
from mammo.inference import Classifier
from mammo.inference.graph import read_nodes, read_weights


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
class Head:
    """Hold the weights of a network's last dense layer, float32 (d,)."""

    weights: NDArray[np.float32]
    _model: Classifier

    def of(self, crop: NDArray[np.uint8]) -> LastStep:
        """Return the last step of a crop, uint8 (S, S).

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


def open_head(model: Classifier) -> Head:
    """Read the last dense layer of a classifier's network.

    Raises
    ------
    ArtifactError
        The network does not end in one dense layer on its embedding.
    """
    for node in read_nodes(model.onnx):
        if node.operation == "MatMul" and node.inputs[0] == "embedding":
            weights = read_weights(model.onnx).get(node.inputs[1])
            if weights is not None and weights.size == model.card.embedding_size:
                return Head(weights.reshape(-1), model)
    raise ArtifactError(
        f"The network of {model.name} should end in one dense layer on its embedding; there is "
        "none. Rebuild the artifacts with `python -m mammo.train`."
    )
