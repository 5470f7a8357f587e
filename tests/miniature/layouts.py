"""Write the miniature as each of the four distributions lays CBIS-DDSM out, with its damage.

What is the same in all of them: which pictures a row has, and which of them are damaged or left
out. `Picture` names one; each layout says where it stands, in which format, and under which
description.

Sources: the classic layout is that of the paths in the case files themselves. The NBIA Data
Retriever's names end in the last five digits of the study's and the series' UIDs
(`08-29-2017-DDSM-NA-94942/1.000000-ROI mask images-18515`), as users' scripts quote them. Kaggle's
is `jpeg/<SeriesUID>/<instance>-<number>.jpg` beside `csv/`. Imaging Data Commons' is the default of
idc-index (`IDCClient.DOWNLOAD_HIERARCHY_DEFAULT` in idc_index/index.py):
`%collection_id/%PatientID/%StudyInstanceUID/%Modality_%SeriesInstanceUID`, each file named by the
UUID of its instance, PatientID as `cases.misnamed` says (read from the index of idc-index-data 25).
"""

import csv
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.miniature.anatomy import pictures
from tests.miniature.cases import (
    CASES,
    Case,
    Stored,
    film_of,
    misnamed,
    pair_of,
    uid,
    write_case_files,
)
from tests.miniature.dicom import KEPT_OF_A_TRUNCATED_FILE, write_dicom

NAMES = {
    "film": "full mammogram images",
    "crop": "cropped images",
    "mask": "ROI mask images",
}


@dataclass(frozen=True)
class Picture:
    """One picture of the collection: what it shows and where the case file says that it is."""

    what: Literal["film", "crop", "mask"]
    case: Case
    stored: Stored
    listed: bool
    """False where the file is absent; it may still be listed in dicom_info.csv."""
    truncated: bool

    @property
    def pixels(self) -> NDArray[Any]:
        return getattr(pictures(self.case), self.what)

    @property
    def present(self) -> bool:
        return self.listed and not (self.what == "film" and self.case.damage.startswith("film l"))


def collection() -> Iterator[Picture]:
    """Name every picture once: a film of several rows comes with the first of them."""
    films = set()
    for case in CASES:
        if case.film not in films:
            films.add(case.film)
            yield Picture("film", case, film_of(case), True, case.damage == "film truncated")
        crop, mask = pair_of(case)
        yield Picture(
            "crop", case, crop, "no crop" not in case.damage, "crop truncated" in case.damage
        )
        yield Picture("mask", case, mask, "no mask" not in case.damage, False)


def series_description(picture: Picture) -> str | None:
    """Return what the file says that its series is.

    One description for both files of a series, so wrong for one of them; wrong for the only file
    of some series too; and none where the row is undescribed.
    """
    case = picture.case
    if case.undescribed:
        return None
    if picture.what == "film":
        return NAMES["film"]
    if case.two_series:
        return NAMES["mask" if case.swapped == (picture.what == "crop") else "crop"]
    return NAMES["mask" if case.patient % 2 else "crop"]


def write_classic(folder: Path) -> None:
    """Write `CBIS-DDSM/<PatientID>/<StudyUID>/<SeriesUID>/00000N.dcm`, the case files beside."""
    write_case_files(folder)
    for picture in collection():
        if picture.present:
            _dicom(folder / "CBIS-DDSM" / picture.stored.path, picture)


def write_retriever(folder: Path) -> None:
    """Write the NBIA Data Retriever's tree: dates, descriptions and digits, but no UID."""
    write_case_files(folder)
    manifest = folder / "manifest-1657064287305"
    rows = []
    for picture in collection():
        described = series_description(picture) or "NA"
        place = (
            f"{picture.stored.folder}/08-29-2017-DDSM-NA-{picture.stored.study[-5:]}/"
            f"1.000000-{described}-{picture.stored.series[-5:]}"
        )
        rows.append((picture.stored.series, picture.stored.study, described, f"./{place}"))
        if picture.present:
            name = f"1-{picture.stored.number + 1}.dcm"
            _dicom(manifest / "CBIS-DDSM" / place / name, picture)
    header = ("Series UID", "Study UID", "Series Description", "File Location")
    _table(manifest / "metadata.csv", header, list(dict.fromkeys(rows)))


def write_commons(folder: Path) -> None:
    """Write idc-index' tree; the user has put the case files, which it lacks, into `folder`."""
    write_case_files(folder)
    for picture in collection():
        if picture.present:
            stored = picture.stored
            patient = misnamed(picture.case, stored)
            series = Path("cbis_ddsm", patient, stored.study, f"MG_{stored.series}")
            name = f"{uuid.uuid5(uuid.NAMESPACE_OID, stored.path)}.dcm"
            _dicom(folder / series / name, picture, patient)


def _dicom(path: Path, picture: Picture, patient: str | None = None) -> None:
    write_dicom(
        path, picture.pixels, picture.case, picture.stored,
        series_description(picture), picture.truncated, patient,
    )  # fmt: skip


def write_jpegs(folder: Path) -> None:
    """Write Kaggle's tree: 8-bit lossy JPEG by series, and the tables in `csv/`."""
    write_case_files(folder / "csv")
    rows, number = [], 0
    for number, picture in enumerate(collection(), start=11):
        # Which of a pair comes first says nothing about what it is.
        first = picture.stored.number + 1 if picture.case.patient % 3 else 2 - picture.stored.number
        name = f"{1 if picture.what == 'film' else first}-{number:03d}"
        if picture.case.two_series:
            name = f"1-{number:03d}"
        place = f"{picture.stored.series}/{name}"
        if picture.listed:
            rows.append(_dicom_info(picture, place))
        if picture.present:
            _jpeg(folder / "jpeg" / f"{place}.jpg", picture)
    _table(folder / "csv" / "dicom_info.csv", tuple(rows[0]), [tuple(r.values()) for r in rows])
    series = list(
        dict.fromkeys(
            (row["SeriesInstanceUID"], row["StudyInstanceUID"], "MG", row["SeriesDescription"])
            for row in rows
        )
    )
    header = ("SeriesInstanceUID", "StudyInstanceUID", "Modality", "SeriesDescription")
    _table(folder / "csv" / "meta.csv", header, series)


def _jpeg(path: Path, picture: Picture) -> None:
    pixels = picture.pixels
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    done, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 75])
    assert done
    content = coded.tobytes()
    kept = KEPT_OF_A_TRUNCATED_FILE if picture.truncated else 1
    path.write_bytes(content[: int(len(content) * kept)])


def _dicom_info(picture: Picture, place: str) -> dict[str, object]:
    """Return a row of dicom_info.csv, 38 columns; here each file has a description of its own."""
    pixels, stored, case = picture.pixels, picture.stored, picture.case
    bits = pixels.dtype.itemsize * 8
    return {
        "file_path": f"CBIS-DDSM/dicom/{place}.dcm",
        "image_path": f"CBIS-DDSM/jpeg/{place}.jpg",
        "AccessionNumber": "",
        "BitsAllocated": bits,
        "BitsStored": bits,
        "BodyPartExamined": "BREAST",
        "Columns": pixels.shape[1],
        "ContentDate": 20160426,
        "ContentTime": 131732.685,
        "ConversionType": "WSD",
        "HighBit": bits - 1,
        "InstanceNumber": stored.number + 1,
        "LargestImagePixelValue": int(pixels.max()),
        "Laterality": case.side[0],
        "Modality": "MG",
        "PatientBirthDate": "",
        "PatientID": misnamed(case, stored),
        "PatientName": misnamed(case, stored),
        "PatientOrientation": case.view,
        "PatientSex": "",
        "PhotometricInterpretation": "MONOCHROME2",
        "PixelRepresentation": 0,
        "ReferringPhysicianName": "",
        "Rows": pixels.shape[0],
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7",
        "SOPInstanceUID": uid(stored.path, "instance"),
        "SamplesPerPixel": 1,
        "SecondaryCaptureDeviceManufacturer": "MathWorks",
        "SecondaryCaptureDeviceManufacturerModelName": "MATLAB",
        "SeriesDescription": "" if case.undescribed else NAMES[picture.what],
        "SeriesInstanceUID": stored.series,
        "SeriesNumber": 1,
        "SmallestImagePixelValue": int(pixels.min()),
        "SpecificCharacterSet": "ISO_IR 100",
        "StudyDate": 20160720,
        "StudyID": "DDSM",
        "StudyInstanceUID": stored.study,
        "StudyTime": 131756,
    }


def _table(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
