"""Reading artifacts: each way in which a folder, file or field can be wrong has its sentence."""

import json
import math
import os
import pickle
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammo.artifacts import (
    artifacts_folder,
    load_card,
    load_cases,
    load_history,
    load_manifest,
    load_model,
    sigmoid,
    verify,
)
from mammo.artifacts import manifest as manifest_module
from mammo.errors import ArtifactError
from tests.tiny_artifacts import case_rows, write_manifest_again, write_tiny_artifacts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_artifacts(tmp_path / "artifacts")


def edit_card(folder: Path, **changes: Any) -> None:
    """Change fields of a card on purpose, by dotted name, and let the manifest agree."""
    path = folder / "mobilenetv2" / "card.json"
    card = json.loads(path.read_text())
    for name, value in changes.items():
        *sections, last = name.split("__")
        fields = card
        for section in sections:
            fields = fields[section]
        if value is ...:
            del fields[last]
        else:
            fields[last] = value
    path.write_text(json.dumps(card))
    write_manifest_again(folder)


def edit_cases(folder: Path, old: str, new: str, count: int = 1) -> None:
    path = folder / "cases.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))
    write_manifest_again(folder)


# --- the folder and the manifest


def test_artifacts_lie_beside_the_package_or_where_the_variable_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MAMMO_ARTIFACTS", raising=False)
    assert artifacts_folder() == Path(__file__).resolve().parents[1] / "artifacts"
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(tmp_path))
    assert artifacts_folder() == tmp_path


def test_loaders_take_the_folder_of_the_variable(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(folder))
    assert load_manifest() == load_manifest(folder)
    assert load_card("simple_cnn").name == "simple_cnn"
    assert len(load_cases()) == 60


def test_manifest_says_who_made_what_from_which_data(folder: Path) -> None:
    manifest = load_manifest(folder)
    assert manifest.models == ("simple_cnn", "mobilenetv2")
    assert manifest.data.n_train == 36 and manifest.data.n_test == 24
    assert manifest.data.n_train_patients == 18 and manifest.data.n_test_patients == 9
    assert len(manifest.files) == 9
    assert manifest.carried_over == {}


def test_verify_hashes_every_file(folder: Path) -> None:
    assert verify(folder) == load_manifest(folder)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"There is no artifacts folder at .*nowhere"):
        load_manifest(tmp_path / "nowhere")


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"has no manifest\.json, so it is not a complete"):
        load_manifest(tmp_path)


def test_artifacts_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="There is no artifacts folder"):
        load_manifest(tmp_path / "file")


@pytest.mark.parametrize("length", [0, 1, 100, 900])
def test_half_written_manifest(folder: Path, length: int) -> None:
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ArtifactError, match=r"not complete JSON .* half written"):
        load_manifest(folder)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[" * 200_000])
def test_manifest_of_nonsense(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError, match="not complete JSON"):
        load_manifest(folder)


def test_manifest_that_is_a_list(folder: Path) -> None:
    (folder / "manifest.json").write_text("[]")
    with pytest.raises(ArtifactError, match="should hold a JSON object, but holds a list"):
        load_manifest(folder)


@pytest.mark.parametrize(("schema", "remedy"), [(2, "Update mammo"), (0, "Rebuild the artifacts")])
def test_artifacts_of_another_schema(folder: Path, schema: int, remedy: str) -> None:
    write_manifest_again(folder, schema=schema)
    with pytest.raises(ArtifactError, match=f"of artifact schema {schema}, .* reads schema 1.*"):
        load_manifest(folder)
    with pytest.raises(ArtifactError, match=remedy):
        load_manifest(folder)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("schema", True, "schema should be a whole number"),
        ("seed", "1", "seed should be a whole number of at least 0, but is '1'"),
        ("models", "simple_cnn", "models should be a list"),
        ("models", [1], r"models\.0 should be a text"),
        ("created", None, "created should be a text, but is None"),
        ("files", [], r"files should be an object, but is \[\]"),
        ("data", {"fingerprint": "f"}, r"should name data\.n_train but does not"),
        ("versions", {"numpy": 2}, r"versions\.numpy should be a text"),
    ],
)
def test_manifest_with_a_wrong_field(folder: Path, field: str, value: Any, sentence: str) -> None:
    write_manifest_again(folder, **{field: value})
    with pytest.raises(ArtifactError, match=sentence):
        load_manifest(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "c:\\x", "a\\..\\b"])
def test_manifest_that_leads_out_of_its_folder(folder: Path, name: str) -> None:
    write_manifest_again(folder, files={name: {"sha256": "0" * 64, "bytes": 0}})
    with pytest.raises(ArtifactError, match="not inside its folder"):
        verify(folder)


def test_unreadable_manifest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ArtifactError, match=r"cannot be read .Permission denied"):
        load_manifest(folder)


# --- files against their checksums


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("mobilenetv2/model.onnx", partial(load_model, "mobilenetv2")),
        ("simple_cnn/card.json", partial(load_card, "simple_cnn")),
        ("simple_cnn/card.json", partial(load_model, "simple_cnn")),
        ("simple_cnn/history.csv", partial(load_history, "simple_cnn")),
        ("cases.csv", load_cases),
    ],
)
def test_one_changed_byte_is_noticed_before_use(folder: Path, name: str, load: Any) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    sentence = (
        "does not match its checksum in the manifest .* was altered or is incomplete. Restore"
    )
    for read in (verify, load):
        with pytest.raises(ArtifactError, match=sentence):
            read(folder=folder)


def test_a_change_after_a_first_load_is_noticed_too(folder: Path) -> None:
    load_model("mobilenetv2", folder)
    path = folder / "mobilenetv2" / "model.onnx"
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ArtifactError, match="does not match its checksum"):
        load_model("mobilenetv2", folder)


def test_truncated_file(folder: Path) -> None:
    path = folder / "mobilenetv2" / "model.onnx"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ArtifactError, match=f"{size - 10} bytes, {size} expected"):
        load_model("mobilenetv2", folder)


def test_missing_file(folder: Path) -> None:
    (folder / "simple_cnn" / "model.onnx").unlink()
    with pytest.raises(ArtifactError, match=r"model\.onnx is missing, though the manifest lists"):
        load_model("simple_cnn", folder)
    assert load_model("mobilenetv2", folder)[0].name == "mobilenetv2"


def test_file_that_is_a_folder(folder: Path) -> None:
    (folder / "cases.csv").unlink()
    (folder / "cases.csv").mkdir()
    with pytest.raises(ArtifactError, match=r"cases\.csv cannot be read"):
        load_cases(folder)


def test_file_that_the_manifest_does_not_list(folder: Path) -> None:
    with pytest.raises(ArtifactError, match=r"does not list notes\.txt"):
        verify(folder, ["notes.txt"])


def test_verify_of_some_files_leaves_the_others_alone(folder: Path) -> None:
    (folder / "cases.csv").write_text("")
    verify(folder, ["simple_cnn/model.onnx"])


@pytest.mark.parametrize("load", [load_card, load_model, load_history])
@pytest.mark.parametrize("model", ["resnet", "", "..", "simple_cnn/../mobilenetv2"])
def test_model_that_is_not_in_the_manifest(folder: Path, load: Any, model: str) -> None:
    with pytest.raises(ArtifactError, match=r"There is no trained model .* simple_cnn, mobile"):
        load(model, folder)


def test_new_artifacts_between_two_reads_are_taken_whole(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training may end between the read of the manifest and the read of a file."""
    newer = write_tiny_artifacts(tmp_path / "newer", seed=1)
    expected = load_model("mobilenetv2", newer)
    original = manifest_module._read_verified
    swapped = []

    def swap_before_the_first_read(root: Path, name: str, manifest: Any) -> bytes:
        if not swapped:
            swapped.append(name)
            shutil.rmtree(folder)
            newer.rename(folder)
        return original(root, name, manifest)

    monkeypatch.setattr(manifest_module, "_read_verified", swap_before_the_first_read)
    assert load_model("mobilenetv2", folder) == expected


# --- cards


def test_card_holds_what_serving_needs(folder: Path) -> None:
    card = load_card("mobilenetv2", folder)
    assert (card.title, card.crop_size, card.cam_grid) == ("MobileNetV2", 128, (7, 7))
    assert card.preprocessing.input_size == 224
    assert card.thresholds["sensitivity_90"] < card.thresholds["youden"]
    assert card.metrics["test"]["lesion"]["auc"].low == 0.68


def test_card_and_manifest_can_be_cached_by_pickle(folder: Path) -> None:
    for value in (load_card("simple_cnn", folder), load_manifest(folder)):
        assert pickle.loads(pickle.dumps(value)) == value


def test_calibration_is_a_logistic_curve_of_the_logit(folder: Path) -> None:
    calibration = load_card("mobilenetv2", folder).calibration
    logits = np.array([-800.0, -1.0, 0.0, 2.5, 800.0])
    naive = [1 / (1 + math.exp(min(700, 1.2 - 1.1 * logit))) for logit in logits]
    assert np.allclose(calibration.probability(logits), naive, atol=1e-15)


def test_sigmoid_neither_overflows_nor_leaves_its_range() -> None:
    values = sigmoid(np.array([-np.inf, -745.0, -1e-300, 0.0, 745.0, np.inf]))
    assert values[0] == 0 and values[-1] == 1 and np.all(np.diff(values) >= 0)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "simple_cnn", "should be the card of mobilenetv2, but is of simple_cnn"),
        ("schema", 7, "schema 7"),
        ("title", ..., "should name title but does not"),
        ("crop_size", 16, "crop_size should be a whole number .* at most 4096, but is 16"),
        ("crop_size", 10**9, "crop_size should be a whole number of at least 32, at most 4096"),
        ("crop_size", 128.0, "crop_size should be a whole number"),
        ("test_time_flips", 1, "test_time_flips should be true or false"),
        ("views", ["turned"], "views should be upright, and others of upright, mirrored"),
        ("views", ["upright", "sideways"], "views should be upright, and others of"),
        ("views", ["upright", "turned", "turned"], "views should be upright, and others of"),
        ("flips", 3, "flips should be 1, 2 or 4, but is 3"),
        ("flips", True, "flips should be a whole number"),
        ("preprocessing__input_size", -1, r"preprocessing\.input_size should be"),
        ("preprocessing__input_size", 16, "at least 32 pixels. Received: 16"),
        ("preprocessing__input_size", ..., r"should name preprocessing\.input_size"),
        ("calibration__intercept", 10**400, r"calibration\.intercept should be a finite number"),
        ("preprocessing__low_percentile", 99.0, "percentiles"),
        ("preprocessing__high_percentile", 101, r"low < high <= 100\. Received: .*101"),
        ("calibration__method", "isotonic", "one of platt, temperature, but is 'isotonic'"),
        ("calibration__slope", 0, r"calibration\.slope should be a finite number"),
        ("calibration__slope", math.nan, r"calibration\.slope should be a finite number"),
        ("calibration__intercept", "0", r"calibration\.intercept should be a finite number"),
        ("calibration__intercept", math.inf, r"calibration\.intercept should be a finite number"),
        ("thresholds__youden", 1.5, r"thresholds\.youden should be a finite number from 0 to 1"),
        ("thresholds__youden", ..., r"should name thresholds\.youden"),
        ("thresholds__extra", math.inf, r"thresholds\.extra"),
        ("cam_grid", [7], "cam_grid should be a list of 2"),
        ("cam_grid", [7, True], r"cam_grid\.1 should be a whole number of at least 1"),
        ("cam_grid", [7, 0], r"cam_grid\.1 should be a whole number of at least 1"),
        ("metrics__test__crop__auc", 0.8, r"metrics\.test\.crop\.auc should be an object"),
        ("metrics__test__crop__auc__low", "x", r"auc\.low should be a finite number"),
        ("two_views", 3, "two_views should be an object"),
        ("two_views", {"thresholds": {"youden": 0.5}}, r"should name two_views\.calibration"),
        (
            "two_views",
            {
                "calibration": {"method": "platt", "slope": 1, "intercept": 0, "fitted_on": "x"},
                "thresholds": {"youden": 0.5},
            },
            r"two_views\.thresholds should be thresholds named sens.*youden, but is \{'youden'",
        ),
        ("settings", "y" * 100, r"settings should be an object, but is 'yyy.*\.\.\.\."),
    ],
)
def test_card_with_a_wrong_field(folder: Path, field: str, value: Any, sentence: str) -> None:
    edit_card(folder, **{field: value})
    with pytest.raises(ArtifactError, match=sentence):
        load_card("mobilenetv2", folder)


def test_metric_without_a_value_is_nan(folder: Path) -> None:
    edit_card(folder, metrics__test__crop__auc={"value": 0.7, "low": None, "high": None})
    metric = load_card("mobilenetv2", folder).metrics["test"]["crop"]["auc"]
    assert metric.value == 0.7 and math.isnan(metric.low) and math.isnan(metric.high)


# --- cases and training curves


def test_cases_come_typed_and_in_order(folder: Path) -> None:
    cases, rows = load_cases(folder), case_rows()
    assert cases["case_id"].tolist() == [row["case_id"] for row in rows]
    assert cases["label"].tolist() == [int(row["label"]) for row in rows]
    assert cases["mobilenetv2_p"].tolist() == [float(row["mobilenetv2_p"]) for row in rows]
    assert cases["mobilenetv2_p"].dtype == np.float64
    test = cases["split"] == "test"
    assert cases.loc[test, "simple_cnn_fold"].isna().all()
    assert set(cases.loc[~test, "simple_cnn_fold"]) == {0, 1, 2}
    missing = [row["mass_margins"] == "" for row in rows]
    assert cases["mass_margins"].isna().tolist() == missing and any(missing)


def test_scores_keep_every_digit(folder: Path) -> None:
    number = "0.12345678901234568"
    edit_cases(folder, case_rows()[0]["mobilenetv2_p"], number)
    assert load_cases(folder)["mobilenetv2_p"][0] == float(number)


def test_descriptor_na_stays_a_word(folder: Path) -> None:
    """Only an empty field is missing: "N/A" is a word that CBIS-DDSM itself uses."""
    edit_cases(folder, ",SPICULATED,", ",N/A,")
    assert "N/A" in set(load_cases(folder)["mass_margins"].dropna())


def test_score_that_is_missing_is_nan_and_no_refusal(folder: Path) -> None:
    edit_cases(folder, case_rows()[0]["mobilenetv2_p"], "NaN")
    assert math.isnan(load_cases(folder)["mobilenetv2_p"][0])


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (",mobilenetv2_p,", ",other,", "should have the columns mobilenetv2_p"),
        (",label,", ",truth,", "should have the columns label"),
        ("LEFT_CC_1,train", "LEFT_CC_1,val", "line 2 .* holds split 'val', expected train or test"),
        (case_rows()[0]["simple_cnn_score"], "1.2", "simple_cnn_score '1.2', expected a number"),
        (case_rows()[0]["simple_cnn_p"], "high", "simple_cnn_p 'high', expected a number"),
        (
            "Mass-Training_P_00002_RIGHT_CC_1",
            "Mass-Training_P_00001_LEFT_CC_1",
            "line 4 .* holds a case that is listed twice",
        ),
        (",train,P_00001,LEFT", ",train,LEFT", "Line 2 .* should have .* cells"),
        ("Mass-Training_P_00001", '"Mass-Training_P_00001', "cannot be read as a CSV table"),
    ],
)
def test_cases_with_a_fault(folder: Path, old: str, new: str, sentence: str) -> None:
    edit_cases(folder, old, new)
    with pytest.raises(ArtifactError, match=sentence):
        load_cases(folder)


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("label", "2", "label '2', expected 0 or 1"),
        ("assessment", "4.5", "assessment '4.5', expected a whole number or nothing"),
        ("mobilenetv2_fold", "-1", "mobilenetv2_fold '-1', expected a whole number"),
        ("mobilenetv2_p", "-0.1", "mobilenetv2_p '-0.1', expected a number from 0 to 1"),
    ],
)
def test_cases_with_a_wrong_value(folder: Path, column: str, value: str, sentence: str) -> None:
    lines = (folder / "cases.csv").read_text().splitlines()
    cells = lines[1].split(",")
    cells[lines[0].split(",").index(column)] = value
    lines[1] = ",".join(cells)
    (folder / "cases.csv").write_text("\n".join(lines) + "\n")
    write_manifest_again(folder)
    with pytest.raises(ArtifactError, match=sentence):
        load_cases(folder)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "expected a header"), (b"case_id\n\xff\n", "should have the columns")],
)
def test_cases_without_rows_or_of_another_encoding(
    folder: Path, content: bytes, sentence: str
) -> None:
    (folder / "cases.csv").write_bytes(content)
    write_manifest_again(folder)
    with pytest.raises(ArtifactError, match=sentence):
        load_cases(folder)


def test_history_is_one_row_an_epoch(folder: Path) -> None:
    history = load_history("mobilenetv2", folder)
    assert len(history) == 18 and {"epoch", "loss", "held_out_loss"} <= set(history)


def test_empty_history(folder: Path) -> None:
    (folder / "mobilenetv2" / "history.csv").write_text("")
    write_manifest_again(folder)
    with pytest.raises(ArtifactError, match=r"history\.csv cannot be read as a CSV table"):
        load_history("mobilenetv2", folder)
