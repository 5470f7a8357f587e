"""Subgroups of the recorded descriptors, odd cells and all."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mammo.errors import DataError
from mammo.evaluation.subgroups import descriptor_levels, find_subgroups, size_note


def titles(cases: Any) -> dict[str, list[bool]]:
    """Return the crops of each subgroup by its title."""
    return {group.title: group.crops.tolist() for group in find_subgroups(cases)}


def test_compound_descriptors_count_in_each_part() -> None:
    found = titles({"mass_margins": ["ILL_DEFINED-SPICULATED", "SPICULATED", None]})
    assert found == {
        "Margin: ill defined": [True, False, False],
        "Margin: spiculated": [True, True, False],
        "Margin: not recorded": [False, False, True],
    }


def test_density_zero_is_not_recorded_and_assessment_zero_is_incomplete() -> None:
    found = titles({"breast_density": [0, 2, 4], "assessment": [0, 2, 4]})
    assert list(found) == [
        "Density: b (scattered)",
        "Density: d (extremely dense)",
        "Density: not recorded",
        "BI-RADS: 0 (incomplete)",
        "BI-RADS: 2",
        "BI-RADS: 4",
    ]


def test_whole_numbers_with_gaps_of_a_data_frame() -> None:
    table = pd.DataFrame({"subtlety": [3.0, np.nan, 5.0], "view": ["CC", "MLO", None]})
    assert list(titles(table)) == [
        "View: CC",
        "View: MLO",
        "View: not recorded",
        "Subtlety: 3",
        "Subtlety: 5",
        "Subtlety: not recorded",
    ]
    nullable = pd.DataFrame({"subtlety": pd.Series([3, None], dtype="Int64")})
    assert list(titles(nullable)) == ["Subtlety: 3", "Subtlety: not recorded"]


def test_empty_and_absent_columns_define_no_subgroup() -> None:
    assert titles({"view": [None, None], "label": [0, 1]}) == {}


def test_without_callback_is_left_out_only_where_it_occurs() -> None:
    found = titles({"pathology": ["MALIGNANT", "BENIGN_WITHOUT_CALLBACK", "BENIGN"]})
    assert found == {"Without BENIGN_WITHOUT_CALLBACK": [True, False, True]}
    assert titles({"pathology": ["MALIGNANT", "BENIGN"]}) == {}
    with pytest.raises(DataError, match="pathology in every row"):
        titles({"pathology": ["MALIGNANT", None]})


@pytest.mark.parametrize(
    ("variable", "cell", "levels"),
    [
        ("mass_shape", "IRREGULAR-ARCHITECTURAL_DISTORTION",
         ("IRREGULAR", "ARCHITECTURAL_DISTORTION")),
        ("mass_shape", float("nan"), ("",)),
        ("breast_density", "0", ("",)),
        ("breast_density", np.int64(3), ("3",)),
        ("assessment", 0, ("0",)),
    ],
)  # fmt: skip
def test_levels_of_one_cell(variable: str, cell: object, levels: tuple[str, ...]) -> None:
    assert descriptor_levels(variable, cell) == levels


def test_small_groups_say_so() -> None:
    assert size_note((20, 20), (20, 20)) == ""
    assert size_note((19, 5), (9, 5)) == "small: 19 malignant, 5 benign"
    assert size_note((30, 4), (30, 4)) == "no AUC: 4 benign (fewer than 5)"
