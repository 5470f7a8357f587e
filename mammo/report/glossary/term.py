"""What the glossary holds of a term, and the groups that the terms stand in."""

from dataclasses import dataclass

FIGURES = "Figures of merit"
DOUBT = "Chance and doubt"
LEARNING = "How models learn and are tested"
EXPLAINING = "What a model looked at"
CLINIC = "Words of the clinic"
SHAPES = "Shape of a mass"
MARGINS = "Margin of a mass"
GROUPS = (FIGURES, DOUBT, LEARNING, EXPLAINING, CLINIC, SHAPES, MARGINS)


@dataclass(frozen=True)
class Term:
    """Explain one term: its name, what it means, the group that it stands in, and kin by key."""

    name: str
    meaning: str
    group: str
    see: tuple[str, ...] = ()
