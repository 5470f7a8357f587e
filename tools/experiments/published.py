"""Train on the published split, once, for a comparison like for like.

    python -m tools.experiments.published --data DIR

Osuala et al. 2024 (arXiv 2407.12669) report a Swin Transformer on these very crops: AUROC 0.778 on
402 test crops, three seeds. Their test set takes 23 crops of eleven patients out of the official
training half, and trains and validates on the rest (the column `published_split`). Here the
released recipes learn from that rest and score those test crops. Nothing is chosen on them.
The result goes to `docs/published-split.json`, from which `python -m tools.readme` takes its row.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import sigmoid
from mammo.command_line import (
    check_output,
    command_parser,
    exit_status,
    is_json_with,
    set_tensorflow_up,
    write_output,
)
from mammo.data.table import fingerprint, load_crops, read_pixels
from mammo.errors import DataError
from mammo.evaluation import UNITS, PatientBootstrap, auc_interval
from mammo.settings import MODELS, TrainSettings
from tools.experiments.log import RESULT, published, units_of
from tools.experiments.plan import WORK_FOLDER

if TYPE_CHECKING:
    import pandas as pd


DIGITS = 4

_IS_OWN = is_json_with("schema", "test_crops", "models")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parser().parse_args(arguments)
    set_tensorflow_up()

    def run() -> None:
        check_output(options.out, _IS_OWN, "--out")
        table = _published(load_crops(options.data))
        result = _head(table)
        former = published(options.out) or {}
        if former.get("data") == result["data"]:  # what is not trained anew keeps its figures
            result["models"] = former["models"]
        for name in options.models:
            logits = fit_and_score(table, name, options.work, options.imagenet_weights)
            tested = table[table["published_split"] == "test"]
            result["models"][name] = figures(tested, sigmoid(logits))
            print(f"{name}: AUC {result['models'][name]['crop']['value']:.3f} a crop")
        content = (json.dumps(result, indent=1) + "\n").encode()
        write_output(options.out, content, _IS_OWN, "--out")

    return exit_status("tools.experiments.published", run, options.work)


def figures(tested: "pd.DataFrame", p: NDArray[np.float64]) -> dict[str, dict[str, float]]:
    """Return the AUC by crop and by lesion, with its interval over patients."""
    areas: dict[str, dict[str, float]] = {}
    for unit in UNITS[:2]:
        units = units_of(tested, unit)
        area = auc_interval(units.labels, units.pool(p), PatientBootstrap(units.patients))
        areas[unit] = {end: round(value, DIGITS) for end, value in area.as_dict().items()}
    return areas


def fit_and_score(
    table: "pd.DataFrame", name: str, work: Path, imagenet_weights: str
) -> NDArray[np.float64]:
    """Fit a released recipe on the published training crops; score their test crops."""
    from mammo.training.batches import crop_views
    from mammo.training.crossfit import TrainingCrops, fit_fold, fit_plan
    from mammo.training.fit import predict_logits

    tested = (table["published_split"] == "test").to_numpy()
    half = (table["split"] == "train").to_numpy()
    rows = table[half].reset_index(drop=True)
    crops = read_pixels(rows)
    # One fold is held out: the test crops that lie in the official training half.
    held_out = np.where(tested[half], 0, 1)
    data = TrainingCrops(crops, rows["label"].to_numpy(), held_out, fingerprint(rows, crops))
    settings = TrainSettings(Path(), Path(), work, (name,), imagenet_weights=imagenet_weights)
    plan = fit_plan(name, settings, work / "published")
    network, moved, _ = fit_fold(plan, data, 0)
    logits = np.full(len(table), np.nan)
    logits[half & tested] = moved
    others = tested & ~half
    if others.any():
        views = crop_views(read_pixels(table[others]), plan.recipe, plan.seed)
        every = np.arange(int(others.sum()))
        logits[others] = predict_logits(network.predict_on_batch, views, every, plan.recipe.views)
    return logits[tested]


def _published(table: "pd.DataFrame") -> "pd.DataFrame":
    known = table["published_split"].isin(["train", "val", "test"])
    if not known.all():
        raise DataError(
            "Each crop must stand in the published split (column published_split: train, val or "
            f"test). Received {int((~known).sum()):,} of {len(table):,} crops without."
        )
    shared = table.groupby("patient_id")["published_split"].agg(lambda own: {"test"} < set(own))
    learnt_from_the_other_half = (table["split"] == "test") & (table["published_split"] != "test")
    if shared.any() or learnt_from_the_other_half.any():
        raise DataError(
            "The published split must keep patients together, and its test crops must hold the "
            f"official test half. Received {int(shared.sum())} patients in both parts and "
            f"{int(learnt_from_the_other_half.sum())} official test crops to learn from."
        )
    return table


def _head(table: "pd.DataFrame") -> dict[str, Any]:
    tested = table["published_split"] == "test"
    return {
        "schema": 1,
        "data": fingerprint(table, read_pixels(table)),
        "test_crops": int(tested.sum()),
        "test_patients": int(table.loc[tested, "patient_id"].nunique()),
        "training_crops": int((~tested).sum()),
        "models": {},
    }


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("tools.experiments.published", __doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of prepared crops")
    add("--models", nargs="+", default=list(MODELS), choices=MODELS)
    add("--out", type=Path, default=RESULT, help="default: %(default)s")
    add("--work", type=Path, default=WORK_FOLDER, help=f"default: {WORK_FOLDER}")
    weights = TrainSettings.imagenet_weights
    add("--imagenet-weights", default=weights, metavar="imagenet|PATH|none")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
