"""What the model card is written from: the artifacts, and nothing typed by hand.

facts = read_facts(split)  # split: the official test crops, as `mammo.evaluation` found them
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo.artifacts import (
    Card,
    LeakLesson,
    Manifest,
    artifacts_folder,
    load_card,
    load_leak_lesson,
    load_manifest,
    read_attachment,
)
from mammo.artifacts.cases import CASES_NAME, read_rows
from mammo.artifacts.lesson import LEAK, LEAK_WITHOUT_AUGMENTATION
from mammo.artifacts.manifest import read_files
from mammo.errors import ArtifactError
from mammo.evaluation import SplitEvaluation
from mammo.inference.audit import Audit, load_audit
from mammo.inference.trust import TRUST_NAME

Row = Mapping[str, str]
SPLITS = {"train": "Training", "test": "Test"}


@dataclass(frozen=True, eq=False)
class Facts:
    """Hold what the card is written from.

    Attributes
    ----------
    manifest : Manifest
    cards : the models, in the manifest's order
    rows : rows of `cases.csv` as texts, every crop once
    split : SplitEvaluation of the official test split, by crop
    trust : the document of `trust.json`, None where it is not attached
    lessons : the leak with and without augmentation, None where it was not taught
    audits : the audit of each model's heat maps, where one was made
    """

    manifest: Manifest
    cards: tuple[Card, ...]
    rows: Sequence[Row]
    split: SplitEvaluation
    trust: Mapping[str, Any] | None
    lessons: tuple[LeakLesson | None, LeakLesson | None]
    audits: tuple[Audit, ...]

    def of(self, split: str) -> list[Row]:
        """Return the rows of "train" or "test"."""
        return [row for row in self.rows if row["split"] == split]

    def count(self, split: str, column: str) -> Counter[str]:
        """Count the crops of a split by what a column says."""
        return Counter(row[column] for row in self.of(split))

    def distinct(self, split: str, column: str) -> int:
        """Return how many different entries a column has in a split."""
        return len(self.count(split, column))

    def malignant_share(self, split: str) -> float:
        """Return the share of malignant crops in a split, 0-1."""
        rows = self.of(split)
        return sum(row["label"] == "1" for row in rows) / max(len(rows), 1)


def read_facts(split: SplitEvaluation, folder: Path | None = None) -> Facts:
    """Read everything that the card is written from.

    Parameters
    ----------
    split : SplitEvaluation of the official test split, by crop
    folder : Path, the artifacts; by default `$MAMMO_ARTIFACTS` or the release beside the package

    Raises
    ------
    ArtifactError
        The artifacts are altered, missing or not whole.
    """
    folder = artifacts_folder() if folder is None else Path(folder)
    manifest = load_manifest(folder)
    rows = read_rows(read_files((CASES_NAME,), folder)[CASES_NAME], folder / CASES_NAME)
    audits = [load_audit(name, folder) for name in manifest.models]
    return Facts(
        manifest=manifest,
        cards=tuple(load_card(name, folder) for name in manifest.models),
        rows=rows,
        split=split,
        trust=_document(TRUST_NAME, folder),
        lessons=(
            load_leak_lesson(LEAK, folder),
            load_leak_lesson(LEAK_WITHOUT_AUGMENTATION, folder),
        ),
        audits=tuple(audit for audit in audits if audit is not None),
    )


def _document(name: str, folder: Path) -> Mapping[str, Any] | None:
    content = read_attachment(name, folder)
    if content is None:
        return None
    try:
        document: Mapping[str, Any] = json.loads(content)
    except ValueError as error:
        raise ArtifactError(
            f"{folder / name} should be JSON, but is not ({error}). Attach it again by the command "
            "that made it."
        ) from error
    return document
