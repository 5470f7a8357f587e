"""Preparation on the miniature of each layout, on real films, and on the real case files."""

import argparse
import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

from benchmarks import preparation as benchmark
from mammo import cut_lesion, example_lesions, read_image
from mammo.data.preparation import run
from mammo.data.preparation.case_files import (
    CASE_FILES,
    LEAKING_PATIENTS,
    count_mismatches,
    leaking_patients,
    read_case_file,
)
from mammo.data.preparation.run import prepared_folder
from mammo.data.preparation.tree import find_case_files, index_tree
from mammo.data.table import load_crops, read_pixels
from mammo.prepare import main
from tests.imaging.makers import dicom_bytes
from tests.miniature import WRITERS, Miniature

QUIET = ("--partial", "--jobs", "1", "--crop-size", "64")


@pytest.fixture(scope="module")
def miniatures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Miniature]:
    folder = tmp_path_factory.mktemp("miniatures")
    return {name: write(folder / name) for name, write in WRITERS.items()}


def prepared(mini: Miniature, out: Path, *more: str) -> dict[str, object]:
    # Each miniature has files that cannot be read.
    assert main(["--data", str(mini.folder), "--out", str(out), *QUIET, *more]) == 1
    return dict(json.loads((out / "report.json").read_text()))


def index(out: Path) -> dict[str, dict[str, str]]:
    with (out / "index.csv").open(newline="") as file:
        return {Path(row["file"]).stem: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("layout", WRITERS)
def test_every_row_becomes_what_the_miniature_expects(miniatures, tmp_path, layout) -> None:
    mini = miniatures[layout]
    report = prepared(mini, tmp_path, "--abnormality", "all")
    rows = index(tmp_path)
    left_out = {
        entry["lesion"]: (kind, entry["reason"])
        for name, kind in (("provided_crops", "provided crop"), ("unresolved", "unresolved"))
        for entry in report[name]
    }
    for expected in mini.rows:
        if expected.split == "train" and expected.patient_id in mini.leaking_patients:
            assert expected.key not in rows
            continue
        found = left_out.get(expected.key, ("window", ""))
        assert found == (expected.outcome, expected.reason), expected.key
        assert (expected.key in rows) == (expected.outcome != "unresolved")
        if expected.outcome == "window":
            assert off_by(rows[expected.key], expected.box) <= expected.tolerance + 0.1
    assert report["patients_in_both_halves"] == sorted(mini.leaking_patients)
    assert read_pixels(load_crops(tmp_path)).shape[1:] == (64, 64)
    assert not (tmp_path / ".prepare").exists()


def off_by(row: dict[str, str], box: tuple[int, int, int, int]) -> float:
    """By how many film pixels the recorded box's edges differ from the expected ones."""
    scale = int(row["window_width"]) / 64
    x, y, width, height = (
        float(row[f"box_{name}"]) * scale for name in ("x", "y", "width", "height")
    )
    left, top = float(row["window_x"]) + x, float(row["window_y"]) + y
    found = np.array([left, top, left + width, top + height])
    expected = np.array([box[0], box[1], box[0] + box[2], box[1] + box[3]])
    return float(np.abs(found - expected).max())


@pytest.mark.parametrize("layout", WRITERS)
def test_the_layout_is_told_by_looking(miniatures, tmp_path, layout) -> None:
    words = {"kaggle": "Kaggle", "tcia": "classic", "nbia": "NBIA", "idc": "Imaging Data Commons"}
    assert words[layout] in str(prepared(miniatures[layout], tmp_path)["layout"])


def test_dicom_files_cut_anywhere_are_passed_over(tmp_path) -> None:
    film = dicom_bytes(np.zeros((8, 8), np.uint16), SeriesInstanceUID="1.2.3", PatientID="whole")
    (tmp_path / "whole.dcm").write_bytes(film)
    for length in range(132, len(film), 3):
        (tmp_path / f"{length}.dcm").write_bytes(film[:length])
    tree = index_tree(tmp_path)
    assert tmp_path / "whole.dcm" in tree.by_folder["whole"]


def test_masses_alone_leak_nobody(miniatures, tmp_path) -> None:
    report = prepared(miniatures["tcia"], tmp_path)
    assert report["patients_in_both_halves"] == [] and report["rows_dropped_for_them"] == 0
    assert set(load_crops(tmp_path)["abnormality_type"]) == {"mass"}


def test_counts_that_are_not_official_stop_it(miniatures, tmp_path, capsys) -> None:
    mini = miniatures["kaggle"]
    assert main(["--data", str(mini.folder), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "mass_case_description_train_set.csv has 19 rows instead of 1,318" in said
    assert "--partial" in said
    assert not (tmp_path / "out").exists()


def test_a_stopped_run_goes_on_and_ends_alike(miniatures, tmp_path, monkeypatch) -> None:
    mini = miniatures["tcia"]
    prepared(mini, tmp_path / "whole")
    whole, calls = run.prepare_film, []

    def stop_at_the_fifth(task, size):
        calls.append(task)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return whole(task, size)

    monkeypatch.setattr(run, "prepare_film", stop_at_the_fifth)
    arguments = ["--data", str(mini.folder), "--out", str(tmp_path / "stopped"), *QUIET]
    assert main(arguments) == 130
    notes = tmp_path / "stopped" / ".prepare" / "rows.jsonl"
    notes.write_text(notes.read_text() + '{"key": "cut sho')  # a line that a kill cut short
    done = len(list(notes.parent.glob("crops/*.png")))
    assert done >= 3
    monkeypatch.setattr(run, "prepare_film", lambda *task: calls.append(task) or whole(*task))
    assert main(arguments) == 1
    tasks = len({row.film for row in mini.rows if row.kind == "mass"})
    assert len(calls) < 5 + tasks
    for path in (tmp_path / "whole").rglob("*.*"):
        if path.name != "report.json":
            other = tmp_path / "stopped" / path.relative_to(tmp_path / "whole")
            assert other.read_bytes() == path.read_bytes()


def test_another_crop_size_starts_anew(miniatures, tmp_path) -> None:
    mini = miniatures["kaggle"]
    (tmp_path / ".prepare").mkdir(parents=True)
    (tmp_path / ".prepare" / "rows.jsonl").write_text('{"abnormality": "mass", "crop_size": 9}\n{')
    prepared(mini, tmp_path)
    assert read_pixels(load_crops(tmp_path)).shape[1:] == (64, 64)


def test_a_download_is_prepared_beside_itself_by_several_processes(miniatures, capsys) -> None:
    mini = miniatures["kaggle"]
    out = prepared_folder(mini.folder, None, "mass", True, "a command")
    assert out == mini.folder.parent / f"{mini.folder.name}-prepared"
    alone = mini.folder.parent / "alone"
    assert main([
        "--data", str(mini.folder), "--out", str(alone), "--partial", "--jobs", "1",
    ]) == 1  # fmt: skip
    for path in alone.rglob("*.*"):
        if path.name != "report.json":
            assert path.read_bytes() == (out / path.relative_to(alone)).read_bytes()
    assert prepared_folder(mini.folder, None, "mass", True, "again") == out
    assert "Using the crops prepared in" in capsys.readouterr().out
    assert prepared_folder(out, None, "mass", True, "of crops") == out


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: None, "holds nothing"),
        (lambda folder: (folder / "note.txt").write_text(""), "holds note.txt"),
        (lambda folder: (folder / "index.csv").write_text(""), "contains prepared crops"),
    ],
)
def test_what_it_cannot_prepare_it_explains(tmp_path, capsys, make, said) -> None:
    make(tmp_path)
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert said in capsys.readouterr().err


def test_case_files_without_pictures_are_explained(miniatures, tmp_path, capsys) -> None:
    for name in CASE_FILES.values():
        shutil.copy(miniatures["tcia"].csv_folder / name, tmp_path)
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "out"), *QUIET]) == 1
    assert "Expected CBIS-DDSM as Kaggle" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("left or right breast", "side"), "left_or_right_breast"),
        (lambda text: text.replace("P_90001,", "P_99999,"), "after its own fields"),
        (lambda text: text.replace("/", "-", 1), "image path"),
    ],
)
def test_a_case_file_that_disagrees_with_itself_is_refused(
    miniatures, tmp_path, change, said
) -> None:
    path = tmp_path / "mass_case_description_train_set.csv"
    path.write_text(change((miniatures["tcia"].csv_folder / path.name).read_text()))
    with pytest.raises(run.DataError, match=said):
        read_case_file(path, ("mass", "train"))


def test_the_official_files_hold_every_count(real_csv: Path) -> None:
    files = find_case_files(real_csv, "all")
    rows_of = {part: read_case_file(path, part) for part, path in files.items()}
    assert count_mismatches(rows_of) == []
    rows = [row for part in rows_of.values() for row in part]
    leaking = set(leaking_patients(rows))
    assert len(rows) == 3568 and len(leaking) == LEAKING_PATIENTS
    assert sum(row.split == "test" and row.patient_id in leaking for row in rows) == 60
    kept = [row for row in rows if row.split == "train" and row.patient_id not in leaking]
    assert len(kept) == 2781
    assert sum(len(row.pair_series) == 2 for row in rows) == 104


@pytest.mark.parametrize("layout", ["tcia", "nbia", "idc"])
def test_real_films_give_the_expected_crops(real_csv, tmp_path, layout) -> None:
    """The eight real films, each lesion's mask drawn where its known window lies."""
    lay_out_real_films(tmp_path / "tree", real_csv, layout)
    assert main(["--data", str(tmp_path / "tree"), "--out", str(tmp_path / "out"), *QUIET]) == 0
    rows = index(tmp_path / "out")
    assert len(rows) == 10 and {row["origin"] for row in rows.values()} == {"window"}
    for lesion in example_lesions():
        x, y, width, height = lesion.window
        box = (x + width // 4, y + height // 4, width // 2, height // 2)
        expected = cut_lesion(read_image(lesion.film), box=box, size=64)
        crop = cv2.imread(str(tmp_path / "out" / rows[lesion.case_id]["file"]), 0)
        assert np.array_equal(crop, expected)


def lay_out_real_films(folder: Path, case_files: Path, layout: str) -> None:
    """Write the films with masks and crops, and the case files' rows of these lesions."""
    lesions = {lesion.case_id: lesion for lesion in example_lesions()}
    name = CASE_FILES["mass", "test"]
    rows = [
        row for row in read_case_file(case_files / name, ("mass", "test")) if row.key in lesions
    ]
    folder.mkdir(parents=True)
    with (case_files / name).open(newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        kept = [one for one in reader if f"{one[11].split('/')[0]}_{one[4]}" in lesions]
    for part in (("mass", "train"), ("mass", "test")):
        with (folder / CASE_FILES[part]).open("w", newline="") as file:
            csv.writer(file).writerows([header, *(kept if part[1] == "test" else [])])
    for row in rows:
        lesion = lesions[row.key]
        film = pydicom.dcmread(lesion.film)
        film.SeriesInstanceUID, film.PatientID = row.film_series, row.film
        pixels = film.pixel_array
        save(film, place(folder, layout, row.film, row.film_series, 0))
        x, y, width, height = lesion.window
        mask = np.zeros(pixels.shape, dtype=np.uint8)
        mask[y + height // 4 :, x + width // 4 :][: height // 2, : width // 2] = 255
        for number, picture in enumerate((mask, pixels[y : y + height, x : x + width])):
            other = pydicom.dcmread(lesion.film)
            other.SeriesInstanceUID, other.PatientID = row.pair_series[0], row.key
            other.Rows, other.Columns = picture.shape
            bits = picture.dtype.itemsize * 8
            other.BitsAllocated = other.BitsStored = bits
            other.HighBit = bits - 1
            other.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
            other.PixelData = np.ascontiguousarray(picture).tobytes()
            other["PixelData"].VR = "OW" if bits == 16 else "OB"
            save(other, place(folder, layout, row.key, row.pair_series[0], number))


def test_all_rows_of_the_case_files_are_prepared_and_a_killed_run_ends_alike(real_csv) -> None:
    """The benchmark at full size: 3,568 rows, with small pictures."""
    found = benchmark.measure(argparse.Namespace(csv=real_csv, jobs=2))
    assert found["rows"] == 3568
    assert found["lesions"] == {"window": 3485, "provided": 0, "unresolved": 0}
    assert 0 < found["killed_after_rows"] < 3568 and found["resumed_index_is_the_same"]


def place(folder: Path, layout: str, patient: str, series: str, number: int) -> Path:
    study = f"1.3.6.1.4.1.9590.100.1.2.{abs(hash(patient))}"
    return {
        "tcia": folder / "CBIS-DDSM" / patient / study / series / f"00000{number}.dcm",
        "nbia": folder
        / patient
        / "08-29-2017-DDSM-NA-1"
        / f"1.0-x-{series[-5:]}"
        / f"{number}.dcm",
        "idc": folder / "cbis_ddsm" / patient / study / f"MG_{series}" / f"{number}-a.dcm",
    }[layout]


def save(dataset: pydicom.Dataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path)


@pytest.mark.training
@pytest.mark.parametrize("layout", WRITERS)
def test_the_trainer_takes_a_download_as_it_is(miniatures, tmp_path, capsys, layout) -> None:
    pytest.importorskip("tensorflow", reason="needs requirements-train.txt")
    from mammo.artifacts import verify
    from mammo.train import main as train

    arguments = [
        "--data", str(miniatures[layout].folder), "--out", str(tmp_path / "artifacts"),
        "--prepared", str(tmp_path / "prepared"), "--partial", "--models", "simple_cnn",
        "--folds", "2", "--epochs", "1", "--input-size", "64", "--distillation", "0",
    ]  # fmt: skip
    assert train(arguments) == 0
    assert verify(tmp_path / "artifacts").models == ("simple_cnn",)
    said = capsys.readouterr().out
    assert "lesions cut from their mammograms" in said
    if layout == "kaggle":
        assert train(arguments) == 0
        assert "Using the crops prepared in" in capsys.readouterr().out
        assert train([*arguments, "--abnormality", "all"]) == 1
        assert "was prepared for mass, not for all" in capsys.readouterr().err
