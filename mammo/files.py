"""Files as every part of mammo writes them, whole or not at all; and where mammo's own are."""

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_BEGUN = ".mammo-writing-"
_SECONDS_OF_A_WRITE = 60
_JUNK = (".ds_store", "thumbs.db", "desktop.ini")


def home_folder() -> Path:
    """Return the folder of `app.py`, `pages/` and `artifacts/`.

    It is inside an installed package, otherwise the root of the repository.
    """
    package = Path(__file__).resolve().parent
    installed = package / "_app"
    return installed if installed.is_dir() else package.parent


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that any reader, and a kill at any moment, finds the old or the new one.

    The content is on the disk when this returns. A file that is replaced leaves its permissions to
    the new one. Raises OSError where the disk is full or refuses; the old file then stands.
    """
    with tempfile.TemporaryDirectory(prefix=_BEGUN, dir=path.parent) as beside:
        written = Path(beside, path.name)
        with written.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            written.chmod(path.stat().st_mode)
        written.replace(path)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed calls of `write_whole` left in a folder; a write may be going on now."""
    for begun in folder.glob(f"{_BEGUN}*"):
        with suppress(OSError):
            if begun.stat().st_mtime < time.time() - _SECONDS_OF_A_WRITE:
                shutil.rmtree(begun)


def is_junk(path: Path) -> bool:
    """Return whether an operating system, or a killed `write_whole`, left a file by itself."""
    return path.name.lower() in _JUNK or any(part.startswith(_BEGUN) for part in path.parts)


def reason_of(error: Exception) -> str:
    """Return why the system refused a file, without its path; of other errors their text."""
    return str(getattr(error, "strerror", None) or error)
