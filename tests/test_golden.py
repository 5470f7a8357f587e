"""What every public door answers today, kept in `tests/golden`: no figure and no sentence changes.

Where a door is meant to answer otherwise: `python -m tests.record_golden [DOOR ...]`, then read
`git diff tests/golden`. Use: `pytest tests/test_golden.py -m "not training"`.
"""

from pathlib import Path

import pytest

from tests.golden_doors import DOORS, ask_door, differences, kind, read, trained_by

ALL = [pytest.param(door, marks=pytest.mark.training if door == "train" else ()) for door in DOORS]


@pytest.mark.parametrize("door", ALL)
def test_the_door_answers_as_before(
    door: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, exact = read(door), read(door)["kind"] == kind()
    if door == "train":
        pytest.importorskip("tensorflow", reason="needs requirements-train.txt")
        if kept["trained by"] != trained_by():
            pytest.skip(
                f"TensorFlow rounds otherwise here: recorded on {kept['trained by']}, "
                f"this is {trained_by()}"
            )
    now = {"kind": kept["kind"]} | ask_door(door, tmp_path, monkeypatch)
    assert "\n".join(differences(kept, now, exact)) == ""
