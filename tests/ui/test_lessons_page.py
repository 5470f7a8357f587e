"""The page Lessons: each link opens the view that it names, sheets, and the ten questions."""

import re
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from mammo.evaluate import evaluate_artifacts
from mammo.report.lessons import Lesson, Step, answer, document, figures, lessons, questions, sheet
from mammo.ui.kit.frame import PAGES
from tools.sentences import Visit, rendered, texts

STEPS = [step for lesson in lessons() for step in lesson.steps]
PAGE = next(page.path for page in PAGES if page.title == "Lessons")
QUOTED = figures(evaluate_artifacts().splits["test"])


def view_of(step: Step) -> AppTest:
    page = next(one.path for one in PAGES if one.path.endswith(f"_{step.page}.py"))
    return rendered(Visit(page, dict(parse_qsl(step.link.partition("?")[2]))))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_every_link_opens_the_view_that_it_names(step: Step) -> None:
    view = view_of(step)
    assert not view.exception and not view.error
    assert any(step.shows in text for text in texts(view.main))
    for name, value in parse_qsl(step.link.partition("?")[2]):
        assert view.query_params.get(name) == value  # what a page does not know, it takes away


def test_a_lesson_takes_45_minutes_and_quotes_the_figures() -> None:
    assert [lesson.minutes for lesson in lessons()] == [45, 45, 45]
    errors = next(step for step in STEPS if step.title == "Count the errors of one model")
    split = evaluate_artifacts().splits["test"]
    model = list(split.models.values())[-1]
    flagged = model.flagged(model.thresholds["youden"])
    missed, alarms = int((split.labels & ~flagged).sum()), int((~split.labels & flagged).sum())
    text = answer(errors, QUOTED)
    assert f"misses {missed} of" in text and f"flags {alarms} of" in text


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.key)
def test_a_lesson_shows_its_steps_and_on_demand_its_answers(lesson: Lesson) -> None:
    page = rendered(Visit(PAGE, {"part": lesson.key}))
    assert not page.exception
    heads = [f"{number}. {step.title}" for number, step in enumerate(lesson.steps, start=1)]
    assert [head.value for head in page.header] == heads
    assert not any("Expected answer" in text for text in texts(page.main))
    page.toggle(key="lesson_answers").set_value(True).run()
    shown = " ".join(texts(page.main))
    assert all(answer(step, QUOTED) in shown for step in lesson.steps)


def test_a_sheet_has_every_link_as_text_and_code_and_answers_for_the_lecturer_alone() -> None:
    for lesson in lessons():
        students = sheet(lesson, "http://192.0.2.7:8501/")
        assert students.count("data:image/svg+xml") == len(lesson.steps)
        assert "Expected" not in students
        assert sheet(lesson, "http://192.0.2.7:8501/", QUOTED).count("Expected") == len(
            lesson.steps
        )
        for step in lesson.steps:
            link = "http://192.0.2.7:8501/" + step.link.replace("&", "&amp;")
            assert link in students
            assert answer(step, QUOTED) in document(lesson, QUOTED)


def test_the_questions_are_scored_before_and_after() -> None:
    right = "".join(str(question.right) for question in questions())
    assert len(right) == 10 and len(set(right)) == 3
    page = rendered(Visit(PAGE, {"part": "questions", "when": "after", "before": "0" * 10}))
    assert re.search("once all questions are answered after the lesson", page.info[0].value)
    for radio, wanted in zip(page.radio, right, strict=True):
        radio.set_value(int(wanted))
    page.run()
    assert page.query_params["after"] == right
    score = f"{right.count('0')} of 10 correct before, 10 of 10 after"
    assert score in [head.value for head in page.header]
    assert len(page.success) == 10 and not page.warning
    again = rendered(Visit(PAGE, {"part": "questions", "before": "0" * 10, "after": right}))
    assert score in [head.value for head in again.header]


@pytest.mark.parametrize("damaged", ["3333333333", "01", "<b>", "٣" * 10])
def test_damaged_answers_count_as_none(damaged: str) -> None:
    page = rendered(Visit(PAGE, {"part": "questions", "before": damaged}))
    assert not page.exception and all(radio.value is None for radio in page.radio)
