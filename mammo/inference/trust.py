"""How far an answer can be trusted: is it a mammogram crop, and what resembles it.

Used by the upload page, the Grad-CAM viewer and `mammo.predict`; computed and measured by
`python -m mammo.training.trust --data DIR`, which attaches it to the artifacts:
`trust/embeddings.npz` holds the training crops in the embedding space and the statistics of their
pixels, `trust/trust.json` the thresholds and every measured figure.

    trust = load_trust()  # None where the artifacts hold none
    embedding = classifier.embed(crop)  # of the model `trust.model`
    trust.familiarity(crop, embedding).questioned
    trust.similar(embedding, exclude_patient="P_00001")

One embedding space serves both: the square root of the network's features, scaled to length one
(Hellinger; features after ReLU are at least zero), and the cosine to the nearest training crops
(Sun et al. 2022, Out-of-distribution detection with deep nearest neighbors, arXiv 2204.06507). The
network is blind to much that was never in its training, so the pixels themselves are compared too.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import artifacts_folder, read_attachment
from mammo.artifacts.contents import CASES_NAME, read_rows
from mammo.artifacts.manifest import read_files
from mammo.errors import ArtifactError, ImageError
from mammo.imaging.quality import FEW_LEVELS
from mammo.inference.classifier import as_batch, at_size

_SCALES = 5
_BINS = 32
_LEAST = 1e-4
"""Kept away from the logarithm of zero, in shares of the crop's contrast."""


def texture(crop: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Describe a crop, uint8 (S, S), by 16 numbers.

    Log of the contrast (1st to 99th percentile); for each of five octaves the log of its strength
    and of its fourth standardised moment; mean and deviation of the stretched greys; log of the
    number of greys; their entropy; how much rows and columns differ.
    """
    low, high = np.percentile(crop, [1, 99])
    stretched = np.clip((crop - low) / max(high - low, 1.0), 0, 1)
    shares = np.histogram(stretched, _BINS, (0, 1))[0] / stretched.size
    across, down = (np.diff(stretched, axis=axis).std() + _LEAST for axis in (1, 0))
    return np.array([
        np.log(max(high - low, 0.5)),
        *_octaves(stretched),
        stretched.mean(),
        stretched.std(),
        np.log(len(np.unique(crop))),
        -(shares * np.log(shares + 1e-9)).sum(),
        abs(np.log(across / down)),
    ])  # fmt: skip


def _octaves(level: NDArray[np.float64]) -> list[float]:
    """Return strength and peakedness of each octave of a Laplacian pyramid (Burt, Adelson 1983)."""
    numbers: list[float] = []
    for _ in range(_SCALES):
        smooth = np.asarray(cv2.GaussianBlur(level, (0, 0), 1.0), np.float64)
        detail = level - smooth
        spread = float(detail.std()) + _LEAST
        numbers += [float(np.log(spread)), float(np.log((detail**4).mean() / spread**4 + 1))]
        halved = cv2.resize(smooth, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        level = np.asarray(halved, np.float64)
    return numbers


EMBEDDINGS_NAME = "trust/embeddings.npz"
TRUST_NAME = "trust/trust.json"
SCHEMA = 1
NOT_A_CROP = "Do not interpret: this image does not resemble the training images."

_CROP_SIZE = 128
_REBUILD = "Run `python -m mammo.training.trust --data DIR`."
_LARGE = ("rows", "components")
_SMALL = ("texture_mean", "texture_scale", "texture_precision")
_MISSING = ("", "NaN", "nan")
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Familiarity:
    """Why a picture looks unlike the training crops: a sentence, empty where it does not."""

    reason: str

    @property
    def questioned(self) -> bool:
        """Return whether the picture does not look like a mammogram crop."""
        return bool(self.reason)

    @property
    def sentence(self) -> str:
        """Return the warning with its reason; empty for a familiar crop."""
        return f"{NOT_A_CROP} {self.reason}" if self.reason else ""


@dataclass(frozen=True)
class Neighbour:
    """A training lesion that resembles a crop.

    Attributes
    ----------
    case_id : the crop of the lesion that lies nearest
    pathology : "MALIGNANT", "BENIGN" or "BENIGN_WITHOUT_CALLBACK"
    mass_shape, mass_margins, breast_density (1-4), assessment (BI-RADS 0-5) : where recorded
    similarity : 0-1, cosine in the embedding space
    """

    case_id: str
    lesion_id: str
    patient_id: str
    pathology: str
    malignant: bool
    mass_shape: str | None
    mass_margins: str | None
    breast_density: int | None
    assessment: int | None
    similarity: float


@dataclass(frozen=True, eq=False)
class Trust:
    """Answer for one crop at a time; safe to use from many threads.

    Attributes
    ----------
    measured : the document of `trust.json`
    cases : t rows of `cases.csv` as texts, the training crops
    rows, components : float32 (t, k), (k, d), places in the embedding space, and its directions
    texture_mean, texture_scale : float64 (16,)
    texture_precision : float64 (16, 16), inverse of the covariance of the scaled statistics
    """

    measured: Mapping[str, Any]
    cases: Sequence[Mapping[str, str]]
    rows: Floats
    components: Floats
    texture_mean: NDArray[np.float64]
    texture_scale: NDArray[np.float64]
    texture_precision: NDArray[np.float64]

    @property
    def model(self) -> str:
        """Return the key of the model whose embedding is asked for."""
        return str(self.measured["model"])

    def familiarity(self, crop: NDArray[np.uint8], embedding: Floats) -> Familiarity:
        """Return whether a picture looks like a mammogram crop.

        The embedding, float32 (1, d) or (d,), is of that crop by the model `model`.

        Raises
        ------
        ImageError
            The crop or the embedding is of another type or shape.
        """
        crops = as_batch(crop)
        if len(crops) != 1:
            raise ImageError(f"Expected one crop of shape (S, S). Received: {crop.shape}.")
        away = float(distances(self._similarities(embedding), self.measured["neighbours"])[0])
        unlike = away > float(self.measured["threshold"])
        texture_away = self.texture_distance(at_size(crops, _CROP_SIZE)[0])
        unlike_texture = texture_away > float(self.measured["texture_threshold"])
        return Familiarity(_reason(len(np.unique(crop)), unlike, unlike_texture))

    def similar(
        self, embedding: Floats, exclude_patient: str | None = None, k: int = 5
    ) -> tuple[Neighbour, ...]:
        """Return the `k` nearest training lesions, each once, by its nearest crop, nearest first.

        Parameters
        ----------
        embedding : float32 (1, d) or (d,)
        exclude_patient : the patient of the crop where known, whose lesions are left out

        Raises
        ------
        ImageError
            The embedding is of another shape.
        """
        similarities = self._similarities(embedding)[0]
        found: dict[str, Neighbour] = {}
        for row in np.argsort(-similarities, kind="stable"):
            if len(found) >= k:
                break
            case = self.cases[int(row)]
            if case["patient_id"] != exclude_patient and case["lesion_id"] not in found:
                found[case["lesion_id"]] = _neighbour(case, float(similarities[row]))
        return tuple(found.values())

    def texture_distance(self, crop: NDArray[np.uint8]) -> float:
        """Return the Mahalanobis distance of a crop's pixel statistics, uint8 (128, 128)."""
        off = (texture(crop) - self.texture_mean) / self.texture_scale
        return float(np.sqrt(off @ self.texture_precision @ off))

    def _similarities(self, embedding: Floats) -> Floats:
        """Return the cosines of crops to the training crops, float32 (n, t)."""
        vectors = np.atleast_2d(embedding)
        if vectors.shape[1] != self.components.shape[1]:
            raise ImageError(
                f"Expected an embedding of {self.model}, {self.components.shape[1]} numbers a "
                f"crop. Received: shape {np.shape(embedding)}. Use Classifier.embed of that model."
            )
        return np.asarray(unit_vectors(vectors) @ self.components.T @ self.rows.T, np.float32)


def load_trust(folder: Path | None = None) -> Trust | None:
    """Load the trust signals that are attached to the artifacts; None where there are none.

    Raises
    ------
    ArtifactError
        The artifacts or their trust signals are altered or of another schema.
    """
    folder = artifacts_folder() if folder is None else Path(folder)
    document = read_attachment(TRUST_NAME, folder)
    arrays = read_attachment(EMBEDDINGS_NAME, folder)
    if document is None or arrays is None:
        return None
    rows = read_rows(read_files((CASES_NAME,), folder)[CASES_NAME], folder / CASES_NAME)
    try:
        measured = json.loads(document)
        if measured.get("schema") != SCHEMA:
            raise ValueError(f"expected schema {SCHEMA}, received {measured.get('schema')}")
        cases = {row["case_id"]: row for row in rows}
        with np.load(io.BytesIO(arrays), allow_pickle=False) as held:
            return Trust(
                measured,
                [cases[name] for name in held["case_id"].tolist()],
                *(held[name].astype(np.float32) for name in _LARGE),
                *(held[name] for name in _SMALL),
            )
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ArtifactError(
            f"{folder / TRUST_NAME} cannot be used ({error}). {_REBUILD}"
        ) from error


def packed(trust: Trust) -> bytes:
    """Return the arrays as the bytes of `embeddings.npz`, the large ones as float16."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        case_id=np.array([case["case_id"] for case in trust.cases]),
        **{name: getattr(trust, name).astype(np.float16) for name in _LARGE},
        **{name: getattr(trust, name) for name in _SMALL},
    )
    return buffer.getvalue()


def _reason(levels: int, unlike_embedding: bool, unlike_texture: bool) -> str:
    """State why a picture is questioned; nothing where it is not."""
    if levels == 1:
        return "Every pixel has the same value."
    if levels < FEW_LEVELS:
        return f"It has only {levels} grey levels."
    if unlike_embedding and unlike_texture:
        return "Neither its grey values and textures nor its features resemble the training images."
    if unlike_embedding:
        return "Its features in the network do not resemble those of the training images."
    if unlike_texture:
        return "Its grey values and textures do not resemble those of the training images."
    return ""


def unit_vectors(embedding: Floats) -> Floats:
    """Return the square roots of features, float32 (n, d), each vector at length one.

    Below zero counts as zero; a vector of zeros stays as it is.

    Examples
    --------
    >>> unit_vectors(np.array([[9.0, 16.0], [0.0, 0.0]], np.float32)).round(2).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    roots = np.sqrt(np.maximum(embedding, 0))
    lengths = np.linalg.norm(roots, axis=1, keepdims=True)
    return np.asarray(roots / np.where(lengths > 0, lengths, 1), np.float32)


def distances(similarities: Floats, neighbours: int) -> NDArray[np.float64]:
    """Return one minus the mean of each row's highest cosines, float32 (n, t), as float64 (n,).

    Examples
    --------
    >>> distances(np.array([[1.0, 0.5, 0.0]], np.float32), 2).tolist()
    [0.25]
    """
    highest = np.sort(similarities, axis=1)[:, -neighbours:]
    return np.asarray(1 - highest.mean(axis=1), np.float64)


def _neighbour(case: Mapping[str, str], similarity: float) -> Neighbour:
    known = {name: value for name, value in case.items() if value not in _MISSING}
    return Neighbour(
        case_id=case["case_id"],
        lesion_id=case["lesion_id"],
        patient_id=case["patient_id"],
        pathology=case["pathology"],
        malignant=case["label"] == "1",
        mass_shape=known.get("mass_shape"),
        mass_margins=known.get("mass_margins"),
        breast_density=int(known["breast_density"]) if "breast_density" in known else None,
        assessment=int(known["assessment"]) if "assessment" in known else None,
        similarity=similarity,
    )
