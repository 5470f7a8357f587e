"""The manifest of the trained artifacts, and files that are read only if they match it.

`artifacts/manifest.json` names each file with its size and SHA-256 (FIPS 180-4) and says which
command, data, seed and package versions made them. Each read hashes the file's bytes and hands out
those very bytes, so that one changed byte is noticed before it can change an answer.

The manifest has a checksum of itself, too:

    manifest.json: ..., "seal": "<SHA-256 of all its bytes, with 64 zeros in this place>"

A manifest from before the seal has none and is taken as it is; so that a damaged name of the seal
does not pass as one of these, a manifest may hold no field that nobody knows.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mammo.artifacts.schema import RETRAIN, parse_document
from mammo.artifacts.swap import restore_interrupted_swap
from mammo.errors import ArtifactError
from mammo.files import home_folder, reason_of

MANIFEST_SCHEMA = 1
MANIFEST_NAME = "manifest.json"
FOLDER_VARIABLE = "MAMMO_ARTIFACTS"
SWAPS_IN_A_ROW = 5
_SEAL = "seal"
_MARK = '"seal": "{}"'
_UNSEALED = _MARK.format("0" * 64)
_FOUND = re.compile(rb'"seal": "([0-9a-f]{64})"')


@dataclass(frozen=True)
class FileRecord:
    """What the manifest says of one file: SHA-256 in hexadecimal, size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class DataFacts:
    """What the models were trained and tested on: a fingerprint, crops and patients."""

    fingerprint: str
    n_train: int
    n_test: int
    n_train_patients: int
    n_test_patients: int


@dataclass(frozen=True)
class RunFacts:
    """What a training run says of itself: it becomes the head of the manifest.

    `command` is as typed, `versions` those of the packages by name, `models` those that it trained.
    """

    command: str
    seed: int
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    data: DataFacts
    models: tuple[str, ...]


@dataclass(frozen=True)
class Manifest(RunFacts):
    """What `manifest.json` says: who made the artifacts, from what, and each file's checksum.

    `models` are all models that can be loaded; `carried_over` says of those among them that an
    earlier run made when ("created") and by which command. `attachments` are the files that other
    commands added, each with the checksums of the files that it was computed from.
    """

    created: str
    files: Mapping[str, FileRecord]
    carried_over: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    attachments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


FIELDS = frozenset(Manifest.__dataclass_fields__) | {"schema"}


def artifacts_folder() -> Path:
    """Return where artifacts are: `$MAMMO_ARTIFACTS`, or the release that came with mammo."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else home_folder() / "artifacts"


def load_manifest(folder: Path | None = None) -> Manifest:
    """Read and check the manifest of an artifacts folder, `artifacts_folder()` by default.

    Raises
    ------
    ArtifactError
        No folder, no manifest, a half-written or altered one, or one of another schema.
    """
    folder = artifacts_folder() if folder is None else Path(folder)
    path = folder / MANIFEST_NAME
    # Twice, because a training may be between the two renames of its swap at the first look.
    content = _manifest_content(path) or _manifest_content(path)
    if content is None:
        raise ArtifactError(_absence(folder))
    document = parse_document(content, path, MANIFEST_SCHEMA)
    _check_seal(content, document.fields, path)
    manifest = document.build(Manifest, optional=("carried_over", "attachments"))
    outside = next((name for name in manifest.files if leads_out(name)), None)
    if outside is not None:
        raise ArtifactError(
            f"{path} lists the file {outside!r}, which is not inside its folder. {RETRAIN}"
        )
    return manifest


def leads_out(name: str) -> bool:
    """Return whether a file's name is none within the folder of the artifacts."""
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name


def verify(folder: Path | None = None, files: Iterable[str] | None = None) -> Manifest:
    """Hash files of an artifacts folder, by default all, and hold them against its manifest."""
    return _read(files, folder)[0]


def read_files(names: Iterable[str], folder: Path | None = None) -> dict[str, bytes]:
    """Return the bytes of files that match one and the same manifest, by name."""
    return _read(names, folder)[1]


def _read(names: Iterable[str] | None, folder: Path | None) -> tuple[Manifest, dict[str, bytes]]:
    """Read files, all by default; again if a training puts new artifacts in place meanwhile."""
    folder = artifacts_folder() if folder is None else Path(folder)
    manifest, wanted = load_manifest(folder), None if names is None else tuple(names)
    swaps = 0
    while True:
        listed = manifest.files if wanted is None else wanted
        try:
            return manifest, {name: _read_verified(folder, name, manifest) for name in listed}
        except ArtifactError:
            manifest, older = load_manifest(folder), manifest
            if manifest == older or swaps == SWAPS_IN_A_ROW:
                raise
            swaps += 1


def read_attachment(name: str, folder: Path | None = None) -> bytes | None:
    """Return the bytes of an attachment that match the manifest; None where it lists none."""
    if name not in load_manifest(folder).attachments:
        return None
    return read_files((name,), folder)[name]


def record_of(content: bytes) -> dict[str, Any]:
    """Return what the manifest says of a file with these bytes."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _manifest_content(path: Path) -> bytes | None:
    restore_interrupted_swap(path.parent)
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be read ({reason_of(error)}). Check the permissions of the folder."
        ) from error


def _read_verified(folder: Path, name: str, manifest: Manifest) -> bytes:
    record = manifest.files.get(name)
    if record is None:
        raise ArtifactError(f"{folder / MANIFEST_NAME} does not list {name}. {RETRAIN}")
    try:
        content = (folder / name).read_bytes()
    except FileNotFoundError:
        raise ArtifactError(
            f"{folder / name} is missing, though the manifest lists it. {RETRAIN}"
        ) from None
    except OSError as error:
        raise ArtifactError(f"{folder / name} cannot be read ({reason_of(error)}).") from error
    if hashlib.sha256(content).hexdigest() != record.sha256:
        raise ArtifactError(
            f"{folder / name} does not match its checksum in the manifest ({len(content)} bytes, "
            f"{record.bytes} expected): it was altered or is incomplete. {RETRAIN}"
        )
    return content


def _absence(folder: Path) -> str:
    fault = (
        f"{folder} has no {MANIFEST_NAME}, so it is not a complete artifacts folder"
        if folder.is_dir()
        else f"There is no artifacts folder at {folder}, where the trained models should be"
    )
    return (
        f"{fault}. Set {FOLDER_VARIABLE} to the models' folder, or train them with "
        "`python -m mammo.train`."
    )


def sealed(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a manifest with its seal, whatever seal the document held before."""
    text = json.dumps({**document, _SEAL: "0" * 64}, indent=1) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text.replace(_UNSEALED, _MARK.format(digest)).encode()


def _check_seal(content: bytes, fields: Mapping[str, Any], path: Path) -> None:
    """Refuse a manifest of which any byte was changed after it was sealed."""
    unknown = sorted(fields.keys() - FIELDS - {_SEAL})
    if unknown:
        raise ArtifactError(
            f"{path} should hold the fields {', '.join(sorted(FIELDS))} and no others, but holds "
            f"{unknown[0]!r}: it was altered, or a newer mammo wrote it. {RETRAIN}"
        )
    if _SEAL not in fields:
        return
    found = _FOUND.findall(content)
    unsealed = _FOUND.sub(_UNSEALED.encode(), content)
    if [hashlib.sha256(unsealed).hexdigest().encode()] != found:
        raise ArtifactError(
            f"{path} does not match its own checksum ({_SEAL}): it was altered after it was "
            f"written. {RETRAIN}"
        )
