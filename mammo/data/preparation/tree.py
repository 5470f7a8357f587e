"""Which pictures a download holds, as Kaggle, TCIA, NBIA or IDC lay it out, told by looking.

All end in one index: pictures by series UID, and by the folder (PatientID) that names film or
lesion. On Kaggle a series is a folder of JPEG files named by its UID, wherever it lies. In a DICOM
tree each file's header states its series and patient, wherever the file lies and whatever it is
called; the Commons' PatientID of 396 calcification series is a file's name, so that there only the
series joins. Linked folders are followed, each folder once.
"""

import hashlib
import os
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mammo.data.preparation.case_files import CASE_FILES, Part
from mammo.errors import DataError, ImageError
from mammo.files import reason_of
from mammo.imaging.grey import damage_refused

_UID = r"[0-9]+(\.[0-9]+){5,}"
KAGGLE = "Kaggle's JPEG copy"
PLACES = ("csv", "cbis-ddsm-csv")
"""Folders of a download in which its case files usually are."""
HIGHEST = 3
"""How many levels above the given folder they are looked for."""
_LAYOUTS = {
    "the Imaging Data Commons' DICOM tree": rf"/{_UID}/MG_{_UID}/[^/]+$",
    "The Cancer Imaging Archive's classic DICOM tree": rf"/{_UID}/{_UID}/[^/]+$",
    "the NBIA Data Retriever's DICOM tree": r"/\d\d-\d\d-\d{4}-[^/]*/[^/]+-\d+/[^/]+$",
    "DICOM files in a tree of its own kind": "",
}
"""What a report calls a DICOM tree, by the first of these that a path matches."""
_PICTURES = {".dcm", ".jpg"}
_NO_PICTURES = (
    ".csv", ".json", ".txt", ".xlsx", ".html", ".md", ".tcia", ".zip", ".png", ".db", ".ini",
)  # fmt: skip


_OWN_DATA = (
    "For your own data, pass a table or folders: python -m mammo.prepare --table TABLE.csv, or "
    "--folders DIR. "
)


@dataclass
class Tree:
    """The pictures of a download, and what its layout is called."""

    layout: str
    by_series: dict[str, list[Path]] = field(default_factory=dict)
    by_folder: dict[str, list[Path]] = field(default_factory=dict)

    def pictures(self, series: Sequence[str], folder: str) -> tuple[Path, ...]:
        """Return the pictures of some series, or if there are none those of a folder's name."""
        found = {path for one in series for path in self.by_series.get(one, ())}
        return tuple(sorted(found or {*self.by_folder.get(folder, ())}))

    def identity(self) -> str:
        """Return a digest of the pictures' paths and sizes, which differs between downloads."""
        paths = {path for found in self.by_series.values() for path in found}
        root = os.path.commonpath(paths)
        lines = sorted(f"{path.relative_to(root).as_posix()} {size_of(path)}" for path in paths)
        return hashlib.sha256(os.fsencode("\n".join(lines))).hexdigest()


def size_of(path: Path) -> int:
    """Return a file's size in bytes; -1 where it is a link to nothing or cannot be accessed."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def is_prepared(folder: Path) -> bool:
    """Return whether a folder holds prepared crops already."""
    return (folder / "index.csv").is_file()


def find_case_files(folder: Path, abnormality: str) -> dict[Part, Path]:
    """Return the case files of a download by kind and split: the uppermost of each.

    `abnormality` is "mass", "calcification" or "all". Raises DataError where one that is needed
    lacks.
    """
    wanted = {name: part for part, name in CASE_FILES.items() if abnormality in (part[0], "all")}
    found = _by_part(sorted(files_below(folder), key=_uppermost), wanted)
    if len(found) == len(wanted):
        return found
    for above in list(folder.resolve().parents)[:HIGHEST]:
        near = (path for name in ("", *PLACES) for path in (above / name).glob("*"))
        if len(_by_part(near, wanted)) == len(wanted):
            raise DataError(
                f"{folder} is only a part of the download: the case files are in {above}. Give "
                f"that folder: --data {shlex.quote(str(above))}"
            )
    absent = next(name for name, part in wanted.items() if part not in found)
    raise DataError(
        f"{_OWN_DATA}Expected the case file {absent} in {folder} or {folder / 'csv'}, but it is "
        "not there. Kaggle's download has it in csv/; for mammograms from TCIA or Imaging Data "
        "Commons get it from the data set's page on The Cancer Imaging Archive, or by `python -m "
        "mammo.download`, and put it into the folder."
    )


def _uppermost(path: Path) -> tuple[int, bool]:
    return len(path.parts), path.parent.name.lower() not in PLACES


def _by_part(paths: Iterable[Path], wanted: Mapping[str, Part]) -> dict[Part, Path]:
    """Return the first file of each wanted name, in small or capital letters."""
    files = dict[str, Path]()
    for path in paths:
        files.setdefault(path.name.lower(), path)
    return {part: files[name] for name, part in wanted.items() if name in files}


def index_tree(folder: Path) -> Tree:
    """Look through a download and index its pictures."""
    if not folder.is_dir():
        raise DataError(
            f"Expected the folder of a CBIS-DDSM download, but {folder} is not a folder."
        )
    tree, others = Tree(KAGGLE), list[Path]()
    for path in files_below(folder):
        suffix = path.suffix.lower()
        if suffix in (".jpg", ".jpeg"):
            if re.fullmatch(_UID, path.parent.name):
                tree.by_series.setdefault(path.parent.name, []).append(path)
        elif suffix not in _NO_PICTURES:
            others.append(path)
    # A DICOM tree may have a preview beside each file.
    if sum(map(len, tree.by_series.values())) <= len(others):
        dicom = _index_dicom(others)
        tree = dicom if dicom.by_series else tree
    if not tree.by_series:
        raise DataError(
            f"{_OWN_DATA}Expected CBIS-DDSM as Kaggle (jpeg/<series>/*.jpg), The Cancer Imaging "
            "Archive, the NBIA Data Retriever or Imaging Data Commons (DICOM files) lay it out, or "
            f"prepared crops (index.csv and crops/). {folder} holds {inside(folder)}. "
            f"{_right_folder(folder)}"
        )
    return tree


def inside(folder: Path) -> str:
    """Return the names of the first files and folders in a folder, in words."""
    try:
        return ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
    except OSError as error:
        return f"what cannot be listed ({reason_of(error)})"


def _right_folder(folder: Path) -> str:
    """Return what to do about a folder without pictures: prepared crops may lie around it."""
    above = folder.resolve().parent
    near = [above, *sorted(path for path in folder.glob("*") if path.is_dir())]
    if prepared := next(filter(is_prepared, near), None):
        return f"{prepared} contains prepared crops: name that folder."
    if folder.name.lower() in PLACES and any(
        path.suffix in _PICTURES for path in files_below(above)
    ):
        return f"The images are in {above}: name that folder."
    return (
        "Name the folder that holds the download, with the images and the case files, or get one "
        "by `python -m mammo.download`."
    )


def _index_dicom(paths: Sequence[Path]) -> Tree:
    from tqdm import tqdm

    layouts, by_series, by_folder = Counter[str](), defaultdict(list), defaultdict(list)
    for path in tqdm(paths, desc="Reading headers", unit="file", disable=len(paths) < 200):
        series, patient = _header(path)
        if series:
            by_series[series].append(path)
            by_folder[patient].append(path)
            place = path.as_posix()
            layouts[next(name for name, shape in _LAYOUTS.items() if re.search(shape, place))] += 1
    layout = max(layouts, key=lambda name: layouts[name], default="")
    return Tree(layout, by_series, by_folder)


def files_below(folder: Path) -> Iterator[Path]:
    """Walk files only: the Commons has folders whose names end in .dcm."""
    entered: set[Path] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        here = Path(place).resolve()
        if here in entered:
            folders.clear()
            continue
        entered.add(here)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _header(path: Path) -> tuple[str, str]:
    """Return series and patient of a DICOM file; "" of anything else, or of a damaged header."""
    import pydicom

    try:
        with damage_refused("a DICOM header"):
            tags = ["SeriesInstanceUID", "PatientID"]
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=tags)
            return str(header.get(tags[0], "")), str(header.get(tags[1], ""))
    except ImageError:
        return "", ""
