"""What `python -m tools.experiments.published` found, as a row of README.md; without TensorFlow."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mammo.text import Estimate, estimate

RESULT = Path(__file__).resolve().parents[2] / "docs" / "published-split.json"


def published() -> dict[str, Any] | None:
    """Return what the command left; None where it was never run."""
    if not RESULT.is_file():
        return None
    result: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    return result


def published_row(names: Sequence[str]) -> list[list[str]]:
    """Return the row of README.md's table for these models; none where this was never run."""
    result = published()
    if result is None:
        return []
    found = result["models"]
    cells = [
        estimate(Estimate(**found[name]["crop"]), 2) if name in found else "" for name in names
    ]
    words = f"AUC on the published split, {result['test_crops']} crops (a Swin Transformer: 0.778)"
    return [[words, *cells, ""]]
