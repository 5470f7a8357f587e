"""What the commands share: how one was typed, what stops it, and where it may write.

An output is checked before the work, and never replaces what mammo did not make.
"""

import argparse
import json
import logging
import os
import shlex
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from mammo.errors import MammoError, SettingsError
from mammo.files import reason_of, write_whole

PROGRAM = "mammo"
"""Name of the installed command, which sets `sys.argv[0]` to it."""


def program_name(module: str) -> str:
    """Return how a command was started: "python -m mammo.predict" or "mammo predict"."""
    return module.replace(".", " ", 1) if sys.argv[0] == PROGRAM else f"python -m {module}"


def command_parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser for the command of a module that prints its description as it is written."""
    return argparse.ArgumentParser(
        prog=program_name(module),
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def as_typed(module: str, given: Sequence[str]) -> str:
    """Write a command for the record, of each path its name alone: it may name a person.

    >>> as_typed("mammo.train", ["--data", "somebody/my crops", "--dask", "tcp://host:8786"])
    "python -m mammo.train --data 'my crops' --dask tcp://host:8786"
    """
    words = [Path(word).name if os.sep in word and "://" not in word else word for word in given]
    return shlex.join(["python", "-m", module, *words])


def exit_status(module: str, work: Callable[[], int | None], place: Path) -> int:
    """Run a command and return its exit status; print a sentence for whatever stops it.

    `place` is what to look at where the file system fails and names no file. The status is that of
    the work (None is 0), 1 after an error, 130 after a keyboard interrupt.
    """
    try:
        return work() or 0
    except KeyboardInterrupt:
        print(f"\n{module}: stopped. Run the same command to resume.", file=sys.stderr)
        return 130
    except MammoError as error:
        sentence = str(error)
    except ModuleNotFoundError as error:
        if str(error.name).startswith("mammo"):
            raise
        sentence = (
            f"needs the package {error.name}, which is not installed. Use Python 3.11 to 3.13 and "
            "run: pip install -r requirements-train.txt (or install mammo with its extra [train])."
        )
    except OSError as error:
        sentence = (
            f"stopped: {reason_of(error)} ({error.filename or place}). Fix this, then run the same "
            "command to resume."
        )
    print(f"{module}: {sentence}", file=sys.stderr)
    return 1


def set_tensorflow_up() -> None:
    """Configure TensorFlow for training; call before it is imported.

    It leaves oneDNN off on many processors: with it the simple CNN trains twice as fast. And it
    warns that it compiles anew for each fit and for each last, smaller batch.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def check_output(path: Path, ours: Callable[[Path], bool], option: str = "The output") -> None:
    """Check that a file can be written and replaces nothing but an earlier output.

    `ours` returns True where a file is an earlier output of the command; `option` named the path
    and opens the sentence of the SettingsError. A stream such as `/dev/stdout` passes.
    """
    try:
        mode = path.stat().st_mode if os.path.lexists(path) else None
        if mode is None:
            path.open("xb").close()
            path.unlink()
        elif stat.S_ISREG(mode):
            if path.stat().st_size and not ours(path):
                raise SettingsError(
                    f"{option} expects a new file, or one written by mammo. Received: {path}, "
                    "which has other content. Nothing was changed. Name another file."
                )
            path.open("r+b").close()
        elif not (stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)):
            raise SettingsError(
                f"{option} expects a file. Received: {path}, which is a folder or a device. "
                "Name a file."
            )
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{option} expects a file in an existing folder. Received: {path} "
            f"({reason_of(error)}). Create the folder, or name another file."
        ) from error


def write_output(
    path: Path, content: bytes, ours: Callable[[Path], bool], option: str = "The output"
) -> None:
    """Write an output file whole, in the place of nothing but an older one of its kind.

    Raises SettingsError as `check_output`, or if the disk is full or fails.
    """
    check_output(path, ours, option)
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            write_whole(path, content)
    except OSError as error:
        raise SettingsError(
            f"{option} could not be written to {path} ({reason_of(error)}). Free some space or "
            "name a file in another folder."
        ) from error


def check_folder(folder: Path, option: str) -> Path:
    """Create the folder of an option if it is missing; refuse one that cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{option} expects a folder that mammo can write to. Received: {folder} "
            f"({reason_of(error)}). Name another folder."
        ) from error


def starts_with_mark(path: Path, mark: bytes, within: int = 1024) -> bool:
    """Return whether the first bytes of a file hold a mark that mammo writes into its outputs."""
    with path.open("rb") as file:
        return mark in file.read(within)


def is_json_with(*names: str) -> Callable[[Path], bool]:
    """Return a function that checks whether a file is a JSON object with these members."""

    def check(path: Path) -> bool:
        try:
            return bool(set(names) <= json.loads(path.read_bytes()).keys())
        except (ValueError, AttributeError):
            return False

    return check
