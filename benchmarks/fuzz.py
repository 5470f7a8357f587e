"""Damage real files in seeded ways and hold the reader and the upload page to their promises.

    python benchmarks/fuzz.py --inputs 10000          a summary, and benchmarks/fuzz.json
    python benchmarks/fuzz.py --only 1234 --keep OUT  one input again; its bytes go to OUT
    python benchmarks/fuzz.py --aimed --decoder       aimed files too; read in the app's child

With `--aimed` the aimed files of the tests come first, as they are. Each input is read in a worker
process (`mammo.read_image`; with `--decoder` in a child of it, as the app does), then taken the way
of the upload page: cut, assessed by both models, questioned, drawn, exported. A finding is an
exception other than `MammoError`, a worker that dies or is silent for three minutes, more than 2 s
of the processor (the clock is shown too, but the machine may have other work), or more than 400 MB
of memory above what the worker held before. Inputs follow from their number and the seed alone.
That a decoder wrote to the console is counted, and no finding.
"""

import argparse
import json
import logging
import os
import platform
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RESULT = Path(__file__).with_suffix(".json")
MOST_SECONDS = 2.0
MOST_MEGABYTES = 400.0
PATIENCE_SECONDS = 180.0
"""Silence after which a worker counts as hanging; it also loads models and makes whole files."""

SHARE_OF_FILMS = 0.01
SHARE_OF_BOMBS = 0.01

Outcome = dict[str, Any]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=2026, help="(default: %(default)s)")
    parser.add_argument("--only", type=int, metavar="N", help="this input alone")
    parser.add_argument("--keep", type=Path, metavar="OUT", help="write the bytes of --only here")
    parser.add_argument("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    parser.add_argument("--aimed", action="store_true", help="the aimed files of the tests first")
    parser.add_argument("--decoder", action="store_true", help="read in the app's child process")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.seed, options.first, options.inputs, decoder=options.decoder)
        return 0
    first, end = -_aimed_files() if options.aimed else 0, options.inputs
    if options.only is not None:
        first, end = options.only, options.only + 1
        if options.keep:
            options.keep.write_bytes(make_input(options.only, options.seed)[2])
    start = time.perf_counter()
    outcomes = told(supervised(options.seed, first, end, decoder=options.decoder))
    summary = summarised(outcomes, options.seed, time.perf_counter() - start)
    if options.only is None and not (options.decoder and options.json == RESULT):
        options.json.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(summary if options.only is None else outcomes, indent=1))
    return 1 if summary["findings"] else 0


def _aimed_files() -> int:
    from benchmarks.fuzz_bombs import AIMED

    return len(AIMED)


def told(found: Iterator[Outcome]) -> list[Outcome]:
    """Collect the outcomes and say now and then how far it is; Ctrl-C ends it with what is done."""
    outcomes: list[Outcome] = []
    with suppress(KeyboardInterrupt):
        for outcome in found:
            outcomes.append(outcome)
            if complaint(outcome):
                print(json.dumps(outcome), file=sys.stderr, flush=True)
            if len(outcomes) % 250 == 0:
                print(f"{len(outcomes)} inputs", file=sys.stderr, flush=True)
    return outcomes


# --- inputs


def make_input(number: int, seed: int) -> tuple[str, str, bytes]:
    """Return the kind, the description and the bytes of one input."""
    from benchmarks.fuzz_bombs import AIMED, aimed, bomb
    from benchmarks.fuzz_mutations import mutations_for
    from benchmarks.fuzz_seeds import FILMS, film_seed, small_seeds

    if number < 0:
        name = sorted(AIMED)[number]
        return "aimed", name, AIMED[name]()
    random = Random(f"{seed} {number}")
    where = random.random()
    if where < SHARE_OF_BOMBS:
        name, content = bomb(random) if random.random() < 0.5 else aimed(random)
        return "bomb", name, content
    is_film = where < SHARE_OF_FILMS + SHARE_OF_BOMBS
    whole = film_seed(random.randrange(FILMS)) if is_film else random.choice(small_seeds())
    content, done = whole.content, []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        mutation = random.choice(mutations_for(whole.kind, content))
        # Earlier damage may have taken what it needs, or everything.
        with suppress(ValueError, IndexError, ZeroDivisionError, struct.error):
            content = mutation(content, random)
        done.append(mutation.__name__)
    return whole.kind, f"{whole.name}: {', '.join(done)}", content


# --- the worker


def work(seed: int, first: int, end: int, *, decoder: bool = False) -> None:
    """Try inputs one after the other and print a line of JSON on each."""
    from benchmarks.fuzz_page import Page
    from mammo.ui.kit.patches import keep_memory_flat

    logging.getLogger("streamlit").setLevel(logging.ERROR)  # it misses the server
    keep_memory_flat()  # as every page of the app does
    page = Page(in_child=decoder)
    for number in range(first, end):
        kind, what, content = make_input(number, seed)
        outcome = tried(page, content, number)
        print(json.dumps({"number": number, "kind": kind, "what": what} | outcome), flush=True)


def tried(page: Any, content: bytes, number: int) -> Outcome:
    """Take one file the whole way, and measure."""
    from mammo.errors import MammoError

    outcome: Outcome = {"result": "read"}
    before = _start_of_peak()
    clock, processor = time.perf_counter(), time.process_time()
    try:
        page.take(content, number)
    except MammoError as error:
        outcome["result"] = "refused"
        if not str(error).endswith("."):
            outcome["result"] = f"no sentence: {error}"
    except Exception as error:  # noqa: BLE001 - every kind is what is looked for
        outcome["result"] = f"{type(error).__name__}: {error}"[:300]
        outcome["where"] = _where(error)
    outcome["seconds"] = round(time.perf_counter() - clock, 3)
    outcome["processor_seconds"] = round(time.process_time() - processor, 3)
    outcome["megabytes"] = round(_peak() - before, 1)
    return outcome


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""


def _start_of_peak() -> float:
    """Forget the process's peak of memory so far, and return what it holds, in MB (10^6 bytes)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _peak() -> float:
    return _status("VmHWM")


def _status(name: str) -> float:
    from benchmarks.serving import megabytes

    return megabytes(Path("/proc/self/status").read_text(encoding="utf-8"), name)


# --- who watches the worker


def supervised(seed: int, first: int, end: int, *, decoder: bool = False) -> Iterator[Outcome]:
    """Run workers until every input has its outcome; one that dies or hangs costs one input."""
    while first < end:
        with tempfile.TemporaryFile() as said, started(seed, first, end, said, decoder) as worker:
            for outcome in outcomes_of(worker):
                yield outcome | console(said)
                first = outcome["number"] + 1
            worker.kill()
            ended = worker.wait()
        if first < end:
            kind, what, _ = make_input(first, seed)
            result = f"the worker ended ({ended}) or gave no answer"
            yield {"number": first, "kind": kind, "what": what, "result": result}
            first += 1


def started(seed: int, first: int, end: int, said: Any, decoder: bool) -> "subprocess.Popen[bytes]":
    """Start a worker at an input."""
    command = [sys.executable, __file__, "--worker", f"--seed={seed}", f"--first={first}"]
    command += ["--decoder"] if decoder else []
    return subprocess.Popen(
        [*command, f"--inputs={end}"], stdout=subprocess.PIPE, stderr=said, cwd=ROOT
    )


def outcomes_of(worker: "subprocess.Popen[bytes]") -> Iterator[Outcome]:
    """Yield a worker's lines until it ends or is silent for too long."""
    if worker.stdout is None:  # it was started with a pipe
        raise RuntimeError
    while select.select([worker.stdout], [], [], PATIENCE_SECONDS)[0]:
        line = worker.stdout.readline()
        if not line.endswith(b"\n"):
            return
        yield json.loads(line)


def console(said: Any) -> Outcome:
    """Return what the worker has written to its standard error since last asked."""
    length = said.seek(0, os.SEEK_END)
    if not length:
        return {}
    said.seek(0)
    text = said.read().decode("utf-8", "replace")
    said.seek(0)
    said.truncate()
    return {"console": text[-300:]}


# --- the summary


def complaint(outcome: Outcome) -> str:
    """Say what is wrong with an outcome; empty where nothing is."""
    if outcome["result"] not in ("read", "refused"):
        return str(outcome["result"])
    if outcome["processor_seconds"] > MOST_SECONDS:
        return f"more than {MOST_SECONDS:g} s of the processor"
    if outcome["megabytes"] > MOST_MEGABYTES:
        return f"more than {MOST_MEGABYTES:g} MB"
    return ""


def summarised(outcomes: list[Outcome], seed: int, seconds: float) -> Outcome:
    """Count, and list what was found."""
    measured = [outcome for outcome in outcomes if "seconds" in outcome]
    findings = [outcome | {"finding": complaint(outcome)} for outcome in outcomes]
    return {
        "inputs": len(outcomes),
        "seed": seed,
        "minutes": round(seconds / 60, 1),
        "kinds": counted(outcomes),
        "processor_seconds": spread([outcome["processor_seconds"] for outcome in measured]),
        "seconds": spread([outcome["seconds"] for outcome in measured]),
        "megabytes": spread([outcome["megabytes"] for outcome in measured]),
        "words_on_the_console": sum("console" in outcome for outcome in outcomes),
        "findings": [finding for finding in findings if finding["finding"]],
        "machine": {
            "system": platform.system(), "cores": os.cpu_count(),
            "python": platform.python_version(), "load": round(os.getloadavg()[0], 1),
        },
    }  # fmt: skip


def counted(outcomes: list[Outcome]) -> dict[str, dict[str, int]]:
    """Count the outcomes of each kind of file."""
    counts: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        known = outcome["result"] if outcome["result"] in ("read", "refused") else "found"
        counts.setdefault(outcome["kind"], Counter())[known] += 1
    return {kind: dict(sorted(counts[kind].items())) for kind in sorted(counts)}


def spread(values: list[float]) -> dict[str, float]:
    """Return the median, the 99th percentile and the largest."""
    ordered = sorted(values) or [0.0]
    return {
        "median": ordered[len(ordered) // 2],
        "p99": ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))],
        "most": ordered[-1],
    }


if __name__ == "__main__":
    sys.exit(main())
