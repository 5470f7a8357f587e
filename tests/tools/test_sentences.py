"""The command that draws sentences from the rendered pages."""

import json
from pathlib import Path

import pytest

from mammo.ui.kit.frame import PAGES
from tools.sentences import VISITS, main


def test_every_page_of_the_app_is_visited() -> None:
    assert {page.title for page in PAGES} <= VISITS.keys() | {"Home"}


def test_it_draws_sentences_and_measures_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "words.json"
    assert main(["--page", "Home", "--json", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("  1. [Home] ") and lines[-1].endswith("| Home")
    assert 5 <= float(lines[-1].split("|")[3]) <= 40
    assert json.loads(out.read_text("utf-8"))["Home"]
