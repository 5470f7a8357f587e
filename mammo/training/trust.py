"""Compute the trust signals of the artifacts from the crops that trained them, and measure them.

    pip install -r requirements-dev.txt
    python -m mammo.training.trust --data DIR

Needed after each training; takes about five minutes. Adds `trust/embeddings.npz`, which are
MobileNetV2's, and `trust/trust.json` to the artifacts.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import artifacts_folder, attach, load_manifest
from mammo.artifacts.contents import CASES_NAME, read_rows
from mammo.artifacts.manifest import read_files
from mammo.command_line import command_parser, exit_status
from mammo.data.table import load_crops, read_pixels
from mammo.errors import DataError
from mammo.inference import Classifier, load_classifier
from mammo.inference.trust import (
    EMBEDDINGS_NAME,
    SCHEMA,
    TRUST_NAME,
    Trust,
    distances,
    packed,
    texture,
    unit_vectors,
)
from mammo.training.trust_measures import neighbours_vote, questioned

MODEL = "mobilenetv2"
DIGITS = 4

Split = tuple[list[Mapping[str, str]], NDArray[np.uint8]]
"""The rows of `cases.csv` of one split, and their crops."""
Statistics = NDArray[np.float64]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = command_parser("mammo.training.trust", __doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of prepared crops")
    add("--out", type=Path, help="artifacts folder to add it to")
    options = parser.parse_args(arguments)

    def build() -> None:
        out = options.out or artifacts_folder()
        train, test = (split_of(options.data, out, split) for split in ("train", "test"))
        models = {name: load_classifier(name, out) for name in load_manifest(out).models}
        trust = _measured(models, train, test)
        embeddings_of = [f"{MODEL}/model.onnx"]
        attach(EMBEDDINGS_NAME, packed(trust), depends_on=embeddings_of, folder=out)
        document = json.dumps(trust.measured, indent=1) + "\n"
        networks = [f"{name}/model.onnx" for name in models]
        attach(TRUST_NAME, document.encode(), depends_on=networks, folder=out)
        print(document, end="")

    return exit_status("mammo.training.trust", build, options.data)


def _measured(models: Mapping[str, Classifier], train: Split, test: Split) -> Trust:
    """Fit the signals and measure them."""
    model = models[MODEL]
    trust = fit_trust(MODEL, *train, model.embed(train[1]))
    measured = {
        **trust.measured,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "questioned": questioned(trust, model, *test),
        "vote": {"test": neighbours_vote(trust, model.embed(test[1]), test[0])},
    }
    return replace(trust, measured=_rounded(measured))


def split_of(data: Path, out: Path, split: str) -> Split:
    """Return the rows of `cases.csv` of one split and their crops, in the same order."""
    rows = read_rows(read_files((CASES_NAME,), out)[CASES_NAME], out / CASES_NAME)
    wanted = [row for row in rows if row["split"] == split]
    table = load_crops(data).set_index("case_id", drop=False)
    missing = [row["case_id"] for row in wanted if row["case_id"] not in table.index]
    if missing:
        raise DataError(
            f"Expected the crops that the models were trained on. {data} lacks {len(missing)} of "
            f"{len(wanted)} {split} crops, the first {missing[0]}. Name the folder of the training."
        )
    chosen = table.loc[[row["case_id"] for row in wanted]].reset_index(drop=True)
    return [*wanted], read_pixels(chosen)


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _rounded(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_rounded(held) for held in value]
    return round(value, DIGITS) if isinstance(value, float) else value


DIRECTIONS = 256
NEIGHBOURS = 5
QUANTILE = 0.99
SHRINKAGE = 0.02
"""Share of the identity in the covariance of the 16 pixel statistics, against near collinearity."""


def fit_trust(
    model: str,
    cases: Sequence[Mapping[str, str]],
    crops: NDArray[np.uint8],
    embedding: NDArray[np.float32],
) -> Trust:
    """Fit everything but the measured figures."""
    vectors = unit_vectors(embedding)
    components = np.linalg.svd(vectors, full_matrices=False)[2][:DIRECTIONS]
    rows = np.asarray(vectors @ components.T, np.float32).astype(np.float16).astype(np.float32)
    statistics = np.stack([texture(crop) for crop in crops])
    folds = np.array([int(case[f"{model}_fold"]) for case in cases])
    measured = {
        "schema": SCHEMA,
        "model": model,
        "neighbours": NEIGHBOURS,
        "quantile": QUANTILE,
        "threshold": _threshold(rows, folds),
        "texture_threshold": _texture_threshold(statistics, folds),
    }
    directions = components.astype(np.float16).astype(np.float32)
    return Trust(measured, cases, rows, directions, *_texture_of(statistics))


def _texture_of(statistics: Statistics) -> tuple[Statistics, Statistics, Statistics]:
    """Return mean, scale and precision of pixel statistics, float64 (n, 16)."""
    mean, scale = statistics.mean(axis=0), statistics.std(axis=0) + 1e-9
    covariance = np.cov((statistics - mean) / scale, rowvar=False)
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.eye(len(covariance))
    return mean, scale, np.asarray(np.linalg.inv(covariance), np.float64)


def _threshold(rows: NDArray[np.float32], folds: NDArray[np.int64]) -> float:
    """Return the quantile of the distances of each training crop to the other folds."""
    cosines = rows @ rows.T
    cosines[folds[:, np.newaxis] == folds] = -1
    return float(np.quantile(distances(cosines, NEIGHBOURS), QUANTILE))


def _texture_threshold(statistics: Statistics, folds: NDArray[np.int64]) -> float:
    away: list[float] = []
    for fold in np.unique(folds):
        mean, scale, precision = _texture_of(statistics[folds != fold])
        offs = (statistics[folds == fold] - mean) / scale
        away += [float(np.sqrt(off @ precision @ off)) for off in offs]
    return float(np.quantile(away, QUANTILE))


if __name__ == "__main__":
    raise SystemExit(main())
