"""Kept files: whatever a power cut left of one, it is read whole or counts as not there."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo.training.batches import read_kept

ARRAYS = {"state": np.array("{}"), "v0": np.eye(9), "v1": np.arange(5)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    np.savez(folder / "whole.npz", **ARRAYS)
    np.save(folder / "whole.npy", np.eye(9))
    (folder / "whole.json").write_text(json.dumps({"run": {"auc": 0.5}}))
    return folder


def all_of(path: Path) -> dict[str, object]:
    if path.suffix == ".json":
        return dict(json.loads(path.read_text(encoding="utf-8"))["run"])
    if path.suffix == ".npy":
        return {"array": np.load(path)}
    with path.open("rb") as file, np.load(file) as saved:
        return {name: saved[name] for name in ARRAYS}


def test_a_file_that_is_not_there_is_no_matter_for_a_line(folder, capsys):
    assert read_kept(folder / "none.npz", all_of) is None
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".json"])
@given(part=st.floats(0, 1, exclude_max=True), zeros=st.booleans())
def test_half_a_file_counts_as_none(folder, suffix, part, zeros):
    whole = (folder / f"whole{suffix}").read_bytes()
    left = whole[: int(part * len(whole))]
    path = folder / f"left{suffix}"
    path.write_bytes(left + bytes(len(whole) - len(left)) * zeros)
    found = read_kept(path, all_of)
    if found is None or (suffix == ".npy" and zeros):
        return  # nothing in a plain array tells its own zeros from those of a power cut
    expected = all_of(folder / f"whole{suffix}")
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_it_says_in_one_line_which_file_is_not_used(folder, capsys):
    path = folder / "cut.npz"
    path.write_bytes((folder / "whole.npz").read_bytes()[:100])
    assert read_kept(path, all_of) is None
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(f"{path} cannot be read (") and "computed again" in said


def test_an_error_of_the_disk_is_no_damage(folder):
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with pytest.raises(PermissionError):
        read_kept(folder / "whole.npz", refuse)
