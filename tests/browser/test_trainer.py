"""The page Train a model in Chromium: runs that learn, drawn live, stopped and compared."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import PATIENCE_MS, Server, Visit, running_server, spilling, still
from tests.ui.test_trainer_page import write_made_crops

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)
PAGE = "/Train_a_model"
LEAST_AUC = 0.85
"""Test AUC of each run on the made crops, whose malignant ones have a bright blob: up to 1."""

Open = Callable[..., Visit]


def train(visit: Visit, **choices: str) -> None:
    for label, value in choices.items():
        name = label.replace("_", " ").capitalize()
        visit.page.get_by_role("combobox", name=name, exact=True).select_option(value)
    visit.page.get_by_role("button", name="Train", exact=True).click()


def ended(visit: Visit, number: int, epochs: int) -> None:
    status = visit.page.locator(".status")
    expect(status).to_contain_text(f"Run {number}: epoch {epochs} of {epochs}")
    expect(visit.page.get_by_role("button", name="Stop")).to_be_disabled()


def trained(visit: Visit) -> None:
    """Train once, for other tests of the page."""
    train(visit, epochs="10")
    ended(visit, 1, 10)
    still(visit)


@pytest.fixture(scope="module")
def with_crops(artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("trainer")
    data = {"MAMMO_DATA": str(write_made_crops(folder / "crops"))}
    with running_server(artifacts, folder / "log", data) as running:
        yield running


def test_three_runs_learn_and_are_drawn_live_and_compared(with_crops: Server, visit: Open) -> None:
    visitor = visit(with_crops.address + PAGE)
    page = visitor.page
    choices = {"learning_rate": "0.003", "epochs": "60", "dropout": "0"}
    train(visitor, **choices)
    line = page.locator("svg.auc polyline:not(.earlier)")
    expect(line).to_have_count(1)
    lengths = [len(str(line.get_attribute("points")).split())]
    expect(page.locator(".filters canvas")).to_have_count(8)
    ended(visitor, 1, 60)
    lengths.append(len(str(line.get_attribute("points")).split()))
    assert lengths[0] < lengths[1] == 60, "the line grew while the network learned"
    before = page.locator(".filters canvas").first.evaluate("e => e.toDataURL()")
    train(visitor, seed="2")
    ended(visitor, 2, 60)
    assert page.locator(".filters canvas").first.evaluate("e => e.toDataURL()") != before
    train(visitor, validation_split="row")
    ended(visitor, 3, 60)
    expect(page.locator(".status")).not_to_contain_text(" 0 of these are from patients in training")
    expect(page.locator("svg.auc polyline.earlier")).to_have_count(2)
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(4)
    for number in range(3):
        tested = rows.nth(number).locator("td").nth(3).inner_text()
        value, low, high = map(float, re.findall(r"\d\.\d+", tested))
        assert LEAST_AUC <= value <= 1 and low <= value <= high
    expect(rows.last).to_contain_text("Released simple CNN")
    expect(page.locator(".verdict")).to_contain_text("on 24 test crops of 9 patients")
    expect(page.locator(".spoken")).to_contain_text("Run 3: test AUC")
    assert page.locator("svg.auc").get_attribute("aria-label") is not None
    assert visitor.console == []


def test_the_same_choices_give_the_same_run(with_crops: Server, visit: Open) -> None:
    visitor = visit(with_crops.address + PAGE)
    for number in (1, 2):
        train(visitor, epochs="10")
        ended(visitor, number, 10)
    first, second = visitor.page.locator("tbody tr").all_inner_texts()[:2]
    assert first.split("\t")[1:4] == second.split("\t")[1:4]


def test_a_run_can_be_stopped_by_keyboard_and_a_phone_shows_all(
    with_crops: Server, visit: Open
) -> None:
    visitor = visit(with_crops.address + PAGE, width=390, height=844, has_touch=True)
    page = visitor.page
    page.get_by_role("combobox", name="Epochs", exact=True).select_option("60")
    page.get_by_role("button", name="Train", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("svg.auc polyline")).to_have_count(1)
    page.get_by_role("button", name="Stop").tap()
    expect(page.locator(".status")).to_contain_text("(stopped)")
    expect(page.locator(".verdict")).to_contain_text("Run 1: test AUC")
    assert spilling(still(visitor), ".scrolls") == []
    page.get_by_role("button", name="Train", exact=True).tap()
    expect(page.locator(".status")).to_contain_text("Run 2: epoch")
    page.get_by_role("button", name="Stop").tap()
    expect(page.locator("tbody tr")).to_have_count(3)
