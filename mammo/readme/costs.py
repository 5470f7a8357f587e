"""The parts of README.md that tell what the scripts of `benchmarks/` measured."""

import json
from pathlib import Path

from mammo.explain import method_named
from mammo.settings import TITLES

ROOT = Path(__file__).resolve().parents[2]
BENCHMARK = ROOT / "benchmarks" / "serving.json"
EXPLAINING = ROOT / "benchmarks" / "explain.json"


def benchmark_part() -> str:
    """Return the figures of `benchmarks/serving.json` in sentences."""
    measured = json.loads(BENCHMARK.read_text(encoding="utf-8"))
    figures, machine = measured["figures"], measured["machine"]
    sentences = [
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, ONNX "
        f"Runtime {machine['onnxruntime']}: one crop through both models, with both heat maps, "
        f"takes {figures['one_crop_ms']:.0f} ms on one core. From an empty process to both "
        f"models' first answer it takes {figures['first_answer_s']:.1f} s, and the process then "
        f"stands at {figures['memory_mb']:.0f} MB."
    ]
    if "tensorflow_memory_mb" in figures:
        sentences.append(
            "Through TensorFlow, with the same weights, that takes "
            f"{figures['tensorflow_first_answer_s']:.1f} s and "
            f"{figures['tensorflow_memory_mb']:.0f} MB, so the app is served without it."
        )
    return " ".join(sentences)


def explaining_part() -> str:
    """Return the figures of `benchmarks/explain.json` in sentences."""
    measured = json.loads(EXPLAINING.read_text(encoding="utf-8"))
    machine = measured["machine"]
    models = [
        f"{TITLES[model]} "
        + ", ".join(
            f"{method_named(key).title} {milliseconds:.0f} ms"
            for key, milliseconds in methods.items()
        )
        for model, methods in measured["milliseconds"].items()
    ]
    return (
        f"{machine['processor']}, {machine['cores']} cores, the processor's time for one map, "
        f"median of {measured['crops']} crops: {'; '.join(models)}."
    )
