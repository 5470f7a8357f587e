"""The case report: one page that says what both models made of one lesion, to print or to keep.

Used by the pages (`mammo.ui.kit.result`) and by `mammo.predict --report`, which fill in a
`CaseReport`; here it is laid out, as PDF or as one HTML file that needs nothing beside it:

    render(report, "pdf")  # bytes

A report holds no name, id or date of a patient and no name of an opened file, nor do its metadata.
"""

from mammo.report.content import FORMS, CaseReport, Form, render
