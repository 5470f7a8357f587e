"""One changed byte anywhere in the artifacts, the manifest included, is noticed before use."""

import json
import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import mammo
from mammo.artifacts import (
    attach,
    load_card,
    load_cases,
    load_history,
    load_leak_lesson,
    load_manifest,
    load_model,
    read_attachment,
    verify,
)
from mammo.artifacts.manifest import MANIFEST_NAME
from mammo.errors import ArtifactError
from mammo.inference.trust import load_trust
from tests.inference.tiny_trust import attach_tiny_trust
from tests.tiny_artifacts import write_tiny_artifacts

MODELS = ("simple_cnn", "mobilenetv2")
POSITIONS = 24
REFUSED = re.compile("does not match its|not whole JSON|is not used|is missing")

Load = Callable[..., Any]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whole artifacts with trust signals and a lesson, never damaged for longer than a test."""
    folder = write_tiny_artifacts(tmp_path_factory.mktemp("bytes") / "artifacts")
    attach_tiny_trust(folder)
    attach("lessons/leak.json", b'{"schema": 1, "words": "a lesson"}', folder=folder)
    return folder


def readers(name: str) -> list[Load]:
    """Return every loader that hands out what stands in a file."""
    found: list[Load] = [verify]
    for model in MODELS:
        of_model: dict[str, list[Load]] = {
            f"{model}/card.json": [load_card, load_model, mammo.load_classifier],
            f"{model}/model.onnx": [load_model, mammo.load_classifier],
            f"{model}/history.csv": [load_history],
        }
        found += [partial(load, model) for load in of_model.get(name, [])]
    found += {
        "cases.csv": [load_cases, load_trust],
        "trust/trust.json": [load_trust],
        "trust/embeddings.npz": [load_trust],
        "lessons/leak.json": [load_leak_lesson, partial(read_attachment, "lessons/leak.json")],
    }.get(name, [])
    return found


EVERY_LOADER: tuple[Load, ...] = (
    load_manifest,
    load_cases,
    load_trust,
    load_leak_lesson,
    *(partial(load, model) for load in (load_card, load_history) for model in MODELS),
    *(partial(mammo.load_classifier, model) for model in MODELS),
)


def damaged(content: bytes, place: int, rng: random.Random) -> bytes:
    """Change one byte to any other."""
    changed = bytearray(content)
    changed[place] ^= rng.randrange(1, 256)
    return bytes(changed)


def places(content: bytes, rng: random.Random) -> list[int]:
    """Choose both ends and places in between."""
    inside = rng.sample(range(len(content)), min(POSITIONS, len(content)))
    return [0, len(content) - 1, *inside]


def files() -> list[str]:
    names = [f"{m}/{n}" for m in MODELS for n in ("card.json", "model.onnx", "history.csv")]
    names += [f"{model}/model.weights.h5" for model in MODELS]
    return [*names, "cases.csv", "trust/trust.json", "trust/embeddings.npz", "lessons/leak.json"]


def test_these_are_all_files_of_the_artifacts(whole: Path) -> None:
    assert sorted(files()) == sorted(load_manifest(whole).files)


@pytest.mark.parametrize("name", files())
def test_a_changed_byte_in_any_file_is_noticed_by_each_of_its_loaders(
    whole: Path, name: str
) -> None:
    rng, path = random.Random(name), whole / name
    content = path.read_bytes()
    try:
        for place in places(content, rng):
            path.write_bytes(damaged(content, place, rng))
            for load in readers(name):
                with pytest.raises(ArtifactError, match=REFUSED):
                    load(folder=whole)
    finally:
        path.write_bytes(content)
    for load in readers(name):
        if load is not load_leak_lesson:  # the tiny lesson holds no figures
            load(folder=whole)


def test_a_changed_byte_in_the_manifest_is_noticed_by_every_loader(whole: Path) -> None:
    rng, path = random.Random(1), whole / MANIFEST_NAME
    content = path.read_bytes()
    try:
        for place in range(0, len(content), 5):
            path.write_bytes(damaged(content, place, rng))
            load = EVERY_LOADER[place % len(EVERY_LOADER)]
            with pytest.raises(ArtifactError):
                load(folder=whole)
    finally:
        path.write_bytes(content)
    verify(whole)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"seal"', b'"sea1"'),
        (b'"seal": ', b'"seal":\t'),
        (b'"seed": 0', b'"seed": 1'),
        (b'"n_train": 36', b'"n_train": 63'),
        (b'"attachments"', b'"attachment5"'),
    ],
)
def test_a_manifest_edited_with_thought_is_refused_too(
    whole: Path, tmp_path: Path, old: bytes, new: bytes
) -> None:
    content = (whole / MANIFEST_NAME).read_bytes()
    assert old in content
    (tmp_path / MANIFEST_NAME).write_bytes(content.replace(old, new, 1))
    with pytest.raises(ArtifactError, match="its own checksum|and no others"):
        load_manifest(tmp_path)


def test_a_manifest_from_before_the_seal_is_read(tmp_path: Path) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts")
    assert "seal" not in json.loads((folder / MANIFEST_NAME).read_text())
    assert load_manifest(folder).models == MODELS
