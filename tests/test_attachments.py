"""Attachments: files that other commands add to the artifacts, and when they are dropped."""

from pathlib import Path

import pytest

from mammo.artifacts import (
    attach,
    check_replaceable,
    load_manifest,
    read_attachment,
    verify,
)
from mammo.errors import ArtifactError
from tests.test_artifacts_stage import publish
from tests.tiny_artifacts import write_tiny_artifacts

NETWORK = "mobilenetv2/model.onnx"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_artifacts(tmp_path / "artifacts")


def test_an_attachment_is_listed_and_verified(folder: Path) -> None:
    assert read_attachment("lessons/leak.json", folder) is None
    attach("lessons/leak.json", b"{}", folder=folder)
    attach("trust/trust.json", b"[1]", depends_on=(NETWORK,), folder=folder)
    manifest = verify(folder)
    assert manifest.attachments == {
        "lessons/leak.json": {},
        "trust/trust.json": {NETWORK: manifest.files[NETWORK].sha256},
    }
    assert read_attachment("trust/trust.json", folder) == b"[1]"
    attach("lessons/leak.json", b"{ }", folder=folder)
    assert read_attachment("lessons/leak.json", folder) == b"{ }"
    assert not list(folder.rglob("*.tmp"))


def test_an_altered_or_lost_attachment_is_refused(folder: Path) -> None:
    attach("lessons/leak.json", b"{}", folder=folder)
    (folder / "lessons" / "leak.json").write_bytes(b"{1")
    with pytest.raises(ArtifactError, match="does not match its checksum"):
        read_attachment("lessons/leak.json", folder)
    (folder / "lessons" / "leak.json").unlink()
    with pytest.raises(ArtifactError, match="missing"):
        read_attachment("lessons/leak.json", folder)


@pytest.mark.parametrize("name", ["../leak.json", "/leak.json", "leak.json", "a\\b/c.json"])
def test_a_name_outside_or_at_the_top_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ArtifactError, match="folder of its own"):
        attach(name, b"", folder=folder)


def test_a_model_keeps_its_folder_to_itself(folder: Path) -> None:
    with pytest.raises(ArtifactError, match="a model's own files"):
        attach(NETWORK, b"", folder=folder)


def test_it_cannot_depend_on_what_is_not_there(folder: Path) -> None:
    with pytest.raises(ArtifactError, match="does not list"):
        attach("trust/trust.json", b"", depends_on=("mobilenetv2/none",), folder=folder)
    assert load_manifest(folder).attachments == {}


def test_no_artifacts_no_attachment(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no artifacts folder"):
        attach("lessons/leak.json", b"{}", folder=tmp_path / "none")


def test_a_training_keeps_what_still_holds_and_drops_what_does_not(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_tiny_artifacts(tmp_path / "source", seed=1)
    attach("lessons/leak.json", b"{}", folder=folder)
    attach("trust/trust.json", b"[1]", depends_on=(NETWORK,), folder=folder)
    publish(source, folder)
    assert read_attachment("lessons/leak.json", folder) == b"{}"
    assert read_attachment("trust/trust.json", folder) is None
    assert not (folder / "trust" / "trust.json").exists()
    assert "trust/trust.json belonged to the older models" in capsys.readouterr().out
    attach("trust/trust.json", b"[2]", depends_on=(NETWORK,), folder=folder)
    publish(source, folder)
    assert read_attachment("trust/trust.json", folder) == b"[2]"
    verify(folder)


def test_what_a_killed_write_left_keeps_no_training_out(folder: Path) -> None:
    attach("lessons/leak.json", b"{}", folder=folder)
    left = folder / "lessons" / ".mammo-writing-1" / "leak.json"
    left.parent.mkdir()
    left.write_bytes(b"{")
    check_replaceable(folder)
    assert read_attachment("lessons/leak.json", folder) == b"{}"
