"""Writing artifacts: whole or not at all, by one writer at a time, whatever happens on the way."""

import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mammo.artifacts import (
    DataFacts,
    RunFacts,
    check_replaceable,
    load_card,
    load_cases,
    load_manifest,
    staged_artifacts,
    store,
    swap,
    verify,
)
from mammo.errors import ArtifactError
from tests.tiny_artifacts import write_tiny_artifacts

ROOT = Path(__file__).resolve().parents[1]
BOTH = ("simple_cnn", "mobilenetv2")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give artifacts to copy from, as a training's results."""
    return write_tiny_artifacts(tmp_path / "source", seed=7)


def facts(source: Path, models: Sequence[str] = BOTH, fingerprint: str = "") -> RunFacts:
    data = load_manifest(source).data
    return RunFacts(
        command="python -m mammo.train",
        seed=7,
        settings={"folds": 5},
        versions={"keras": "3.15"},
        data=replace(data, fingerprint=fingerprint or data.fingerprint),
        models=tuple(models),
    )


def write_results(source: Path, stage: Path, models: Sequence[str] = BOTH) -> None:
    """Do what a training of `models` does with its stage."""
    for model in models:
        shutil.copytree(source / model, stage / model, dirs_exist_ok=True)
    left_out = tuple(f"{model}_" for model in BOTH if model not in models)
    with (source / "cases.csv").open(newline="") as file:
        rows = [
            {name: cell for name, cell in row.items() if not name.startswith(left_out)}
            for row in csv.DictReader(file)
        ]
    with (stage / "cases.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def publish(source: Path, folder: Path, models: Sequence[str] = BOTH, **options: object) -> None:
    run = facts(source, models, str(options.pop("fingerprint", "")))
    with staged_artifacts(folder, run, **options) as stage:  # type: ignore[arg-type]
        write_results(source, stage, models)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- the whole way


def test_artifacts_are_written_whole(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "artifacts"
    publish(source, folder)
    manifest = verify(folder)
    assert manifest.models == BOTH and manifest.seed == 7 and manifest.carried_over == {}
    assert manifest.settings == {"folds": 5} and manifest.versions == {"keras": "3.15"}
    assert manifest.created.startswith("20") and manifest.created.endswith("+00:00")
    assert manifest.files == load_manifest(source).files
    assert names_in(folder.parent) == ["artifacts"]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_new_artifacts_replace_old_ones(source: Path, tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    (folder / "mobilenetv2" / "model.onnx").write_bytes(b"old")
    publish(source, folder)
    verify(folder)
    assert names_in(tmp_path) == ["artifacts", "source"]


def test_old_artifacts_stand_until_the_new_are_whole(source: Path, tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    before = content(folder)
    with staged_artifacts(folder, facts(source)) as stage:
        assert sorted(names_in(stage)) == sorted(BOTH)
        write_results(source, stage)
        assert content(folder) == before
    assert content(folder) != before


def test_link_to_a_folder_stays_a_link(source: Path, tmp_path: Path) -> None:
    real = write_tiny_artifacts(tmp_path / "release", seed=1)
    link = tmp_path / "artifacts"
    link.symlink_to(real)
    publish(source, link)
    assert link.is_symlink() and verify(link) == verify(real)


@pytest.mark.parametrize(
    "name", ["lessons/leak.json", "mobilenetv2/note.txt", "old/card.json", "thesis/", "cases.csv~"]
)
def test_artifacts_beside_files_of_others_are_not_replaced(
    source: Path, tmp_path: Path, name: str
) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    path = folder / name
    path.mkdir() if name.endswith("/") else path.parent.mkdir(exist_ok=True)
    if not path.is_dir():
        path.write_text("mine")
    before = content(folder)
    with pytest.raises(ArtifactError, match="no training or other command of mammo wrote"):
        check_replaceable(folder)
    with pytest.raises(ArtifactError, match=r"Choose another folder with --out"):
        publish(source, folder)
    assert content(folder) == before and path.exists()


def test_what_an_operating_system_leaves_is_nobodys(source: Path, tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    for name in (".DS_Store", "mobilenetv2/Thumbs.db"):
        (folder / name).write_bytes(b"\0")
    publish(source, folder)
    verify(folder)


# --- one model only


def test_other_model_is_carried_over_with_its_scores(source: Path, tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    old_manifest, old_cases = load_manifest(folder), load_cases(folder)
    old_network = (folder / "mobilenetv2" / "model.onnx").read_bytes()
    publish(source, folder, ["simple_cnn"])
    manifest, cases = verify(folder), load_cases(folder)
    assert set(manifest.models) == set(BOTH)
    assert (folder / "mobilenetv2" / "model.onnx").read_bytes() == old_network
    assert cases["mobilenetv2_p"].tolist() == old_cases["mobilenetv2_p"].tolist()
    assert cases["simple_cnn_p"].tolist() == load_cases(source)["simple_cnn_p"].tolist()
    assert manifest.carried_over == {
        "mobilenetv2": {"created": old_manifest.created, "command": old_manifest.command}
    }


def test_second_carry_over_remembers_the_first_training(source: Path, tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts")
    for _ in range(2):
        publish(source, folder, ["simple_cnn"])
    origin = load_manifest(folder).carried_over["mobilenetv2"]
    assert origin["command"] == "python -m tests.tiny_artifacts"
    publish(source, folder)
    assert load_manifest(folder).carried_over == {}


def test_one_model_alone(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    publish(source, folder, ["simple_cnn"])
    assert verify(folder).models == ("simple_cnn",)
    assert not (folder / "mobilenetv2").exists()
    assert "mobilenetv2_p" not in load_cases(folder)


def test_carry_over_with_other_cases(source: Path, tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts")
    lines = (source / "cases.csv").read_text().splitlines(keepends=True)
    (source / "cases.csv").write_text("".join(lines[:-1]))
    with pytest.raises(ArtifactError, match="holds other cases than the old one"):
        publish(source, folder, ["simple_cnn"])


# --- refusals and errors leave the old artifacts


def break_nothing_to_do(source: Path, stage: Path) -> None:
    pass


def break_card(source: Path, stage: Path) -> None:
    write_results(source, stage)
    (stage / "mobilenetv2" / "card.json").write_text('{"schema": 1}')


def break_cases(source: Path, stage: Path) -> None:
    write_results(source, stage)
    shutil.copy(source / "manifest.json", stage / "cases.csv")


def break_by_full_disk(source: Path, stage: Path) -> None:
    write_results(source, stage)
    raise OSError(errno.ENOSPC, "No space left on device")


def break_by_full_disk_in_hdf5(source: Path, stage: Path) -> None:
    raise OSError("Unable to write: No space left on device")


def break_by_device(source: Path, stage: Path) -> None:
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (break_nothing_to_do, r"wrote no cases\.csv, simple_cnn/model\.onnx.*nothing was replaced"),
        (break_card, "should name name but does not"),
        (break_cases, "should hold the columns|cannot be read as a CSV|should have"),
        (break_by_full_disk, "were not replaced: the disk is full. Free some space"),
        (break_by_full_disk_in_hdf5, "the disk is full"),
        (break_by_device, "writing failed .*Input/output error"),
    ],
)
def test_a_failed_writing_leaves_the_old_artifacts(
    source: Path, tmp_path: Path, break_it: Callable[[Path, Path], None], sentence: str
) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    before = content(folder)
    with (
        pytest.raises(ArtifactError, match=sentence),
        staged_artifacts(folder, facts(source)) as stage,
    ):
        break_it(source, stage)
    assert content(folder) == before
    assert names_in(tmp_path) == ["artifacts", "source"]


def test_other_errors_pass_through_and_clean_up(source: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), staged_artifacts(tmp_path / "new", facts(source)):
        raise KeyboardInterrupt
    assert names_in(tmp_path) == ["source"]


def test_full_disk_while_the_stage_is_made(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**options: object) -> str:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(store, "TemporaryDirectory", refuse)
    with pytest.raises(ArtifactError, match="the disk is full"):
        publish(source, tmp_path / "new")


def test_second_rename_fails(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    before, rename = content(folder), Path.rename

    def refuse_the_stage(self: Path, target: Path) -> Path:
        if self.name.startswith(".artifacts.stage-"):
            raise OSError(errno.EBUSY, "Device or resource busy")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_the_stage)
    with pytest.raises(ArtifactError, match="Device or resource busy"):
        publish(source, folder)
    assert content(folder) == before
    assert names_in(tmp_path) == ["artifacts", "source"]


def test_folder_with_other_things_is_not_replaced(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("three years")
    for refuse in (lambda: check_replaceable(folder), lambda: publish(source, folder)):
        with pytest.raises(ArtifactError, match=r"thesis has no manifest\.json"):
            refuse()
    assert (folder / "chapter.txt").read_text() == "three years"


def test_file_in_the_place_of_the_folder(source: Path, tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("")
    with pytest.raises(ArtifactError, match="it is a file"):
        publish(source, tmp_path / "artifacts")


@pytest.mark.parametrize(
    "manifest",
    ['{"sch', '{"schema": 99}', '{"name": "My web app"}', "[]", "", '{"schema": 1, "files": {}}'],
)
def test_a_folder_with_the_manifest_of_something_else_is_not_replaced(
    source: Path, tmp_path: Path, manifest: str
) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "manifest.json").write_text(manifest)
    (folder / "cases.csv").write_text("mine")
    for refuse in (lambda: check_replaceable(folder), lambda: publish(source, folder)):
        with pytest.raises(ArtifactError, match="move what is there away"):
            refuse()
    assert (folder / "cases.csv").read_text() == "mine"
    assert (folder / "manifest.json").read_text() == manifest


def test_empty_or_absent_folder_can_be_replaced(source: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    check_replaceable(tmp_path / "absent")
    check_replaceable(tmp_path / "empty")
    publish(source, tmp_path / "empty")
    verify(tmp_path / "empty")


# --- kills


def test_swap_that_was_killed_between_its_renames_is_taken_back(
    source: Path, tmp_path: Path
) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    expected = load_manifest(folder)
    folder.rename(tmp_path / ".artifacts.old")
    shutil.copytree(source, tmp_path / ".artifacts.stage-x")
    assert load_manifest(folder) == expected
    assert load_card("simple_cnn", folder).name == "simple_cnn"
    publish(source, folder)
    assert names_in(tmp_path) == ["artifacts", "source"]


def test_next_writing_takes_a_killed_swap_back_too(source: Path, tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    old_network = (folder / "mobilenetv2" / "model.onnx").read_bytes()
    folder.rename(tmp_path / ".artifacts.old")
    publish(source, folder, ["simple_cnn"])
    assert (folder / "mobilenetv2" / "model.onnx").read_bytes() == old_network


def test_kill_after_the_swap_leaves_nothing_to_do_but_tidy(source: Path, tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    shutil.copytree(source, tmp_path / ".artifacts.old")
    expected = load_manifest(folder)
    assert verify(folder) == expected
    publish(source, folder)
    assert names_in(tmp_path) == ["artifacts", "source"]


def test_reader_that_may_not_write_says_where_the_artifacts_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts")
    folder.rename(tmp_path / ".artifacts.old")

    def refuse(*arguments: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(swap.os, "open", refuse)
    with pytest.raises(ArtifactError, match=r"\.artifacts\.old and cannot be moved back"):
        load_manifest(folder)


WRITER = """
import shutil, sys, time
from pathlib import Path
from mammo.artifacts import RunFacts, load_manifest, staged_artifacts
source, folder, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
made = load_manifest(source)
run = RunFacts("writer", 1, {}, {}, made.data, made.models)
for _ in range(int(sys.argv[4])):
    with staged_artifacts(folder, run) as stage:
        ignore = shutil.ignore_patterns("manifest.json")
        shutil.copytree(source, stage, ignore=ignore, dirs_exist_ok=True)
        print("writing", flush=True)
        time.sleep(seconds)
"""


def start_writer(
    source: Path, folder: Path, seconds: float, times: int = 1
) -> "subprocess.Popen[bytes]":
    arguments = [str(source), str(folder), str(seconds), str(times)]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, *arguments], cwd=ROOT, stdout=subprocess.PIPE
    )


def test_killed_writer_leaves_the_old_artifacts_and_no_lock(source: Path, tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    before = content(folder)
    with start_writer(source, folder, seconds=60) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == b"writing\n"
        with pytest.raises(ArtifactError, match=r"Another program is writing .*artifacts"):
            publish(source, folder, wait_s=0.1)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert content(folder) == before
        publish(source, folder, wait_s=5)
    verify(folder)
    assert names_in(tmp_path) == ["artifacts", "source"]


def test_readers_see_whole_artifacts_while_two_writers_work(source: Path, tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    other = write_tiny_artifacts(tmp_path / "other", seed=2)
    reads = 0
    with (
        start_writer(source, folder, seconds=0.0, times=6) as first,
        start_writer(other, folder, seconds=0.0, times=6) as second,
    ):
        while first.poll() is None or second.poll() is None:
            verify(folder)
            assert load_card("mobilenetv2", folder).name == "mobilenetv2"
            reads += 1
        for writer in (first, second):
            assert writer.stdout is not None and writer.stdout.read().count(b"writing") == 6
            assert writer.returncode == 0
    assert reads > 1
    assert load_manifest(folder).files in [load_manifest(root).files for root in (source, other)]
    assert names_in(tmp_path) == ["artifacts", "other", "source"]


def test_two_trainings_of_one_model_each_lose_neither(source: Path, tmp_path: Path) -> None:
    """The second waits for the first, and then carries over what the first wrote."""
    folder = write_tiny_artifacts(tmp_path / "artifacts", seed=1)
    trainings = [threading.Thread(target=publish, args=(source, folder, [model])) for model in BOTH]
    for training in trainings:
        training.start()
    for training in trainings:
        training.join()
    assert verify(folder).files.keys() == load_manifest(source).files.keys()
    for model in BOTH:
        assert (folder / model / "model.onnx").read_bytes() == (
            source / model / "model.onnx"
        ).read_bytes()


def test_lock_is_free_again_after_its_holder(tmp_path: Path) -> None:
    for _ in range(3):
        with swap.write_lock(tmp_path / "artifacts", wait_s=0):
            assert names_in(tmp_path) == [".artifacts.lock"]
        assert names_in(tmp_path) == []


def test_a_lock_whose_file_was_replaced_meanwhile_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, try_lock, replaced = tmp_path / ".artifacts.lock", swap._try_lock, []

    def replace_first(descriptor: int) -> bool:
        if not replaced:
            replaced.append(path)
            path.unlink()
            path.touch()
        return try_lock(descriptor)

    monkeypatch.setattr(swap, "_try_lock", replace_first)
    with swap.write_lock(tmp_path / "artifacts", wait_s=5), path.open("r+b") as other:
        assert not try_lock(other.fileno())


def test_lock_lets_one_thread_in_at_a_time(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter() -> None:
        for _ in range(20):
            with swap.write_lock(tmp_path / "artifacts", wait_s=60):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1 and len(most) == 80


def test_settings_and_data_survive_the_manifest(source: Path, tmp_path: Path) -> None:
    run = replace(
        facts(source), settings={"rate": 1e-4, "models": ["a"]}, data=DataFacts("f", 1, 2, 3, 4)
    )
    with staged_artifacts(tmp_path / "new", run) as stage:
        write_results(source, stage)
    manifest = load_manifest(tmp_path / "new")
    assert manifest.settings == {"rate": 1e-4, "models": ["a"]}
    assert manifest.data == DataFacts("f", 1, 2, 3, 4)
    assert json.loads((tmp_path / "new" / "manifest.json").read_text())["schema"] == 1


def test_files_reach_the_disk_before_the_swap(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr(
        swap.os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino) or fsync(fd)
    )
    publish(source, tmp_path / "new")
    assert {path.stat().st_ino for path in (tmp_path / "new").rglob("*")} <= set(synced)
