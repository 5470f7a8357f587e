"""What the commands share: how one was typed, what stopped it, what it may write, TensorFlow."""

import logging
import os
import shlex
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from mammo.errors import SettingsError


def as_typed(module: str, given: Sequence[str]) -> str:
    """Write a command for the record, of each path its name alone: it may name a person.

    Parameters
    ----------
    module : str, as "mammo.train"
    given : its arguments, one a word

    Returns
    -------
    str, to be typed into a shell

    Examples
    --------
    >>> as_typed("mammo.train", ["--data", "somebody/my crops", "--folds", "2"])
    "python -m mammo.train --data 'my crops' --folds 2"
    >>> as_typed("mammo.prepare", ["--dask", "tcp://host:8786"])
    'python -m mammo.prepare --dask tcp://host:8786'
    """
    words = [Path(word).name if os.sep in word and "://" not in word else word for word in given]
    return shlex.join(["python", "-m", module, *words])


def stopped_by(error: OSError, place: Path) -> str:
    """Say that the file system stopped a command which goes on if typed again.

    Parameters
    ----------
    error : OSError
    place : Path, to look at where the error names none

    Examples
    --------
    >>> stopped_by(OSError(28, "No space left on device"), Path("crops"))
    'stopped because of No space left on device (crops). Mend that, then run the same command: \
it goes on.'
    """
    return (
        f"stopped because of {error.strerror or error} ({error.filename or place}). Mend that, "
        "then run the same command: it goes on."
    )


def check_output(option: str, path: Path, is_own: Callable[[bytes], bool]) -> None:
    """Refuse an output file that could not be written or would replace somebody's file.

    A command asks before its work begins, so that hours are not lost on a name.

    Parameters
    ----------
    option : str, as "--json"
    path : Path, the file to write
    is_own : function of a file's content, whether such a command wrote it

    Raises
    ------
    SettingsError
        The path is a folder, its folder does not exist or is not writable, or another file has the
        name.
    """
    try:
        if path.is_file():
            refusal = "" if is_own(path.read_bytes()) else "another file, which is not replaced"
        elif path.is_dir():
            refusal = "a folder"
        elif path.exists():
            refusal = ""  # a device or a pipe
        elif not path.parent.is_dir():
            refusal = "a file in a folder that does not exist"
        else:
            with path.open("xb"):
                refusal = ""
            path.unlink()
    except (OSError, ValueError) as error:
        refusal = getattr(error, "strerror", None) or str(error)
    if refusal:
        raise SettingsError(
            f"{option} needs the name of a new file, or of one that this command wrote. Received: "
            f"{path} ({refusal}). Name another file."
        )


def write_output(option: str, path: Path, content: bytes, is_own: Callable[[bytes], bool]) -> None:
    """Write an output file whole, in the place of nothing but an older one of its kind.

    Parameters
    ----------
    option, path, is_own
        As `check_output`
    content : bytes

    Raises
    ------
    SettingsError
        As `check_output`, or the disk is full or fails.
    """
    check_output(option, path, is_own)
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        written = Path(name)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor is no path
                file.write(content)
            written.chmod(path.stat().st_mode if path.exists() else 0o666 & ~_mask())
            written.replace(path)
        finally:
            written.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{option} could not be written to {path} ({error.strerror or error}). Free some space "
            "or name a file in another folder."
        ) from error


def _mask() -> int:
    """Return which permissions new files of this process lack."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def set_tensorflow_up() -> None:
    """Say how TensorFlow is to train; before it is imported.

    It leaves oneDNN off on many processors: with it the simple CNN trains twice as fast. And it
    warns that it compiles anew for each fit and for each last, smaller batch.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
