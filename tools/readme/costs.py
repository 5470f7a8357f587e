"""The part of README.md that tells what the scripts of `benchmarks/` measured, a row for each."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mammo.inference.maps import method_named
from mammo.report.templates import markdown_table as table
from mammo.settings import TITLES

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
TITLE = ("What", "Measured", "Aim", "Met", "Command")


@dataclass(frozen=True)
class Row:
    """Hold one line: what was measured, in words, and whether that is what it should be."""

    what: str
    measured: str
    aim: str = ""
    met: bool | None = None


def benchmark_part() -> str:
    """Return a table of everything that was measured, and on which machine."""
    run = [script for script in SCRIPTS if (FOLDER / f"{script}.json").is_file()]
    met = {True: "yes", False: "no", None: ""}
    lines = [
        (row.what, row.measured, row.aim, met[row.met], f"`{COMMANDS[script]}`")
        for script in run
        for row in SCRIPTS[script](_measured(script))
    ]
    machine = _measured("serving")["machine"]
    return (
        f"{table(TITLE, lines)}\n\nOn {machine['processor']}, {machine['cores']} cores, Python "
        f"{machine['python']}, ONNX Runtime {machine['onnxruntime']}. Medians, with quartiles in "
        "brackets; p95: 95 of 100 answers came sooner."
    )


@cache
def _measured(script: str) -> dict[str, Any]:
    content = (FOLDER / f"{script}.json").read_text(encoding="utf-8")
    measured: dict[str, Any] = json.loads(content)
    return measured


def _serving(measured: Mapping[str, Any]) -> Iterator[Row]:
    figures, ratios = measured["figures"], measured["ratios"]
    one_crop = figures["one_crop_ms"]
    yield Row(
        "One crop, both models, all mirror images, both Grad-CAM maps, one core",
        f"{one_crop:.0f} ms ({_quartiles(measured, 'one_crop_ms')})", "20 ms", one_crop <= 20,
    )  # fmt: skip
    for name, title in TITLES.items():
        one_pass = figures[f"{name}_one_pass_ms"]
        peers = "".join(
            f"; {words} takes {ratios[f'{name}_{way}_to_mammo_one_pass']:.1f} times as long"
            for way, words in (("keras", "Keras `predict`"), ("function", "a `tf.function`"))
            if f"{name}_{way}_to_mammo_one_pass" in ratios
        )
        yield Row(
            f"{title}, one pass, one core",
            f"{one_pass:.1f} ms ({_quartiles(measured, f'{name}_one_pass_ms', 1)}){peers}",
            "4 ms", one_pass <= 4,
        )  # fmt: skip
    told = f"{figures['first_answer_s']:.1f} s, {figures['memory_mb']:.0f} MB"
    if "tensorflow_memory_mb" in figures:
        told += (
            f"; through TensorFlow {figures['tensorflow_first_answer_s']:.1f} s, "
            f"{figures['tensorflow_memory_mb']:.0f} MB"
        )
    yield Row("From an empty process to both models' first answer, and its memory", told)


def _quartiles(measured: Mapping[str, Any], name: str, digits: int = 0) -> str:
    low, high = measured["quartiles"][name]
    return f"{low:.{digits}f} to {high:.{digits}f}"


def _server(measured: Mapping[str, Any]) -> Iterator[Row]:
    figures, quartiles, aims = measured["figures"], measured["quartiles"], measured["targets"]
    start, aim = figures["start"]["probability_s"], aims["probability_s"]
    low, high = quartiles["start"]["probability_s"]
    told = f"{start:.1f} s ({low:.1f} to {high:.1f})"
    if "browser" in figures:
        told += f"; in Chromium on the same cores {figures['browser']['probability_s']:.1f} s"
    yield Row("Start of the app to the first probability", told, f"{aim:.0f} s", start <= aim)
    resident, aim = figures["start"]["models_rss_mb"], aims["models_rss_mb"]
    yield Row(
        "Memory of the app after both models answered", f"{resident:.0f} MB", f"{aim:.0f} MB",
        resident <= aim,
    )  # fmt: skip
    walk, aim = measured["walk"], aims["peak_mb"]
    told = f"{walk['peak_mb']:.0f} MB, then {walk['rss_mb']:.0f} MB"
    if "counted_mb" in walk:
        told += f"; {walk['counted_mb']:.0f} MB count against a container's limit of {aim:.0f} MB"
    yield Row(
        "At its peak, every page visited and the largest film opened",
        told, f"{aim:.0f} MB", walk["peak_mb"] <= aim and not walk.get("killed"),
    )  # fmt: skip
    slowest, aim = max(measured["slider_ms"].values()), aims["slider_ms"]
    yield Row(
        "A moved slider, the slowest of them", f"{slowest:.0f} ms", f"{aim:.0f} ms", slowest <= aim
    )


def _load(measured: Mapping[str, Any]) -> Iterator[Row]:
    answers, memory = measured["answers"], measured["class"]["memory"]
    wrong = len(answers["wrong"]) + len(measured["cross_talk"]["overheard"])
    who = f"{measured['visitors']} visitors"
    yield Row(
        f"{who}, {measured['minutes']:.0f} minutes: answers that were wrong or another's",
        f"{wrong} of {answers['checked']:,}", "0", wrong == 0,
    )  # fmt: skip
    failed = len(measured["failed_acts"])
    yield Row(
        "Acts that could not be done, after which the visitor opened a new tab",
        f"{failed} of {measured['acts']:,}", "0", failed == 0,
    )  # fmt: skip
    for part, words, aim in (
        ("class", f"{who} with pauses for thought: a crop classified", None),
        ("at_once", f"{who} at the same moment: a crop classified", 1000),
    ):
        found = measured[part]["latency"]["classify a crop"]
        late = found["p95_ms"]
        yield Row(
            words,
            f"p50 {found['p50_ms'] / 1000:.2f} s, p95 {late / 1000:.2f} s; "
            f"{measured[part]['processor']['server_cores']:.1f} cores busy",
            "p95 1 s" if aim else "", late <= aim if aim else None,
        )  # fmt: skip
    grown = memory["growth_mb_an_hour"]
    yield Row(
        "Memory meanwhile, after the first third",
        f"{memory['after_warm_up_mb']:.0f} to {memory['end_mb']:.0f} MB, {grown['slope']:.0f} MB "
        f"an hour ({grown['low']:.0f} to {grown['high']:.0f})",
        "30 MB an hour", grown["slope"] <= 30,
    )  # fmt: skip
    slow = measured["slow_visitor"]
    told = "; ".join(
        f"{words}: {slow[key]['without']['all_acts']['p50_ms'] / 1000:.2f} s without, "
        f"{slow[key]['with']['all_acts']['p50_ms'] / 1000:.2f} s with"
        for key, words in (
            ("drips_a_film", "drips one in over a slow line"),
            ("sends_films", "sends them one after the other"),
            ("asks_for_all_maps", "asks for all maps again and again"),
        )
    )
    yield Row(
        f"Half of the others' acts, while one more visitor brings films of "
        f"{slow['film_megabytes']:.0f} MB",
        told,
    )


def _training(measured: Mapping[str, Any]) -> Iterator[Row]:
    minutes = {name: found["seconds"] / 60 for name, found in measured["models"].items()}
    each = ", ".join(f"{TITLES[name]} {one:.1f}" for name, one in minutes.items())
    whole = measured["seconds"] / 60
    yield Row(
        f"One training pass of both models, {measured['crops']:,} crops",
        f"{whole:.0f} min ({each})", "20 min", whole <= 20,
    )  # fmt: skip


def _preparation(measured: Mapping[str, Any]) -> Iterator[Row]:
    yield Row(
        f"Preparation of all {measured['rows']:,} rows with small pictures; of a real film",
        f"{measured['seconds']:.0f} s; {measured['seconds_of_a_real_film_one_core']:.2f} s on one "
        "core",
    )


def _explain(measured: Mapping[str, Any]) -> Iterator[Row]:
    for model, times in measured["milliseconds"].items():
        told = ", ".join(f"{method_named(key).title} {ms:.0f}" for key, ms in times.items())
        yield Row(f"A heat map of {TITLES[model]}, processor's time", f"{told} ms")


def _fuzz(measured: Mapping[str, Any]) -> Iterator[Row]:
    found = len(measured["findings"])
    yield Row(
        "Damaged and hostile files: neither a picture nor a sentence, over 2 s or 400 MB",
        f"{found} of {measured['inputs']:,}", "0 of 10,000",
        found == 0 and measured["inputs"] >= 10_000,
    )  # fmt: skip


def _kills(measured: Mapping[str, Any]) -> Iterator[Row]:
    for name in ("preparation", "training"):
        one = measured[name]
        yield Row(
            f"Kills of a {name} after which the end was the same",
            f"all of {one['kills']}" if one["same"] else f"not of all {one['kills']}",
            "all of 20", one["same"] and one["kills"] >= 20,
        )  # fmt: skip


def _strangers(measured: Mapping[str, Any]) -> Iterator[Row]:
    films, opened = measured["films"], measured["film_outcomes"].get("answered", 0)
    counted, killed = measured["counted_mb"], measured["killed"]
    yield Row(
        f"{measured['aimed_files']} aimed files uploaded, their tabs closed at once, then {films} "
        f"films of {measured['film_mb']} MB opened in as many tabs: films answered",
        f"{opened} of {films}; {counted} MB with the decoder, {killed} processes killed",
        "all, in 690 MB", opened == films and killed == 0,
    )  # fmt: skip
    alone, meanwhile = measured["alone_s"], measured["meanwhile_s"]
    yield Row(
        "One more visitor's answers before and during this attack",
        f"median {alone['median']:.2f} s and {meanwhile['median']:.2f} s",
        "at most twice", meanwhile["median"] <= 2 * alone["median"],
    )  # fmt: skip


def _empty_home(measured: Mapping[str, Any]) -> Iterator[Row]:
    for key, what in (
        ("files", "Files written to an empty home by app, commands and library"),
        ("connections", "Connections that they opened to another machine"),
    ):
        found = [one[key] for one in measured.values()]
        if None not in found:
            count = sum(map(len, found))
            yield Row(what, str(count), "0", count == 0)


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
}
SCRIPTS: dict[str, Callable[[Mapping[str, Any]], Iterator[Row]]] = {
    "serving": _serving,
    "server": _server,
    "load": _load,
    "explain": _explain,
    "training": _training,
    "preparation": _preparation,
    "fuzz": _fuzz,
    "kills": _kills,
    "empty_home": _empty_home,
    "strangers": _strangers,
}
