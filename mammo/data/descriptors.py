"""The words of the radiologist's record: explained, and as filters of cases.

CBIS-DDSM joins several descriptors of one lesion by a hyphen
(`IRREGULAR-ARCHITECTURAL_DISTORTION`). `descriptors.toml` explains each word.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from mammo.text import density_letter, parts, pathology_words, percentage, plain

if TYPE_CHECKING:
    import pandas as pd


MISSING = "not recorded"

_TABLES = tomllib.loads(
    resources.files("mammo.data").joinpath("descriptors.toml").read_text("utf-8")
)
LEXICON: Mapping[str, Mapping[str, tuple[str, str]]] = {
    column: {part: (words[0], words[1]) for part, words in table.items()}
    for column, table in _TABLES.pop("lexicon").items()
}
"""The word of BI-RADS 5th edition and of v2025 for a descriptor, by column; "" where unknown."""
MEANINGS: Mapping[str, Mapping[str, str]] = _TABLES
"""What each word of a column of the case table means."""
SHAPES, MARGINS = MEANINGS["mass_shape"], MEANINGS["mass_margins"]
DENSITIES, SUBTLETIES = MEANINGS["breast_density"], MEANINGS["subtlety"]
ASSESSMENTS = MEANINGS["assessment"]


def meaning(column: str, part: str) -> str:
    """Return what one part of a descriptor means; "" where the lexicon has no such word.

    >>> meaning("mass_margins", "SPICULATED"), meaning("mass_margins", "ILL_DEFINED")
    ('with lines radiating from the mass', 'not clearly demarcated from the surrounding tissue; \
BI-RADS 5th edition and v2025: indistinct')
    """
    explained = MEANINGS[column].get(part, "")
    newer = edition_words(column, part)
    return f"{explained}; {newer}" if newer else explained


def edition_words(column: str, part: str) -> str:
    """Return the words of later BI-RADS editions for a descriptor; "" where they are the same.

    >>> edition_words("mass_shape", "LOBULATED"), edition_words("mass_shape", "ROUND")
    ('BI-RADS 5th edition: oval, v2025: lobulated', '')
    """
    fifth, v2025 = LEXICON.get(column, {}).get(part, ("", ""))
    if {fifth, v2025} <= {"", plain(part)}:
        return ""
    if fifth == v2025:
        return f"BI-RADS 5th edition and v2025: {fifth}"
    return f"BI-RADS 5th edition: {fifth}" + f", v2025: {v2025}" * bool(v2025)


def malignant_shares(cases: "pd.DataFrame", column: str) -> "dict[str, tuple[str, str]]":
    """Return how many training and test crops with each descriptor of a column are malignant.

    Returns
    -------
    dict of descriptor -> ("83% of 404", "75% of 122"), "none" where there is no crop; a crop with
    several descriptors counts for each
    """
    long = cases.assign(part=cases[column].map(parts)).explode("part").dropna(subset=["part"])
    found = {str(part): rows for part, rows in long.groupby("part")}
    return {part: _shares(found.get(part, long[:0])) for part in {**MEANINGS[column], **found}}


def _shares(rows: "pd.DataFrame") -> tuple[str, str]:
    train, test = (rows.loc[rows["split"] == split, "label"] for split in ("train", "test"))
    return _share(train), _share(test)


def _share(labels: "pd.Series") -> str:
    return f"{percentage(labels.mean(), 0)} of {len(labels):,}" if len(labels) else "none"


NOT_RECORDED = "none"
"""The option of a filter for what has no value."""


@dataclass(frozen=True)
class Filter:
    """One filter: its name in the link, its title, and the column that it looks at."""

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


def options(cases: "pd.DataFrame", one: Filter) -> list[str]:
    """Return the values of a filter that occur, joined descriptors taken apart; "none" last."""
    found = {part for value in cases[one.column].unique() for part in options_of(one, value)}
    return sorted(found - {NOT_RECORDED}) + [NOT_RECORDED] * (NOT_RECORDED in found)


def title_of(one: Filter, option: str) -> str:
    """Return what to call an option of a filter.

    >>> title_of(FILTERS[2], "LYMPH_NODE"), title_of(FILTERS[4], "3"), title_of(FILTERS[0], "train")
    ('lymph node', 'c', 'training')
    """
    if option == NOT_RECORDED:
        return MISSING
    special: Mapping[str, Callable[[str], str]] = {
        "split": lambda value: "training" if value == "train" else value,
        "pathology": pathology_words,
        "breast_density": lambda value: meaning("breast_density", value).partition(":")[0],
        "laterality": str.lower,
        "view": str,
    }
    return special.get(one.column, plain)(option)


def from_link(text: str | None, allowed: Sequence[str]) -> list[str]:
    """Read the chosen options of a filter; what is not among them is passed over.

    >>> from_link("OVAL,x,ROUND,OVAL", ["IRREGULAR", "OVAL", "ROUND"]), from_link(None, ["OVAL"])
    (['OVAL', 'ROUND'], [])
    """
    return [part for part in dict.fromkeys((text or "").split(",")) if part in allowed]


def page_from_link(text: str | None, pages: int) -> int:
    """Read a page of the gallery; what is none of 1 to `pages` becomes the nearest, or the first.

    >>> [page_from_link(text, 9) for text in ("4", "0", "12", "x", "-1", None, "9" * 5000)]
    [4, 1, 9, 1, 1, 1, 9]
    """
    digits = text if text and text.isascii() and text.isdecimal() else "1"
    number = int(digits) if len(digits) < 10 else pages
    return min(max(number, 1), max(pages, 1))


def passing(cases: "pd.DataFrame", chosen: Mapping[str, Sequence[str]]) -> "pd.DataFrame":
    """Return the rows of the case table that pass every filter, given its options by its name.

    Within a filter any chosen option will do; none chosen lets everything pass.
    """
    keep = np.ones(len(cases), dtype=bool)
    for one in FILTERS:
        if wanted := set(chosen.get(one.name, ())):
            passes = [bool(wanted & options_of(one, value)) for value in cases[one.column]]
            keep &= np.array(passes, dtype=bool)
    return cases[keep]


def options_of(one: Filter, value: object) -> set[str]:
    """Return the options of a filter that a value counts under: joined descriptors under each.

    >>> sorted(options_of(FILTERS[2], "IRREGULAR-ARCHITECTURAL_DISTORTION"))
    ['ARCHITECTURAL_DISTORTION', 'IRREGULAR']
    >>> options_of(FILTERS[6], 0), options_of(FILTERS[5], 0)
    ({'none'}, {'0'})
    """
    joined = parts(value) if one.column.startswith("mass_") else parts(value)[:1]
    if one.column in ("breast_density", "subtlety") and joined == ("0",):
        joined = ()
    return set(joined) or {NOT_RECORDED}


def recorded_sentence(case: Mapping[Any, Any]) -> str:
    """Return what the data set records of a lesion, a row of the case table or an example's fields.

    >>> recorded_sentence({"pathology": "BENIGN", "assessment": 3, "mass_shape": "OVAL",
    ...                    "mass_margins": None, "breast_density": 2, "subtlety": 0})
    "Recorded as **benign**. The radiologist's assessment was BI-RADS 3; shape oval, margins \
not recorded, breast density b, subtlety not recorded."
    """
    shape, margins, density, assessment, subtlety = (
        parts(case[name])
        for name in ("mass_shape", "mass_margins", "breast_density", "assessment", "subtlety")
    )
    obvious = f"{subtlety[0]} of 5" if subtlety and subtlety[0] != "0" else MISSING
    return (
        f"Recorded as **{pathology_words(str(case['pathology']))}**. The radiologist's assessment "
        f"was BI-RADS {assessment[0] if assessment else MISSING}; shape "
        f"{', '.join(map(plain, shape)) or MISSING}, margins "
        f"{', '.join(map(plain, margins)) or MISSING}, breast density "
        f"{density_letter(int(density[0]) if density else None)}, subtlety {obvious}."
    )
