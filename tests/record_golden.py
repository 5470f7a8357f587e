"""Record anew what the doors answer: `python -m tests.record_golden [DOOR ...]`.

Only where a door is meant to answer otherwise; `git diff tests/golden` then shows what changes.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.golden_doors import DOORS, ask_door, keep, kind


def main(names: list[str]) -> None:
    """Ask the named doors, or all, and keep their answers."""
    for name in names or DOORS:
        with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
            keep(name, {"kind": kind()} | ask_door(name, Path(folder), monkeypatch))


if __name__ == "__main__":
    main(sys.argv[1:])
