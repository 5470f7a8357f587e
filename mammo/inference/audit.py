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
    """Hold a mean over crops with its 95% interval over patients; NaN where no crop has it."""

    crops: int

    @property
    def words(self) -> str:
        """Write the figure, as "0.12 (0.08 to 0.16)"."""
        return estimate(self, 2) if self.crops else "not measured"


@dataclass(frozen=True)
class MethodFindings:
    """Hold what was found of one method on one model.

    Attributes
    ----------
    key, model : str
    shuffled : Figure, rank correlation of its maps with those of a network of shuffled weights
    mirrored : Figure, the same with the map of a mirror image, turned back
    deletion, insertion : Figure, areas under the curves, 0-1
    deletion_gain, insertion_gain : Figure, by how much better than a random order; above 0 is good
    empty : Figure, share of crops whose map shows nothing
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
    def title(self) -> str:
        """Return the method's title."""
        return method_named(self.key).title

    @property
    def passed(self) -> bool | None:
        """Tell whether it passed the randomisation test; None where it was not put to it."""
        return self.shuffled.high < LIKE if self.shuffled.crops else None

    @property
    def verdict(self) -> str:
        """Say whether it passed the randomisation test on this model, with the figures."""
        title, model = self.title, TITLES.get(self.model, self.model)
        if self.passed is None:
            return f"{title} was not put to the randomisation test on {model}."
        how = "passed" if self.passed else "failed"
        return (
            f"{title} {how} the randomisation test on {model}: its maps resemble those of the same "
            f"network with shuffled weights by a rank correlation of {self.shuffled.words}, over "
            f"{self.shuffled.crops} crops; the whole interval must stay below {number(LIKE, 1)} to "
            "pass."
        )

    @property
    def faithfulness(self) -> str:
        """Say whether what it marks matters to the score more than parts taken at random."""
        deleted, inserted = _than_chance(self.deletion_gain), _than_chance(self.insertion_gain)
        return (
            f"Deleting what {self.title} marks lowers the probability {deleted}; inserting it "
            f"raises the probability {inserted}."
        )

    @property
    def stability(self) -> str:
        """Say how like the map of a mirrored crop is."""
        return (
            f"For a mirrored crop {self.title} draws the mirrored map with a rank correlation of "
            f"{self.mirrored.words}, where 1 is the same map."
        )


@dataclass(frozen=True)
class Agreement:
    """Hold how alike the maps of two methods are, as a rank correlation."""

    first: str
    second: str
    figure: Figure


@dataclass(frozen=True)
class LesionFindings:
    """Hold how one map, of a method or a baseline, lies on the lesion's box."""

    name: str
    pointing: Figure
    energy: Figure
    overlap: Figure


@dataclass(frozen=True)
class Audit:
    """Hold the audit of one model.

    Attributes
    ----------
    model, created, command : str
    crops, patients : int
    methods : key of a method -> MethodFindings
    agreement : tuple of Agreement, a pair of methods each
    lesion_crops : int, crops whose lesion box is known
    lesion : tuple of LesionFindings, methods and baselines; empty where no box is known
    """

    model: str
    created: str
    command: str
    crops: int
    patients: int
    methods: dict[str, MethodFindings]
    agreement: tuple[Agreement, ...]
    lesion_crops: int
    lesion: tuple[LesionFindings, ...]

    @property
    def lesion_words(self) -> str:
        """Say over how many crops the maps were held against the lesion, or why over none."""
        if not self.lesion_crops:
            return (
                f"The place of the lesion within its crop is recorded for none of the {self.crops} "
                "crops, so no map was held against it: that needs crops that python -m "
                "mammo.prepare cut from films and masks."
            )
        return f"Held against the lesion's box in {self.lesion_crops} of {self.crops} crops."


def load_audit(model: str, folder: Path | None = None) -> Audit | None:
    """Return the audit of a model; None where it was not audited since its training.

    Parameters
    ----------
    model : "simple_cnn" or "mobilenetv2"
    folder : Path, `artifacts_folder()` by default

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
    known = [method.key for method in METHODS if method.key in methods.fields]
    return Audit(
        model=named,
        created=document.text("created"),
        command=document.text("command"),
        crops=document.integer("crops", low=1),
        patients=document.integer("patients", low=1),
        methods={
            key: MethodFindings(key, named, *_figures(methods.section(key), MethodFindings))
            for key in known
        },
        agreement=tuple(
            Agreement(pair.text("first"), pair.text("second"), pair.build(Figure))
            for pair in document.sections("agreement")
        ),
        lesion_crops=lesion.integer("crops", low=0),
        lesion=tuple(one.build(LesionFindings) for one in lesion.sections("maps")),
    )


def _figures(section: Document, findings: type) -> list[Figure]:
    """Read every figure of a class of findings, each a section of its own."""
    names = [field.name for field in fields(findings) if field.type is Figure]
    return [section.section(name).build(Figure) for name in names]


def _than_chance(gain: Figure) -> str:
    if not gain.crops or math.isnan(gain.low):
        return "by an unknown amount"
    if gain.low > 0:
        return f"sooner than at random (area {gain.words} better)"
    if gain.high < 0:
        return f"later than at random (area {gain.words}, below 0 is worse)"
    return f"no sooner than at random (area {gain.words} better)"
