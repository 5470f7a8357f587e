"""What `mammo.predict` is asked to classify: files, folders of pictures, installed examples."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mammo.data.examples import ExampleLesion, example_lesions
from mammo.errors import SettingsError
from mammo.results import Region, Source

PICTURE_SUFFIXES = frozenset((
    ".bmp", ".dcm", ".dicom", ".jpeg", ".jpg", ".npy", ".pgm", ".png", ".pnm", ".ppm", ".tif",
    ".tiff", ".webp",
))  # fmt: skip
DICOM_PREAMBLE = 128
"""Bytes before the letters DICM in a DICOM file (PS3.10 section 7.1)."""


def file_sources(
    files: Sequence[Path], box: Region | None = None, window: Region | None = None
) -> Iterator[Source]:
    """Return a source for each file, and for each picture in a folder and below, sorted by name.

    A folder that cannot be read is a source with a fault. Other files of a folder are left out, and
    their number is printed on standard error.
    """
    for path in files:
        pictures, faults = _pictures_below(path) if _is_folder(path) else ([path], {})
        for picture in pictures:
            fault = faults.get(picture, "")
            yield Source(_printable(str(picture)), picture, box, window, fault=fault)


def example_sources(which: str | None) -> list[Source]:
    """Return the sources of the installed example lesions that "3", "all" or a case id names.

    Raises
    ------
    SettingsError
        There is no such example.
    DataError
        The example films are not installed.
    """
    if which is None:
        return []
    lesions = example_lesions()
    by_name = {str(number): [lesion] for number, lesion in enumerate(lesions, start=1)}
    by_name |= {lesion.case_id: [lesion] for lesion in lesions} | {"all": list(lesions)}
    if which not in by_name:
        raise SettingsError(
            f"--example takes a number from 1 to {len(lesions)}, all, or one of "
            f"{', '.join(lesion.case_id for lesion in lesions)}. Received: {which}."
        )
    return [_example_source(lesion) for lesion in by_name[which]]


def _example_source(lesion: ExampleLesion) -> Source:
    return Source(lesion.case_id, lesion.film, window=lesion.window, recorded=lesion.pathology)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that the system cannot hold; its reader will say so
        return False


def _pictures_below(folder: Path) -> tuple[list[Path], dict[Path, str]]:
    """Return the pictures in a folder and below, and why some of its folders cannot be read."""
    files: list[Path] = []
    faults: dict[Path, str] = {}

    def note(error: OSError) -> None:
        faults[Path(error.filename)] = f"The folder cannot be read: {error.strerror}."

    for inner, _, names in os.walk(folder, onerror=note):
        files += [Path(inner, name) for name in names]
    pictures = [path for path in files if _may_be_picture(path)]
    if len(pictures) < len(files):
        skipped = len(files) - len(pictures)
        print(f"mammo.predict: {folder}: skipped {skipped} that are no pictures.", file=sys.stderr)
    return sorted([*pictures, *faults]), faults


def _may_be_picture(path: Path) -> bool:
    """Tell a picture by its name, or, as many archives name DICOM files by number, by its head."""
    if path.name.startswith("."):
        return False
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return True
    try:
        if not path.is_file():  # a pipe would never end, and a device is no picture
            return False
        with path.open("rb") as file:
            return file.read(DICOM_PREAMBLE + 4)[DICOM_PREAMBLE:] == b"DICM"
    except OSError:
        return False


def _printable(name: str) -> str:
    """Keep a tab or line break in a file name from tearing the line."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)
