"""Files that a run keeps in its work folder: one that cannot be read counts as not there.

A power cut can leave a file cut short or full of zeros under its final name. Used by all that the
same command makes anew: checkpoints, features, a teacher's answers, finished runs of a lesson.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from tokenize import TokenError
from typing import TypeVar
from zipfile import BadZipFile

Content = TypeVar("Content")

DAMAGED = (
    BadZipFile, EOFError, ValueError, LookupError, TypeError, RuntimeError, TokenError,
)  # fmt: skip
"""What NumPy, zipfile and json raise on damaged files; not the disk's own errors."""


def read_kept(path: Path, read: Callable[[Path], Content]) -> Content | None:
    """Read a kept file; None where it is not there, or, with a line that says so, is damaged."""
    if not path.is_file():
        return None
    try:
        return read(path)
    except DAMAGED as error:
        print(
            f"{path} cannot be read ({error}) and is not used: what it kept is made anew.",
            file=sys.stderr,
        )
        return None
