"""The buttons under a result that make its case report, as PDF and as HTML, once clicked.

One call for every page that shows an answer:

    report_buttons(picture, result, key="report")
"""

from functools import partial

from mammo.inference import LesionResult
from mammo.report import FORMS, Form, render
from mammo.report.case_report import compose_report
from mammo.report.content import MEDIA_TYPES
from mammo.ui.kit import cache
from mammo.ui.kit.source import Picture
from mammo.ui.kit.widgets import offer_file

LABELS: dict[Form, str] = {"pdf": "Case report (PDF)", "html": "Case report (HTML)"}
ICONS: dict[Form, str] = {"pdf": ":material/picture_as_pdf:", "html": ":material/html:"}


def report_buttons(
    picture: Picture, result: LesionResult, *, key: str = "report", recorded: str = "",
    case: str = "",
) -> None:  # fmt: skip
    """Offer the report of one lesion for download; it is made when a button is pressed.

    Parameters
    ----------
    picture : Picture, the film or the ready crop
    result : LesionResult
    key : str, another for each place on a page
    recorded : str, the truth in words; leave it empty until the reader has asked for it
    case : str, the id of a public case; an example's own is known. Never a file's name
    """
    case = case or picture.case
    for form in FORMS:
        offer_file(
            LABELS[form],
            partial(_made, picture, result, case, recorded, form),
            f"mammo-case-report.{form}",
            MEDIA_TYPES[form],
            key=f"{key}_{form}",
            icon=ICONS[form],
        )


def _made(picture: Picture, result: LesionResult, case: str, recorded: str, form: Form) -> bytes:
    """Make the report; until then nothing holds an example's film, which all visitors share."""
    measured = cache.measured()
    report = compose_report(result, picture.image, measured, case=case, recorded=recorded)
    return render(report, form)
