"""The model card's figures: both models beside each other, the radiologists, the subgroups."""

from collections.abc import Callable, Iterable

from mammo.artifacts import Card, Metric
from mammo.report.model_card.facts import Facts
from mammo.report.model_card.text import UNKNOWN, figure, paragraphs, share, table

SPLIT_WORDS = {"test": "official test split", "out_of_fold": "training split, out of fold"}
FIGURES: dict[str, tuple[str, Callable[[Metric | None], str]]] = {
    "auc": ("AUC", figure),
    "sensitivity": ("Sensitivity", share),
    "specificity": ("Specificity", share),
    "ppv": ("PPV", share),
    "npv": ("NPV", share),
    "brier": ("Brier score (lower is better)", figure),
    "ece": ("Expected calibration error", figure),
}


def beside(facts: Facts, rows: Iterable[tuple[str, Callable[[Card], str]]]) -> str:
    """Write a table of one column a model, a row a name with its cell."""
    head = ["", *(card.title for card in facts.cards)]
    return table(head, [[name, *(cell(card) for card in facts.cards)] for name, cell in rows])


def analyses_body(facts: Facts) -> str:
    """Write all figures, with their intervals."""
    tables = [
        paragraphs(
            f"**{SPLIT_WORDS.get(split, split).capitalize()}, {unit} by {unit}**",
            _figures_table(facts, split, unit),
        )
        for split in SPLIT_WORDS
        for unit in ("crop", "lesion")
        if any(unit in card.metrics.get(split, {}) for card in facts.cards)
    ]
    return paragraphs(facts.split.headline, *tables, _readers(facts), _subgroups(facts))


def _figures_table(facts: Facts, split: str, unit: str) -> str:
    def cell(name: str) -> Callable[[Card], str]:
        write = FIGURES[name][1]
        return lambda card: write(card.metrics.get(split, {}).get(unit, {}).get(name))

    return beside(facts, [(title, cell(name)) for name, (title, _) in FIGURES.items()])


def _readers(facts: Facts) -> str:
    readers = facts.split.radiologists
    if readers is None:
        return ""
    biopsy = readers.biopsy.rates
    gaps = "; ".join(
        f"{facts.split.models[one.first].title} {figure(one.auc_difference)}"
        for one in readers.comparisons
    )
    return (
        f"The radiologists' recorded BI-RADS assessments, on the same {readers.counts.crops:,} "
        f"crops: AUC {figure(readers.auc)}; at biopsy (4 or 5) sensitivity "
        f"{share(biopsy['sensitivity'])}, specificity {share(biopsy['specificity'])}. They saw "
        f"whole films, the models a crop. AUC minus theirs: {gaps}."
    )


def _subgroups(facts: Facts) -> str:
    rows = [
        [group.title, f"{group.counts.malignant} / {group.counts.benign}",
         *(figure(group.models[card.name].auc) if card.name in group.models else UNKNOWN
           for card in facts.cards), group.note]
        for group in facts.split.subgroups
    ]  # fmt: skip
    if not rows:
        return ""
    head = ["Subgroup", "Malignant / benign", *(f"AUC, {c.title}" for c in facts.cards), "Note"]
    return paragraphs(
        "**By subgroup, official test split, crop by crop.** Differences between small groups are "
        "mostly chance; the intervals say how much.",
        table(head, rows),
    )
