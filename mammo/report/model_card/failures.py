"""The worst answers on the official test split, for the card; the page adds their pictures.

Malignant lesions with the lowest probability, and benign ones with the highest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mammo.artifacts import Card
from mammo.data.descriptors import MISSING
from mammo.report.model_card.facts import Facts, Row
from mammo.report.model_card.text import paragraphs, table
from mammo.text import parts, plain

FAILURES = "Known failures"
"""Title of the section."""
WORST = 5


@dataclass(frozen=True)
class Failures:
    """Hold the worst answers of one model: rows of `cases.csv`, the worst first."""

    card: Card
    misses: Sequence[Row]
    false_alarms: Sequence[Row]


def worst_answers(facts: Facts, count: int = WORST) -> tuple[Failures, ...]:
    """Find the worst misses and false alarms of each model, at most `count` of each.

    Only answers on the wrong side of the balanced threshold count.
    """
    return tuple(_worst(facts, card, count) for card in facts.cards)


def _worst(facts: Facts, card: Card, count: int) -> Failures:
    column, at = f"{card.name}_p", card.thresholds["youden"]
    scored = [row for row in facts.of("test") if _is_number(row[column])]
    ranked = sorted(scored, key=lambda row: (float(row[column]), row["case_id"]))
    missed = [row for row in ranked if row["label"] == "1" and float(row[column]) < at]
    alarms = [row for row in reversed(ranked) if row["label"] == "0" and float(row[column]) >= at]
    return Failures(card, missed[:count], alarms[:count])


def _is_number(text: str) -> bool:
    return text not in ("", "NaN", "nan")


def failures_body(facts: Facts) -> str:
    """Write the worst answers of each model as tables."""
    return paragraphs(
        "The answers on the official test split that were wrong by most. The page Model comparison "
        "shows all of them.",
        *(_of_model(failures) for failures in worst_answers(facts)),
    )


def _of_model(failures: Failures) -> str:
    title = failures.card.title
    return paragraphs(
        f"**{title}, malignant lesions with the lowest probability**",
        failure_table(failures.card, failures.misses),
        f"**{title}, benign lesions with the highest probability**",
        failure_table(failures.card, failures.false_alarms),
    )


def failure_table(card: Card, rows: Sequence[Row]) -> str:
    """Write cases as a table: id, probability, descriptors, the radiologist's assessment."""
    if not rows:
        return "None on the wrong side of the balanced threshold."
    head = ["Case", "Probability", "Shape", "Margin", "BI-RADS", "Density (1 to 4)", "Subtlety"]
    return table(head, [_cells(card, row) for row in rows])


def _cells(card: Card, row: Row) -> list[str]:
    recorded = [row[name] or MISSING for name in ("assessment", "breast_density", "subtlety")]
    return [
        row["case_id"],
        f"{100 * float(row[f'{card.name}_p']):.0f} %",
        described(row["mass_shape"]),
        described(row["mass_margins"]),
        *recorded,
    ]


def described(descriptor: str) -> str:
    """Write a compound descriptor in plain words.

    Examples
    --------
    >>> described("IRREGULAR-ARCHITECTURAL_DISTORTION"), described("")
    ('irregular, architectural distortion', 'not recorded')
    """
    return ", ".join(plain(part) for part in parts(descriptor)) or MISSING
