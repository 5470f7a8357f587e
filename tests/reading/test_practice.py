"""Practice: the choice of cases, and a learning curve that recovers a known skill."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from mammo.errors import MammoError
from mammo.reading import RoundPlan
from mammo.reading.practice import Practice, learning_curve, why
from mammo.text import parts

HARD = ("ILL_DEFINED", "OBSCURED")
LENGTH = 60


def plan_of(seed: int, n: int = LENGTH) -> RoundPlan:
    return RoundPlan(n, seed, "practice", balanced=True, feedback=True)


@pytest.fixture(scope="module")
def training(released_cases: pd.DataFrame) -> pd.DataFrame:
    """The training rows, with `hard`: whether the margin is one of `HARD`."""
    rows = released_cases[released_cases["split"] == "train"].set_index("case_id", drop=False)
    rows = rows.rename_axis(None)
    return rows.assign(hard=[bool(set(HARD) & set(parts(one))) for one in rows["mass_margins"]])


def read(
    table: pd.DataFrame, plan: RoundPlan, rate: Callable[[pd.Series], int]
) -> tuple[Practice, list[int]]:
    """Let a simulated reader read a practice round."""
    practice, ratings = Practice(plan, table), []
    for place in range(plan.n):
        ratings.append(rate(table.loc[practice.choices[place].case]))
        practice.rate(ratings[-1])
    return practice, ratings


@pytest.mark.parametrize(("easy", "hard"), [(0.4, 0.4), (1.0, 1.0), (2.5, -0.5)])
def test_the_curve_recovers_a_known_skill(training: pd.DataFrame, easy: float, hard: float) -> None:
    """The skill is the AUC on the whole training set of a reader with normal evidence."""
    strength = np.where(training["hard"], hard, easy)
    labels = training["label"].to_numpy() == 1
    gaps = strength[labels][:, np.newaxis] + strength[~labels]
    skill = float(norm.cdf(gaps / 2 / np.sqrt(2)).mean())
    found, unweighted = [], []
    for seed in range(20):
        random = np.random.default_rng(seed)

        def rate(row: pd.Series, random: np.random.Generator = random) -> int:
            distance = (hard if row["hard"] else easy) / 2
            return round(100 * norm.cdf(random.normal(distance if row["label"] else -distance)))

        practice, ratings = read(training, plan_of(seed), rate)
        ids = [one.case for one in practice.choices]
        weights = np.array([one.weight for one in practice.choices])
        drawn = training.loc[ids]
        of = drawn["label"].to_numpy() == 1, drawn["patient_id"].to_numpy(), ratings
        curves = learning_curve(*of, weights), learning_curve(*of, np.ones(LENGTH))
        for means, curve in zip((found, unweighted), curves, strict=True):
            means.append(np.mean([area.value for _, area in curve]))
        assert curves[0][-1][0] == LENGTH and len(ids) == LENGTH
        assert drawn["lesion_id"].is_unique
    assert np.mean(found) == pytest.approx(skill, abs=0.05)
    if easy > 2:  # who fails in one kind gets more of it, which the weights undo
        assert np.mean(unweighted) < skill - 0.05


def test_a_reader_gets_more_of_the_kind_in_which_they_err(training: pd.DataFrame) -> None:
    def rate(row: pd.Series) -> int:
        right = bool(row["label"]) != bool(row["hard"])
        return 90 if right else 10

    erring, ratings = read(training, plan_of(7), rate)
    sure, _ = read(training, plan_of(7), lambda row: 90 if row["label"] else 10)
    shares = [
        np.mean([training.loc[one.case, "hard"] for one in practice.choices])
        for practice in (erring, sure)
    ]
    assert shares[0] > 1.5 * shares[1]
    reasons = [one.reason for one in erring.choices if one.reason]
    assert any("margin ill-defined" in one or "margin obscured" in one for one in reasons)
    assert not [one for one in sure.choices if one.reason or one.weight != 1.0]
    again = Practice(plan_of(7), training, ratings[:30])
    assert again.choices == erring.choices[:31], "the ratings decide every choice"


def test_more_cases_than_lesions_is_a_sentence(tiny_cases: pd.DataFrame) -> None:
    assert len(Practice(plan_of(1, 18), tiny_cases, [50] * 18).choices) == 18
    with pytest.raises(MammoError, match="asks for 19 cases of the official training set"):
        Practice(plan_of(1, 19), tiny_cases)


def test_no_curve_before_there_is_one() -> None:
    labels = np.arange(12) >= 10
    assert learning_curve(labels[:9], np.arange(9), np.arange(9), np.ones(9)) == ()
    assert [at for at, _ in learning_curve(labels, np.arange(12), np.arange(12), np.ones(12))] == [
        11,
        12,
    ]


def test_why_is_said_from_the_descriptors(training: pd.DataFrame) -> None:
    spiculated = training[training["mass_margins"] == "SPICULATED"]
    malignant = spiculated[spiculated["label"] == 1].iloc[0]
    benign = spiculated[spiculated["label"] == 0].iloc[0]
    assert "fits the diagnosis:" in why(malignant, training)
    round_ = training[(training["mass_margins"] == "CIRCUMSCRIBED") & (training["label"] == 1)]
    assert why(round_[round_["mass_shape"] == "OVAL"].iloc[0], training).startswith(
        "This case is atypical"
    )
    share = f"{100 * spiculated['label'].mean():.0f}%"
    assert share in why(benign, training) and "is atypical" in why(benign, training)
    nothing = benign.copy()
    nothing["mass_shape"] = nothing["mass_margins"] = None
    assert why(nothing, training).startswith("Neither shape nor margin")
