"""Odd trees: links, duplicates, other files, parents, children, and parts of a download."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mammo.data.preparation.case_files import CASE_FILES
from mammo.data.preparation.notes import MISSING
from mammo.prepare import main
from mammo.train import main as train
from tests.miniature import WRITERS, Miniature

Change = Callable[[Path], Path]


@pytest.fixture(scope="module")
def miniatures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Miniature]:
    folder = tmp_path_factory.mktemp("odd")
    return {name: write(folder / name) for name, write in WRITERS.items()}


@pytest.fixture(scope="module")
def expected(miniatures, tmp_path_factory) -> dict[str, bytes]:
    """Return the table of each layout as it is."""
    out = tmp_path_factory.mktemp("expected")
    return {name: index_of(mini.folder, out / name) for name, mini in miniatures.items()}


def arguments(data: Path, out: Path, *more: str) -> list[str]:
    return ["--data", str(data), "--out", str(out), "--jobs", "1", "--crop-size", "64", *more]


def index_of(data: Path, out: Path) -> bytes:
    assert main(arguments(data, out, "--partial")) == 1  # each miniature has unreadable files
    return (out / "index.csv").read_bytes()


def given_the_parent(data: Path) -> Path:
    return data.parent


def given_the_grandparent(data: Path) -> Path:
    shutil.move(data, data.parent / "a" / "b")
    return data.parent


def with_spaces_and_letters(data: Path) -> Path:
    return data.rename(data.parent / "Mammographie été 乳房 (copy)")


def with_what_systems_leave(data: Path) -> Path:
    for folder in [data, *(path for path in data.rglob("*") if path.is_dir())]:
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", "notes.txt"):
            (folder / name).write_bytes(b"\0\1")
    for path in [*data.rglob("*.jpg"), *data.rglob("*.dcm"), *data.rglob("*.csv")]:
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7 Mac OS X")
    return data


def behind_links(data: Path) -> Path:
    """Return a folder of links to the download's folders, one of them back to itself."""
    links = data.parent / "links"
    links.mkdir()
    for path in data.iterdir():
        (links / path.name).symlink_to(path)
    (next(path for path in data.iterdir() if path.is_dir()) / "loop").symlink_to(links)
    (data / "nowhere").symlink_to(data / "is not there")
    return links


def twice(data: Path) -> Path:
    shutil.copytree(data, data.parent / "copy")
    shutil.move(data.parent / "copy", data / data.name)
    return data


def in_capitals(data: Path) -> Path:
    for path in [*data.rglob("*.jpg"), *data.rglob("*.csv")]:
        path.rename(path.with_name(path.name.upper()))
    if (data / "csv").is_dir():
        (data / "csv").rename(data / "Csv")
        (data / "jpeg").rename(data / "JPEG")
    return data


def with_a_preview_per_picture(data: Path) -> Path:
    for path in data.rglob("*.dcm"):
        path.with_suffix(".jpg").write_bytes(b"\xff\xd8 a preview")
    return data


@pytest.mark.parametrize("layout", WRITERS)
@pytest.mark.parametrize(
    "change",
    [
        given_the_parent, given_the_grandparent, with_spaces_and_letters, with_what_systems_leave,
        behind_links, twice, in_capitals, with_a_preview_per_picture,
    ],
)  # fmt: skip
def test_an_odd_tree_gives_the_same_table(miniatures, expected, tmp_path, layout, change) -> None:
    data = shutil.copytree(miniatures[layout].folder, tmp_path / "in" / "download")
    (tmp_path / "in" / "a").mkdir()
    assert index_of(change(data), tmp_path / "out") == expected[layout]


@pytest.mark.parametrize(
    ("layout", "child"), [("kaggle", "jpeg"), ("kaggle", "csv"), ("tcia", "CBIS-DDSM")]
)
def test_a_part_of_a_download_names_the_right_folder(
    miniatures, tmp_path, capsys, layout, child
) -> None:
    data = miniatures[layout].folder
    assert main(arguments(data / child, tmp_path / "out", "--partial")) == 1
    told = capsys.readouterr().err
    assert str(data) in told.replace(str(data / child), "")
    assert not (tmp_path / "out").exists()


def test_prepared_crops_nearby_are_named(miniatures, tmp_path, capsys) -> None:
    out = tmp_path / "in" / "crops"
    index_of(miniatures["tcia"].folder, out)
    for given in (tmp_path / "in", out / "crops"):
        assert train(["--data", str(given), "--out", str(tmp_path / "a"), "--epochs", "1"]) == 1
        assert f"{out} contains prepared crops: name that folder" in capsys.readouterr().err


# --- downloads that are not whole


@pytest.fixture
def official(monkeypatch) -> None:
    """Take the miniature's case files for the official ones."""
    monkeypatch.setattr("mammo.data.preparation.run.count_mismatches", lambda rows_of: [])


def removed(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:700])


@pytest.mark.usefixtures("official")
@pytest.mark.parametrize("damage", [removed, emptied, cut])
@pytest.mark.parametrize("layout", ["kaggle", "tcia"])
def test_nine_tenths_missing_stop_it_with_a_list(
    miniatures, tmp_path, capsys, monkeypatch, layout, damage
) -> None:
    # The miniature itself lacks a fifth; what is cut short is found only by reading it.
    monkeypatch.setattr("mammo.data.preparation.run.MOST_MISSING", 0.3)
    data = shutil.copytree(miniatures[layout].folder, tmp_path / "data")
    out = tmp_path / "out"
    pictures = sorted([*data.rglob("*.jpg"), *data.rglob("*.dcm")])
    for number, path in enumerate(pictures):
        if number % 10:
            damage(path)
    assert main(arguments(data, out)) == 1
    told = capsys.readouterr().err
    assert "of 19 mass rows of split train lack images (" in told
    assert "of 6 mass rows of split test lack images (" in told
    assert f"They are listed in {out / MISSING}" in told and "--partial" in told
    with (out / MISSING).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 20 and all(row["missing"] for row in rows)
    assert not (out / "index.csv").exists()


@pytest.mark.usefixtures("official")
def test_a_part_is_trained_on_with_the_same_flag_alone(miniatures, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    index_of(miniatures["kaggle"].folder, out)
    capsys.readouterr()
    arguments = ["--data", str(out), "--out", str(tmp_path / "artifacts"), "--epochs", "1"]
    assert train(arguments) == 1
    told = capsys.readouterr().err
    assert "prepared from a part of the data set: " in told and "Pass --partial" in told
    assert not (tmp_path / "artifacts").exists()


def test_the_list_goes_once_the_download_is_whole(tmp_path, monkeypatch) -> None:
    """A row that lacks a picture stays listed; none left, and the list is removed."""
    from mammo.data.preparation.notes import write_missing

    (tmp_path / MISSING).write_text("lesion,split,abnormality_type,missing\n")
    write_missing(tmp_path / MISSING, {})
    assert not (tmp_path / MISSING).exists()


@pytest.mark.parametrize("out", ["file", "file/below", "n" * 300])
def test_an_output_folder_that_cannot_be_made_is_a_sentence(
    miniatures, tmp_path, capsys, out
) -> None:
    (tmp_path / "file").write_text("mine")
    data = miniatures["kaggle"].folder
    assert main(arguments(data, tmp_path / out, "--partial")) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("mammo.prepare: ")
    assert (tmp_path / "file").read_text() == "mine"


def test_case_files_are_found_beside_the_pictures_folder(miniatures, tmp_path) -> None:
    data = shutil.copytree(miniatures["idc"].folder, tmp_path / "idc")
    (data / "tables").mkdir()
    for name in CASE_FILES.values():
        (data / name).rename(data / "tables" / name)
    index_of(data, tmp_path / "out")
