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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from mammo.artifacts.schema import RETRAIN, Document, parse_document
from mammo.artifacts.swap import restore_interrupted_swap
from mammo.errors import ArtifactError

MANIFEST_SCHEMA = 1
MANIFEST_NAME = "manifest.json"
FOLDER_VARIABLE = "MAMMO_ARTIFACTS"
SWAPS_IN_A_ROW = 5
_SEAL = "seal"
_MARK = '"seal": "{}"'
_UNSEALED = _MARK.format("0" * 64)
_FOUND = re.compile(rb'"seal": "([0-9a-f]{64})"')

Result = TypeVar("Result")


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

    Attributes
    ----------
    command : str, as typed
    seed : int
    settings : plain values that JSON can hold
    versions : package name -> version
    data : DataFacts
    models : names of the models that this run trained
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
    carried_over: Mapping[str, Mapping[str, str]]
    attachments: Mapping[str, Mapping[str, str]]


FIELDS = frozenset(Manifest.__dataclass_fields__) | {"schema"}


def artifacts_folder() -> Path:
    """Return where artifacts are: `$MAMMO_ARTIFACTS`, or `artifacts/` beside the package."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "artifacts"


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
    check_seal(content, document.fields, path, FIELDS)
    files = document.section("files")
    return Manifest(
        created=document.text("created"),
        command=document.text("command"),
        seed=document.integer("seed"),
        settings=document.section("settings").fields,
        versions=document.each("versions", Document.text),
        data=document.section("data").build(DataFacts),
        models=document.texts("models"),
        files={_safe(name, path): files.section(name).build(FileRecord) for name in files.fields},
        carried_over=_text_tables(document, "carried_over"),
        attachments=_text_tables(document, "attachments"),
    )


def verify(folder: Path | None = None, files: Iterable[str] | None = None) -> Manifest:
    """Hash files of an artifacts folder, by default all, and hold them against its manifest."""
    names = None if files is None else tuple(files)

    def hash_all(root: Path, manifest: Manifest) -> Manifest:
        for name in manifest.files if names is None else names:
            _read_verified(root, name, manifest)
        return manifest

    return _settled(folder, hash_all)


def read_files(names: Iterable[str], folder: Path | None = None) -> dict[str, bytes]:
    """Return the bytes of files that match one and the same manifest, by name.

    Raises
    ------
    ArtifactError
        As `verify`.
    """
    wanted = tuple(names)
    return _settled(
        folder,
        lambda root, manifest: {name: _read_verified(root, name, manifest) for name in wanted},
    )


def read_attachment(name: str, folder: Path | None = None) -> bytes | None:
    """Return the bytes of an attachment that match the manifest; None where there is none.

    Raises
    ------
    ArtifactError
        There are no artifacts, or the file is missing or altered.
    """
    if name not in load_manifest(folder).attachments:
        return None
    return read_files((name,), folder)[name]


def record_of(content: bytes) -> dict[str, Any]:
    """Return what the manifest says of a file with these bytes."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def require_model(model: str, manifest: Manifest, folder: Path) -> None:
    """Refuse a model that the manifest does not name."""
    if model not in manifest.models:
        raise ArtifactError(
            f"There is no trained model {model!r} in {folder}: it holds "
            f"{', '.join(manifest.models) or 'none'}. Ask for one of these, or train it with "
            f"`python -m mammo.train --models {model}`."
        )


def _manifest_content(path: Path) -> bytes | None:
    restore_interrupted_swap(path.parent)
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be read ({error.strerror}). Check the permissions of the folder."
        ) from error


def _settled(folder: Path | None, use: Callable[[Path, Manifest], Result]) -> Result:
    """Use the manifest; again if a training has put new artifacts in place meanwhile."""
    folder = artifacts_folder() if folder is None else Path(folder)
    manifest = load_manifest(folder)
    for _ in range(SWAPS_IN_A_ROW):
        try:
            return use(folder, manifest)
        except ArtifactError:
            latest = load_manifest(folder)
            if latest == manifest:
                raise
            manifest = latest
    return use(folder, manifest)


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
        raise ArtifactError(f"{folder / name} cannot be read ({error.strerror}).") from error
    if hashlib.sha256(content).hexdigest() != record.sha256:
        raise ArtifactError(
            f"{folder / name} does not match its checksum in the manifest ({len(content)} bytes, "
            f"{record.bytes} expected): it was altered or is not whole, and is not used. {RETRAIN}"
        )
    return content


def _absence(folder: Path) -> str:
    if not folder.is_dir():
        return (
            f"There is no artifacts folder at {folder}, where the trained models should be. Set "
            f"{FOLDER_VARIABLE} to their folder, or train them with `python -m mammo.train`."
        )
    return (
        f"{folder} has no {MANIFEST_NAME}, so it is not a whole artifacts folder. Set "
        f"{FOLDER_VARIABLE} to one that is whole, or train into a new folder with "
        f"`python -m mammo.train`."
    )


def _text_tables(document: Document, name: str) -> Mapping[str, Mapping[str, str]]:
    if name not in document.fields:
        return {}
    return document.each(name, lambda tables, key: tables.each(key, Document.text))


def _safe(name: str, manifest: Path) -> str:
    """Let no manifest lead the reader out of its folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise ArtifactError(
            f"{manifest} lists the file {name!r}, which is not inside its folder. {RETRAIN}"
        )
    return name


def sealed(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a manifest with its seal, whatever seal the document held before.

    >>> content = sealed({"schema": 1})
    >>> check_seal(content, json.loads(content), Path("manifest.json"), {"schema"})
    """
    text = json.dumps({**document, _SEAL: "0" * 64}, indent=1) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text.replace(_UNSEALED, _MARK.format(digest)).encode()


def check_seal(
    content: bytes, fields: Mapping[str, Any], path: Path, known: set[str] | frozenset[str]
) -> None:
    """Refuse a manifest of which any byte was changed after it was sealed."""
    unknown = sorted(fields.keys() - known - {_SEAL})
    if unknown:
        raise ArtifactError(
            f"{path} should hold the fields {', '.join(sorted(known))} and no others, but holds "
            f"{unknown[0]!r}: it was altered, or a newer mammo wrote it. {RETRAIN}"
        )
    if _SEAL not in fields:
        return
    found = _FOUND.findall(content)
    unsealed = _FOUND.sub(_UNSEALED.encode(), content)
    if len(found) != 1 or hashlib.sha256(unsealed).hexdigest() != found[0].decode():
        raise ArtifactError(
            f"{path} does not match its own checksum ({_SEAL}): it was altered after it was "
            f"written, and nothing that it lists is used. {RETRAIN}"
        )
