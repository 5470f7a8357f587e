"""The first sentence of an answer: do the models agree, how far from the threshold, who can tell.

Shared by the pages; free of Streamlit.
"""

from collections.abc import Sequence

from mammo import text
from mammo.inference import LesionResult, ModelResult
from mammo.inference.result import BALANCED
from mammo.text import percent_estimate

SLIGHTLY, FAR = 0.1, 0.25
"""Distances of a probability from its threshold: below the first slight, from the second far."""
NO_ANSWER = "Do not interpret these figures: the image does not resemble the training images."


def verdict(result: LesionResult, threshold: str = BALANCED) -> str:
    """Say in whole sentences what the models say together of a lesion.

    Parameters
    ----------
    result : LesionResult
    threshold : str, one that the card of every model has
    """
    answers = result.answers
    if result.questioned:
        return NO_ANSWER
    if len(answers) == 1:
        (answer,) = answers
        name = text.with_article(answer.card.title, starts=True)
        first = f"{name} is {_distance(answer, threshold)} its threshold."
    else:
        agree = len({answer.is_above(threshold) for answer in answers}) == 1
        distances = [_distance(answer, threshold) for answer in answers]
        first = f"The models {'agree' if agree else 'disagree'}: "
        if len(set(distances)) == 1:
            every = "both" if len(answers) == 2 else "all"
            first += f"{every} are {distances[0]} their thresholds."
        else:
            one, *others = zip(map(_name, answers), distances, strict=True)
            rest = [f"{name} {distance}" for name, distance in others]
            first += f"{one[0]} is {one[1]} its threshold, {text.listed(rest)}."
    return f"{first} {_undecided(answers)}".strip()


def _name(answer: ModelResult) -> str:
    return text.with_article(answer.card.title)


def _distance(answer: ModelResult, threshold: str) -> str:
    apart = abs(answer.probability - answer.card.thresholds[threshold])
    how = "slightly " if apart < SLIGHTLY else "far " if apart >= FAR else ""
    return f"{how}{'above' if answer.is_above(threshold) else 'below'}"


def _undecided(answers: Sequence[ModelResult]) -> str:
    """Name the models that cannot tell."""
    undecided = [answer for answer in answers if answer.reading == "cannot tell"]
    if not undecided:
        return ""
    if len(undecided) == len(answers) == 2:
        return "Neither can tell."
    names = text.listed([_name(answer) for answer in undecided]) if len(answers) > 1 else "it"
    return f"{names[0].upper()}{names[1:]} cannot tell."


def reading_words(answer: ModelResult) -> str:
    """State what a model's conformal set says; "" where its card has none."""
    return f"Reading: {answer.reading}." if answer.reading else ""


def sets_sentence(answer: ModelResult, *, two_views: bool) -> str:
    """Explain a model's conformal sets, with their measured coverage; "" without sets."""
    card, sets = answer.card, answer.card.sets
    if sets is None:
        return ""
    low, high = sorted((sets.malignant_from, sets.benign_up_to))
    measured = card.metrics.get("test", {}).get("lesion" if two_views else "crop", {})
    held = [
        f"{percent_estimate(measured[f'coverage_{label}'])} of {label}"
        for label in ("malignant", "benign")
        if f"coverage_{label}" in measured
    ]
    cases = "lesions with two views" if two_views else "crops"
    return (
        f"The reading is “cannot tell” from {text.percent_range(low, high)}: 90% of "
        f"malignant training {cases} have at least {text.percent(sets.malignant_from)}, 90% of "
        f"benign ones at most {text.percent(sets.benign_up_to)}."
        + (f" Of the test {cases}, this held for {text.listed(held)}." if held else "")
    )


def box_sentence(answer: ModelResult, threshold: str = BALANCED) -> str:
    """Say how far an answer depends on the hand that drew the box; "" where it is not known."""
    if answer.box_spread is None:
        return ""
    spread = text.percent_range(*answer.box_spread)
    if answer.depends_on_box(threshold):
        return f"**Depends on where you draw the box:** {spread}."
    return f"{spread} if the box is drawn slightly differently."
