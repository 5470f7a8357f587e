"""The words of the radiologist's record: explained, and as filters of cases.

CBIS-DDSM joins several descriptors of one lesion by a hyphen
(`IRREGULAR-ARCHITECTURAL_DISTORTION`). The words are those of the BI-RADS lexicon and of the data
set's case files; the explanations are plain language for teaching.

American College of Radiology, "BI-RADS Atlas", 5th edition, 2013.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mammo import text
from mammo.text import density_letter, parts, pathology_words, plain

if TYPE_CHECKING:
    import pandas as pd


MISSING = "not recorded"

SHAPES: Mapping[str, str] = {
    "ROUND": "ball-shaped, as wide as it is tall",
    "OVAL": "egg-shaped; may have two or three gentle undulations",
    "LOBULATED": "with several rounded bulges",
    "IRREGULAR": "neither round nor oval; of all shapes the most often malignant",
    "ARCHITECTURAL_DISTORTION": (
        "the tissue is drawn towards a point or bent, without a mass that one could outline"
    ),
    "ASYMMETRIC_BREAST_TISSUE": "more tissue than at the same place of the other breast",
    "FOCAL_ASYMMETRIC_DENSITY": "a small dense area seen on both views, without a mass's outline",
    "LYMPH_NODE": "a small kidney-shaped node, often with a bright notch: nearly always harmless",
}
MARGINS: Mapping[str, str] = {
    "CIRCUMSCRIBED": "a sharp edge all around: mostly benign",
    "OBSCURED": "part of the edge is hidden by the tissue over it",
    "MICROLOBULATED": "small waves along the edge",
    "ILL_DEFINED": "no clear edge towards the tissue around: suspicious",
    "SPICULATED": "lines radiate from the edge like rays: the most suspicious margin",
}
CALCIFICATION_TYPES: Mapping[str, str] = {
    "AMORPHOUS": "too small or hazy to have a shape: suspicious",
    "PLEOMORPHIC": "of many shapes and sizes: suspicious",
    "FINE_LINEAR_BRANCHING": "thin lines that branch, as casts of ducts: the most suspicious type",
    "COARSE": "large and plain to see, typically benign",
    "DYSTROPHIC": "coarse, after an injury or operation: benign",
    "EGGSHELL": "a thin shell around a round body: benign",
    "LARGE_RODLIKE": "thick rods along the ducts: benign",
    "LUCENT_CENTER": "round with a clear centre: benign",
    "LUCENT_CENTERED": "round with a clear centre: benign",
    "MILK_OF_CALCIUM": "sediment in tiny cysts: benign",
    "PUNCTATE": "round dots under half a millimetre: mostly benign",
    "ROUND_AND_REGULAR": "round and alike: benign",
    "SKIN": "in the skin: benign",
    "VASCULAR": "along a vessel's wall: benign",
}
DISTRIBUTIONS: Mapping[str, str] = {
    "CLUSTERED": "several within a cubic centimetre",
    "LINEAR": "in a line, as along a duct: suspicious",
    "SEGMENTAL": "in the shape of a duct and its branches: suspicious",
    "REGIONAL": "over a large part of the breast, not along ducts",
    "DIFFUSELY_SCATTERED": "all over the breast: mostly benign",
}
DENSITIES: Mapping[str, str] = {
    "0": MISSING,
    "1": "a: almost entirely fat; a mass stands out",
    "2": "b: scattered fibroglandular tissue",
    "3": "c: heterogeneously dense; small masses may hide",
    "4": "d: extremely dense; masses are easily missed",
}
ASSESSMENTS: Mapping[str, str] = {
    "0": "incomplete: more pictures are needed",
    "1": "negative: nothing to remark",
    "2": "benign",
    "3": "probably benign: up to 2% are malignant",
    "4": "suspicious: from 2 to 95% are malignant; biopsy is advised",
    "5": "highly suggestive of malignancy: at least 95%; biopsy is advised",
}
SUBTLETIES: Mapping[str, str] = {
    "0": MISSING,
    "1": "very hard to see",
    "2": "hard to see",
    "3": "moderately easy to see",
    "4": "easy to see",
    "5": "obvious",
}
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "mass_shape": SHAPES,
    "mass_margins": MARGINS,
    "calc_type": CALCIFICATION_TYPES,
    "calc_distribution": DISTRIBUTIONS,
    "breast_density": DENSITIES,
    "assessment": ASSESSMENTS,
    "subtlety": SUBTLETIES,
}


def meaning(column: str, part: str) -> str:
    """Return what one part of a descriptor means; "" where the lexicon has no such word.

    >>> meaning("mass_margins", "SPICULATED")
    'lines radiate from the edge like rays: the most suspicious margin'
    """
    return MEANINGS[column].get(part, "")


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
    """Return what the data set records of a lesion: its pathology and each descriptor.

    Parameters
    ----------
    case : a row of the case table, or the fields of an example lesion

    Examples
    --------
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
