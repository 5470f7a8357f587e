"""Fill the marked parts of a document, and tell whether it says what it should."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from mammo.errors import SettingsError

TOLERANCE = 0.002
"""How far numbers may differ: a processor's last digit, far less than what a figure is shown to."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def filled(text: str, parts: Mapping[str, Callable[[], str]], where: str) -> str:
    """Return the text of a document with its parts as the artifacts have them."""
    for name, write in parts.items():
        marks = rf"<!-- {name}: begin [^\n]*-->\n(.*?)<!-- {name}: end -->"
        found = re.search(marks, text, re.DOTALL)
        if found is None:
            raise SettingsError(
                f"{where} should mark where its {name} stand: <!-- {name}: begin ... --> and "
                f"<!-- {name}: end -->, each on a line of its own."
            )
        text = f"{text[: found.start(1)]}{write()}\n{text[found.end(1) :]}"
    return text


def document(path: Path) -> str:
    """Return the text of a document."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(f"Expected a document. Received: {path} ({error}).") from error


def agree(one: str, other: str) -> bool:
    """Return whether two texts are the same but for the last digit of their numbers."""
    if _NUMBER.sub("#", one) != _NUMBER.sub("#", other):
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(abs(float(first) - float(second)) < TOLERANCE for first, second in pairs)
