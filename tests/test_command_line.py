"""What stops any command ends in one sentence and a status."""

import pytest

from mammo.files import write_whole
from mammo.training.audit import main as audit
from mammo.training.lessons import main as lessons
from mammo.training.trust import main as trust_build
from tools.experiments.__main__ import main as experiments

COMMANDS = {
    "mammo.training.audit": (audit, []),
    "mammo.training.lessons": (lessons, ["leak"]),
    "mammo.training.trust": (trust_build, []),
    "tools.experiments": (experiments, ["wider.json"]),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (OSError(28, "No space left on device", "disk"), 1, "No space left on device (disk)"),
        (PermissionError(13, "Permission denied", "locked"), 1, "Permission denied (locked)"),
        (KeyboardInterrupt(), 130, "Run the same command to resume"),
    ],
    ids=["full", "read-only", "interrupted"],
)
def test_a_failing_disk_or_a_keyboard_ends_it_with_a_sentence(
    name, fault, status, words, monkeypatch, capsys, tmp_path
) -> None:
    def fail(*_given: object, **_named: object) -> None:
        raise fault

    command, before = COMMANDS[name]
    for reader in ("load_crops", "load_manifest", "read_experiment", "_build"):
        monkeypatch.setattr(f"{command.__module__}.{reader}", fail, raising=False)
    assert command([*before, "--data", str(tmp_path)]) == status
    error = capsys.readouterr().err.strip()
    assert error.startswith(f"{name}: ") and words in error and "\n" not in error


def test_a_file_is_replaced_whole_or_not_at_all(monkeypatch, tmp_path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_whole(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"newer")
    assert path.read_bytes() == b"new" and list(tmp_path.iterdir()) == [path]
