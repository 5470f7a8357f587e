"""What a round is: how many cases, from where, by which seed and filters, with advice or without.

A plan says everything that decides which cases are drawn and in which order, and nothing else;
`code` writes it as a few letters. Filters name descriptors only: one by pathology would tell the
truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mammo.data.descriptors import ASSESSMENTS, DENSITIES, MARGINS, SHAPES, SUBTLETIES
from mammo.errors import SettingsError
from mammo.text import parts

Source = Literal["test", "examples"]
SHORTEST, LONGEST = 5, 50
LARGEST_SEED = 999_999
NOT_RECORDED = "none"
"""The option of a filter for what has no value."""


@dataclass(frozen=True)
class RoundFilter:
    """Name one filter: its letter in a code, its title, its column, and its options in order."""

    letter: str
    title: str
    column: str
    options: tuple[str, ...]

    def of(self, value: object) -> frozenset[str]:
        """Return the options that a case's value stands for.

        Examples
        --------
        >>> sorted(FILTERS[0].of("IRREGULAR-ARCHITECTURAL_DISTORTION"))
        ['ARCHITECTURAL_DISTORTION', 'IRREGULAR']
        >>> sorted(FILTERS[2].of(0)), sorted(FILTERS[5].of("CC"))
        (['none'], ['CC'])
        """
        found = frozenset(parts(value)) & frozenset(self.options)
        return found or frozenset({NOT_RECORDED})


def _options(values: Mapping[str, str], without: str = "") -> tuple[str, ...]:
    return (*(value for value in values if value != without), NOT_RECORDED)


FILTERS = (
    RoundFilter("S", "Shape", "mass_shape", _options(SHAPES)),
    RoundFilter("M", "Margin", "mass_margins", _options(MARGINS)),
    RoundFilter("D", "Density", "breast_density", _options(DENSITIES, without="0")),
    RoundFilter("R", "Recorded BI-RADS", "assessment", _options(ASSESSMENTS)),
    RoundFilter("U", "Subtlety", "subtlety", _options(SUBTLETIES, without="0")),
    RoundFilter("V", "View", "view", ("CC", "MLO", NOT_RECORDED)),
)


@dataclass(frozen=True)
class RoundPlan:
    """Hold what decides a round.

    Parameters
    ----------
    n : int, 5 to 50 cases
    seed : int, 0 to 999,999
    source : "test" (the official test split) or "examples" (the ten example lesions)
    balanced : bool, half malignant; else as the cases fall
    advice : bool, whether the models' advice follows the first rating, and a second one it
    filters : letter of `FILTERS` -> the options that pass; a filter left out lets all pass

    Raises
    ------
    SettingsError
        A value outside these.
    """

    n: int
    seed: int
    source: Source = "test"
    balanced: bool = False
    advice: bool = False
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not SHORTEST <= self.n <= LONGEST:
            raise SettingsError(
                f"A round has {SHORTEST} to {LONGEST} cases. Received: {self.n}. "
                "Choose a number between."
            )
        if not 0 <= self.seed <= LARGEST_SEED:
            raise SettingsError(
                f"A round's seed lies between 0 and {LARGEST_SEED:,}. Received: {self.seed}."
            )
        if self.balanced and self.source == "examples":
            raise SettingsError(
                "The example lesions cannot be balanced: two of the ten are malignant, and a "
                f"round has at least {SHORTEST} cases. Take them as they fall."
            )
        object.__setattr__(self, "filters", _in_order(self.filters))


def _in_order(filters: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Order a plan's filters as `FILTERS` has them; drop what is empty, refuse what is unknown."""
    known = {one.letter: one.options for one in FILTERS}
    for letter, chosen in filters.items():
        strange = [value for value in chosen if value not in known.get(letter, ())]
        if letter not in known or strange:
            raise SettingsError(
                f"Filters are {', '.join(known)} with their own options. Received: {letter!r} with "
                f"{', '.join(map(str, chosen))}."
            )
    return {
        letter: tuple(value for value in options if value in filters[letter])
        for letter, options in known.items()
        if filters.get(letter)
    }
