"""The recorded BI-RADS assessment as a score, on the real official test where it is at hand."""

import csv
from pathlib import Path

import numpy as np
import pytest

from mammo.errors import DataError
from mammo.evaluation import EvaluatedModel, auc, biopsy, evaluate, suspicion


def test_order_of_suspicion() -> None:
    ranks = suspicion([1, 2, 3, 0, 4, 5])
    assert (np.diff(ranks) > 0).all()
    assert biopsy(ranks).tolist() == [False, False, False, False, True, True]


def test_assessments_come_as_numbers_text_or_not_at_all() -> None:
    assert suspicion(["4", 4.0, np.int64(4)]).tolist() == [4.0, 4.0, 4.0]
    assert np.isnan(suspicion([None, float("nan"), ""])).all()


@pytest.mark.parametrize("value", [6, -1, "4a", 3.5])
def test_other_assessments_get_a_sentence(value: object) -> None:
    with pytest.raises(DataError, match="BI-RADS assessment from 0 to 5"):
        suspicion([value])


@pytest.fixture
def official_test(real_crops: Path) -> dict[str, np.ndarray]:
    """Return the columns of the official mass test set."""
    with (real_crops / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    columns = {name: np.array([row[name] for row in rows], dtype=object) for name in rows[0]}
    columns["label"] = np.array([row["pathology"] == "MALIGNANT" for row in rows])
    columns["lesion_id"] = np.array(
        [f"{row['patient_id']}_{row['laterality']}_{row['abnormality_id']}" for row in rows]
    )
    return columns


def test_real_readers_reach_the_known_figures(official_test: dict[str, np.ndarray]) -> None:
    ranks = suspicion(official_test["assessment"])
    labels = official_test["label"]
    assert labels.size == 378
    assert labels.sum() == 147
    assert auc(labels, ranks) == pytest.approx(0.832, abs=5e-4)
    assert biopsy(ranks)[labels].mean() == pytest.approx(0.932, abs=5e-4)
    assert 1 - biopsy(ranks)[~labels].mean() == pytest.approx(0.537, abs=5e-4)


def test_evaluation_prints_the_same_readers(official_test: dict[str, np.ndarray]) -> None:
    columns = {**official_test, "cnn_p": np.full(378, 0.5)}
    model = EvaluatedModel("cnn", "CNN", {"youden": 0.5})
    recorded = evaluate(columns, [model], resamples=100).splits["test"].radiologists
    assert recorded is not None
    assert recorded.counts.cases == 378
    assert recorded.auc.value == pytest.approx(0.832, abs=5e-4)
    assert recorded.biopsy.rates["sensitivity"].value == pytest.approx(0.932, abs=5e-4)
    assert recorded.biopsy.rates["specificity"].value == pytest.approx(0.537, abs=5e-4)
    by_lesion = evaluate(columns, [model], "lesion", resamples=100).splits["test"].radiologists
    assert by_lesion is not None
    assert by_lesion.counts.cases == 223
