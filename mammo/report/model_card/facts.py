"""What the model card is written from: the artifacts, and nothing typed by hand.

facts = read_facts(split)  # split: the official test crops, as `mammo.evaluation` found them
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mammo.artifacts import (
    Card,
    LeakLesson,
    Manifest,
    artifacts_folder,
    load_card,
    load_leak_lesson,
    load_manifest,
)
from mammo.artifacts.contents import (
    CASES_NAME,
    LEAK,
    LEAK_WITHOUT_AUGMENTATION,
    attached_document,
    read_rows,
)
from mammo.artifacts.manifest import read_files
from mammo.evaluation import SplitEvaluation
from mammo.inference.audit import Audit, load_audit
from mammo.inference.concepts import Concepts, load_concepts
from mammo.inference.trust import SCHEMA as TRUST_SCHEMA
from mammo.inference.trust import TRUST_NAME
from mammo.settings import REGISTRY, TITLES
from mammo.text import parts, percent, with_article

Row = Mapping[Any, Any]
WORST = 5


@dataclass(frozen=True, eq=False)
class Failures:
    """The worst answers of one model: rows of `cases.csv`, the worst first."""

    card: Card
    misses: Sequence[Row]
    false_alarms: Sequence[Row]


@dataclass(frozen=True, eq=False)
class Facts:
    """What the card is written from.

    Attributes
    ----------
    manifest : Manifest
    cards : the models, in the manifest's order
    cases : DataFrame, `cases.csv` as texts, every crop once
    split : SplitEvaluation of the official test split, by crop
    trust : the document of `trust.json`, None where it is not attached
    lessons : the leak with and without augmentation, None where it was not taught
    audits : the audit of each model's heat maps, where one was made
    concepts : the concept probes, None where they are not attached
    """

    manifest: Manifest
    cards: tuple[Card, ...]
    cases: pd.DataFrame
    split: SplitEvaluation
    trust: Mapping[str, Any] | None
    lessons: tuple[LeakLesson | None, LeakLesson | None]
    audits: tuple[Audit, ...]
    concepts: Concepts | None = None

    def of(self, split: str) -> pd.DataFrame:
        """Return the rows of "train" or "test"."""
        return self.cases[self.cases["split"] == split]

    def distinct(self, split: str, column: str) -> int:
        """Return how many different entries a column has in a split."""
        return self.of(split)[column].nunique()

    def malignant_share(self, split: str) -> float:
        """Return the share of malignant crops in a split, 0-1."""
        rows = self.of(split)
        return float((rows["label"] == "1").sum() / max(len(rows), 1))

    def without(self, column: str) -> int:
        """Return how many crops have no entry in a column."""
        return sum(not parts(value) for value in self.cases[column])

    def has_figures(self, split: str, unit: str) -> bool:
        """Return whether any model was measured on a split by crop or by lesion."""
        return any(unit in card.metrics.get(split, {}) for card in self.cards)

    @property
    def widest_auc(self) -> float:
        """Half the width of the widest interval of a test AUC; 0.5 where none has an interval."""
        areas = [model.metrics["auc"] for model in self.split.models.values()]
        halves = [(area.high - area.low) / 2 for area in areas]
        return max((half for half in halves if not math.isnan(half)), default=0.5)


def read_facts(split: SplitEvaluation, folder: Path | None = None) -> Facts:
    """Read everything that the card is written from.

    `split` is the official test split, by crop; `folder` the artifacts, by default
    `$MAMMO_ARTIFACTS` or the release beside the package.

    Raises
    ------
    ArtifactError
        The artifacts are altered, missing or not whole.
    """
    folder = artifacts_folder() if folder is None else Path(folder)
    manifest = load_manifest(folder)
    cases = read_rows(read_files((CASES_NAME,), folder)[CASES_NAME], folder / CASES_NAME)
    trust = attached_document(TRUST_NAME, folder, TRUST_SCHEMA)
    audits = [load_audit(name, folder) for name in manifest.models]
    return Facts(
        manifest=manifest,
        cards=tuple(load_card(name, folder) for name in manifest.models),
        cases=pd.DataFrame(cases),
        split=split,
        trust=None if trust is None else trust.fields,
        lessons=(
            load_leak_lesson(LEAK, folder),
            load_leak_lesson(LEAK_WITHOUT_AUGMENTATION, folder),
        ),
        audits=tuple(audit for audit in audits if audit is not None),
        concepts=load_concepts(folder),
    )


def worst_answers(facts: Facts) -> tuple[Failures, ...]:
    """Find the five worst misses and false alarms of each model.

    Misses are malignant lesions with the lowest probability, false alarms benign ones with the
    highest. Only answers on the wrong side of the balanced threshold count.
    """
    rows, found = facts.of("test"), []
    for card in facts.cards:
        p = pd.to_numeric(rows[f"{card.name}_p"])
        ranked = rows.assign(p=p)[p.notna()].sort_values(["p", "case_id"])
        above, malignant = ranked["p"] >= card.thresholds["youden"], ranked["label"] == "1"
        wrong = ranked[malignant & ~above], ranked[~malignant & above][::-1]
        found.append(Failures(card, *(one[:WORST].to_dict("records") for one in wrong)))
    return tuple(found)


def how_trained(card: Card) -> str:
    """Return how a model was initialised and trained; "" for a model that is not known.

    "The simple CNN started from random weights and was trained to predict the recorded label."
    """
    entry, share = REGISTRY.get(card.name), float(card.settings.get("distillation", 0))
    if entry is None:
        return ""
    target = "the recorded label"
    if share:
        teacher = f"{TITLES[entry.teacher]}'s" if entry.teacher else "an earlier fit's"
        target = f"the recorded label and {teacher} probability, weighted {percent(share)}"
    name = with_article(card.title, starts=True)
    return f"{name} started from {entry.begins} and was trained to predict {target}."
