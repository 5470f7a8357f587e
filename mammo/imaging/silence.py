"""Keep the warnings and log lines of decoders away from the console.

Used by `read`. What is doubtful about a file comes back as sentences in `Image.warnings`.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

_lock = Lock()
_readers = 0
_silence = ExitStack()


@contextmanager
def decoders_silenced() -> Iterator[None]:
    """Keep decoders from warning and logging: their texts quote values of the file."""
    global _readers  # noqa: PLW0603 - the filters are global too
    with _lock:
        if not _readers:
            _silence.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            logger = logging.getLogger("pydicom")
            _silence.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL + 1)
        _readers += 1
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if not _readers:
                _silence.close()
