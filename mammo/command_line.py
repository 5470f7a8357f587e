"""What the commands share: how one was typed, what stops it, TensorFlow."""

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mammo.errors import MammoError


def command_parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser for `python -m MODULE` that prints its description as it is written."""
    return argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


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


def exit_status(module: str, work: Callable[[], int | None], place: Path) -> int:
    """Do the work of a command and return its exit status; whatever stops it becomes a sentence.

    Parameters
    ----------
    module : str, as "mammo.train"
    work : function that returns the status, None for 0
    place : Path, to look at where the file system fails and names none

    Returns
    -------
    int, the status of the work; 1 after an error, 130 after a keyboard interrupt
    """
    try:
        return work() or 0
    except KeyboardInterrupt:
        print(f"\n{module}: stopped; the same command goes on from here.", file=sys.stderr)
        return 130
    except MammoError as error:
        sentence = str(error)
    except OSError as error:
        sentence = stopped_by(error, place)
    print(f"{module}: {sentence}", file=sys.stderr)
    return 1


def stopped_by(error: OSError, place: Path) -> str:
    """Say that the file system stopped a command which goes on if typed again.

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


def set_tensorflow_up() -> None:
    """Say how TensorFlow is to train; before it is imported.

    It leaves oneDNN off on many processors: with it the simple CNN trains twice as fast. And it
    warns that it compiles anew for each fit and for each last, smaller batch.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
