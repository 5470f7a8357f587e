"""Named thresholds against trying every threshold."""

import numpy as np
import pytest

from mammo.errors import DataError
from mammo.evaluation import named_thresholds
from mammo.evaluation.operating import NAMED_THRESHOLDS
from tests.evaluation.conftest import Clustered, confusion_at, make_clustered, rates_at


def all_rates(cases: Clustered) -> list[tuple[float, float, float]]:
    """Return (threshold, sensitivity, specificity) at every observed p."""
    rows = []
    for threshold in np.unique(cases.p):
        rates = rates_at(cases.labels, cases.p, threshold)
        rows.append((threshold, rates["sensitivity"], rates["specificity"]))
    return rows


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ties", [False, True])
def test_thresholds_are_the_best_of_all(seed: int, ties: bool) -> None:
    cases = make_clustered(seed=seed, ties=ties)
    rows = all_rates(cases)
    reached = {
        name: rates_at(cases.labels, cases.p, threshold)
        for name, threshold in named_thresholds(cases.labels, cases.p).items()
    }
    assert set(reached) == set(NAMED_THRESHOLDS)
    youden = reached["youden"]["sensitivity"] + reached["youden"]["specificity"]
    assert youden == pytest.approx(max(se + sp for _, se, sp in rows))
    assert reached["sensitivity_90"]["sensitivity"] >= 0.9
    assert reached["sensitivity_90"]["specificity"] == max(sp for _, se, sp in rows if se >= 0.9)
    assert reached["specificity_90"]["specificity"] >= 0.9
    best = max((se for _, se, sp in rows if sp >= 0.9), default=0.0)
    assert reached["specificity_90"]["sensitivity"] == best


def test_rounding_in_a_file_flips_no_case(clustered: Clustered) -> None:
    for threshold in named_thresholds(clustered.labels, clustered.p).values():
        written = np.round(clustered.p, 6)
        assert confusion_at(clustered.labels, written, threshold) == confusion_at(
            clustered.labels, clustered.p, threshold
        )


def test_equal_and_perfect_scores() -> None:
    equal = named_thresholds([0, 1, 0], [0.4, 0.4, 0.4])
    assert equal["sensitivity_90"] <= 0.4 < equal["specificity_90"]
    perfect = named_thresholds([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9])
    assert perfect["youden"] == pytest.approx(0.45)
    certain = named_thresholds([0, 1], [0.0, 1.0])
    assert all(0.0 <= value <= 1.0 for value in certain.values())


def test_one_class_gets_a_sentence() -> None:
    with pytest.raises(DataError, match="0 malignant and 2 benign"):
        named_thresholds([0, 0], [0.1, 0.2])
