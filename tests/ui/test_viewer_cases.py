"""What the viewer looks at, and what it keeps: `pytest tests/ui/test_viewer_cases.py`."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo.artifacts import Card, load_card, load_cases
from mammo.imaging import Image
from mammo.ui.kit.address import number_from_link
from mammo.ui.kit.source import crop_picture
from mammo.ui.viewer.viewed import (
    EVERY,
    TRAINING,
    Shelf,
    box_from_link,
    box_in_link,
    case_groups,
    unknown_case,
)


@pytest.fixture(scope="module")
def cards(tiny_artifacts: Path) -> list[Card]:
    return [load_card(name, tiny_artifacts) for name in ("simple_cnn", "mobilenetv2")]


def test_the_groups_are_counted_case_by_case(tiny_artifacts: Path, cards: list[Card]) -> None:
    cases = load_cases(tiny_artifacts)
    groups = case_groups(cases, cards)
    test = [row for row in cases.to_dict("records") if row["split"] == "test"]
    missed = {row["case_id"] for row in test if row["label"] == 1 and row["mobilenetv2_p"] < 0.45}
    assert set(groups["mobilenetv2.missed"].cases) == missed
    wrong = {
        row["case_id"]
        for row in test
        if all((row[f"{card.name}_p"] >= 0.45) != (row["label"] == 1) for card in cards)
    }
    assert set(groups["both_wrong"].cases) == wrong
    assert len(groups[EVERY].cases) == len(test) == 24
    assert len(groups[TRAINING].cases) == 36
    four = ("only_first", "only_second", "both_wrong", "both_right")
    assert sum(len(groups[name].cases) for name in four) == 24


def test_the_farthest_from_the_truth_comes_first(tiny_artifacts: Path, cards: list[Card]) -> None:
    cases = load_cases(tiny_artifacts)
    missed = case_groups(cases, cards)["mobilenetv2.missed"].cases
    p = cases.set_index("case_id").loc[list(missed), "mobilenetv2_p"].tolist()
    assert len(p) > 1 and p == sorted(p)


def test_one_model_alone_has_no_groups_of_agreement(
    tiny_artifacts: Path, cards: list[Card]
) -> None:
    groups = case_groups(load_cases(tiny_artifacts), cards[:1])
    assert "both_wrong" not in groups and "simple_cnn.missed" in groups


def test_a_case_without_a_score_is_in_no_cell_but_can_be_chosen(
    tiny_artifacts: Path, cards: list[Card]
) -> None:
    cases = load_cases(tiny_artifacts).copy()
    first = cases.index[cases["split"] == "test"][0]
    cases.loc[first, "mobilenetv2_p"] = float("nan")
    groups = case_groups(cases, cards)
    case = cases.loc[first, "case_id"]
    named = [name for name, group in groups.items() if case in group.cases]
    assert named == [EVERY]


@settings(max_examples=30)
@given(st.text(alphabet="0123456789,.-enaif x", max_size=16))
def test_nonsense_in_a_link_is_no_box_and_no_number(text: str) -> None:
    box = box_from_link(text, 128)
    if box is not None:
        x, y, width, height = box
        assert 0 <= x < x + width <= 128 and 0 <= y < y + height <= 128
        assert box_from_link(box_in_link(box), 128) == box
    assert 0 <= number_from_link(text, 0, 6, 0.5, 2) <= 6


def test_a_shelf_keeps_what_was_asked_for_last_and_no_error() -> None:
    shelf, made = Shelf(2), []

    def make(name: str) -> str:
        made.append(name)
        return name

    for name in ("a", "b", "a", "c", "a", "b"):
        assert shelf.take(name, lambda name=name: make(name)) == name  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]
    with pytest.raises(ZeroDivisionError):
        shelf.take("d", lambda: 1 / 0)
    assert len(shelf) == 2 and shelf.take("d", lambda: "d") == "d"


def test_another_crop_has_another_key() -> None:
    black, grey = (Image(np.full((64, 64), level, np.uint8)) for level in (0, 1))
    own, other = crop_picture("crop.png", black, 64), crop_picture("crop.png", grey, 64)
    assert own.key != other.key and own.key == crop_picture("again.png", black, 64).key


def test_a_long_unknown_id_is_cut() -> None:
    sentence = unknown_case("x" * 500, 60, "Mass-Test_P_00173_LEFT_CC_1")
    assert "x" * 60 + "… among the 60" in sentence and len(sentence) < 250
