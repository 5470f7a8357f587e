"""Write the model card, from the artifacts: `python -m mammo.card`.

    python -m mammo.card                                  to standard output, as Markdown
    python -m mammo.card --out MODEL_CARD.md --artifacts DIR

The card describes the models, their data, their performance and their limits.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mammo.command_line import command_parser, exit_status, starts_with_mark, write_output
from mammo.evaluate import evaluate_artifacts
from mammo.report.model_card import TITLE, as_markdown, model_card
from mammo.report.model_card.facts import read_facts


def card_text(folder: Path | None = None) -> str:
    """Return the model card of the artifacts, by default the release, as Markdown.

    Raises
    ------
    ArtifactError
        The artifacts are altered, missing or incomplete.
    """
    return as_markdown(model_card(read_facts(evaluate_artifacts(folder).splits["test"], folder)))


def is_card(path: Path) -> bool:
    """Return whether a file is a model card of mammo."""
    return starts_with_mark(path, TITLE.encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = command_parser("mammo.card", __doc__)
    parser.add_argument("--out", type=Path, metavar="FILE", help="(default: standard output)")
    parser.add_argument(
        "--artifacts", type=Path, metavar="DIR", help="trained artifacts (default: the release)"
    )
    options = parser.parse_args(arguments)

    def run() -> None:
        text = card_text(options.artifacts)
        if options.out is None:
            sys.stdout.buffer.write(text.encode())
            return
        write_output(options.out, text.encode(), is_card, "--out")

    return exit_status("mammo.card", run, options.out or Path())


if __name__ == "__main__":
    sys.exit(main())
