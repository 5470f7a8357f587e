"""Collect the words that the app shows, draw sentences from them, and measure each page.

    python -m tools.sentences                       60 sentences at random, then a row per page
    python -m tools.sentences --draw 30 --seed 7
    python -m tools.sentences --page "Model comparison"    every sentence of one page

Each page is rendered by Streamlit's `AppTest`: its first view, with help texts, captions, closed
expanders and tables. Words inside the viewer (JavaScript) and in charts are not collected.
"""

import argparse
import json
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any, NamedTuple

from streamlit.testing.v1 import AppTest

from mammo.reading import Reading, Record, RoundPlan, pack, write_code
from mammo.report.model_card import CHECKS, DATA

ROOT = Path(__file__).resolve().parents[1]
FIELDS = frozenset((
    "body", "label", "content", "help", "caption", "alt", "options", "title", "placeholder",
    "default", "value", "text",
))  # fmt: skip
"""Fields of Streamlit's messages that a visitor reads."""
IN_SIGHT = FIELDS - {"help", "alt", "options", "default", "placeholder"}
_END = re.compile(r"(?<=[.!?])(?<! al\.)(?<! St\.)\s+(?=[A-Z\d“'(])")
_PLAN = RoundPlan(10, 1, source="examples", advice=True)
_RATED = Record(_PLAN, tuple(Reading(10 * n, 5.0, 10 * n + 5) for n in range(10)))
_CARD, _READING = "pages/6_Model_card.py", "pages/5_Reading_room.py"


class Visit(NamedTuple):
    """A view of the app: its page, the link that opens it, and the buttons to press."""

    page: str
    link: Mapping[str, str] = MappingProxyType({})
    press: tuple[str, ...] = ()


VISITS = {
    "Home": Visit("app.py"),
    "Upload and classify": Visit("pages/1_Upload_and_classify.py"),
    "Model comparison": Visit("pages/2_Model_comparison.py"),
    "Dataset explorer": Visit("pages/3_Dataset_explorer.py"),
    "Grad-CAM viewer": Visit("pages/4_Grad-CAM_viewer.py"),
    "Reading room": Visit(_READING),
    "Reading room: result files": Visit(_READING, {"do": "files"}),
    "Reading room: a case": Visit(_READING, {"round": write_code(_PLAN)}, ("reading_start",)),
    "Reading room: results": Visit(
        _READING, {"round": write_code(_PLAN), "place": pack(_RATED)}, ("reading_truth",)
    ),
    "Train a model": Visit("pages/7_Train_a_model.py"),
    "Model card": Visit(_CARD),
    "Model card: data": Visit(_CARD, {"part": DATA}),
    "Model card: checklists": Visit(_CARD, {"part": CHECKS}),
    "Glossary": Visit(_CARD, {"part": "Glossary"}),
    "Lessons": Visit("pages/8_Lessons.py"),
    "Lessons: questions": Visit("pages/8_Lessons.py", {"part": "questions"}),
}


def rendered(visit: Visit) -> AppTest:
    """Render a view, the notice accepted."""
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    page.session_state["notice_accepted"] = True
    page.run().switch_page(visit.page)
    for name, value in visit.link.items():
        page.query_params[name] = value
    page.run()
    for key in visit.press:
        page.button(key=key).click().run()
    return page


def texts(block: Any, fields: frozenset[str] = FIELDS) -> Iterator[str]:
    """Yield the texts of a part of a page, in its order; tables only with all fields."""
    for node in block.children.values():
        if node.type in ("arrow_data_frame", "dataframe"):
            if fields is IN_SIGHT:
                continue
            table = node.value.drop(columns="Picture", errors="ignore")
            yield f"{len(table)} rows: {' | '.join(table.columns)}"
            for row in table.iloc[:: 1 + len(table) // 40].itertuples(index=False):
                yield " | ".join(f"{c:.4f}" if isinstance(c, float) else str(c) for c in row)
        elif node.proto is not None and node.type != "html":
            yield from _of_message(node.proto, fields)
        if hasattr(node, "children"):
            yield from texts(node, fields)


def _of_message(message: Any, fields: frozenset[str]) -> Iterator[str]:
    for field, value in message.ListFields():
        several = value if field.is_repeated else [value]
        if field.message_type is not None:
            for part in several if field.name != "label_visibility" else ():
                yield from _of_message(part, fields)
        elif field.name in fields:
            shown = (str(part) for part in several if not isinstance(part, bool))
            yield from (re.sub(r"\(data:[^)]*\)", "", text) for text in shown)


def plain(text: str) -> str:
    """Take Markdown and HTML marks out of a text.

    >>> plain("- **Not sure**: see [the glossary](?term=a) :material/info:")
    'Not sure: see the glossary'
    """
    text = re.sub(r":(material/\w+|\w+-badge(?=\[)|\w+(?=\[)):?|<[^>]+>", "", unescape(text))
    text = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"^[-#>\s|]+|\*\*|[`\[\]]|\\(?=\W)", "", text).strip()


def sentences(text: str) -> list[str]:
    """Return the sentences of a text: what ends with a mark and has four words or more.

    >>> sentences("Sensitivity. It is 0.82 on test crops (95% CI 0.7 to 0.9). Try again?")
    ['It is 0.82 on test crops (95% CI 0.7 to 0.9).']
    """
    lines = [plain(line) for line in text.splitlines()]
    parts = [part for line in lines for part in _END.split(line)]
    return [part for part in parts if len(part.split()) > 3 and part.endswith((".", "!", "?"))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the drawn sentences and the measures of each page."""
    parser = argparse.ArgumentParser(prog="python -m tools.sentences", description=__doc__)
    parser.add_argument("--draw", type=int, default=60, metavar="N", help="sentences to draw")
    parser.add_argument("--seed", type=int, default=1, help="of the random draw")
    parser.add_argument("--page", choices=VISITS, help="list every sentence of this page instead")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the words of every page")
    options = parser.parse_args(arguments)
    pages = {
        name: rendered(visit) for name, visit in VISITS.items() if options.page in (None, name)
    }
    words = {name: list(texts(page.main)) for name, page in pages.items()}
    found = {name: [s for text in words[name] for s in sentences(text)] for name in words}
    pool = sorted({(sentence, name) for name in found for sentence in found[name]})
    if options.page is None:
        pool = random.Random(options.seed).sample(pool, min(options.draw, len(pool)))
    for number, (sentence, name) in enumerate(pool, 1):
        print(f"{number:3}. [{name}] {sentence}")
    print("\nWords of prose | with help and tables | sentences | median words per sentence")
    for name, page in pages.items():
        counts = (
            sum(len(plain(text).split()) for text in part)
            for part in (texts(page.main, IN_SIGHT), words[name])
        )
        middle = median([len(sentence.split()) for sentence in found[name]] or [0])
        print("{:14,} | {:20,} |".format(*counts), f"{len(found[name]):9} | {middle:6} | {name}")
    if options.json:
        options.json.write_text(json.dumps(words, indent=0, ensure_ascii=False), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
