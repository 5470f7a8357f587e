"""Many files as one table: a row a file, both probabilities, and the CSV that leaves the app.

Free of Streamlit. Run the tests with `pytest tests/ui/test_table.py`.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import pandas as pd

from mammo.artifacts import Card
from mammo.data.spreadsheet import harmless
from mammo.inference import Assessment
from mammo.ui import words
from mammo.ui.region import Region

FAMILIAR = "Looks like a mammogram crop"
STANDING = "Above or below the threshold"
ROW_HEIGHT = 64
_HEADER_HEIGHT = 38
_MOST_ROWS_ON_SHOW = 8


@dataclass(frozen=True)
class Row:
    """Hold what is known of one file.

    Attributes
    ----------
    file : str, the visitor's name for it
    remark : str, a sentence where something stands in the way or in doubt, else empty
    thumbnail : str or None, a `data:` address
    window : Region or None, what was cut from a film, in film pixels; None for a ready crop
    assessments : model name -> Assessment, empty where the file could not be assessed
    questioned : bool or None, whether it looks like no mammogram crop; None where nobody can tell
    """

    file: str
    remark: str
    thumbnail: str | None = None
    window: Region | None = None
    assessments: Mapping[str, Assessment] = field(default_factory=dict)
    questioned: bool | None = None


def table_of(rows: Sequence[Row], cards: Sequence[Card], threshold: str) -> pd.DataFrame:
    """Lay rows out for the screen: probabilities in per cent, and a sentence a file.

    Parameters
    ----------
    threshold : str
        The operating point of the cards ("youden") that the sentence is about.
    """
    shown = pd.DataFrame([_shown(row, cards, threshold) for row in rows])
    if all(row.questioned is None for row in rows):
        return shown.drop(columns=FAMILIAR)
    return shown


def _shown(row: Row, cards: Sequence[Card], threshold: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"Picture": row.thumbnail or "", "File": row.file}
    for card in cards:
        given = row.assessments.get(card.name)
        shown[card.title] = None if given is None else 100 * given.p_malignant
    shown[FAMILIAR] = familiar(row.questioned)
    shown[STANDING] = status_sentence(row, cards, threshold)
    return shown


def familiar(questioned: bool | None) -> str:
    """Answer whether a file looks like a mammogram crop; empty where nobody can tell.

    Examples
    --------
    >>> familiar(True), familiar(False), familiar(None)
    ('no', 'yes', '')
    """
    return "" if questioned is None else "no" if questioned else "yes"


def status_sentence(row: Row, cards: Sequence[Card], threshold: str) -> str:
    """Say where each model stands on a file, and what stands in the way."""
    sides = [
        f"{card.title} {_side(row.assessments[card.name], card.thresholds[threshold])}"
        for card in cards
        if card.name in row.assessments
    ]
    return " ".join(part for part in ("; ".join(sides) + "." if sides else "", row.remark) if part)


def _side(given: Assessment, threshold: float) -> str:
    side = "above" if words.is_above(given.p_malignant, threshold) else "below"
    return f"{side}, not sure" if given.straddles(threshold) else side


def csv_bytes(rows: Sequence[Row], cards: Sequence[Card]) -> bytes:
    """Write rows as CSV, UTF-8; the research notice stands in every row and cannot get lost.

    One column a figure: the calibrated probability, its spread over the flips, and where it stands
    to each named threshold of the model.
    """
    exported = [_exported(row, cards) for row in rows]
    text = StringIO()
    writer = csv.DictWriter(text, list(exported[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(exported)
    return text.getvalue().encode("utf-8")


def _exported(row: Row, cards: Sequence[Card]) -> dict[str, str]:
    window = "" if row.window is None else ",".join(str(number) for number in row.window)
    exported = {"file": row.file, "window": window}
    for card in cards:
        exported |= _figures(card, row.assessments.get(card.name))
    exported["looks_like_crop"] = familiar(row.questioned)
    exported |= {"remark": row.remark, "notice": words.NOTICE_SHORT}
    return {name: harmless(cell) for name, cell in exported.items()}


def _figures(card: Card, given: Assessment | None) -> dict[str, str]:
    """Write one model's figures to four decimals; empty where the file could not be assessed."""
    figures = ("p_malignant", "p_low", "p_high", "score")
    if given is None:
        return {f"{card.name}_{name}": "" for name in (*figures, *card.thresholds)}
    values = {name: f"{getattr(given, name):.4f}" for name in figures}
    sides = {name: _side(given, threshold) for name, threshold in card.thresholds.items()}
    return {f"{card.name}_{name}": text for name, text in (values | sides).items()}


def film_remark(shape: tuple[int, int]) -> str:
    """Say why a picture among many is not assessed: its lesion is not marked.

    Examples
    --------
    >>> film_remark((4672, 2632))
    'Not a ready crop (2632 x 4672 pixels): open it below and mark the lesion.'
    """
    height, width = shape
    return f"Not a ready crop ({width} x {height} pixels): open it below and mark the lesion."


def table_height(rows: int) -> int:
    """Give the table room for its rows, up to eight, in screen pixels."""
    return _HEADER_HEIGHT + ROW_HEIGHT * min(rows, _MOST_ROWS_ON_SHOW)
