"""What `mammo.predict` leaves: a line per lesion, a row of CSV, heat maps, case reports.

The notice travels with every figure that leaves: as a column of the CSV (any reader still takes the
file simply) and as words on each picture.
"""

import csv
import io
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import Card
from mammo.command_line import check_folder, check_output, starts_with_mark, write_output
from mammo.data.descriptors import recorded_sentence
from mammo.data.examples import ExampleLesion
from mammo.errors import DataError
from mammo.files import reason_of
from mammo.imaging import Image
from mammo.inference.result import (
    BALANCED,
    FIRST_COLUMNS,
    LesionResult,
    ModelResult,
    csv_columns,
    csv_row,
)
from mammo.report import FORMS, render
from mammo.report.case_report import Measured, compose_report
from mammo.report.verdict import reading_words
from mammo.text import NOTICE_SHORT, pathology_words, percent, standing

Region = tuple[float, float, float, float]

SHEET_MARK = ("Software", "mammo")
"""The text chunk of each heat map's PNG file."""
_REPORT_MARKS = (b'name="generator" content="mammo"', b"/Creator (mammo)")
"""In each report as HTML and as PDF."""
LONGEST_STEM = 200
"""Bytes of 255 that a file system gives a name; the rest is for model, number and suffix."""
HEAT_MAP_WORDS = "The heat map shows what the model used, not the extent of the lesion."


@dataclass(frozen=True)
class Source:
    """One lesion to classify: a file, and its box or window (x, y, width, height) if marked.

    `file` is its name to print. `example` is the record of an installed example. `fault` is the
    sentence why the file cannot be read, where that is known before. `other` is the lesion's other
    view.
    """

    file: str
    path: Path
    box: Region | None = None
    window: Region | None = None
    example: ExampleLesion | None = None
    fault: str = ""
    other: "Source | None" = None

    @property
    def name(self) -> str:
        """What is printed: the file, or both files."""
        return " + ".join(view.file for view in self.views)

    @property
    def views(self) -> "tuple[Source, ...]":
        """The source of each view."""
        return (self,) if self.other is None else (self, self.other)

    @property
    def recorded(self) -> str:
        """The recorded pathology, known for examples only."""
        return "" if self.example is None else self.example.pathology


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result or the error of one source, and the outputs that could not be written."""

    source: Source
    result: LesionResult | None = None
    error: str = ""
    faults: tuple[str, ...] = ()


def line_of(outcome: Outcome) -> str:
    """Return the line for a classified source, tab-separated.

    The name; for each model its name, probability, side, threshold and reading; for an example the
    recorded pathology.
    """
    answers = outcome.result.models.items() if outcome.result else ()
    answered = [
        f"{model} {answer.probability:.4f} {'above' if answer.is_above() else 'below'} "
        f"{answer.card.thresholds[BALANCED]:.2f}{f' ({answer.reading})' if answer.reading else ''}"
        for model, answer in answers
    ]
    recorded = outcome.source.recorded
    known = [f"recorded {pathology_words(recorded)}"] if recorded else []
    return "\t".join((outcome.source.name, *answered, *known))


class ResultTable:
    """Write results as CSV, a row each as it comes, so that a stop loses none.

    Raises
    ------
    SettingsError
        The file holds something else than such results, or cannot be opened.
    """

    def __init__(self, path: Path, cards: Sequence[Card]) -> None:
        check_output(path, _is_result_table, "--csv")
        self._path, columns = path, csv_columns(cards)
        self._file = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
        self._writer = csv.DictWriter(self._file, columns, restval="", lineterminator="\n")
        self._writer.writeheader()

    def add(self, outcome: Outcome) -> None:
        """Write one row; the figures of a source that failed stay empty.

        Nothing more is written after a row could not be.

        Raises
        ------
        DataError
            The row cannot be written.
        """
        if self._file.closed:
            return
        source = outcome.source
        try:
            self._writer.writerow(
                csv_row(
                    source.name,
                    outcome.result,
                    boxes=[view.box for view in source.views],
                    recorded=source.recorded,
                    remarks=outcome.faults,
                    error=outcome.error,
                )
            )
            self._file.flush()
        except OSError as error:
            self.close()
            raise DataError(
                f"{self._path} is incomplete: it could not be written ({reason_of(error)}). Free "
                "some space, then run the command again."
            ) from error

    def close(self) -> None:
        """Close the file; each of its rows is written already."""
        with suppress(OSError):
            self._file.close()


def _is_result_table(path: Path) -> bool:
    """Return whether a file is a table of `ResultTable`, also as a spreadsheet saved it again."""
    with path.open("rb") as file:
        head = file.read(200).replace(b"\0", b"").replace(b'"', b"")
    return any(sign.join(FIRST_COLUMNS).encode() in head for sign in ",;\t")


class OutputFolder:
    """A folder of files, each under a name of its own; another run writes over all.

    Raises
    ------
    SettingsError
        The folder cannot be made.
    """

    def __init__(self, folder: Path, option: str) -> None:
        self._folder = check_folder(folder, option)
        self._taken: set[str] = set()

    def stem(self, source: Source) -> str:
        """Return a path without its end; files of one name from different folders get a number."""
        stems = "_".join(view.path.stem for view in source.views)
        whole = os.fsencode(source.name if source.example else stems)
        stem = whole[:LONGEST_STEM].decode(errors="ignore")
        name, number = stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        return f"{self._folder}{os.sep}{name}"  # a name may be empty


def draw_heat_maps(outcome: Outcome, folder: OutputFolder) -> None:
    """Draw one picture per view and model; nothing for a source that failed.

    Raises
    ------
    SettingsError
        A picture cannot be written, or would replace what mammo did not write.
    """
    if outcome.result is None:
        return
    from PIL import Image as PilImage
    from PIL.PngImagePlugin import PngInfo

    marked = PngInfo()
    marked.add_text(*SHEET_MARK)
    for source, result in zip(outcome.source.views, outcome.result.views.values(), strict=True):
        stem = folder.stem(replace(source, other=None))
        for model, answer in result.models.items():
            drawn = io.BytesIO()
            picture = PilImage.fromarray(_sheet(source.file, answer))
            picture.save(drawn, "PNG", pnginfo=marked)
            write_output(Path(f"{stem}_{model}.png"), drawn.getvalue(), _is_sheet, "A heat map")


def _is_sheet(path: Path) -> bool:
    return starts_with_mark(path, "\0".join(SHEET_MARK).encode())


def _sheet(name: str, answer: ModelResult) -> NDArray[np.uint8]:
    from mammo.inference.pictures import heat_map_sheet

    sentence = (
        f"{answer.card.title}: estimated probability of malignancy {percent(answer.probability)} "
        f"(calibrated on {answer.card.calibration.fitted_on}). "
        f"{standing(answer.probability, answer.card.thresholds[BALANCED])}. "
        f"{reading_words(answer)}"
    )
    words = (name, sentence, HEAT_MAP_WORDS, NOTICE_SHORT)
    return heat_map_sheet(answer.crop, answer.heat_map(), words)


def write_report(
    outcome: Outcome, read: Callable[[Path], Image], folder: OutputFolder, measured: Measured
) -> None:
    """Write the report of a classified lesion as PDF and HTML; `read` gives a film or ready crop.

    Raises
    ------
    SettingsError
        A file cannot be written, or would replace what mammo did not write.
    """
    if outcome.result is None:
        return
    source = outcome.source
    report = compose_report(
        outcome.result,
        [read(view.path) for view in source.views],
        measured,
        case=source.name if source.example else "",
        recorded=recorded_sentence(vars(source.example)) if source.example else "",
        doubts=outcome.faults,
    )
    stem = folder.stem(source)
    for form in FORMS:
        write_output(Path(f"{stem}.{form}"), render(report, form), _is_report, "A report")


def _is_report(path: Path) -> bool:
    return any(starts_with_mark(path, mark, path.stat().st_size) for mark in _REPORT_MARKS)
