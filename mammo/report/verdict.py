"""The first sentence of an answer: do the models agree, how far from the threshold, and how sure.

Shared by the pages; free of Streamlit.
"""

from collections.abc import Sequence

from mammo import text
from mammo.inference import LesionResult, ModelResult
from mammo.inference.result import BALANCED

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
    return f"{first} {_unsure(answers, threshold)}".strip()


def _name(answer: ModelResult) -> str:
    return text.with_article(answer.card.title)


def _distance(answer: ModelResult, threshold: str) -> str:
    apart = abs(answer.probability - answer.card.thresholds[threshold])
    how = "slightly " if apart < SLIGHTLY else "far " if apart >= FAR else ""
    return f"{how}{'above' if answer.is_above(threshold) else 'below'}"


def _unsure(answers: Sequence[ModelResult], threshold: str) -> str:
    """Say which models are not sure."""
    unsure = [answer for answer in answers if answer.is_unsure(threshold)]
    if not unsure:
        return ""
    if len(unsure) == len(answers) == 2:
        return "Neither is sure."
    if len(answers) == 1:
        return "It is not sure."
    names = text.listed([_name(answer) for answer in unsure])
    verb = "is" if len(unsure) == 1 else "are"
    return f"{names[0].upper()}{names[1:]} {verb} not sure."


def box_sentence(answer: ModelResult, threshold: str = BALANCED) -> str:
    """Say how far an answer depends on the hand that drew the box; "" where it is not known."""
    if answer.box_spread is None:
        return ""
    spread = text.percent_range(*answer.box_spread)
    if answer.depends_on_box(threshold):
        return f"**Depends on where you draw the box:** {spread}."
    return f"{spread} if the box is drawn slightly differently."
