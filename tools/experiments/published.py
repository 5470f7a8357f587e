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

from mammo.command_line import (
    check_output,
    exit_status,
    is_json_with,
    set_tensorflow_up,
    write_output,
)
from mammo.data.findings import finding_answers
from mammo.data.table import fingerprint, load_crops, read_pixels
from mammo.errors import DataError
from mammo.evaluation import UNITS, PatientBootstrap, auc_interval, group_units
from mammo.settings import MODELS, TrainSettings
from tools.experiments.like_for_like import RESULT

if TYPE_CHECKING:
    import pandas as pd


WORK_FOLDER = Path(".mammo-experiments")
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
        for name in options.models:
            logits = fit_and_score(table, name, options.work, options.imagenet_weights)
            tested = table[table["published_split"] == "test"]
            result["models"][name] = figures(tested, 1 / (1 + np.exp(-logits)))
            print(f"{name}: AUC {result['models'][name]['crop']['value']:.3f} a crop")
        content = (json.dumps(result, indent=1) + "\n").encode()
        write_output(options.out, content, _IS_OWN, "--out")

    return exit_status("tools.experiments.published", run, options.work)


def figures(tested: "pd.DataFrame", p: NDArray[np.float64]) -> dict[str, dict[str, float]]:
    """Return the AUC by crop and by lesion, with its interval over patients."""
    found: dict[str, dict[str, float]] = {}
    for unit in UNITS[:2]:
        units = group_units(
            unit, tested["label"].to_numpy(), tested["patient_id"].to_numpy(),
            tested["lesion_id"].to_numpy(),
        )  # fmt: skip
        area = auc_interval(units.labels, units.pool(p), PatientBootstrap(units.patients))
        found[unit] = {
            end: round(float(getattr(area, end)), DIGITS) for end in ("value", "low", "high")
        }
    return found


def fit_and_score(
    table: "pd.DataFrame", name: str, work: Path, imagenet_weights: str
) -> NDArray[np.float64]:
    """Fit a released recipe on the published training crops; score their test crops."""
    from mammo.training.crossfit import TrainingCrops, fit_fold, fit_plan
    from mammo.training.fit import predict_logits
    from mammo.training.memory import keep_freed_memory
    from mammo.training.views import crop_views

    keep_freed_memory()
    tested = (table["published_split"] == "test").to_numpy()
    half = (table["split"] == "train").to_numpy()
    rows = table[half].reset_index(drop=True)
    crops = read_pixels(rows)
    # One fold is held out: the test crops that lie in the official training half.
    data = TrainingCrops(
        crops, rows["label"].to_numpy(), np.where(tested[half], 0, 1),
        fingerprint(rows, crops), finding_answers(rows),
    )  # fmt: skip
    settings = TrainSettings(Path(), Path(), work, (name,), imagenet_weights=imagenet_weights)
    plan = fit_plan(name, settings, work / "published")
    network, moved, _ = fit_fold(plan, data, 0)
    logits = np.full(len(table), np.nan)
    logits[half & tested] = moved
    others = tested & ~half
    if others.any():
        views = crop_views(read_pixels(table[others]), plan.recipe, plan.seed)
        rows_tested = np.arange(int(others.sum()))
        logits[others] = predict_logits(network, views, rows_tested, plan.recipe.flips)
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
    parser = argparse.ArgumentParser(
        prog="python -m tools.experiments.published",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of prepared crops")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--out", type=Path, default=RESULT, help="default: %(default)s")
    parser.add_argument("--work", type=Path, default=WORK_FOLDER, help=f"default: {WORK_FOLDER}")
    parser.add_argument(
        "--imagenet-weights", default=TrainSettings.imagenet_weights, metavar="imagenet|PATH|none"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
