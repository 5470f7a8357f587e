"""The words that a student meets in mammo, each explained in plain English.

Shown on the page Model card, where each term has an anchor of its own; other pages link to it:

    st.markdown(f"The {glossary_link('auc')} is 0.84.")

The words for shapes, margins and densities are those of `mammo.data.descriptors`.
"""

from collections.abc import Mapping

from mammo.data import descriptors
from mammo.errors import SettingsError
from mammo.report.glossary.figures import FIGURES_OF_MERIT
from mammo.report.glossary.practice import OTHERS
from mammo.report.glossary.term import GROUPS, MARGINS, SHAPES, Term
from mammo.text import plain

__all__ = ["GLOSSARY", "GROUPS", "Term", "anchor", "glossary_line", "glossary_link", "term"]

_PEOPLE = ("Brier", "Youden's")
PAGE = "Model_card?part=Glossary"
"""Address of the page with the glossary, relative to any page of the app."""


def _of_lexicon(words: Mapping[str, str], group: str, kin: str) -> dict[str, Term]:
    """Make a term of each word of a lexicon, by its lower-case key."""
    return {
        part.lower(): Term(plain(part).capitalize(), f"{text[:1].upper()}{text[1:]}.",
                           group, (kin,))
        for part, text in words.items()
    }  # fmt: skip


GLOSSARY: Mapping[str, Term] = {
    **FIGURES_OF_MERIT,
    **OTHERS,
    **_of_lexicon(descriptors.SHAPES, SHAPES, "mass"),
    **_of_lexicon(descriptors.MARGINS, MARGINS, "mass"),
}


def term(key: str) -> Term:
    """Return a term by its key."""
    if key not in GLOSSARY:
        raise SettingsError(
            f"The glossary explains {', '.join(sorted(GLOSSARY))}. Received: {key!r}. Add the term "
            "to mammo/glossary.py."
        )
    return GLOSSARY[key]


def anchor(key: str) -> str:
    """Return the anchor of a term on its page.

    Examples
    --------
    >>> anchor("grad_cam")
    'grad-cam'
    """
    return key.replace("_", "-")


def glossary_link(key: str, words: str = "") -> str:
    """Write a term as a link to its explanation, in Markdown.

    Parameters
    ----------
    key : str, as in `GLOSSARY`
    words : str, the words to show; the term's name in small letters by default

    Raises
    ------
    SettingsError
        The glossary has no such term.

    Examples
    --------
    >>> glossary_link("sensitivity")
    '[sensitivity](Model_card?part=Glossary#sensitivity)'
    >>> glossary_link("auc", "area")
    '[area](Model_card?part=Glossary#auc)'
    >>> glossary_link("grad_cam")
    '[Grad-CAM](Model_card?part=Glossary#grad-cam)'
    """
    return f"[{words or _inline(term(key).name)}]({PAGE}#{anchor(key)})"


def glossary_line(*keys: str) -> str:
    """Write terms as a line of links, in Markdown, to stand below what they explain.

    Raises
    ------
    SettingsError
        The glossary has no such term.

    Examples
    --------
    >>> glossary_line("auc", "roc")
    'Explained: [AUC](Model_card?part=Glossary#auc) · [ROC curve](Model_card?part=Glossary#roc)'
    """
    return f"Explained: {' · '.join(glossary_link(key) for key in keys)}"


def _inline(name: str) -> str:
    """Write a name as it stands within a sentence: abbreviations and people's names stay large."""
    first = name.split(maxsplit=1)[0]
    if first in _PEOPLE or first[1:] != first[1:].lower():
        return name
    return f"{name[:1].lower()}{name[1:]}"
