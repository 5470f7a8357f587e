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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mammo.errors import ArtifactError, SettingsError
from mammo.imaging.preprocess import Preprocessing
from mammo.settings import VIEWS

MARKUP = re.compile(
    r"[<>`$|\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]|\]\(|:[A-Za-z]\w*[\[:]|://|www\."
)
"""What Markdown, HTML or a chart would read in a text as more than its words."""
RETRAIN = "Restore the artifacts from their release, or rebuild them with `python -m mammo.train`."

CARD_SCHEMA = 1
METHODS = ("platt", "temperature")
THRESHOLDS = ("youden",)
"""What every card has; older releases lack the names that came later."""
SMALLEST_CROP, LARGEST_CROP = 32, 4096

Kind = TypeVar("Kind")


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

    def each(self, name: str, read: "Callable[[Document, str], Kind]") -> dict[str, Kind]:
        """Return what `read` gives for each field of the object under `name`."""
        section = self.section(name)
        return {key: read(section, key) for key in section.fields}

    def sections(self, name: str) -> "tuple[Document, ...]":
        """Return the list of objects under `name`."""
        value = self._checked(name, "a list of objects", lambda value: _is_list(value, dict))
        return tuple(
            Document(item, self.source, f"{self.trail}{name}[{place}].")
            for place, item in enumerate(value)
        )

    def text(self, name: str) -> str:
        """Return the string under `name`; pages show it, so it may hold no markup."""
        self._checked(name, "a text", lambda value: isinstance(value, str))
        return str(self._checked(name, "a text without markup", lambda v: not MARKUP.search(v)))

    def flag(self, name: str) -> bool:
        """Return the truth value under `name`."""
        return bool(self._checked(name, "true or false", lambda value: isinstance(value, bool)))

    def integer(self, name: str, *, low: int = 0) -> int:
        """Return the whole number under `name`, at least `low`."""
        what = f"a whole number of at least {low}"
        return int(self._checked(name, what, lambda value: type(value) is int and value >= low))

    def number(self, name: str, *, low: float = -math.inf, high: float = math.inf) -> float:
        """Return the finite number under `name`, within `low` and `high` (both allowed)."""
        return float(
            self._checked(
                name,
                f"a finite number from {low} to {high}",
                lambda value: (
                    type(value) in (int, float) and math.isfinite(value) and low <= value <= high
                ),
            )
        )

    def number_or_nan(self, name: str) -> float:
        """Return the finite number under `name`; null, for a figure without a value, gives NaN."""
        missing = self.fields.get(name, ...) is None
        return math.nan if missing else self.number(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the list of strings under `name`."""
        return tuple(self._checked(name, "a list of texts", lambda value: _is_list(value, str)))

    def integers(self, name: str, *, length: int, low: int) -> tuple[int, ...]:
        """Return the list of `length` whole numbers under `name`, each at least `low`."""

        def fits(value: Any) -> bool:
            return _is_list(value, int) and len(value) == length and min(value) >= low

        return tuple(self._checked(name, f"a list of {length} whole numbers from {low} up", fits))

    def build(self, kind: type[Kind]) -> Kind:
        """Return a dataclass of texts, whole numbers from 0 and figures, read by its fields."""
        readers = {str: Document.text, int: Document.integer, float: Document.number_or_nan}
        values = {
            field.name: readers[field.type](self, field.name)  # type: ignore[index, operator]
            for field in fields(kind)  # type: ignore[arg-type]
        }
        return kind(**values)

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


def _is_list(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(type(item) is kind for item in value)


def parse_document(content: bytes, path: Path, schema: int) -> Document:
    """Parse one artifact file that must be a JSON object of the given schema.

    Parameters
    ----------
    content : bytes, UTF-8
    path : Path, for the messages
    schema : int, the schema that this version of mammo reads

    Raises
    ------
    ArtifactError
        The content is no JSON object (half written, for one), or is of another schema.
    """
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(
            f"{path} is not whole JSON ({error}): it may be half written or edited. {RETRAIN}"
        ) from error
    if not isinstance(fields, dict):
        raise ArtifactError(
            f"{path} should hold a JSON object, but holds a {type(fields).__name__}. {RETRAIN}"
        )
    document = Document(fields, str(path))
    found = document.integer("schema")
    if found != schema:
        remedy = (
            "Update mammo to the version that wrote these artifacts, or take older artifacts."
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
    2017, arXiv 1706.04599). `fitted_on` says in words on which scores.

    >>> Calibration("platt", 2.0, 0.0, "an example").probability(np.array([0.0])).tolist()
    [0.5]
    """

    method: str
    slope: float
    intercept: float
    fitted_on: str

    def probability(self, logit: NDArray[Any]) -> NDArray[np.float64]:
        """Return the calibrated probability of malignancy, float64 in 0..1, shaped as `logit`."""
        return sigmoid(self.slope * np.asarray(logit, np.float64) + self.intercept)


@dataclass(frozen=True)
class Metric:
    """One figure with its 95% interval; NaN where it has no value."""

    value: float
    low: float
    high: float


Metrics = Mapping[str, Mapping[str, Mapping[str, Metric]]]


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
    thresholds : calibrated probabilities by name ("youden", "sensitivity_90", "specificity_90")
    embedding_size : int, length of the feature vector
    cam_grid : (rows, columns) of the heat map before it is enlarged
    parameters : int, number of weights
    metrics : split ("test", "out_of_fold") -> unit ("crop", "lesion") -> name ("auc") -> Metric
    trained_on : str, in words
    settings : the training settings as recorded
    """

    name: str
    title: str
    crop_size: int
    preprocessing: Preprocessing
    views: tuple[str, ...]
    calibration: Calibration
    thresholds: Mapping[str, float]
    embedding_size: int
    cam_grid: tuple[int, int]
    parameters: int
    metrics: Metrics
    trained_on: str
    settings: Mapping[str, Any]


def sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-logit)) without overflow, float64 in 0..1.

    >>> sigmoid(np.array([-1e9, 0.0, 1e9])).tolist()
    [0.0, 0.5, 1.0]
    """
    decay = np.exp(-np.abs(logit))
    return np.where(logit >= 0, 1.0, decay) / (1.0 + decay)


def parse_card(content: bytes, path: Path, model: str) -> Card:
    """Parse and check the bytes of a `card.json`.

    Raises
    ------
    ArtifactError
        A field is missing, of another type or out of range, or the card is another model's.
    """
    document = parse_document(content, path, CARD_SCHEMA)
    name = document.text("name")
    if name != model:
        raise ArtifactError(f"{path} should be the card of {model}, but is of {name}. {RETRAIN}")
    crop_size = document.integer("crop_size", low=SMALLEST_CROP)
    if crop_size > LARGEST_CROP:
        raise document.refusal("crop_size", f"a whole number of at most {LARGEST_CROP}", crop_size)
    rows, columns = document.integers("cam_grid", length=2, low=1)
    return Card(
        name=name,
        title=document.text("title"),
        crop_size=crop_size,
        preprocessing=_preprocessing(document.section("preprocessing")),
        views=_views(document),
        calibration=_calibration(document.section("calibration")),
        thresholds=_thresholds(document.section("thresholds")),
        embedding_size=document.integer("embedding_size", low=1),
        cam_grid=(rows, columns),
        parameters=document.integer("parameters", low=1),
        metrics=document.each("metrics", lambda splits, split: splits.each(split, _metrics)),
        trained_on=document.text("trained_on"),
        settings=document.section("settings").fields,
    )


def _views(document: Document) -> tuple[str, ...]:
    """Return the views that a card names; one of the first edition gives their number alone."""
    if "views" not in document.fields:
        number = document.integer("flips", low=1) if "flips" in document.fields else len(VIEWS)
        return tuple(VIEWS)[: number if document.flag("test_time_flips") else 1]
    views = document.texts("views")
    if views[:1] != ("upright",) or len({*views}) < len(views) or not {*views} <= {*VIEWS}:
        raise document.refusal("views", f"upright, and others of {', '.join(VIEWS)}", views)
    return views


def _preprocessing(section: Document) -> Preprocessing:
    low = section.number("low_percentile", low=0, high=100)
    high = section.number("high_percentile", low=low, high=100)
    size = section.integer("input_size", low=SMALLEST_CROP)
    try:
        return Preprocessing(input_size=size, low_percentile=low, high_percentile=high)
    except SettingsError as error:
        raise ArtifactError(f"{section.source}: {error} {RETRAIN}") from error


def _calibration(section: Document) -> Calibration:
    method = section.text("method")
    if method not in METHODS:
        raise ArtifactError(
            f"{section.source}: calibration.method should be one of {', '.join(METHODS)}, but is "
            f"{method!r}. {RETRAIN}"
        )
    # A slope of zero or below would turn the order of the cases round, or level them.
    slope = section.number("slope", low=1e-9)
    return Calibration(method, slope, section.number("intercept"), section.text("fitted_on"))


def _thresholds(section: Document) -> Mapping[str, float]:
    names = dict.fromkeys((*THRESHOLDS, *section.fields))
    return {name: section.number(name, low=0, high=1) for name in names}


def _metrics(units: Document, unit: str) -> dict[str, Metric]:
    return units.each(unit, lambda metrics, name: metrics.section(name).build(Metric))
