"""What the audit of a model found, read field by field, and in words that a page can show.

    audit = load_audit("mobilenetv2")
    for key, found in audit.methods.items():
        print(found.verdict)

Written by `python -m mammo.training.audit`, used by the Grad-CAM viewer and by README.md.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from mammo.artifacts import artifacts_folder, read_attachment
from mammo.artifacts.schema import Document, parse_document
from mammo.inference.maps import METHODS, method_named
from mammo.settings import TITLES

SCHEMA = 1
LIKE = 0.5
"""Mean rank correlation below which two maps do not count as alike, its interval included."""


def audit_name(model: str) -> str:
    """Return the name of a model's audit among the artifacts.

    >>> audit_name("mobilenetv2")
    'audit/mobilenetv2.json'
    """
    return f"audit/{model}.json"


@dataclass(frozen=True)
class Figure:
    """Hold a mean over crops with its 95 % interval over patients; NaN where no crop has it."""

    value: float
    low: float
    high: float
    crops: int

    @property
    def words(self) -> str:
        """Write the figure, as "0.12 (0.08 to 0.16)"."""
        if not self.crops:
            return "not measured"
        if math.isnan(self.low):
            return f"{round(self.value, 2) + 0.0:.2f} (no interval)"
        ends = [f"{round(end, 2) + 0.0:.2f}" for end in (self.value, self.low, self.high)]
        return f"{ends[0]} ({ends[1]} to {ends[2]})"


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
    def passed(self) -> bool | None:
        """Tell whether it passed the randomisation test; None where it was not put to it."""
        return self.shuffled.high < LIKE if self.shuffled.crops else None

    @property
    def verdict(self) -> str:
        """Say whether it passed the randomisation test on this model, with the figures."""
        title, model = method_named(self.key).title, TITLES.get(self.model, self.model)
        if self.passed is None:
            return f"{title} was not put to the randomisation test on {model}."
        how = "passed" if self.passed else "failed"
        return (
            f"{title} {how} the randomisation test on {model}: its maps resemble those of the same "
            f"network with shuffled weights by a rank correlation of {self.shuffled.words}, over "
            f"{self.shuffled.crops} crops; the whole interval must stay below {LIKE:.1f} to pass."
        )

    @property
    def faithfulness(self) -> str:
        """Say whether what it marks matters to the score more than parts taken at random."""
        title = method_named(self.key).title
        return (
            f"Deleting what {title} marks lowers the probability {_than_chance(self.deletion_gain)}"
            f"; inserting it raises the probability {_than_chance(self.insertion_gain)}."
        )

    @property
    def stability(self) -> str:
        """Say how like the map of a mirrored crop is."""
        title = method_named(self.key).title
        return (
            f"For a mirrored crop {title} draws the mirrored map with a rank correlation of "
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
    folder = artifacts_folder() if folder is None else Path(folder)
    content = read_attachment(audit_name(model), folder)
    if content is None:
        return None
    document = parse_document(content, folder / audit_name(model), SCHEMA)
    methods, lesion = document.section("methods"), document.section("lesion")
    known = [method.key for method in METHODS if method.key in methods.fields]
    return Audit(
        model=document.text("model"),
        created=document.text("created"),
        command=document.text("command"),
        crops=document.integer("crops", low=1),
        patients=document.integer("patients", low=1),
        methods={key: _method(key, document.text("model"), methods.section(key)) for key in known},
        agreement=tuple(
            Agreement(pair.text("first"), pair.text("second"), _figure(pair))
            for pair in document.sections("agreement")
        ),
        lesion_crops=lesion.integer("crops", low=0),
        lesion=tuple(_on_lesion(one) for one in lesion.sections("maps")),
    )


def _method(key: str, model: str, section: Document) -> MethodFindings:
    names = (
        "shuffled", "mirrored", "deletion", "insertion", "deletion_gain", "insertion_gain", "empty"
    )  # fmt: skip
    return MethodFindings(key, model, *(_figure(section.section(name)) for name in names))


def _on_lesion(section: Document) -> LesionFindings:
    figures = (_figure(section.section(name)) for name in ("pointing", "energy", "overlap"))
    return LesionFindings(section.text("name"), *figures)


def _figure(section: Document) -> Figure:
    value, low, high = (section.number_or_nan(name) for name in ("value", "low", "high"))
    return Figure(value, low, high, section.integer("crops", low=0))


def _than_chance(gain: Figure) -> str:
    if not gain.crops or math.isnan(gain.low):
        return "by an unknown amount"
    if gain.low > 0:
        return f"sooner than at random (area {gain.words} better)"
    if gain.high < 0:
        return f"later than at random (area {gain.words}, below 0 is worse)"
    return f"no sooner than at random (area {gain.words} better)"
