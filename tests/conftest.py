"""Shared fixtures: optional real data, which a user does not have, and a tiny prepared folder."""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

settings.register_profile("mammo", deadline=None, derandomize=True)
settings.load_profile("mammo")

Result = TypeVar("Result")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _optional(variable: str, fallback: str, what: str) -> Path:
    path = Path(os.environ.get(variable, SHARED / fallback))
    if not path.exists():
        pytest.skip(f"{what} not at hand: set {variable} to run this test")
    return path


@pytest.fixture(scope="session")
def real_crops() -> Path:
    """The prepared folder of all 1,696 mass crops."""
    return _optional("MAMMO_TEST_CROPS", "cbis-ddsm-mass-crops", "the prepared CBIS-DDSM crops are")


@pytest.fixture(scope="session")
def real_csv() -> Path:
    """The folder of the four official case description files."""
    return _optional("MAMMO_TEST_CSV", "cbis-ddsm-csv", "the official CBIS-DDSM case files are")


@pytest.fixture(scope="session")
def imagenet_weights() -> Path:
    """The ImageNet weights of MobileNetV2 without its classifier."""
    return _optional(
        "MAMMO_TEST_IMAGENET",
        "weights/mobilenetv2_1.0_224_imagenet_no_top.h5",
        "the ImageNet weights of MobileNetV2 are",
    )


@pytest.fixture(scope="session", autouse=True)
def _no_downloaded_images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the images that this machine's user may have downloaded out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def run_apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in a thread of its own: in this one Playwright's loop may be running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def write_prepared(folder: Path, patients: int = 24, size: int = 64, seed: int = 0) -> Path:
    """Write a tiny prepared-crops folder: bright blobs are malignant, two views a lesion."""
    random = np.random.default_rng(seed)
    (folder / "crops").mkdir(parents=True)
    rows = []
    for number in range(patients):
        split, malignant = ("test" if number % 3 == 2 else "train"), number % 2
        for view in ("CC", "MLO"):
            name = f"crops/Mass-{split.title()}_P_{number:05d}_LEFT_{view}_1.png"
            crop = _blob(random, size, radius=5 + 12 * malignant)
            cv2.imwrite(str(folder / name), crop)
            rows.append(
                {
                    "file": name,
                    "split": split,
                    "patient_id": f"P_{number:05d}",
                    "laterality": "LEFT",
                    "view": view,
                    "abnormality_id": 1,
                    "abnormality_type": "mass",
                    "breast_density": 1 + number % 4,
                    "mass_shape": "IRREGULAR" if malignant else "OVAL",
                    "mass_margins": "SPICULATED" if malignant else "CIRCUMSCRIBED",
                    "assessment": 5 if malignant else 3,
                    "pathology": "MALIGNANT" if malignant else "BENIGN",
                    "subtlety": 4,
                    "film_series_uid": f"1.2.{number}.{view == 'CC':d}",
                    "published_split": split,
                }
            )
    pd.DataFrame(rows).to_csv(folder / "index.csv", index=False)
    return folder


def _blob(random: np.random.Generator, size: int, radius: int) -> np.ndarray:
    row, column = np.mgrid[:size, :size] - size / 2 + random.uniform(-4, 4)
    blob = 120 * np.exp(-(row**2 + column**2) / (2 * radius**2))
    return (60 + blob + random.normal(0, 6, (size, size))).clip(0, 255).astype(np.uint8)


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A tiny prepared-crops folder of 24 patients, eight of them in test."""
    return write_prepared(tmp_path / "prepared")
