"""What a stranger sends is shown as plain text, and no request leaves to the address in it."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.browser.conftest import ROOT, Server, Visit, running_server, still

pytestmark = pytest.mark.browser

HOSTILE = (
    "![p](http://evil.example/p.png)", "[a](http://evil.example)", "<http://evil.example>",
    "http://evil.example/x", "HTTPS://evil.example", "_www.evil.example_", "a@evil.example",
    "mailto:a@evil.example", "<img src=http://evil.example/i.png>", "<b onclick=x>b</b>",
    "[r]: http://evil.example", "[r][r] [^1]", ":red[x] :blue-badge[y] :small[z]",
    ":material/home:", ":streamlit: :smile:", "$x^2$ $$y$$", "`c` ``d``",
    "**b** __x_ _i_ ~~s~~ *", "# h", "> q",
    "- a", "+ a", "1. a", "1) a", "===", "    code", "&copy; &#65; &lt;",
    "a | b\n--- | ---\n1 | 2", "a\n\n![p](http://evil.example/p.png)",
    "a\\b \\![p](http://evil.example)", ":é[x] ::x :::y",
    "P_00820_LEFT.dcm at 12:30:15, 50%", "{x} (y) 'z' \"w\" ^~^",
)  # fmt: skip
SCRIPT = """
import streamlit as st
from mammo.text import literal
from tests.browser.test_literal import HOSTILE
for text in HOSTILE:
    st.error(literal(text))
    st.button("x " + literal(text), key=text)
st.table({literal(text): [literal(text)] for text in HOSTILE})
"""
MARKUP = "a, img, b, i, em, strong, del, code, pre, h1, h2, li, table, sup, .katex, [style]"


def evil_requests(visit: Visit) -> list[str]:
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url.lower()))
    return asked


def test_escaped_text_reads_as_it_is_and_nothing_of_it_is_active(
    artifacts: Path, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    script = tmp_path / "shown.py"
    script.write_text(SCRIPT, encoding="utf-8")
    more = {"PYTHONPATH": str(ROOT), "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"}
    with running_server(artifacts, tmp_path / "log", more, script=script) as server:
        opened = visit("about:blank")
        asked = evil_requests(opened)
        opened.page.goto(server.address)
        still(opened)
        shown = opened.page.locator("[data-testid=stAlert] [data-testid=stMarkdownContainer]")
        texts = [" ".join(text.replace("\u2060", "").split()) for text in shown.all_inner_texts()]
        assert texts == [" ".join(text.split()) for text in HOSTILE]
        for place in ("stAlert", "stButton", "stTable"):
            parts = f"[data-testid={place}] [data-testid=stMarkdownContainer]"
            active = opened.page.eval_on_selector_all(
                parts, f"all => all.flatMap(e => [...e.querySelectorAll('{MARKUP}')])"
                ".map(e => e.outerHTML)",
            )  # fmt: skip
            assert active == []
    assert not [url for url in asked if "//evil.example" in url or "//www.evil" in url]


@pytest.mark.parametrize("place", ["Reading_room?round=", "Grad-CAM_viewer?from=case&case=",
                                   "Dataset_explorer?case="])  # fmt: skip
def test_a_link_brings_no_picture_and_no_link(
    server: Server, visit: Callable[..., Visit], place: str
) -> None:
    opened = visit("about:blank")
    asked = evil_requests(opened)
    opened.page.goto(f"{server.address}/{place}{quote('![](http://evil.example)')}")
    still(opened)
    if opened.page.get_by_role("button", name="I understand").count():
        opened.page.get_by_role("button", name="I understand").click()
        still(opened)
    main = opened.page.get_by_test_id("stMain")
    main.get_by_text("evil.example").first.wait_for()
    assert main.locator("img[src*=evil], a[href*=evil]").count() == 0
    assert not [url for url in asked if url.split("/")[2].endswith("evil.example")]
