"""The parts of README.md that tell what was measured: by `benchmarks/`, of the trust signals."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from mammo.artifacts import load_card, load_manifest
from mammo.inference.maps import method_named
from mammo.inference.trust import load_trust
from mammo.report.templates import environment, markdown_table
from mammo.settings import TITLES
from mammo.text import Estimate, percent_estimate, percentage, with_article

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
TITLE = ("What", "Measured", "Aim", "Met", "Command")
MET = {True: "yes", False: "no", None: ""}
COMMANDS = {
    "serving": "python benchmarks/serving.py",
    "server": "python -m benchmarks.server",
    "load": "python -m benchmarks.load --minutes 30",
    "explain": "python benchmarks/explain.py",
    "training": "python benchmarks/training.py --data DIR",
    "preparation": "python -m benchmarks.preparation --csv FOLDER",
    "fuzz": "python benchmarks/fuzz.py --inputs 10000",
    "kills": "python -m benchmarks.kills",
    "empty_home": "python -m benchmarks.empty_home",
    "strangers": "python -m benchmarks.strangers",
    "http_strangers": "python -m benchmarks.http_strangers",
    "room": "python -m benchmarks.room",
}


@cache
def _templates() -> Environment:
    made = environment(Path(__file__).parent)
    made.filters |= {
        "seconds": "{:.0f} s".format,
        "megabytes": "{:.0f} MB".format,
        "percent": percentage,
        "share": percent_estimate,
        "article": with_article,
        "interval": lambda one: percent_estimate(Estimate(one["value"], one["low"], one["high"])),
    }
    return made


def benchmark_part() -> str:
    """Return a table of everything that was measured, and on which machine."""
    rows: list[tuple[str, ...]] = []

    def row(
        script: str,
        what: str,
        aim: str = "",
        met: bool | None = None,
        *,
        caller: Callable[[], str],
    ) -> str:
        words = " ".join(caller().split())
        rows.append((what, words, aim, MET[met], f"`{COMMANDS[script]}`"))
        return ""

    _templates().get_template("benchmark.md.j2").render(
        measured=_measured, row=row, titles=TITLES, method_named=method_named
    )
    machine = (_measured("serving") or {})["machine"]
    return (
        f"{markdown_table(TITLE, rows)}\n\nOn {machine['processor']}, {machine['cores']} cores, "
        f"Python {machine['python']}, ONNX Runtime {machine['onnxruntime']}. Medians, with "
        "quartiles in brackets; p95: 95 of 100 answers came sooner."
    )


def load_part() -> str:
    """Return how many visitors a core carries, from the load test."""
    found = _measured("load")
    if found is None:
        return "The load was not measured."
    paused, at_once, visitors = found["class"], found["at_once"], found["visitors"]
    busy, (shortest, longest) = paused["processor"]["server_cores"], found["think_seconds"]
    took = [
        f"a median of {late['p50_ms'] / 1000:.2f} s (p95 {late['p95_ms'] / 1000:.2f} s)"
        for late in (part["latency"]["classify a crop"] for part in (paused, at_once))
    ]
    return (
        f"In a test of {found['minutes']:.0f} minutes, {visitors} visitors who paused {shortest} "
        f"to {longest} seconds between actions kept {busy:.2f} cores busy. At this rate, "
        f"{visitors / busy:.0f} visitors use one core fully. Classifying a crop took {took[0]}. "
        f"The app's process took at most {paused['memory']['peak_mb']:.0f} MB. When all "
        f"{visitors} classified a crop at the same moment, it took {took[1]} and "
        f"{at_once['processor']['server_cores']:.1f} cores ([benchmarks](benchmarks.md))."
    )


@cache
def _measured(script: str) -> dict[str, Any] | None:
    file = FOLDER / f"{script}.json"
    if not file.is_file():
        return None
    measured: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return measured


def trust_part() -> str:
    """Return what `artifacts/trust/trust.json` holds, a line for each signal."""
    trust = load_trust()
    if trust is None:
        return "The trust signals were not measured since the last training."
    measured = trust.measured
    questioned = measured["questioned"]
    text = (
        _templates()
        .get_template("trust.md.j2")
        .render(
            questioned=questioned,
            vote=measured["vote"]["test"],
            cards=[load_card(name) for name in load_manifest().models],
            clean=min(
                questioned[name]["value"] for name in ("text pages", "gradients", "noise", "blank")
            ),
            share=lambda name: percentage(questioned[name]["value"]),
        )
    )
    return "\n".join(f"- {' '.join(one.split())}" for one in text.split("\n\n"))
