"""What `mammo.predict` leaves: a line a lesion, a row of CSV, pictures of the heat maps.

The notice travels with every figure that leaves: as a column of the CSV (any reader still takes the
file simply) and as words on each picture.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import Card
from mammo.data.spreadsheet import harmless
from mammo.errors import DataError, SettingsError
from mammo.inference import Assessment
from mammo.ui.words import NOTICE_SHORT, pathology_words, percent, standing

Region = tuple[float, float, float, float]

FIGURES = ("p_malignant", "p_low", "p_high", "score")
HEAT_MAP_WORDS = "The heat map shows what the model used, not the extent of the lesion."


@dataclass(frozen=True)
class Source:
    """Say where one lesion is: a file, and on a film its box or window (x, y, width, height).

    `name` stands in the output. `recorded` is the proven pathology, known for examples only.
    """

    name: str
    path: Path
    box: Region | None = None
    window: Region | None = None
    recorded: str = ""


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
    """Write results as CSV, a row each as it comes, so that a stop loses none."""

    def __init__(self, file: IO[str], cards: Sequence[Card]) -> None:
        self._cards = cards
        of_models = [
            f"{card.name}_{name}" for card in cards for name in (*FIGURES, *card.thresholds)
        ]
        columns = ["file", "box", "window", *of_models, "recorded", "remark", "error", "notice"]
        self._file = file
        self._writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        self._writer.writeheader()

    def add(self, result: Result) -> None:
        """Write one row; the figures of a source that failed stay empty."""
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
        self._writer.writerow({name: harmless(cell) for name, cell in row.items()})
        self._file.flush()


@contextmanager
def result_table(path: Path, cards: Sequence[Card]) -> Iterator[ResultTable]:
    """Open a CSV file for results.

    Raises
    ------
    SettingsError
        The file cannot be opened.
    DataError
        It cannot be written to its end.
    """
    try:
        file = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SettingsError(
            f"--csv needs a file in a folder that exists. Received: {path} ({error.strerror})."
        ) from error
    try:
        with file:
            yield ResultTable(file, cards)
    except OSError as error:
        raise DataError(f"{path} could not be written to its end ({error.strerror}).") from error


class HeatMapFolder:
    """Draw heat maps into a folder, each under a name of its own.

    Raises
    ------
    SettingsError
        The folder cannot be made.
    """

    def __init__(self, folder: Path, cards: Sequence[Card]) -> None:
        self._folder, self._cards = made_folder("--heatmap", folder), cards
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

        name = free_name(result.source, self._taken)
        for card in self._cards:
            path = self._folder / f"{name}_{card.name}.png"
            try:
                Image.fromarray(_sheet(result, card)).save(path)
            except OSError as error:
                raise DataError(f"{path} could not be written ({error.strerror}).") from error


def made_folder(option: str, folder: Path) -> Path:
    """Make the folder that an option names, and return it.

    Raises
    ------
    SettingsError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{option} needs a folder. Received: {folder} ({error.strerror})."
        ) from error
    return folder


def free_name(source: Source, taken: set[str]) -> str:
    """Give files of one name from different folders a number; another run writes over all."""
    stem = source.name if source.recorded else source.path.stem
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    taken.add(name)
    return name


def _sheet(result: Result, card: Card) -> NDArray[np.uint8]:
    from mammo.explain import heat_map_sheet

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
