"""Studies of tiny cases for the tests of the comparison page: few resamples, built in a blink."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from mammo.artifacts import load_cases
from mammo.evaluation import EvaluatedModel, Unit
from mammo.evaluation.comparison import Study, build_study
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
def tiny_study(unit: Unit = "crop") -> Study:
    """The study of the 24 tiny test crops."""
    return build_study(_cases(), MODELS, unit, resamples=200)


def study_of(cases: pd.DataFrame, unit: Unit = "crop") -> Study:
    """The study of other cases."""
    return build_study(cases, MODELS, unit, resamples=200)
