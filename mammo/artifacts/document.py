"""Read a JSON document field by field, each with its type and range; every refusal is a sentence.

Used by `manifest` and `card`. A file that a killed program left half written, or that somebody
edited by hand, must end in words that say which field of which file is wrong.
"""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo.errors import ArtifactError

MARKUP = re.compile(
    r"[<>`$|\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]|\]\(|:[A-Za-z]\w*[\[:]|://|www\."
)
"""What Markdown, HTML or a chart would read in a text as more than its words."""
RETRAIN = "Restore the artifacts from their release, or rebuild them with `python -m mammo.train`."


@dataclass(frozen=True)
class Document:
    """Hold one JSON object, the file it came from, and the fields that led to it."""

    fields: dict[str, Any]
    source: str
    trail: str = ""

    def section(self, name: str) -> "Document":
        """Return the object under `name`."""
        fields = self._get(name)
        if not isinstance(fields, dict):
            raise self.refusal(name, "an object", fields)
        return Document(fields, self.source, f"{self.trail}{name}.")

    def sections(self, name: str) -> "tuple[Document, ...]":
        """Return the list of objects under `name`."""
        value = self._get(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.refusal(name, "a list of objects", value)
        return tuple(
            Document(item, self.source, f"{self.trail}{name}[{place}].")
            for place, item in enumerate(value)
        )

    def text(self, name: str) -> str:
        """Return the string under `name`; pages show it, so it may hold no markup."""
        value = self._get(name)
        if not isinstance(value, str):
            raise self.refusal(name, "a text", value)
        if MARKUP.search(value):
            raise self.refusal(name, "a text without markup", value)
        return value

    def flag(self, name: str) -> bool:
        """Return the truth value under `name`."""
        value = self._get(name)
        if not isinstance(value, bool):
            raise self.refusal(name, "true or false", value)
        return value

    def integer(self, name: str, *, low: int) -> int:
        """Return the whole number under `name`, at least `low`."""
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise self.refusal(name, f"a whole number of at least {low}", value)
        return value

    def number(self, name: str, *, low: float = -math.inf, high: float = math.inf) -> float:
        """Return the finite number under `name`, within `low` and `high` (both allowed)."""
        value = self._get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not low <= value <= high:
            raise self.refusal(name, f"a finite number from {low} to {high}", value)
        return float(value)

    def number_or_nan(self, name: str) -> float:
        """Return the finite number under `name`; null, for a figure without a value, gives NaN."""
        return math.nan if self._get(name) is None else self.number(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the list of strings under `name`."""
        value = self._get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.refusal(name, "a list of texts", value)
        return tuple(value)

    def integers(self, name: str, *, length: int, low: int) -> tuple[int, ...]:
        """Return the list of `length` whole numbers under `name`, each at least `low`."""
        value = self._get(name)
        whole = isinstance(value, list) and all(type(item) is int for item in value)
        if not whole or len(value) != length or min(value) < low:
            raise self.refusal(name, f"a list of {length} whole numbers from {low} up", value)
        return tuple(value)

    def _get(self, name: str) -> Any:
        if name not in self.fields:
            raise ArtifactError(
                f"{self.source} should name {self.trail}{name} but does not. {RETRAIN}"
            )
        return self.fields[name]

    def refusal(self, name: str, expected: str, received: object) -> ArtifactError:
        """Return the error that says which field is wrong, for the caller to raise."""
        shown = repr(received) if len(repr(received)) <= 60 else f"{repr(received)[:57]}..."
        return ArtifactError(
            f"{self.source}: {self.trail}{name} should be {expected}, but is {shown}. {RETRAIN}"
        )


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
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ArtifactError(
            f"{path} is not whole JSON ({error}): it may be half written or edited. {RETRAIN}"
        ) from error
    if not isinstance(fields, dict):
        raise ArtifactError(
            f"{path} should hold a JSON object, but holds a {type(fields).__name__}. {RETRAIN}"
        )
    document = Document(fields, str(path))
    found = document.integer("schema", low=0)
    if found != schema:
        raise ArtifactError(
            f"{path} is of artifact schema {found}, but this version of mammo reads schema "
            f"{schema}. {_schema_remedy(found, schema)}"
        )
    return document


def _schema_remedy(found: int, readable: int) -> str:
    if found > readable:
        return "Update mammo to the version that wrote these artifacts, or take older artifacts."
    return "Rebuild the artifacts with `python -m mammo.train` of this version."
