"""The evaluated test split of tiny cases for the tests of the comparison page: few resamples."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from mammo.artifacts import load_cases
from mammo.evaluation import EvaluatedModel, Evaluation, SplitEvaluation, Unit
from mammo.ui.kit.cases import evaluate_test_split
from tests.tiny_artifacts import write_tiny_artifacts

THRESHOLDS = {"youden": 0.45, "sensitivity_90": 0.25, "specificity_90": 0.65}
MODELS = (
    EvaluatedModel("simple_cnn", "Simple CNN", THRESHOLDS),
    EvaluatedModel("mobilenetv2", "MobileNetV2", THRESHOLDS),
)


@cache
def _cases() -> pd.DataFrame:
    with TemporaryDirectory() as folder:
        return load_cases(write_tiny_artifacts(Path(folder) / "artifacts"))


def tiny_cases() -> pd.DataFrame:
    """A copy of the sixty tiny cases, to be changed at will."""
    return _cases().copy()


@cache
def tiny_split(unit: Unit = "crop") -> SplitEvaluation:
    """The 24 tiny test crops, evaluated."""
    return split_of(_cases(), unit)


def split_of(cases: pd.DataFrame, unit: Unit = "crop") -> SplitEvaluation:
    """Other cases, evaluated."""
    return evaluation_of(cases, unit).splits["test"]


def evaluation_of(cases: pd.DataFrame, unit: Unit = "crop") -> Evaluation:
    """The evaluation of other cases, with its notes."""
    return evaluate_test_split(cases, MODELS, unit, resamples=200)
