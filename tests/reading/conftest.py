"""Sixty cases of the tiny artifacts, and rounds of them."""

from pathlib import Path

import pandas as pd
import pytest

from mammo.artifacts import load_cases
from mammo.evaluation import EvaluatedModel
from mammo.reading import Reading, Record, RoundCases, RoundPlan, draw_round, round_cases
from tests.tiny_artifacts import write_tiny_artifacts

MODELS = [
    EvaluatedModel("simple_cnn", "Simple CNN", {"youden": 0.45}),
    EvaluatedModel("mobilenetv2", "MobileNetV2", {"youden": 0.45}),
]


@pytest.fixture(scope="session")
def tiny_cases(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return load_cases(write_tiny_artifacts(tmp_path_factory.mktemp("reading") / "artifacts"))


@pytest.fixture(scope="session")
def released_cases() -> pd.DataFrame:
    """The released table: public data that stands in the repository."""
    return load_cases(Path(__file__).parents[2] / "artifacts")


@pytest.fixture
def drawn(tiny_cases: pd.DataFrame) -> RoundCases:
    """A balanced round of ten."""
    plan = RoundPlan(10, 3, balanced=True)
    return round_cases(draw_round(plan, tiny_cases, ()), tiny_cases, MODELS)


def record_of(plan: RoundPlan, ratings: list[int], after: list[int] | None = None) -> Record:
    """A whole record of given ratings."""
    second = after or [None] * len(ratings)
    return Record(plan, tuple(Reading(a, 2.5, b) for a, b in zip(ratings, second, strict=True)))
