"""The parts of the page Lessons: a lesson's steps with its sheets, and the ten questions."""

import streamlit as st

from mammo.report.lessons import (
    PAGE,
    Lesson,
    Step,
    answer,
    correct,
    figures,
    lessons,
    questions,
    sheet,
)
from mammo.ui.kit.address import choose_option, keep_in_link, reachable
from mammo.ui.kit.cases import evaluation
from mammo.ui.kit.frame import PAGES
from mammo.ui.kit.widgets import offer_file

QUESTIONS = "questions"
_OPEN = "-"
_TIMES = {"before": "Before the lesson", "after": "After the lesson"}


def parts() -> dict[str, str]:
    """Return the parts of the page: key in the link -> title."""
    return {lesson.key: lesson.title for lesson in lessons()} | {QUESTIONS: "Ten questions"}


def show_lesson(key: str) -> None:
    """Show the steps of a lesson, their links, and its sheets."""
    lesson = next(one for one in lessons() if one.key == key)
    quoted = figures(evaluation("crop").splits["test"])
    st.markdown(f"**Aim.** {lesson.aim} {lesson.minutes} minutes.")
    with st.container(horizontal=True, vertical_alignment="center"):
        _offer_sheet(lesson, "Sheet for students", None)
        _offer_sheet(lesson, "Sheet with answers", quoted)
        answers = st.toggle("Show the expected answers", key="lesson_answers")
    for number, step in enumerate(lesson.steps, start=1):
        with st.container(border=True):
            st.header(f"{number}. {step.title}", anchor=False)
            st.markdown(f"{step.task} *{step.minutes} minutes.*")
            _show_link(step)
            if answers:
                st.markdown(f"Expected answer: {answer(step, quoted)}")


def _offer_sheet(lesson: Lesson, label: str, quoted: dict[str, object] | None) -> None:
    page = st.context.url or "http://localhost:8501/"
    name = "answers" if quoted else "students"

    def content() -> bytes:  # asks for this machine's address only when the sheet is wanted
        return sheet(lesson, reachable(page).rpartition("/")[0] + "/", quoted).encode()

    offer_file(
        label, content,
        f"mammo-lesson-{lesson.key}-{name}.html", "text/html", key=f"sheet_{name}",
    )  # fmt: skip


def _show_link(step: Step) -> None:
    to = next(one for one in PAGES if one.path.endswith(f"_{step.page}.py"))
    st.page_link(
        to.path, label=f"Open: {parts()[QUESTIONS] if step.page == PAGE else to.title}",
        icon=to.icon, query_params=step.query,
    )  # fmt: skip


def show_questions() -> None:
    """Ask the questions before or after the lesson; the link keeps the answers of both."""
    time = choose_option("When", "when", _TIMES, "before", hide_label=True)
    given = {name: _from_link(st.query_params.get(name)) for name in _TIMES}
    st.markdown(
        "Three options each, one of which is correct. Your answers are kept in this page's address "
        "alone."
    )
    chosen = ""
    for number, question in enumerate(questions(), start=1):
        known = given[time][number - 1]
        picked = st.radio(
            f"{number}. {question.text}",
            range(len(question.options)),
            index=None if known == _OPEN else int(known),
            format_func=question.options.__getitem__,
            key=f"question_{time}_{number}",
        )
        chosen += _OPEN if picked is None else str(picked)
        if time == "after" and picked is not None:
            right = picked == question.right
            shown = st.success if right else st.warning
            shown(f"{'Correct' if right else 'Not correct'}. {question.why}")
    keep_in_link(time, chosen if chosen.strip(_OPEN) else None)
    given[time] = chosen
    _show_score(given)


def _from_link(link: str | None) -> str:
    """Read the answers of a link; none where it is damaged."""
    count = len(questions())
    whole = link is not None and len(link) == count and set(link) <= set(f"012{_OPEN}")
    return link if link is not None and whole else _OPEN * count


def _show_score(given: dict[str, str]) -> None:
    """Show the score once both sets of answers are complete."""
    if any(_OPEN in answers for answers in given.values()):
        missing = [_TIMES[name].lower() for name, answers in given.items() if _OPEN in answers]
        st.info(f"The score appears once all questions are answered {' and '.join(missing)}.")
        return
    before, after = (correct(given[name]) for name in _TIMES)
    of = len(questions())
    st.header(f"{before} of {of} correct before, {after} of {of} after", anchor=False)
