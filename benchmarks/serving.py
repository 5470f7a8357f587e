"""Measure what serving costs: one crop on one core, the way to the first answer, and memory.

    python benchmarks/serving.py                      a table, and benchmarks/serving.json
    python benchmarks/serving.py --crops 5 --starts 1 --json OUT.json

Each figure is a median: of the processor's time for one crop, by the clock for a start. Figures of
one run are also given as ratios, which travel from machine to machine better than seconds do: of
one crop to a matrix product on the same core, and of TensorFlow (where it is installed) to what
mammo serves by. Let nothing else run meanwhile.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).with_suffix(".json")
MATRIX = 1024
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Figures = dict[str, float]


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crops", type=int, default=200, help="crops to time (default: 200)")
    parser.add_argument("--starts", type=int, default=5, help="cold starts (default: 5)")
    parser.add_argument("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(MEASURES[options.measure](options.crops)))
        return
    result = measure_all(options.crops, options.starts)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_table(result)


def measure_all(crops: int, starts: int) -> dict[str, Any]:
    """Measure each figure in processes of its own, and put the ratios beside them."""
    figures = in_new_process("one_crop", crops)
    figures |= median_of([in_new_process("onnx_start", crops) for _ in range(starts)])
    if find_spec("tensorflow") is not None:
        figures |= median_of([in_new_process("tensorflow_start", crops) for _ in range(starts)])
    return {"figures": figures, "ratios": ratios(figures), "machine": machine(), "crops": crops}


def in_new_process(measure: str, crops: int) -> Figures:
    """Run one measurement in a fresh interpreter, so that nothing is loaded before."""
    command = [sys.executable, __file__, "--measure", measure, "--crops", str(crops)]
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def median_of(runs: list[Figures]) -> Figures:
    """Return the median of each figure over several runs."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def quartiles(values: Sequence[float]) -> list[float]:
    """Return the first and the third quartile; of a single value, that value twice."""
    first, _, third = (
        statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [*values] * 3
    )
    return [first, third]


def one_crop(crops: int) -> Figures:
    """Time one crop through both models, with both heat maps, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import mammo

    models = [mammo.load_classifier(name) for name in ("simple_cnn", "mobilenetv2")]
    pictures = iter(np.random.default_rng(0).integers(0, 256, (crops + 3, 128, 128), np.uint8))
    matrix = np.random.default_rng(0).random((MATRIX, MATRIX), np.float32)

    def answer() -> None:
        crop = next(pictures)
        for model in models:
            model.assess(crop)[0].heat_map(len(crop))

    return {
        "one_crop_ms": 1000 * median_time(answer, crops),
        "matrix_product_ms": 1000 * median_time(lambda: matrix @ matrix, max(3, crops // 5)),
    }


def median_time(action: Callable[[], object], times: int) -> float:
    """Return the median seconds of the processor for an action, after three that do not count.

    The process's own time: what it costs one core, whoever else runs on it.
    """
    seconds = []
    for _ in range(times + 3):
        start = time.process_time()
        action()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds[3:])


def onnx_start(_: int) -> Figures:
    """Time the way from nothing to both answers as mammo serves them, and weigh the process."""
    start = time.perf_counter()
    import mammo

    models = [mammo.load_classifier(name) for name in ("simple_cnn", "mobilenetv2")]
    loaded = time.perf_counter()
    for model in models:
        model.assess(np.zeros((128, 128), np.uint8))
    return {
        "load_s": loaded - start,
        "first_answer_s": time.perf_counter() - start,
        "memory_mb": resident_mb(),
    }


def tensorflow_start(_: int) -> Figures:
    """Time the same way through Keras, from the weights that training left."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    start = time.perf_counter()
    from mammo.artifacts import artifacts_folder, load_card
    from mammo.models.mobilenetv2 import build_mobilenetv2
    from mammo.models.simple_cnn import build_simple_cnn
    from mammo.settings import Recipe

    recipes = {name: Recipe(**load_card(name).settings) for name in ("simple_cnn", "mobilenetv2")}
    for name, network in (
        ("simple_cnn", build_simple_cnn(recipes["simple_cnn"])),
        ("mobilenetv2", build_mobilenetv2(recipes["mobilenetv2"], "none")),
    ):
        network.load_weights(artifacts_folder() / name / "model.weights.h5")
        network.predict(np.zeros((4, *network.input_shape[1:]), np.float32), verbose=0)
    return {
        "tensorflow_first_answer_s": time.perf_counter() - start,
        "tensorflow_memory_mb": resident_mb(),
    }


MEASURES = {
    "one_crop": one_crop,
    "onnx_start": onnx_start,
    "tensorflow_start": tensorflow_start,
}


def resident_mb() -> float:
    """Return this process's resident memory in MB (10^6 bytes): now on Linux, else at its peak."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmRSS"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def ratios(figures: Figures) -> Figures:
    """Return the figures that stand to another of the same run."""
    found = {"one_crop_to_matrix_product": figures["one_crop_ms"] / figures["matrix_product_ms"]}
    if "tensorflow_memory_mb" in figures:
        found["tensorflow_to_mammo_first_answer"] = (
            figures["tensorflow_first_answer_s"] / figures["first_answer_s"]
        )
        found["tensorflow_to_mammo_memory"] = figures["tensorflow_memory_mb"] / figures["memory_mb"]
    return found


def machine() -> dict[str, Any]:
    """Say on what the figures were measured."""
    import onnxruntime

    return {
        "system": platform.system(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
        "load_before": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def processor() -> str:
    """Return the processor's name, which Python itself tells on few systems."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


TITLES = {
    "one_crop_ms": "one crop, both models, both heat maps, one core: ms",
    "matrix_product_ms": f"float32 product of two {MATRIX} x {MATRIX} matrices, one core: ms",
    "load_s": "import and load both models: s",
    "first_answer_s": "from nothing to both models' first answer: s",
    "memory_mb": "resident memory then: MB",
    "tensorflow_first_answer_s": "the same through TensorFlow: s",
    "tensorflow_memory_mb": "resident memory then: MB",
    "one_crop_to_matrix_product": "one crop / matrix product",
    "tensorflow_to_mammo_first_answer": "first answer, TensorFlow / mammo",
    "tensorflow_to_mammo_memory": "memory, TensorFlow / mammo",
}


def print_table(result: dict[str, Any]) -> None:
    """Print every figure, and the machine under them."""
    for name, value in (result["figures"] | result["ratios"]).items():
        print(f"{TITLES[name]:<66}{value:>9.2f}")
    print(", ".join(f"{name} {value}" for name, value in result["machine"].items()))


if __name__ == "__main__":
    main()
