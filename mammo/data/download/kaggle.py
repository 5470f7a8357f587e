"""Kaggle's copy of CBIS-DDSM: 8-bit JPEG, one archive of 6.3 GB, no account.

kagglehub downloads it into a cache of its own within the folder, where a stopped download goes on
and the archive is checked against the MD5 that the server states; then the pictures and tables move
up. Choosing a part would not make the archive smaller, so that is refused.
"""

import os
import shutil
from pathlib import Path
from zipfile import BadZipFile

from mammo.data.download import Choice, Offer, Say
from mammo.errors import DataError, SettingsError

HANDLE = "awsaf49/cbis-ddsm-breast-cancer-image-dataset/versions/1"
N_BYTES = 6_300_000_000
N_FILES = 10_237
CACHE = ".kagglehub"


def offer(out: Path, choice: Choice) -> Offer:
    """Return what Kaggle has, always everything, and how much of it is missing."""
    if choice != Choice():
        raise SettingsError(
            "From Kaggle the whole collection comes as one archive, so --abnormality and --split "
            f"should be left out; received {choice.abnormality} and {choice.split}. Choose when "
            "you prepare: python -m mammo.prepare --abnormality mass."
        )
    missing = needed = 0
    if not (out / "jpeg").exists():
        already = sum(path.stat().st_size for path in (out / CACHE).rglob("*") if path.is_file())
        # One byte at least: an archive that is whole is still to be unpacked.
        missing = max(1, N_BYTES - already)
        # At its height, the archive and what was unpacked from it lie side by side.
        needed = max(1, 2 * N_BYTES - already)
    return Offer(
        f"CBIS-DDSM from Kaggle ({HANDLE}), 8-bit JPEG", N_BYTES, N_FILES, missing, needed, choice
    )


def fetch(out: Path, offer: Offer, say: Say) -> None:
    """Download the archive into `out`; go on where an earlier try stopped."""
    if offer.missing_bytes:
        say("Downloading. After an interruption, run the same command to resume.")
        _move_up(_downloaded(out / CACHE), out)
    shutil.rmtree(out / CACHE, ignore_errors=True)


def _downloaded(cache: Path) -> Path:
    try:
        import kagglehub
        from kagglehub.exceptions import BackendError, DataCorruptionError
    except ImportError as error:
        raise SettingsError(
            "To download from Kaggle, the package kagglehub should be installed, and is not: "
            "pip install -r requirements-download.txt (or install mammo with its extra [download])"
        ) from error
    # kagglehub reads these at each call; nothing after a download needs them otherwise.
    os.environ["KAGGLEHUB_CACHE"] = str(cache.resolve())
    os.environ["DISABLE_KAGGLE_CACHE"] = os.environ["DISABLE_COLAB_CACHE"] = "true"
    try:
        return Path(kagglehub.dataset_download(HANDLE))
    except (DataCorruptionError, BadZipFile, ValueError) as error:
        shutil.rmtree(cache, ignore_errors=True)
        raise DataError(
            "Expected the archive with Kaggle's MD5, received another or a broken one: "
            f"{str(error).splitlines()[0]} It was deleted. Run the same command again."
        ) from error
    except (OSError, BackendError) as error:
        raise DataError(
            f"The download of {HANDLE} from Kaggle was interrupted: {error}. Run the same command "
            "again to resume."
        ) from error


def _move_up(unpacked: Path, out: Path) -> None:
    """Move tables, then pictures, so that `jpeg` stands in `out` only when all else does."""
    tables = unpacked / "csv"
    if tables.exists():
        (out / "csv").mkdir(exist_ok=True)
        for table in tables.iterdir():
            table.replace(out / "csv" / table.name)
    (unpacked / "jpeg").replace(out / "jpeg")
