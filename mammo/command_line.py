"""What the commands share: how one was typed, what stopped it, TensorFlow."""

import logging
import os
import shlex
from collections.abc import Sequence
from pathlib import Path


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


def set_tensorflow_up() -> None:
    """Say how TensorFlow is to train; before it is imported.

    It leaves oneDNN off on many processors: with it the simple CNN trains twice as fast. And it
    warns that it compiles anew for each fit and for each last, smaller batch.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
