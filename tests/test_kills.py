"""A slice of `benchmarks/kills.py`: a preparation killed at random moments ends where it should.

For a training see `test_a_killed_training_goes_on_and_ends_in_the_same_place` in `test_train.py`.
"""

import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks import kills
from tests.miniature import WRITERS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")


def test_a_preparation_killed_at_random_moments_ends_alike(tmp_path: Path) -> None:
    tree = WRITERS["kaggle"](tmp_path / "tree").folder
    command = ["mammo.prepare", "--data", str(tree), "--partial", "--jobs", "1"]
    found = kills.disturbed(command, tmp_path, kills.prepared_files, 3, Random(1))
    assert found["kills"] == 3 and found["runs_that_ended"] >= 1
    assert found["same"]


def test_another_end_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison holds the content of every file, and a command that fails is no end."""
    ends = iter((b"as it should be", b"otherwise"))

    def run(command: list[str], out: Path, kill_after: float | None) -> bool:
        if kill_after is None:
            (out / "crops").mkdir(parents=True)
            (out / "index.csv").write_bytes(next(ends))
        return kill_after is not None

    monkeypatch.setattr(kills, "run", run)
    found = kills.disturbed(["x"], tmp_path, kills.prepared_files, 2, Random(1))
    assert found["kills"] == 2 and not found["same"]


def test_a_command_that_fails_by_itself_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="failed: .*nowhere"):
        kills.run(["mammo.prepare", "--data", "nowhere"], tmp_path / "out", 60)


def test_weights_are_compared_by_their_values(tmp_path: Path) -> None:
    """Not by the numbers that Keras gives to its layers' names."""
    h5py = pytest.importorskip("h5py", reason="comes with Keras")
    found = []
    for number, values in enumerate(([1.0, 2.0], [1.0, 2.0], [1.0, 2.5])):
        path = tmp_path / f"{number}.h5"
        with h5py.File(path, "w") as file:
            file["dense/vars/0"] = np.array(values, np.float32)
            file["dense"].attrs["name"] = f"dense_{number}"
        found.append(list(kills.weights(path).values()))
    assert found[0] == found[1] != found[2]
