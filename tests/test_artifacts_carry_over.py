"""Which models stay beside those of a training, and what a training may not take with it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from mammo.artifacts import (
    attach,
    models_to_carry_over,
    read_attachment,
    verify,
)
from mammo.errors import ArtifactError
from tests.test_artifacts_stage import BOTH, content, facts, publish
from tests.tiny_artifacts import write_tiny_artifacts


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give artifacts to copy from, as a training's results."""
    return write_tiny_artifacts(tmp_path / "source", seed=7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_artifacts(tmp_path / "artifacts")


def kept(folder: Path, source: Path, trained: Sequence[str]) -> tuple[str, ...]:
    return tuple(models_to_carry_over(folder, facts(source).data.fingerprint, trained))


def test_the_model_that_is_not_trained_stays(source: Path, folder: Path) -> None:
    assert kept(folder, source, ["simple_cnn"]) == ("mobilenetv2",)
    assert kept(folder, source, ["mobilenetv2"]) == ("simple_cnn",)
    assert kept(folder, source, BOTH) == ()


def test_a_model_of_other_data_is_not_lost(source: Path, folder: Path) -> None:
    before = content(folder)
    sentence = (
        "mobilenetv2 in .*artifacts cannot be kept beside simple_cnn and would be lost: the older "
        r"data are others \(fingerprint \w{12}, now another\). Train all models together, or "
        "name another folder with --out"
    )
    with pytest.raises(ArtifactError, match=sentence):
        models_to_carry_over(folder, "another", ["simple_cnn"])
    with pytest.raises(ArtifactError, match=sentence):
        publish(source, folder, ["simple_cnn"], fingerprint="another")
    assert content(folder) == before
    assert models_to_carry_over(folder, "another", BOTH) == {}


@pytest.mark.parametrize("name", ["mobilenetv2/model.onnx", "mobilenetv2/history.csv", "cases.csv"])
def test_an_altered_model_is_not_lost_without_a_word(source: Path, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"altered")
    sentence = f"mobilenetv2 in .* would be lost: .*{name} does not match its checksum"
    with pytest.raises(ArtifactError, match=sentence):
        kept(folder, source, ["simple_cnn"])
    with pytest.raises(ArtifactError, match=sentence):
        publish(source, folder, ["simple_cnn"])
    assert kept(folder, source, BOTH) == ()


def test_a_damaged_model_is_trained_anew_beside_the_whole_one(source: Path, folder: Path) -> None:
    (folder / "simple_cnn" / "model.onnx").write_bytes(b"altered")
    assert kept(folder, source, ["simple_cnn"]) == ("mobilenetv2",)
    publish(source, folder, ["simple_cnn"])
    assert set(verify(folder).models) == set(BOTH)


def test_models_under_an_unreadable_manifest_are_not_lost(source: Path, folder: Path) -> None:
    (folder / "manifest.json").write_text('{"sch')
    for trained in (["simple_cnn"], BOTH):
        with pytest.raises(ArtifactError, match=r"manifest\.json.*move what is there away"):
            kept(folder, source, trained)


def test_nothing_to_carry_over(source: Path, tmp_path: Path) -> None:
    assert kept(tmp_path / "none", source, ["simple_cnn"]) == ()


# --- attachments


def test_a_damaged_attachment_keeps_no_model_and_no_other_attachment_from_staying(
    source: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attach("lessons/leak.json", b"{}", folder=folder)
    attach("lessons/other.json", b"[]", folder=folder)
    (folder / "lessons" / "leak.json").write_bytes(b"{1")
    assert kept(folder, source, ["simple_cnn"]) == ("mobilenetv2",)
    publish(source, folder, ["simple_cnn"])
    assert "lessons/leak.json is missing or altered and is removed" in capsys.readouterr().out
    assert set(verify(folder).models) == set(BOTH)
    assert read_attachment("lessons/other.json", folder) == b"[]"
    assert not (folder / "lessons" / "leak.json").exists()
