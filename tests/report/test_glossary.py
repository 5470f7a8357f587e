"""The glossary: every link leads to a term, every term to related ones, one term per concept."""

import ast
import re
from pathlib import Path

import pytest

from mammo.data import descriptors
from mammo.report.glossary import GLOSSARY, GROUPS, anchor, glossary_link, terms_document
from mammo.ui.kit.result import EXPLAINED

ROOT = Path(__file__).resolve().parents[2]


def linked_terms() -> set[str]:
    """Return the keys that the pages ask a link for."""
    found = set()
    for path in (*ROOT.glob("mammo/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "app.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name in ("glossary_link", "glossary_line"):
                texts = node.args[:1] if name == "glossary_link" else node.args
                found |= {arg.value for arg in texts if isinstance(arg, ast.Constant)}
    return found


def test_every_linked_term_is_explained() -> None:
    assert "auc" in linked_terms()
    assert linked_terms() | set(EXPLAINED) <= set(GLOSSARY)


def test_every_term_says_something_and_names_only_terms() -> None:
    for key, term in GLOSSARY.items():
        assert term.meaning.endswith("."), key
        assert term.group in GROUPS, key
        assert set(term.see) <= set(GLOSSARY) - {key}, key


def test_no_two_terms_share_a_name_or_an_anchor() -> None:
    assert len({term.name for term in GLOSSARY.values()}) == len(GLOSSARY)
    assert len({anchor(key) for key in GLOSSARY}) == len(GLOSSARY)


def test_every_word_of_the_lexicon_is_explained() -> None:
    for part in (*descriptors.SHAPES, *descriptors.MARGINS):
        assert part.lower() in GLOSSARY


def test_no_term_is_explained_by_a_synonym_that_is_not_used() -> None:
    for avoided in (word for term in GLOSSARY.values() for word in term.avoid):
        sought = re.compile(rf"\b{re.escape(avoided)}\b", re.IGNORECASE)
        using = [key for key, term in GLOSSARY.items() if sought.search(term.name + term.meaning)]
        assert using == [], avoided


def test_every_term_is_short() -> None:
    """Plain sentences: at most 30 words each but for lists of categories, at most five."""
    for key, term in GLOSSARY.items():
        sentences = re.split(r"(?<=[.]) (?=\W?[A-Z0-9])", term.meaning)
        listed = key in ("birads", "density")
        assert len(sentences) <= 5, key
        assert all(len(one.split()) <= 30 for one in sentences) or listed, key


def test_the_list_of_terms_is_the_glossary() -> None:
    written = (ROOT / "docs" / "terms.md").read_text(encoding="utf-8")
    assert written == terms_document(), "run python -m tools.readme"


def test_an_unknown_term_is_refused() -> None:
    with pytest.raises(KeyError, match="sensitvity"):
        glossary_link("sensitvity")
