"""Write the figures of README.md and the model card from the artifacts, or hold them to those.

    python -m tools.readme            write them
    python -m tools.readme --check    exit status 1 where README.md or the card says something else

README.md marks the parts that belong to this command: the table `figures`, whose numbers and
rounding are those of `python -m mammo.evaluate` and of the pages; `example`, one line of
`python -m mammo.predict`; `trust` and `audit`, what `python -m mammo.training.trust` and
`python -m mammo.training.audit` found; and `benchmark`, what the scripts of `benchmarks/` left. The
model card, docs/MODEL_CARD.md, is written whole; `mammo.report.model_card` holds its words.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mammo.command_line import exit_status, starts_with_mark, write_output
from mammo.evaluate import evaluate_artifacts
from mammo.report.model_card import as_markdown, model_card, read_facts
from tools.readme.figures import audit_part, example_part, figures_part
from tools.readme.marks import agree, document, filled
from tools.readme.measured import benchmark_part, trust_part

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
MODEL_CARD = ROOT / "docs" / "MODEL_CARD.md"

PARTS: dict[str, Callable[[], str]] = {
    "figures": figures_part,
    "example": example_part,
    "benchmark": benchmark_part,
    "trust": trust_part,
    "audit": audit_part,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 where README.md and the artifacts do not agree."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.readme",
        description="Write the figures of README.md and the model card from the artifacts.",
    )
    parser.add_argument("--check", action="store_true", help="change nothing, compare")
    parser.add_argument("--file", type=Path, default=README, help="(default: %(default)s)")
    parser.add_argument("--card", type=Path, default=MODEL_CARD, help="(default: %(default)s)")
    options = parser.parse_args(arguments)
    return exit_status("tools.readme", lambda: _write(options), options.file)


def _write(options: argparse.Namespace) -> int:
    written = {options.file: document(options.file)}
    wanted = {options.file: filled(written[options.file], PARTS), options.card: card_text()}
    if options.card.is_file():
        written[options.card] = document(options.card)
    if not options.check:
        for file, text in wanted.items():
            write_output(file, text.encode(), _is_own)
        return 0
    stale = [file for file, text in wanted.items() if not agree(written.get(file, ""), text)]
    for file in stale:
        print(f"{file} is not of these artifacts: run python -m tools.readme.")
    return 1 if stale else 0


def _is_own(path: Path) -> bool:
    return starts_with_mark(path, b"mammo")


def card_text() -> str:
    """Return the model card of the artifacts as Markdown."""
    return as_markdown(model_card(read_facts(evaluate_artifacts().splits["test"])))


if __name__ == "__main__":
    sys.exit(main())
