"""The terms of mammo, each explained in plain English: one term per concept.

The terms are in `glossary.toml`, those of shapes and margins in `mammo.data.descriptors`;
`docs/terms.md` lists all of them. On the page Model card each term has an anchor to link to:

    st.markdown(f"The {glossary_link('auc')} is 0.84.")
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mammo.data import descriptors
from mammo.text import plain

if TYPE_CHECKING:
    import pandas as pd

SHAPES, MARGINS = "Shape of a mass", "Margin of a mass"
GROUPS = (
    "Performance measures",
    "Uncertainty",
    "Training and testing",
    "Explaining a result",
    "Clinical terms",
    SHAPES,
    MARGINS,
)
PAGE = "Model_card?part=Glossary"
"""Address of the page with the glossary, relative to any page of the app."""
_TERMS = Path(__file__).with_suffix(".toml")
_PEOPLE = ("Brier", "Youden's")


@dataclass(frozen=True)
class Term:
    """One term: name, meaning, group, related terms by key, and synonyms that are not used."""

    name: str
    meaning: str
    group: str
    see: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()


def _of_file() -> dict[str, Term]:
    assessments = [f"{code} ({words})" for code, words in descriptors.ASSESSMENTS.items()]
    densities = [
        f"{words.replace(': ', ' (')})"
        for code, words in descriptors.DENSITIES.items()
        if code != "0"
    ]
    text = _TERMS.read_text(encoding="utf-8")
    text = text.replace("{assessments}", "; ".join(assessments))
    text = text.replace("{densities}", "; ".join(densities))
    return {
        key: Term(
            term["name"],
            " ".join(term["meaning"].split()),
            term["group"],
            (*term["see"],),
            (*term["avoid"],),
        )
        for key, term in tomllib.loads(text).items()
    }


def _of_lexicon(column: str, group: str) -> dict[str, Term]:
    return {
        part.lower(): Term(
            plain(part).capitalize(), _sentence(descriptors.meaning(column, part)), group, ("mass",)
        )
        for part in descriptors.MEANINGS[column]
    }


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


GLOSSARY: Mapping[str, Term] = {
    **_of_file(),
    **_of_lexicon("mass_shape", SHAPES),
    **_of_lexicon("mass_margins", MARGINS),
}


V2025 = (
    "The v2025 terms were not checked against the manual. They are taken from the ACR's "
    "Mammography Lexicon Summary Form as public sources quote it, and left out where none does."
)


def lexicon_table(cases: "pd.DataFrame") -> "pd.DataFrame":
    """Return each shape and margin in the words of three BI-RADS editions, and how malignant.

    `cases` is the case table of the artifacts.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            (group, plain(part), *descriptors.LEXICON[column][part], *shares[part])
            for group, column in ((SHAPES, "mass_shape"), (MARGINS, "mass_margins"))
            for shares in [descriptors.malignant_shares(cases, column)]
            for part in descriptors.LEXICON[column]
        ],
        columns=(
            "Feature",
            "Recorded",
            "5th edition",
            "v2025",
            "Malignant, training",
            "Malignant, test",
        ),
    )


def terms_document() -> str:
    """Return `docs/terms.md`: a table of every term, its meaning and the synonyms not used."""
    from mammo.report.templates import markdown_table  # with jinja2, which no page needs for terms

    rows = [
        (term.name, term.meaning, ", ".join(term.avoid))
        for group in GROUPS
        for term in GLOSSARY.values()
        if term.group == group
    ]
    return (
        "# Terms\n\nmammo uses one term per concept: in the app, the commands and the documents. "
        "This table is written from `mammo/report/glossary.toml` by `python -m tools.readme`. "
        f"{V2025}\n\n{markdown_table(('Term', 'Meaning', 'Not used'), rows)}\n"
    )


def anchor(key: str) -> str:
    """Return the anchor of a term on its page.

    >>> anchor("grad_cam")
    'grad-cam'
    """
    return key.replace("_", "-")


def glossary_link(key: str, words: str = "") -> str:
    """Return a link to a term of `GLOSSARY`, in Markdown; by default its name in small letters.

    Raises KeyError where the glossary has no such term.

    Examples
    --------
    >>> glossary_link("auc", "area"), glossary_link("grad_cam")
    ('[area](Model_card?part=Glossary#auc)', '[Grad-CAM](Model_card?part=Glossary#grad-cam)')
    """
    return f"[{words or _inline(GLOSSARY[key].name)}]({PAGE}#{anchor(key)})"


def glossary_line(*keys: str) -> str:
    """Return a line of links to terms, in Markdown, to stand below what they explain."""
    return f"Explained: {' · '.join(glossary_link(key) for key in keys)}"


def _inline(name: str) -> str:
    """Write a name as within a sentence: abbreviations and people's names keep their capital."""
    first = name.split(maxsplit=1)[0]
    if first in _PEOPLE or first[1:] != first[1:].lower():
        return name
    return f"{name[:1].lower()}{name[1:]}"
