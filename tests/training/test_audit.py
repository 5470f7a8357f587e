"""The command `python -m mammo.training.audit --data DIR`, whole, on tiny artifacts; its reader."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from mammo.artifacts import attach, load_manifest, read_attachment
from mammo.artifacts.contents import CASES_NAME, read_rows, write_rows
from mammo.errors import ArtifactError
from mammo.inference.audit import BASELINES, Figure, audit_name, load_audit
from mammo.inference.maps import METHODS
from mammo.training import audit as command
from mammo.training.audit_measures import figure, likeness
from tests.inference.tiny_trust import blobs
from tests.tiny_artifacts import MODELS, tiny_network, write_tiny_artifacts

LIMIT = 12


def write_crops(folder: Path, artifacts: Path, boxes: bool) -> Path:
    """Write a blob for each test case, with the box of its lesion where wanted."""
    rows = read_rows((artifacts / CASES_NAME).read_bytes(), artifacts / CASES_NAME)
    rows = [row for row in rows if row["split"] == "test"]
    (folder / "crops").mkdir(parents=True)
    kept = ("split", "patient_id", "laterality", "view", "abnormality_id", "pathology")
    box = {"box_x": 32.0, "box_y": 36.0, "box_width": 48.0, "box_height": 40.0}
    table = [
        {"file": f"crops/{row['case_id']}.png", **{k: row[k] for k in kept}}
        | ({name: str(value) for name, value in box.items()} if boxes else {})
        for row in rows
    ]
    for row, crop in zip(table, blobs(len(table)), strict=True):
        Picture.fromarray(crop).save(folder / row["file"])
    write_rows(folder / "index.csv", table)
    return folder


def other_network(model: str, folder: Path, seed: int, pictures: np.ndarray) -> bytes:
    """Stand for the shuffled network, which tiny artifacts have no weights for."""
    assert pictures.dtype == np.float32 and pictures.ndim == 3 and len(pictures) == 24
    (tiny,) = (one for one in MODELS if one.name == model)
    return tiny_network(tiny, np.random.default_rng(100 + seed)).SerializeToString()


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(command, "shuffled_network", other_network)
    return write_tiny_artifacts(tmp_path / "artifacts")


def run(data: Path, out: Path, *more: str) -> int:
    return command.main(["--data", str(data), "--out", str(out), "--limit", str(LIMIT), *more])


def test_the_command_audits_every_model_and_says_what_it_found(
    tmp_path: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load_audit("simple_cnn", artifacts) is None
    assert run(write_crops(tmp_path / "crops", artifacts, boxes=True), artifacts) == 0
    printed = capsys.readouterr().out
    for model in MODELS:
        audit = load_audit(model.name, artifacts)
        assert audit is not None and audit.crops == LIMIT
        assert list(audit.methods) == [method.key for method in METHODS]
        measured = json.loads(read_attachment(audit_name(model.name), artifacts) or b"")
        assert str(tmp_path) not in audit.command
        for found in audit.methods.values():
            assert found.verdict in printed and found.faithfulness in printed
            assert f"randomisation test on {model.title}" in found.verdict
            assert 0 < found.shuffled.crops < LIMIT and found.mirrored.crops < LIMIT
            assert found.deletion_gain.crops == found.insertion_gain.crops == LIMIT
            assert -1 < found.deletion_gain.value < 1
        names = [one["name"] for one in measured["lesion"]["maps"]]
        assert audit.lesion_crops == LIMIT
        assert names[:7] == [*(m.key for m in METHODS), *BASELINES]
        assert names[7] == "untrained network, grad-cam"
        for method in METHODS:
            words = audit.on_lesion(method.key)
            inside = audit.lesion[method.key].pointing.words
            assert words.startswith(f"Lesion box, 12 crops: peak inside {inside}, against ")
            assert words in printed
        depends = load_manifest(artifacts).attachments[audit_name(model.name)]
        assert list(depends) == [f"{model.name}/model.onnx"]


def test_nothing_is_held_against_lesions_that_are_not_known(
    tmp_path: Path, artifacts: Path
) -> None:
    data = write_crops(tmp_path / "crops", artifacts, boxes=False)
    assert run(data, artifacts, "--models", "simple_cnn") == 0
    audit = load_audit("simple_cnn", artifacts)
    assert audit is not None and audit.lesion_crops == 0
    assert "no boxes are recorded for these 12 crops" in audit.on_lesion("grad-cam")
    assert load_audit("mobilenetv2", artifacts) is None


def test_lesions_alone_are_added_to_an_earlier_audit(
    tmp_path: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = ("--models", "simple_cnn")
    boxed = write_crops(tmp_path / "boxed", artifacts, boxes=True)
    assert run(boxed, artifacts, *one) == 0
    whole = json.loads(read_attachment(audit_name("simple_cnn"), artifacts) or b"")
    bare = write_crops(tmp_path / "bare", artifacts, boxes=False)
    assert run(bare, artifacts, *one) == 0
    before = json.loads(read_attachment(audit_name("simple_cnn"), artifacts) or b"")
    assert run(boxed, artifacts, *one, "--lesions") == 0
    after = json.loads(read_attachment(audit_name("simple_cnn"), artifacts) or b"")
    assert {**after, "lesion": None} == {**before, "lesion": None}
    assert after["lesion"]["maps"] == whole["lesion"]["maps"][:7]
    assert run(bare, artifacts, *one, "--lesions") == 1
    assert "Expected the lesion's box in the table of crops" in capsys.readouterr().err
    assert run(boxed, write_tiny_artifacts(tmp_path / "new"), *one, "--lesions") == 1
    assert "Run the command without --lesions" in capsys.readouterr().err


def test_a_killed_run_goes_on_and_ends_the_same(
    tmp_path: Path, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_crops(tmp_path / "crops", artifacts, boxes=True)
    arguments = (data, artifacts, "--models", "simple_cnn", "--jobs", "1")
    assert run(*arguments) == 0
    whole = json.loads(read_attachment(audit_name("simple_cnn"), artifacts) or b"")
    shutil.rmtree(tmp_path / ".mammo-work")
    examine, seen = command.examine, []

    def dying(*given):
        if len(seen) == 5:
            raise KeyboardInterrupt
        seen.append(given[2])
        return examine(*given)

    monkeypatch.setattr(command, "examine", dying)
    assert run(*arguments) == 130
    (place,) = (tmp_path / ".mammo-work").iterdir()
    with (place / "crops.jsonl").open("a") as file:
        file.write('{"case_id": "cut sho')
    seen.clear()
    monkeypatch.setattr(command, "examine", lambda *given: seen.append(given[2]) or examine(*given))
    assert run(*arguments) == 0
    assert seen == [int(place) for place in np.linspace(0, 23, LIMIT)][5:]
    again = json.loads(read_attachment(audit_name("simple_cnn"), artifacts) or b"")
    for document in (whole, again):
        document.pop("created")
    assert again == whole


def test_all_crops_after_a_few_begin_with_the_few(
    tmp_path: Path, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_crops(tmp_path / "crops", artifacts, boxes=False)
    arguments = ["--data", str(data), "--out", str(artifacts), "--models", "simple_cnn"]
    assert command.main([*arguments, "--limit", "5"]) == 0
    examine, seen = command.examine, []
    monkeypatch.setattr(command, "examine", lambda *given: seen.append(given[2]) or examine(*given))
    assert command.main(arguments) == 0
    assert sorted(seen) == sorted(set(range(24)) - {0, 5, 11, 17, 23})
    audit = load_audit("simple_cnn", artifacts)
    assert audit is not None and audit.crops == 24
    assert not any((tmp_path / ".mammo-work").iterdir()), "finished work is cleared away"


def test_an_altered_audit_or_one_of_another_schema_is_refused(
    tmp_path: Path, artifacts: Path
) -> None:
    data = write_crops(tmp_path / "crops", artifacts, boxes=False)
    assert run(data, artifacts, "--models", "simple_cnn") == 0
    path = artifacts / audit_name("simple_cnn")
    newer = path.read_bytes().replace(b'"schema": 1', b'"schema": 9')
    path.write_bytes(newer)
    with pytest.raises(ArtifactError):
        load_audit("simple_cnn", artifacts)
    attach(audit_name("simple_cnn"), newer, folder=artifacts)
    with pytest.raises(ArtifactError, match="schema 9"):
        load_audit("simple_cnn", artifacts)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--limit", "0"), "--limit must be at least 1. Received: 0."),
        (("--models", "resnet"), "no trained model 'resnet'"),
    ],
)
def test_wrong_settings_get_a_sentence(
    tmp_path: Path, artifacts: Path, capsys: pytest.CaptureFixture[str], more, sentence: str
) -> None:
    data = write_crops(tmp_path / "crops", artifacts, boxes=False)
    assert run(data, artifacts, *more) == 1
    assert sentence in capsys.readouterr().err


# --- the verdicts and the figures


def found_with(tmp_path: Path, low: float, high: float, crops: int = 30):
    blank = Figure(0.2, 0.1, 0.3, crops)
    from mammo.inference.audit import MethodFindings

    return replace(
        MethodFindings("grad-cam", "mobilenetv2", *[blank] * 4),
        shuffled=Figure((low + high) / 2, low, high, crops),
    )


@pytest.mark.parametrize(
    ("low", "high", "crops", "word"),
    [
        (0.1, 0.3, 30, "Grad-CAM passed the randomisation test on MobileNetV2"),
        (0.4, 0.6, 30, "Grad-CAM failed"),
        (0.7, 0.9, 30, "Grad-CAM failed"),
        (float("nan"), float("nan"), 0, "was not tested"),
    ],
)
def test_the_whole_interval_must_be_below_the_criterion(
    tmp_path: Path, low: float, high: float, crops: int, word: str
) -> None:
    assert word in found_with(tmp_path, low, high, crops).verdict


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.1, ": better than chance"),
        (-0.1, -0.01, ": worse than chance"),
        (-0.1, 0.1, ": no better than chance"),
    ],
)
def test_faithfulness_says_better_worse_or_neither(
    tmp_path: Path, low: float, high: float, words: str
) -> None:
    gain = Figure((low + high) / 2, low, high, 30)
    found = replace(found_with(tmp_path, 0, 0.1), deletion_gain=gain, insertion_gain=gain)
    assert f"removed first){words}" in found.faithfulness
    assert f"added first){words}" in found.faithfulness


def test_a_figure_is_the_mean_over_crops_and_its_interval_is_over_patients() -> None:
    random = np.random.default_rng(0)
    crops = [
        {"patient_id": f"P_{number // 4}", "value": float(number // 4 % 2) if number else None}
        for number in range(80)
    ]
    found = figure(crops, lambda crop: crop["value"])
    values = [crop["value"] for crop in crops if crop["value"] is not None]
    assert found["crops"] == 79 and found["value"] == pytest.approx(np.mean(values), abs=1e-4)
    by_patient = [np.mean([0, 1, 0, 1][:1]) if number % 2 == 0 else 1.0 for number in range(20)]
    drawn = [np.mean(random.choice(by_patient, 20)) for _ in range(4000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found["low"] == pytest.approx(low, abs=0.06)
    assert found["high"] == pytest.approx(high, abs=0.06)
    assert figure(crops, lambda crop: None) == {
        "value": None, "low": None, "high": None, "crops": 0
    }  # fmt: skip


def test_likeness_of_maps_that_show_nothing() -> None:
    ramp, flat = np.arange(16, dtype=np.float32).reshape(4, 4), np.zeros((4, 4), np.float32)
    assert likeness(ramp, ramp) == 1.0 and likeness(ramp, -ramp) == -1.0
    assert likeness(flat, ramp) is None and likeness(flat[:1, :1], ramp) is None
    assert likeness(ramp, flat) == 0.0 and likeness(ramp, flat[:1, :1]) == 0.0
