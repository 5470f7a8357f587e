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
