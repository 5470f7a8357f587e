"""Write trained artifacts so that a reader sees the old ones or the new ones, never a mixture.

A training writes into a hidden folder beside the artifacts; only when all is there, checked and on
the disk does that folder take the place of the old one. An error, a full disk or a kill before that
leaves the old artifacts as they were.

    with staged_artifacts(folder, facts) as stage:
        (stage / "mobilenetv2" / "model.onnx").write_bytes(...)

Other commands add files to the artifacts: a lesson, an audit, embeddings.

    attach("lessons/leak.json", content)
    attach("trust/trust.json", content, depends_on=("mobilenetv2/model.onnx",))

The manifest lists such an attachment like every other file, and by the checksums of the files that
it was computed from. A training that changes one of these drops the attachment and prints which;
the command that wrote it writes it anew.
"""

import errno
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from mammo.artifacts.contents import (
    CASES_NAME,
    merge_columns,
    parse_cases,
    read_rows,
    write_rows,
)
from mammo.artifacts.manifest import (
    MANIFEST_NAME,
    MANIFEST_SCHEMA,
    Manifest,
    RunFacts,
    artifacts_folder,
    leads_out,
    load_manifest,
    read_files,
    record_of,
    sealed,
    verify,
)
from mammo.artifacts.schema import parse_card
from mammo.artifacts.swap import (
    LOCK_WAIT_S,
    STAGE_KIND,
    beside,
    remove_leftovers,
    restore_interrupted_swap,
    swap_in,
    write_lock,
)
from mammo.errors import ArtifactError
from mammo.files import is_junk, write_whole

MODEL_FILES = ("model.onnx", "model.weights.h5", "card.json", "history.csv")
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def staged_artifacts(folder: Path, facts: RunFacts, wait_s: float = LOCK_WAIT_S) -> Iterator[Path]:
    """Create an empty folder for new artifacts; put it in place of `folder` at the end.

    Enter it when the results are ready: it keeps other writers out until it ends. The body writes
    `cases.csv` and, for each model of `facts.models`, `model.onnx`, `model.weights.h5`,
    `card.json` and `history.csv`; the manifest is written here, last. The other models of the
    present artifacts stay, with their columns of cases.csv (see `models_to_carry_over`).

    Parameters
    ----------
    folder : Path, made if absent; a folder with other things in it is refused
    facts : RunFacts, the head of the manifest
    wait_s : float, seconds to wait for another writer to end

    Yields
    ------
    Path
        The stage, with one empty folder for each model of `facts.models`.

    Raises
    ------
    ArtifactError
        Another writer is at work, the disk is full or not writable, a file is missing or not
        valid, or a model cannot be carried over. The old artifacts then stand unchanged.
    """
    # Resolved, so that a link is not itself replaced by a folder.
    folder = Path(folder).resolve()
    with _written(f"The artifacts in {folder} were not replaced"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with write_lock(folder, wait_s):
            remove_leftovers(folder)
            origins = models_to_carry_over(folder, facts.data.fingerprint, facts.models)
            with _stage(folder) as stage:
                for model in facts.models:
                    (stage / model).mkdir()
                for model in origins:
                    shutil.copytree(folder / model, stage / model)
                yield stage
                _complete(stage, folder, facts, origins)


@contextmanager
def _stage(folder: Path) -> Iterator[Path]:
    """Create a folder beside the artifacts that takes their place at the end."""
    prefix = beside(folder, STAGE_KIND).name
    with TemporaryDirectory(prefix=prefix, dir=folder.parent, ignore_cleanup_errors=True) as name:
        stage = Path(name)
        stage.chmod(0o755)  # not its maker's only: artifacts are for every reader
        yield stage
        swap_in(stage, folder)


def replace_cards(cards: Mapping[str, bytes], folder: Path | None = None) -> None:
    """Replace the cards of trained models, model -> bytes of `card.json`; all else stays as it is.

    Raises
    ------
    ArtifactError
        The artifacts are not whole, a card is not valid, or writing failed. The old artifacts then
        stand unchanged.
    """
    folder = (artifacts_folder() if folder is None else Path(folder)).resolve()
    with _written(f"The cards in {folder} were not replaced"), write_lock(folder):
        remove_leftovers(folder)
        verify(folder)
        with _stage(folder) as stage:
            shutil.copytree(folder, stage, dirs_exist_ok=True)
            document = json.loads((stage / MANIFEST_NAME).read_bytes())
            for model, content in cards.items():
                name = f"{model}/card.json"
                parse_card(content, folder / name, model)
                (stage / name).write_bytes(content)
                document["files"][name] = record_of(content)
            (stage / MANIFEST_NAME).write_bytes(sealed(document))


@contextmanager
def _written(otherwise: str) -> Iterator[None]:
    """Turn an error of the disk into a sentence that begins with what was not written."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE or "No space left" in str(error):
            why = "the disk is full. Free some space"
        else:
            why = f"writing failed ({error}). Check the permissions and the space on the disk"
        raise ArtifactError(
            f"{otherwise}: {why}, then run the same command again; the earlier artifacts are "
            "unchanged."
        ) from error


def models_to_carry_over(
    folder: Path, fingerprint: str, trained: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return the models of the present artifacts that stay beside those of a training.

    A training asks before it begins. A model stays with its scores only where both learned from the
    same data and all of it is whole. A damaged attachment keeps no model from staying; it is
    dropped at the end, with a word.

    Parameters
    ----------
    folder : Path, the artifacts to replace; it may be absent
    fingerprint : str, of the data of the training
    trained : models that it makes anew

    Returns
    -------
    dict, model -> when ("created") and by which "command" it was made

    Raises
    ------
    ArtifactError
        A model is there that cannot stay, or the folder cannot be replaced (`check_replaceable`).
    """
    folder = Path(folder).resolve()
    check_replaceable(folder)
    if not (folder / MANIFEST_NAME).is_file():
        return {}
    old = load_manifest(folder)
    others = [model for model in old.models if model not in trained]
    if not others:
        return {}
    try:
        if old.data.fingerprint != fingerprint:
            raise ArtifactError(
                f"the older data are others (fingerprint {old.data.fingerprint[:12]}, now "
                f"{fingerprint[:12]})."
            )
        verify(folder, _output_names(others))
    except ArtifactError as error:
        raise ArtifactError(
            f"{', '.join(others)} in {folder} cannot be kept beside {', '.join(trained)} and "
            f"would be lost: {error} Train all models together, or name another folder with --out."
        ) from error
    origin = {"created": old.created, "command": old.command}
    return {model: dict(old.carried_over.get(model, origin)) for model in others}


def check_replaceable(folder: Path) -> None:
    """Refuse a folder that holds other things than artifacts; a training asks before it begins.

    A mistyped folder must not cost somebody the files in it, so only files that a manifest of this
    program names are replaced.

    Raises
    ------
    ArtifactError
        The folder is a file, or is not empty and has no readable manifest, or holds a file that
        its manifest does not name.
    """
    folder = Path(folder)
    restore_interrupted_swap(folder)
    found = [path for path in folder.rglob("*") if not is_junk(path)]
    why = "it is a file" if folder.is_file() else ""
    if found:
        try:
            own = {MANIFEST_NAME}
            for name in load_manifest(folder).files:
                own |= {name, *map(str, PurePosixPath(name).parents)}
            strange = {path.relative_to(folder).as_posix() for path in found} - own
            if strange:
                why = f"no training or other command of mammo wrote {min(strange)}"
        except ArtifactError as error:
            why = str(error).rstrip(".")
    if why:
        raise ArtifactError(
            f"Expected a new folder or artifacts to replace. Received: {folder} ({why}). Choose "
            "another folder with --out, or move what is there away."
        )


def _complete(
    stage: Path, folder: Path, facts: RunFacts, origins: Mapping[str, Mapping[str, str]]
) -> None:
    """Check what a training wrote, add what stays of the older artifacts, and write the manifest.

    A time to the millisecond lets a reader tell two writings by it.
    """
    cases = stage / CASES_NAME
    if origins:
        rows, older = (read_rows(p.read_bytes(), p) for p in (cases, folder / CASES_NAME))
        write_rows(cases, merge_columns(rows, older, tuple(origins)))
    models = (*facts.models, *origins)
    outputs = _output_names(models)
    absent = [name for name in outputs if not (stage / name).is_file()]
    if absent:
        raise ArtifactError(f"The training wrote no {', '.join(absent)}; nothing was replaced.")
    parse_cases(cases.read_bytes(), cases, models)
    for model in models:
        card = stage / model / "card.json"
        parse_card(card.read_bytes(), card, model)
    files = {name: record_of((stage / name).read_bytes()) for name in outputs}
    replaces = (folder / MANIFEST_NAME).is_file()
    attachments = _keep_attachments(stage, folder, files) if replaces else {}
    document = {
        "schema": MANIFEST_SCHEMA,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        **asdict(facts),
        "models": models,
        "files": files,
        "carried_over": origins,
        "attachments": attachments,
    }
    (stage / MANIFEST_NAME).write_bytes(sealed(document))


def _keep_attachments(
    stage: Path, folder: Path, files: dict[str, dict[str, Any]]
) -> dict[str, Mapping[str, str]]:
    """Copy the attachments whose sources are unchanged, and add them to the new files."""
    kept = {}
    for name, sources in load_manifest(folder).attachments.items():
        why = "belonged to the older models"
        if all(files.get(source, {}).get("sha256") == sha for source, sha in sources.items()):
            why = "is missing or altered"
            with suppress(ArtifactError):
                content = read_files((name,), folder)[name]
                (stage / name).parent.mkdir(parents=True, exist_ok=True)
                (stage / name).write_bytes(content)
                files[name], kept[name] = record_of(content), sources
                continue
        print(f"{name} {why} and is removed: run its command again.")
    return kept


def _output_names(models: Sequence[str]) -> list[str]:
    """Name the files that a training of some models writes, without the manifest."""
    return [CASES_NAME, *(f"{model}/{name}" for model in models for name in MODEL_FILES)]


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
    with _written(f"{name} was not added to {folder}"), write_lock(folder):
        manifest = verify(folder, depends_on)
        _refuse_name(name, manifest)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, content)
        document = json.loads((folder / MANIFEST_NAME).read_bytes())
        document["files"][name] = record_of(content)
        document.setdefault("attachments", {})[name] = {
            needed: manifest.files[needed].sha256 for needed in depends_on
        }
        write_whole(folder / MANIFEST_NAME, sealed(document))


def _refuse_name(name: str, manifest: Manifest) -> None:
    parts = PurePosixPath(name).parts
    if leads_out(name) or len(parts) < 2:
        raise ArtifactError(
            f"An attachment needs a name within a folder of its own, as lessons/leak.json. "
            f"Received: {name!r}."
        )
    if parts[0] in manifest.models:
        raise ArtifactError(f"{parts[0]}/ holds a model's own files. Received: {name!r}.")
