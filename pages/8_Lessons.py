"""Lessons: three plans of 45 minutes with links and printable sheets, and ten questions.

Layout only; the texts are in `mammo.report.lessons`, the parts in `mammo.ui.lessons`.
"""

from mammo.ui.kit.address import choose_option
from mammo.ui.kit.frame import frame, sentences
from mammo.ui.lessons import QUESTIONS, parts, show_lesson, show_questions

frame("Lessons", ":material/school:")
with sentences():
    titles = parts()
    part = choose_option("Lesson", "part", titles, next(iter(titles)), hide_label=True)
    if part == QUESTIONS:
        show_questions()
    else:
        show_lesson(part)
