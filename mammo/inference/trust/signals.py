"""The trust signals of the release: read from its attachments, asked crop by crop.

`trust/embeddings.npz` holds the training crops in the embedding space and the statistics of their
pixels, `trust/trust.json` the thresholds and every measured figure. See `mammo.inference.trust`.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import artifacts_folder, read_attachment
from mammo.artifacts.contents import CASES_NAME, read_rows
from mammo.artifacts.manifest import read_files
from mammo.errors import ArtifactError, ImageError
from mammo.inference.batch import as_batch, at_size
from mammo.inference.trust.familiarity import Familiarity, judge
from mammo.inference.trust.neighbours import Neighbour, nearest
from mammo.inference.trust.space import distances, unit_vectors
from mammo.inference.trust.texture import texture
from mammo.inference.trust.uncertainty import Zone

EMBEDDINGS_NAME = "trust/embeddings.npz"
TRUST_NAME = "trust/trust.json"
SCHEMA = 1
CROP_SIZE = 128
REBUILD = "Run `python -m mammo.training.trust --data DIR`."


@dataclass(frozen=True, eq=False)
class Trust:
    """Answer for one crop at a time; safe to use from many threads.

    Attributes
    ----------
    measured : the document of `trust.json`
    cases : t rows of `cases.csv` as texts, the training crops
    rows : float32 (t, k), their places in the embedding space
    components : float32 (k, d), its directions
    texture_mean, texture_scale : float64 (16,)
    texture_precision : float64 (16, 16), inverse of the covariance of the scaled statistics
    """

    measured: Mapping[str, Any]
    cases: Sequence[Mapping[str, str]]
    rows: NDArray[np.float32]
    components: NDArray[np.float32]
    texture_mean: NDArray[np.float64]
    texture_scale: NDArray[np.float64]
    texture_precision: NDArray[np.float64]

    @property
    def model(self) -> str:
        """Return the key of the model whose embedding is asked for."""
        return str(self.measured["model"])

    def familiarity(self, crop: NDArray[np.uint8], embedding: NDArray[np.float32]) -> Familiarity:
        """Tell whether a picture looks like a mammogram crop.

        Parameters
        ----------
        crop : uint8 (S, S), 0-255
        embedding : float32 (1, d) or (d,), of that crop by the model `model`

        Raises
        ------
        ImageError
            The crop or the embedding is of another type or shape.
        """
        crops = as_batch(crop)
        if len(crops) != 1:
            raise ImageError(f"Expected one crop of shape (S, S). Received: {crop.shape}.")
        distance = distances(self.similarities(embedding), self.measured["neighbours"])
        return judge(
            crops[0],
            float(distance[0]),
            self.measured["threshold"],
            self.texture_distance(at_size(crops, CROP_SIZE)[0]),
            self.measured["texture_threshold"],
        )

    def similar(
        self, embedding: NDArray[np.float32], exclude_patient: str | None = None, k: int = 5
    ) -> tuple[Neighbour, ...]:
        """Return the `k` nearest training lesions, each once, the nearest first.

        Parameters
        ----------
        embedding : float32 (1, d) or (d,)
        exclude_patient : str, the patient of the crop where known, whose lesions are left out
        k : int, lesions

        Raises
        ------
        ImageError
            The embedding is of another shape.
        """
        return nearest(self.similarities(embedding)[0], self.cases, k, exclude_patient)

    def zone(self, model: str) -> Zone | None:
        """Return the "not sure" zone of a model around its Youden threshold, where measured."""
        measured = self.measured["uncertainty"].get(model)
        return None if measured is None else Zone(*measured["zone"])

    def similarities(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosines of crops to the training crops, float32 (n, t).

        Raises
        ------
        ImageError
            The embedding is of another shape.
        """
        vectors = np.atleast_2d(embedding)
        if vectors.shape[1] != self.components.shape[1]:
            raise ImageError(
                f"Expected an embedding of {self.model}, {self.components.shape[1]} numbers a "
                f"crop. Received: shape {np.shape(embedding)}. Use Classifier.embed of that model."
            )
        return np.asarray(unit_vectors(vectors) @ self.components.T @ self.rows.T, np.float32)

    def texture_distance(self, crop: NDArray[np.uint8]) -> float:
        """Return the Mahalanobis distance of a crop's pixel statistics, uint8 (128, 128)."""
        off = (texture(crop) - self.texture_mean) / self.texture_scale
        return float(np.sqrt(off @ self.texture_precision @ off))


def load_trust(folder: Path | None = None) -> Trust | None:
    """Load the trust signals that are attached to the artifacts; None where there are none.

    Parameters
    ----------
    folder : Path, the artifacts; by default `$MAMMO_ARTIFACTS` or the release beside the package

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
        return _parsed(json.loads(document), arrays, {row["case_id"]: row for row in rows})
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{folder / TRUST_NAME} cannot be used ({error}). {REBUILD}") from error


def packed(trust: Trust) -> bytes:
    """Return the arrays as the bytes of `embeddings.npz`, the large ones as float16."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        case_id=np.array([case["case_id"] for case in trust.cases]),
        rows=trust.rows.astype(np.float16),
        components=trust.components.astype(np.float16),
        texture_mean=trust.texture_mean,
        texture_scale=trust.texture_scale,
        texture_precision=trust.texture_precision,
    )
    return buffer.getvalue()


def _parsed(measured: Any, arrays: bytes, cases: Mapping[str, Mapping[str, str]]) -> Trust:
    if measured.get("schema") != SCHEMA:
        raise ValueError(f"expected schema {SCHEMA}, received {measured.get('schema')}")
    with np.load(io.BytesIO(arrays), allow_pickle=False) as held:
        return Trust(
            measured,
            [cases[name] for name in held["case_id"].tolist()],
            held["rows"].astype(np.float32),
            held["components"].astype(np.float32),
            held["texture_mean"],
            held["texture_scale"],
            held["texture_precision"],
        )
