"""Which cases stand behind a figure, in which order, and the CSV that leaves the page.

Cells of a confusion matrix, groups of agreement, the worst first. Free of Streamlit; run the tests
with `pytest tests/ui/test_comparison_cases.py`.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mammo import text
from mammo.artifacts import Card
from mammo.data.spreadsheet import harmless
from mammo.imaging.region import Region
from mammo.inference import Assessment

if TYPE_CHECKING:
    from mammo.ui.kit.link import Share


OUTCOMES = {
    "found": ("Found", "malignant, flagged"),
    "missed": ("Missed", "malignant, not flagged"),
    "false_alarm": ("False alarm", "benign, flagged"),
    "spared": ("Left in peace", "benign, not flagged"),
}
"""The four cells of a confusion matrix: the link's name -> title and meaning."""


def agreement_titles(first: str, second: str) -> dict[str, str]:
    """Name the four groups of cases by which of two models is right, from their titles.

    Examples
    --------
    >>> agreement_titles("A", "B")["only_second"]
    'Only B right'
    """
    return {
        "only_second": f"Only {second} right",
        "only_first": f"Only {first} right",
        "both_wrong": "Both wrong",
        "both_right": "Both right",
    }


def outcomes(labels: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """Sort cases into the four cells of a confusion matrix.

    Parameters
    ----------
    labels : bool (u,), True for malignant
    flagged : bool (u,), True at or above the threshold

    Returns
    -------
    dict of bool (u,), keys `OUTCOMES`

    Examples
    --------
    >>> cells = outcomes(np.array([True, True, False]), np.array([True, False, False]))
    >>> {name: int(cell.sum()) for name, cell in cells.items()}
    {'found': 1, 'missed': 1, 'false_alarm': 0, 'spared': 1}
    """
    return {
        "found": labels & flagged,
        "missed": labels & ~flagged,
        "false_alarm": ~labels & flagged,
        "spared": ~labels & ~flagged,
    }


def agreement(
    labels: NDArray[np.bool_], first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> dict[str, NDArray[np.bool_]]:
    """Sort cases by which of two models is right about them.

    Parameters
    ----------
    labels, first, second : bool (u,), the truth and what each model flags

    Returns
    -------
    dict of bool (u,), keys "only_first", "only_second", "both_wrong", "both_right"

    Examples
    --------
    >>> truth, one, two = np.array([True, True]), np.array([True, False]), np.array([False, False])
    >>> {name: int(cases.sum()) for name, cases in agreement(truth, one, two).items()}
    {'only_first': 1, 'only_second': 0, 'both_wrong': 1, 'both_right': 0}
    """
    first_right, second_right = first == labels, second == labels
    return {
        "only_first": first_right & ~second_right,
        "only_second": ~first_right & second_right,
        "both_wrong": ~first_right & ~second_right,
        "both_right": first_right & second_right,
    }


def worst_first(
    chosen: NDArray[np.bool_], labels: NDArray[np.bool_], p: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Order chosen cases by how far a model's p lies from the truth, the farthest first.

    Parameters
    ----------
    chosen, labels : bool (u,)
    p : float64 (u,), 0..1

    Returns
    -------
    int (k,), rows of the chosen cases

    Examples
    --------
    >>> labels, p = np.array([True, False, True]), np.array([0.4, 0.1, 0.2])
    >>> worst_first(np.ones(3, bool), labels, p).tolist()
    [2, 0, 1]
    """
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(-np.abs(p[rows] - labels[rows]), kind="stable")]


def farthest_apart(
    chosen: NDArray[np.bool_], first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Order chosen cases, bool (u,), by how far two models' p, float64 (u,), lie apart.

    Examples
    --------
    >>> farthest_apart(np.ones(2, bool), np.array([0.1, 0.9]), np.array([0.2, 0.1])).tolist()
    [1, 0]
    """
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(-np.abs(first[rows] - second[rows]), kind="stable")]


def csv_of(table: "pd.DataFrame", thresholds: "Mapping[str, Share] | None" = None) -> bytes:
    """Write a table as CSV, UTF-8; the research notice stands in every row and cannot get lost.

    Parameters
    ----------
    table : DataFrame
    thresholds : the thresholds in force by the model's title, to be written beside, or None

    Examples
    --------
    >>> import pandas as pd
    >>> csv_of(pd.DataFrame({"Case": ["P_1"], "p": [0.25]})).decode().splitlines()[1]
    'P_1,0.2500,Teaching and research only. Not a medical device; not for decisions about a person.'
    """
    exported = table.copy()
    for title, share in (thresholds or {}).items():
        exported[f"{title} threshold"] = share.value
    exported["notice"] = text.NOTICE_SHORT
    exported = exported.map(lambda cell: harmless(cell) if isinstance(cell, str) else cell)
    written = exported.to_csv(index=False, float_format="%.4f", lineterminator="\n")
    return str(written).encode("utf-8")


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
    side = "above" if text.is_above(given.p_malignant, threshold) else "below"
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
    exported |= {"remark": row.remark, "notice": text.NOTICE_SHORT}
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
