"""Descriptors: every word of the real case files is known, and joined ones come apart."""

from pathlib import Path

import pandas as pd
import pytest

from mammo.artifacts import artifacts_folder
from mammo.data.descriptors import MEANINGS, meaning
from mammo.data.preparation.case_files import read_case_file
from mammo.data.preparation.tree import find_case_files
from mammo.text import parts, plain

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("column", ["mass_shape", "mass_margins", "breast_density", "assessment"])
def test_every_word_of_the_released_cases_is_explained(column: str) -> None:
    values = pd.read_csv(artifacts_folder() / "cases.csv", dtype=str)[column].unique()
    unknown = {part for value in values for part in parts(value) if not meaning(column, part)}
    assert unknown == set()


@pytest.mark.parametrize("column", list(MEANINGS))
def test_every_word_of_the_official_files_is_explained(real_csv: Path, column: str) -> None:
    rows = [
        row
        for part, path in find_case_files(real_csv, "all").items()
        for row in read_case_file(path, part)
    ]
    words = {word for row in rows for word in parts(getattr(row, column))}
    assert words
    assert {word for word in words if not meaning(column, word)} == set()


def test_explanations_begin_small_and_end_without_a_period() -> None:
    for table in MEANINGS.values():
        for text in table.values():
            assert not text.endswith(".") and (text[0].islower() or not text[0].isalpha())
    assert plain("FOCAL_ASYMMETRIC_DENSITY") == "focal asymmetric density"
