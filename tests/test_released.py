"""The committed artifacts: whole, of the released quality, and reached from a real DICOM film.

Nothing is trained here. The scores recorded in cases.csv are recomputed by ONNX Runtime: for
the ten example lesions everywhere, for the whole official test set where the prepared crops are.
"""

import json

import numpy as np
import pytest

import mammo
from mammo.artifacts import artifacts_folder, load_card, load_cases, verify
from mammo.data.table import fingerprint, load_crops, read_pixels
from mammo.evaluation import EvaluatedModel, auc, group_units
from mammo.settings import MODELS

FLOORS = {"mobilenetv2": (0.84, 0.87), "simple_cnn": (0.72, 0.75)}
"""AUC on the official mass test, per crop and per lesion, below which nothing is released."""

LARGEST_FILE = 12e6


@pytest.fixture(scope="module")
def cases():
    return load_cases()


def test_the_artifacts_are_whole_and_small():
    manifest = verify()
    assert manifest.models == MODELS
    assert (manifest.data.n_train, manifest.data.n_test) == (1318, 378)
    assert (manifest.data.n_train_patients, manifest.data.n_test_patients) == (691, 201)
    assert all(record.bytes < LARGEST_FILE for record in manifest.files.values())


@pytest.mark.parametrize("name", MODELS)
def test_example_films_give_the_recorded_scores(name, cases):
    model = mammo.load_classifier(name)
    recorded = cases.set_index("case_id")
    for lesion in mammo.example_lesions():
        crop = mammo.cut_lesion(
            mammo.read_image(lesion.film), window=lesion.window, size=model.card.crop_size
        )
        row = recorded.loc[lesion.case_id]
        assert row["pathology"] == lesion.pathology
        assert model.score(crop)[0] == pytest.approx(row[f"{name}_score"], abs=2e-6)
        assert model.predict(crop)[0] == pytest.approx(row[f"{name}_p"], abs=2e-6)


@pytest.mark.parametrize("name", MODELS)
def test_the_card_s_figures_follow_from_the_case_table(name, cases):
    card = load_card(name)
    rows = cases[cases["split"] == "test"]
    for unit, floor in zip(("crop", "lesion"), FLOORS[name], strict=True):
        units = group_units(
            unit, rows["label"].to_numpy(), rows["patient_id"].to_numpy(),
            rows["lesion_id"].to_numpy(),
        )  # fmt: skip
        averaged = auc(units.labels, units.pool(rows[f"{name}_p"].to_numpy()))
        line = EvaluatedModel.of_card(card, unit).two_views
        value = auc(units.labels, units.pool(rows[f"{name}_p"].to_numpy(), line))
        stated = card.metrics["test"][unit]["auc"]
        assert stated.value == pytest.approx(value, abs=1e-6)
        assert stated.low < value < stated.high
        assert averaged >= floor


@pytest.mark.parametrize("name", MODELS)
def test_the_official_test_set_scores_as_recorded(name, cases, real_crops):
    table = load_crops(real_crops)
    crops = read_pixels(table)
    assert fingerprint(table, crops) == verify().data.fingerprint
    test = (table["split"] == "test").to_numpy()
    assert table.loc[test, "case_id"].tolist() == cases.loc[test, "case_id"].tolist()
    scores = mammo.load_classifier(name).score(crops[test])
    np.testing.assert_allclose(scores, cases.loc[test, f"{name}_score"], atol=2e-6)


def test_no_training_case_has_a_score_of_a_network_that_saw_it(cases):
    training = cases[cases["split"] == "train"]
    for name in MODELS:
        assert training[f"{name}_fold"].notna().all()
        assert training.groupby("patient_id")[f"{name}_fold"].nunique().max() == 1


def test_the_manifest_names_the_command_that_made_it():
    head = json.loads((artifacts_folder() / "manifest.json").read_text())
    assert head["command"].startswith("python -m mammo.train --data")
    assert "/" not in head["command"]
    assert {"keras", "onnxruntime", "numpy", "python"} <= set(head["versions"])
