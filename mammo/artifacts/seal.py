"""The manifest's checksum of itself: its other files have theirs in it, and it has this.

    manifest.json: ..., "seal": "<SHA-256 of all its bytes, with 64 zeros in this place>"

Written by `mammo.artifacts.stage` and `attachments`, checked by `manifest` at each read. A manifest
from before the seal has none and is taken as it is; so that a damaged name of the seal does not
pass as one of these, a manifest may hold no field that nobody knows.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mammo.artifacts.document import RETRAIN
from mammo.errors import ArtifactError

SEAL = "seal"
_MARK = '"seal": "{}"'
_ZEROS = "0" * 64
_FOUND = re.compile(rb'"seal": "([0-9a-f]{64})"')


def sealed(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a manifest with its seal, whatever seal the document held before.

    Examples
    --------
    >>> content = sealed({"schema": 1})
    >>> check_seal(content, json.loads(content), Path("manifest.json"), {"schema"})
    """
    text = json.dumps({**document, SEAL: _ZEROS}, indent=1) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text.replace(_MARK.format(_ZEROS), _MARK.format(digest)).encode()


def check_seal(
    content: bytes, fields: Mapping[str, Any], path: Path, known: set[str] | frozenset[str]
) -> None:
    """Refuse a manifest of which any byte was changed after it was sealed."""
    unknown = sorted(fields.keys() - known - {SEAL})
    if unknown:
        raise ArtifactError(
            f"{path} should hold the fields {', '.join(sorted(known))} and no others, but holds "
            f"{unknown[0]!r}: it was altered, or a newer mammo wrote it. {RETRAIN}"
        )
    if SEAL not in fields:
        return
    found = _FOUND.findall(content)
    if len(found) != 1 or _digest(content) != found[0].decode():
        raise ArtifactError(
            f"{path} does not match its own checksum ({SEAL}): it was altered after it was "
            f"written, and nothing that it lists is used. {RETRAIN}"
        )


def _digest(content: bytes) -> str:
    return hashlib.sha256(_FOUND.sub(_MARK.format(_ZEROS).encode(), content)).hexdigest()
