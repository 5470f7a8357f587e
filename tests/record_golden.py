"""Record anew what the doors answer: `python -m tests.record_golden [DOOR ...]`.

Only where a door is meant to answer otherwise; `git diff tests/golden` then shows what changes.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.golden_doors import DOORS, GOLDEN, ask_door, kind, path_of


def main(names: list[str]) -> None:
    """Ask the named doors, or all, and keep their answers."""
    GOLDEN.mkdir(exist_ok=True)
    for name in names or DOORS:
        with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
            record = {"kind": kind()} | ask_door(name, Path(folder), monkeypatch)
        text = json.dumps(record, indent=0, ensure_ascii=False)
        path_of(name).write_text(text + "\n", "utf-8")
        print(f"{name}: {len(text):,} characters")


if __name__ == "__main__":
    main(sys.argv[1:])
