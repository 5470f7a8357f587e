"""The risk-coverage curve on the comparison page: the released figures, and the page itself."""

import json
from pathlib import Path

import pytest

from mammo.artifacts import load_card, load_cases, read_attachment
from mammo.inference.trust import TRUST_NAME
from mammo.plots.curves import coverage_figure, coverage_sentences
from tests.inference.tiny_trust import attach_tiny_trust
from tests.tiny_artifacts import write_tiny_artifacts
from tests.ui.test_comparison_page import on, opened, quiet, texts

TITLES = {"simple_cnn": "Simple CNN", "mobilenetv2": "MobileNetV2"}


def measured() -> dict:
    return json.loads(read_attachment(TRUST_NAME) or b"")["uncertainty"]


@pytest.mark.parametrize("name", TITLES)
def test_the_ends_of_the_released_curve_are_counted_from_the_cases(name: str) -> None:
    """Naive: all test crops are answered, so wrong is what stands on the wrong side."""
    cases = load_cases()
    test = cases[cases["split"] == "test"]
    line = next(one for one in coverage_figure(measured(), TITLES).data if one.name == TITLES[name])
    wrong = (test[f"{name}_p"] >= load_card(name).thresholds["youden"]) != (test["label"] == 1)
    assert line.x[0] == 1.0
    assert line.y[0] == pytest.approx(wrong.mean(), abs=5e-5)
    assert min(line.y) < line.y[0], "fewer answers, fewer of them wrong"


def test_a_sentence_for_each_measured_model() -> None:
    found = measured()
    said = coverage_sentences(found, TITLES)
    assert [one.split("**")[1] for one in said] == list(TITLES.values())
    assert coverage_sentences({"mobilenetv2": found["mobilenetv2"]}, TITLES) == said[1:]


def test_the_page_draws_it_where_it_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts")
    page = opened(on(folder, monkeypatch), curve="coverage")
    assert quiet(page) and "no measured range in which they abstain" in texts(page)
    attach_tiny_trust(folder)
    page = opened(on(folder, monkeypatch), curve="coverage")
    assert quiet(page) and "**MobileNetV2** abstains from 30% to 50%" in texts(page)
