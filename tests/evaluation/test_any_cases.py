"""What must hold of the metrics whatever the cases: bounds, symmetries, sums, theorems."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mammo.errors import SettingsError
from mammo.evaluation import (
    PatientBootstrap,
    auc,
    expected_calibration_error,
    group_units,
    mcnemar,
    paired_delong,
    roc_curve,
    wilson,
)
from mammo.evaluation.calibration import brier_decomposition, brier_score, log_loss
from mammo.evaluation.curves import decision_curve
from mammo.evaluation.delong import delong_interval
from mammo.evaluation.operating import clinic_figures, moved_to_prevalence
from tests.evaluation.conftest import confusion_at, point_at, ranking_figures

PROBABILITY = st.floats(0, 1, allow_subnormal=False)
SHARE = st.floats(0.01, 0.99)
Cases = list[tuple[bool, float, float]]
CASES = st.lists(st.tuples(st.booleans(), PROBABILITY, PROBABILITY), min_size=1, max_size=40)
BOTH_CLASSES = CASES.filter(lambda rows: len({label for label, _, _ in rows}) == 2)


def columns(rows: Cases) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels, first, second = (np.array(column) for column in zip(*rows, strict=True))
    return labels, first, second


@given(CASES, PROBABILITY)
def test_each_case_has_its_cell_and_the_rates_are_shares(rows: Cases, threshold: float) -> None:
    labels, p, _ = columns(rows)
    point = point_at(labels, p, threshold)
    table = point.confusion
    assert table.malignant == labels.sum() and table.benign == (~labels).sum()
    assert table.true_positive + table.false_positive == (p >= threshold).sum()
    for name, rate in point.rates.items():
        bound = math.inf if "ratio" in name else 1.0
        assert math.isnan(rate.value) or 0 <= rate.value <= bound, name


@given(CASES, st.tuples(PROBABILITY, PROBABILITY))
def test_a_higher_threshold_flags_fewer(rows: Cases, thresholds: tuple[float, float]) -> None:
    labels, p, _ = columns(rows)
    low, high = (confusion_at(labels, p, one) for one in sorted(thresholds))
    assert high.true_positive <= low.true_positive
    assert high.false_positive <= low.false_positive


@given(BOTH_CLASSES)
def test_an_auc_is_the_area_under_its_curve(rows: Cases) -> None:
    labels, p, _ = columns(rows)
    area, curve = auc(labels, p), roc_curve(labels, p)
    assert np.trapezoid(curve.sensitivity, curve.false_positive_rate) == pytest.approx(area)
    assert auc(~labels, p) == pytest.approx(1 - area)
    figures = ranking_figures(labels, p)
    assert 0 <= figures["partial_auc"] <= 1
    assert 0 < figures["average_precision"] <= 1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 64)), min_size=2, max_size=40))
def test_an_auc_knows_the_order_alone(rows: list[tuple[bool, int]]) -> None:
    labels, ranks = (np.array(column) for column in zip(*rows, strict=True))
    assert auc(labels, (ranks / 64) ** 3) == pytest.approx(auc(labels, ranks / 64), nan_ok=True)


@given(BOTH_CLASSES)
def test_delong_holds_the_area_and_two_models_change_places(rows: Cases) -> None:
    labels, first, second = columns(rows)
    area = delong_interval(labels, first)
    assert math.isnan(area.low) or 0 <= area.low <= area.value <= area.high <= 1
    there, back = paired_delong(labels, first, second), paired_delong(labels, second, first)
    assert there.difference.value == pytest.approx(-back.difference.value)
    assert there.p_value == pytest.approx(back.p_value, nan_ok=True)


@given(CASES)
def test_losses_are_least_where_the_answer_is_the_truth(rows: Cases) -> None:
    labels, p, _ = columns(rows)
    assert 0 <= brier_score(labels, p) <= 1
    assert 0 <= expected_calibration_error(labels, p) <= 1
    assert brier_score(labels, labels * 1.0) == 0
    assert expected_calibration_error(labels, labels * 1.0) == 0
    assert log_loss(labels, p) >= log_loss(labels, labels * 1.0) >= 0


@given(CASES)
def test_the_parts_of_a_brier_score_add_up(rows: Cases) -> None:
    labels, p, _ = columns(rows)
    parts = brier_decomposition(labels, p)
    whole = parts["reliability"] - parts["resolution"] + parts["uncertainty"] + parts["within_bins"]
    assert whole == pytest.approx(brier_score(labels, p))
    assert min(parts["reliability"], parts["resolution"], parts["uncertainty"]) >= 0


@given(SHARE, SHARE, SHARE)
def test_predictive_values_are_bayes_theorem(se: float, sp: float, prevalence: float) -> None:
    of_1000 = clinic_figures(se, sp, prevalence)
    ppv, npv = of_1000["ppv"], of_1000["npv"]
    flagged, missed = of_1000["flagged_per_1000"], of_1000["missed_per_1000"]
    found, spared = 1000 * prevalence - missed, 1000 - flagged - missed
    assert flagged == pytest.approx(found + of_1000["false_alarms_per_1000"])
    assert ppv == pytest.approx(found / flagged)
    assert npv == pytest.approx(spared / (spared + missed))
    odds = ppv / (1 - ppv)
    assert odds == pytest.approx(prevalence / (1 - prevalence) * se / (1 - sp))


@given(st.lists(SHARE, min_size=1, max_size=20), SHARE, SHARE)
def test_moved_to_another_prevalence_and_back_is_where_it_was(
    p: list[float], learned: float, stated: float
) -> None:
    moved = moved_to_prevalence(p, learned, stated)
    assert moved_to_prevalence(moved, stated, learned) == pytest.approx(np.array(p))
    assert ((moved >= np.array(p)) == (stated >= learned)).all() or learned == pytest.approx(stated)


@pytest.mark.parametrize("shares", [(0.0, 0.5), (1.0, 0.5), (0.5, 0.0), (0.5, 1.0)])
def test_a_share_of_one_class_alone_has_no_odds_to_move(shares: tuple[float, float]) -> None:
    with pytest.raises(SettingsError, match="above 0 and below 1"):
        moved_to_prevalence([0.5], *shares)


@given(CASES)
def test_no_model_is_worth_more_than_the_prevalence(rows: Cases) -> None:
    labels, p, _ = columns(rows)
    bootstrap = PatientBootstrap(np.arange(len(p)), resamples=100)
    assert (decision_curve(labels, p, bootstrap).model <= labels.mean() + 1e-12).all()
    best = decision_curve(labels, labels * 1.0, bootstrap).model[1:]
    assert best == pytest.approx(np.full(best.size, labels.mean()))


@given(CASES, PROBABILITY)
def test_mcnemar_knows_no_first_and_second(rows: Cases, threshold: float) -> None:
    labels, first, second = columns(rows)
    there = mcnemar(labels, first >= threshold, second >= threshold)
    back = mcnemar(labels, second >= threshold, first >= threshold)
    assert there.only_first_right == back.only_second_right
    assert there.p_value == pytest.approx(back.p_value, nan_ok=True)
    discordant = there.only_first_right + there.only_second_right
    assert 0 < there.p_value <= 1 if discordant else math.isnan(there.p_value)


@given(st.integers(0, 500), st.integers(1, 500))
def test_a_wilson_interval_lies_around_its_share(successes: int, total: int) -> None:
    assume(successes <= total)
    found, rest = wilson(successes, total), wilson(total - successes, total)
    assert 0 <= found.low <= successes / total <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((1 - rest.high, 1 - rest.low))


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 2), SHARE),
        min_size=1, max_size=30,
    )
)  # fmt: skip
def test_units_hold_every_crop_once_and_pool_within_their_range(
    rows: list[tuple[bool, int, int, float]],
) -> None:
    label_of = {(patient, lesion): label for label, patient, lesion, _ in rows}
    patients, lesions = (np.array([row[column] for row in rows]) for column in (1, 2))
    labels = np.array([label_of[row[1], row[2]] for row in rows])
    p = np.array([row[3] for row in rows])
    for unit, names in (
        ("crop", range(len(rows))),
        ("lesion", {(row[1], row[2]) for row in rows}),
        ("patient", set(patients.tolist())),
    ):
        units = group_units(unit, labels, patients, lesions)  # type: ignore[arg-type]
        pooled = units.pool(p)
        assert len(units.ids) == len(pooled) == len(names)
        for case, value in enumerate(pooled):
            own = units.members == case
            assert own.any() and units.labels[case] == labels[own].any()
            assert p[own].min() - 1e-9 <= value <= p[own].max() + 1e-9
