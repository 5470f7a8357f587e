"""Measure one training pass of both models: the fit on all training crops that makes a release.

    python benchmarks/training.py --data DIR          a table, and benchmarks/training.json
    python benchmarks/training.py --data DIR --epochs 2 --imagenet-weights none --json OUT.json

By the clock, on all cores, from the pixels in memory to fitted weights, the features of frozen
blocks and the teacher's answers included. MobileNetV2 comes first: it is the simple CNN's teacher.
A release also fits four folds of each, three quarters of the crops each: four times that, about.
Nothing is kept. Let nothing else run meanwhile.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving import machine

if TYPE_CHECKING:
    from mammo.settings import TrainSettings
    from mammo.training.crossfit import TrainingCrops

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).with_suffix(".json")
ORDER = ("mobilenetv2", "simple_cnn")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of prepared crops")
    parser.add_argument("--imagenet-weights", default="imagenet", metavar="imagenet|PATH|none")
    parser.add_argument("--epochs", type=int, help="fewer epochs of both, to try the script")
    parser.add_argument("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    result = measure(options.data, options.imagenet_weights, options.epochs)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_table(result)


def measure(data: Path, imagenet_weights: str, epochs: int | None) -> dict[str, Any]:
    """Return the seconds and epochs of each model's pass, and of both; the machine."""
    import numpy as np

    from mammo.command_line import set_tensorflow_up
    from mammo.data.table import fingerprint, load_crops, read_pixels
    from mammo.settings import RECIPES, TrainSettings, with_overrides
    from mammo.training.crossfit import TrainingCrops

    set_tensorflow_up()
    table = load_crops(data)
    rows = table[table["split"] == "train"].reset_index(drop=True)
    pixels, before = read_pixels(rows), machine()
    nothing_held_out = np.zeros(len(rows), np.int64)
    labels = rows["label"].to_numpy()
    crops = TrainingCrops(pixels, labels, nothing_held_out, fingerprint(rows, pixels))
    recipes = {name: with_overrides(recipe, {"epochs": epochs}) for name, recipe in RECIPES.items()}
    with tempfile.TemporaryDirectory() as work:
        settings = TrainSettings(
            data, Path(work), Path(work), imagenet_weights=imagenet_weights, recipes=recipes
        )
        models = {name: one_pass(name, settings, crops) for name in ORDER}
    seconds = sum(found["seconds"] for found in models.values())
    return {
        "models": models,
        "seconds": seconds,
        "crops": len(rows),
        "machine": before,
    }


def one_pass(name: str, settings: "TrainSettings", crops: "TrainingCrops") -> dict[str, float]:
    """Fit a model on all crops; return its seconds by the clock and its epochs."""
    from mammo.training.crossfit import FINAL, fit_fold, fit_plan

    plan = fit_plan(name, settings, settings.work)
    start = time.perf_counter()
    _, _, history = fit_fold(plan, crops, FINAL)
    return {"seconds": round(time.perf_counter() - start, 1), "epochs": len(history)}


def print_table(result: dict[str, Any]) -> None:
    """Print the minutes of each model and of both, and the machine under them."""
    for name, found in result["models"].items():
        print(f"{name:<14}{found['seconds'] / 60:>8.1f} min{found['epochs']:>6} epochs")
    print(f"{'both':<14}{result['seconds'] / 60:>8.1f} min, {result['crops']} crops")
    print(", ".join(f"{name} {value}" for name, value in result["machine"].items()))


if __name__ == "__main__":
    main()
