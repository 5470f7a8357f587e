"""Few and degenerate cases: no figure claims certainty that its cases cannot give."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mammo.errors import MammoError
from mammo.evaluation import (
    EvaluatedModel,
    Evaluation,
    PatientBootstrap,
    auc_interval,
    evaluate,
    mcnemar,
    operating_point,
    paired_delong,
)
from mammo.evaluation.curves import decision_curve, roc_band
from mammo.evaluation.delong import delong_interval
from mammo.evaluation.evaluation import as_json
from mammo.evaluation.printout import print_out
from mammo.reading.score import Sample, kappa
from mammo.text import Estimate

MODELS = [EvaluatedModel(name, name, {"youden": 0.5, "low": 0.2}) for name in ("one", "two")]
Rows = list[tuple[bool, float, float, int]]
SHARE = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
ROWS = st.lists(st.tuples(st.booleans(), SHARE, SHARE, st.integers(0, 7)), min_size=2, max_size=12)


def perfect(n: int, patients: int = 99) -> Rows:
    """Two models that both separate n cases perfectly."""
    return [(row % 2 == 1, 0.1 + 0.8 * (row % 2), 0.2 + 0.6 * (row % 2), row % patients)
            for row in range(n)]  # fmt: skip


def columns(rows: Rows) -> dict[str, np.ndarray]:
    labels, one, two, patients = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "label": labels.astype(int), "one_p": one, "two_p": two, "two_score": two,
        "patient_id": np.array([f"P_{patient}" for patient in patients]),
        "split": np.full(len(rows), "test"), "view": np.where(patients % 2, "CC", "MLO"),
        "assessment": np.where(one > 0.5, 5, 2),
    }  # fmt: skip


def intervals(tree: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every interval of an evaluation as JSON, with its place."""
    if isinstance(tree, dict):
        if {"value", "low", "high"} == tree.keys():
            yield path, tree
        for name, part in tree.items():
            yield from intervals(part, f"{path}/{name}")
    elif isinstance(tree, list):
        for place, part in enumerate(tree):
            yield from intervals(part, f"{path}/{place}")


def is_honest(figure: Estimate) -> bool:
    """Whether the interval has a width or is not given, and holds its figure."""
    if math.isnan(figure.low) or math.isnan(figure.high):
        return math.isnan(figure.low) and math.isnan(figure.high)
    wide = figure.high == math.inf or figure.high - figure.low > 1e-9
    return wide and figure.low - 1e-9 <= figure.value <= figure.high + 1e-9


def evaluated(rows: Rows, unit: Any = "crop") -> Evaluation:
    return evaluate(columns(rows), MODELS, unit, resamples=100)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.sampled_from(["crop", "patient"]))
@example(perfect(12), "crop")
@example(perfect(2), "crop")
@example(perfect(12, patients=1), "crop")
@example([(True, 0.5, 0.5, row) for row in range(5)], "crop")
@example([(row % 2 == 1, 0.5, 0.5, row) for row in range(8)], "crop")
def test_no_figure_of_an_evaluation_claims_certainty(rows: Rows, unit: Any) -> None:
    tree = as_json(evaluated(rows, unit))
    json.dumps(tree, allow_nan=False)
    for place, found in intervals(tree):
        if found["low"] is not None and found["high"] is not None:
            assert found["high"] - found["low"] > 1e-9, place
    for split in tree["splits"].values():  # type: ignore[call-overload, index]
        for pair in split["comparisons"]:
            for test in (pair["delong"], pair["clustered_delong"]):
                assert (test["p_value"] is None) == (test["difference"]["low"] is None)
            for test in pair["mcnemar"].values():
                discordant = test["only_first_right"] + test["only_second_right"]
                assert (test["p_value"] is None) == (discordant == 0)
    text = print_out(evaluated(rows, unit))
    assert not re.search(r"\bnan\b", text) and "undefined to" not in text
    if "no interval" in text:
        assert "Its uncertainty is unknown" in " ".join(text.split())


def test_two_perfect_models_are_not_shown_to_be_alike() -> None:
    result = evaluated(perfect(12))
    pair = result.splits["test"].comparisons[0]
    assert pair.auc_difference.value == 0.0
    assert pair.auc_difference.low == pytest.approx(-0.39, abs=0.005)
    assert pair.auc_difference.high == pytest.approx(0.39, abs=0.005)
    assert math.isnan(pair.clustered_delong.p_value)
    area = result.splits["test"].models["one"].auc_delong
    assert (area.value, area.high) == (1.0, 1.0) and area.low == pytest.approx(0.61, abs=0.005)
    assert "0.00 (0.00 to 0.00)" not in print_out(result)
    assert "is not testable on these cases" in " ".join(print_out(result).split())


@settings(max_examples=60, deadline=None)
@given(ROWS)
@example(perfect(4))
@example(perfect(6, patients=2))
def test_no_function_claims_certainty(rows: Rows) -> None:
    labels, one, two, patients = (np.array(column) for column in zip(*rows, strict=True))
    bootstrap = PatientBootstrap(patients, resamples=100)
    assert is_honest(auc_interval(labels, one, bootstrap))
    for whose in (patients, None):
        assert is_honest(delong_interval(labels, one, whose))
        test = paired_delong(labels, one, two, whose)
        assert is_honest(test.difference) or not math.isnan(test.p_value)
        assert math.isnan(test.p_value) == math.isnan(test.difference.low)
    point = operating_point(labels, one, 0.5, bootstrap, prevalences=(0.05, 0.5))
    for figure in (*point.rates.values(), *point.clinics[0].figures.values()):
        assert is_honest(figure)
    curve = decision_curve(labels, one, bootstrap)
    band = roc_band(labels, one, bootstrap)
    for low, high in ((curve.low, curve.high), (band.low[:-1], band.high[:-1])):
        assert (np.isnan(low) | (high - low > 1e-9)).all()
    agreement = kappa(one >= 0.5, two >= 0.5, bootstrap)
    assert is_honest(agreement)
    discordant = ((one >= 0.5) != (two >= 0.5)).any()
    assert math.isnan(mcnemar(labels, one >= 0.5, two >= 0.5).p_value) == (not discordant)
    sample = Sample(labels, patients.astype(str), 100)
    assert is_honest(sample.interval(sample.draws(one)))
    gap = sample.difference(sample.draws(one), sample.draws(two))
    assert math.isnan(gap.low) or gap.high > gap.low


@pytest.mark.parametrize("n", range(2, 13))
@pytest.mark.parametrize("patients", [1, 2, 99])
def test_perfect_separation_of_any_few_cases_stays_uncertain(n: int, patients: int) -> None:
    try:
        tree = as_json(evaluated(perfect(n, patients)))
    except MammoError:
        return
    for place, found in intervals(tree):
        if place.endswith("/metrics/auc") and patients > 1:
            assert found["low"] is not None and found["low"] < 0.8, "Wilson's end for few patients"
