"""Write the figures of the documents and the model card from the artifacts, or check them.

    python -m tools.readme            write them
    python -m tools.readme --check    exit status 1 where a document says something else

The documents mark the parts that belong to this command. README.md: the table `figures`, whose
numbers and rounding are those of `python -m mammo.evaluate` and of the pages, and `example`, one
line of `python -m mammo.predict`. docs/training.md: `trust` and `audit`, what
`python -m mammo.training.trust` and `python -m mammo.training.audit` found. docs/benchmarks.md:
`benchmark`, what the scripts of `benchmarks/` left. docs/deployment.md: `load`, how many visitors
a core carries. docs/MODEL_CARD.md, docs/terms.md and docs/lessons/ are written whole, from
`mammo.card`, `mammo.report.glossary` and `mammo.report.lessons`.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mammo.card import card_text, is_card
from mammo.command_line import exit_status, write_output
from mammo.evaluate import evaluate_artifacts
from mammo.report.glossary import terms_document
from mammo.report.lessons import document as document_of
from mammo.report.lessons import figures, lessons
from tools.readme.figures import audit_part, example_part, figures_part
from tools.readme.marks import agree, document, filled
from tools.readme.measured import benchmark_part, load_part, trust_part

ROOT = Path(__file__).resolve().parents[2]
CARD, TERMS, LESSONS = "docs/MODEL_CARD.md", "docs/terms.md", "docs/lessons"
DOCUMENTS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"figures": figures_part, "example": example_part},
    "docs/training.md": {"trust": trust_part, "audit": audit_part},
    "docs/benchmarks.md": {"benchmark": benchmark_part},
    "docs/deployment.md": {"load": load_part},
}
"""The parts of each document, by the names of their marks."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 where a document and the artifacts do not agree."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.readme",
        description="Write the figures of the documents and the model card from the artifacts.",
    )
    parser.add_argument("--check", action="store_true", help="change nothing, compare")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of README.md and docs/")
    options = parser.parse_args(arguments)
    return exit_status("tools.readme", lambda: _write(options.root, options.check), options.root)


def _write(root: Path, check: bool) -> int:
    """Write or check every document, each filled before the first is written."""
    quoted = figures(evaluate_artifacts(resamples=100).splits["test"])  # counts, no interval
    whole = {root / CARD: card_text(), root / TERMS: terms_document()} | {
        root / LESSONS / f"{lesson.key}.md": document_of(lesson, quoted) for lesson in lessons()
    }
    written = {root / name: document(root / name) for name in DOCUMENTS}
    wanted = {
        root / name: filled(written[root / name], parts, name) for name, parts in DOCUMENTS.items()
    } | whole
    written |= {file: document(file) for file in whole if file.is_file()}
    if not check:
        for file, text in wanted.items():
            # `filled` found its marks in the documents.
            write_output(file, text.encode(), is_card if file == root / CARD else lambda _: True)
        return 0
    stale = [file for file, text in wanted.items() if not agree(written.get(file, ""), text)]
    for file in stale:
        print(f"{file} is not of these artifacts: run python -m tools.readme.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
