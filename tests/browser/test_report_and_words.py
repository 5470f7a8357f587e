"""The case report as a browser gets it, a word's link that leads to its word, and the settings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import PATIENCE_MS, Server, Visit

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect
expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Visit]


def test_both_forms_of_the_report_come_with_a_plain_name(
    server: Server, tmp_path: Path, visit: Open
) -> None:
    page = visit(f"{server.address}/Upload_and_classify").page
    page.get_by_role("button", name="I understand").click()
    for form, start in (("PDF", b"%PDF-"), ("HTML", b"<!doctype html>")):
        button = page.get_by_role("button", name=f"Case report ({form})")
        expect(button).to_be_visible()
        with page.expect_download(timeout=PATIENCE_MS) as waiting:
            button.click()
        assert waiting.value.suggested_filename == f"mammo-case-report.{form.lower()}"
        waiting.value.save_as(tmp_path / form)
        assert (tmp_path / form).read_bytes().startswith(start)


def test_a_word_leads_to_its_place_in_the_glossary(server: Server, visit: Open) -> None:
    page = visit(server.address).page
    link = page.get_by_role("link", name="AUC", exact=True)
    expect(link).to_have_attribute("href", "Model_card?part=Glossary#auc")
    linked = visit(f"{server.address}/Model_card?part=Glossary#subtlety").page
    heading = linked.get_by_role("heading", name="Subtlety")
    expect(heading).to_be_in_viewport()


def test_the_settings_open_everywhere(server: Server, visit: Open) -> None:
    page = visit(server.address).page
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("dialog")).to_contain_text("Threshold that results open with")
