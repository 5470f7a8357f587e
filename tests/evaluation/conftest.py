"""Made-up cases with two views a lesion and several lesions a patient, for the tests beside."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo.evaluation import OperatingPoint, PatientBootstrap, operating_point
from mammo.evaluation.operating import Confusion
from mammo.evaluation.ranking import RANKING_NAMES, ranking_statistic

SHAPES = ("OVAL", "IRREGULAR", "IRREGULAR-ARCHITECTURAL_DISTORTION", None)
MARGINS = ("CIRCUMSCRIBED", "SPICULATED", "ILL_DEFINED-SPICULATED", None)
MODELS = {"simple_cnn": 0.8, "mobilenetv2": 1.6}


@dataclass(frozen=True, eq=False)
class Clustered:
    """Hold made-up crops: labels, patients, lesions and two models' probabilities, all (n,)."""

    labels: NDArray[np.bool_]
    patients: NDArray[np.str_]
    lesions: NDArray[np.str_]
    p: NDArray[np.float64]
    other_p: NDArray[np.float64]

    @property
    def n(self) -> int:
        """Return the number of crops."""
        return self.labels.size


def point_at(labels: Any, p: Any, threshold: float) -> OperatingPoint:
    """Return what a threshold brings, each case a patient of its own."""
    return operating_point(labels, p, threshold, PatientBootstrap(np.arange(len(p)), resamples=100))


def confusion_at(labels: Any, p: Any, threshold: float) -> Confusion:
    """Return the four counts at a threshold."""
    return point_at(labels, p, threshold).confusion


def rates_at(labels: Any, p: Any, threshold: float) -> dict[str, float]:
    """Return every rate at a threshold, without its interval."""
    return {name: rate.value for name, rate in point_at(labels, p, threshold).rates.items()}


def ranking_figures(labels: Any, scores: Any) -> dict[str, float]:
    """Return the figures of `RANKING_NAMES`, without their intervals."""
    found = ranking_statistic(labels, scores)(np.ones((1, len(scores))))[0]
    return dict(zip(RANKING_NAMES, found.tolist(), strict=True))


def make_clustered(patients: int = 60, seed: int = 0, ties: bool = False) -> Clustered:
    """Make one to two lesions a patient, in one or two views, whose scores go together."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[bool, str, str, float, float]] = []
    for patient in range(patients):
        together = rng.normal()
        for lesion in range(rng.integers(1, 3)):
            malignant = bool(rng.random() < 0.4)
            for _ in range(rng.integers(1, 3)):
                logits = [
                    gap * (malignant - 0.5) + 0.7 * together + rng.normal()
                    for gap in MODELS.values()
                ]
                first, second = (1 / (1 + np.exp(-logit)) for logit in logits)
                name = f"P_{patient:05d}"
                rows.append((malignant, name, f"{name}_LEFT_{lesion + 1}", first, second))
    labels, owners, lesions, p, other = (np.array(column) for column in zip(*rows, strict=True))
    if ties:
        p, other = np.round(p, 1), np.round(other, 1)
    return Clustered(labels, owners, lesions, p, other)


def make_columns(patients: int = 60, seed: int = 0) -> dict[str, Any]:
    """Make the columns of a cases.csv: training rows first, then as many patients to test."""
    halves = [make_clustered(patients, seed), make_clustered(patients, seed + 1)]
    rng = np.random.default_rng(seed)
    n = sum(half.n for half in halves)
    labels = np.concatenate([half.labels for half in halves])
    split = np.repeat(["train", "test"], [half.n for half in halves])
    unique = [
        np.char.add(f"{name}_", np.concatenate([half.patients for half in halves])[rows])
        for name, rows in (("train", split == "train"), ("test", split == "test"))
    ]
    owners = np.concatenate(unique)
    columns: dict[str, Any] = {
        "case_id": np.array([f"case_{row}" for row in range(n)]),
        "split": split,
        "patient_id": owners,
        "lesion_id": np.concatenate([half.lesions for half in halves]),
        "label": labels.astype(int),
        "view": np.resize(["CC", "MLO"], n),
        "breast_density": rng.integers(0, 5, n),
        "assessment": np.where(labels, rng.integers(4, 6, n), rng.integers(0, 5, n)),
        "subtlety": rng.integers(1, 6, n),
        "mass_shape": np.array(SHAPES, dtype=object)[rng.integers(0, 4, n)],
        "mass_margins": np.array(MARGINS, dtype=object)[rng.integers(0, 4, n)],
        "pathology": np.where(
            labels, "MALIGNANT", np.resize(["BENIGN", "BENIGN_WITHOUT_CALLBACK", "BENIGN"], n)
        ),
    }
    for name, part in (("simple_cnn", "p"), ("mobilenetv2", "other_p")):
        p = np.concatenate([getattr(half, part) for half in halves])
        columns[f"{name}_p"] = p
        columns[f"{name}_score"] = p**2
    return columns


@pytest.fixture
def clustered() -> Clustered:
    """Return 60 patients with distinct probabilities."""
    return make_clustered()


@pytest.fixture(params=["distinct", "tied"])
def cases(request: pytest.FixtureRequest) -> Clustered:
    """Return 60 patients, once with distinct and once with often equal probabilities."""
    return make_clustered(ties=request.param == "tied")


@pytest.fixture
def columns() -> dict[str, Any]:
    """Return the columns of a made-up cases.csv."""
    return make_columns()
