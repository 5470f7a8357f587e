"""Measure what one heat map costs, by each method, on each model.

    python benchmarks/explain.py                      a table, and benchmarks/explain.json
    python benchmarks/explain.py --crops 2 --json OUT.json

Each figure is a median of the processor's time, on one core; the ratios to Grad-CAM travel from
machine to machine better than milliseconds do. Let nothing else run meanwhile.
"""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from serving import ONE_THREAD, machine, milliseconds

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).with_suffix(".json")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crops", type=int, default=10, help="crops to time (default: 10)")
    parser.add_argument("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    options = parser.parse_args()
    os.environ |= ONE_THREAD
    sys.path.insert(0, str(ROOT))
    result = measure_all(options.crops)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_table(result)


def measure_all(crops: int) -> dict[str, Any]:
    """Return milliseconds by model and method, their ratios to Grad-CAM, and the machine."""
    from mammo.artifacts import load_manifest

    milliseconds = {name: times_of(name, crops) for name in load_manifest().models}
    ratios = {
        name: {key: time / times["grad-cam"] for key, time in times.items()}
        for name, times in milliseconds.items()
    }
    return {"milliseconds": milliseconds, "ratios": ratios, "machine": machine(), "crops": crops}


def times_of(name: str, crops: int) -> dict[str, float]:
    """Return the median milliseconds for one map of a model by each method."""
    import numpy as np

    import mammo
    from mammo.inference.maps import METHODS

    model = mammo.load_classifier(name)
    random = np.random.default_rng(0)

    def time_of(method: str) -> float:
        pictures = iter(random.integers(0, 256, (crops + 3, 128, 128), np.uint8))
        return statistics.median(milliseconds(lambda: model.explain(next(pictures), method), crops))

    return {method.key: time_of(method.key) for method in METHODS}


def print_table(result: dict[str, Any]) -> None:
    """Print the time of each map and its ratio to Grad-CAM, and the machine under them."""
    from mammo.inference.maps import method_named

    for name, times in result["milliseconds"].items():
        for key, time in times.items():
            ratio = result["ratios"][name][key]
            print(f"{name:<14}{method_named(key).title:<12}{time:>9.1f} ms{ratio:>9.1f} x Grad-CAM")
    print(", ".join(f"{name} {value}" for name, value in result["machine"].items()))


if __name__ == "__main__":
    main()
