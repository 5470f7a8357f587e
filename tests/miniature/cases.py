"""The invented patients of the miniature: rows as the four case files have them, and their quirks.

Every quirk that CBIS-DDSM has stands on a row of its own; `expected` says what a preparation
should make of the row. The patients' numbers begin at 90001: no real one is that high.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["mass", "calcification"]
Outcome = Literal["window", "provided crop", "unresolved"]

FILM_MISSING = "mammogram missing"
FILM_UNREADABLE = "mammogram unreadable"
NOTHING_LEFT = "crop and mask missing"
CROP_UNREADABLE = "crop unreadable"

REASONS = {
    "": "window",
    "no crop": "window",  # the film and the mask are there, and enough
    "film listed but missing": "provided crop",
    "film truncated": "provided crop",
    "no mask": "window",  # the crop has its place on the film
    "no crop, no mask": "unresolved",
    "crop truncated, no mask": "unresolved",
}
KINDS_OF_REASON = {
    "film listed but missing": FILM_MISSING,
    "film truncated": FILM_UNREADABLE,
    "no crop, no mask": NOTHING_LEFT,
    "crop truncated, no mask": CROP_UNREADABLE,
}


@dataclass(frozen=True)
class Case:
    """One row of a case file and what is wrong with its pixels."""

    kind: Kind
    split: Literal["train", "test"]
    patient: int
    side: str
    view: str
    number: int
    pathology: str
    first: str
    """Mass shape or calcification type."""
    second: str
    """Mass margins or calcification distribution."""
    swapped: bool = False
    """The row's crop column leads to the mask, its mask column to the crop."""
    two_series: bool = False
    mask_off: tuple[int, int] = (0, 0)
    """By how many rows and columns the mask is larger (or smaller) than its film."""
    undescribed: bool = False
    """No SeriesDescription; from the Commons and on Kaggle a file's name as PatientID, too."""
    damage: str = ""
    density: int = 2
    assessment: int = 4
    subtlety: int = 3

    @property
    def film(self) -> str:
        """The folder of the film: Mass-Training_P_90001_LEFT_CC."""
        half = {"train": "Training", "test": "Test"}[self.split]
        prefix = {"mass": "Mass", "calcification": "Calc"}[self.kind]
        return f"{prefix}-{half}_P_{self.patient:05d}_{self.side}_{self.view}"

    @property
    def key(self) -> str:
        """The folder of the row's crop and mask: the film's with the abnormality's number."""
        return f"{self.film}_{self.number}"

    @property
    def scan(self) -> str:
        """The picture itself: one scan may stand in both data sets, under different UIDs."""
        return f"P_{self.patient:05d}_{self.side}_{self.view}"

    @property
    def outcome(self) -> Outcome:
        return REASONS[self.damage]  # type: ignore[return-value]

    @property
    def reason(self) -> str:
        """Why there is no window, as one of the kinds above; empty where there is one."""
        return KINDS_OF_REASON.get(self.damage, "")


M, B, BWC = "MALIGNANT", "BENIGN", "BENIGN_WITHOUT_CALLBACK"


def mass(split: str, patient: int, where: str, number: int, pathology: str, words: str, **more):
    side, view = where.split()
    return Case("mass", split, patient, side, view, number, pathology, *words.split(), **more)


def calc(split: str, patient: int, where: str, number: int, pathology: str, words: str, **more):
    side, view = where.split()
    more = {"swapped": True} | more
    return Case(
        "calcification", split, patient, side, view, number, pathology, *words.split(), **more
    )


CASES: tuple[Case, ...] = (
    mass("train", 90001, "LEFT CC", 1, M, "IRREGULAR-ARCHITECTURAL_DISTORTION SPICULATED"),
    mass("train", 90001, "LEFT MLO", 1, M, "IRREGULAR-ARCHITECTURAL_DISTORTION SPICULATED"),
    mass("train", 90002, "RIGHT CC", 1, B, "OVAL CIRCUMSCRIBED", swapped=True, density=4),
    mass("train", 90002, "RIGHT MLO", 1, B, "OVAL CIRCUMSCRIBED-OBSCURED"),
    # Two lesions on one film, one of each label.
    mass("train", 90003, "LEFT MLO", 1, M, "IRREGULAR SPICULATED", assessment=5),
    mass("train", 90003, "LEFT MLO", 2, B, "ROUND CIRCUMSCRIBED", swapped=True, assessment=5),
    mass("train", 90004, "RIGHT MLO", 1, BWC, "LYMPH_NODE N/A", two_series=True, assessment=2),
    # One lesion whose two views were labelled differently.
    mass("train", 90005, "LEFT CC", 1, M, "N/A ILL_DEFINED", two_series=True, swapped=True),
    mass("train", 90005, "LEFT MLO", 1, B, "OVAL ILL_DEFINED", assessment=0, subtlety=0),
    mass("train", 90006, "RIGHT CC", 1, B, "LOBULATED MICROLOBULATED", mask_off=(-3, 4)),
    mass("train", 90007, "LEFT CC", 1, M, "ROUND SPICULATED", damage="film listed but missing"),
    mass("train", 90008, "RIGHT MLO", 1, B, "OVAL OBSCURED", damage="film truncated"),
    mass("train", 90009, "LEFT CC", 1, M, "LOBULATED ILL_DEFINED-SPICULATED", damage="no mask"),
    mass("train", 90010, "RIGHT CC", 1, B, "OVAL CIRCUMSCRIBED", damage="no crop, no mask"),
    mass("train", 90010, "RIGHT MLO", 1, B, "OVAL CIRCUMSCRIBED", swapped=True),
    mass("train", 90011, "LEFT MLO", 1, M, "IRREGULAR OBSCURED", damage="crop truncated, no mask"),
    mass("train", 90011, "LEFT CC", 1, M, "IRREGULAR OBSCURED", undescribed=True),
    mass("train", 90020, "LEFT CC", 1, M, "IRREGULAR SPICULATED", assessment=5),
    mass("train", 90021, "RIGHT MLO", 1, B, "OVAL CIRCUMSCRIBED", assessment=3),
    mass("test", 90031, "LEFT CC", 1, M, "IRREGULAR SPICULATED", swapped=True, assessment=5),
    mass("test", 90031, "LEFT MLO", 1, M, "IRREGULAR SPICULATED", assessment=5),
    mass("test", 90032, "RIGHT CC", 1, B, "OVAL CIRCUMSCRIBED", assessment=3),
    mass("test", 90033, "LEFT MLO", 1, M, "ROUND ILL_DEFINED", damage="no crop"),
    mass("test", 90034, "RIGHT MLO", 1, BWC, "ASYMMETRIC_BREAST_TISSUE N/A", two_series=True),
    mass("test", 90022, "RIGHT CC", 1, B, "LOBULATED CIRCUMSCRIBED", assessment=3),
    calc("train", 90041, "LEFT CC", 1, M, "PLEOMORPHIC CLUSTERED"),
    calc("train", 90041, "LEFT MLO", 1, M, "PLEOMORPHIC CLUSTERED-LINEAR"),
    calc("train", 90042, "RIGHT CC", 1, B, "ROUND_AND_REGULAR-LUCENT_CENTER N/A", assessment=2),
    calc("train", 90042, "RIGHT CC", 2, B, "VASCULAR N/A", assessment=2),
    calc("train", 90043, "LEFT MLO", 1, M, "FINE_LINEAR_BRANCHING SEGMENTAL", two_series=True),
    calc("train", 90044, "RIGHT MLO", 1, BWC, "N/A CLUSTERED", mask_off=(2, 0)),
    calc("train", 90021, "RIGHT MLO", 1, B, "PUNCTATE-AMORPHOUS REGIONAL"),
    calc("train", 90022, "RIGHT CC", 1, B, "COARSE DIFFUSELY_SCATTERED"),
    calc("test", 90051, "LEFT CC", 1, M, "PLEOMORPHIC LINEAR", density=0, undescribed=True),
    calc("test", 90052, "RIGHT CC", 1, B, "LUCENT_CENTER N/A", undescribed=True),
    calc("test", 90053, "LEFT MLO", 1, M, "AMORPHOUS CLUSTERED"),
    calc("test", 90054, "RIGHT MLO", 1, BWC, "PUNCTATE CLUSTERED", damage="film truncated"),
    calc("test", 90020, "LEFT CC", 1, M, "PLEOMORPHIC CLUSTERED", undescribed=True),
)

CASE_FILES = {
    ("mass", "train"): "mass_case_description_train_set.csv",
    ("mass", "test"): "mass_case_description_test_set.csv",
    ("calcification", "train"): "calc_case_description_train_set.csv",
    ("calcification", "test"): "calc_case_description_test_set.csv",
}


def uid(*names: object) -> str:
    """Return a UID of CBIS-DDSM's form, always the same for the same names."""
    digest = int.from_bytes(hashlib.sha256(repr(names).encode()).digest())
    return f"1.3.6.1.4.1.9590.100.1.2.{digest % 10**39:039d}".replace(".2.0", ".2.1")


@dataclass(frozen=True)
class Stored:
    """Where the case file says that one picture is: folder, study, series and file number."""

    folder: str
    study: str
    series: str
    number: int

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.study}/{self.series}/{self.number:06d}.dcm"


def film_of(case: Case) -> Stored:
    """Return where the film of a row is stored."""
    return Stored(case.film, uid(case.film, "study"), uid(case.film, "series"), 0)


def pair_of(case: Case) -> tuple[Stored, Stored]:
    """Return where the crop and the mask really are, whatever the columns say.

    In one series they are numbered 0 and 1, else each is number 0 of its own study and series.
    The crop column names number 0 for masses and number 1 for calcifications.
    """
    folder = case.key
    if case.two_series:
        crop, mask = (Stored(folder, uid(folder, n, 1), uid(folder, n, 2), 0) for n in "cm")
        return crop, mask
    crop_column_first = case.kind == "mass"
    crop_number = int(crop_column_first == case.swapped)
    study, series = uid(folder, "study"), uid(folder, "series")
    return (
        Stored(folder, study, series, crop_number),
        Stored(folder, study, series, 1 - crop_number),
    )


def misnamed(case: Case, stored: Stored) -> str:
    """Return the PatientID that Imaging Data Commons gives: 396 of its 6,775 series, all of them
    calcifications of the test half, carry one like `P_90051_LEFT_CC.dcm`, without Calc-Test.
    """
    if case.undescribed and case.split == "test":
        return f"{stored.folder.partition('_')[2]}.dcm"
    return stored.folder


def write_case_files(folder: Path) -> None:
    """Write the four case files as published: CRLF, N/A, a newline inside one quoted path."""
    folder.mkdir(parents=True, exist_ok=True)
    for (kind, split), name in CASE_FILES.items():
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\r\n")
            writer.writerow(_header(kind))
            writer.writerows(_row(c) for c in CASES if (c.kind, c.split) == (kind, split))


def _header(kind: str) -> list[str]:
    middle = {
        "mass": ("breast_density", "mass shape", "mass margins"),
        "calcification": ("breast density", "calc type", "calc distribution"),
    }
    density, first, second = middle[kind]
    return [
        "patient_id", density, "left or right breast", "image view", "abnormality id",
        "abnormality type", first, second, "assessment", "pathology", "subtlety",
        "image file path", "cropped image file path", "ROI mask file path",
    ]  # fmt: skip


def _row(case: Case) -> list[object]:
    crop, mask = (stored.path for stored in pair_of(case))
    if case.swapped:
        crop, mask = mask, crop
    if case.kind == "mass":
        mask += "\n"
    else:
        crop += "\n"
    return [
        f"P_{case.patient:05d}", case.density, case.side, case.view, case.number, case.kind,
        case.first, case.second, case.assessment, case.pathology, case.subtlety,
        film_of(case).path, crop, mask,
    ]  # fmt: skip
