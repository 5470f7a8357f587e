"""Fit the concept probes of the artifacts on the crops that trained them, and measure them.

    pip install -r requirements-dev.txt
    python -m mammo.training.concepts --data DIR

Needed after each training; takes two minutes. Adds `concepts/concepts.json`, probes of
MobileNetV2's features. The penalty of each probe is chosen by log loss over the folds of the
training. The fold networks are not kept, so these features come from the released network, which
has learned the training patients' diagnoses: the figures of the test patients, whom neither network
nor probes saw, show what a probe is worth. A concept below an AUC of 0.70 in either half is not
shown.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mammo.artifacts import artifacts_folder, attach, sigmoid
from mammo.command_line import command_parser, exit_status
from mammo.errors import DataError
from mammo.evaluation import PatientBootstrap, auc_interval
from mammo.inference import load_classifier
from mammo.inference.concepts import CONCEPTS_NAME, SCHEMA, SHOWN_FROM, load_concepts
from mammo.text import estimate, parts
from mammo.training.trust import MODEL, split_of
from mammo.training.trust_measures import labels, patients

CONCEPTS = {
    "spiculated margin": ("mass_margins", "SPICULATED"),
    "circumscribed margin": ("mass_margins", "CIRCUMSCRIBED"),
    "ill-defined margin": ("mass_margins", "ILL_DEFINED"),
    "irregular shape": ("mass_shape", "IRREGULAR"),
    "oval shape": ("mass_shape", "OVAL"),
}
PENALTIES = (1e-4, 1e-3, 1e-2)
"""Values of C, for features of mean 0 and deviation 1."""
DIGITS = 6

Booleans = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Probe(NamedTuple):
    """A fitted probe as a line, and its out-of-fold probabilities, NaN where none is recorded."""

    weights: Floats
    intercept: float
    out_of_fold: Floats


class Half(NamedTuple):
    """The cases of one split with their features, float32 (n, d)."""

    cases: Sequence[Mapping[str, str]]
    features: NDArray[np.float32]

    def recorded(self, name: str) -> tuple[Booleans, Booleans]:
        """Return where a concept's descriptor is recorded, and where it names the concept."""
        column, part = CONCEPTS[name]
        named = [parts(case[column]) for case in self.cases]
        return np.array([bool(one) for one in named]), np.array([part in one for one in named])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = command_parser("mammo.training.concepts", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of prepared crops")
    parser.add_argument("--out", type=Path, help="artifacts folder to add it to")
    options = parser.parse_args(arguments)

    def build() -> None:
        out = options.out or artifacts_folder()
        model = load_classifier(MODEL, out)
        splits = (split_of(options.data, out, split) for split in ("train", "test"))
        train, test = (Half(cases, model.embed(crops)) for cases, crops in splits)
        document = json.dumps(fit_concepts(train, test), indent=1) + "\n"
        attach(CONCEPTS_NAME, document.encode(), [f"{MODEL}/model.onnx"], out)
        if found := load_concepts(out):
            for one in found.concepts:
                shown = "" if one.shown else f"  not shown (below {SHOWN_FROM})"
                print(f"{one.name}: AUC out of fold {estimate(one.out_of_fold)}, test "
                      f"{estimate(one.test)}{shown}")  # fmt: skip
            print(f"malignancy from these: AUC test {estimate(found.malignancy)}; {MODEL} "
                  f"{estimate(found.network)}")  # fmt: skip

    return exit_status("mammo.training.concepts", build, options.data)


def fit_concepts(train: Half, test: Half) -> dict[str, Any]:
    """Return the document of `concepts.json`."""
    folds = np.array([int(case[f"{MODEL}_fold"]) for case in train.cases])
    probes = {name: _fit_probe(train, name, folds) for name in CONCEPTS}
    read = {name: _line(test.features, probe) for name, probe in probes.items()}
    aucs = {
        name: (
            _auc(train, probes[name].out_of_fold, *train.recorded(name)),
            _auc(test, read[name], *test.recorded(name)),
        )
        for name in CONCEPTS
    }
    shown = [
        name for name in CONCEPTS if min(one["value"] or 0 for one in aucs[name]) >= SHOWN_FROM
    ]
    to_malignant, intercept = _from_record(train, shown)
    logits = np.full(len(test.cases), intercept)
    for name in shown:
        logits += to_malignant[name] * read[name]
    every, diagnosis = np.ones(len(test.cases), np.bool_), labels(test.cases)
    network = np.array([float(case[f"{MODEL}_p"]) for case in test.cases])
    return {
        "schema": SCHEMA,
        "model": MODEL,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "test_crops": len(test.cases),
        "concepts": [
            {
                "name": name,
                "out_of_fold": aucs[name][0],
                "test": aucs[name][1],
                "intercept": probe.intercept,
                "weights": [float(f"{weight:.{DIGITS}g}") for weight in probe.weights],
                "to_malignant": to_malignant.get(name, 0.0),
            }
            for name, probe in probes.items()
        ],
        "intercept": intercept,
        "malignancy": _auc(test, sigmoid(logits), every, diagnosis),
        "network": _auc(test, network, every, diagnosis),
    }


def _fit_probe(train: Half, name: str, folds: NDArray[np.int64]) -> Probe:
    """Fit a concept on all training crops, at the penalty that serves the folds left out best."""
    known, holds = train.recorded(name)
    if any(len({*holds[known & (folds != fold)]}) < 2 for fold in np.unique(folds)):
        raise DataError(
            f"Expected training crops with and without {name} in every fold. Received: "
            f"{int(holds.sum())} with, {int((known & ~holds).sum())} without. Add crops whose "
            "shape and margin are recorded."
        )
    best, chosen = float("inf"), (PENALTIES[0], np.empty(0))
    for penalty in PENALTIES:
        p = np.full(len(folds), np.nan)
        for fold in np.unique(folds):
            outside, inside = known & (folds != fold), known & (folds == fold)
            fitted = _regression(penalty).fit(train.features[outside], holds[outside])
            p[inside] = fitted.predict_proba(train.features[inside])[:, 1]
        if (loss := log_loss(holds[known], p[known])) < best:
            best, chosen = loss, (penalty, p)
    scaler, line = _regression(chosen[0]).fit(train.features[known], holds[known])
    weights = line.coef_[0] / scaler.scale_
    return Probe(weights, float(line.intercept_[0] - weights @ scaler.mean_), chosen[1])


def _regression(penalty: float) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=2000))


def _line(features: NDArray[np.float32], probe: Probe) -> Floats:
    return sigmoid(features.astype(np.float64) @ probe.weights + probe.intercept)


def _from_record(train: Half, shown: Sequence[str]) -> tuple[dict[str, float], float]:
    """Fit malignancy on recorded concepts, where all are recorded: weights by name, intercept."""
    if not shown:
        return {}, 0.0
    recorded = [train.recorded(name) for name in shown]
    known = np.all([one for one, _ in recorded], axis=0)
    concepts = np.stack([holds for _, holds in recorded], axis=1)[known].astype(float)
    line = LogisticRegression().fit(concepts, labels(train.cases)[known])
    weights = dict(zip(shown, map(float, line.coef_[0]), strict=True))
    return weights, float(line.intercept_[0])


def _auc(half: Half, p: Floats, known: Booleans, holds: Booleans) -> dict[str, float | None]:
    of = patients(half.cases)[known]
    found = auc_interval(holds[known], p[known], PatientBootstrap(of)).as_dict()
    # JSON has no word for NaN.
    return {end: None if value != value else round(value, DIGITS) for end, value in found.items()}


if __name__ == "__main__":
    raise SystemExit(main())
