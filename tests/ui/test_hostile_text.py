"""Nothing that a link, a file or its name says becomes markup, on any page."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from mammo.ui.kit.frame import PAGES
from tests.tiny_artifacts import write_manifest_again, write_tiny_artifacts
from tests.ui import reading_room
from tests.ui.test_comparison_page import on, opened, rewrite_cases

HOSTILE = "![](http://evil.example) <b>:red[x]"
NAMES = (
    "amount", "birads", "case", "cell", "change", "chart", "colours", "cover", "curve", "cut",
    "density", "disagree", "do", "example", "fill", "from", "group", "inside", "label", "layer",
    "margin", "measure", "method", "mobilenetv2", "page", "place", "prevalence", "recipe", "round",
    "shape", "side", "simple_cnn", "source", "split", "threshold", "unit", "view",
)  # fmt: skip
READ_AS_MARKDOWN = ("body", "title", "label", "help", "caption", "text")
ACTIVE = re.compile(r"(?<!\\)[<\[]|https?:(?=//\w)|(?<!\\):red")


def markdown_of(message: Message) -> Iterator[str]:
    """Yield the texts of an element that the browser reads as Markdown."""
    for field, value in message.ListFields():
        for part in [value] if isinstance(value, str | Message) else _parts(value):
            if isinstance(part, Message):
                yield from markdown_of(part)
            elif isinstance(part, str) and field.name in READ_AS_MARKDOWN:
                yield part


def _parts(value: Any) -> list[Any]:
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, bytes) else []


def hostile_texts(page: AppTest) -> list[str]:
    """Return what the page says that quotes the address, and check that it is escaped."""
    protos = [getattr(part, "proto", None) for part in page]
    texts = [text for one in protos if isinstance(one, Message) for text in markdown_of(one)]
    shown = [text for text in texts if "evil.example" in text]
    assert not page.exception
    assert [text for text in shown if ACTIVE.search(text)] == []
    return shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)
def test_a_link_brings_no_markup(app: AppTest, page: Any) -> None:
    app.default_timeout = 300
    app.session_state["notice_accepted"] = True
    found = hostile_texts(opened(app, page.path, **dict.fromkeys(NAMES, HOSTILE)))
    if page.title in {"Grad-CAM viewer", "Dataset explorer", "Reading room"}:
        assert found, "the page quotes what it did not understand"


def test_a_file_and_its_name_bring_no_markup(room: AppTest, tiny_artifacts: Path) -> None:
    page = reading_room.opened(room, do="files")
    named = reading_room.results(tiny_artifacts, reading_room.PLAN, 0, nickname=HOSTILE)[0]
    reading_room.drop(page, [(f"{HOSTILE}.csv", named[1], "text/csv")])
    assert hostile_texts(page)
    reading_room.drop(page, [(f"{HOSTILE}.csv", f"{HOSTILE},\n1".encode(), "text/csv")])
    assert hostile_texts(page)


def test_a_word_that_is_looked_for_brings_no_markup(app: AppTest) -> None:
    page = opened(app, "pages/6_Model_card.py", part="Glossary")
    page.text_input(key="find_word").set_value(HOSTILE).run()
    assert hostile_texts(page)


@pytest.mark.parametrize("column", ["pathology", "mass_shape", "patient_id"])
def test_artifacts_with_markup_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    rewrite_cases(artifacts, **{column: HOSTILE})
    page = opened(on(artifacts, monkeypatch), "pages/3_Dataset_explorer.py")
    assert hostile_texts(page) and "without markup" in page.error[0].value


def test_a_card_with_markup_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    card = artifacts / "mobilenetv2" / "card.json"
    card.write_text(card.read_text().replace('"MobileNetV2"', f'"{HOSTILE}"'))
    write_manifest_again(artifacts)
    page = opened(on(artifacts, monkeypatch), "app.py")
    assert hostile_texts(page)
