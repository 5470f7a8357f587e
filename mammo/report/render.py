"""Turn a case report into the bytes of a file: the one function that pages and commands call."""

from collections.abc import Mapping
from typing import Literal, get_args

from mammo.errors import SettingsError
from mammo.report.content import CaseReport

Form = Literal["pdf", "html"]
FORMS: tuple[Form, ...] = get_args(Form)
MEDIA_TYPES: Mapping[Form, str] = {"pdf": "application/pdf", "html": "text/html"}


def render(report: CaseReport, form: Form) -> bytes:
    """Lay a report out on one page.

    Parameters
    ----------
    report : CaseReport
    form : "pdf" (A4) or "html" (one file, UTF-8, that loads nothing)

    Returns
    -------
    bytes, the same for the same report

    Raises
    ------
    SettingsError
        There is no such form.
    """
    if form == "pdf":
        from mammo.report.pdf import pdf_bytes  # 50 ms and 10 MB that only a report needs

        return pdf_bytes(report)
    if form == "html":
        from mammo.report.html import html_text

        return html_text(report).encode("utf-8")
    raise SettingsError(f"A report's form must be one of {', '.join(FORMS)}. Received: {form!r}.")
