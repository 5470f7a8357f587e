"""What `python -m mammo.experiments.published` found, as a row of README.md; without TensorFlow."""

import json
from collections.abc import Sequence
from pathlib import Path

from mammo.evaluation import Interval
from mammo.evaluation.wording import interval

RESULT = Path(__file__).resolve().parents[2] / "docs" / "published-split.json"


def published_row(names: Sequence[str]) -> list[list[str]]:
    """Return the row of README.md's table for these models; none where this was never run."""
    if not RESULT.is_file():
        return []
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    found = result["models"]
    cells = [
        interval(Interval(**found[name]["crop"]), 2) if name in found else "" for name in names
    ]
    words = f"AUC on the published split, {result['test_crops']} crops (a Swin Transformer: 0.778)"
    return [[words, *cells, ""]]
