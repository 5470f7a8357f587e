"""The buttons under a result that make its case report, as PDF and as HTML, once clicked.

One call for every page that shows an answer:

    report_buttons(lesion, answers, signals, key="report")
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from mammo.report import FORMS, Form, render
from mammo.report.case_report import ReportSubject, TrustFacts, compose_report
from mammo.report.content import MEDIA_TYPES
from mammo.ui.kit import cache
from mammo.ui.kit.source import Lesion
from mammo.ui.kit.widgets import offer_file

if TYPE_CHECKING:
    from mammo.ui.kit.result import Answer
    from mammo.ui.kit.trust import Signals


LABELS: dict[Form, str] = {"pdf": "Case report (PDF)", "html": "Case report (HTML)"}
ICONS: dict[Form, str] = {"pdf": ":material/picture_as_pdf:", "html": ":material/html:"}


def report_buttons(
    lesion: Lesion,
    answers: Sequence["Answer"],
    signals: "Signals | None" = None,
    *,
    key: str = "report",
    recorded: str = "",
    doubts: Sequence[str] = (),
    case: str = "",
) -> None:
    """Offer the report of one lesion for download; it is made when a button is pressed.

    Parameters
    ----------
    lesion : Lesion, a film with its window, or a ready crop
    answers : one a model, as `mammo.ui.kit.result.ask` gives them
    signals : Signals or None, as `mammo.ui.kit.trust.ask_trust` gives them
    key : str, another for each place on a page
    recorded : str, the truth in words; leave it empty until the reader has asked for it
    doubts : what is doubtful about the picture, as `mammo.ui.kit.result.doubts` gives it
    case : str, the id of a public case; an example's own is known. Never a file's name
    """
    example = lesion.picture.example
    case = case or ("" if example is None else example.case_id)
    made = partial(_made, lesion, case, recorded, doubts, tuple(answers), signals)
    for form in FORMS:
        offer_file(
            LABELS[form],
            partial(made, form),
            f"mammo-case-report.{form}",
            MEDIA_TYPES[form],
            key=f"{key}_{form}",
            icon=ICONS[form],
        )


def _made(
    lesion: Lesion,
    case: str,
    recorded: str,
    doubts: Sequence[str],
    answers: Sequence["Answer"],
    signals: "Signals | None",
    form: Form,
) -> bytes:
    """Make the report; until then nothing holds an example's film, which all visitors share."""
    trust = None
    if signals is not None:
        trust = TrustFacts(signals.trust, signals.familiarity, signals.neighbours)
    report = compose_report(
        ReportSubject(lesion.picture.image, lesion.window, case, recorded, doubts),
        [answer.card for answer in answers],
        {answer.card.name: answer.crop for answer in answers},
        {answer.card.name: answer.assessment for answer in answers},
        cache.manifest(),
        datetime.now(UTC).date().isoformat(),
        cache.measured(),
        trust,
    )
    return render(report, form)
