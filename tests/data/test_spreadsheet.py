"""No cell of a CSV file runs as a formula, whatever stands before its sign."""

import pytest

from mammo.data.csv_table import harmless


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n1", "  =1", '"=1"',
        "'=1", '" @A1', "\uff1d1", "-1e", "-0.05 (=1)", "\ttext", "--1", "+0.05 (-0.10 to 0.01) =1",
    ],
)  # fmt: skip
def test_a_formula_stands_behind_an_apostrophe(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    ["", "film.dcm", "-5", "+0.05", "-0.1234", "-1e-05", "0.5", "-0.09 (-0.15 to -0.02)",
     "+0.05 (+0.01 to +0.10); p = 0.02", "a=1", "1 - 2", "+0.50 (too few cases for an interval)"],
)  # fmt: skip
def test_figures_and_words_stay(cell: str) -> None:
    assert harmless(cell) == cell
