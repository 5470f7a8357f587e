"""What `mammo.predict` leaves: a line a lesion, a row of CSV, pictures of the heat maps.

The notice travels with every figure that leaves: as a column of the CSV (any reader still takes the
file simply) and as words on each picture.
"""

import csv
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import Card
from mammo.command_line import check_folder, check_output, starts_with_mark
from mammo.data.csv_table import harmless
from mammo.errors import DataError
from mammo.inference import Assessment
from mammo.text import NOTICE_SHORT, pathology_words, percent, standing

Region = tuple[float, float, float, float]

FIRST_COLUMNS = ("file", "box", "window")
FIGURES = ("p_malignant", "p_low", "p_high", "score")
SHEET_MARK = ("Software", "mammo")
"""The text chunk of each heat map's PNG file."""
LONGEST_STEM = 200
"""Bytes of 255 that a file system gives a name; the rest is for model, number and suffix."""
HEAT_MAP_WORDS = "The heat map shows what the model used, not the extent of the lesion."


@dataclass(frozen=True)
class Source:
    """Say where one lesion is: a file, and on a film its box or window (x, y, width, height).

    `name` stands in the output. `recorded` is the proven pathology, known for examples only.
    `fault` is the sentence why the file cannot be read, where that is known before.
    """

    name: str
    path: Path
    box: Region | None = None
    window: Region | None = None
    recorded: str = ""
    fault: str = ""


@dataclass(frozen=True, eq=False)
class Result:
    """Hold what came of one source.

    `crops` and `assessments` go by the model's name; `doubts` are quality warnings; `error` is the
    sentence why there are no assessments.
    """

    source: Source
    crops: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    assessments: Mapping[str, Assessment] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    error: str = ""


def line_of(result: Result) -> str:
    """Return the line for a classified source, tab-separated.

    The name; for each model its name, probability, side and threshold; for an example the recorded
    pathology.
    """
    told = [
        f"{model} {given.p_malignant:.4f} {'above' if given.above else 'below'} "
        f"{given.threshold:.2f}{' (not sure)' if given.unsure else ''}"
        for model, given in result.assessments.items()
    ]
    recorded = result.source.recorded
    known = [f"recorded {pathology_words(recorded)}"] if recorded else []
    return "\t".join((result.source.name, *told, *known))


def side_of(given: Assessment, threshold: float) -> str:
    """Say "above" or "below" a threshold, and "not sure" where the flips stand on both sides."""
    side = "above" if given.p_malignant >= threshold else "below"
    return f"{side}, not sure" if given.straddles(threshold) else side


class ResultTable:
    """Write results as CSV, a row each as it comes, so that a stop loses none.

    Raises
    ------
    SettingsError
        The file holds something else than such results, or cannot be opened.
    """

    def __init__(self, path: Path, cards: Sequence[Card]) -> None:
        check_output(path, _is_result_table, "--csv")
        self._path, self._cards = path, cards
        of_models = [
            f"{card.name}_{name}" for card in cards for name in (*FIGURES, *card.thresholds)
        ]
        columns = [*FIRST_COLUMNS, *of_models, "recorded", "remark", "error", "notice"]
        self._file = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
        self._writer = csv.DictWriter(self._file, columns, restval="", lineterminator="\n")
        self._writer.writeheader()

    def add(self, result: Result) -> None:
        """Write one row; the figures of a source that failed stay empty.

        Nothing more is written after a row could not be.

        Raises
        ------
        DataError
            The row cannot be written.
        """
        if self._file.closed:
            return
        try:
            self._writer.writerow(self._row(result))
            self._file.flush()
        except OSError as error:
            self.close()
            raise DataError(
                f"{self._path} could not be written to its end ({error.strerror})."
            ) from error

    def close(self) -> None:
        """Close the file; each of its rows is written already."""
        with suppress(OSError):
            self._file.close()

    def _row(self, result: Result) -> dict[str, str]:
        source = result.source
        row = {
            "file": source.name,
            "box": _numbers(source.box),
            "window": _numbers(source.window),
            "recorded": source.recorded,
            "remark": " ".join(result.doubts),
            "error": result.error,
            "notice": NOTICE_SHORT,
        }
        for card in self._cards:
            if card.name in result.assessments:
                row |= _figures(card, result.assessments[card.name])
        return {name: harmless(cell) for name, cell in row.items()}


def _is_result_table(path: Path) -> bool:
    """Return whether a file is a table of `ResultTable`, also as a spreadsheet saved it again."""
    with path.open("rb") as file:
        head = file.read(200).replace(b"\0", b"").replace(b'"', b"")
    return any(sign.join(FIRST_COLUMNS).encode() in head for sign in ",;\t")


class HeatMapFolder:
    """Draw heat maps into a folder, each under a name of its own.

    Raises
    ------
    SettingsError
        The folder cannot be made.
    """

    def __init__(self, folder: Path, cards: Sequence[Card]) -> None:
        self._folder, self._cards = check_folder(folder, "--heatmap"), cards
        self._taken: set[str] = set()

    def draw(self, result: Result) -> None:
        """Draw one picture a model; nothing for a source that failed.

        Raises
        ------
        DataError
            A picture cannot be written.
        """
        if not result.assessments:
            return
        from PIL import Image
        from PIL.PngImagePlugin import PngInfo

        marked = PngInfo()
        marked.add_text(*SHEET_MARK)
        name = free_name(result.source, self._taken)
        for card in self._cards:
            path = self._folder / f"{name}_{card.name}.png"
            check_output(path, _is_sheet, "A heat map")
            try:
                Image.fromarray(_sheet(result, card)).save(path, pnginfo=marked)
            except OSError as error:
                raise DataError(f"{path} could not be written ({error.strerror}).") from error


def _is_sheet(path: Path) -> bool:
    return starts_with_mark(path, "\0".join(SHEET_MARK).encode())


def free_name(source: Source, taken: set[str]) -> str:
    """Give files of one name from different folders a number; another run writes over all."""
    whole = os.fsencode(source.name if source.recorded else source.path.stem)
    stem = whole[:LONGEST_STEM].decode(errors="ignore")
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    taken.add(name)
    return name


def _sheet(result: Result, card: Card) -> NDArray[np.uint8]:
    from mammo.inference.pictures import heat_map_sheet

    crop, given = result.crops[card.name], result.assessments[card.name]
    answer = (
        f"{card.title}: estimated probability of malignancy {percent(given.p_malignant)} "
        f"(calibrated on {card.calibration.fitted_on}). "
        f"{standing(given.p_malignant, given.threshold)}{', not sure' * given.unsure}."
    )
    words = (result.source.name, answer, HEAT_MAP_WORDS, NOTICE_SHORT)
    return heat_map_sheet(crop, given.heat_map(len(crop)), words)


def _figures(card: Card, given: Assessment) -> dict[str, str]:
    figures = {f"{card.name}_{name}": f"{getattr(given, name):.6f}" for name in FIGURES}
    sides = {f"{card.name}_{name}": side_of(given, t) for name, t in card.thresholds.items()}
    return figures | sides


def _numbers(region: Region | None) -> str:
    return ",".join(f"{number:g}" for number in region or ())
