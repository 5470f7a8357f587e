"""Many files as one table: `pytest tests/ui/test_table.py`."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mammo import text as words
from mammo.artifacts import Card, load_card
from mammo.artifacts.schema import Sets
from mammo.imaging import Window
from mammo.inference import Assessment, LesionResult, ModelResult
from mammo.ui.kit.widgets import csv_of_results, table_height
from mammo.ui.upload.batch import STANDING, Row, table_of


@pytest.fixture
def cards(tiny_artifacts: Path) -> list[Card]:
    return [load_card(name, tiny_artifacts) for name in ("simple_cnn", "mobilenetv2")]


def says(card: Card, p: float, low: float, high: float) -> ModelResult:
    cam, embedding = np.zeros((7, 7), np.float32), np.zeros(5, np.float32)
    given = Assessment(p, (p, low, high), p, 0.45, cam, embedding)
    return ModelResult(card, np.zeros((128, 128), np.uint8), given)


@pytest.fixture
def good(cards: list[Card]) -> LesionResult:
    answers = {
        "simple_cnn": says(replace(cards[0], sets=Sets(0.2, 0.6)), 0.3, 0.2, 0.5),
        "mobilenetv2": says(cards[1], 0.8, 0.7, 0.9),
    }
    return LesionResult(answers, Window(1, 2, 300, 300), ("The crop is nearly flat.",))


BROKEN = Row("=b.png", "The file is empty.")


def test_a_row_says_where_each_model_stands(cards: list[Card], good: LesionResult) -> None:
    shown = table_of([Row("a.png", result=good)], cards, "youden")
    assert shown[STANDING].iloc[0] == (
        "Simple CNN below (cannot tell); MobileNetV2 above. The crop is nearly flat."
    )
    shown = table_of([Row("a.png", result=good)], cards, "sensitivity_90")
    assert shown[STANDING].iloc[0].startswith("Simple CNN above")


def test_a_broken_file_keeps_its_sentence_beside_good_ones(
    cards: list[Card], good: LesionResult
) -> None:
    shown = table_of([Row("a.png", result=good), BROKEN], cards, "youden")
    assert shown["File"].tolist() == ["a.png", "=b.png"]
    assert shown["MobileNetV2"].iloc[0] == pytest.approx(80)
    assert shown["MobileNetV2"].isna().tolist() == [False, True]
    assert shown[STANDING].iloc[1] == "The file is empty."


def written(cards: list[Card], good: LesionResult) -> bytes:
    results = [("a.png", good, ""), (BROKEN.file, None, BROKEN.error)]
    return csv_of_results(results, cards)


def test_the_csv_carries_the_notice_in_every_row_and_reads_back(
    cards: list[Card], good: LesionResult
) -> None:
    read = pd.read_csv(io.BytesIO(written(cards, good)))
    assert read["notice"].tolist() == [words.NOTICE_SHORT] * 2
    assert read["simple_cnn_p_malignant"].iloc[0] == 0.3
    assert read["window"].iloc[0] == "1,2,300,300"
    assert read["mobilenetv2_specificity_90"].iloc[0] == "above"
    assert read["remark"].iloc[0] == "The crop is nearly flat."
    assert read["error"].iloc[1] == "The file is empty."


def test_no_file_name_becomes_a_formula(cards: list[Card], good: LesionResult) -> None:
    rows = list(csv.DictReader(io.StringIO(written(cards, good).decode())))
    assert rows[1]["file"] == "'=b.png"


def test_a_long_table_scrolls_instead_of_growing() -> None:
    assert table_height(2) < table_height(8) == table_height(500)
