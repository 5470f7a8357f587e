"""The concept probes: the command, whole, on tiny artifacts, and what the doors say of them."""

import json
from pathlib import Path

import numpy as np
import pytest

import mammo
from mammo.artifacts import read_attachment
from mammo.errors import ArtifactError
from mammo.inference.concepts import CONCEPTS_NAME, SHOWN_FROM, Readings, load_concepts
from mammo.training.concepts import CONCEPTS, Half, fit_concepts, main
from tests.inference.tiny_trust import attach_tiny_trust, blobs
from tests.tiny_artifacts import write_tiny_artifacts
from tests.training.test_trust import write_crops


def half(count: int, seed: int) -> Half:
    """Cases whose first feature shows a spiculated margin, and nothing the other concepts."""
    random = np.random.default_rng(seed)
    features = random.random((count, 6)).astype(np.float32)
    spiculated = features[:, 0] > 0.5
    malignant = random.random(count) < np.where(spiculated, 0.9, 0.2)
    shapes = random.choice(["OVAL", "IRREGULAR", ""], count)
    margins = np.where(spiculated, "SPICULATED", random.choice(["CIRCUMSCRIBED", ""], count))
    margins = np.where(random.random(count) < 0.3, "ILL_DEFINED", margins)
    return Half(
        [
            {"mass_margins": str(margin), "mass_shape": str(shape), "label": str(int(label)),
             "patient_id": f"P_{number // 2}", "mobilenetv2_fold": str(number // 2 % 3),
             "mobilenetv2_p": "0.5"}
            for number, (margin, shape, label) in enumerate(
                zip(margins, shapes, malignant, strict=True)
            )
        ],
        features,
    )  # fmt: skip


def test_what_the_features_show_is_read_and_what_they_do_not_is_not_shown() -> None:
    found = fit_concepts(half(600, 1), half(300, 2))
    named = {one["name"]: one for one in found["concepts"]}
    assert tuple(named) == tuple(CONCEPTS)
    assert named["spiculated margin"]["test"]["value"] > 0.8
    assert named["spiculated margin"]["to_malignant"] > 1
    for name in ("irregular shape", "oval shape"):
        assert named[name]["test"]["value"] < SHOWN_FROM and named[name]["to_malignant"] == 0
    assert found["malignancy"]["value"] > 0.7
    assert found["network"]["value"] == 0.5


def test_one_line_of_each_probe_gives_what_scikit_learn_would() -> None:
    """Naive: the probe of the document against the regression that it was taken from."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    train = half(600, 1)
    probe = fit_concepts(train, half(300, 2))["concepts"][0]
    known, holds = train.recorded("spiculated margin")
    scaler = StandardScaler().fit(train.features[known])
    near = []
    for penalty in (1e-4, 1e-3, 1e-2):
        line = LogisticRegression(C=penalty, max_iter=2000)
        line.fit(scaler.transform(train.features[known]), holds[known])
        logits = line.decision_function(scaler.transform(train.features))
        near.append(np.abs(train.features @ probe["weights"] + probe["intercept"] - logits).max())
    assert min(near) < 1e-4


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("concepts")
    artifacts = write_tiny_artifacts(folder / "artifacts")
    attach_tiny_trust(artifacts)
    write_crops(folder / "crops", artifacts)
    assert main(["--data", str(folder / "crops"), "--out", str(artifacts)]) == 0
    return artifacts


def test_the_command_attaches_what_the_library_reads(artifacts: Path) -> None:
    written = json.loads(read_attachment(CONCEPTS_NAME, artifacts) or b"")
    found = load_concepts(artifacts)
    assert found is not None and found.model == written["model"] == "mobilenetv2"
    for one, record in zip(found.concepts, written["concepts"], strict=True):
        assert list(one.weights) == record["weights"]
        assert one.shown == (record["to_malignant"] != 0)
    models = mammo.load_models(artifacts)
    result = models.assess(mammo.Lesion(blobs(1, seed=4)[0]))
    assert (result.concepts is None) == (not found.shown)
    embedding = result["mobilenetv2"].assessment.embedding
    for one in found.shown:
        logit = float(np.dot(one.weights, embedding) + one.intercept)
        assert result.concepts is not None
        assert result.concepts.p[one.name] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)
        assert result.to_dict()["concepts"][one.name] == result.concepts.p[one.name]


def test_two_views_are_read_from_the_mean_of_their_features() -> None:
    models = mammo.load_models()
    cases = {lesion.case_id: lesion for lesion in mammo.example_lesions()}
    views = [cases[f"Mass-Test_P_00820_LEFT_{view}_1"] for view in ("CC", "MLO")]
    lesions = [mammo.Lesion(mammo.read_image(v.film), window=v.window) for v in views]
    pair = models.assess(*lesions)
    alone = [one.concepts for one in pair.pair]
    assert isinstance(pair.concepts, Readings)
    for name, p in pair.concepts.p.items():
        logits = [np.log(one.p[name] / (1 - one.p[name])) for one in alone if one is not None]
        assert np.log(p / (1 - p)) == pytest.approx(np.mean(logits), abs=1e-5)


def test_artifacts_without_probes_say_nothing_and_altered_ones_are_refused(
    artifacts: Path, tmp_path: Path
) -> None:
    older = write_tiny_artifacts(tmp_path)
    assert load_concepts(older) is None
    result = mammo.load_models(older).assess(mammo.Lesion(blobs(1)[0]))
    assert result.concepts is None and result.to_dict()["concepts"] is None
    path = artifacts / CONCEPTS_NAME
    content = path.read_bytes()
    path.write_bytes(content.replace(b"spiculated", b"circumscri"))
    with pytest.raises(ArtifactError, match="does not match its checksum"):
        load_concepts(artifacts)
    path.write_bytes(content)
