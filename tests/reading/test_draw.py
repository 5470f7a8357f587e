"""Drawing a round: the right cases, the same ones everywhere, never one of training."""

from collections import Counter

import pandas as pd
import pytest

from mammo.errors import DataError
from mammo.reading import RoundPlan, draw_round
from tests.tiny_artifacts import EXAMPLES

EXAMPLE_IDS = [case for case, _ in EXAMPLES]


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("n", [5, 20, 21, 50])
def test_a_round_holds_test_cases_each_once(
    released_cases: pd.DataFrame, n: int, balanced: bool
) -> None:
    rows = released_cases.set_index("case_id")
    for seed in range(10):
        ids = draw_round(RoundPlan(n, seed, balanced=balanced), released_cases, ())
        assert len(set(ids)) == n
        assert set(rows.loc[list(ids), "split"]) == {"test"}
        malignant = int(rows.loc[list(ids), "label"].sum())
        if balanced:
            assert malignant in ({n // 2} if n % 2 == 0 else {n // 2, n // 2 + 1})
        assert rows.loc[list(ids), "patient_id"].nunique() == n  # 201 patients suffice


def test_training_rows_change_nothing(released_cases: pd.DataFrame) -> None:
    only_test = released_cases[released_cases["split"] == "test"]
    shuffled = only_test.sample(frac=1, random_state=1)
    plan = RoundPlan(20, 4711, balanced=True)
    drawn = draw_round(plan, released_cases, ())
    assert drawn == draw_round(plan, only_test, ()) == draw_round(plan, shuffled, ())


def test_the_draw_is_the_same_for_ever(released_cases: pd.DataFrame) -> None:
    """A code given out last year must give last year's cases."""
    assert draw_round(RoundPlan(5, 1), released_cases, ()) == (
        "Mass-Test_P_01566_RIGHT_MLO_1",
        "Mass-Test_P_00524_LEFT_MLO_1",
        "Mass-Test_P_00194_RIGHT_MLO_1",
        "Mass-Test_P_00947_RIGHT_CC_1",
        "Mass-Test_P_01298_LEFT_CC_1",
    )


def test_seeds_draw_evenly_and_in_no_telling_order(released_cases: pd.DataFrame) -> None:
    labels = released_cases.set_index("case_id")["label"]
    drawn, first = Counter(), 0
    for seed in range(120):
        ids = draw_round(RoundPlan(20, seed, balanced=True), released_cases, ())
        drawn.update(ids)
        first += int(labels[ids[0]])
    assert 42 < first < 78  # the first case is malignant in half of the rounds
    assert len(drawn) > 300  # most of 378 crops come up


def test_as_they_fall_is_near_the_test_set(released_cases: pd.DataFrame) -> None:
    labels = released_cases.set_index("case_id")["label"]
    plans = (RoundPlan(50, seed) for seed in range(40))
    shares = [labels[list(draw_round(plan, released_cases, ()))].mean() for plan in plans]
    assert 0.36 < sum(shares) / len(shares) < 0.46


def test_filters_hold(released_cases: pd.DataFrame) -> None:
    plan = RoundPlan(10, 5, filters={"M": ["SPICULATED"], "V": ["MLO"], "D": ["2", "3"]})
    rows = released_cases.set_index("case_id").loc[list(draw_round(plan, released_cases, ()))]
    assert rows["mass_margins"].str.contains("SPICULATED").all()
    assert set(rows["view"]) == {"MLO"} and set(rows["breast_density"]) <= {2, 3}


def test_the_examples_are_all_ten_and_new_lesions_come_first(tiny_cases: pd.DataFrame) -> None:
    for seed in range(20):
        ids = draw_round(RoundPlan(10, seed, "examples"), tiny_cases, EXAMPLE_IDS)
        assert sorted(ids) == EXAMPLE_IDS
        five = draw_round(RoundPlan(5, seed, "examples"), tiny_cases, EXAMPLE_IDS)
        lesions = tiny_cases.set_index("case_id").loc[list(five), "lesion_id"]
        assert lesions.nunique() == 5


@pytest.mark.parametrize(
    "plan",
    [
        RoundPlan(25, 1),
        RoundPlan(20, 1, "examples"),
        RoundPlan(24, 1, balanced=True),
        RoundPlan(5, 1, filters={"V": ["none"]}),
    ],
)
def test_a_round_longer_than_the_cases_is_a_sentence(
    tiny_cases: pd.DataFrame, plan: RoundPlan
) -> None:
    with pytest.raises(DataError, match=r"asks for \d+ cases .* only \d+ malignant and \d+ benign"):
        draw_round(plan, tiny_cases, EXAMPLE_IDS)
