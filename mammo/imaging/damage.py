"""Turn whatever a decoder raises on a damaged file into one sentence.

Used by both readers. Decoders raise dozens of kinds of errors on damaged files, and their texts may
quote what stands in the file; the sentence names the kind of error only.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from mammo.errors import ImageError


@contextmanager
def damage_refused(expected: str, remedy: str = "Export or download it again.") -> Iterator[None]:
    """Raise `ImageError` for any error of the enclosed calls to a decoder.

    Parameters
    ----------
    expected : str
        What the file should have held, to follow "expected".
    remedy : str
        What to do, a sentence.

    Raises
    ------
    ImageError
        Without the cause, whose text may hold data of a patient.
    """
    try:
        yield
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(
            "The picture does not fit into the free memory. Cut out the breast or export it "
            "smaller."
        ) from None
    except Exception as error:  # noqa: BLE001 - this boundary exists to catch every kind
        raise ImageError(
            f"The file cannot be decoded: expected {expected}, received damaged, truncated or "
            f"unusual data ({type(error).__name__}). {remedy}"
        ) from None
