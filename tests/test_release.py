"""What a release says of its models: the official split only where its counts are official."""

import json
from pathlib import Path

import pandas as pd

from mammo.data.table import load_crops
from mammo.release import trained_on

OFFICIAL = ((1318, 691), (378, 201))
ROOT = Path(__file__).resolve().parents[1]


def table_of(counts: tuple[tuple[int, int], tuple[int, int]]) -> pd.DataFrame:
    """Return a table with so many crops and patients in training and test."""
    return pd.DataFrame(
        [
            {"split": split, "patient_id": f"{split}_{number % patients}"}
            for split, (crops, patients) in zip(("train", "test"), counts, strict=True)
            for number in range(crops)
        ]
    )


def test_the_official_split_is_named_as_on_the_released_cards() -> None:
    for name in ("simple_cnn", "mobilenetv2"):
        card = json.loads((ROOT / "artifacts" / name / "card.json").read_text())
        assert trained_on(table_of(OFFICIAL)) == card["trained_on"]
    calcifications = table_of(((1546, 602), (326, 151)))
    assert trained_on(calcifications).startswith("CBIS-DDSM, official training split: 1,546 crops")


def test_other_crops_are_not_called_cbis_ddsm(prepared: Path) -> None:
    said = "the training rows of the given crops: 32 crops of 16 patients"
    assert trained_on(load_crops(prepared)) == said
    for counts in (
        ((1317, 691), (378, 201)), ((1318, 690), (378, 201)), ((1318, 691), (377, 201)),
        ((1318, 691), (326, 151)),
    ):  # fmt: skip
        assert "CBIS-DDSM" not in trained_on(table_of(counts))
