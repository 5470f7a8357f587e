"""Put one folder in another's place whole, one writer at a time, safe against a kill.

Used by `mammo.artifacts.store` (writes) and `mammo.artifacts.manifest` (reads). No portable call
exchanges two folders at once, so a swap is two renames: the old folder aside, the new one in. The
moment between them is the only one without a folder; a program killed there leaves the old one
aside, and the next reader or writer puts it back.

Beside a folder `artifacts` may so stand, all hidden and all removed by the next writer:
`.artifacts.lock` (held by a writer), `.artifacts.stage-*` (being written), `.artifacts.old`.

The lock is the operating system's (flock, or a locked byte on Windows): it ends with its process,
however that ends, so that no stale lock can keep a later writer out.
"""

import glob
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mammo.errors import ArtifactError
from mammo.files import reason_of

LOCK_WAIT_S = 30.0
LOCK_RETRY_S = 0.05
STAGE_KIND = "stage-"

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def beside(folder: Path, kind: str) -> Path:
    """Return the hidden helper of `folder` in the same parent, so that renames stay in one disk."""
    return folder.parent / f".{folder.name}.{kind}"


@contextmanager
def write_lock(folder: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """The only right to write `folder`.

    Raises
    ------
    ArtifactError
        Another process still holds it after `wait_s` seconds.
    """
    path = beside(folder, "lock")
    end = time.monotonic() + wait_s
    while (descriptor := _acquired(path)) is None:
        if time.monotonic() >= end:
            raise ArtifactError(
                f"Another program is writing {folder}. Wait for it to end, then run the same "
                "command again, or choose another folder."
            )
        time.sleep(LOCK_RETRY_S)
    try:
        yield
    finally:
        # Removed while held: who waits for it sees by its number that it is gone and makes anew.
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _acquired(path: Path) -> int | None:
    """Return a descriptor that holds the lock; None while another holds it or has removed it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    with suppress(FileNotFoundError):
        if _try_lock(descriptor) and os.path.samestat(path.stat(), os.fstat(descriptor)):
            return descriptor
    os.close(descriptor)
    return None


def swap_in(stage: Path, folder: Path) -> None:
    """Put `stage` in the place of `folder`, whose old content goes. Hold the lock around this."""
    old = beside(folder, "old")
    for path in (*stage.rglob("*"), stage):
        _sync(path)
    if folder.exists():
        folder.rename(old)
    try:
        stage.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def restore_interrupted_swap(folder: Path) -> None:
    """Put the old folder back if a writer was killed between its two renames; else do nothing."""
    folder = Path(folder).resolve()
    old = beside(folder, "old")
    if folder.exists() or not old.exists():
        return
    try:
        with write_lock(folder):
            _put_back(folder, old)
    except OSError as error:
        raise ArtifactError(
            f"A training was interrupted while it replaced {folder}; its artifacts are in {old} "
            f"and cannot be moved back ({reason_of(error)}). Rename that folder to {folder.name}."
        ) from error


def _put_back(folder: Path, old: Path) -> None:
    if old.exists() and not folder.exists():
        old.rename(folder)


def remove_leftovers(folder: Path) -> None:
    """Delete what killed writers left beside `folder`. Hold the lock around this."""
    old = beside(folder, "old")
    _put_back(folder, old)
    stages = folder.parent.glob(f"{glob.escape(beside(folder, STAGE_KIND).name)}*")
    for path in (old, *stages):
        shutil.rmtree(path, ignore_errors=True)


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk, not only in its cache."""
    # Windows opens no folder and wants write access to flush a file.
    if path.is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
