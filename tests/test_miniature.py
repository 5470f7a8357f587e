"""The miniature trees: their own promises, kept without any loader."""

import csv
import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

from tests.miniature import WRITERS, Miniature, write_idc, write_kaggle, write_nbia, write_tcia
from tests.miniature.anatomy import pictures
from tests.miniature.cases import CASE_FILES, CASES, film_of, pair_of


@pytest.fixture(scope="module")
def kaggle(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    return write_kaggle(tmp_path_factory.mktemp("mini") / "kaggle")


@pytest.fixture(scope="module")
def tcia(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    return write_tcia(tmp_path_factory.mktemp("mini") / "tcia")


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def case_rows(mini: Miniature) -> list[dict[str, str]]:
    return [row for name in CASE_FILES.values() for row in read_rows(mini.csv_folder / name)]


def test_rows_are_whole_and_in_order(tcia: Miniature) -> None:
    rows = case_rows(tcia)
    assert len(rows) == len(tcia.rows) == len(tcia.outcomes())
    for row, expected in zip(rows, tcia.rows, strict=True):
        crop = row["cropped image file path"].strip().split("/")
        assert crop[0] == expected.key
        assert (row["patient_id"], row["pathology"]) == (expected.patient_id, expected.pathology)


@pytest.mark.parametrize("layout", list(WRITERS))
def test_each_layout_has_every_outcome_and_all_case_files(layout: str, tmp_path: Path) -> None:
    mini = WRITERS[layout](tmp_path)
    assert set(mini.outcomes().values()) == {"window", "provided crop", "unresolved"}
    assert len({row.reason for row in mini.rows}) == 5
    assert {path.name for path in mini.csv_folder.glob("*case*.csv")} == set(CASE_FILES.values())


def test_there_is_enough_of_both_labels_to_train_in_two_folds(tcia: Miniature) -> None:
    usable = [row for row in tcia.rows if row.outcome != "unresolved"]
    for kind in ("mass", "calcification"):
        for split in ("train", "test"):
            labels: Counter[bool] = Counter()
            for _, malignant in {
                (row.patient_id, row.pathology == "MALIGNANT")
                for row in usable
                if (row.kind, row.split) == (kind, split)
                and not (split == "train" and row.patient_id in tcia.leaking_patients)
            }:
                labels[malignant] += 1
            assert min(labels[True], labels[False]) >= 2, (kind, split, labels)


def test_two_patients_leak_with_their_films(tcia: Miniature) -> None:
    assert tcia.leaking_patients == {"P_90020", "P_90022"}
    assert tcia.shared_films == {
        ("Mass-Training_P_90020_LEFT_CC", "Calc-Test_P_90020_LEFT_CC"),
        ("Calc-Training_P_90022_RIGHT_CC", "Mass-Test_P_90022_RIGHT_CC"),
    }
    for pair in tcia.shared_films:
        films = [
            pydicom.dcmread(next((tcia.folder / "CBIS-DDSM" / name).rglob("*.dcm")))
            for name in pair
        ]
        assert films[0].SeriesInstanceUID != films[1].SeriesInstanceUID
        assert np.array_equal(films[0].pixel_array, films[1].pixel_array)


def test_case_files_have_the_published_quirks(tcia: Miniature) -> None:
    masses = (tcia.csv_folder / CASE_FILES["mass", "train"]).read_bytes()
    calcifications = (tcia.csv_folder / CASE_FILES["calcification", "train"]).read_bytes()
    assert b"breast_density" in masses and b"breast density" in calcifications
    for row, expected in zip(case_rows(tcia), tcia.rows, strict=True):
        newline = "ROI mask" if expected.kind == "mass" else "cropped image"
        assert row[f"{newline} file path"].endswith("\n")
    assert masses.count(b"\r\n") == 1 + len(tcia.of("mass", "train"))
    swapped = Counter((row.kind, row.swapped) for row in tcia.rows)
    assert ("calcification", False) not in swapped
    assert 0.15 < swapped["mass", True] / (swapped["mass", True] + swapped["mass", False]) < 0.35


def test_a_swapped_path_leads_to_the_other_picture(tcia: Miniature) -> None:
    for row, expected in zip(case_rows(tcia), tcia.rows, strict=True):
        path = tcia.folder / "CBIS-DDSM" / row["ROI mask file path"].strip()
        if expected.reason or not path.exists():
            continue
        bits = pydicom.dcmread(path, stop_before_pixels=True).BitsAllocated
        assert bits == (16 if expected.swapped else 8), expected.key


def test_dicom_films_crops_and_masks_are_of_their_kind(tcia: Miniature) -> None:
    root = tcia.folder / "CBIS-DDSM"
    for case, expected in zip(CASES, tcia.rows, strict=True):
        if expected.reason or case.damage == "no mask":
            continue
        mask = pydicom.dcmread(root / pair_of(case)[1].path).pixel_array
        film = pydicom.dcmread(root / film_of(case).path)
        assert film.PhotometricInterpretation == "MONOCHROME2"
        assert not film.file_meta.TransferSyntaxUID.is_compressed
        assert film.BitsAllocated == 16 and film.pixel_array.max() > 255
        assert film.pixel_array.shape == expected.film_size
        assert mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 255}
        off = np.abs(np.subtract(mask.shape, expected.film_size)).max()
        assert off == expected.tolerance
        assert cv2.boundingRect(mask) == expected.box
        if case.damage != "no crop":
            crop = pydicom.dcmread(root / pair_of(case)[0].path).pixel_array
            assert crop.dtype == np.uint16 and crop.size < film.pixel_array.size / 2


def test_series_are_split_and_described_badly(tcia: Miniature) -> None:
    split = [case for case in CASES if case.two_series]
    assert {case.swapped for case in split} == {True, False}
    headers = [pydicom.dcmread(p, stop_before_pixels=True) for p in tcia.folder.rglob("*.dcm")]
    said = Counter(
        (str(header.get("SeriesDescription")), int(header.BitsAllocated)) for header in headers
    )
    assert said["None", 16] and said["None", 8]
    assert said["ROI mask images", 16] and said["cropped images", 8]


def test_truncated_files_cannot_be_read(tcia: Miniature, kaggle: Miniature) -> None:
    cut = [case for case in CASES if case.damage == "film truncated"]
    assert len(cut) == 2
    for case in cut:
        path = tcia.folder / "CBIS-DDSM" / film_of(case).path
        assert pydicom.dcmread(path, stop_before_pixels=True).PatientID == case.film
        with pytest.raises(ValueError, match="less than expected"):
            _ = pydicom.dcmread(path).pixel_array
        (jpeg,) = (kaggle.folder / "jpeg" / film_of(case).series).iterdir()
        assert not jpeg.read_bytes().endswith(b"\xff\xd9")


def test_kaggle_lists_a_film_that_is_not_there(kaggle: Miniature) -> None:
    listed = read_rows(kaggle.csv_folder / "dicom_info.csv")
    assert len(listed[0]) == 38
    assert sum(row["SeriesDescription"] == "" for row in listed) >= 10
    absent = [
        row["PatientID"]
        for row in listed
        if not (kaggle.folder / row["image_path"].removeprefix("CBIS-DDSM/")).exists()
    ]
    assert absent == ["Mass-Training_P_90007_LEFT_CC"]


def test_kaggle_masks_are_blurred_but_near_binary(kaggle: Miniature) -> None:
    for case, expected in zip(CASES, kaggle.rows, strict=True):
        if "no mask" in case.damage:
            continue
        files = (kaggle.folder / "jpeg" / pair_of(case)[1].series).iterdir()
        masks = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in files]
        (mask,) = [one for one in masks if one.shape == pictures(case).mask.shape]
        assert not set(np.unique(mask)) <= {0, 255}
        assert np.mean((mask > 40) & (mask < 215)) < 0.01
        box = cv2.boundingRect((mask > 127).astype(np.uint8))
        assert np.abs(np.subtract(box, expected.box)).max() <= expected.tolerance


def test_retriever_and_commons_name_files_as_they_do(tmp_path: Path) -> None:
    nbia, idc = write_nbia(tmp_path / "nbia"), write_idc(tmp_path / "idc")
    film = "Mass-Test_P_90031_LEFT_CC"
    (path,) = nbia.folder.glob(f"manifest-*/CBIS-DDSM/{film}/*/*/*.dcm")
    header = pydicom.dcmread(path, stop_before_pixels=True)
    assert path.parent.name == f"1.000000-full mammogram images-{header.SeriesInstanceUID[-5:]}"
    assert path.parent.parent.name == f"08-29-2017-DDSM-NA-{header.StudyInstanceUID[-5:]}"
    assert "1.3.6.1" not in "".join(str(one) for one in nbia.folder.rglob("*"))
    (path,) = idc.folder.glob(f"cbis_ddsm/{film}/*/*/*.dcm")
    assert path.parent.name == f"MG_{header.SeriesInstanceUID}"
    assert path.parent.parent.name == header.StudyInstanceUID
    assert len(path.stem) == 36


def test_commons_names_some_patients_without_kind_and_half(tmp_path: Path) -> None:
    mini = write_idc(tmp_path)
    folders = {path.name for path in (mini.folder / "cbis_ddsm").iterdir()}
    odd = {name for name in folders if name.startswith("P_")}
    assert {"P_90051_LEFT_CC.dcm", "P_90051_LEFT_CC_1.dcm", "P_90020_LEFT_CC.dcm"} <= odd
    for name in odd:
        for path in (mini.folder / "cbis_ddsm" / name).rglob("*.dcm"):
            if path.is_file():
                header = pydicom.dcmread(path, stop_before_pixels=True)
                assert header.PatientID == name
                assert "SeriesDescription" not in header


def test_the_same_tree_is_written_each_time(tmp_path: Path) -> None:
    def content(folder: Path) -> str:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return json.dumps([(str(p.relative_to(folder)), hash(p.read_bytes())) for p in files])

    one, other = write_kaggle(tmp_path / "one"), write_kaggle(tmp_path / "two")
    assert content(one.folder) == content(other.folder)
    assert one.rows == other.rows
