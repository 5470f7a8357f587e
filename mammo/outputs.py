"""Where a command may write: checked before the work, and never over what it did not make."""

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from mammo.errors import SettingsError


def check_output(path: Path, ours: Callable[[Path], bool], option: str = "The output") -> None:
    """Check that a file can be written and replaces nothing but an earlier output.

    Parameters
    ----------
    path : Path, of a file that may exist; a stream such as `/dev/stdout` passes
    ours : function of the path, True where the file is an earlier output of the command
    option : str, what named the path, to open the sentence

    Raises
    ------
    SettingsError
        The file exists and is not an earlier output, or it cannot be written.
    """
    try:
        mode = path.stat().st_mode if os.path.lexists(path) else None
        if mode is None:
            path.open("xb").close()
            path.unlink()
        elif stat.S_ISREG(mode):
            if path.stat().st_size and not ours(path):
                raise SettingsError(
                    f"{option} needs a new file, or one that mammo wrote. Received: {path}, which "
                    "holds something else. Nothing was changed; name another file."
                )
            path.open("r+b").close()
        elif not (stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)):
            raise SettingsError(
                f"{option} needs a file. Received: {path}, which is a folder or a device."
            )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"{option} needs a file in a folder that exists. Received: {path} ({reason})."
        ) from error


def check_folder(folder: Path, option: str) -> Path:
    """Make the folder that an option names where it is missing, and check that it takes files.

    Parameters
    ----------
    folder : Path
    option : str, to open the sentence

    Returns
    -------
    Path, the folder

    Raises
    ------
    SettingsError
        It cannot be made, or no file can be made in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"{option} needs a folder. Received: {folder} ({reason}).") from error


def starts_with_mark(path: Path, mark: bytes, within: int = 1024) -> bool:
    """Return whether the first bytes of a file hold a mark that mammo writes into its outputs."""
    with path.open("rb") as file:
        return mark in file.read(within)
