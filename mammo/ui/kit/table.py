"""Which cases stand behind a figure, in which order, and the CSV that leaves the page.

Cells of a confusion matrix, groups of agreement, the worst first. Free of Streamlit; run the tests
with `pytest tests/ui/test_comparison_cases.py`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mammo import text
from mammo.data.csv_table import harmless

if TYPE_CHECKING:
    import pandas as pd

    from mammo.ui.kit.address import Share


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


ROW_HEIGHT = 64
_HEADER_HEIGHT = 38
_MOST_ROWS_ON_SHOW = 8


def table_height(rows: int) -> int:
    """Give the table room for its rows, up to eight, in screen pixels."""
    return _HEADER_HEIGHT + ROW_HEIGHT * min(rows, _MOST_ROWS_ON_SHOW)
