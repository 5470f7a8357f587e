"""Write tiny trained artifacts for tests: two networks of a few dozen weights and sixty cases.

Used by the tests of artifacts, inference, predict, evaluation and the pages, which must run before
and without a real training. The networks obey the graph contract of `mammo.inference` (crops in;
logit, embedding and Grad-CAM out) and answer in milliseconds; what they answer means nothing.

Run by hand: `python -m tests.tiny_artifacts FOLDER`

The manifest is written here by its own few lines, not by `mammo.artifacts`, so that the reader is
tested against the format and not against its own writer.
"""

import csv
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHAPES = ("OVAL", "ROUND", "LOBULATED", "IRREGULAR", "IRREGULAR-ARCHITECTURAL_DISTORTION", "")
MARGINS = ("CIRCUMSCRIBED", "ILL_DEFINED", "SPICULATED", "OBSCURED", "")
EXAMPLES = (
    ("Mass-Test_P_00173_LEFT_CC_1", "BENIGN"),
    ("Mass-Test_P_00173_LEFT_MLO_1", "BENIGN"),
    ("Mass-Test_P_00173_RIGHT_CC_1", "BENIGN"),
    ("Mass-Test_P_00173_RIGHT_CC_2", "BENIGN"),
    ("Mass-Test_P_00173_RIGHT_MLO_1", "BENIGN"),
    ("Mass-Test_P_00173_RIGHT_MLO_2", "BENIGN"),
    ("Mass-Test_P_00820_LEFT_CC_1", "MALIGNANT"),
    ("Mass-Test_P_00820_LEFT_MLO_1", "MALIGNANT"),
    ("Mass-Test_P_00820_RIGHT_CC_1", "BENIGN"),
    ("Mass-Test_P_00820_RIGHT_MLO_1", "BENIGN"),
)


@dataclass(frozen=True)
class TinyModel:
    """Size one of the two networks; they differ so that no reader can take a size for granted."""

    name: str
    title: str
    input_size: int
    grid: int
    channels: int
    slope: float
    intercept: float
    separation: float


MODELS = (
    TinyModel("simple_cnn", "Simple CNN", 112, 14, 3, 0.8, -0.5, 0.5),
    TinyModel("mobilenetv2", "MobileNetV2", 224, 7, 5, 1.1, -1.2, 1.6),
)


def write_tiny_artifacts(folder: Path, seed: int = 0) -> Path:
    """Write whole, valid artifacts into `folder` (made if absent) and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for model in MODELS:
        _write_model(folder / model.name, model, np.random.default_rng((seed, model.grid)))
    rows = case_rows(seed)
    _write_csv(folder / "cases.csv", rows)
    (folder / "manifest.json").write_text(json.dumps(_manifest(folder, rows, seed), indent=1))
    return folder


def write_manifest_again(folder: Path, **changes: Any) -> None:
    """Make the manifest agree with the files after a test has changed some on purpose."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = _file_records(folder)
    manifest.update(changes)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))


def tiny_network(model: TinyModel, rng: np.random.Generator) -> onnx.ModelProto:
    """Build crops -> pool -> 3 x 3 convolution -> ReLU -> global mean -> one logit, with its CAM.

    With a global mean and one dense layer, Grad-CAM is the ReLU of the weighted feature maps over
    the number of positions (Selvaraju et al. 2017, section 3.1).
    """
    pool, positions = model.input_size // model.grid, model.grid**2
    kernel = rng.normal(0, 0.5, (model.channels, 1, 3, 3)).astype(np.float32)
    kernel -= kernel.mean(axis=(1, 2, 3), keepdims=True) - np.float32(0.05)
    signs = np.resize(np.array([1, -1, 1], np.float32), (model.channels, 1))
    dense = signs * rng.uniform(6, 9, (model.channels, 1)).astype(np.float32)
    grey = np.maximum(0.45 * kernel.sum(axis=(1, 2, 3)), 0)
    constants: dict[str, NDArray[Any]] = {
        "full_range": np.array(255, np.float32),
        "channel_axis": np.array([1], np.int64),
        "grid_axes": np.array([2, 3], np.int64),
        "kernel": kernel,
        "dense": dense,
        "bias": np.array(-(grey @ dense)[0], np.float32),
        "dense_by_channel": (dense / positions).reshape(1, -1, 1, 1),
    }
    nodes = [
        helper.make_node("Div", ["crops", "full_range"], ["scaled"]),
        helper.make_node("Unsqueeze", ["scaled", "channel_axis"], ["picture"]),
        helper.make_node(
            "AveragePool", ["picture"], ["pooled"], kernel_shape=[pool, pool], strides=[pool, pool]
        ),
        helper.make_node("Conv", ["pooled", "kernel"], ["convolved"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["convolved"], ["features"]),
        helper.make_node("ReduceMean", ["features", "grid_axes"], ["embedding"], keepdims=0),
        helper.make_node("MatMul", ["embedding", "dense"], ["weighted"]),
        helper.make_node("Squeeze", ["weighted", "channel_axis"], ["unbiased"]),
        helper.make_node("Add", ["unbiased", "bias"], ["logit"]),
        helper.make_node("Mul", ["features", "dense_by_channel"], ["attributed"]),
        helper.make_node("ReduceSum", ["attributed", "channel_axis"], ["summed"], keepdims=0),
        helper.make_node("Relu", ["summed"], ["cam"]),
    ]
    size, grid = model.input_size, model.grid
    graph = helper.make_graph(
        nodes,
        model.name,
        [helper.make_tensor_value_info("crops", TensorProto.FLOAT, ["n", size, size])],
        [
            helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n"]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", model.channels]),
            helper.make_tensor_value_info("cam", TensorProto.FLOAT, ["n", grid, grid]),
            helper.make_tensor_value_info(
                "features", TensorProto.FLOAT, ["n", model.channels, grid, grid]
            ),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    network = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], producer_name="mammo-tests"
    )
    network.ir_version = 9
    onnx.checker.check_model(network)
    return network


def case_rows(seed: int = 0) -> list[dict[str, str]]:
    """Return sixty rows of cases.csv: 36 for training in three folds, 24 for testing.

    The test rows hold the ten example lesions under their real ids and labels, a lesion in one view
    only, missing descriptors, and benign lesions without callback.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(18):
        label = ("MALIGNANT", "BENIGN", "MALIGNANT", "BENIGN_WITHOUT_CALLBACK")[number % 4]
        for view in ("CC", "MLO"):
            case = f"Mass-Training_P_{number + 1:05d}_{('LEFT', 'RIGHT')[number % 2]}_{view}_1"
            rows.append(_case_row(case, label, str(number % 3), rng))
    for case, label in EXAMPLES:
        rows.append(_case_row(case, label, "", rng))
    for number in range(14):
        label = ("MALIGNANT", "BENIGN")[number // 2 % 2]
        patient, view = 1000 + number // 2, ("CC", "MLO")[number % 2]
        rows.append(_case_row(f"Mass-Test_P_{patient:05d}_LEFT_{view}_1", label, "", rng))
    return rows


def _case_row(case: str, pathology: str, fold: str, rng: np.random.Generator) -> dict[str, str]:
    kind, _, number, laterality, view, abnormality = case.split("_")
    malignant = pathology == "MALIGNANT"
    row = {
        "case_id": case,
        "split": "train" if kind == "Mass-Training" else "test",
        "patient_id": f"P_{number}",
        "laterality": laterality,
        "view": view,
        "abnormality_id": abnormality,
        "abnormality_type": "mass",
        "breast_density": str(rng.integers(1, 5)),
        "mass_shape": SHAPES[rng.integers(len(SHAPES))],
        "mass_margins": MARGINS[rng.integers(len(MARGINS))],
        "assessment": str(rng.integers(4, 6) if malignant else rng.integers(2, 5)),
        "pathology": pathology,
        "subtlety": str(rng.integers(1, 6)),
        "published_split": "train" if kind == "Mass-Training" else "test",
        "label": str(int(malignant)),
        "lesion_id": f"P_{number}_{laterality}_{abnormality}",
    }
    for model in MODELS:
        logit = rng.normal((1 if malignant else -1) * model.separation, 1.0)
        row[f"{model.name}_score"] = f"{_sigmoid(logit):.6f}"
        row[f"{model.name}_p"] = f"{_sigmoid(model.slope * logit + model.intercept):.6f}"
        row[f"{model.name}_fold"] = fold
    return row


def _write_model(folder: Path, model: TinyModel, rng: np.random.Generator) -> None:
    folder.mkdir(exist_ok=True)
    network = tiny_network(model, rng)
    (folder / "model.onnx").write_bytes(network.SerializeToString(deterministic=True))
    (folder / "model.weights.h5").write_bytes(b"tiny weights that no test loads")
    (folder / "card.json").write_text(json.dumps(_card(model), indent=1))
    history = [
        {
            "fold": str(fold),
            "stage": str(stage),
            "epoch": str(epoch),
            "loss": f"{0.7 - 0.05 * epoch:.3f}",
            "held_out_loss": f"{0.7 - 0.03 * epoch:.3f}",
            "held_out_auc": f"{0.6 + 0.04 * epoch:.3f}",
        }
        for fold in range(3)
        for stage in (1, 2)
        for epoch in range(1, 4)
    ]
    _write_csv(folder / "history.csv", history)


def _card(model: TinyModel) -> dict[str, Any]:
    auc = {"value": 0.75, "low": 0.68, "high": 0.81}
    share = {"value": 0.70, "low": 0.61, "high": 0.78}
    metrics = {"auc": auc, "accuracy": share, "sensitivity": share, "specificity": share}
    return {
        "schema": 1,
        "name": model.name,
        "title": model.title,
        "crop_size": 128,
        "preprocessing": {
            "input_size": model.input_size,
            "low_percentile": 1.0,
            "high_percentile": 99.0,
        },
        "test_time_flips": True,
        "calibration": {
            "method": "platt",
            "slope": model.slope,
            "intercept": model.intercept,
            "fitted_on": "out-of-fold scores of 36 tiny training crops",
        },
        "thresholds": {"youden": 0.45, "sensitivity_90": 0.25, "specificity_90": 0.65},
        "embedding_size": model.channels,
        "cam_grid": [model.grid, model.grid],
        "parameters": 11 * model.channels + 1,
        "metrics": {
            "test": {"crop": metrics, "lesion": metrics},
            "out_of_fold": {"crop": metrics, "lesion": metrics},
        },
        "trained_on": "nothing: a network for tests",
        "settings": {"epochs": 3},
    }


def _manifest(folder: Path, rows: list[dict[str, str]], seed: int) -> dict[str, Any]:
    def patients(split: str) -> int:
        return len({row["patient_id"] for row in rows if row["split"] == split})

    return {
        "schema": 1,
        "created": "2026-01-02T03:04:05+00:00",
        "command": "python -m tests.tiny_artifacts",
        "seed": seed,
        "settings": {"folds": 3},
        "versions": {"onnx": onnx.__version__},
        "data": {
            "fingerprint": hashlib.sha256(b"tiny").hexdigest(),
            "n_train": sum(row["split"] == "train" for row in rows),
            "n_test": sum(row["split"] == "test" for row in rows),
            "n_train_patients": patients("train"),
            "n_test_patients": patients("test"),
        },
        "models": [model.name for model in MODELS],
        "files": _file_records(folder),
    }


def _file_records(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        path.relative_to(folder).as_posix(): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def _write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _sigmoid(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


if __name__ == "__main__":
    print(write_tiny_artifacts(Path(sys.argv[1])))
