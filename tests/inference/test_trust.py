"""The trust signals: familiarity, neighbours, and how they are kept."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from mammo.artifacts import attach
from mammo.errors import ArtifactError, ImageError
from mammo.inference import load_classifier
from mammo.inference.trust import (
    NOT_A_CROP,
    TRUST_NAME,
    Trust,
    load_trust,
    unit_vectors,
)
from mammo.predict import main as predict
from mammo.training.trust import main
from mammo.training.trust_measures import _share, neighbours_vote
from mammo.training.trust_pictures import outsiders, variants
from tests.inference.tiny_trust import attach_tiny_trust, blobs
from tests.tiny_artifacts import write_tiny_artifacts


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_tiny_artifacts(tmp_path_factory.mktemp("trusted"))
    attach_tiny_trust(folder)
    return folder


@pytest.fixture(scope="module")
def trust(artifacts: Path) -> Trust:
    loaded = load_trust(artifacts)
    assert loaded is not None
    return loaded


def test_artifacts_without_the_attachment_have_no_signals(tmp_path: Path) -> None:
    assert load_trust(write_tiny_artifacts(tmp_path)) is None


def test_another_schema_is_refused(tmp_path: Path) -> None:
    trust = attach_tiny_trust(write_tiny_artifacts(tmp_path))
    attach(TRUST_NAME, json.dumps({**trust.measured, "schema": 9}).encode(), (), tmp_path)
    with pytest.raises(ArtifactError, match="expected schema 1, received 9"):
        load_trust(tmp_path)


def test_a_page_of_text_and_a_blank_are_questioned_and_blobs_are_not(
    artifacts: Path, trust: Trust
) -> None:
    model = load_classifier("mobilenetv2", artifacts)
    known = blobs(20, seed=5)
    asked = [trust.familiarity(crop, model.embed(crop)).questioned for crop in known]
    assert sum(asked) <= 4
    blank = np.full((128, 128), 90, np.uint8)
    answer = trust.familiarity(blank, model.embed(blank))
    assert answer.sentence == f"{NOT_A_CROP} Every pixel has the same value."
    stripes = np.tile(np.repeat(np.arange(0, 160, 40, dtype=np.uint8), 2), (128, 16))
    assert trust.familiarity(stripes, model.embed(stripes)).reason == "It has only 4 grey levels."
    noise = np.random.default_rng(0).integers(0, 256, (128, 128)).astype(np.uint8)
    assert trust.familiarity(noise, model.embed(noise)).questioned


def test_an_embedding_of_another_model_is_refused(trust: Trust) -> None:
    with pytest.raises(ImageError, match="Expected an embedding of mobilenetv2, 5 numbers a crop"):
        trust.similar(np.zeros((1, 7), np.float32))
    with pytest.raises(ImageError, match="Expected one crop"):
        trust.familiarity(np.zeros((2, 64, 64), np.uint8), np.zeros((1, 5), np.float32))


def test_neighbours_are_the_naive_ones(artifacts: Path, trust: Trust) -> None:
    """Sort every training crop by its cosine, one after the other."""
    vector = load_classifier("mobilenetv2", artifacts).embed(blobs(1, seed=9))
    cosines = [float(unit_vectors(vector)[0] @ (trust.components.T @ row)) for row in trust.rows]
    expected: list[str] = []
    for _, case in sorted(zip(cosines, trust.cases, strict=True), key=lambda pair: -pair[0]):
        if case["lesion_id"] not in expected:
            expected.append(case["lesion_id"])
    assert [found.lesion_id for found in trust.similar(vector)] == expected[:5]


def test_neighbours_leave_out_the_own_patient_and_doubled_lesions(
    artifacts: Path, trust: Trust
) -> None:
    model = load_classifier("mobilenetv2", artifacts)
    for case, vector in zip(trust.cases, model.embed(blobs(len(trust.cases))), strict=True):
        assert trust.similar(vector, k=0) == ()
        found = trust.similar(vector, case["patient_id"])
        assert case["patient_id"] not in {one.patient_id for one in found}
        assert len({one.lesion_id for one in found}) == len(found) == 5
        similar = [one.similarity for one in found]
        assert similar == sorted(similar, reverse=True)


def test_the_vote_is_counted_as_by_hand(artifacts: Path, trust: Trust) -> None:
    embedding = load_classifier("mobilenetv2", artifacts).embed(blobs(len(trust.cases)))
    figures = neighbours_vote(trust, embedding, trust.cases)
    right = 0
    for vector, case in zip(embedding, trust.cases, strict=True):
        found = trust.similar(vector, case["patient_id"])
        right += (sum(one.malignant for one in found) >= 3) == (case["label"] == "1")
    assert figures["right"]["value"] == pytest.approx(right / len(trust.cases))
    assert figures["right"]["low"] <= figures["right"]["value"] <= figures["right"]["high"]


def test_a_share_of_nothing_is_no_number() -> None:
    assert _share(np.empty(0)) == {"value": None, "crops": 0}


def test_pictures_that_are_no_crops_have_the_size_and_type_of_crops() -> None:
    pytest.importorskip("skimage", reason="scikit-image's pictures are not at hand")
    for name, pictures in outsiders().items():
        assert pictures.dtype == np.uint8 and pictures.shape[1:] == (128, 128), name


def test_variants_keep_shape_and_change_pixels() -> None:
    crops = blobs(3)
    for name, changed in variants(crops):
        assert changed.shape == crops.shape and changed.dtype == np.uint8, name
        assert not np.array_equal(changed, crops), name


def test_the_command_warns_of_a_picture_that_is_no_crop(
    artifacts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "blank.png"
    Picture.fromarray(np.full((128, 128), 90, np.uint8)).save(file)
    assert predict([str(file), "--artifacts", str(artifacts)]) == 0
    told = capsys.readouterr()
    assert f"{file}: {NOT_A_CROP} Every pixel has the same value." in told.err
    assert told.out.startswith(str(file))


def test_other_crops_than_the_trainings_are_refused(
    prepared: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(prepared), "--out", str(artifacts)]) == 1
    assert "Expected the crops that the models were trained on." in capsys.readouterr().err
