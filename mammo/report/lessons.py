"""Three lessons of 45 minutes, and the ten questions asked before and after them.

The texts are in `lessons.toml`. The page Lessons shows them, `docs/lessons/` prints them, and each
has a sheet of one page with QR codes of its links.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import segno

from mammo.evaluation import SplitEvaluation
from mammo.report.templates import environment, template

PAGE = "Lessons"
_FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Step:
    """A step: minutes, what to do, the view that it opens, and the expected answer."""

    minutes: int
    title: str
    task: str
    link: str
    shows: str
    answer: str

    @property
    def page(self) -> str:
        """Return the page of the link, as its address has it."""
        return self.link.partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        """Return the names and values that the link has after its page."""
        return parse_qsl(self.link.partition("?")[2])


@dataclass(frozen=True)
class Lesson:
    """A lesson: its key, title and aim, and its steps."""

    key: str
    title: str
    aim: str
    steps: tuple[Step, ...]

    @property
    def minutes(self) -> int:
        """Return how long the lesson takes."""
        return sum(step.minutes for step in self.steps)


@dataclass(frozen=True)
class Question:
    """A question with one right option, and why it is right."""

    text: str
    options: tuple[str, ...]
    right: int
    why: str


@cache
def lessons() -> tuple[Lesson, ...]:
    """Return the lessons, their answers still templates."""
    return tuple(
        Lesson(
            one["key"],
            one["title"],
            _line(one["aim"]),
            tuple(
                Step(**{name: _line(value) for name, value in step.items()}) for step in one["step"]
            ),
        )
        for one in _texts()["lesson"]
    )


@cache
def questions() -> tuple[Question, ...]:
    """Return the ten questions."""
    return tuple(
        Question(one["text"], tuple(one["options"]), one["right"], one["why"])
        for one in _texts()["question"]
    )


def _texts() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def _line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


def figures(split: SplitEvaluation) -> dict[str, object]:
    """Return what the answers quote: of the first and the last model, errors at each threshold."""
    labels, models = split.labels, list(split.models.values())
    counts = [
        {
            name: {
                "fn": int((labels & ~flagged).sum()),
                "fp": int((~labels & flagged).sum()),
            }
            for name, threshold in model.thresholds.items()
            for flagged in [model.flagged(threshold)]
        }
        for model in models
    ]
    malignant = int(labels.sum())
    return {
        "simple": counts[0], "deep": counts[-1],
        "malignant": malignant, "benign": labels.size - malignant,
    }  # fmt: skip


def answer(step: Step, quoted: Mapping[str, object]) -> str:
    """Return the expected answer of a step with its `figures`."""
    return environment().from_string(step.answer).render(quoted)


def correct(chosen: str) -> int:
    """Count the correct answers: a digit per question, "-" where none was chosen.

    >>> correct("0121101212"), correct("0--------2"), correct("----------")
    (10, 2, 0)
    """
    return sum(
        given == str(question.right) for given, question in zip(chosen, questions(), strict=True)
    )


def sheet(lesson: Lesson, address: str, quoted: Mapping[str, object] | None = None) -> str:
    """Return a lesson's sheet as an HTML file that prints on one page.

    Parameters
    ----------
    lesson : Lesson
    address : str, of the app as students reach it, ending in "/"
    quoted : `figures`, for the lecturer's sheet with the expected answers, or None
    """
    codes = [
        segno.make(address + step.link, error="m").svg_data_uri(border=1, light="#fff")
        for step in lesson.steps
    ]
    answers = [answer(step, quoted) if quoted else "" for step in lesson.steps]
    return template("lesson.html.j2").render(
        lesson=lesson, address=address, rows=list(zip(lesson.steps, codes, answers, strict=True))
    )


def document(lesson: Lesson, quoted: Mapping[str, object]) -> str:
    """Return a lesson as Markdown, with links to an app on this computer."""
    return template("lesson.md.j2").render(
        lesson=lesson, answers=[answer(step, quoted) for step in lesson.steps]
    )
