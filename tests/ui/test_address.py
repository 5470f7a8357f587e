"""The address keeps what was chosen, also where an act brings the address of before."""

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from benchmarks import server
from benchmarks.server_walk import open_whole
from benchmarks.visitor import Visitor
from tests.conftest import run_apart

CASES = ("Mass-Test_P_00173_RIGHT_CC_1", "Mass-Test_P_00820_LEFT_CC_1")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with server.app() as running:
        yield running.address
        assert running.complaints() == []


def test_a_choice_before_the_last_one_was_written_takes_it_not_back(address: str) -> None:
    """As a visitor chooses twice on a slow line: the second act knows nothing of the first."""

    async def visit() -> str:
        async with Visitor(address) as visitor:
            await open_whole(visitor, "Model_comparison")
            await visitor.change("Count", "Each lesion")
            assert visitor.query == "unit=lesion"
            visitor.query = ""
            await visitor.change("Curve", "Decision curve")
            return visitor.query

    assert parse_qs(run_apart(visit())) == {"unit": ["lesion"], "curve": ["decision"]}


def test_a_case_that_was_chosen_stays(address: str) -> None:
    async def visit() -> tuple[str, str]:
        async with Visitor(address) as visitor:
            await open_whole(visitor, "Dataset_explorer", f"case={CASES[0]}")
            await visitor.change("Case", CASES[1])
            chosen, visitor.query = visitor.query, f"case={CASES[0]}"
            await visitor.change("Chart", "Density")
            return chosen, visitor.query

    chosen, after = run_apart(visit())
    assert parse_qs(chosen) == {"case": [CASES[1]]}
    assert parse_qs(after)["case"] == [CASES[1]]
