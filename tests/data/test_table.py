"""Prepared crops: what is read, and each refusal by its sentence."""

import shutil

import cv2
import numpy as np
import pandas as pd
import pytest

from mammo.data.table import fingerprint, load_crops, read_pixels
from mammo.errors import DataError


def change(folder, row, column, value):
    table = pd.read_csv(folder / "index.csv", dtype=object)
    table.loc[row, column] = value
    table.to_csv(folder / "index.csv", index=False)


def test_a_prepared_folder_becomes_a_table_and_pixels(prepared):
    table = load_crops(prepared)
    crops = read_pixels(table)
    assert crops.shape == (48, 64, 64) and crops.dtype == np.uint8
    assert table["label"].tolist()[:4] == [0, 0, 1, 1]
    assert table["lesion_id"].tolist()[:2] == ["P_00000_LEFT_1"] * 2
    assert table["case_id"][0] == "Mass-Train_P_00000_LEFT_CC_1"


def test_labels_and_patients_suffice(prepared):
    table = pd.read_csv(prepared / "index.csv")[["file", "patient_id", "pathology"]]
    table.to_csv(prepared / "index.csv", index=False)
    loaded = load_crops(prepared)
    assert set(loaded["split"]) == {"test"}
    assert loaded["lesion_id"].is_unique


def test_the_real_folder_holds_the_official_counts(real_crops):
    table = load_crops(real_crops)
    for split, crops, patients, lesions, malignant in (
        ("train", 1318, 691, 782, 637),
        ("test", 378, 201, 223, 147),
    ):
        rows = table[table["split"] == split]
        assert (len(rows), rows["patient_id"].nunique()) == (crops, patients)
        assert (rows["lesion_id"].nunique(), rows["label"].sum()) == (lesions, malignant)


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("file", "crops/none.png", r"Row 5 .*none\.png.* does not exist"),
        ("pathology", "CANCER", r"Row 5 .*MALIGNANT.*Received: pathology='CANCER'"),
        ("split", "validation", r"Row 5 .*train or test.*'validation'"),
        ("patient_id", None, r"Row 5 .*no file or patient"),
        ("patient_id", "P_00002", r"1 patients are in both splits \(row 5: P_00002\)"),
        ("breast_density", "B", r"Row 5 .*whole number from 0 .*Received: breast_density='B'"),
        ("abnormality_id", "a1", r"Row 5 .*whole number from 0 .*Received: abnormality_id='a1'"),
        ("assessment", "4.5", r"Row 5 .*whole number from 0 .*Received: assessment="),
        ("assessment", "4A", r"Row 5 .*whole number from 0 .*Received: assessment='4A'"),
        ("subtlety", "-1", r"Row 5 .*whole number from 0 .*Received: subtlety="),
        ("subtlety", "inf", r"Row 5 .*whole number from 0 .*Received: subtlety="),
        ("subtlety", "1e12", r"Row 5 .*whole number from 0 .*Received: subtlety="),
        ("assessment", "True", r"Row 5 .*whole number from 0 .*Received: assessment='True'"),
    ],
)
def test_a_wrong_row_is_named(prepared, column, value, sentence):
    change(prepared, 3, column, value)
    if column == "patient_id" and value:
        change(prepared, 3, "abnormality_id", 2)
    with pytest.raises(DataError, match=sentence):
        load_crops(prepared)


def test_a_lesion_s_view_twice_is_refused(prepared):
    table = pd.read_csv(prepared / "index.csv")
    pd.concat([table, table.iloc[[4]]]).to_csv(prepared / "index.csv", index=False)
    with pytest.raises(DataError, match=r"Row 50 .*the same file"):
        load_crops(prepared)


def test_a_case_s_name_twice_is_refused(prepared):
    """A case is named by its file, whatever folder that lies in."""
    other = prepared / "other" / "Mass-Train_P_00000_LEFT_CC_1.png"
    other.parent.mkdir()
    shutil.copy(prepared / "crops" / other.name, other)
    change(prepared, 3, "file", f"other/{other.name}")
    with pytest.raises(DataError, match=r"Row 5 .*file name of an earlier row.*Rename one\."):
        load_crops(prepared)


def test_numbers_may_be_missing_and_are_whole(prepared):
    change(prepared, 3, "breast_density", None)
    change(prepared, 3, "subtlety", " 5 ")
    table = load_crops(prepared)
    assert table["breast_density"].isna().tolist().index(True) == 3
    assert (table["subtlety"][3], table["lesion_id"][0]) == (5, "P_00000_LEFT_1")
    index = pd.read_csv(prepared / "index.csv")
    index.assign(assessment="").to_csv(prepared / "index.csv", index=False)
    assert load_crops(prepared)["assessment"].isna().all()


def test_a_missing_column_folder_or_index_is_said(prepared, tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        load_crops(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"no index\.csv"):
        load_crops(tmp_path)
    table = pd.read_csv(prepared / "index.csv").drop(columns="pathology")
    table.to_csv(prepared / "index.csv", index=False)
    with pytest.raises(DataError, match="Missing: pathology"):
        load_crops(prepared)
    (prepared / "index.csv").write_text("file,patient_id,pathology\n")
    with pytest.raises(DataError, match="no rows"):
        load_crops(prepared)
    (prepared / "index.csv").write_text("")
    with pytest.raises(DataError, match="cannot be read"):
        load_crops(prepared)


@pytest.mark.parametrize(
    ("crop", "sentence"),
    [
        (np.zeros((64, 48), np.uint8), "Row 3 .*square 8-bit grey"),
        (np.zeros((64, 64, 3), np.uint8), "Row 3 .*square 8-bit grey"),
        (np.zeros((64, 64), np.uint16), "Row 3 .*uint16"),
        (np.zeros((32, 32), np.uint8), "Row 3 .*32 pixels wide, the first crop 64"),
        (None, "Row 3 .*not a readable image"),
    ],
)
def test_a_wrong_crop_is_named(prepared, crop, sentence):
    table = load_crops(prepared)
    if crop is None:
        (prepared / table["file"][1]).write_bytes(b"no picture")
    else:
        cv2.imwrite(str(prepared / table["file"][1]), crop)
    with pytest.raises(DataError, match=sentence):
        read_pixels(table)


def test_the_fingerprint_knows_pixels_and_labels_but_not_the_order(prepared):
    table = load_crops(prepared)
    crops = read_pixels(table)
    name = fingerprint(table, crops)
    assert fingerprint(table[::-1], crops[::-1]) == name
    other = crops.copy()
    other[5, 0, 0] += 1
    assert fingerprint(table, other) != name
    assert fingerprint(table.assign(label=1 - table["label"]), crops) != name
