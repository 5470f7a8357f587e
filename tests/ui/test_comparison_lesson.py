"""The leak as a lesson on the comparison page: `pytest tests/ui/test_comparison_lesson.py`."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from mammo.artifacts import LeakLesson, attach, load_leak_lesson
from mammo.artifacts.contents import LEAK, LEAK_WITHOUT_AUGMENTATION
from mammo.errors import ArtifactError
from mammo.plots.comparison import (
    auc_range,
    lesson_figure,
    lesson_table,
    overlap_sentence,
    result_sentence,
    set_up_sentence,
    size_sentence,
)
from tests.tiny_artifacts import write_tiny_artifacts
from tests.ui.test_comparison_page import on, opened, quiet, texts


def document(gap: float = 0.04) -> dict[str, Any]:
    """A lesson of three seeds, as the command writes it."""
    runs = [
        {
            "split": split,
            "seed": 7 + place,
            "n_train": 30,
            "n_test": 10,
            "n_test_lesions": 9 if split == "rows" else 5,
            "test_crops_with_patient_in_training": 8 * (split == "rows"),
            "test_crops_with_lesion_in_training": 6 * (split == "rows"),
            "test_lesions_with_other_view_in_training": (5 + place) * (split == "rows"),
            "auc": 0.7 + 0.01 * place + gap * (split == "rows"),
            "auc_low": 0.6,
            "auc_high": 0.9,
            "auc_seen": None,
            "auc_unseen": 0.7,
            "seconds": 1.0,
        }
        for place in range(3)
        for split in ("rows", "patients")
    ]
    return {
        "schema": 1,
        "lesson": "leak",
        "command": "python -m mammo.training.lessons leak --data crops",
        "title": "MobileNetV2",
        "data": {"crops": 40, "patients": 20, "lesions": 22},
        "runs": runs,
    }


def taught(folder: Path, content: dict[str, Any], name: str = LEAK) -> Path:
    if not folder.exists():
        write_tiny_artifacts(folder)
    attach(name, json.dumps(content).encode(), folder=folder)
    return folder


@pytest.fixture
def lesson(tmp_path: Path) -> LeakLesson:
    found = load_leak_lesson(LEAK, taught(tmp_path / "artifacts", document()))
    assert found is not None
    return found


def test_the_lesson_is_read_as_written(lesson: LeakLesson) -> None:
    assert [run.seed for run in lesson.of("rows")] == [7, 8, 9]
    assert lesson.mean_auc("patients") == pytest.approx(0.71)
    assert lesson.differences == pytest.approx((0.04, 0.04, 0.04))
    assert lesson.of("rows")[2].seen_lesions == 7


def broken(how: str) -> dict[str, Any]:
    content = copy.deepcopy(document())
    if how == "a run is missing":
        content["runs"].pop()
    elif how == "no runs":
        content["runs"] = []
    elif how == "an AUC of 2":
        content["runs"][1]["auc"] = 2
    elif how == "another split":
        content["runs"][1]["split"] = "films"
    return content


@pytest.mark.parametrize("how", ["a run is missing", "no runs", "an AUC of 2", "another split"])
def test_a_lesson_that_does_not_pair_is_refused(tmp_path: Path, how: str) -> None:
    folder = taught(tmp_path / "artifacts", broken(how))
    with pytest.raises(ArtifactError, match=r"leak\.json: runs"):
        load_leak_lesson(LEAK, folder)


def test_what_was_not_taught_is_none(tmp_path: Path) -> None:
    assert load_leak_lesson(LEAK, write_tiny_artifacts(tmp_path / "artifacts")) is None


def test_the_sentences_hold_the_figures(lesson: LeakLesson) -> None:
    assert result_sentence(lesson) == (
        "Split by crop: AUC 0.750 (0.740 to 0.760). Split by patient: AUC 0.710 (0.700 to 0.720). "
        "Mean difference +0.040 (over the seeds: +0.040 to +0.040)."
    )
    assert overlap_sentence(lesson) == (
        "In a split by crop, 67% of the test lesions had another view in the training data (5 to 7 "
        "lesions per split). In a split by patient, this was never the case."
    )
    assert (
        "the 40 official training crops (20 patients): 30 for training, 10 for testing"
        in set_up_sentence(lesson)
    )


@pytest.mark.parametrize(
    ("gap", "said"),
    [(0.1, "a network that overfits more gains more"), (0.0, "did not reduce the effect")],
)
def test_the_size_of_the_leak_is_said_as_measured(
    lesson: LeakLesson, tmp_path: Path, gap: float, said: str
) -> None:
    folder = taught(tmp_path / "other", document(gap), LEAK_WITHOUT_AUGMENTATION)
    plain = load_leak_lesson(LEAK_WITHOUT_AUGMENTATION, folder)
    assert said in size_sentence(lesson, plain)
    assert size_sentence(lesson, None) == ""


def test_the_figure_joins_each_seed_and_marks_the_means(lesson: LeakLesson) -> None:
    low, high = auc_range([lesson])
    figure = lesson_figure(lesson, low, high)
    assert [trace.name for trace in figure.data[:3]] == ["seed 7", "seed 8", "seed 9"]
    assert tuple(figure.data[0].y) == pytest.approx((0.74, 0.70))
    assert [trace.text[0] for trace in figure.data[3:]] == ["0.750", "0.710"]
    assert low < 0.70 and high > 0.76


def test_the_table_has_a_row_a_run(lesson: LeakLesson) -> None:
    table = lesson_table({"as released": lesson, "without": lesson})
    assert len(table) == 12 and table["AUC"].between(0, 1).all()


def test_the_page_shows_what_was_taught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = taught(tmp_path / "artifacts", document())
    page = opened(on(folder, monkeypatch))
    assert quiet(page)
    assert "Mean difference +0.040" in texts(page)
    taught(folder, document(0.1), LEAK_WITHOUT_AUGMENTATION)
    page = opened(on(folder, monkeypatch))
    assert quiet(page)
    assert "Without augmentation" in texts(page) and "without augmentation (+0.100)" in texts(page)


def test_without_a_lesson_the_section_is_absent(app: Any) -> None:
    page = opened(app)
    assert quiet(page)
    assert not [header for header in page.header if "Lesson" in header.value]


def test_a_broken_lesson_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = taught(tmp_path / "artifacts", broken("no runs"))
    page = opened(on(folder, monkeypatch))
    assert not page.exception
    assert any("leak.json" in error.value for error in page.error)
