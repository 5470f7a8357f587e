"""The first sentence of an answer, in every combination: `pytest tests/report/test_verdict.py`."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import mammo
from mammo.artifacts.schema import Sets
from mammo.inference import LesionResult, ModelResult
from mammo.report.verdict import NO_ANSWER, box_sentence, sets_sentence, verdict
from tests.inference.tiny_trust import attach_tiny_trust, blobs
from tests.tiny_artifacts import write_tiny_artifacts

AT = 0.45
P = {"far above": 0.9, "above": 0.6, "slightly above": 0.47,
     "slightly below": 0.40, "below": 0.30, "far below": 0.1}  # fmt: skip


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> LesionResult:
    folder = write_tiny_artifacts(tmp_path_factory.mktemp("verdict"))
    attach_tiny_trust(folder)
    return mammo.load_models(folder).assess(mammo.Lesion(blobs(1, seed=4)[0]))


def says(
    answer: ModelResult, p: float, sets: Sets | None, box: tuple[float, float] | None = None
) -> ModelResult:
    given = replace(answer.assessment, p_malignant=p, flips_p=(p, p))
    card = replace(answer.card, thresholds={"youden": AT}, sets=sets)
    return replace(answer, assessment=given, card=card, box_spread=box)


def both(result: LesionResult, first: float, second: float, unsure: str = "") -> LesionResult:
    """Let the models say two probabilities; `unsure` names those that cannot tell: "1", "2"."""
    models = {
        name: says(answer, p, Sets(0.0, 1.0) if place in unsure else None)
        for (name, answer), p, place in zip(
            result.models.items(), (first, second), "12", strict=True
        )
    }
    return replace(result, models=models)


@pytest.mark.parametrize(("first", "second"), list(product(P, P)))
def test_two_models_in_every_combination(result: LesionResult, first: str, second: str) -> None:
    said = verdict(both(result, P[first], P[second]))
    agree = first.rsplit(maxsplit=1)[-1] == second.rsplit(maxsplit=1)[-1]
    if first == second:
        assert said == f"The models agree: both are {first} their thresholds."
    else:
        word = "agree" if agree else "disagree"
        assert said == (
            f"The models {word}: the simple CNN is {first} its threshold, MobileNetV2 {second}."
        )


@pytest.mark.parametrize(
    ("unsure", "end"),
    [("", ""), ("1", " The simple CNN cannot tell."),
     ("2", " MobileNetV2 cannot tell."),
     ("12", " Neither can tell.")],
)  # fmt: skip
def test_who_cannot_tell_is_named(result: LesionResult, unsure: str, end: str) -> None:
    said = verdict(both(result, 0.9, 0.1, unsure))
    start = "The models disagree: the simple CNN is far above its threshold, MobileNetV2 far below."
    assert said == start + end


def test_one_model_has_a_sentence_of_its_own(result: LesionResult) -> None:
    (name, answer), *_ = result.models.items()
    alone = replace(result, models={name: says(answer, 0.9, None)})
    assert verdict(alone) == "The simple CNN is far above its threshold."
    wavers = replace(result, models={name: says(answer, 0.5, Sets(0.4, 0.6))})
    start = "The simple CNN is slightly above its threshold."
    assert verdict(wavers) == f"{start} It cannot tell."


def test_a_set_of_both_labels_or_of_none_cannot_tell(result: LesionResult) -> None:
    answer = result["mobilenetv2"]
    for sets in (Sets(0.3, 0.6), Sets(0.6, 0.3)):
        read = [says(answer, p, sets).reading for p in (0.1, 0.45, 0.9)]
        assert read == ["benign", "cannot tell", "malignant"]
        words = sets_sentence(says(answer, 0.45, sets), two_views=False)
        assert words.startswith(
            "The reading is “cannot tell” from 30% to 60%: 90% of malignant training"
        )
    assert says(answer, 0.5, None).reading is None
    assert sets_sentence(says(answer, 0.5, None), two_views=False) == ""


def test_a_picture_unlike_a_mammogram_has_no_verdict(tmp_path: Path) -> None:
    attach_tiny_trust(write_tiny_artifacts(tmp_path))
    blank = mammo.load_models(tmp_path).assess(mammo.Lesion(np.full((128, 128), 90, np.uint8)))
    assert verdict(blank) == NO_ANSWER


def test_the_spread_over_the_box_is_a_sentence(result: LesionResult) -> None:
    answer = result["mobilenetv2"]
    assert box_sentence(answer) == ""
    crosses = says(answer, 0.5, None, (0.3, 0.6))
    assert box_sentence(crosses) == "**Depends on where you draw the box:** 30% to 60%."
    stays = says(answer, 0.6, None, (0.5, 0.7))
    assert box_sentence(stays) == "50% to 70% if the box is drawn slightly differently."
