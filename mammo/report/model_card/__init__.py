"""The model card: what the models are, on what they learned, and what they must not be used for.

Shown on the page Model card and written to docs/MODEL_CARD.md by `python -m tools.readme`; both
have one source, and every figure in it comes from the artifacts.

    card = model_card(read_facts(split))  # split: the official test crops, evaluated
    as_markdown(card)

Forms: Mitchell et al. 2019 (models), Gebru et al. 2021 (data), CLAIM 2024 and TRIPOD+AI (checks).
"""

from collections.abc import Mapping

from mammo.report.model_card.checklists import checklist_sections
from mammo.report.model_card.data_sheet import data_sections
from mammo.report.model_card.facts import Facts, read_facts
from mammo.report.model_card.failures import Failures, worst_answers
from mammo.report.model_card.models import model_sections
from mammo.report.model_card.text import Section

__all__ = [
    "CHECKS",
    "DATA",
    "MODELS",
    "Facts",
    "Failures",
    "ModelCard",
    "Section",
    "as_markdown",
    "model_card",
    "read_facts",
    "worst_answers",
]

MODELS, DATA, CHECKS = "Models", "Data", "Checklists"
TITLES = {
    MODELS: "The two models",
    DATA: "Data sheet of CBIS-DDSM, masses",
    CHECKS: "Checklists: what is answered, and where",
}
FIRST_WORDS = (
    "For teaching and research only. Not a medical device; not for decisions about a person."
)

ModelCard = Mapping[str, tuple[Section, ...]]
"""The sections of each part, by the part's name."""


def model_card(facts: Facts) -> ModelCard:
    """Write the card from the artifacts' facts."""
    return {
        MODELS: model_sections(facts),
        DATA: data_sections(facts),
        CHECKS: checklist_sections(),
    }


def as_markdown(card: ModelCard) -> str:
    """Return the whole card as one Markdown document."""
    lines = ["# Model card of mammo", f"**{FIRST_WORDS}**"]
    for part, sections in card.items():
        lines.append(f"## {TITLES[part]}")
        for section in sections:
            lines += [f"### {section.title}", section.body]
    return "\n\n".join(lines) + "\n"
