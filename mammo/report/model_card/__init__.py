"""The model card: what the models are, on what they learned, and what they must not be used for.

Shown on the page Model card and written to docs/MODEL_CARD.md by `python -m tools.readme`; both
have one source, and every figure in it comes from the artifacts.

    card = model_card(read_facts(split))  # split: the official test crops, evaluated
    as_markdown(card)

The words are in `templates/model_card.md.j2`, the checklists in `checklists.csv`: A. S. Tejani et
al. 2024, "Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024 update",
Radiology: Artificial Intelligence 6(4):e240300; G. S. Collins et al. 2024, "TRIPOD+AI statement",
BMJ 385:e078378. Their items are named in short words of our own: read the originals.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from mammo.report.model_card import tables
from mammo.report.model_card.facts import Facts, how_trained, worst_answers
from mammo.report.templates import FOLDER, markdown_table, template
from mammo.settings import TITLES as MODEL_TITLES
from mammo.text import LATER_ASSESSMENT, listed, percentage

MODELS, METHODS, DATA, CHECKS = "Models", "Methods", "Data", "Checklists"
FAILURES = "Known failures"
"""Title of the section to which the page adds pictures."""
TITLES = {
    MODELS: "The two models",
    METHODS: "How the models were trained and measured",
    DATA: "Data sheet of CBIS-DDSM, masses",
    CHECKS: "Checklists",
}
TITLE = "# Model card of mammo"
"""First line of the card as Markdown."""
FIRST_WORDS = (
    "For teaching and research only. Not a medical device; not for decisions about a person."
)
QUESTIONED = {
    "test crops": "test crops",
    "photographs": "photographs",
    "cloudy noise (1/f)": "images of cloud-like noise",
    "test crops, inverted": "inverted crops",
}
_MARK = "\x1f"
"""Stands before and after the number of a table in the text of a section."""


@dataclass(frozen=True, eq=False)
class Section:
    """One section of the card: its title, and its blocks, each Markdown or a table of texts."""

    title: str
    blocks: tuple[str | pd.DataFrame, ...]


ModelCard = Mapping[str, list[Section]]
"""The sections of each part, by the part's name."""


def checklists() -> dict[str, pd.DataFrame]:
    """Return the items of CLAIM 2024 and TRIPOD+AI, with where each is answered, and a remark."""
    items = pd.read_csv(FOLDER.parent / "checklists.csv", dtype=str, keep_default_na=False)
    return {str(name): group for name, group in items.groupby("list")}


def model_card(facts: Facts) -> ModelCard:
    """Write the card from the artifacts' facts."""
    card: dict[str, list[Section]] = {MODELS: [], METHODS: [], DATA: [], CHECKS: []}
    placed: list[pd.DataFrame] = []

    def table(content: pd.DataFrame) -> str:
        placed.append(content)
        return f"{_MARK}{len(placed) - 1}{_MARK}"

    def section(part: str, title: str, caller: Callable[[], str]) -> str:
        pieces = re.split(f"{_MARK}(\\d+){_MARK}", caller())
        blocks = [placed[int(one)] if at % 2 else _text(one) for at, one in enumerate(pieces)]
        card[part].append(Section(title, tuple(one for one in blocks if len(one))))
        return ""

    asked = {} if facts.trust is None else facts.trust.get("questioned", {})
    shares = [
        f"{percentage(asked[name]['value'])} of {words}"
        for name, words in QUESTIONED.items()
        if name in asked
    ]
    template("model_card.md.j2").render(
        facts=facts,
        tables=tables,
        table=table,
        section=section,
        worst=worst_answers(facts),
        checklists=checklists(),
        titles=MODEL_TITLES,
        how_trained=how_trained,
        versions=", ".join(f"{name} {one}" for name, one in facts.manifest.versions.items()),
        share={
            "train": percentage(facts.malignant_share("train")),
            "test": percentage(facts.malignant_share("test")),
            "benign_test": percentage(1 - facts.malignant_share("test")),
        },
        questioned=listed(shares) if shares else "",
        MODELS=MODELS,
        METHODS=METHODS,
        DATA=DATA,
        CHECKS=CHECKS,
        FAILURES=FAILURES,
        NO=tables.NO,
        NA=tables.NA,
        LATER_ASSESSMENT=LATER_ASSESSMENT,
    )
    return card


def _text(wrapped: str) -> str:
    """Return a template's text with each paragraph and each point on one line."""
    lines = re.sub(r"(?<!\n)\n(?!\n|- )", " ", wrapped.strip())
    return re.sub(r"\n{2,}", "\n\n", lines)


def as_markdown(card: ModelCard) -> str:
    """Return the whole card as one Markdown document."""
    lines = [TITLE, f"**{FIRST_WORDS}**"]
    for part, sections in card.items():
        lines.append(f"## {TITLES[part]}")
        for section in sections:
            lines.append(f"### {section.title}")
            lines += [
                block if isinstance(block, str) else markdown_table(block.columns, block.to_numpy())
                for block in section.blocks
            ]
    return "\n\n".join(lines) + "\n"
