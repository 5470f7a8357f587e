"""Compute the trust signals of the artifacts from the crops that trained them, and measure them.

    pip install -r requirements-dev.txt
    python -m mammo.training.trust --data DIR
    python -m mammo.training.trust --data DIR --former trust.json

Needed after each training of MobileNetV2, whose embedding it uses; takes about five minutes. Adds
`trust/embeddings.npz` and `trust/trust.json` to the artifacts. Where the simple CNN alone was
trained anew, the second takes all that rests on MobileNetV2 from the former `trust/trust.json`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import artifacts_folder, attach, load_manifest, read_attachment
from mammo.artifacts.contents import CASES_NAME, read_rows
from mammo.artifacts.manifest import read_files
from mammo.command_line import command_parser, exit_status
from mammo.data.table import load_crops, read_pixels
from mammo.errors import DataError
from mammo.inference import load_classifier
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
from mammo.training.trust_measures import neighbours_vote, questioned, spread_figures, zone_figures

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
    add("--former", type=Path, help=f"the former trust.json, where {MODEL} is what it was")
    options = parser.parse_args(arguments)

    def build() -> None:
        out = options.out or artifacts_folder()
        train, test = (_split(options.data, out, split) for split in ("train", "test"))
        signals = (
            _renew(out, train, test, options.former) if options.former else _build(out, train, test)
        )
        measured = {**signals, "created": datetime.now(UTC).isoformat(timespec="seconds")}
        models = [f"{name}/model.onnx" for name in load_manifest(out).models]
        document = json.dumps(measured, indent=1) + "\n"
        attach(TRUST_NAME, document.encode(), depends_on=models, folder=out)
        print(json.dumps(measured, indent=1))

    return exit_status("mammo.training.trust", build, options.data)


def _build(out: Path, train: Split, test: Split) -> Mapping[str, Any]:
    """Fit the signals, attach the embeddings, and return what is measured."""
    model = load_classifier(MODEL, out)
    embedding = model.embed(train[1])
    trust = fit_trust(MODEL, *train, embedding)
    measured = {
        **trust.measured,
        "created": "",
        "questioned": questioned(trust, model, *test),
        "vote": {
            "test": neighbours_vote(trust, model.embed(test[1]), test[0]),
            "train, optimistic": neighbours_vote(trust, embedding, train[0]),
        },
        "uncertainty": _uncertainty(out, load_manifest(out).models, train, test),
    }
    trust = replace(trust, measured=_rounded(measured))
    attach(EMBEDDINGS_NAME, packed(trust), depends_on=[f"{MODEL}/model.onnx"], folder=out)
    return trust.measured


def _renew(out: Path, train: Split, test: Split, former: Path) -> Mapping[str, Any]:
    """Measure the uncertainty of the other models anew, and keep what rests on the embedding."""
    # A training that changes the embedding's model drops the embeddings from the artifacts.
    if read_attachment(EMBEDDINGS_NAME, out) is None:
        raise DataError(
            f"{MODEL} was trained again, so nothing of {former.name} holds: leave --former out."
        )
    try:
        document = dict(json.loads(former.read_text(encoding="utf-8")))
        known = dict(document["uncertainty"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{former} is no trust.json of this command: {error}.") from error
    others = [name for name in load_manifest(out).models if name != MODEL]
    document["uncertainty"] = known | _rounded(_uncertainty(out, others, train, test))
    return document


def _uncertainty(out: Path, names: Sequence[str], train: Split, test: Split) -> dict[str, Any]:
    models = [load_classifier(name, out) for name in names]
    return {
        model.name: zone_figures(model, train[0], test[0]) | {"flips": spread_figures(model, *test)}
        for model in models
    }


def _split(data: Path, out: Path, split: str) -> Split:
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
