"""The comparison page's state in its link: `pytest tests/ui/test_comparison_state.py`."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo.ui.kit.address import OWN, Share, option_from_link, share_from_link, share_in_link

NAMED = {"youden": 0.4567891, "sensitivity_90": 0.1}


@given(st.none() | st.text() | st.floats().map(str))
def test_whatever_the_link_says_a_share_comes_of_it(text: str | None) -> None:
    share = share_from_link(text, NAMED, "youden")
    assert 0 <= share.value <= 1 and not math.isnan(share.value)
    assert share.name in (*NAMED, OWN)


@given(st.integers(0, 1000).map(lambda thousandths: Share(OWN, thousandths / 1000)))
def test_a_share_of_ones_own_comes_back_from_its_link(share: Share) -> None:
    assert share_from_link(share_in_link(share, "youden"), NAMED, "youden") == share


def test_a_name_stands_for_its_exact_value() -> None:
    assert share_from_link("sensitivity_90", NAMED, "youden") == Share("sensitivity_90", 0.1)
    assert share_from_link(None, NAMED, "youden") == Share("youden", 0.4567891)
    assert share_in_link(Share("youden", 0.4567891), "youden") is None


@pytest.mark.parametrize("text", ["-0.1", "1.001", "nan", "inf", "", "own", "0,5", "%00"])
def test_nonsense_falls_back(text: str) -> None:
    assert share_from_link(text, NAMED, "youden").name == "youden"


def test_ends_are_legal() -> None:
    assert [share_from_link(text, NAMED, "youden").value for text in ("0", "1")] == [0, 1]


@given(st.none() | st.text())
def test_whatever_the_link_says_an_option_comes_of_it(text: str | None) -> None:
    assert option_from_link(text, ("crop", "lesion"), "crop") in ("crop", "lesion")
