"""The errors of mammo. Each message gives what was expected, what was received, what to do.

Everything that a user's file, folder, setting or artifact can cause is a `MammoError`; the app and
the commands show its message. Any other exception is a defect of the program.
"""


class MammoError(Exception):
    """Base class of every error that bad input can cause."""


class ImageError(MammoError):
    """An image cannot be read as a grey mammogram."""


class WindowError(MammoError):
    """A lesion box or window does not fit its mammogram."""


class DataError(MammoError):
    """A data folder or table has the wrong form or content."""


class ArtifactError(MammoError):
    """Trained artifacts are missing, altered or of another schema."""


class SettingsError(MammoError):
    """A setting is outside its legal values."""


class TrainingError(MammoError):
    """A training cannot continue."""


def sentence_of(error: Exception) -> str:
    """Return the message to show for an exception that concerns one file of many.

    Parameters
    ----------
    error : Exception, raised by a reader or writer

    Returns
    -------
    str, the message of a `MammoError`; for any other exception its kind, never its own text,
    which may contain a patient's data

    Examples
    --------
    >>> sentence_of(ImageError("The file is empty.")), sentence_of(OSError(28, "No space left"))
    ('The file is empty.', 'The file could not be read or written: No space left.')
    """
    if isinstance(error, MammoError):
        return str(error)
    if isinstance(error, MemoryError):
        return "Not enough memory for this file. Close other programs or use a larger machine."
    if isinstance(error, OSError) and error.strerror:
        return f"The file could not be read or written: {error.strerror}."
    return (
        f"This file cannot be processed because of a defect in mammo ({type(error).__name__}). "
        "Report the kind of file, but do not send the file."
    )
