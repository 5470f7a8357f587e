"""Scores against naive counts, and against what stands when the figures carry nothing."""

import math

import numpy as np
import pandas as pd
import pytest

from mammo.evaluation import PatientBootstrap, auc, paired_delong, readers_minus, suspicion
from mammo.evaluation.bootstrap import rarer_patients
from mammo.evaluation.curves import GRID
from mammo.evaluation.delong import delong_interval
from mammo.reading import (
    RoundCases,
    RoundPlan,
    advice_effect,
    draw_round,
    merge,
    round_cases,
    score_room,
    standings,
    wording,
    write_result,
)
from mammo.reading.results_file import Result
from mammo.reading.room import Room, RoomReader
from mammo.reading.score import kappa
from mammo.text import Estimate
from tests.reading.conftest import MODELS, record_of
from tests.tiny_artifacts import EXAMPLES

RATINGS = [80, 20, 55, 50, 10, 90, 35, 50, 65, 5]
FINGERPRINT = "0123456789ab"


def naive_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Count pairs one by one."""
    pairs = [
        1.0 if a > b else 0.5 if a == b else 0.0 for a in scores[labels] for b in scores[~labels]
    ]
    return sum(pairs) / len(pairs)


def naive_kappa(first: np.ndarray, second: np.ndarray) -> float:
    n = len(first)
    agreed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    chance = sum((first == side).sum() * (second == side).sum() for side in (True, False)) / n**2
    return (agreed - chance) / (1 - chance)


def test_every_standing_is_what_naive_counting_finds(drawn: RoundCases) -> None:
    ratings, cut = np.array(RATINGS), 50
    found = {one.name: one for one in standings(drawn, ratings, cut)}
    assert list(found) == ["reader", "simple_cnn", "mobilenetv2", "radiologists"]
    labels, flagged = drawn.labels, ratings >= cut
    scores = {"reader": ratings, **drawn.p, "radiologists": suspicion(drawn.rows["assessment"])}
    flags = {
        "reader": flagged,
        **{name: p >= 0.45 for name, p in drawn.p.items()},
        "radiologists": np.asarray(drawn.rows["assessment"].astype(int) >= 4),
    }
    for name, one in found.items():
        assert one.auc.value == pytest.approx(naive_auc(labels, np.asarray(scores[name])))
        assert one.point.rates["sensitivity"].value == flags[name][labels].mean()
        assert one.point.rates["specificity"].value == (~flags[name])[~labels].mean()
        assert one.auc.low <= one.auc.value <= one.auc.high
        if name != "reader":
            assert one.reader_minus is not None and one.agreement is not None
            expected = naive_auc(labels, ratings) - naive_auc(labels, np.asarray(scores[name]))
            assert one.reader_minus.value == pytest.approx(expected)
            assert one.agreement.value == pytest.approx(naive_kappa(flagged, flags[name]))


def test_the_paired_test_is_delongs_where_patients_carry_it(
    released_cases: pd.DataFrame,
) -> None:
    plan = RoundPlan(40, 7, balanced=True)
    cases = round_cases(draw_round(plan, released_cases, ()), released_cases, MODELS)
    ratings = np.random.default_rng(3).integers(0, 101, 40)
    found = {one.name: one for one in standings(cases, ratings, 50)}
    expected = paired_delong(cases.labels, ratings, cases.p["mobilenetv2"], cases.patients)
    one = found["mobilenetv2"]
    assert one.p_value == expected.p_value
    assert one.reader_minus is not None
    # Two ways to one interval: resampled patients, and DeLong's normal approximation.
    assert one.reader_minus.low == pytest.approx(expected.difference.low, abs=0.05)
    assert one.reader_minus.high == pytest.approx(expected.difference.high, abs=0.05)
    delong = delong_interval(cases.labels, ratings, cases.patients)
    assert found["reader"].auc.low == pytest.approx(delong.low, abs=0.04)


def test_too_few_patients_get_no_test_and_no_sure_interval(tiny_cases: pd.DataFrame) -> None:
    """The ten examples: two patients, one of them with the malignant mass."""
    ids = [case for case, _ in EXAMPLES]
    cases = round_cases(
        draw_round(RoundPlan(10, 1, "examples"), tiny_cases, ids), tiny_cases, MODELS
    )
    assert rarer_patients(cases.labels, cases.patients) == 1
    perfect = 100 * cases.labels.astype(int)
    for one in standings(cases, perfect, 50):
        assert one.auc.high - one.auc.low > 0.5
        assert math.isnan(one.p_value)
        if one.reader_minus is not None:
            assert math.isnan(one.reader_minus.low)
            assert one.agreement is not None and math.isnan(one.agreement.low)
        sensitivity = one.point.rates["sensitivity"]
        assert sensitivity.high - sensitivity.low > 0.5


def test_one_class_only_is_undefined_and_no_crash(drawn: RoundCases) -> None:
    keep = drawn.labels
    benign = RoundCases(
        tuple(np.array(drawn.ids)[keep]), drawn.labels[keep], drawn.patients[keep], drawn.models,
        {name: p[keep] for name, p in drawn.p.items()}, drawn.ranks[keep],
        drawn.rows[keep].reset_index(drop=True),
    )  # fmt: skip
    for one in standings(benign, [50] * int(keep.sum()), 50):
        assert math.isnan(one.auc.value) and math.isnan(one.auc.low)


def test_a_model_or_assessment_that_is_missing_is_left_out(tiny_cases: pd.DataFrame) -> None:
    plan = RoundPlan(10, 3, balanced=True)
    ids = draw_round(plan, tiny_cases, ())
    lacking = tiny_cases.copy()
    lacking.loc[lacking["case_id"] == ids[0], "simple_cnn_p"] = float("nan")
    lacking.loc[lacking["case_id"] == ids[1], "assessment"] = pd.NA
    found = {one.name: one for one in standings(round_cases(ids, lacking, MODELS), RATINGS, 50)}
    assert list(found) == ["reader", "mobilenetv2", "radiologists"]
    assert found["radiologists"].labels.size == 9 and found["mobilenetv2"].labels.size == 10


def test_advice_is_counted_case_by_case(drawn: RoundCases) -> None:
    first = np.array(RATINGS)
    second = np.array([80, 60, 45, 50, 10, 40, 55, 49, 65, 0])
    effect = advice_effect(drawn, first, second)
    assert effect.changed == 6 == effect.toward + effect.away
    assert effect.mean_move == pytest.approx(np.abs(first - second).sum() / 10)
    expected = naive_auc(drawn.labels, second) - naive_auc(drawn.labels, first)
    assert effect.gain.value == pytest.approx(expected)


def test_advice_that_changed_nothing(drawn: RoundCases) -> None:
    effect = advice_effect(drawn, RATINGS, RATINGS)
    assert (effect.changed, effect.toward, effect.away, effect.gain.value) == (0, 0, 0, 0.0)
    assert math.isnan(effect.gain.low)


def test_kappa_is_cohens_and_says_when_it_is_undefined() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    for _ in range(20):
        first, second = random.integers(0, 2, (2, 30)).astype(bool)
        found = kappa(first, second, PatientBootstrap(np.arange(30)))
        assert found.value == pytest.approx(sklearn.cohen_kappa_score(first, second))
        assert found.value == pytest.approx(naive_kappa(first, second))
        assert found.low <= found.value <= found.high
    every = np.ones(5, bool)
    assert math.isnan(kappa(every, every, PatientBootstrap(list("abcde"))).value)
    alike = np.array([True, False, True, False, False])
    assert kappa(alike, alike, PatientBootstrap(list("abcde"))).value == 1.0


PLAN = RoundPlan(10, 3, balanced=True)


def a_file(nickname: str, ratings: list[int], plan: RoundPlan = PLAN, artifacts: str = FINGERPRINT,
           after: list[int] | None = None) -> tuple[str, bytes]:  # fmt: skip
    result = Result(record_of(plan, ratings, after), nickname, artifacts, "0.1.0")
    return f"{nickname or 'none'}.csv", write_result(result, "notice")


def other(shift: int) -> list[int]:
    return [(rating + shift) % 101 for rating in RATINGS]


def test_a_room_takes_each_reader_once_and_names_the_rest() -> None:
    files = [
        a_file("Ada", RATINGS),
        a_file("Ada", other(7)),
        a_file("", other(9)),
        a_file("Copy", RATINGS),
        a_file("Elsewhere", other(1), RoundPlan(10, 4, balanced=True)),
        a_file("Old", other(2), artifacts="ffffffffffff"),
        ("letter.csv", b"Dear all"),
        ("half.csv", b"\n".join(a_file("Half", other(3))[1].split(b"\n")[:5])),
    ]
    room = merge(files, FINGERPRINT)
    assert room.plan == PLAN
    assert [one.name for one in room.readers] == ["Ada", "Ada (2)", "reader 3"]
    reasons = dict(room.left_out)
    assert len(room.readers) + len(reasons) == len(files)
    assert "The same ratings and times as Ada.csv" in reasons["Copy.csv"]
    assert "of the round T10B-4-" in reasons["Elsewhere.csv"]
    assert "ffffffffffff" in reasons["Old.csv"] and FINGERPRINT in reasons["Old.csv"]
    assert "Expected a results file" in reasons["letter.csv"]
    assert "cases 1 to 10" in reasons["half.csv"]


def test_a_room_reads_the_round_of_most_files_whatever_comes_first() -> None:
    stray = a_file("Stray", other(1), RoundPlan(10, 4, balanced=True))
    room = merge([stray, a_file("Ada", RATINGS), a_file("Bo", other(5))], FINGERPRINT)
    assert room.plan == PLAN and len(room.readers) == 2


def test_a_room_of_nothing_is_empty() -> None:
    assert merge([], FINGERPRINT).plan is None
    room = merge([("x.csv", b"")] * 301, FINGERPRINT)
    assert not room.readers and len(room.left_out) == 301
    assert "A room takes 300 files" in room.left_out[-1][1]


def test_a_rooms_mean_is_the_mean(drawn: RoundCases) -> None:
    rows = [RATINGS, other(30), other(55)]
    room = merge([a_file(f"r{i}", row) for i, row in enumerate(rows)], FINGERPRINT)
    score = score_room(drawn, room, 50)
    areas = [naive_auc(drawn.labels, np.array(row)) for row in rows]
    assert [one.auc.value for one in score.readers] == pytest.approx(areas)
    assert score.mean_auc.value == pytest.approx(np.mean(areas))
    pooled = naive_auc(drawn.labels, np.mean(rows, axis=0))
    assert score.mean_rating_auc.value == pytest.approx(pooled)
    # The area under the mean curve is the mean of the areas, but for the grid's width.
    assert np.trapezoid(score.mean_curve, GRID) == pytest.approx(np.mean(areas), abs=0.02)
    for one in score.others:
        assert one.reader_minus is not None
        gap = np.mean(areas) - naive_auc(drawn.labels, one.scores)
        assert one.reader_minus.value == pytest.approx(gap)
    assert score.after_advice is None and score.advice_gain is None


def test_a_large_room_is_tested_with_readers_and_cases_as_samples(
    released_cases: pd.DataFrame,
) -> None:
    plan = RoundPlan(50, 1, balanced=True, advice=True)
    test = released_cases[released_cases["split"] == "test"]
    cases = round_cases(draw_round(plan, test, ()), test, MODELS)
    rng = np.random.default_rng(3)
    before, after = (np.clip(40 * cases.labels + rng.normal(30, 25, (2, 4, 50)), 0, 100)).round()
    readers = [
        RoomReader(str(i), record_of(plan, before[i].astype(int).tolist(),
                                     after[i].astype(int).tolist()))
        for i in range(4)
    ]  # fmt: skip
    score = score_room(cases, Room(plan, tuple(readers), ()), 50, 200)
    model = next(one for one in score.others if one.name == "mobilenetv2")
    p = cases.p["mobilenetv2"][np.newaxis]
    expected = readers_minus(cases.labels, before, p, cases.patients)
    assert (model.reader_minus, model.p_value) == (expected.mean, expected.p_value)
    gain = readers_minus(cases.labels, after, before, cases.patients)
    assert score.advice_gain == gain and not math.isnan(gain.p_value)
    assert "Obuchowski-Rockette" in wording.random_sentence(score, cases)
    small = score_room(cases, Room(plan, tuple(readers[:3]), ()), 50, 200)
    assert all(math.isnan(one.p_value) for one in small.others)
    assert "here there are 3 readers" in wording.random_sentence(small, cases)


def test_a_room_with_advice_is_scored_twice(drawn: RoundCases) -> None:
    plan = RoundPlan(10, 3, balanced=True, advice=True)
    readers = [RoomReader("a", record_of(plan, RATINGS, other(10))),
               RoomReader("b", record_of(plan, other(20), other(40)))]  # fmt: skip
    score = score_room(drawn, Room(plan, tuple(readers), ()), 50)
    before = np.mean([naive_auc(drawn.labels, np.array(row)) for row in (RATINGS, other(20))])
    after = np.mean([naive_auc(drawn.labels, np.array(row)) for row in (other(10), other(40))])
    assert isinstance(score.after_advice, Estimate) and score.advice_gain is not None
    assert score.after_advice.value == pytest.approx(after)
    assert score.advice_gain.mean.value == pytest.approx(after - before)
    assert math.isnan(score.advice_gain.p_value)
    assert auc(drawn.labels, RATINGS) == pytest.approx(naive_auc(drawn.labels, np.array(RATINGS)))
