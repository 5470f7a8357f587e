"""The four official case description files of CBIS-DDSM: one row a lesion and view.

Column names differ between masses and calcifications, newlines stand inside quoted paths, and the
columns of crop and mask are swapped in all calcification rows and a quarter of the mass rows. So of
the paths only what is safe is used: the folder (which must agree with the row's own fields) and the
series, of both columns without regard to which is which.

Lee et al. 2017, Scientific Data 4:170177; the counts were taken from the files themselves.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mammo.data.csv_table import as_word, read_csv_table, whole_number
from mammo.errors import DataError

CASE_FILES = {
    ("mass", "train"): "mass_case_description_train_set.csv",
    ("mass", "test"): "mass_case_description_test_set.csv",
    ("calcification", "train"): "calc_case_description_train_set.csv",
    ("calcification", "test"): "calc_case_description_test_set.csv",
}
COUNTED = (
    "rows", "patients", "films", "lesions", "MALIGNANT", "BENIGN", "BENIGN_WITHOUT_CALLBACK",
)  # fmt: skip
OFFICIAL_COUNTS = {
    ("mass", "train"): (1318, 691, 1231, 782, 637, 577, 104),
    ("mass", "test"): (378, 201, 361, 223, 147, 194, 37),
    ("calcification", "train"): (1546, 602, 1227, 856, 544, 528, 474),
    ("calcification", "test"): (326, 151, 284, 189, 129, 130, 67),
}
PREFIXES = {
    ("mass", "train"): "Mass-Training",
    ("mass", "test"): "Mass-Test",
    ("calcification", "train"): "Calc-Training",
    ("calcification", "test"): "Calc-Test",
}
"""How the names of a part's folders begin."""
OF_ONE_KIND = ("mass_shape", "mass_margins", "calc_type", "calc_distribution")
"""Columns that only the case files of one kind have."""
HIGHEST_NUMBER = 99
"""Of the abnormalities of a breast; the published files have up to 7."""
LEAKING_PATIENTS = 31
"""Patients in training for one kind of lesion and in test for the other."""

Part = tuple[str, str]


@dataclass(frozen=True)
class CaseRow:
    """A lesion on one view; texts as written, "" (of grades also "0") where nothing is recorded.

    `key` names the folder of its crop and mask, `Mass-Training_P_00001_LEFT_CC_1`, and is unique;
    `film` names the folder of its film. `pair_series` are the UIDs of crop and mask, one or two, in
    no order.
    """

    key: str
    film: str
    abnormality_type: str
    split: str
    patient_id: str
    laterality: str
    view: str
    abnormality_id: int
    breast_density: str
    mass_shape: str
    mass_margins: str
    calc_type: str
    calc_distribution: str
    assessment: str
    pathology: str
    subtlety: str
    film_series: str
    pair_series: tuple[str, ...]


def read_case_file(path: Path, part: Part) -> list[CaseRow]:
    """Read one case file; refuse a row whose paths disagree with it, or that is there twice."""
    table = read_csv_table(path)
    rows = [
        _row(fields, part, f"Row {line} of {path.name}")
        for line, fields in zip(table.lines, table.rows, strict=True)
    ]
    for key, times in Counter(row.key for row in rows).items():
        if times > 1:
            raise DataError(
                f"{path.name} lists {key} twice; each lesion and view must be listed once."
            )
    return rows


def _row(fields: dict[str, str], part: Part, where: str) -> CaseRow:
    try:
        film, film_series = _place(fields["image_file_path"])
        pairs = [_place(fields[name]) for name in ("cropped_image_file_path", "roi_mask_file_path")]
        side, view = fields["left_or_right_breast"].upper(), fields["image_view"].upper()
        expected = f"{PREFIXES[part]}_{fields['patient_id']}_{side}_{view}"
        number = whole_number(fields["abnormality_id"], HIGHEST_NUMBER)
        if number is None:
            raise ValueError(f"abnormality id: {fields['abnormality_id'][:40]!r}")
        key = f"{expected}_{number}"
        if film != expected or {folder for folder, _ in pairs} != {key}:
            raise DataError(
                f"{where} should name images in {expected} and {key}, after its own fields. "
                f"Received: {film}, {', '.join(folder for folder, _ in pairs)}."
            )
        descriptors = {name: fields.get(name, "") for name in OF_ONE_KIND}
        return CaseRow(
            key, film, *part, fields["patient_id"], side, view, number, fields["breast_density"],
            **descriptors, assessment=fields["assessment"],
            pathology=as_word(fields["pathology"], COUNTED[4:]), subtlety=fields["subtlety"],
            film_series=film_series, pair_series=tuple(dict.fromkeys(uid for _, uid in pairs)),
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        raise DataError(f"{where} has no readable {error}.") from error


def _place(path: str) -> tuple[str, str]:
    """Return folder and series of `<folder>/<StudyUID>/<SeriesUID>/00000N.dcm`."""
    parts = path.strip().split("/")
    if len(parts) != 4:
        raise ValueError(f"image path: {path!r}")
    return parts[0], parts[2]


def count(rows: Sequence[CaseRow]) -> dict[str, int]:
    """Count rows, patients, films, lesions and pathologies, by the names of `COUNTED`."""
    labels = Counter(row.pathology for row in rows)
    return {
        "rows": len(rows),
        "patients": len({row.patient_id for row in rows}),
        "films": len({row.film for row in rows}),
        "lesions": len({(row.patient_id, row.laterality, row.abnormality_id) for row in rows}),
        **{name: labels[name] for name in COUNTED[4:]},
    }


def count_mismatches(rows_of: dict[Part, list[CaseRow]]) -> list[str]:
    """Return a sentence for each file whose counts differ from the official ones."""
    sentences = []
    for part, rows in rows_of.items():
        official = dict(zip(COUNTED, OFFICIAL_COUNTS[part], strict=True))
        wrong = [
            f"{found:,} {name.replace('_', ' ')} instead of {official[name]:,}"
            for name, found in count(rows).items()
            if found != official[name]
        ]
        if wrong:
            sentences.append(f"{CASE_FILES[part]} has {', '.join(wrong)}.")
    if len(rows_of) == len(CASE_FILES):
        leaking = len(leaking_patients([row for rows in rows_of.values() for row in rows]))
        if leaking != LEAKING_PATIENTS:
            sentences.append(
                f"{leaking} patients are in both splits instead of {LEAKING_PATIENTS}."
            )
    return sentences


def leaking_patients(rows: Sequence[CaseRow]) -> list[str]:
    """Return the patients that stand in both splits: only where both kinds are pooled."""
    training, test = (
        {row.patient_id for row in rows if row.split == split} for split in ("train", "test")
    )
    return sorted(training & test)
