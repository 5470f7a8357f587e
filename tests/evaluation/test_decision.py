"""Net benefit against the formula written out."""

import numpy as np
import pytest

from mammo.errors import SettingsError
from mammo.evaluation import PatientBootstrap
from mammo.evaluation.curves import decision_curve, net_benefit
from mammo.evaluation.rates import confusion_at
from tests.evaluation.conftest import Clustered
from tests.evaluation.test_bootstrap import rows_of


@pytest.mark.parametrize("threshold", [0.0, 0.02, 0.3, 0.9])
def test_net_benefit_is_the_formula(cases: Clustered, threshold: float) -> None:
    table = confusion_at(cases.labels, cases.p, threshold)
    odds = threshold / (1 - threshold)
    expected = (table.true_positive - table.false_positive * odds) / cases.n
    assert net_benefit(cases.labels, cases.p, threshold) == pytest.approx(expected)


def test_curve_holds_every_point_and_flagging_all(cases: Clustered) -> None:
    curve = decision_curve(cases.labels, cases.p)
    assert curve.thresholds.size == 100
    for place in (0, 17, 50, 99):
        threshold = curve.thresholds[place]
        assert curve.model[place] == pytest.approx(net_benefit(cases.labels, cases.p, threshold))
        assert curve.treat_all[place] == pytest.approx(
            net_benefit(cases.labels, np.ones(cases.n), threshold)
        )
    assert curve.model[0] == pytest.approx(cases.labels.mean())
    assert np.isnan(curve.low).all()


def test_prevalence_follows_sensitivity_and_specificity(cases: Clustered) -> None:
    rates = confusion_at(cases.labels, cases.p, 0.2).rates()
    expected = rates["sensitivity"] * 0.05 - (1 - rates["specificity"]) * 0.95 * 0.25
    assert net_benefit(cases.labels, cases.p, 0.2, prevalence=0.05) == pytest.approx(expected)
    own = net_benefit(cases.labels, cases.p, 0.2)
    share = float(cases.labels.mean())
    assert net_benefit(cases.labels, cases.p, 0.2, prevalence=share) == pytest.approx(own)


def test_prevalence_zero_one_and_one_class() -> None:
    assert net_benefit([0, 1], [0.9, 0.9], 0.5, prevalence=0.0) == -1.0
    assert net_benefit([0, 1], [0.9, 0.9], 0.5, prevalence=1.0) == 1.0
    assert np.isnan(net_benefit([1, 1], [0.9, 0.1], 0.5, prevalence=0.3))
    assert net_benefit([1, 1], [0.9, 0.1], 0.5) == 0.5


def test_intervals_hold_the_curve(clustered: Clustered) -> None:
    bootstrap = PatientBootstrap(clustered.patients, resamples=300)
    curve = decision_curve(clustered.labels, clustered.p, [0.1, 0.4], bootstrap=bootstrap)
    assert (curve.low < curve.model).all()
    assert (curve.model < curve.high).all()


def test_intervals_at_a_prevalence_leave_the_samples_own_share_out(clustered: Clustered) -> None:
    """Sensitivity and specificity vary between resamples; the stated prevalence does not."""
    bootstrap = PatientBootstrap(clustered.patients, resamples=100)
    curve = decision_curve(
        clustered.labels, clustered.p, [0.0, 0.2], prevalence=0.1, bootstrap=bootstrap
    )
    assert (curve.low[0], curve.high[0]) == pytest.approx((0.1, 0.1))
    resampled = []
    for draw in bootstrap.draws:
        rows = rows_of(draw, clustered.patients)
        rates = confusion_at(clustered.labels[rows], clustered.p[rows], 0.2).rates()
        alarms = (1 - rates["specificity"]) * 0.9 * 0.25
        resampled.append(rates["sensitivity"] * 0.1 - alarms)
    rising = np.sort(resampled)
    assert (curve.low[1], curve.high[1]) == pytest.approx((rising[2], rising[97]))


@pytest.mark.parametrize("threshold", [1.0, -0.1, float("nan")])
def test_threshold_one_is_refused_because_its_odds_are_infinite(threshold: float) -> None:
    with pytest.raises(SettingsError, match="odds are infinite"):
        net_benefit([0, 1], [0.2, 0.8], threshold)
