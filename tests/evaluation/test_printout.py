"""The print-out: complete, aligned, and in the words of a student."""

import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from mammo.evaluation import EvaluatedModel, evaluate
from mammo.evaluation.evaluation import as_json
from mammo.evaluation.printout import aligned, print_out
from mammo.text import Estimate, estimate, number, percent_estimate, signed_estimate

MODELS = [
    EvaluatedModel("simple_cnn", "Simple CNN", {"youden": 0.5}, "platt, slope 1"),
    EvaluatedModel("mobilenetv2", "MobileNetV2", {"youden": 0.45}),
]


@pytest.mark.parametrize("unit", ["crop", "lesion", "patient"])
def test_every_part_is_printed(columns: dict[str, Any], unit: Any) -> None:
    text = print_out(evaluate(columns, MODELS, unit, resamples=100))
    for words in (
        "TEST SPLIT",
        "TRAINING SPLIT, OUT OF FOLD",
        "Not a medical device",
        "Calibration of simple_cnn: platt, slope 1",
        "AUC, DeLong by patient",
        "MobileNetV2 - Simple CNN",
        "MobileNetV2 - radiologists",
        "McNemar, exact",
        "sensitivity of biopsy (4 or 5)",
        "Threshold: Youden",
        "Simple CNN, weighted average",
        "4.4% malignant: PPV",
        "calibration in the large",
        "Reliability: MobileNetV2, p",
        "Net benefit",
        "Density: b (scattered)",
        "Without BENIGN_WITHOUT_CALLBACK",
        "small:",
    ):
        assert words in text, words
    assert not re.search(r"\bnan\b", text)
    assert all(line == line.rstrip() for line in text.splitlines())


def test_headline_names_both_models_and_their_difference(columns: dict[str, Any]) -> None:
    evaluation = evaluate(columns, MODELS, "lesion", resamples=200)
    headline = evaluation.splits["test"].headline
    assert headline.startswith("On the test split, MobileNetV2 gives a malignant lesion a higher ")
    assert "Simple CNN" in headline
    assert headline.count(", 95% CI 0.") == 2
    assert re.search(
        r" in AUC of .* is statistically significant \(paired test, p . 0\.0\d+\)\.$",
        headline,
    )


def test_headline_turns_the_difference_to_the_better_model(columns: dict[str, Any]) -> None:
    swapped = [replace(MODELS[1], thresholds={"youden": 0.5}), MODELS[0]]
    straight = evaluate(columns, MODELS, resamples=100).splits["test"]
    turned = evaluate(columns, swapped, resamples=100).splits["test"]
    assert turned.comparisons[0].auc_difference.value < 0
    assert turned.headline == straight.headline


def test_headline_says_when_chance_may_explain_it(columns: dict[str, Any]) -> None:
    same = {**columns, "mobilenetv2_p": columns["simple_cnn_p"]}
    split = evaluate(same, MODELS, resamples=100).splits["test"]
    assert (
        "0.00 (no interval) is not testable on these cases (paired test, p undefined)"
        in split.headline
    )
    alone = evaluate(columns, MODELS[:1], resamples=100).splits["test"]
    assert alone.headline.endswith(").")
    assert alone.headline.count("95% CI") == 1


def test_one_class_and_empty_matrices_print(columns: dict[str, Any]) -> None:
    rows = columns["label"] == 0
    benign = {name: column[rows] for name, column in columns.items()}
    text = print_out(evaluate(benign, MODELS, resamples=100))
    assert "undefined" in text
    assert not re.search(r"\bnan\b", text)


def test_columns_line_up() -> None:
    table = pd.DataFrame({"Title": ["row", "longer row"], "A": ["1.0", "10.0"], "Bee": ["2", "20"]})
    lines = aligned(table)
    assert lines == [
        "Title             A   Bee",
        "  row           1.0     2",
        "  longer row   10.0    20",
    ]


def test_odd_numbers_in_words() -> None:
    assert number(-0.0001, 2) == "0.00"
    assert number(1033.4, 0) == "1,033"
    assert estimate(Estimate(float("inf"), 2.0, float("inf")), 1) == "unbounded (2.0 to unbounded)"
    assert percent_estimate(Estimate(float("nan"), float("nan"), float("nan"))) == "undefined"
    assert signed_estimate(Estimate(0.1, float("nan"), float("nan"))) == "+0.100 (no interval)"
    assert as_json(float("inf")) is None
