"""Codes and plans: written, read back, and refused when mistyped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo.errors import MammoError, SettingsError
from mammo.reading import FILTERS, RoundPlan, read_code, write_code


@st.composite
def plans(draw: st.DrawFn) -> RoundPlan:
    source = draw(st.sampled_from(["test", "examples", "practice"]))
    filters = {
        one.letter: draw(st.lists(st.sampled_from(one.options), unique=True)) for one in FILTERS
    }
    practice = source == "practice"
    advice = not practice and draw(st.booleans())
    return RoundPlan(
        draw(st.integers(5, 99 if practice else 50)), draw(st.integers(0, 999_999)), source,
        source != "examples" and draw(st.booleans()), advice, filters,
        10 * draw(st.integers(0, 5)) if advice else 0, advice and draw(st.booleans()),
        practice or draw(st.booleans()),
    )  # fmt: skip


@given(plans())
def test_a_code_gives_its_plan_back(plan: RoundPlan) -> None:
    code = write_code(plan)
    assert read_code(code) == plan
    assert read_code(f" {code.lower()} ") == plan
    assert len(code) <= 53 and code.replace("-", "").isalnum()


@given(plans(), st.data())
def test_one_wrong_sign_is_noticed_nearly_always(plan: RoundPlan, data: st.DataObject) -> None:
    code = write_code(plan)
    place = data.draw(st.integers(0, len(code) - 1))
    sign = data.draw(st.sampled_from("0123456789ABCDEFT-"))
    changed = code[:place] + sign + code[place + 1 :]
    try:
        found = read_code(changed)
    except MammoError:
        return
    # Two check characters let one typo in a thousand through, never as the same round.
    assert changed == code or found != plan


def test_a_code_in_use_means_the_same_for_ever() -> None:
    """Links of past lectures: the order of a filter's options is part of them."""
    plan = RoundPlan(
        20, 4711, balanced=True, advice=True,
        filters={"M": ["SPICULATED"], "S": ["IRREGULAR", "none"], "D": ["1", "none"], "R": ["0"]},
    )  # fmt: skip
    assert write_code(plan) == "T20BA-4711-S108-M10-D11-R1-" + write_code(plan)[-2:]
    assert read_code("T20B-4711-T3") == RoundPlan(20, 4711, balanced=True)
    assert read_code("E10NA-7-V1-RF").filters == {"V": ("CC",)}


@pytest.mark.parametrize(
    "text",
    ["", "T20B", "T20B-4711", "T20B-4711-T4", "X20B-4711-T3", "T20B-4711-T3-T3", "<script>",
     "T20B-4711-ZFFFF-T3", "9" * 5000, "T20B-٤711-T3", "T99B-1-AA"],
)  # fmt: skip
def test_a_bad_code_is_a_sentence(text: str) -> None:
    with pytest.raises(SettingsError, match="code|cases") as caught:
        read_code(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"n": 4, "seed": 1}, "5 to 50 cases. Received: 4"),
        ({"n": 51, "seed": 1}, "Received: 51"),
        ({"n": 5, "seed": -1}, "Received: -1"),
        ({"n": 5, "seed": 1, "source": "examples", "balanced": True}, "cannot be balanced"),
        ({"n": 5, "seed": 1, "source": "practice"}, "has feedback after each case"),
        ({"n": 5, "seed": 1, "advice": True, "wrong": 60}, "0% to 50%"),
        ({"n": 5, "seed": 1, "wrong": 30}, "without advice"),
        ({"n": 5, "seed": 1, "filters": {"P": ["MALIGNANT"]}}, "Received: 'P'"),
        ({"n": 5, "seed": 1, "filters": {"S": ["SQUARE"]}}, "SQUARE"),
    ],
)
def test_a_plan_outside_its_bounds_is_refused(arguments: dict, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        RoundPlan(**arguments)


def test_no_filter_tells_the_truth() -> None:
    assert not {one.column for one in FILTERS} & {"pathology", "label"}
