"""Write trained artifacts so that a reader sees the old ones or the new ones, never a mixture.

Used by `mammo.train`. A training writes into a hidden folder beside the artifacts; only when all
is there, checked and on the disk does that folder take the place of the old one. An error, a full
disk or a kill before that leaves the old artifacts as they were.

    with staged_artifacts(folder, facts, carry_over=["simple_cnn"]) as stage:
        (stage / "mobilenetv2" / "model.onnx").write_bytes(...)
"""

import errno
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mammo.artifacts.attachments import attachments_to_keep
from mammo.artifacts.card import parse_card
from mammo.artifacts.carry_over import check_carry_over, output_names
from mammo.artifacts.cases import CASES_NAME, merge_columns, parse_cases, read_rows, write_rows
from mammo.artifacts.manifest import (
    MANIFEST_NAME,
    MANIFEST_SCHEMA,
    Manifest,
    RunFacts,
    load_manifest,
    read_files,
    record_of,
)
from mammo.artifacts.seal import sealed
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

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def staged_artifacts(
    folder: Path,
    facts: RunFacts,
    carry_over: Sequence[str] = (),
    wait_s: float = LOCK_WAIT_S,
) -> Iterator[Path]:
    """Give an empty folder to write new artifacts into; put it in place of `folder` at the end.

    Enter it when the results are ready: it keeps other writers out until it ends. The body writes
    `cases.csv` and, for each model of `facts.models`, `model.onnx`, `model.weights.h5`,
    `card.json` and `history.csv`; the manifest is written here, last.

    Parameters
    ----------
    folder : Path, made if absent; a folder with other things in it is refused
    facts : RunFacts, the head of the manifest
    carry_over : models of the present artifacts to keep, with their columns of cases.csv; they
        must be of the same data fingerprint (`models_to_carry_over` says which can)
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
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with write_lock(folder, wait_s):
            remove_leftovers(folder)
            check_replaceable(folder)
            origins = check_carry_over(folder, facts.data.fingerprint, facts.models, carry_over)
            with _stage_beside(folder) as stage:
                _copy_models(folder, stage, facts, carry_over)
                yield stage
                _complete(stage, folder, facts, origins)
                swap_in(stage, folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


def models_to_carry_over(folder: Path, fingerprint: str, trained: Sequence[str]) -> tuple[str, ...]:
    """Return the models of the present artifacts that stay beside those of a training.

    A training asks before it begins, because it deletes each model that it does not keep. A damaged
    attachment keeps no model from staying; it is dropped at the end, with a word.

    Parameters
    ----------
    folder : Path, the artifacts to replace; it may be absent
    fingerprint : str, of the data of the training
    trained : models that it makes anew

    Raises
    ------
    ArtifactError
        Another model is there that cannot stay: its data were others, or it or its scores are not
        whole.
    """
    folder = Path(folder).resolve()
    check_replaceable(folder)
    present = load_manifest(folder).models if (folder / MANIFEST_NAME).is_file() else ()
    others = tuple(model for model in present if model not in trained)
    return tuple(check_carry_over(folder, fingerprint, trained, others))


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
    if not folder.exists():
        return
    if not folder.is_dir():
        raise _not_replaceable(folder, "it is a file")
    others = [path for path in sorted(folder.rglob("*")) if not _is_junk(path)]
    if not others:
        return
    try:
        own = {MANIFEST_NAME, *load_manifest(folder).files}
    except ArtifactError as error:
        raise _not_replaceable(folder, str(error)) from error
    for path in others:
        name = path.relative_to(folder).as_posix()
        if name not in own and not (path.is_dir() and any(n.startswith(f"{name}/") for n in own)):
            raise _not_replaceable(folder, f"no training or other command of mammo wrote {name}")


def _is_junk(path: Path) -> bool:
    """Return whether an operating system left a file there by itself."""
    return path.name == ".DS_Store" or path.name.lower() in ("thumbs.db", "desktop.ini")


def _not_replaceable(folder: Path, why: str) -> ArtifactError:
    return ArtifactError(
        f"Expected a new folder or artifacts to replace. Received: {folder} ({why.rstrip('.')}). "
        "Choose another folder with --out, or move what is there away."
    )


@contextmanager
def _stage_beside(folder: Path) -> Iterator[Path]:
    stage = Path(tempfile.mkdtemp(prefix=beside(folder, STAGE_KIND).name, dir=folder.parent))
    stage.chmod(0o755)  # a temporary folder is its maker's only; artifacts are for every reader
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _copy_models(folder: Path, stage: Path, facts: RunFacts, carry_over: Sequence[str]) -> None:
    for model in facts.models:
        (stage / model).mkdir()
    for model in carry_over:
        shutil.copytree(folder / model, stage / model)


def _complete(
    stage: Path, folder: Path, facts: RunFacts, origins: Mapping[str, Mapping[str, str]]
) -> None:
    if origins:
        _carry_columns(stage / CASES_NAME, folder / CASES_NAME, tuple(origins))
    models = (*facts.models, *origins)
    outputs = output_names(models)
    _check_whole(stage, outputs, models)
    manifest = _manifest(stage, facts, models, outputs) | {"carried_over": origins}
    if (folder / MANIFEST_NAME).is_file():
        older = load_manifest(folder)
        manifest["attachments"] = _keep_attachments(stage, folder, older, manifest["files"])
    (stage / MANIFEST_NAME).write_bytes(sealed(manifest))


def _carry_columns(cases: Path, older: Path, carry_over: Sequence[str]) -> None:
    rows, old_rows = (read_rows(path.read_bytes(), path) for path in (cases, older))
    write_rows(cases, merge_columns(rows, old_rows, carry_over))


def _keep_attachments(
    stage: Path, folder: Path, older: Manifest, files: dict[str, dict[str, Any]]
) -> dict[str, Mapping[str, str]]:
    """Copy the attachments that still hold, and add them to the new manifest's files."""
    kept = attachments_to_keep(older, files)
    for name in older.attachments.keys() - kept.keys():
        print(f"{name} belonged to the older models and is dropped: run its command again.")
    for name in tuple(kept):
        try:
            content = read_files((name,), folder)[name]
        except ArtifactError:
            print(f"{name} is missing or altered and is dropped: run its command again.")
            del kept[name]
            continue
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).write_bytes(content)
        files[name] = record_of(content)
    return kept


def _check_whole(stage: Path, outputs: Sequence[str], models: Sequence[str]) -> None:
    absent = [name for name in outputs if not (stage / name).is_file()]
    if absent:
        raise ArtifactError(f"The training wrote no {', '.join(absent)}; nothing was replaced.")
    parse_cases((stage / CASES_NAME).read_bytes(), stage / CASES_NAME, models)
    for model in models:
        card = stage / model / "card.json"
        parse_card(card.read_bytes(), card, model)


def _manifest(
    stage: Path, facts: RunFacts, models: Sequence[str], outputs: Sequence[str]
) -> dict[str, Any]:
    return {
        "schema": MANIFEST_SCHEMA,
        # To the millisecond, so that a reader can tell two writings by it.
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "command": facts.command,
        "seed": facts.seed,
        "settings": dict(facts.settings),
        "versions": dict(facts.versions),
        "data": asdict(facts.data),
        "models": list(models),
        "files": {name: record_of((stage / name).read_bytes()) for name in outputs},
    }


def _unwritable(folder: Path, error: OSError) -> ArtifactError:
    if error.errno in NO_SPACE or "No space left" in str(error):
        reason = "the disk is full. Free some space"
    else:
        reason = f"writing failed ({error}). Check the folder and its permissions"
    return ArtifactError(
        f"The artifacts in {folder} were not replaced: {reason}, then run the same command again; "
        f"what stood there before is unchanged."
    )
