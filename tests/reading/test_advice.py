"""Advice: which is wrong, how far simulated readers follow it, and who should answer."""

import numpy as np
import pandas as pd
import pytest

from mammo.evaluation import auc
from mammo.reading import RoundPlan, draw_round, round_cases
from mammo.reading.advice import SIMULATED, answerers, following, opinions
from mammo.reading.wording import answer_table, best_answer, following_sentences
from tests.reading.conftest import MODELS

CUT = 50


def plan_of(seed: int, wrong: int = 30, n: int = 50) -> RoundPlan:
    return RoundPlan(n, seed, balanced=True, advice=True, wrong=wrong)


@pytest.mark.parametrize("wrong", [10, 30, 50])
def test_the_stated_share_of_the_advice_is_wrong(released_cases: pd.DataFrame, wrong: int) -> None:
    places = set()
    for seed in range(20):
        plan = plan_of(seed, wrong, 20)
        cases = round_cases(draw_round(plan, released_cases, ()), released_cases, MODELS)
        (advice,) = opinions(plan, cases)
        assert advice.title == SIMULATED and ((advice.p > 0) & (advice.p < 1)).all()
        assert ((advice.flags != cases.labels) == advice.wrong).all()
        assert advice.wrong.sum() == plan.wrong_cases == wrong * 20 // 100
        kept = (cases.p["mobilenetv2"] >= 0.45) == advice.flags
        assert (advice.p[kept] == cases.p["mobilenetv2"][kept]).all()
        places.update(np.flatnonzero(advice.wrong))
    assert len(places) > 15, "the seed decides where"


def test_advice_without_wrong_ones_is_what_the_models_found(released_cases: pd.DataFrame) -> None:
    plan = RoundPlan(20, 3, advice=True)
    cases = round_cases(draw_round(plan, released_cases, ()), released_cases, MODELS)
    shown = opinions(plan, cases)
    assert [one.title for one in shown] == ["Simple CNN", "MobileNetV2"]
    assert all((one.p == cases.p[m.name]).all() for one, m in zip(shown, MODELS, strict=True))


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0])
def test_how_far_simulated_readers_follow_is_found(
    released_cases: pd.DataFrame, rate: float
) -> None:
    plan, random = plan_of(5), np.random.default_rng(1)
    cases = round_cases(draw_round(plan, released_cases, ()), released_cases, MODELS)
    advice = opinions(plan, cases)
    first = random.integers(0, 101, (80, 50))
    follows = random.random((80, 50)) < rate
    second = np.where(follows, np.where(advice[0].flags, 90, 10), first)
    every, right, wrong, sure, unsure = following(cases, advice, first, second, CUT, 400)
    for one in (every, right, wrong, sure, unsure):
        assert one.followed.value == pytest.approx(rate, abs=0.06) and one.opposed > 200
        assert rate in (0.0, 1.0) or one.followed.low < rate < one.followed.high
    opposed = ((first >= CUT) != advice[0].flags) & follows
    assert every.better == int((opposed & ~advice[0].wrong).sum()) == right.better
    assert every.worse == int((opposed & advice[0].wrong).sum()) == wrong.worse
    assert sure.opposed + unsure.opposed == every.opposed == right.opposed + wrong.opposed
    told = following_sentences((every, right, wrong), plan)
    assert told[0].startswith("The advice was wrong on purpose in 15 of 50 cases")
    assert f"{round(rate * every.opposed) if rate in (0, 1) else ''}" in told[1]


def test_who_should_answer(released_cases: pd.DataFrame) -> None:
    plan, random = plan_of(5), np.random.default_rng(2)
    cases = round_cases(draw_round(plan, released_cases, ()), released_cases, MODELS)
    (advice,) = opinions(plan, cases)
    first = random.integers(0, 101, (7, 50))
    perfect = np.where(cases.labels, 80, 20) + 0 * first
    ways = {one.title: one for one in answerers(cases, advice, first, perfect, CUT, 200)}
    assert ways[SIMULATED].correct == 35 and ways[SIMULATED].accuracy.value == 0.7
    assert ways[SIMULATED].accuracy.low < 0.7 < ways[SIMULATED].accuracy.high
    right = (first >= CUT) == cases.labels
    assert ways["Reader"].correct == pytest.approx(right.sum(axis=1).mean())
    areas = [auc(cases.labels, row) for row in first]
    assert ways["Reader"].auc.value == pytest.approx(np.mean(areas))
    assert ways["Reader after the advice"].correct == 50
    is_sure = (advice.p <= 0.2) | (advice.p >= 0.8)
    mixed = np.where(is_sure, advice.flags, first >= CUT) == cases.labels
    unless = ways["Reader, unless the model is sure"]
    assert unless.correct == pytest.approx(mixed.sum(axis=1).mean())
    assert "**Reader after the advice**, 50 of 50" in best_answer(list(ways.values()), cases)
    table = answer_table(list(ways.values()), cases).set_index("Who answers")
    assert table.loc[SIMULATED, "Correct of 50"] == "35"
    for cut in (0, 100):
        edge = answerers(cases, advice, first, None, cut, 200)
        assert edge[0].correct == 35
        flagged = (first >= cut) == cases.labels
        assert edge[1].correct == pytest.approx(flagged.sum(axis=1).mean())
