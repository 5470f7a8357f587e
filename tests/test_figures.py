"""Figures for papers: `python -m mammo.evaluate --figures DIR`."""

import importlib.util
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammo.evaluate import evaluate_artifacts, main, write_figures
from mammo.evaluation import EvaluatedModel, evaluate
from mammo.plots.paper import COLUMN_INCHES, paper_figures

NAMES = ("roc", "precision-recall", "reliability", "decision-curve", "confusion-matrices",
         "subgroups")  # fmt: skip


@pytest.fixture(scope="module")
def evaluation():
    """The release on the official test split and out of fold."""
    return evaluate_artifacts(resamples=200)


@pytest.fixture(scope="module")
def folder(evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("figures")
    write_figures(evaluation, out)
    return out


def texts(figure) -> str:
    """Return every text of a Matplotlib figure."""
    return " | ".join(
        text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text"))
    )


def test_every_figure_of_every_split_is_written_in_both_forms(folder: Path) -> None:
    expected = {
        f"{split}-{name}.{form}"
        for split in ("test", "out_of_fold") for name in NAMES for form in ("png", "svg")
    }  # fmt: skip
    assert {path.name for path in folder.iterdir()} == expected
    for path in folder.glob("*.png"):
        with Image.open(path) as picture:
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
            assert picture.width == pytest.approx(
                300 * COLUMN_INCHES * (1.5 if "subgroups" in path.name else 1), abs=1
            )
    for path in folder.glob("*.svg"):
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - our own
        assert root.tag.endswith("svg")


def test_the_same_figures_are_the_same_bytes(evaluation, folder: Path, tmp_path: Path) -> None:
    write_figures(evaluation, tmp_path)
    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_they_say_what_the_tables_say(evaluation) -> None:
    split = evaluation.splits["test"]
    figures = dict(paper_figures(split))
    assert tuple(figures) == NAMES
    for name, figure in figures.items():
        words = texts(figure)
        assert "Official test split: 378 crops, 147 malignant" in words
        assert {"Simple CNN", "MobileNetV2"} <= {
            model.title for model in split.models.values() if model.title in words
        }, name
    for model in split.models.values():
        line = next(
            part
            for part in figures["roc"].axes[0].lines
            if part.get_label().startswith(model.title)
        )
        curve = model.scores.roc
        assert np.array_equal(line.get_xdata(), curve.false_positive_rate)
        assert np.array_equal(line.get_ydata(), curve.sensitivity)
        assert f"AUC {model.metrics['auc'].value:.2f} (" in line.get_label()
        table = model.points["youden"].confusion
        assert f"{table.false_negative:,}\n" in texts(figures["confusion-matrices"])


def test_the_readers_look_different_without_colour(evaluation) -> None:
    lines = dict(paper_figures(evaluation.splits["test"]))["roc"].axes[0].lines
    named = [line for line in lines if ":" in line.get_label() and len(line.get_xdata())]
    assert len({line.get_linestyle() for line in named}) == len(named) == 3


def test_cases_of_one_class_have_no_curves() -> None:
    columns = {
        "label": [1] * 6,
        "patient_id": list(range(6)),
        "cnn_p": [0.1, 0.4, 0.5, 0.6, 0.7, 0.9],
    }
    found = evaluate(columns, [EvaluatedModel("cnn", "CNN", {"youden": 0.4})], resamples=100)
    (split,) = found.splits.values()
    assert [name for name, _ in paper_figures(split)] == ["confusion-matrices"]


def test_what_it_cannot_write_it_explains(tmp_path, capsys, monkeypatch) -> None:
    (tmp_path / "test-roc.svg").write_text("mine")
    arguments = ["--resamples", "100", "--figures"]
    assert main([*arguments, str(tmp_path)]) == 1
    assert "test-roc.svg, which has other content" in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
    assert main([*arguments, str(tmp_path / "test-roc.svg")]) == 1
    assert "expects a folder" in capsys.readouterr().err
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main([*arguments, str(tmp_path / "new")]) == 1
    assert "pip install -r requirements-own-data.txt" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
