"""What the audit of a model found, read field by field, and in words that a page can show.

    audit = load_audit("mobilenetv2")
    for key, found in audit.methods.items():
        print(found.verdict)

Written by `python -m mammo.training.audit`, used by the Grad-CAM viewer and by README.md.
"""

import math
from dataclasses import dataclass, fields
from pathlib import Path

from mammo.artifacts.contents import attached_document
from mammo.artifacts.schema import Document
from mammo.inference.maps import METHODS, method_named
from mammo.settings import TITLES
from mammo.text import Estimate, estimate, number

SCHEMA = 1
LIKE = 0.5
"""Mean rank correlation below which two maps do not count as alike, its interval included."""


def audit_name(model: str) -> str:
    """Return the name of a model's audit among the artifacts, as "audit/mobilenetv2.json"."""
    return f"audit/{model}.json"


@dataclass(frozen=True)
class Figure(Estimate):
    """A mean over crops with its 95% interval over patients; NaN where no crop has it."""

    crops: int

    @property
    def words(self) -> str:
        """Write the figure, as "0.12 (0.08 to 0.16)"."""
        return estimate(self, 2) if self.crops else "not measured"


@dataclass(frozen=True)
class MethodFindings:
    """What was found of one method on one model.

    Attributes
    ----------
    shuffled : rank correlation of its maps with those of a network of shuffled weights
    mirrored : the same with the map of a mirror image, turned back
    deletion, insertion : areas under the curves, 0-1
    deletion_gain, insertion_gain : by how much better than a random order; above 0 is good
    empty : share of crops whose map shows nothing
    """

    key: str
    model: str
    shuffled: Figure
    mirrored: Figure
    deletion: Figure
    insertion: Figure
    deletion_gain: Figure
    insertion_gain: Figure
    empty: Figure

    @property
    def passed(self) -> bool | None:
        """Return whether it passed the randomisation test; None where it was not put to it."""
        return self.shuffled.high < LIKE if self.shuffled.crops else None

    @property
    def verdict(self) -> str:
        """State whether it passed the randomisation test on this model, with the figures."""
        title, model = method_named(self.key).title, TITLES.get(self.model, self.model)
        if self.passed is None:
            return f"{title} was not tested by randomisation on {model}."
        how = "passed" if self.passed else "failed"
        return (
            f"{title} {how} the randomisation test on {model}: in {self.shuffled.crops} crops, the "
            "rank correlation of its maps before and after shuffling the weights is "
            f"{self.shuffled.words}. To pass, the whole interval must be below {number(LIKE, 1)}."
        )

    @property
    def faithfulness(self) -> str:
        """State whether what it marks matters to the score more than parts taken at random."""
        deleted, inserted = _than_chance(self.deletion_gain), _than_chance(self.insertion_gain)
        return (
            f"Deletion test (regions marked by {method_named(self.key).title} removed first): "
            f"{deleted}. Insertion test (these regions added first): {inserted}."
        )

    @property
    def stability(self) -> str:
        """State how like the map of a mirrored crop is."""
        return (
            f"Mirrored crops: rank correlation with the mirrored map {self.mirrored.words} (1: "
            "identical)."
        )


@dataclass(frozen=True)
class Audit:
    """The audit of one model; the lesion's box is known of `lesion_crops` crops."""

    model: str
    created: str
    command: str
    crops: int
    patients: int
    methods: dict[str, MethodFindings]
    lesion_crops: int

    @property
    def lesion_words(self) -> str:
        """State on how many crops the maps were compared with the lesion box, or why on none."""
        if not self.lesion_crops:
            return (
                f"The maps were not compared with lesion boxes, because no boxes are recorded for "
                f"these {self.crops} crops. python -m mammo.prepare records them."
            )
        return f"Compared with the lesion box in {self.lesion_crops} of {self.crops} crops."


def load_audit(model: str, folder: Path | None = None) -> Audit | None:
    """Return the audit of a model; None where it was not audited since its training.

    Raises
    ------
    ArtifactError
        The file is altered, not whole or of another schema.
    """
    document = attached_document(audit_name(model), folder, SCHEMA)
    if document is None:
        return None
    methods = document.section("methods")
    named = document.text("model")
    return Audit(
        model=named,
        created=document.text("created"),
        command=document.text("command"),
        crops=document.integer("crops", low=1),
        patients=document.integer("patients", low=1),
        methods={
            method.key: MethodFindings(method.key, named, *_figures(methods.section(method.key)))
            for method in METHODS
            if method.key in methods.fields
        },
        lesion_crops=document.section("lesion").integer("crops", low=0),
    )


def _figures(section: Document) -> list[Figure]:
    names = [field.name for field in fields(MethodFindings) if field.type is Figure]
    return [section.section(name).build(Figure) for name in names]


def _than_chance(gain: Figure) -> str:
    if not gain.crops or math.isnan(gain.low):
        return "not measured"
    better = "better than" if gain.low > 0 else "worse than" if gain.high < 0 else "no better than"
    return f"{better} chance (difference in area {gain.words})"
