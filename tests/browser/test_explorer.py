"""The page Dataset explorer in Chromium: filters, paging, a case, links, both widths."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from tests.browser.conftest import (
    CHART,
    CHOICE,
    DATA_FRAME,
    PATIENCE_MS,
    Server,
    Visit,
    running_server,
    spilling,
    still,
)
from tests.tiny_artifacts import case_rows

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)
PAGE = "/Dataset_explorer"
CASES = [row["case_id"] for row in case_rows()]

Open = Callable[..., Visit]


def whole(visit: Visit) -> Visit:
    """Wait for the last section."""
    expect(visit.page.get_by_role("heading", name="Data leakage check")).to_be_visible()
    return still(visit)


def pick(visit: Visit, title: str, option: str) -> None:
    """Choose an option of a filter, as a mouse does."""
    visit.page.get_by_role("combobox", name=title, exact=False).first.click()
    visit.page.get_by_role("option", name=option, exact=True).click()
    visit.page.keyboard.press("Escape")


@pytest.fixture(scope="module")
def with_crops(
    artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Path]]:
    """A server whose data folder holds a crop for every case; one test crop is a training crop."""
    folder = tmp_path_factory.mktemp("crops")
    (folder / "crops").mkdir()
    table = []
    for number, row in enumerate(case_rows()):
        random = np.random.default_rng(0 if number in (0, 59) else number)
        rough = random.integers(0, 256, (8, 8)).astype(np.uint8)
        name = f"crops/{row['case_id']}.png"
        cv2.imwrite(str(folder / name), cv2.resize(rough, (64, 64), interpolation=cv2.INTER_CUBIC))
        kept = ("split", "patient_id", "laterality", "view", "abnormality_id", "pathology")
        table.append({"file": name, **{column: row[column] for column in kept}})
    pd.DataFrame(table).to_csv(folder / "index.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAMMO_DATA", str(folder))
        with running_server(artifacts, tmp_path_factory.mktemp("log") / "server.log") as server:
            yield server, folder


def test_filters_change_link_and_counts(server: Server, visit: Open) -> None:
    visitor = whole(visit(server.address + PAGE))
    expect(visitor.page.get_by_text("60 of 60 crops")).to_be_visible()
    pick(visitor, "Split", "test")
    expect(visitor.page.get_by_text("24 of 60 crops")).to_be_visible()
    pick(visitor, "Pathology", "malignant")
    malignant = sum(r["split"] == "test" and r["pathology"] == "MALIGNANT" for r in case_rows())
    expect(visitor.page.get_by_text(f"{malignant} of 60 crops")).to_be_visible()
    expect(visitor.page).to_have_url(re.compile(r"split=test&label=MALIGNANT"))
    visitor.page.get_by_role("button", name="Show all cases").click()
    expect(visitor.page.get_by_text("60 of 60 crops")).to_be_visible()
    expect(visitor.page).to_have_url(re.compile(r"Dataset_explorer/?$"))
    assert visitor.console == []


def test_a_link_shows_a_second_visitor_the_very_view(
    with_crops: tuple[Server, Path], visit: Open
) -> None:
    server, _ = with_crops
    first = whole(visit(server.address + PAGE))
    first.page.get_by_text("BI-RADS", exact=True).nth(1).click()
    expect(first.page).to_have_url(re.compile(r"chart=birads"))
    pick(first, "Split", "training")
    expect(first.page).to_have_url(re.compile(r"split=train"))
    first.page.get_by_role("button", name="Page 3").click()
    expect(first.page).to_have_url(re.compile(r"page=3"))
    pictures = first.page.get_by_role("img", name=f"Crop of {CASES[24]}")
    expect(pictures.first).to_be_visible()
    first.page.locator(f".st-key-open_gallery_{CASES[29]} button").click()
    expect(first.page).to_have_url(re.compile(rf"case={CASES[29]}"))
    expect(first.page.get_by_test_id("stToast")).to_contain_text("below the images")
    second = whole(visit(first.page.url))
    expect(second.page.get_by_text("36 of 60 crops")).to_be_visible()
    expect(second.page.get_by_role("img", name=f"Crop of {CASES[24]}").first).to_be_visible()
    expect(second.page.get_by_text("the radiologists were right in").first).to_be_visible()
    expect(second.page.get_by_role("combobox", name="Case")).to_have_value(CASES[29])
    assert first.console == second.console == []


def test_the_leak_check_shows_the_planted_pair(
    with_crops: tuple[Server, Path], visit: Open
) -> None:
    server, _ = with_crops
    visitor = whole(visit(server.address + PAGE))
    visitor.page.get_by_role("button", name="Check the data folder").click()
    expect(visitor.page.get_by_text("Identical images: 1 in 864 pairs")).to_be_visible()
    expect(visitor.page.get_by_role("img", name=f"Crop in test: {CASES[59]}")).to_be_visible()
    assert visitor.console == []


def test_a_case_leads_to_the_other_pages(server: Server, visit: Open) -> None:
    visitor = whole(visit(f"{server.address}{PAGE}?case=Mass-Test_P_00820_LEFT_CC_1"))
    visitor.page.get_by_role("link", name="Cases with the same outcome, MobileNetV2").click()
    expect(visitor.page).to_have_url(re.compile(r"Model_comparison\?cell=mobilenetv2\."))
    expect(visitor.page.get_by_role("heading", name="Model comparison")).to_be_visible()
    visitor.page.go_back()
    whole(visitor).page.get_by_role("link", name="Classify on its mammogram").click()
    expect(visitor.page.get_by_role("radio", name="P_00820 L CC mass 1")).to_be_checked()
    assert visitor.console == []


def test_a_phone_scrolls_down_and_never_sideways(server: Server, visit: Open) -> None:
    visitor = whole(visit(server.address + PAGE + "?chart=shape", width=400))
    assert spilling(visitor, CHART, DATA_FRAME, CHOICE) == []
    assert visitor.console == []


def test_the_servers_complained_of_nothing(server: Server, with_crops: tuple[Server, Path]) -> None:
    assert server.complaints() == with_crops[0].complaints() == []
