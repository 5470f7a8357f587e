"""What a release says of its models: the official split only where its counts are official."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mammo.artifacts import load_card, load_cases, load_manifest
from mammo.data.table import load_crops
from mammo.evaluate import evaluate_artifacts
from mammo.training.release import figures_in_words, fit_two_views, main, trained_on
from tests.tiny_artifacts import write_tiny_artifacts

OFFICIAL = ((1318, 691), (378, 201))
ROOT = Path(__file__).resolve().parents[2]


def table_of(counts: tuple[tuple[int, int], tuple[int, int]]) -> pd.DataFrame:
    """Return a table with so many crops and patients in training and test."""
    return pd.DataFrame(
        [
            {"split": split, "patient_id": f"{split}_{number % patients}"}
            for split, (crops, patients) in zip(("train", "test"), counts, strict=True)
            for number in range(crops)
        ]
    )


def case_table(rows: Sequence[tuple[str, str, int]]) -> pd.DataFrame:
    """Return a table of so many cases of each kind and split, named as CBIS-DDSM names them."""
    return pd.DataFrame(
        [
            {
                "split": split, "patient_id": f"P_{number:05d}", "abnormality_type": kind,
                "pathology": "BENIGN",
                "case_id": f"{'Mass' if kind == 'mass' else 'Calc'}-"
                f"{'Training' if split == 'train' else 'Test'}_P_{number:05d}_LEFT_CC_1",
            }
            for kind, split, count in rows
            for number in range(count)
        ]
    )  # fmt: skip


def test_the_official_split_is_named_with_its_kind() -> None:
    words = trained_on(table_of(OFFICIAL))
    # MobileNetV2 was released before kinds were named.
    for name, expected in (("simple_cnn", words), ("mobilenetv2", words.replace(" masses", ""))):
        card = json.loads((ROOT / "artifacts" / name / "card.json").read_text())
        assert card["trained_on"] == expected
    calcifications = table_of(((1546, 602), (326, 151)))
    words = "CBIS-DDSM calcifications, official training split: 1,546 crops"
    assert trained_on(calcifications).startswith(words)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("mass", "train", 9), ("mass", "test", 3)], "CBIS-DDSM masses, not the whole official"),
        (
            [("mass", "train", 9), ("calcification", "train", 4), ("mass", "test", 3)],
            "CBIS-DDSM masses and calcifications, not the whole official split: 13 crops",
        ),
        ([("calcification", "train", 9)], "CBIS-DDSM calcifications, not the whole official"),
        ([("mass", "train", 1318), ("mass", "test", 378)], "CBIS-DDSM masses, not the whole"),
    ],
)
def test_a_part_of_cbis_ddsm_is_named_as_a_part(rows, words) -> None:
    assert trained_on(case_table(rows)).startswith(words)


def test_other_crops_are_not_called_cbis_ddsm(prepared: Path) -> None:
    words = "the training rows of the given crops (masses): 32 crops of 16 patients"
    assert trained_on(load_crops(prepared)) == words
    for counts in (
        ((1317, 691), (378, 201)), ((1318, 690), (378, 201)), ((1318, 691), (377, 201)),
        ((1318, 691), (326, 151)),
    ):  # fmt: skip
        assert "CBIS-DDSM" not in trained_on(table_of(counts))


def test_figures_and_commands_follow_a_training(tmp_path: Path, monkeypatch) -> None:
    out = write_tiny_artifacts(tmp_path / "my artifacts")
    told = figures_in_words(out, ("simple_cnn", "mobilenetv2"))
    auc = load_card("mobilenetv2", out).metrics["test"]["crop"]["auc"]
    expected = f"on the test crops {auc.value:.2f} (95% CI {auc.low:.2f} to {auc.high:.2f})"
    assert "MobileNetV2: AUC per crop" in told and expected in told
    assert f"MAMMO_ARTIFACTS='{out}' streamlit run app.py" in told
    assert f"python -m mammo.evaluate --artifacts '{out}'" in told
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(out))
    assert figures_in_words(out, ()).splitlines() == [
        "All figures: python -m mammo.evaluate", "In the app: streamlit run app.py",
    ]  # fmt: skip


def test_two_views_are_fitted_on_training_lesions_that_have_both(tmp_path: Path) -> None:
    cases = load_cases(write_tiny_artifacts(tmp_path))
    rows = cases[cases["split"] == "train"]
    p, folds = rows["mobilenetv2_p"].to_numpy(float), rows["mobilenetv2_fold"].to_numpy(int)
    pair = fit_two_views(rows, p, folds)["two_views"]
    assert pair["calibration"]["fitted_on"] == (
        "out-of-fold scores of 18 lesions in two views, 18 patients"
    )
    lesions = rows.assign(logit=np.log(p / (1 - p))).groupby("lesion_id")
    assert list(pair["thresholds"]) == ["youden", "sensitivity_90", "specificity_90"]
    logits, labels = lesions["logit"].mean(), lesions["label"].max().astype(int)
    line = pair["calibration"]["slope"] * logits + pair["calibration"]["intercept"]
    fitted = 1 / (1 + np.exp(-line))
    assert fitted.mean() == pytest.approx(labels.mean(), abs=0.05)
    # A lesion in one view, or twice in the same, takes no part.
    more = pd.concat(
        [rows, rows[:1].assign(lesion_id="one"), *[rows[:1].assign(lesion_id="x")] * 2]
    )
    three = [np.concatenate([of_row, of_row[[0] * 3]]) for of_row in (p, folds)]
    assert fit_two_views(more, *three)["two_views"] == pair
    assert fit_two_views(rows[rows["view"] == "CC"], p[::2], folds[::2]) == {}
    assert fit_two_views(rows[:4], p[:4], folds[:4]) == {}


def test_a_command_adds_two_views_and_sets_and_changes_nothing_else(tmp_path: Path) -> None:
    out = write_tiny_artifacts(tmp_path / "artifacts")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    head = load_manifest(out)
    assert main(["--out", str(out)]) == 0
    changed = {path.name for path, content in before.items() if path.read_bytes() != content}
    assert changed == {"card.json", "manifest.json"}
    after = load_manifest(out)
    assert (after.created, after.command, after.models) == (head.created, head.command, head.models)
    by_lesion = evaluate_artifacts(out, "lesion", resamples=100).splits["test"]
    for name in head.models:
        card = load_card(name, out)
        model = by_lesion.models[name]
        assert card.two_views is not None
        assert model.thresholds == card.two_views.thresholds
        figures = card.metrics["test"]["lesion"]
        assert figures["auc"].value == pytest.approx(model.metrics["auc"].value, abs=1e-6)
        sensitivity = model.points["youden"].rates["sensitivity"].value
        assert figures["sensitivity"].value == pytest.approx(sensitivity, abs=1e-6)
        assert card.metrics["test"]["crop"]["auc"].value == 0.75
        assert card.sets is not None and card.two_views.sets is not None
        for figure, measured in model.sets.items():
            assert figures[figure].value == pytest.approx(measured.value, abs=1e-6)
    again = {path: path.read_bytes() for path in before}
    assert main(["--out", str(out)]) == 0
    assert {path: path.read_bytes() for path in before} == again
