"""The command `python -m mammo.training.trust --data DIR`, whole, on tiny artifacts."""

import json
from pathlib import Path

import pytest
from PIL import Image as Picture

from mammo.artifacts import read_attachment
from mammo.artifacts.contents import CASES_NAME, read_rows, write_rows
from mammo.inference.trust import TRUST_NAME, load_trust
from mammo.training import trust_measures
from mammo.training.trust import main
from tests.inference.tiny_trust import blobs
from tests.tiny_artifacts import write_tiny_artifacts


def write_crops(folder: Path, artifacts: Path) -> None:
    """Write a blob for each case of artifacts, as a folder of prepared crops."""
    rows = read_rows((artifacts / CASES_NAME).read_bytes(), artifacts / CASES_NAME)
    (folder / "crops").mkdir(parents=True)
    kept = ("split", "patient_id", "laterality", "view", "abnormality_id", "pathology")
    table = [{"file": f"crops/{row['case_id']}.png", **{k: row[k] for k in kept}} for row in rows]
    for row, crop in zip(table, blobs(len(table)), strict=True):
        Picture.fromarray(crop).save(folder / row["file"])
    write_rows(folder / "index.csv", table)


def test_the_command_fits_measures_and_attaches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    write_crops(tmp_path / "crops", artifacts)
    monkeypatch.setattr(trust_measures, "outsiders", lambda: {"blobs": blobs(2, seed=7)})
    monkeypatch.setattr(trust_measures, "_from_films", lambda: {"films": blobs(2)})
    assert main(["--data", str(tmp_path / "crops"), "--out", str(artifacts)]) == 0
    printed = json.loads(capsys.readouterr().out)
    trust = load_trust(artifacts)
    assert trust is not None and trust.measured == printed
    assert json.loads(read_attachment(TRUST_NAME, artifacts) or b"") == printed
    assert {case["split"] for case in trust.cases} == {"train"}
    assert printed["questioned"]["blobs"]["crops"] == 2
