"""Abstention on the comparison page: the conformal sets, counted from the cases."""

from pathlib import Path

import pytest

from mammo.artifacts import load_card, load_cases
from mammo.training.release import add_readings
from tests.tiny_artifacts import write_tiny_artifacts
from tests.ui.test_comparison_page import on, opened, quiet, texts


@pytest.mark.parametrize("name", ["simple_cnn", "mobilenetv2"])
def test_released_figures_are_counted_from_the_cases(name: str) -> None:
    """Naive: from the bounds of the card and the scores of the test crops, without pooling."""
    card, cases = load_card(name), load_cases()
    assert card.sets is not None
    test = cases[cases["split"] == "test"]
    figures = card.metrics["test"]["crop"]
    for label, word in ((1, "malignant"), (0, "benign")):
        p = test.loc[test["label"] == label, f"{name}_p"]
        inside = p >= card.sets.malignant_from if label else p <= card.sets.benign_up_to
        read = [card.sets.reading(value) for value in p]
        assert figures[f"coverage_{word}"].value == pytest.approx(inside.mean(), abs=1e-6)
        undecided = read.count("cannot tell") / len(read)
        assert figures[f"cannot_tell_{word}"].value == pytest.approx(undecided, abs=1e-6)


def test_the_page_counts_them_where_there_are_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts")
    page = opened(on(folder, monkeypatch), curve="sets")
    assert quiet(page) and "There are no conformal sets" in texts(page)
    add_readings(folder)
    page = opened(on(folder, monkeypatch), curve="sets")
    assert quiet(page) and "malignant: cannot tell" in page.table[-1].value.to_string()
