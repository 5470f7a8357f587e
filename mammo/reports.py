"""The case reports that `mammo.predict --report` leaves: a page a lesion, as PDF and as HTML."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from mammo.artifacts import Manifest
from mammo.command_line import check_folder, check_output, starts_with_mark
from mammo.errors import DataError
from mammo.imaging import Image, lesion_window
from mammo.inference import Classifier
from mammo.inference.trust import NOT_A_CROP, Trust
from mammo.report import FORMS, render
from mammo.report.case_report import Measured, Region, ReportSubject, TrustFacts, compose_report
from mammo.results import Result, Source, free_name
from mammo.text import pathology_words

_MARKS = (b'name="generator" content="mammo"', b"/Creator (mammo)")
"""In each report as HTML and as PDF."""


class ReportFolder:
    """Write reports into a folder, each under a name of its own.

    Raises
    ------
    SettingsError
        The folder cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        classifiers: Sequence[Classifier],
        made_by: Manifest,
        measured: Measured,
        trust: Trust | None,
    ) -> None:
        self._folder, self._classifiers = check_folder(folder, "--report"), classifiers
        self._made_by, self._measured, self._trust = made_by, measured, trust
        self._taken: set[str] = set()

    def write(self, result: Result, film: Image) -> None:
        """Write the report of a classified lesion, on its film or ready crop, in every form.

        Raises
        ------
        DataError
            A file cannot be written.
        """
        source = result.source
        recorded = f"Recorded as {pathology_words(source.recorded)}." if source.recorded else ""
        doubts = [one for one in result.doubts if not one.startswith(NOT_A_CROP)]
        case = source.name if source.recorded else ""
        report = compose_report(
            ReportSubject(film, _window(source, film), case, recorded, doubts),
            [model.card for model in self._classifiers],
            result.crops,
            result.assessments,
            self._made_by,
            datetime.now(UTC).date().isoformat(),
            self._measured,
            self._facts(result),
        )
        name = free_name(source, self._taken)
        for form in FORMS:
            path = self._folder / f"{name}.{form}"
            check_output(path, _is_report, "A report")
            try:
                path.write_bytes(render(report, form))
            except OSError as error:
                raise DataError(f"{path} could not be written ({error.strerror}).") from error

    def _facts(self, result: Result) -> TrustFacts | None:
        """Ask the trust signals, where their model is among those that answered."""
        for model in self._classifiers:
            if self._trust is not None and model.name == self._trust.model:
                crop = result.crops[model.name]
                place = model.embed(crop)
                familiarity = self._trust.familiarity(crop, place)
                return TrustFacts(self._trust, familiarity, self._trust.similar(place))
        return None


def _is_report(path: Path) -> bool:
    return any(starts_with_mark(path, mark, path.stat().st_size) for mark in _MARKS)


def _window(source: Source, film: Image) -> Region | None:
    """Return the window on the film in whole pixels; None where the file is a ready crop."""
    if source.box is not None:
        return lesion_window(film.shape, source.box, film.pixel_spacing_mm)
    if source.window is None:
        return None
    x, y, width, height = (round(number) for number in source.window)
    return x, y, width, height
