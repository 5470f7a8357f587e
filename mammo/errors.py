"""The errors of mammo: each message says what was expected, what was received, what to do next.

Everything that a user's file, folder, setting or artifact can cause is a `MammoError`; the app and
the commands show its sentence. Any other exception is a defect of the program.
"""


class MammoError(Exception):
    """Stand above every error that bad input can cause."""


class ImageError(MammoError):
    """Refuse a film or picture that cannot be read as a grey mammogram."""


class WindowError(MammoError):
    """Refuse a lesion box or window that does not fit its film."""


class DataError(MammoError):
    """Refuse a data folder or table that is not what it should be."""


class ArtifactError(MammoError):
    """Refuse trained artifacts that are missing, altered or of another schema."""


class SettingsError(MammoError):
    """Refuse a setting outside its legal values."""


class TrainingError(MammoError):
    """Stop a training that cannot go on, with the reason."""


def sentence_of(error: Exception) -> str:
    """Return what to show of an exception that stops one file of many.

    Parameters
    ----------
    error : Exception, whatever a reader or writer raised

    Returns
    -------
    str, the sentence of a `MammoError`; of another exception its kind, never its own text, which
    may hold a patient's data

    Examples
    --------
    >>> sentence_of(ImageError("The file is empty.")), sentence_of(OSError(28, "No space left"))
    ('The file is empty.', 'The system refused a file: No space left.')
    """
    if isinstance(error, MammoError):
        return str(error)
    if isinstance(error, MemoryError):
        return "Not enough memory for this file. Close other programs or use a larger machine."
    if isinstance(error, OSError) and error.strerror:
        return f"The system refused a file: {error.strerror}."
    return (
        f"This file cannot be processed because of a defect in mammo ({type(error).__name__}). "
        "Report what kind of file it is, without the file."
    )
