"""Concept readings: the margin and shape that a network's features resemble, and what follows.

    readings = load_concepts().read(embedding)    # of the model `concepts.model`
    readings.p["spiculated margin"], readings.p_malignant

A probe for each concept: logistic regression on the pooled features, against the recorded
descriptors (G. Alain, Y. Bengio 2016, arXiv 1610.01644). The estimate of malignancy from concepts
alone was fitted on recorded descriptors and never saw the network (P. W. Koh et al. 2020, "Concept
bottleneck models", ICML, the independent form). Written by `python -m mammo.training.concepts`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import sigmoid
from mammo.artifacts.contents import attached_document
from mammo.artifacts.schema import Positive
from mammo.text import Estimate, percent

CONCEPTS_NAME = "concepts/concepts.json"
SCHEMA = 1
SHOWN_FROM = 0.7
"""The AUC below which no reading is shown."""


@dataclass(frozen=True)
class Concept:
    """One probe, and how well it agrees with the record: AUC by crop, 95% CI over patients.

    `weights` are those of the features, `to_malignant` that of the estimate from concepts, 0 where
    the reading is not shown. The network has learned the diagnoses of the training patients, so
    that `out_of_fold` is somewhat too good; `test` is not.
    """

    name: str
    out_of_fold: Estimate
    test: Estimate
    intercept: float
    weights: tuple[float, ...]
    to_malignant: float

    @property
    def shown(self) -> bool:
        """Return whether the reading is good enough to show, on training and on test patients."""
        return min(self.out_of_fold.value, self.test.value) >= SHOWN_FROM


@dataclass(frozen=True, eq=False)
class Readings:
    """What the probes read from one lesion's features: each shown concept's probability, 0-1.

    `p_malignant` is the estimate from these probabilities alone.
    """

    concepts: "Concepts"
    p: Mapping[str, float]
    p_malignant: float

    @property
    def title(self) -> str:
        """The readings in words, as "spiculated margin 62%, irregular shape 71%"."""
        return ", ".join(f"{name} {percent(p)}" for name, p in self.p.items())


@dataclass(frozen=True)
class Concepts:
    """The probes of one model, and the AUC for malignancy of test crops.

    `malignancy` is of the estimate from concepts alone, `network` of the model itself.
    """

    model: str
    test_crops: Positive
    concepts: tuple[Concept, ...]
    intercept: float
    malignancy: Estimate
    network: Estimate

    @property
    def shown(self) -> tuple[Concept, ...]:
        """The concepts that are good enough to show."""
        return tuple(concept for concept in self.concepts if concept.shown)

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        return np.array([concept.weights for concept in self.shown])

    def read(self, embedding: NDArray[np.float32]) -> Readings | None:
        """Read the features of one lesion, float32 (d,); None where no concept is shown."""
        if not self.shown:
            return None
        offsets = np.array([concept.intercept for concept in self.shown])
        p = sigmoid(self._weights @ np.asarray(embedding, np.float64).ravel() + offsets)
        logit = self.intercept + math.fsum(
            concept.to_malignant * one for concept, one in zip(self.shown, p, strict=True)
        )
        named = {concept.name: float(one) for concept, one in zip(self.shown, p, strict=True)}
        return Readings(self, named, float(sigmoid(np.array(logit))))


def load_concepts(folder: Path | None = None) -> Concepts | None:
    """Load the concept probes that are attached to the artifacts; None where there are none.

    Raises
    ------
    ArtifactError
        The file is altered, not whole or of another schema.
    """
    document = attached_document(CONCEPTS_NAME, folder, SCHEMA)
    if document is None:
        return None
    found = document.build(Concepts)
    if len({len(concept.weights) for concept in found.concepts}) != 1:
        raise document.refusal("concepts", "probes of one length each", "probes of different ones")
    return found
