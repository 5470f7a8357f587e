"""Attach tiny trust signals to tiny artifacts, for tests."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import attach
from mammo.artifacts.contents import read_rows
from mammo.inference import load_classifier
from mammo.inference.trust import EMBEDDINGS_NAME, TRUST_NAME, Trust, packed
from mammo.training.trust import fit_trust

SHARE = {"value": 0.7, "low": 0.6, "high": 0.8, "crops": 20}


def blobs(count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Bright blobs on soft tissue, uint8 (n, 128, 128)."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:128, :128]
    crops = []
    for _ in range(count):
        away = np.hypot(rows - random.uniform(54, 74), columns - random.uniform(54, 74))
        coarse = random.normal(0, 20, (16, 16)).astype(np.float32)
        tissue = cv2.resize(coarse, (128, 128), interpolation=cv2.INTER_CUBIC)
        blob = random.uniform(60, 100) * np.exp(-((away / random.uniform(20, 40)) ** 2))
        crops.append((80 + blob + tissue + random.normal(0, 2, (128, 128))).clip(0, 255))
    return np.array(crops, np.uint8)


def tiny_trust(folder: Path) -> Trust:
    """Fit on blobs what stands in for the training crops of tiny artifacts."""
    rows = read_rows((folder / "cases.csv").read_bytes(), folder / "cases.csv")
    cases = [row for row in rows if row["split"] == "train"]
    crops = blobs(len(cases))
    fitted = fit_trust(
        "mobilenetv2", cases, crops, load_classifier("mobilenetv2", folder).embed(crops)
    )
    vote = {"right": SHARE, "always benign": 0.6}
    return replace(fitted, measured={**fitted.measured, "vote": {"test": vote}})


def attach_tiny_trust(folder: Path) -> Trust:
    """Add tiny trust signals to artifacts."""
    trust = tiny_trust(folder)
    attach(EMBEDDINGS_NAME, packed(trust), ("mobilenetv2/model.onnx",), folder)
    attach(TRUST_NAME, json.dumps(trust.measured).encode(), ("mobilenetv2/model.onnx",), folder)
    return trust
