"""Miniature trees of CBIS-DDSM as it really comes, with every quirk, for tests of preparation.

    mini = write_kaggle(folder)     # csv/, jpeg/<SeriesUID>/<n>-<k>.jpg
    mini = write_tcia(folder)       # CBIS-DDSM/<PatientID>/<StudyUID>/<SeriesUID>/00000N.dcm
    mini = write_nbia(folder)       # manifest-N/CBIS-DDSM/<PatientID>/<date>-DDSM-NA-n/1.000000-...
    mini = write_idc(folder)        # cbis_ddsm/<PatientID>/<StudyUID>/MG_<SeriesUID>/<uuid>.dcm

`folder` is what a user names with `--data`. The four case files stand in `csv/` on Kaggle and in
`folder` itself otherwise: the archive and Imaging Data Commons offer them apart from the films,
and a user puts them there. Patients and films are invented, drawn and the same at each run;
written from the published counts and the case files, knowing nothing of the loader that reads
them, so that the one checks the other.

The quirks, each on rows of its own (`cases.CASES`): columns that name the crop as mask and the mask
as crop, all calcifications and a quarter of the masses; crop and mask in one series or in two; a
newline inside a quoted path; descriptions of a series that are missing or wrong; a PatientID (and,
from the Commons, a folder) that tells neither kind nor half, so that only the UIDs join;
`breast_density` and `breast density`; nulls and joined descriptors; two lesions on one film, also
of both labels; one lesion with a label a view; a mask of another size than its film; films, masks
and crops that are missing or cut short; patients in training for one kind and in test for the
other, their film under two UIDs; a lesion at the film's edge; on Kaggle, masks blurred by JPEG, a
film that dicom_info.csv lists and the folder lacks, and file numbers that say nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.miniature.anatomy import CROP_MARGIN, Box, pictures
from tests.miniature.cases import (
    CASES,
    CROP_UNREADABLE,
    FILM_MISSING,
    FILM_UNREADABLE,
    NOTHING_LEFT,
    Case,
    Kind,
    Outcome,
)
from tests.miniature.layouts import write_classic, write_commons, write_jpegs, write_retriever

__all__ = [
    "CROP_UNREADABLE",
    "FILM_MISSING",
    "FILM_UNREADABLE",
    "NOTHING_LEFT",
    "WRITERS",
    "Expected",
    "Miniature",
    "write_idc",
    "write_kaggle",
    "write_nbia",
    "write_tcia",
]

JPEG_TOLERANCE = 2
"""By how many pixels the edge of a mask may move where JPEG blurred it."""


@dataclass(frozen=True)
class Expected:
    """What preparation should make of one row.

    key : str
        The folder of the row's crop, `Mass-Training_P_90001_LEFT_CC_1`; unique among all rows.
    outcome : "window", "provided crop" or "unresolved"
    reason : str
        Why it is no window, one of the constants of this package; empty for a window.
    box : (x, y, width, height)
        The lesion on the film, in film pixels, also where film or mask cannot be read.
    tolerance : int
        By how many pixels each edge of the box may be off: 0 where the mask is exact.
    film_size : (rows, columns)
    swapped, two_series : bool
        Whether the case file has the crop's and the mask's paths the wrong way round, and whether
        the two stand in series of their own.
    """

    key: str
    film: str
    kind: Kind
    split: Literal["train", "test"]
    patient_id: str
    laterality: str
    view: str
    abnormality_id: int
    pathology: str
    outcome: Outcome
    reason: str
    box: Box
    tolerance: int
    film_size: tuple[int, int]
    swapped: bool
    two_series: bool


@dataclass(frozen=True)
class Miniature:
    """A written tree and what to expect of it.

    folder : Path
        What a user gives as `--data`.
    csv_folder : Path
        Where the four case files stand.
    layout : "kaggle", "tcia", "nbia" or "idc"
    rows : tuple of Expected
        In the order of the case files: masses, then calcifications; training before test.
    leaking_patients : frozenset of str
        Those in training for one kind of lesion and in test for the other.
    shared_films : frozenset of (str, str)
        Pairs of film folders, training then test, that hold the very same scan under two UIDs.
    """

    folder: Path
    csv_folder: Path
    layout: str
    rows: tuple[Expected, ...]
    leaking_patients: frozenset[str]
    shared_films: frozenset[tuple[str, str]]

    def outcomes(self) -> dict[str, Outcome]:
        """Return the expected outcome of each row by its key."""
        return {row.key: row.outcome for row in self.rows}

    def of(self, kind: Kind, split: str) -> tuple[Expected, ...]:
        """Return the rows of one case file."""
        return tuple(row for row in self.rows if (row.kind, row.split) == (kind, split))


def write_kaggle(folder: Path) -> Miniature:
    """Write the tree of `awsaf49/cbis-ddsm-breast-cancer-image-dataset`."""
    write_jpegs(folder)
    return _expected(folder, folder / "csv", "kaggle", JPEG_TOLERANCE)


def write_tcia(folder: Path) -> Miniature:
    """Write The Cancer Imaging Archive's classic tree, in which the case files' paths exist."""
    write_classic(folder)
    return _expected(folder, folder, "tcia")


def write_nbia(folder: Path) -> Miniature:
    """Write the NBIA Data Retriever's newer tree, in which they do not."""
    write_retriever(folder)
    return _expected(folder, folder, "nbia")


def write_idc(folder: Path) -> Miniature:
    """Write what idc-index downloads, with the case files that a user has to add."""
    write_commons(folder)
    return _expected(folder, folder, "idc")


WRITERS: dict[str, Callable[[Path], Miniature]] = {
    "kaggle": write_kaggle,
    "tcia": write_tcia,
    "nbia": write_nbia,
    "idc": write_idc,
}


def _expected(folder: Path, csv_folder: Path, layout: str, tolerance: int = 0) -> Miniature:
    rows = tuple(_row(case, tolerance) for case in CASES)
    training = {row.patient_id for row in rows if row.split == "train"}
    test = {row.patient_id for row in rows if row.split == "test"}
    twice = {
        (one.film, other.film)
        for one in CASES
        for other in CASES
        if one.scan == other.scan and (one.split, other.split) == ("train", "test")
    }
    return Miniature(folder, csv_folder, layout, rows, frozenset(training & test), frozenset(twice))


def _row(case: Case, tolerance: int) -> Expected:
    drawn = pictures(case)
    return Expected(
        key=case.key,
        film=case.film,
        kind=case.kind,
        split=case.split,
        patient_id=f"P_{case.patient:05d}",
        laterality=case.side,
        view=case.view,
        abnormality_id=case.number,
        pathology=case.pathology,
        outcome=case.outcome,
        reason=case.reason,
        box=drawn.box,
        tolerance=tolerance
        + max(map(abs, case.mask_off))
        + CROP_MARGIN * (case.damage == "no mask"),
        film_size=(drawn.film.shape[0], drawn.film.shape[1]),
        swapped=case.swapped,
        two_series=case.two_series,
    )
