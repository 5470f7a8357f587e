"""Measure what serving costs: one crop on one core, the way to the first answer, and memory.

    python benchmarks/serving.py                      a table, and benchmarks/serving.json
    python benchmarks/serving.py --crops 5 --starts 1 --json OUT.json

Each figure is a median: of the processor's time for one crop, by the clock for a start. Figures of
one run are also given as ratios, which travel from machine to machine better than seconds do: of
one crop to one pass of MobileNetV2 and to a matrix product on the same core, and of TensorFlow
(where it is installed) to what mammo serves by: Keras' `predict`, and a `tf.function` of one fixed
shape, with the same weights on the same inputs, also on one core. `quartiles` holds the spread.
Let nothing else run meanwhile.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).with_suffix(".json")
MATRIX = 1024
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Figures = dict[str, float]
Timed = dict[str, list[float]]
"""What a figure was each time that it was measured."""

MODELS = ("simple_cnn", "mobilenetv2")


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
    with_peer = find_spec("tensorflow") is not None
    timed = in_new_process("one_crop", crops) | in_new_process("one_pass", crops)
    if with_peer:
        timed |= in_new_process("peer_pass", crops)
    figures = {name: statistics.median(seconds) for name, seconds in timed.items()}
    spread = {name: quartiles(seconds) for name, seconds in timed.items()}
    for start in ["onnx_start", *(["tensorflow_start"] if with_peer else [])]:
        runs = [in_new_process(start, crops) for _ in range(starts)]
        for name in runs[0]:
            values = [run[name][0] for run in runs]
            figures[name], spread[name] = statistics.median(values), quartiles(values)
    return {
        "figures": figures,
        "quartiles": spread,
        "ratios": ratios(figures),
        "machine": machine(),
        "crops": crops,
        "starts": starts,
    }


def in_new_process(measure: str, crops: int) -> Timed:
    """Run one measurement in a fresh interpreter, so that nothing is loaded before."""
    command = [sys.executable, __file__, "--measure", measure, "--crops", str(crops)]
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    timed: Timed = json.loads(done.stdout.splitlines()[-1])
    return timed


def quartiles(values: Sequence[float]) -> list[float]:
    """Return the first and the third quartile; of a single value, that value twice."""
    first, _, third = (
        statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [*values] * 3
    )
    return [first, third]


def one_crop(crops: int) -> Timed:
    """Time one crop through both models with both heat maps, and five changes of its box."""
    on_one_core()
    import mammo

    models = [mammo.load_classifier(name) for name in MODELS]
    pictures = iter(np.random.default_rng(0).integers(0, 256, (crops + 3, 128, 128), np.uint8))
    matrix = np.random.default_rng(0).random((MATRIX, MATRIX), np.float32)

    def answer() -> None:
        crop = next(pictures)
        for model in models:
            model.assess(crop)[0].heat_map(len(crop))

    film = np.random.default_rng(0).integers(0, 256, (4432, 2864), np.uint8)
    lesion, together = mammo.Lesion(film, box=(900, 2300, 300, 280)), mammo.load_models()
    answer_of_film = together.assess(lesion)

    def redraw() -> None:
        together.redraw(lesion, answer_of_film)

    return {
        "one_crop_ms": milliseconds(answer, crops),
        "redrawn_box_ms": milliseconds(redraw, max(3, crops // 5)),
        "matrix_product_ms": milliseconds(lambda: matrix @ matrix, max(3, crops // 5)),
    }


def one_pass(crops: int) -> Timed:
    """Time each model as it is served: the logit of one input, and of a crop with its flips."""
    on_one_core()
    import mammo

    timed = {}
    for name in MODELS:
        model = mammo.load_classifier(name)
        views = model.views(
            np.random.default_rng(0).integers(0, 256, (128, 128), np.uint8)
        ).pictures
        for what, inputs in (("one_pass", views[:1]), ("with_flips", views)):
            timed[f"{name}_{what}_ms"] = milliseconds(
                partial(model.network, "logit", inputs), crops
            )
    return timed


def peer_pass(crops: int) -> Timed:
    """Time the same through Keras' `predict`, and through a `tf.function` of one fixed shape."""
    on_one_core()
    tensorflow = quiet_tensorflow()
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    from mammo.artifacts import load_card

    timed = {}
    for name, network in trained_networks():
        card, size = load_card(name), network.input_shape[1]
        flips = len(card.views)
        views = np.random.default_rng(0).uniform(0, 255, (flips, size, size)).astype(np.float32)
        for what, inputs in (("one_pass", views[:1]), ("with_flips", views)):
            fixed = tensorflow.function(
                partial(network, training=False),
                input_signature=[tensorflow.TensorSpec(inputs.shape, tensorflow.float32)],
            )
            ways = {
                "keras": partial(network.predict, inputs, verbose=0),
                "function": partial(answered, fixed, tensorflow.constant(inputs)),
            }
            for way, ask in ways.items():
                timed[f"{name}_{way}_{what}_ms"] = milliseconds(ask, crops)
    return timed


def answered(function: Callable[[Any], Any], inputs: Any) -> object:
    """Call a `tf.function`, and bring its answer over to numpy."""
    answer = function(inputs)
    return (answer[0] if isinstance(answer, (list, tuple)) else answer).numpy()


def on_one_core() -> None:
    """Keep this process to one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def milliseconds(action: Callable[[], object], times: int) -> list[float]:
    """Return the milliseconds of the processor for an action, after three that do not count.

    The process's own time: what it costs one core, whoever else runs on it.
    """
    found = []
    for _ in range(times + 3):
        start = time.process_time()
        action()
        found.append(1000 * (time.process_time() - start))
    return found[3:]


def onnx_start(_: int) -> Timed:
    """Time the way from nothing to both answers as mammo serves them, and weigh the process."""
    start = time.perf_counter()
    import mammo

    models = [mammo.load_classifier(name) for name in MODELS]
    loaded = time.perf_counter()
    for model in models:
        model.assess(np.zeros((128, 128), np.uint8))
    return {
        "load_s": [loaded - start],
        "first_answer_s": [time.perf_counter() - start],
        "memory_mb": [resident_mb()],
    }


def tensorflow_start(_: int) -> Timed:
    """Time the same way through Keras, from the weights that training left."""
    start = time.perf_counter()
    quiet_tensorflow()
    for _name, network in trained_networks():
        network.predict(np.zeros((4, *network.input_shape[1:]), np.float32), verbose=0)
    return {
        "tensorflow_first_answer_s": [time.perf_counter() - start],
        "tensorflow_memory_mb": [resident_mb()],
    }


def quiet_tensorflow() -> Any:
    """Import TensorFlow without its remarks on the machine."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow

    return tensorflow


def trained_networks() -> Iterator[tuple[str, Any]]:
    """Build each model in Keras with its trained weights; yield its name and network."""
    from mammo.artifacts import artifacts_folder, load_card
    from mammo.settings import recipe_of
    from mammo.training.networks import build_network

    for name in MODELS:
        network = build_network(name, recipe_of(load_card(name).settings))
        network.load_weights(artifacts_folder() / name / "model.weights.h5")
        yield name, network


MEASURES = {
    "one_crop": one_crop,
    "one_pass": one_pass,
    "peer_pass": peer_pass,
    "onnx_start": onnx_start,
    "tensorflow_start": tensorflow_start,
}


def resident_mb() -> float:
    """Return this process's resident memory in MB (10^6 bytes): now on Linux, else at its peak."""
    status = Path("/proc/self/status")
    if status.exists():
        return megabytes(status.read_text(encoding="utf-8"), "VmRSS")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def megabytes(counts: str, name: str) -> float:
    """Return a line of a process's `status` or `smaps_rollup` on Linux, in MB (10^6 bytes)."""
    (line,) = (one for one in counts.splitlines() if one.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024 / 1e6


def ratios(figures: Figures) -> Figures:
    """Return the figures that stand to another of the same run."""
    found = {
        "one_crop_to_pass": figures["one_crop_ms"] / figures["mobilenetv2_one_pass_ms"],
        "one_crop_to_matrix_product": figures["one_crop_ms"] / figures["matrix_product_ms"],
    }
    if "tensorflow_memory_mb" in figures:
        found["tensorflow_to_mammo_first_answer"] = (
            figures["tensorflow_first_answer_s"] / figures["first_answer_s"]
        )
        found["tensorflow_to_mammo_memory"] = figures["tensorflow_memory_mb"] / figures["memory_mb"]
        for model in MODELS:
            for what in ("one_pass", "with_flips"):
                for way in ("keras", "function"):
                    peer, own = figures[f"{model}_{way}_{what}_ms"], figures[f"{model}_{what}_ms"]
                    found[f"{model}_{way}_to_mammo_{what}"] = peer / own
    return found


def machine() -> dict[str, Any]:
    """Say on what the figures were measured."""
    return {
        "system": platform.system(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "onnxruntime": version("onnxruntime"),
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
    "redrawn_box_ms": "five changes of the box, both models, one pass each, one core: ms",
    "matrix_product_ms": f"float32 product of two {MATRIX} x {MATRIX} matrices, one core: ms",
    "load_s": "import and load both models: s",
    "first_answer_s": "from nothing to both models' first answer: s",
    "memory_mb": "resident memory then: MB",
    "tensorflow_first_answer_s": "the same through TensorFlow: s",
    "tensorflow_memory_mb": "resident memory then: MB",
    "one_crop_to_pass": "one crop, both models, both heat maps / one pass of MobileNetV2",
    "one_crop_to_matrix_product": "one crop / matrix product",
    "tensorflow_to_mammo_first_answer": "first answer, TensorFlow / mammo",
    "tensorflow_to_mammo_memory": "memory, TensorFlow / mammo",
}
for _model in MODELS:
    for _what, _words in (("one_pass", "one pass"), ("with_flips", "with its flips")):
        TITLES[f"{_model}_{_what}_ms"] = f"{_model}, {_words}, one core: ms"
        for _way, _title in (("keras", "Keras predict"), ("function", "tf.function")):
            TITLES[f"{_model}_{_way}_{_what}_ms"] = f"{_model}, {_words}, {_title}: ms"
            TITLES[f"{_model}_{_way}_to_mammo_{_what}"] = f"{_model}, {_words}, {_title} / mammo"


def print_table(result: dict[str, Any]) -> None:
    """Print every figure, and the machine under them."""
    for name, value in (result["figures"] | result["ratios"]).items():
        print(f"{TITLES[name]:<66}{value:>9.2f}")
    print(", ".join(f"{name} {value}" for name, value in result["machine"].items()))


if __name__ == "__main__":
    main()
