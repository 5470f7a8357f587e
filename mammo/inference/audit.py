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
BASELINES = ("centre", "brightest tissue", "random")
"""Maps of no network: `mammo.inference.sanity.baselines`."""
MEASURED = {
    "pointing": "peak inside",
    "energy": "share of the map inside",
    "overlap": "overlap of its highest fifth",
}
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
    deletion_gain, insertion_gain : by how much the areas under the curves, 0-1, are better than
        those of a random order; above 0 is good
    """

    key: str
    model: str
    shuffled: Figure
    mirrored: Figure
    deletion_gain: Figure
    insertion_gain: Figure

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
class OnLesion:
    """How one kind of map lies on the lesion's box: means over crops, 0-1.

    Attributes
    ----------
    pointing : whether the map's peak is inside
    energy : the share of its sum inside
    overlap : intersection over union of the box with the map's highest fifth
    """

    name: str
    pointing: Figure
    energy: Figure
    overlap: Figure


@dataclass(frozen=True)
class _Lesion:
    maps: tuple[OnLesion, ...]


@dataclass(frozen=True)
class Audit:
    """The audit of one model; the lesion's box is known of `lesion_crops` crops.

    `lesion` is how each map, by its name, lies on it, "centre", "brightest tissue" and "random"
    among them.
    """

    model: str
    created: str
    command: str
    crops: int
    patients: int
    methods: dict[str, MethodFindings]
    lesion_crops: int
    lesion: dict[str, OnLesion]

    def on_lesion(self, method: str) -> str:
        """State how the maps of a method lie on the lesion's box, beside maps of no network."""
        if not self.lesion_crops or method not in self.lesion:
            return (
                f"The maps were not compared with lesion boxes, because no boxes are recorded for "
                f"these {self.crops} crops. python -m mammo.prepare records them."
            )
        found, others = self.lesion[method], [self.lesion.get(name) for name in BASELINES]
        told = [
            f"{words} {getattr(found, measure).words}, against "
            + ", ".join(
                f"{number(getattr(one, measure).value, 2)} ({name})"
                for name, one in zip(BASELINES, others, strict=True)
                if one is not None
            )
            for measure, words in MEASURED.items()
        ]
        return f"Lesion box, {self.lesion_crops} crops: {'; '.join(told)}."


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
    methods, lesion = document.section("methods"), document.section("lesion")
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
        lesion_crops=lesion.integer("crops", low=0),
        lesion={one.name: one for one in lesion.build(_Lesion).maps},
    )


def _figures(section: Document) -> list[Figure]:
    names = [field.name for field in fields(MethodFindings) if field.type is Figure]
    return [section.section(name).build(Figure) for name in names]


def _than_chance(gain: Figure) -> str:
    if not gain.crops or math.isnan(gain.low):
        return "not measured"
    better = "better than" if gain.low > 0 else "worse than" if gain.high < 0 else "no better than"
    return f"{better} chance (difference in area {gain.words})"
