"""Which cases the explorer shows: filters as texts of the link, and the rows that pass them.

Free of Streamlit. Run the tests with `pytest tests/ui/test_explorer.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammo import text
from mammo.data.descriptors import MISSING, meaning
from mammo.text import parts, plain

if TYPE_CHECKING:
    import pandas as pd


NOT_RECORDED = "none"
"""The option of a filter for what has no value."""


@dataclass(frozen=True)
class Filter:
    """Hold one filter: its name in the link, its title, and the column that it looks at."""

    name: str
    title: str
    column: str


FILTERS = (
    Filter("split", "Split", "split"),
    Filter("label", "Pathology", "pathology"),
    Filter("shape", "Shape", "mass_shape"),
    Filter("margin", "Margin", "mass_margins"),
    Filter("density", "Density", "breast_density"),
    Filter("birads", "BI-RADS", "assessment"),
    Filter("subtlety", "Subtlety", "subtlety"),
    Filter("view", "View", "view"),
    Filter("side", "Side", "laterality"),
)
_SPLITS = {"train": "training", "test": "test"}


def options(cases: "pd.DataFrame", one: Filter) -> list[str]:
    """Return the values of a filter that occur, joined descriptors taken apart; "none" last."""
    found = {part for value in cases[one.column].unique() for part in options_of(one, value)}
    return sorted(found - {NOT_RECORDED}) + [NOT_RECORDED] * (NOT_RECORDED in found)


def title_of(one: Filter, option: str) -> str:
    """Return what to call an option of a filter.

    Examples
    --------
    >>> title_of(FILTERS[2], "LYMPH_NODE"), title_of(FILTERS[4], "3"), title_of(FILTERS[0], "train")
    ('lymph node', 'c', 'training')
    """
    if option == NOT_RECORDED:
        return MISSING
    special: Mapping[str, Callable[[str], str]] = {
        "split": lambda value: _SPLITS.get(value, value),
        "pathology": text.pathology_words,
        "breast_density": lambda value: meaning("breast_density", value).partition(":")[0],
        "laterality": str.lower,
        "view": str,
    }
    return special.get(one.column, plain)(option)


def from_link(text: str | None, allowed: Sequence[str]) -> list[str]:
    """Read the chosen options of a filter; what is not among them is passed over.

    Examples
    --------
    >>> from_link("OVAL,x,ROUND,OVAL", ["IRREGULAR", "OVAL", "ROUND"]), from_link(None, ["OVAL"])
    (['OVAL', 'ROUND'], [])
    """
    return [part for part in dict.fromkeys((text or "").split(",")) if part in allowed]


def page_from_link(text: str | None, pages: int) -> int:
    """Read a page of the gallery; what is none of 1 to `pages` becomes the nearest, or the first.

    Examples
    --------
    >>> [page_from_link(text, 9) for text in ("4", "0", "12", "x", "-1", None, "9" * 5000)]
    [4, 1, 9, 1, 1, 1, 9]
    """
    digits = text if text and text.isascii() and text.isdecimal() else "1"
    number = int(digits) if len(digits) < 10 else pages
    return min(max(number, 1), max(pages, 1))


def passing(cases: "pd.DataFrame", chosen: Mapping[str, Sequence[str]]) -> "pd.DataFrame":
    """Return the rows that pass every filter; within a filter any chosen option will do.

    Parameters
    ----------
    cases : DataFrame of `mammo.artifacts.load_cases`
    chosen : filter name -> options; an empty list lets everything pass
    """
    import pandas as pd

    keep = pd.Series(data=True, index=cases.index)
    for one in FILTERS:
        wanted = set(chosen.get(one.name, ()))
        if wanted:
            keep &= cases[one.column].map(
                lambda value, f=one, w=wanted: bool(w & options_of(f, value))
            )
    return cases[keep]


def options_of(one: Filter, value: object) -> set[str]:
    """Return the options of a filter that a value counts under: joined descriptors under each.

    Examples
    --------
    >>> sorted(options_of(FILTERS[2], "IRREGULAR-ARCHITECTURAL_DISTORTION"))
    ['ARCHITECTURAL_DISTORTION', 'IRREGULAR']
    >>> options_of(FILTERS[6], 0), options_of(FILTERS[5], 0)
    ({'none'}, {'0'})
    """
    joined = parts(value) if one.column.startswith("mass_") else parts(value)[:1]
    if one.column in ("breast_density", "subtlety") and joined == ("0",):
        joined = ()
    return set(joined) or {NOT_RECORDED}
