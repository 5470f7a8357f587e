"""The words of the app: `pytest tests/ui/test_words.py`."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo import text as words
from tools.sentences import VISITS, rendered, texts

PROBABILITY = st.floats(0, 1)
ROOT = Path(__file__).parents[2]


@given(PROBABILITY)
def test_percent_never_claims_certainty(probability: float) -> None:
    assert words.percent(probability) not in {"0%", "100%"}


@given(PROBABILITY, PROBABILITY)
def test_standing_says_the_side_that_the_metrics_count(
    p_malignant: float, threshold: float
) -> None:
    expected = "Above" if p_malignant >= threshold else "Below"
    assert words.standing(p_malignant, threshold).startswith(f"{expected} the threshold")


def test_the_spread_crosses_the_threshold_only_where_it_does() -> None:
    assert "range includes" in words.spread_sentence(["upright", "turned"], 0.4, 0.5, 0.45)
    assert "does not include" in words.spread_sentence(["upright", "turned"], 0.4, 0.44, 0.45)


def test_every_named_threshold_has_an_aim() -> None:
    assert words.AIMS.keys() == words.THRESHOLD_NAMES.keys()


def test_missing_descriptors_are_said_to_be_missing() -> None:
    assert words.descriptor("") == words.density_letter(None) == "not recorded"


FORBIDDEN = re.compile(r"diagnos(is|ed|tic)|cancer detected|detects? cancer", re.IGNORECASE)


@pytest.mark.parametrize(
    "path",
    [ROOT / "app.py", *sorted(ROOT.glob("pages/*.py")), *sorted(ROOT.glob("mammo/ui/*.py"))],
    ids=lambda path: path.name,
)
def test_no_page_speaks_of_a_diagnosis(path: Path) -> None:
    assert not FORBIDDEN.search(path.read_text(encoding="utf-8"))


# --- plain words

PENDING: tuple[str, ...] = ()
"""Parts not yet rewritten; `()` holds every part and every rendered page to the list."""

METAPHORS = (
    "coin", "in peace", "silent", "by heart", "flatter", "flatters", "flattered", "at hand",
    "on show", "mend", "whom do they fail", "look closer", "alike to", "knows? nothing like",
    "means nothing", "as they fall", "coin toss", "dotted line the probabilit", "stands? (at|in|"
    "near|beside|where|to|above|below|so|there|here)", "(found|time|positives|lesions|alarms|"
    "crops|lines?|row|page|file|process|processes|pixels|bits) an? (case|patient|lesion|crop|core|"
    "pixel|side|file)", "in the middle", "for your eyes", "speaks? (for|against)", "held against",
    "goes on", "go on from", "not in this page yet", "have no reason to", "can bring about",
    "more than chance explains", "used whole", "anew", "nobody", "peeked", "dealt",
    "is no (film|mammogram|picture|image|text|table|folder|file)", "somebody",
)  # fmt: skip
"""Metaphors and archaic forms, as regular expressions of whole words."""
NUMBERS = (
    r"\d %",
    r"\d ?[\u2013\u2014] ?\d",
    r"\bvs\.?\b",
    r"\b95 ?% interval\b",
    r"confidence 95",
)
NOT_WORDS = re.compile(r"`[^`]*`|\]\([^)]*\)|https?://\S+|<!--.*?-->|\[[^\]]*\]\(https[^)]*\)")


NOT_SHOWN = ("| [mobilenet-", "avoid = ", "see = ", "[")
"""Starts of lines that are records of experiments, or keys of the glossary."""


def terms_not_used() -> list[str]:
    """Return the synonyms that the table of terms excludes."""
    table = ROOT / "docs" / "terms.md"
    rows = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    cells = [row.split("|")[3] for row in rows if row.startswith("| ") and row.count("|") == 4]
    return [term.strip() for cell in cells[1:] for term in cell.split(",") if term.strip(" -")]


def banned() -> re.Pattern[str]:
    words = [*METAPHORS, *map(re.escape, terms_not_used())]
    return re.compile(rf"\b({'|'.join(words)})\b|{'|'.join(NUMBERS)}", re.IGNORECASE)


def strings_of(path: Path) -> Iterator[str]:
    """Yield the strings of a Python file that may be shown: not docstrings, but a command's own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    inner = {
        part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (getattr(part, "value", None) for part in node.values)
            yield "".join(part if isinstance(part, str) else "X" for part in parts)
        elif isinstance(node, ast.Constant) and node not in hidden | inner:
            yield node.value if isinstance(node.value, str) and " " in node.value else ""
    if path.parent == ROOT / "mammo":
        yield ast.get_docstring(tree) or ""


def visible() -> Iterator[tuple[str, str]]:
    """Yield each text that a person may read, with the file that it is from."""
    for pattern in ("app.py", "pages/*.py", "mammo/**/*.py"):
        for path in sorted(ROOT.glob(pattern)):
            for text in strings_of(path):
                yield path.relative_to(ROOT).as_posix(), text
    for pattern in ("README.md", "docs/*.md", "mammo/**/*.j2", "mammo/**/*.toml"):
        for path in sorted(ROOT.glob(pattern)):
            if path.name != "terms.md":
                for line in path.read_text(encoding="utf-8").splitlines():
                    if not line.startswith(NOT_SHOWN):
                        yield path.relative_to(ROOT).as_posix(), line


def offences(texts: Iterable[tuple[str, str]]) -> list[str]:
    pattern = banned()
    return [
        f"{where}: {found[0]!r} in {' '.join(text.split())[:160]}"
        for where, text in texts
        if not where.startswith(PENDING or ("-",))
        for found in [pattern.search(NOT_WORDS.sub("", text))]
        if found
    ]


def test_every_string_uses_the_standard_terms() -> None:
    assert offences(visible()) == []


@pytest.mark.parametrize("name", VISITS)
def test_every_rendered_page_uses_the_standard_terms(name: str) -> None:
    where = f"rendered: {name}"
    if where.startswith(PENDING or ("-",)):
        pytest.skip("not rewritten yet")
    assert offences((where, text) for text in texts(rendered(VISITS[name]).main)) == []


def test_the_list_finds_what_it_bans() -> None:
    for text in (
        "0.5 is a coin",
        "a model keeps silent",
        "lesions a patient",
        "90 %",
        "0.7\u20130.9",
    ):
        assert banned().search(text), text
    assert not banned().search("malignant in 90% of cases (95% CI 0.79 to 0.89)")
