"""JSON documents of the artifacts, read field by field; every refusal is a sentence.

A file that a killed program left half written, or that somebody edited by hand, must end in words
that say which field of which file is wrong. The card of a trained model is here too: how to feed
it, how to read it, how good it is.

After Mitchell et al. 2019, "Model cards for model reporting", doi 10.1145/3287560.3287596; storing
operating thresholds beside the weights follows torchxrayvision.
"""

import json
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.errors import ArtifactError, SettingsError
from mammo.imaging.preprocess import Preprocessing
from mammo.settings import VIEWS
from mammo.text import Estimate

MARKUP = re.compile(
    r"[<>`$|\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]|\]\(|:[A-Za-z]\w*[\[:]|://|www\."
)
"""What Markdown, HTML or a chart would read in a text as more than its words."""
RETRAIN = "Restore the artifacts from their release, or rebuild them with `python -m mammo.train`."

CARD_SCHEMA = 1
SMALLEST_CROP, LARGEST_CROP = 32, 4096

Kind = TypeVar("Kind")
Positive = Annotated[int, (1, math.inf)]


@dataclass(frozen=True)
class Document:
    """One JSON object, the file it came from, and the fields that led to it.

    Each method returns the value of a field that has the type and range that it names, or raises
    an ArtifactError that says what was expected and what is there.
    """

    fields: dict[str, Any]
    source: str
    trail: str = ""

    def section(self, name: str) -> "Document":
        """Return the object under `name`."""
        value = self._checked(name, "an object", lambda value: isinstance(value, dict))
        return Document(value, self.source, f"{self.trail}{name}.")

    def text(self, name: str) -> str:
        """Return the string under `name`; pages show it, so it may hold no markup."""
        self._checked(name, "a text", lambda value: isinstance(value, str))
        return str(self._checked(name, "a text without markup", lambda v: not MARKUP.search(v)))

    def integer(self, name: str, *, low: int = 0, high: float = math.inf) -> int:
        """Return the whole number under `name`, within `low` and `high` (both allowed)."""
        what = f"a whole number of at least {low}" + (f", at most {high}" * (high < math.inf))
        return int(self._checked(name, what, lambda v: type(v) is int and low <= v <= high))

    def number(self, name: str, *, low: float = -math.inf, high: float = math.inf) -> float:
        """Return the finite number under `name`, within `low` and `high` (both allowed)."""
        ends = max(low, -sys.float_info.max), min(high, sys.float_info.max)
        what = f"a finite number from {low} to {high}"
        return float(
            self._checked(name, what, lambda v: type(v) in (int, float) and ends[0] <= v <= ends[1])
        )

    def number_or_nan(self, name: str) -> float:
        """Return the finite number under `name`; null, for a figure without a value, gives NaN."""
        missing = self.fields.get(name, ...) is None
        return math.nan if missing else self.number(name)

    def build(self, kind: type[Kind], optional: Sequence[str] = ()) -> Kind:
        """Return a dataclass whose annotations are the schema; `optional` fields may be absent."""
        hints = get_type_hints(kind, include_extras=True).items()
        read = {name: hint for name, hint in hints if name in self.fields or name not in optional}
        try:
            return kind(**{name: self._value(name, hint) for name, hint in read.items()})
        except SettingsError as error:
            raise ArtifactError(f"{self.source}: {error} {RETRAIN}") from error

    def _value(self, name: str, hint: Any) -> Any:
        """Read a text, a whole number from 0, a figure (null is NaN), or what holds such values."""
        kind: Any
        kind, parts = get_origin(hint) or hint, get_args(hint)
        if kind is Annotated:  # a number and its range
            read = self.integer if parts[0] is int else self.number
            return read(name, low=parts[1][0], high=parts[1][1])
        if kind is Literal:
            known = [(type(part), part) for part in parts]
            what = f"one of {', '.join(map(str, parts))}"
            return self._checked(name, what, lambda value: (type(value), value) in known)
        if kind is bool:
            return self._checked(name, "true or false", lambda value: type(value) is bool)
        if kind is UnionType:  # what may be absent, and None
            return None if self.fields.get(name) is None else self._value(name, parts[0])
        if kind is tuple:
            items = self._items(name, None if ... in parts else len(parts))
            return tuple(items._value(place, parts[0]) for place in items.fields)
        if kind is Mapping:
            section = self.section(name)
            return {key: section._value(key, parts[1]) for key in section.fields}
        if isinstance(kind, type) and is_dataclass(kind):
            return self.section(name).build(kind)
        simple: dict[Any, Callable[[str], Any]]
        simple = {str: self.text, int: self.integer, float: self.number_or_nan}
        return simple.get(kind, self.fields.get)(name)

    def _items(self, name: str, length: int | None = None) -> "Document":
        """Return a list as an object, its places as names."""

        def fits(value: Any) -> bool:
            return isinstance(value, list) and length in (None, len(value))

        value = self._checked(name, "a list" + (f" of {length}" if length else ""), fits)
        items = {str(place): item for place, item in enumerate(value)}
        return Document(items, self.source, f"{self.trail}{name}.")

    def _checked(self, name: str, expected: str, fits: Callable[[Any], bool]) -> Any:
        if name not in self.fields:
            raise ArtifactError(
                f"{self.source} should name {self.trail}{name} but does not. {RETRAIN}"
            )
        if not fits(self.fields[name]):
            raise self.refusal(name, expected, self.fields[name])
        return self.fields[name]

    def refusal(self, name: str, expected: str, received: object) -> ArtifactError:
        """Return the error that says which field is wrong, for the caller to raise."""
        shown = repr(received) if len(repr(received)) <= 60 else f"{repr(received)[:57]}..."
        return ArtifactError(
            f"{self.source}: {self.trail}{name} should be {expected}, but is {shown}. {RETRAIN}"
        )


def parse_document(content: bytes, path: Path, schema: int) -> Document:
    """Parse an artifact file, a JSON object of the schema that this version reads, or refuse it."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(
            f"{path} is not complete JSON ({error}): it may be half written or edited. {RETRAIN}"
        ) from error
    if not isinstance(fields, dict):
        raise ArtifactError(
            f"{path} should hold a JSON object, but holds a {type(fields).__name__}. {RETRAIN}"
        )
    document = Document(fields, str(path))
    found = document.integer("schema")
    if found != schema:
        remedy = (
            "Update mammo to the version that wrote these artifacts, or use older artifacts."
            if found > schema
            else "Rebuild the artifacts with `python -m mammo.train` of this version."
        )
        raise ArtifactError(
            f"{path} is of artifact schema {found}, but this version of mammo reads schema "
            f"{schema}. {remedy}"
        )
    return document


@dataclass(frozen=True)
class Calibration:
    """Turn a logit into a probability: p = 1 / (1 + exp(-(slope * logit + intercept))).

    Platt scaling fits both numbers, temperature scaling the slope only (Platt 1999; Guo et al.
    2017, arXiv 1706.04599). `fitted_on` says in words on which scores. A slope of zero or below
    would turn the order of the cases round, or level them.

    >>> Calibration("platt", 2.0, 0.0, "an example").probability(np.array([0.0])).tolist()
    [0.5]
    """

    method: Literal["platt", "temperature"]
    slope: Annotated[float, (1e-9, math.inf)]
    intercept: Annotated[float, (-math.inf, math.inf)]
    fitted_on: str

    def probability(self, logit: NDArray[Any]) -> NDArray[np.float64]:
        """Return the calibrated probability of malignancy, float64 in 0..1, shaped as `logit`."""
        return sigmoid(self.slope * np.asarray(logit, np.float64) + self.intercept)


Share = Annotated[float, (0, 1)]
Reading = Literal["benign", "malignant", "cannot tell"]


@dataclass(frozen=True)
class Sets:
    """The bounds of class-conditional conformal sets at 90%: `mammo.evaluation.conformal`.

    A probability is compatible with "malignant" from the one, with "benign" up to the other.

    >>> sets = Sets(malignant_from=0.2, benign_up_to=0.6)
    >>> [sets.reading(p) for p in (0.1, 0.2, 0.6, 0.7)]
    ['benign', 'cannot tell', 'cannot tell', 'malignant']
    """

    malignant_from: Share
    benign_up_to: Share

    def reading(self, p: float) -> Reading:
        """Return the one label in the set; "cannot tell" where both are in it, or none."""
        malignant, benign = p >= self.malignant_from, p <= self.benign_up_to
        if malignant == benign:
            return "cannot tell"
        return "malignant" if malignant else "benign"


@dataclass(frozen=True)
class TwoViews:
    """How to read the mean of the calibrated logits of a lesion's two views, CC and MLO.

    All were fitted on out-of-fold scores of training lesions with two views; `thresholds` has the
    names of the card's own.
    """

    calibration: Calibration
    thresholds: Mapping[str, Share]
    sets: Sets | None = None


@dataclass(frozen=True)
class Card:
    """What `card.json` says of one trained model.

    Attributes
    ----------
    name, title : str, the key ("mobilenetv2") and the name to show ("MobileNetV2")
    crop_size : int, side in pixels of the crops it learned on
    preprocessing : Preprocessing, from crop to network input
    views : names of `mammo.settings.VIEWS`, over which the logit is averaged, the
        upright one first; what training never showed does not belong into the average
    calibration : Calibration
    thresholds : calibrated probabilities by name; "youden" is always there
    embedding_size : int, length of the feature vector
    cam_grid : (rows, columns) of the heat map before it is enlarged
    parameters : int, number of weights
    metrics : split ("test", "out_of_fold") -> unit ("crop", "lesion") -> name ("auc") -> Estimate
    trained_on : str, in words
    settings : the training settings as recorded
    two_views : TwoViews, how to read two views of a lesion; None where it was not fitted
    sets : Sets, which diagnoses a probability is compatible with; None where they were not fitted
    """

    name: str
    title: str
    crop_size: Annotated[int, (SMALLEST_CROP, LARGEST_CROP)]
    preprocessing: Preprocessing
    views: tuple[str, ...]
    calibration: Calibration
    thresholds: Mapping[str, Share]
    embedding_size: Positive
    cam_grid: tuple[Positive, Positive]
    parameters: Positive
    metrics: Mapping[str, Mapping[str, Mapping[str, Estimate]]]
    trained_on: str
    settings: Mapping[str, Any]
    two_views: TwoViews | None = None
    sets: Sets | None = None

    def for_two_views(self) -> "Card":
        """Return the card whose calibration and thresholds are those of two views.

        Without them the calibrated logits are averaged, and the crop's thresholds apply.
        """
        if self.two_views is None:
            averaged = replace(self.calibration, slope=1.0, intercept=0.0)
            return replace(self, calibration=averaged, sets=None)
        return replace(self, **vars(self.two_views))

    def pooled(self, p: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of two views from those of each, (2, ...), by `for_two_views`."""
        return self.calibration.probability(logit(p).mean(axis=0))


def sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-logit)) without overflow, float64 in 0..1.

    >>> sigmoid(np.array([-1e9, 0.0, 1e9])).tolist()
    [0.0, 0.5, 1.0]
    """
    decay = np.exp(-np.abs(logit))
    return np.where(logit >= 0, 1.0, decay) / (1.0 + decay)


def logit(p: ArrayLike) -> NDArray[np.float64]:
    """Return log(p / (1 - p)), float64, with p held 1e-7 away from 0 and 1.

    >>> logit([0.0, 0.5]).round(3).tolist()
    [-16.118, 0.0]
    """
    held = np.clip(np.asarray(p, np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(held) - np.log1p(-held))


def parse_card(content: bytes, path: Path, model: str) -> Card:
    """Parse the bytes of a `card.json`; refuse a wrong field, or the card of another model."""
    document = parse_document(content, path, CARD_SCHEMA)
    name = document.text("name")
    if name != model:
        raise ArtifactError(f"{path} should be the card of {model}, but is of {name}. {RETRAIN}")
    if "views" not in document.fields:  # of the first edition
        document.fields["views"] = list(VIEWS)[: _flips(document)]
    document.section("thresholds").number("youden", low=0, high=1)
    card = document.build(Card)
    views = card.views
    if views[:1] != ("upright",) or len({*views}) < len(views) or not {*views} <= {*VIEWS}:
        raise document.refusal("views", f"upright, and others of {', '.join(VIEWS)}", views)
    named, pair = set(card.thresholds), card.two_views
    if pair is not None and set(pair.thresholds) != named:
        same = f"thresholds named {', '.join(sorted(named))}"
        raise document.section("two_views").refusal("thresholds", same, pair.thresholds)
    return card


def _flips(document: Document) -> int:
    """Return over how many views a card of the first edition averages."""
    flips = document.integer("flips", low=1) if "flips" in document.fields else len(VIEWS)
    if flips not in (1, 2, len(VIEWS)):
        raise document.refusal("flips", f"1, 2 or {len(VIEWS)}", flips)
    return flips if document._value("test_time_flips", bool) else 1
