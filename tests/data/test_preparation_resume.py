"""A stopped preparation goes on, begins anew for another download, and never mixes two."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mammo.data.preparation import run
from mammo.data.preparation.case_files import CASE_FILES
from mammo.data.preparation.run import prepared_folder
from mammo.data.preparation.tree import find_case_files, index_tree
from mammo.errors import DataError
from mammo.files import write_whole
from mammo.prepare import main
from tests.miniature import WRITERS

Prepare = Callable[..., int]


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("downloads")
    return {name: WRITERS[name](folder / name).folder for name in ("kaggle", "tcia")}


@pytest.fixture(scope="module")
def whole(downloads, tmp_path_factory) -> dict[str, dict[str, bytes]]:
    """What an undisturbed preparation of each download leaves."""
    out = tmp_path_factory.mktemp("whole")
    for name, data in downloads.items():
        assert main(arguments(data, out / name)) == 1
    return {name: files(out / name) for name in downloads}


def arguments(data: Path, out: Path) -> list[str]:
    return [
        "--data", str(data), "--out", str(out), "--partial", "--jobs", "1", "--crop-size", "64",
    ]  # fmt: skip


def files(out: Path) -> dict[str, bytes]:
    paths = [out / "index.csv", *out.glob("crops/*")]
    return {path.name: path.read_bytes() for path in paths}


@pytest.fixture
def films(monkeypatch) -> Callable[[int | None], list[str]]:
    """Stop preparations after so many films; return the films that are read from then on."""
    prepare_film = run.prepare_film

    def stop_after(number: int | None) -> list[str]:
        read: list[str] = []

        def one(task, size):
            if len(read) == number:
                raise KeyboardInterrupt
            read.append(task.lesions[0][0].film)
            return prepare_film(task, size)

        monkeypatch.setattr(run, "prepare_film", one)
        return read

    return stop_after


def test_another_download_begins_anew(downloads, whole, films, tmp_path) -> None:
    films(6)
    assert main(arguments(downloads["kaggle"], tmp_path)) == 130
    films(None)
    assert main(arguments(downloads["tcia"], tmp_path)) == 1
    assert whole["kaggle"] != whole["tcia"] == files(tmp_path)


def test_a_whole_preparation_stays_until_another_is_whole(
    downloads, whole, films, tmp_path, capsys
) -> None:
    """A rerun that is stopped, fails or finds the disk full leaves what stood there."""
    data = shutil.copytree(downloads["tcia"], tmp_path / "data")
    out = tmp_path / "out"
    assert main(arguments(downloads["kaggle"], out)) == 1
    films(6)
    assert main(arguments(data, out)) == 130
    assert files(out) == whole["kaggle"] and (out / "report.json").is_file()
    for path in data.rglob("*.dcm"):
        path.write_bytes(b"")
    assert main(arguments(data, out)) == 1
    assert "Expected CBIS-DDSM as" in capsys.readouterr().err
    assert files(out) == whole["kaggle"]
    films(None)
    assert main(arguments(downloads["tcia"], out)) == 1
    assert files(out) == whole["tcia"] and not (out / ".prepare").exists()


@pytest.mark.parametrize("step", range(6))
def test_a_kill_while_one_replaces_another_is_mended_by_the_next(
    downloads, whole, films, tmp_path, monkeypatch, step
) -> None:
    assert main(arguments(downloads["kaggle"], tmp_path)) == 1
    rename, calls = Path.rename, []

    def kill(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) > step:
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", kill)
        assert main(arguments(downloads["tcia"], tmp_path)) == 130
    read = films(None)
    assert main(arguments(downloads["tcia"], tmp_path)) == 1
    assert len(read) < 8  # the rows without a window alone
    assert files(tmp_path) == whole["tcia"]


def test_a_kill_while_the_notes_are_removed_is_mended_by_the_next(
    downloads, whole, tmp_path, monkeypatch
) -> None:
    remove = shutil.rmtree

    def kill(path, **named) -> None:
        if Path(path).name == ".prepare":
            raise KeyboardInterrupt
        remove(path, **named)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", kill)
        assert main(arguments(downloads["tcia"], tmp_path)) == 130
    assert main(arguments(downloads["tcia"], tmp_path)) == 1
    assert files(tmp_path) == whole["tcia"] and not (tmp_path / ".prepare").exists()


@pytest.mark.parametrize("step", range(6))
def test_a_disk_that_fails_meanwhile_leaves_the_older(
    downloads, whole, tmp_path, monkeypatch, capsys, step
) -> None:
    assert main(arguments(downloads["kaggle"], tmp_path)) == 1
    rename, calls = Path.rename, []

    def fail(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == step + 1:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    assert main(arguments(downloads["tcia"], tmp_path)) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert files(tmp_path) == whole["kaggle"]


@pytest.mark.parametrize(
    "name", ["index.csv", "report.json", "crops/mine.png", "crops", "missing.csv"]
)
def test_what_no_preparation_wrote_is_not_replaced(downloads, tmp_path, capsys, name) -> None:
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("file,patient_id,pathology\n")
    assert main(arguments(downloads["kaggle"], tmp_path)) == 1
    told = capsys.readouterr().err
    assert f"{mine} was not written by a preparation" in told
    assert mine.read_text() == "file,patient_id,pathology\n"


@pytest.mark.parametrize("name", ["index.csv", "report.json", "crops/mine.png"])
def test_a_preparation_that_somebody_changed_is_not_replaced(
    downloads, tmp_path, capsys, name
) -> None:
    assert main(arguments(downloads["kaggle"], tmp_path)) == 1
    (tmp_path / "note.txt").write_text("mine")
    with (tmp_path / name).open("a") as file:
        file.write("\n")
    before = (tmp_path / name).read_bytes()
    assert main(arguments(downloads["kaggle"], tmp_path)) == 1
    assert f"{tmp_path / name} was not written" in capsys.readouterr().err or name == "report.json"
    assert (tmp_path / name).read_bytes() == before or name == "report.json"
    assert (tmp_path / "note.txt").read_text() == "mine"


def test_a_moved_download_goes_on(downloads, whole, films, tmp_path) -> None:
    first = films(6)
    data = shutil.copytree(downloads["tcia"], tmp_path / "here")
    assert main(arguments(data, tmp_path / "out")) == 130
    moved = data.rename(tmp_path / "there")
    rest = films(None)
    assert main(arguments(moved, tmp_path / "out")) == 1
    every = films(None)
    assert main(arguments(moved, tmp_path / "again")) == 1
    assert len(first) == 6 and len(rest) < len(every)
    assert files(tmp_path / "out") == whole["tcia"]


def test_a_download_is_known_by_its_files_names_and_sizes(downloads, tmp_path) -> None:
    data = shutil.copytree(downloads["kaggle"], tmp_path / "copy")
    identity = index_tree(downloads["kaggle"]).identity()
    assert index_tree(data).identity() == identity
    picture = next(data.rglob("*.jpg"))
    picture.write_bytes(picture.read_bytes() + b"\0")
    assert index_tree(data).identity() != identity
    picture.unlink()
    picture.symlink_to(tmp_path / "nowhere")
    assert len({identity, index_tree(data).identity()}) == 2


def test_crops_of_another_download_are_not_trained_on(downloads, tmp_path) -> None:
    out = tmp_path / "out"
    prepared_folder(downloads["kaggle"], out, "mass", True, "a command")
    assert prepared_folder(downloads["kaggle"], out, "mass", True, "a command") == out
    with pytest.raises(DataError, match="from other images than .*tcia holds now. Name another"):
        prepared_folder(downloads["tcia"], out, "mass", True, "a command")
    assert prepared_folder(out, None, "mass", True, "a command") == out


def test_crops_of_an_older_preparation_need_no_pictures_again(downloads, tmp_path) -> None:
    """Its report names no download, so there is nothing to compare the pictures with."""
    data, out = shutil.copytree(downloads["kaggle"], tmp_path / "copy"), tmp_path / "out"
    prepared_folder(data, out, "mass", True, "a command")
    report = json.loads((out / "report.json").read_text())
    del report["download"]
    (out / "report.json").write_text(json.dumps(report))
    for picture in data.rglob("*.jpg"):
        picture.unlink()
    assert prepared_folder(data, out, "mass", True, "a command") == out


def test_case_files_of_the_usual_folder_come_before_others(downloads, tmp_path) -> None:
    data = shutil.copytree(downloads["kaggle"], tmp_path / "copy")
    shutil.copytree(data / "csv", data / "backup")
    assert {path.parent.name for path in find_case_files(data, "mass").values()} == {"csv"}


@pytest.mark.parametrize("name", ["index.csv", "report.json"])
def test_a_stop_between_report_and_index_is_mended(downloads, tmp_path, monkeypatch, name):
    """Before either file or between them: no folder with an index lacks its report."""
    out = tmp_path / "out"

    def stop(path: Path, content: bytes) -> None:
        if path.name == name:
            raise KeyboardInterrupt
        write_whole(path, content)

    with monkeypatch.context() as patched:
        patched.setattr("mammo.data.preparation.notes.write_whole", stop)
        with pytest.raises(KeyboardInterrupt):
            prepared_folder(downloads["kaggle"], out, "mass", True, "a command")
    assert prepared_folder(downloads["kaggle"], out, "mass", True, "a command") == out
    assert json.loads((out / "report.json").read_text())["abnormality"] == "mass"


@pytest.mark.parametrize("report", ["", "[]", "{}", "5"])
def test_an_unreadable_report_is_a_sentence(downloads, tmp_path, report) -> None:
    (tmp_path / "index.csv").touch()
    (tmp_path / "report.json").write_text(report)
    with pytest.raises(DataError, match="no readable report of their preparation"):
        prepared_folder(downloads["kaggle"], tmp_path, "mass", True, "a command")


@pytest.mark.parametrize(
    "damage", [b'{"key": "cut', b"\0\0\0", b"\xff\xfe", b"", b"5", b"{}", b'{"key": [1]}']
)
def test_a_damaged_line_is_done_anew(downloads, whole, films, tmp_path, damage) -> None:
    films(6)
    assert main(arguments(downloads["tcia"], tmp_path)) == 130
    notes = tmp_path / ".prepare" / "rows.jsonl"
    head, first, *rest = notes.read_bytes().split(b"\n")
    notes.write_bytes(b"\n".join([head, damage, *rest]))
    read = films(None)
    assert main(arguments(downloads["tcia"], tmp_path)) == 1
    again = json.loads(first)["key"].rpartition("_")[0]
    assert again in read
    assert files(tmp_path) == whole["tcia"]


@pytest.mark.parametrize("kept", ["", "the header"])
def test_case_files_without_rows_are_a_sentence(downloads, tmp_path, capsys, kept) -> None:
    data = shutil.copytree(downloads["tcia"], tmp_path / "data")
    for name in CASE_FILES.values():
        text = (data / name).read_text()
        (data / name).write_text(text.splitlines()[0] + "\n" if kept else "")
    assert main(arguments(data, tmp_path / "out")) == 1
    said = capsys.readouterr().err
    assert "mass_case_description_train_set.csv" in said
    assert ("Expected one row per lesion" if kept else "received an empty file") in said
    assert not (tmp_path / "out").exists()
