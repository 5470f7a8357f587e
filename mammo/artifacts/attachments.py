"""Files that other commands than the training add to the artifacts: a lesson, an audit, embeddings.

    attach("lessons/leak.json", content)
    attach("trust/trust.json", content, depends_on=("mobilenetv2/model.onnx",))
    read_attachment("lessons/leak.json")

The manifest lists an attachment like every other file, so that an altered byte is noticed, and by
the checksums of the files that it was computed from. A training that changes one of these drops the
attachment, with a word on which; the command that wrote it writes it anew.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mammo.artifacts.manifest import (
    MANIFEST_NAME,
    Manifest,
    artifacts_folder,
    load_manifest,
    read_files,
    record_of,
    verify,
)
from mammo.artifacts.seal import sealed
from mammo.artifacts.swap import write_lock
from mammo.errors import ArtifactError


def attach(
    name: str, content: bytes, depends_on: Sequence[str] = (), folder: Path | None = None
) -> None:
    """Add a file to the artifacts, or replace the one of that name.

    Parameters
    ----------
    name : str, path within the folder with forward slashes, as "lessons/leak.json"
    content : bytes
    depends_on : names of manifest files; a training that changes one drops the attachment
    folder : Path, `artifacts_folder()` by default

    Raises
    ------
    ArtifactError
        There are no whole artifacts, the name is that of a file of the training or leads out of
        the folder, or writing failed.
    """
    folder = (artifacts_folder() if folder is None else Path(folder)).resolve()
    try:
        with write_lock(folder):
            manifest = verify(folder, depends_on)
            _refuse_name(name, manifest)
            _write(folder / name, content)
            document = json.loads((folder / MANIFEST_NAME).read_bytes())
            document["files"][name] = record_of(content)
            document.setdefault("attachments", {})[name] = {
                needed: manifest.files[needed].sha256 for needed in depends_on
            }
            _write(folder / MANIFEST_NAME, sealed(document))
    except OSError as error:
        raise ArtifactError(
            f"{name} was not added to {folder}: writing failed ({error}). Check its permissions "
            "and the space on the disk, then run the same command again."
        ) from error


def read_attachment(name: str, folder: Path | None = None) -> bytes | None:
    """Return the bytes of an attachment that match the manifest; None where there is none.

    Raises
    ------
    ArtifactError
        There are no artifacts, or the file is missing or altered.
    """
    folder = artifacts_folder() if folder is None else Path(folder)
    if name not in load_manifest(folder).attachments:
        return None
    return read_files((name,), folder)[name]


def attachments_to_keep(
    older: Manifest, files: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, str]]:
    """Return the attachments of older artifacts whose sources are unchanged among new files."""
    return {
        name: sources
        for name, sources in older.attachments.items()
        if all(files.get(source, {}).get("sha256") == sha for source, sha in sources.items())
    }


def _refuse_name(name: str, manifest: Manifest) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or len(path.parts) < 2 or "\\" in name:
        raise ArtifactError(
            f"An attachment needs a name within a folder of its own, as lessons/leak.json. "
            f"Received: {name!r}."
        )
    if path.parts[0] in manifest.models:
        raise ArtifactError(f"{path.parts[0]}/ holds a model's own files. Received: {name!r}.")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.tmp")
    with written.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)
