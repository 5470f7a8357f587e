"""The words of the app: `pytest tests/ui/test_words.py`."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo import text as words

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


def test_the_spread_is_on_both_sides_only_across_the_threshold() -> None:
    assert "both sides" in words.spread_sentence(["upright", "turned"], 0.4, 0.5, 0.45)
    assert "both sides" not in words.spread_sentence(["upright", "turned"], 0.4, 0.44, 0.45)


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
