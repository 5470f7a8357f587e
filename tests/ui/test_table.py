"""Many files as one table: `pytest tests/ui/test_table.py`."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mammo import text as words
from mammo.artifacts import Card, load_card
from mammo.inference import Assessment
from mammo.ui.kit import table
from mammo.ui.kit.table import Row


@pytest.fixture
def cards(tiny_artifacts: Path) -> list[Card]:
    return [load_card(name, tiny_artifacts) for name in ("simple_cnn", "mobilenetv2")]


def says(p: float, low: float, high: float) -> Assessment:
    cam, embedding = np.zeros((7, 7), np.float32), np.zeros(5, np.float32)
    return Assessment(p, low, high, (p, low, high), p, 0.45, False, cam, embedding)


GOOD = Row(
    "a.png",
    "",
    window=(1, 2, 300, 300),
    assessments={"simple_cnn": says(0.3, 0.2, 0.5), "mobilenetv2": says(0.8, 0.7, 0.9)},
)
BROKEN = Row("=b.png", "The file is empty.")


def test_a_row_says_where_each_model_stands(cards: list[Card]) -> None:
    sentence = table.status_sentence(GOOD, cards, "youden")
    assert sentence == "Simple CNN below, not sure; MobileNetV2 above."
    assert table.status_sentence(GOOD, cards, "sensitivity_90").startswith("Simple CNN above")


def test_a_broken_file_keeps_its_sentence_beside_good_ones(cards: list[Card]) -> None:
    shown = table.table_of([GOOD, BROKEN], cards, "youden")
    assert shown["File"].tolist() == ["a.png", "=b.png"]
    assert shown["MobileNetV2"].iloc[0] == pytest.approx(80)
    assert shown["MobileNetV2"].isna().tolist() == [False, True]
    assert shown[table.STANDING].iloc[1] == "The file is empty."


def test_the_csv_carries_the_notice_in_every_row_and_reads_back(cards: list[Card]) -> None:
    content = table.csv_bytes([GOOD, BROKEN], cards)
    read = pd.read_csv(io.BytesIO(content))
    assert read["notice"].tolist() == [words.NOTICE_SHORT] * 2
    assert read["simple_cnn_p_malignant"].iloc[0] == 0.3
    assert read["window"].iloc[0] == "1,2,300,300"
    assert read["mobilenetv2_specificity_90"].iloc[0] == "above"
    assert read["remark"].iloc[1] == "The file is empty."


def test_no_file_name_becomes_a_formula(cards: list[Card]) -> None:
    rows = list(csv.DictReader(io.StringIO(table.csv_bytes([BROKEN], cards).decode())))
    assert rows[0]["file"] == "'=b.png"


def test_a_long_table_scrolls_instead_of_growing() -> None:
    assert table.table_height(2) < table.table_height(8) == table.table_height(500)
