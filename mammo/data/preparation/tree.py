"""Which pictures a download holds, as Kaggle, TCIA, NBIA or IDC lay it out, told by looking.

All end in one index: pictures by series UID, and by the folder (PatientID) that names film or
lesion. On Kaggle a series is a folder of JPEG files. In a DICOM tree each file's header says its
series and patient, wherever the file lies and whatever it is called; the Commons' PatientID of 396
calcification series is a file's name, so that there only the series joins.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mammo.errors import DataError, ImageError
from mammo.imaging.damage import damage_refused

KAGGLE, TCIA, NBIA, IDC, DICOM = "kaggle", "tcia", "nbia", "idc", "dicom"
TITLES = {
    KAGGLE: "Kaggle's JPEG copy",
    TCIA: "The Cancer Imaging Archive's classic DICOM tree",
    NBIA: "the NBIA Data Retriever's DICOM tree",
    IDC: "the Imaging Data Commons' DICOM tree",
    DICOM: "DICOM files in a tree of its own kind",
}
_UID = r"[0-9]+(\.[0-9]+){5,}"
_SHAPES = (
    (IDC, re.compile(rf"/{_UID}/MG_{_UID}/[^/]+$")),
    (TCIA, re.compile(rf"/{_UID}/{_UID}/[^/]+$")),
    (NBIA, re.compile(r"/\d\d-\d\d-\d{4}-[^/]*/[^/]+-\d+/[^/]+$")),
)
_NO_PICTURES = {".csv", ".json", ".txt", ".xlsx", ".html", ".md", ".tcia", ".zip", ".png"}


@dataclass
class Tree:
    """Hold the pictures of a download, and which layout it has."""

    layout: str
    by_series: dict[str, list[Path]] = field(default_factory=dict)
    by_folder: dict[str, list[Path]] = field(default_factory=dict)

    def pictures(self, series: tuple[str, ...], folder: str) -> list[Path]:
        """Return the pictures of some series, or if there are none those of a folder's name."""
        found = [path for one in series for path in self.by_series.get(one, ())]
        return sorted(set(found)) or sorted(set(self.by_folder.get(folder, ())))

    def add(self, series: str, folder: str, path: Path) -> None:
        """Enter a picture."""
        self.by_series.setdefault(series, []).append(path)
        if folder:
            self.by_folder.setdefault(folder, []).append(path)

    def identity(self) -> str:
        """Return a digest of the pictures' places and sizes, by which two downloads are told apart.

        Places count from the innermost folder that holds all, so that a download may be moved.
        """
        paths = {path for found in self.by_series.values() for path in found}
        root = os.path.commonpath(paths)
        lines = sorted(f"{path.relative_to(root).as_posix()} {_size(path)}" for path in paths)
        return hashlib.sha256(os.fsencode("\n".join(lines))).hexdigest()


def _size(path: Path) -> int:
    """Return a file's size in bytes; -1 where it is a link to nothing, which its row will say."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def is_prepared(folder: Path) -> bool:
    """Say whether a folder holds prepared crops already."""
    return (folder / "index.csv").is_file()


def index_tree(folder: Path) -> Tree:
    """Look through a download and index its pictures.

    Parameters
    ----------
    folder : Path, as downloaded

    Raises
    ------
    DataError
        It is no folder, or holds neither Kaggle's JPEG nor DICOM files.
    """
    if not folder.is_dir():
        raise DataError(f"Expected the folder of a CBIS-DDSM download, but {folder} is no folder.")
    jpeg = next((path for path in _jpeg_folders(folder) if path.is_dir()), None)
    tree = _index_jpeg(jpeg) if jpeg else _index_dicom(folder)
    if not tree.by_series:
        inside = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        raise DataError(
            "Expected CBIS-DDSM as Kaggle (jpeg/<series>/*.jpg), The Cancer Imaging Archive, the "
            "NBIA Data Retriever or Imaging Data Commons (DICOM files) lay it out, or prepared "
            f"crops (index.csv and crops/). {folder} holds {inside}. Name the folder that holds "
            "the download, or get one by `python -m mammo.download`."
        )
    return tree


def _jpeg_folders(folder: Path) -> Iterator[Path]:
    yield from (folder / "jpeg", folder / "CBIS-DDSM" / "jpeg")
    yield from sorted(folder.glob("*/jpeg"))


def _index_jpeg(folder: Path) -> Tree:
    tree = Tree(KAGGLE)
    for path in _files(folder):
        if path.suffix.lower() in (".jpg", ".jpeg"):
            tree.add(path.parent.name, "", path)
    return tree


def _index_dicom(folder: Path) -> Tree:
    from tqdm import tqdm

    tree = Tree(DICOM)
    shapes: dict[str, int] = {}
    paths = [path for path in _files(folder) if path.suffix.lower() not in _NO_PICTURES]
    for path in tqdm(paths, desc="Reading headers", unit="file", disable=len(paths) < 200):
        found = _header(path)
        if found:
            tree.add(*found, path)
            shape = _shape(path)
            shapes[shape] = shapes.get(shape, 0) + 1
    if shapes:
        tree.layout = max(shapes, key=lambda name: shapes[name])
    return tree


def _files(folder: Path) -> Iterator[Path]:
    """Walk files only: the Commons has folders whose names end in .dcm."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _header(path: Path) -> tuple[str, str] | None:
    """Return series and patient of a DICOM file; None of anything else, or of a damaged header."""
    import pydicom

    tags = ["SeriesInstanceUID", "PatientID"]
    try:
        with damage_refused("a DICOM header"):
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=tags)
            series, patient = (str(header.get(tag, "")) for tag in tags)
    except ImageError:
        return None
    return (series, patient) if series else None


def _shape(path: Path) -> str:
    place = path.as_posix()
    return next((layout for layout, pattern in _SHAPES if pattern.search(place)), DICOM)
